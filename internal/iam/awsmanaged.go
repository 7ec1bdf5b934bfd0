package iam

import (
	"embed"
	"time"
)

// awsAccount stands for AWS in the ARNs of the policies that it manages.
const awsAccount = "aws"

// awsPolicy is a managed policy of AWS, with the one version of it that is known
// here.
type awsPolicy struct {
	PolicyEntity
	version PolicyVersionEntity
}

// The documents are those of the "AWS Managed Policy Reference Guide", but for
// ReadOnlyAccess, of which only the services that are known here are left.
//
//go:embed awsmanaged
var awsDocuments embed.FS

// awsPolicies are AWS's managed policies by their ARNs. They are never changed.
var awsPolicies = readAWSPolicies([]awsFacts{
	{"AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", 1, "2015-02-06T18:39:46Z", "2015-02-06T18:39:46Z",
		"Provides full access to AWS services and resources."},
	{"AmazonCognitoDeveloperAuthenticatedIdentities", "ANPAIQOKZ5BGKLCMTXH4W", 1, "2015-03-24T17:22:23Z", "2015-03-24T17:22:23Z",
		"Provides access to Amazon Cognito APIs to support developer authenticated identities from your authentication backend."},
	{"AmazonCognitoPowerUser", "ANPAJKW5H2HNCPGCYGR6Y", 9, "2015-03-24T17:14:56Z", "2021-06-01T17:33:01Z",
		"Provides administrative access to existing Amazon Cognito resources. You will need AWS account admin privileges to create new Cognito resources."},
	{"AmazonCognitoReadOnly", "ANPAJBFTRZD2GQGJHSVQK", 4, "2015-03-24T17:06:46Z", "2019-08-01T19:21:21Z",
		"Provides read only access to Amazon Cognito resources."},
	{"AmazonCognitoUnAuthedIdentitiesSessionPolicy", "ANPAZKAPJZG4DAYPASSUA", 4, "2023-07-19T23:04:05Z", "2024-11-01T00:00:00Z",
		"Defines the set of permissions allowed for unauthenticated identities of identity pools, which limits their sessions. Do not attach it to a role."},
	{"ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ", 1, "2015-02-06T18:39:48Z", "2015-02-06T18:39:48Z",
		"Provides read-only access to AWS services and resources."},
})

// awsFacts are what a policy of AWS's is beyond its document: name, unique ID,
// number of the version, when it was made and last changed, and a sentence.
type awsFacts struct {
	name        PolicyNameType
	id          IdType
	version     int
	created     string
	updated     string
	description PolicyDescriptionType
}

// readAWSPolicies reads what is part of the program, where a mistake is one of
// ours.
func readAWSPolicies(all []awsFacts) map[ArnType]*awsPolicy {
	policies := make(map[ArnType]*awsPolicy, len(all))
	for _, f := range all {
		document, err := awsDocuments.ReadFile("awsmanaged/" + string(f.name) + ".json")
		if err != nil {
			panic(err)
		}
		p := Policy{
			PolicyName: f.name, PolicyId: f.id, Arn: policyARN(awsAccount, "/", f.name), Path: "/",
			DefaultVersionId: VersionID(f.version), IsAttachable: true, Description: f.description,
			CreateDate: mustTime(f.created), UpdateDate: mustTime(f.updated),
		}
		policies[p.Arn] = &awsPolicy{
			PolicyEntity: PolicyEntity{Account: awsAccount, Policy: p, Latest: f.version},
			version:      PolicyVersionEntity{Number: f.version, Document: PolicyDocumentType(document), Created: p.UpdateDate},
		}
	}
	return policies
}

func mustTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// AWSManagedDocument is the document of one of AWS's managed policies, by its
// ARN; false for one that is not known here.
func AWSManagedDocument(policy string) (string, bool) {
	p, ok := awsPolicies[ArnType(policy)]
	if !ok {
		return "", false
	}
	return string(p.version.Document), true
}
