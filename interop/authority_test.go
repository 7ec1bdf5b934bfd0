package interop

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// Nobody but root may call a signed operation: a guest's credentials, and a
// user's, are good for telling who they are. The operations are those of the
// tables, so that a new one is tried as well.
func TestOnlyRootAdministers(t *testing.T) {
	t.Parallel()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	login := s.provider.logins(s.provider.signIn(t, app, alice))
	for role, logins := range map[string]map[string]string{guestRole: nil, userRole: login} {
		t.Run(role, func(t *testing.T) {
			c := s.getCredentials(t, s.getID(t, s.pool, logins), logins)
			caller := &client.Client{Endpoint: s.endpoint, Region: daypasstest.Region, Credentials: sigv4.Credentials{
				AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretKey, SessionToken: *c.SessionToken,
			}}
			s.deniesCognito(t, caller, sessionARN(role, enhancedSession))
			layer := "identity-based policy"
			if role == guestRole { // what sessions of guests are held to leaves IAM out
				layer = "session policy"
			}
			s.deniesIAM(t, caller, sessionARN(role, enhancedSession), layer)
			allowsSTS(t, caller)
		})
	}
	// Nothing of what was tried has happened.
	pool := must(s.root.cognito.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &s.pool}))(t)
	must(s.root.iam.GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: aws.String(userRole)}))(t)
	if *pool.IdentityPoolName != "photos" {
		t.Errorf("the pool is now called %s", *pool.IdentityPoolName)
	}
}

// attempt is a valid input of an operation, and the resource that it is about.
type attempt[T any] struct {
	in       T
	resource string
}

func (s *shop) deniesCognito(t *testing.T, caller *client.Client, who string) {
	t.Helper()
	type in = map[string]any
	pools := "arn:aws:cognito-identity:" + daypasstest.Region + ":" + daypasstest.Account + ":identitypool/"
	guest, arn := s.getID(t, s.pool, nil), pools+s.pool
	// with is a pool's input with more members.
	with := func(more ...any) in {
		all := in{"IdentityPoolId": s.pool}
		for i := 0; i < len(more); i += 2 {
			all[more[i].(string)] = more[i+1]
		}
		return all
	}
	attempts := map[string]attempt[in]{
		"CreateIdentityPool":                 {in{"IdentityPoolName": "mine", "AllowUnauthenticatedIdentities": true}, pools},
		"DeleteIdentities":                   {in{"IdentityIdsToDelete": []string{guest}}, "*"},
		"DeleteIdentityPool":                 {with(), arn},
		"DescribeIdentity":                   {in{"IdentityId": guest}, "*"},
		"DescribeIdentityPool":               {with(), arn},
		"GetIdentityPoolRoles":               {with(), arn},
		"GetOpenIdTokenForDeveloperIdentity": {with("Logins", in{"login.mine": "root"}), arn},
		"GetPrincipalTagAttributeMap":        {with("IdentityProviderName", s.provider.name()), arn},
		"ListIdentities":                     {with("MaxResults", 1), arn},
		"ListIdentityPools":                  {in{"MaxResults": 1}, pools},
		"ListTagsForResource":                {in{"ResourceArn": arn}, arn},
		"LookupDeveloperIdentity":            {with("IdentityId", guest), arn},
		"MergeDeveloperIdentities":           {with("SourceUserIdentifier", "a", "DestinationUserIdentifier", "b", "DeveloperProviderName", "login.mine"), arn},
		"SetIdentityPoolRoles":               {with("Roles", in{}), "*"},
		"SetPrincipalTagAttributeMap":        {with("IdentityProviderName", s.provider.name()), "*"},
		"TagResource":                        {in{"ResourceArn": arn, "Tags": in{"mine": "yes"}}, arn},
		"UnlinkDeveloperIdentity":            {with("IdentityId", guest, "DeveloperProviderName", "login.mine", "DeveloperUserIdentifier", "a"), arn},
		"UntagResource":                      {in{"ResourceArn": arn, "TagKeys": []string{"mine"}}, arn},
		"UpdateIdentityPool":                 {with("IdentityPoolName", "mine", "AllowUnauthenticatedIdentities", true), arn},
	}
	table := cognito.Operations(nil)
	for _, op := range signed(table) {
		try, ok := attempts[op]
		if !ok {
			t.Errorf("no attempt at %s", op)
			continue
		}
		_, err := caller.Cognito(t.Context(), op, try.in)
		wantDenied(t, err, 400, "AccessDeniedException", "identity-based policy", who, table.Name+":"+op, try.resource)
	}
}

func (s *shop) deniesIAM(t *testing.T, caller *client.Client, who, layer string) {
	t.Helper()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	type in = []string
	arns := "arn:aws:iam::" + daypasstest.Account + ":"
	users := "role " + userRole // by name, as it is asked for
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	mine := arns + "policy/mine"
	attempts := map[string]attempt[in]{
		"AttachRolePolicy":              {in{"RoleName", userRole, "PolicyArn", admin}, users},
		"CreatePolicy":                  {in{"PolicyName", "mine", "PolicyDocument", policy}, mine},
		"CreatePolicyVersion":           {in{"PolicyArn", mine, "PolicyDocument", policy, "SetAsDefault", "true"}, "policy " + mine},
		"DeletePolicy":                  {in{"PolicyArn", mine}, "policy " + mine},
		"DeletePolicyVersion":           {in{"PolicyArn", mine, "VersionId", "v1"}, "policy " + mine},
		"DetachRolePolicy":              {in{"RoleName", userRole, "PolicyArn", admin}, users},
		"GetPolicy":                     {in{"PolicyArn", admin}, "policy " + admin},
		"GetPolicyVersion":              {in{"PolicyArn", admin, "VersionId", "v1"}, "policy " + admin},
		"ListAttachedRolePolicies":      {in{"RoleName", userRole}, users},
		"ListEntitiesForPolicy":         {in{"PolicyArn", admin}, "policy " + admin},
		"ListPolicies":                  {nil, arns + "policy/"},
		"ListPolicyVersions":            {in{"PolicyArn", admin}, "policy " + admin},
		"SetDefaultPolicyVersion":       {in{"PolicyArn", mine, "VersionId", "v1"}, "policy " + mine},
		"CreateOpenIDConnectProvider":   {in{"Url", "https://evil.example"}, arns + "oidc-provider/evil.example"},
		"CreateSAMLProvider":            {in{"Name", "mine", "SAMLMetadataDocument", strings.Repeat("x", 1000)}, arns + "saml-provider/mine"},
		"CreateRole":                    {in{"RoleName", "mine", "AssumeRolePolicyDocument", trust}, roleARN("mine")},
		"DeleteOpenIDConnectProvider":   {in{"OpenIDConnectProviderArn", s.provider.arn()}, s.provider.arn()},
		"DeleteRole":                    {in{"RoleName", userRole}, users},
		"DeleteRolePolicy":              {in{"RoleName", userRole, "PolicyName", "read"}, users},
		"DeleteSAMLProvider":            {in{"SAMLProviderArn", arns + "saml-provider/mine"}, arns + "saml-provider/mine"},
		"GetSAMLProvider":               {in{"SAMLProviderArn", arns + "saml-provider/mine"}, arns + "saml-provider/mine"},
		"UpdateSAMLProvider":            {in{"SAMLProviderArn", arns + "saml-provider/mine"}, arns + "saml-provider/mine"},
		"ListSAMLProviders":             {nil, arns + "saml-provider/*"},
		"GetOpenIDConnectProvider":      {in{"OpenIDConnectProviderArn", s.provider.arn()}, s.provider.arn()},
		"GetRole":                       {in{"RoleName", userRole}, users},
		"GetRolePolicy":                 {in{"RoleName", userRole, "PolicyName", "read"}, users},
		"ListOpenIDConnectProviders":    {nil, arns + "oidc-provider/*"},
		"ListRolePolicies":              {in{"RoleName", userRole}, users},
		"ListRoles":                     {nil, arns + "role/"},
		"PutRolePolicy":                 {in{"RoleName", userRole, "PolicyName", "all", "PolicyDocument", policy}, users},
		"PutRolePermissionsBoundary":    {in{"RoleName", userRole, "PermissionsBoundary", admin}, users},
		"DeleteRolePermissionsBoundary": {in{"RoleName", userRole}, users},
		"CreateUser":                    {in{"UserName", "mine"}, arns + "user/mine"},
		"GetUser":                       {in{"UserName", "mine"}, "user mine"},
		"UpdateUser":                    {in{"UserName", "mine", "NewUserName", "yours"}, "user mine"},
		"DeleteUser":                    {in{"UserName", "mine"}, "user mine"},
		"ListUsers":                     {nil, arns + "user/"},
		"PutUserPolicy":                 {in{"UserName", "mine", "PolicyName", "p", "PolicyDocument", policy}, "user mine"},
		"GetUserPolicy":                 {in{"UserName", "mine", "PolicyName", "p"}, "user mine"},
		"ListUserPolicies":              {in{"UserName", "mine"}, "user mine"},
		"DeleteUserPolicy":              {in{"UserName", "mine", "PolicyName", "p"}, "user mine"},
		"AttachUserPolicy":              {in{"UserName", "mine", "PolicyArn", admin}, "user mine"},
		"DetachUserPolicy":              {in{"UserName", "mine", "PolicyArn", admin}, "user mine"},
		"ListAttachedUserPolicies":      {in{"UserName", "mine"}, "user mine"},
		"CreateAccessKey":               {in{"UserName", "mine"}, "user mine"},
		"UpdateAccessKey":               {in{"UserName", "mine", "AccessKeyId", "AKIAAAAAAAAAAAAAAAAA", "Status", "Active"}, "user mine"},
		"DeleteAccessKey":               {in{"UserName", "mine", "AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"}, "user mine"},
		"ListAccessKeys":                {in{"UserName", "mine"}, "user mine"},
		"GetAccessKeyLastUsed":          {in{"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"}, "*"},

		"UpdateRole":                  {in{"RoleName", userRole, "MaxSessionDuration", "43200"}, users},
		"UpdateRoleDescription":       {in{"RoleName", userRole, "Description", "mine"}, users},
		"UpdateAssumeRolePolicy":      {in{"RoleName", userRole, "PolicyDocument", trust}, users},
		"ListInstanceProfilesForRole": {in{"RoleName", userRole}, users},
		"TagRole":                     {in{"RoleName", userRole, "Tags.member.1.Key", "mine", "Tags.member.1.Value", "yes"}, users},
		"UntagRole":                   {in{"RoleName", userRole, "TagKeys.member.1", "mine"}, users},
		"ListRoleTags":                {in{"RoleName", userRole}, users},

		"AddClientIDToOpenIDConnectProvider":      {in{"OpenIDConnectProviderArn", s.provider.arn(), "ClientID", "evil"}, s.provider.arn()},
		"RemoveClientIDFromOpenIDConnectProvider": {in{"OpenIDConnectProviderArn", s.provider.arn(), "ClientID", app}, s.provider.arn()},
		"UpdateOpenIDConnectProviderThumbprint":   {in{"OpenIDConnectProviderArn", s.provider.arn(), "ThumbprintList", ""}, s.provider.arn()},
		"TagOpenIDConnectProvider":                {in{"OpenIDConnectProviderArn", s.provider.arn(), "Tags", ""}, s.provider.arn()},
		"UntagOpenIDConnectProvider":              {in{"OpenIDConnectProviderArn", s.provider.arn(), "TagKeys", ""}, s.provider.arn()},
		"ListOpenIDConnectProviderTags":           {in{"OpenIDConnectProviderArn", s.provider.arn()}, s.provider.arn()},

		"TagSAMLProvider":      {in{"SAMLProviderArn", arns + "saml-provider/mine", "Tags", ""}, arns + "saml-provider/mine"},
		"UntagSAMLProvider":    {in{"SAMLProviderArn", arns + "saml-provider/mine", "TagKeys", ""}, arns + "saml-provider/mine"},
		"ListSAMLProviderTags": {in{"SAMLProviderArn", arns + "saml-provider/mine"}, arns + "saml-provider/mine"},

		"TagUser":           {in{"UserName", "mine", "Tags", ""}, "user mine"},
		"UntagUser":         {in{"UserName", "mine", "TagKeys", ""}, "user mine"},
		"ListUserTags":      {in{"UserName", "mine"}, "user mine"},
		"ListGroupsForUser": {in{"UserName", "mine"}, "user mine"},

		"TagPolicy":      {in{"PolicyArn", mine, "Tags", ""}, "policy " + mine},
		"UntagPolicy":    {in{"PolicyArn", mine, "TagKeys", ""}, "policy " + mine},
		"ListPolicyTags": {in{"PolicyArn", mine}, "policy " + mine},

		"GetContextKeysForCustomPolicy": {in{"PolicyInputList", ""}, "*"},
		"SimulateCustomPolicy":          {in{"PolicyInputList", "", "ActionNames.member.1", "s3:GetObject"}, "*"},
		"SimulatePrincipalPolicy":       {in{"PolicySourceArn", roleARN(userRole), "ActionNames.member.1", "s3:GetObject"}, roleARN(userRole)},
	}
	table := iam.Operations(nil)
	for _, op := range signed(table) {
		try, ok := attempts[op]
		if !ok {
			t.Errorf("no attempt at %s", op)
			continue
		}
		_, err := caller.Query(t.Context(), client.IAM, op, try.in...)
		wantDenied(t, err, 403, "AccessDenied", layer, who, table.Name+":"+op, try.resource)
	}
}

// allowsSTS calls what needs no permission.
func allowsSTS(t *testing.T, caller *client.Client) {
	t.Helper()
	table := sts.Operations(nil)
	if denied := signed(table); len(denied) > 0 {
		t.Errorf("no attempt at %v", denied)
	}
	for _, op := range table.Operations {
		if op.Auth == awsapi.Identified {
			if _, err := caller.Query(t.Context(), client.STS, op.Name); err != nil {
				t.Errorf("%s: %v", op.Name, err)
			}
		}
	}
}

// signed are the operations of a service that need permission.
func signed(s awsapi.Service) []string {
	var names []string
	for _, op := range s.Operations {
		if op.Auth == awsapi.Signed {
			names = append(names, op.Name)
		}
	}
	return names
}

func wantDenied(t *testing.T, err error, status int, code, layer, who, action, resource string) {
	t.Helper()
	want := &client.Error{Status: status, Code: code, Message: fmt.Sprintf(
		"User: %s is not authorized to perform: %s on resource: %s because no %s allows the %s action", who, action, resource, layer, action)}
	got, _ := errors.AsType[*client.Error](err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", action, diff)
	}
}
