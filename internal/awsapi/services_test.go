package awsapi_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/sts"
)

// The sentences of the real services, as they were captured from AWS or are
// made as those were.
func TestServiceViolations(t *testing.T) {
	const failed = " failed to satisfy constraint: Member must "
	json := cognito.Operations(nil).Compile()
	for _, test := range []struct{ operation, body, want string }{
		{"GetId", `{"IdentityPoolId":"us-east-1_abc"}`, `Value 'us-east-1_abc' at 'identityPoolId'` + failed + `satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		{"GetId", `{}`, `Value null at 'identityPoolId'` + failed + `not be null`},
		{
			"CreateIdentityPool", `{"IdentityPoolName":"pool#name","AllowUnauthenticatedIdentities":true}`,
			`Value 'pool#name' at 'identityPoolName'` + failed + `satisfy regular expression pattern: [\w\s+=,.@-]+`,
		},
		{"ListIdentityPools", `{"MaxResults":61}`, `Value '61' at 'maxResults'` + failed + `have value less than or equal to 60`},
		{
			"GetId", `{"IdentityPoolId":"us-east-1:0","Logins":{"login.example.com":""}}`,
			`Value at 'logins' failed to satisfy constraint: Map value must satisfy constraint: ` +
				`[Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]`,
		},
		{
			"SetIdentityPoolRoles", `{"IdentityPoolId":"us-east-1:0","Roles":{"guest":"arn:aws:iam::123456789012:role/x"}}`,
			`Value '{guest=arn:aws:iam::123456789012:role/x}' at 'roles' failed to satisfy constraint: Map keys must satisfy constraint: ` +
				`[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, ` +
				`Member must satisfy regular expression pattern: (un)?authenticated]`,
		},
		{
			"SetIdentityPoolRoles",
			`{"IdentityPoolId":"us-east-1:0","Roles":{},"RoleMappings":{"x":{"Type":"Rules","RulesConfiguration":{"Rules":[` +
				`{"Claim":"a b","MatchType":"Equals","Value":"v","RoleARN":"arn:aws:iam::123456789012:role/x"}]}}}}`,
			`Value 'a b' at 'roleMappings.x.member.rulesConfiguration.rules.1.member.claim'` + failed +
				`satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`,
		},
		{
			"SetIdentityPoolRoles", `{"IdentityPoolId":"us-east-1:0","Roles":{},"RoleMappings":{"x":{"Type":"Role"}}}`,
			`Value 'Role' at 'roleMappings.x.member.type'` + failed + `satisfy enum value set: [Rules, Token]`,
		},
	} {
		n, err := awsjson.Protocol{}.Decode(json.Row(test.operation), []byte(test.body))
		if err != nil {
			t.Fatal(err)
		}
		_, err = json.Row(test.operation).Bind(n)
		wantViolations(t, err, "1 validation error detected: "+test.want)
	}
	for _, test := range []struct {
		table           *awsapi.Table
		operation, form string
		want            string
	}{
		{
			sts.Operations(nil).Compile(), "AssumeRoleWithWebIdentity",
			"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&WebIdentityToken=aaaa&RoleSessionName=Session1%3A2",
			`Value 'Session1:2' at 'roleSessionName'` + failed + `satisfy regular expression pattern: [\w+=,.@-]*`,
		},
		{
			sts.Operations(nil).Compile(), "AssumeRoleWithWebIdentity",
			"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=aa&WebIdentityToken=" + strings.Repeat("a", 20001),
			`Value at 'webIdentityToken'` + failed + `have length less than or equal to 20000`,
		},
		{
			iam.Operations(nil).Compile(), "CreateRole", "RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a%2Fb%2A&Tags.member.1.Value=",
			`Value 'a/b*' at 'tags.1.member.key'` + failed + `satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`,
		},
	} {
		n, err := awsquery.Protocol{}.Decode(test.table.Row(test.operation), []byte(test.form))
		if err != nil {
			t.Fatal(err)
		}
		_, err = test.table.Row(test.operation).Bind(n)
		wantViolations(t, err, "1 validation error detected: "+test.want)
	}
}

// Every operation of every service takes the empty request, or tells what is
// missing.
func TestServicesBindNothing(t *testing.T) {
	for _, s := range []awsapi.Service{cognito.Operations(nil), sts.Operations(nil), iam.Operations(nil)} {
		table := s.Compile()
		for _, op := range s.Operations {
			for _, kind := range []awsapi.Kind{awsapi.Map, awsapi.Form} {
				_, err := table.Row(op.Name).Bind(awsapi.Node{Kind: kind})
				if err != nil && !strings.Contains(err.Error(), "failed to satisfy constraint: Member must not be null") {
					t.Errorf("%s: %v", op.Name, err)
				}
			}
		}
	}
}

// Every signed operation says what it is about: nobody but root could be
// allowed one without a rule.
func TestServicesAuthorize(t *testing.T) {
	for _, s := range []awsapi.Service{cognito.Operations(nil), sts.Operations(nil), iam.Operations(nil), revocation.Operations(nil)} {
		for _, op := range s.Operations {
			if op.Auth != awsapi.Signed {
				continue
			}
			if _, ok := reflect.New(op.In).Interface().(awsapi.ResourceNamer); !ok {
				t.Errorf("%s: %s does not name its resource (ResourceARN)", op.Name, op.In)
			}
		}
	}
}
