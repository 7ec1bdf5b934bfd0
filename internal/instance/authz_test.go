package instance_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// What each signed operation needs at least, so that a refusal is about who
// asks and nothing else.
var leastJSON = map[string]map[string]any{
	"CreateIdentityPool":                 {"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true},
	"DeleteIdentities":                   {"IdentityIdsToDelete": "IDENTITIES"},
	"DeleteIdentityPool":                 {"IdentityPoolId": "POOL"},
	"GetOpenIdTokenForDeveloperIdentity": {"IdentityPoolId": "POOL", "Logins": map[string]string{"dev": "u"}},
	"GetPrincipalTagAttributeMap":        {"IdentityPoolId": "POOL", "IdentityProviderName": "p"},
	"ListTagsForResource":                {"ResourceArn": "ARN"},
	"LookupDeveloperIdentity":            {"IdentityPoolId": "POOL", "DeveloperUserIdentifier": "u"},
	"MergeDeveloperIdentities":           {"IdentityPoolId": "POOL", "DeveloperProviderName": "dev", "SourceUserIdentifier": "a", "DestinationUserIdentifier": "b"},
	"SetPrincipalTagAttributeMap":        {"IdentityPoolId": "POOL", "IdentityProviderName": "p"},
	"TagResource":                        {"ResourceArn": "ARN", "Tags": map[string]string{"a": "b"}},
	"UnlinkDeveloperIdentity":            {"IdentityPoolId": "POOL", "IdentityId": "IDENTITY", "DeveloperProviderName": "dev", "DeveloperUserIdentifier": "u"},
	"UntagResource":                      {"ResourceArn": "ARN", "TagKeys": []string{"a"}},
	"DescribeIdentity":                   {"IdentityId": "IDENTITY"},
	"DescribeIdentityPool":               {"IdentityPoolId": "POOL"},
	"GetIdentityPoolRoles":               {"IdentityPoolId": "POOL"},
	"ListIdentities":                     {"IdentityPoolId": "POOL", "MaxResults": 1},
	"ListIdentityPools":                  {"MaxResults": 1},
	"SetIdentityPoolRoles":               {"IdentityPoolId": "POOL", "Roles": map[string]string{}},
	"UpdateIdentityPool":                 {"IdentityPoolId": "POOL", "IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true},
}

// What the public operations need at least.
var leastPublic = map[string]map[string]any{
	"GetCredentialsForIdentity": {"IdentityId": "IDENTITY"},
	"GetId":                     {"IdentityPoolId": "POOL"},
	"GetOpenIdToken":            {"IdentityId": "IDENTITY"},
	"UnlinkIdentity":            {"IdentityId": "IDENTITY", "Logins": map[string]string{}, "LoginsToRemove": []string{}},
}

var leastForm = map[string][]string{
	"CreateRole":                    {"RoleName", "x", "AssumeRolePolicyDocument", "{}"},
	"GetRole":                       {"RoleName", "user"},
	"ListRoles":                     {},
	"DeleteRole":                    {"RoleName", "user"},
	"PutRolePolicy":                 {"RoleName", "user", "PolicyName", "p", "PolicyDocument", "{}"},
	"GetRolePolicy":                 {"RoleName", "user", "PolicyName", "p"},
	"ListRolePolicies":              {"RoleName", "user"},
	"DeleteRolePolicy":              {"RoleName", "user", "PolicyName", "p"},
	"CreateOpenIDConnectProvider":   {"Url", "https://idp.example"},
	"GetOpenIDConnectProvider":      {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example"},
	"ListOpenIDConnectProviders":    {},
	"DeleteOpenIDConnectProvider":   {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example"},
	"PutRolePermissionsBoundary":    {"RoleName", "user", "PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess"},
	"DeleteRolePermissionsBoundary": {"RoleName", "user"},
	"CreateUser":                    {"UserName", "anna"},
	"GetUser":                       {},
	"UpdateUser":                    {"UserName", "anna"},
	"DeleteUser":                    {"UserName", "anna"},
	"ListUsers":                     {},
	"PutUserPolicy":                 {"UserName", "anna", "PolicyName", "p", "PolicyDocument", "{}"},
	"GetUserPolicy":                 {"UserName", "anna", "PolicyName", "p"},
	"ListUserPolicies":              {"UserName", "anna"},
	"DeleteUserPolicy":              {"UserName", "anna", "PolicyName", "p"},
	"AttachUserPolicy":              {"UserName", "anna", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"},
	"DetachUserPolicy":              {"UserName", "anna", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"},
	"ListAttachedUserPolicies":      {"UserName", "anna"},
	"CreateAccessKey":               {},
	"UpdateAccessKey":               {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA", "Status", "Active"},
	"DeleteAccessKey":               {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"},
	"ListAccessKeys":                {},
	"GetAccessKeyLastUsed":          {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"},
	"CreatePolicy":                  {"PolicyName", "x", "PolicyDocument", "{}"},
	"GetPolicy":                     {"PolicyArn", "arn:aws:iam::123456789012:policy/x"},
	"DeletePolicy":                  {"PolicyArn", "arn:aws:iam::123456789012:policy/x"},
	"ListEntitiesForPolicy":         {"PolicyArn", "arn:aws:iam::123456789012:policy/x"},
	"ListPolicies":                  {},
	"CreatePolicyVersion":           {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "PolicyDocument", "{}"},
	"GetPolicyVersion":              {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "VersionId", "v1"},
	"ListPolicyVersions":            {"PolicyArn", "arn:aws:iam::123456789012:policy/x"},
	"DeletePolicyVersion":           {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "VersionId", "v1"},
	"SetDefaultPolicyVersion":       {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "VersionId", "v1"},
	"AttachRolePolicy":              {"RoleName", "user", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"},
	"DetachRolePolicy":              {"RoleName", "user", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"},
	"ListAttachedRolePolicies":      {"RoleName", "user"},
	"CreateSAMLProvider":            {"Name", "idp", "SAMLMetadataDocument", strings.Repeat("x", 1000)},
	"GetSAMLProvider":               {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp"},
	"ListSAMLProviders":             {},
	"UpdateSAMLProvider":            {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp"},
	"DeleteSAMLProvider":            {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp"},

	"UpdateRole":                  {"RoleName", "user"},
	"UpdateRoleDescription":       {"RoleName", "user", "Description", "d"},
	"UpdateAssumeRolePolicy":      {"RoleName", "user", "PolicyDocument", "{}"},
	"ListInstanceProfilesForRole": {"RoleName", "user"},
	"TagRole":                     {"RoleName", "user", "Tags.member.1.Key", "a", "Tags.member.1.Value", "b"},
	"UntagRole":                   {"RoleName", "user", "TagKeys.member.1", "a"},
	"ListRoleTags":                {"RoleName", "user"},

	"AddClientIDToOpenIDConnectProvider":      {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example", "ClientID", "a"},
	"RemoveClientIDFromOpenIDConnectProvider": {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example", "ClientID", "a"},
	"UpdateOpenIDConnectProviderThumbprint":   {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example", "ThumbprintList", ""},
	"TagOpenIDConnectProvider":                {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example", "Tags", ""},
	"UntagOpenIDConnectProvider":              {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example", "TagKeys", ""},
	"ListOpenIDConnectProviderTags":           {"OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example"},

	"TagSAMLProvider":      {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp", "Tags", ""},
	"UntagSAMLProvider":    {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp", "TagKeys", ""},
	"ListSAMLProviderTags": {"SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp"},

	"TagUser":           {"UserName", "x", "Tags", ""},
	"UntagUser":         {"UserName", "x", "TagKeys", ""},
	"ListUserTags":      {"UserName", "x"},
	"ListGroupsForUser": {"UserName", "x"},

	"TagPolicy":      {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "Tags", ""},
	"UntagPolicy":    {"PolicyArn", "arn:aws:iam::123456789012:policy/x", "TagKeys", ""},
	"ListPolicyTags": {"PolicyArn", "arn:aws:iam::123456789012:policy/x"},

	"GetContextKeysForCustomPolicy": {"PolicyInputList", ""},
	"SimulateCustomPolicy":          {"PolicyInputList", "", "ActionNames.member.1", "s3:GetObject"},
	"SimulatePrincipalPolicy":       {"PolicySourceArn", "arn:aws:iam::123456789012:role/user", "ActionNames.member.1", "s3:GetObject"},
}

// fill puts a pool and an identity into what an operation needs.
func (s *story) fill(in map[string]any, identity string) map[string]any {
	filled := map[string]any{}
	for k, v := range in {
		switch v {
		case "POOL":
			v = s.pool
		case "IDENTITY":
			v = identity
		case "IDENTITIES":
			v = []string{identity}
		case "ARN":
			v = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + s.pool
		}
		filled[k] = v
	}
	return filled
}

// A role without policies may call no signed operation: a
// guest's credentials, which anybody can get, are refused by every one of them.
func TestGuestsMayDoNothing(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	id := s.mustID("")
	guest, err := s.credentials(id, "")
	if err != nil {
		t.Fatal(err)
	}
	const who = "User: arn:aws:sts::123456789012:assumed-role/guest/CognitoIdentityCredentials is not authorized to perform: "
	for _, service := range []awsapi.Service{cognito.Operations(nil), iam.Operations(nil), sts.Operations(nil)} {
		for _, op := range service.Operations {
			if op.Auth != awsapi.Signed {
				continue
			}
			t.Run(service.Name+"/"+op.Name, func(t *testing.T) {
				var err error
				want := "AccessDenied"
				if in, ok := leastJSON[op.Name]; ok && service.Target != "" {
					want = "AccessDeniedException"
					_, err = call(guest, op.Name, s.fill(in, id))
				} else if form, ok := leastForm[op.Name]; ok {
					_, err = guest.Query(t.Context(), client.Query{Name: service.Name, Version: service.Version}, op.Name, form...)
				} else {
					t.Fatal("this test does not know the operation: say what it needs at least")
				}
				var e *client.Error
				if !errors.As(err, &e) || e.Code != want {
					t.Fatalf("error %v, want %s", err, want)
				}
				action, layer := service.Name+":"+op.Name, "session policy" // the limits of guests
				if service.Name == "cognito-identity" {
					layer = "identity-based policy"
				}
				if e.Message != "" && !(strings.HasPrefix(e.Message, who+action+" on resource: ") && strings.HasSuffix(e.Message, " because no "+layer+" allows the "+action+" action")) {
					t.Errorf("message %q", e.Message)
				}
			})
		}
	}
	if got := s.root("DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool})["IdentityPoolName"]; got != "story" {
		t.Errorf("the pool's name is %v now", got)
	}
}
