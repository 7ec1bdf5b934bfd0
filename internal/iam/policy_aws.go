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

// AdministratorAccess and the policies of Amazon Cognito are those of the "AWS
// Managed Policy Reference Guide", and of ReadOnlyAccess only the services that are
// known here are left. The others are daypass's own, made from the services' lists of
// actions in the Service Authorization Reference: what their names promise, without
// what AWS's consoles need besides.
//
//go:embed awsmanaged
var awsDocuments embed.FS

// awsPolicies are AWS's managed policies by their ARNs. They are never changed.
var awsPolicies = readAWSPolicies([]awsFacts{
	{"AWSIoTDataAccess", "/", "ANPAJM2KI2UJDR24XPS2K", 3, "2015-10-27T21:51:18Z", "2021-06-23T21:34:47Z",
		"Lets devices connect to AWS IoT, publish, subscribe, and read and change their shadows."},
	{"AWSLambdaBasicExecutionRole", "/service-role/", "ANPAJNCQGXC42545SKXIK", 1, "2015-04-09T15:03:43Z", "2015-04-09T15:03:43Z",
		"Lets a function write to CloudWatch Logs."},
	{"AdministratorAccess", "/", "ANPAIWMBCKSKIEE64ZLYK", 1, "2015-02-06T18:39:46Z", "2015-02-06T18:39:46Z",
		"Provides full access to AWS services and resources."},
	{"AmazonCognitoDeveloperAuthenticatedIdentities", "/", "ANPAIQOKZ5BGKLCMTXH4W", 1, "2015-03-24T17:22:23Z", "2015-03-24T17:22:23Z",
		"Provides access to Amazon Cognito APIs to support developer authenticated identities from your authentication backend."},
	{"AmazonCognitoPowerUser", "/", "ANPAJKW5H2HNCPGCYGR6Y", 9, "2015-03-24T17:14:56Z", "2021-06-01T17:33:01Z",
		"Provides administrative access to existing Amazon Cognito resources. You will need AWS account admin privileges to create new Cognito resources."},
	{"AmazonCognitoReadOnly", "/", "ANPAJBFTRZD2GQGJHSVQK", 4, "2015-03-24T17:06:46Z", "2019-08-01T19:21:21Z",
		"Provides read only access to Amazon Cognito resources."},
	{"AmazonCognitoUnAuthedIdentitiesSessionPolicy", "/", "ANPAZKAPJZG4DAYPASSUA", 4, "2023-07-19T23:04:05Z", "2024-11-01T00:00:00Z",
		"Defines the set of permissions allowed for unauthenticated identities of identity pools, which limits their sessions. Do not attach it to a role."},
	{"AmazonDynamoDBFullAccess", "/", "ANPAINUGF2JSOSUY76KYA", 15, "2015-02-06T18:40:11Z", "2021-01-29T17:38:30Z",
		"Provides full access to Amazon DynamoDB and DynamoDB Accelerator."},
	{"AmazonDynamoDBReadOnlyAccess", "/", "ANPAIY2XFNA232XJ6J7X2", 15, "2015-02-06T18:40:12Z", "2024-11-18T17:38:15Z",
		"Provides read-only access to Amazon DynamoDB and DynamoDB Accelerator."},
	{"AmazonS3FullAccess", "/", "ANPAIFIR6V6BVTRAHWINE", 2, "2015-02-06T18:40:58Z", "2021-09-27T20:16:37Z",
		"Provides full access to all buckets."},
	{"AmazonS3ReadOnlyAccess", "/", "ANPAIZTJ4DXE7G6AGAE6M", 3, "2015-02-06T18:40:59Z", "2023-08-10T21:31:39Z",
		"Provides read-only access to all buckets."},
	{"AmazonSNSFullAccess", "/", "ANPAJWEKLCXXUNT2SOLSG", 2, "2015-02-06T18:41:05Z", "2024-09-24T22:32:05Z",
		"Provides full access to Amazon SNS."},
	{"AmazonSNSReadOnlyAccess", "/", "ANPAIZGQCQTFOFPMHSB6W", 2, "2015-02-06T18:41:06Z", "2024-09-24T22:13:12Z",
		"Provides read-only access to Amazon SNS."},
	{"AmazonSQSFullAccess", "/", "ANPAI65L554VRJ33ECQS6", 1, "2015-02-06T18:41:07Z", "2015-02-06T18:41:07Z",
		"Provides full access to Amazon SQS."},
	{"AmazonSQSReadOnlyAccess", "/", "ANPAIUGSSQY362XGCM6KW", 4, "2015-02-06T18:41:08Z", "2024-05-24T18:16:44Z",
		"Provides read-only access to Amazon SQS."},
	{"IAMFullAccess", "/", "ANPAI7XKCFMBPM3QQRRVQ", 2, "2015-02-06T18:40:38Z", "2019-06-21T19:40:00Z",
		"Provides full access to IAM."},
	{"IAMReadOnlyAccess", "/", "ANPAJKSO7NDY4T57MWDSQ", 4, "2015-02-06T18:40:39Z", "2018-01-25T19:11:27Z",
		"Provides read-only access to IAM."},
	{"PowerUserAccess", "/", "ANPAJYRXTHIB4FOVS3ZXS", 12, "2015-02-06T18:39:47Z", "2026-02-12T17:59:14Z",
		"Provides full access to AWS services and resources, without the management of users, roles and policies."},
	{"ReadOnlyAccess", "/", "ANPAILL3HVNFSB6DCOWYQ", 1, "2015-02-06T18:39:48Z", "2015-02-06T18:39:48Z",
		"Provides read-only access to AWS services and resources."},
	{"ViewOnlyAccess", "/job-function/", "ANPAID22R6XPJATWOFDK6", 43, "2016-11-10T17:20:15Z", "2026-02-12T18:02:40Z",
		"Lists resources and their names, and shows nothing of what they hold."},
})

// awsFacts are what a policy of AWS's is beyond its document: name, path, unique ID,
// number of the version, when it was made and last changed, and a sentence.
type awsFacts struct {
	name        PolicyNameType
	path        PolicyPathType
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
			PolicyName: f.name, PolicyId: f.id, Arn: policyARN(awsAccount, f.path, f.name), Path: f.path,
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
