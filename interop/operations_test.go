package interop

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/cognito"
)

// developer is the developer provider of the pools in the stories of all
// operations.
const developer = "login.photos"

// wantEveryOperation holds that operations are those of the service's table.
func wantEveryOperation(t *testing.T, called map[string]bool) {
	t.Helper()
	for _, op := range cognito.Operations(nil).Operations {
		if !called[op.Name] {
			t.Errorf("the story has no %s", op.Name)
		}
	}
}

// TestEveryOperation calls each operation with the SDK's own types.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	called := map[string]bool{}
	calls := cognitoidentity.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("count", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			called[awsmiddleware.GetOperationName(ctx)] = err == nil
			return out, metadata, err
		}), middleware.Before)
	})
	e := everything{s: s, c: cognitoidentity.New(s.root.cognito.Options(), calls)}
	e.pool(t)
	e.settings(t)
	e.identities(t)
	e.developerUsers(t)
	e.end(t)
	wantEveryOperation(t, called)
}

// everything is a story with every operation.
type everything struct {
	s           *shop
	c           *cognitoidentity.Client
	id, arn     string
	user, guest string
}

func (e *everything) pool(t *testing.T) {
	t.Helper()
	made := must(e.c.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("albums"), DeveloperProviderName: aws.String(developer), AllowUnauthenticatedIdentities: true,
	}))(t)
	e.id = *made.IdentityPoolId
	e.arn = "arn:aws:cognito-identity:" + daypasstest.Region + ":" + daypasstest.Account + ":identitypool/" + e.id
	want := &cognitoidentity.UpdateIdentityPoolOutput{
		IdentityPoolId: &e.id, IdentityPoolName: aws.String("films"), DeveloperProviderName: aws.String(developer), IdentityPoolTags: map[string]string{},
		AllowUnauthenticatedIdentities: true, OpenIdConnectProviderARNs: []string{e.s.provider.arn()},
		SupportedLoginProviders:  map[string]string{"graph.facebook.com": "7346241598935552"},
		CognitoIdentityProviders: []cognitotypes.CognitoIdentityProvider{{ProviderName: aws.String("cognito-idp.us-east-1.amazonaws.com/us-east-1_Films"), ClientId: aws.String("client"), ServerSideTokenCheck: aws.Bool(true)}},
	}
	got := must(e.c.UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: &e.id, IdentityPoolName: want.IdentityPoolName, AllowUnauthenticatedIdentities: true,
		OpenIdConnectProviderARNs: want.OpenIdConnectProviderARNs, SupportedLoginProviders: want.SupportedLoginProviders,
		CognitoIdentityProviders: want.CognitoIdentityProviders,
	}))(t)
	wantSame(t, want, got)
	described := must(e.c.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &e.id}))(t)
	got.ResultMetadata, described.ResultMetadata = middleware.Metadata{}, middleware.Metadata{}
	if diff := cmp.Diff(*got, cognitoidentity.UpdateIdentityPoolOutput(*described), unexported); diff != "" {
		t.Errorf("the pool (-updated +described):\n%s", diff)
	}
	listed := must(e.c.ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(60)}))(t)
	if !slices.ContainsFunc(listed.IdentityPools, func(p cognitotypes.IdentityPoolShortDescription) bool {
		return *p.IdentityPoolId == e.id && *p.IdentityPoolName == "films"
	}) {
		t.Errorf("the pool is not listed: %+v", listed.IdentityPools)
	}
}

// unexported leaves out what the SDK keeps to itself.
var unexported = cmp.FilterPath(func(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && (field.Name() == "noSmithyDocumentSerde" || field.Name() == "ResultMetadata")
}, cmp.Ignore())

func wantSame[T any](t *testing.T, want, got *T) {
	t.Helper()
	if diff := cmp.Diff(want, got, unexported); diff != "" {
		t.Errorf("%T (-want +got):\n%s", want, diff)
	}
}

func (e *everything) roles() map[string]string {
	return map[string]string{"authenticated": roleARN("alices")}
}

func (e *everything) settings(t *testing.T) {
	t.Helper()
	mapping := map[string]cognitotypes.RoleMapping{e.s.provider.arn(): {
		Type: cognitotypes.RoleMappingTypeRules, AmbiguousRoleResolution: cognitotypes.AmbiguousRoleResolutionTypeDeny,
		RulesConfiguration: &cognitotypes.RulesConfigurationType{Rules: []cognitotypes.MappingRule{{
			Claim: aws.String("sub"), MatchType: cognitotypes.MappingRuleMatchTypeEquals, Value: aws.String(alice), RoleARN: aws.String(roleARN("alices")),
		}}},
	}}
	e.s.newRole(t, "alices", e.id, "authenticated")
	roles := e.roles()
	must(e.c.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &e.id, Roles: roles, RoleMappings: mapping}))(t)
	wantSame(t, &cognitoidentity.GetIdentityPoolRolesOutput{IdentityPoolId: &e.id, Roles: roles, RoleMappings: mapping},
		must(e.c.GetIdentityPoolRoles(t.Context(), &cognitoidentity.GetIdentityPoolRolesInput{IdentityPoolId: &e.id}))(t))

	name, tags := aws.String(e.s.provider.arn()), map[string]string{"department": "unit"}
	wantSame(t, &cognitoidentity.SetPrincipalTagAttributeMapOutput{IdentityPoolId: &e.id, IdentityProviderName: name, UseDefaults: aws.Bool(false), PrincipalTags: tags},
		must(e.c.SetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.SetPrincipalTagAttributeMapInput{
			IdentityPoolId: &e.id, IdentityProviderName: name, UseDefaults: aws.Bool(false), PrincipalTags: tags,
		}))(t))
	wantSame(t, &cognitoidentity.GetPrincipalTagAttributeMapOutput{IdentityPoolId: &e.id, IdentityProviderName: name, UseDefaults: aws.Bool(false), PrincipalTags: tags},
		must(e.c.GetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.GetPrincipalTagAttributeMapInput{IdentityPoolId: &e.id, IdentityProviderName: name}))(t))
	must(e.c.SetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.SetPrincipalTagAttributeMapInput{
		IdentityPoolId: &e.id, IdentityProviderName: name, UseDefaults: aws.Bool(false),
	}))(t) // the trust policy of the role does not allow sts:TagSession

	must(e.c.TagResource(t.Context(), &cognitoidentity.TagResourceInput{ResourceArn: &e.arn, Tags: map[string]string{"stage": "test", "owner": ""}}))(t)
	must(e.c.UntagResource(t.Context(), &cognitoidentity.UntagResourceInput{ResourceArn: &e.arn, TagKeys: []string{"owner"}}))(t)
	wantSame(t, &cognitoidentity.ListTagsForResourceOutput{Tags: map[string]string{"stage": "test"}},
		must(e.c.ListTagsForResource(t.Context(), &cognitoidentity.ListTagsForResourceInput{ResourceArn: &e.arn}))(t))
}

func (e *everything) identities(t *testing.T) {
	t.Helper()
	logins := e.s.provider.logins(e.s.provider.signIn(t, app, alice))
	e.guest = *must(e.c.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &e.id}))(t).IdentityId
	e.user = *must(e.c.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &e.id, Logins: logins}))(t).IdentityId
	got := must(e.c.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &e.user, Logins: logins}))(t)
	wantCaller(t, e.s.endpoint, holder(got.Credentials), "alices", enhancedSession)
	must(e.c.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &e.id, Roles: e.roles()}))(t) // the basic flow has no mappings
	token := must(e.c.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: &e.user, Logins: logins}))(t)
	if c := claims(t, *token.Token); c["sub"] != e.user || c["aud"] != e.id || *token.IdentityId != e.user {
		t.Errorf("the token says %v", c)
	}
	described := must(e.c.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: &e.user}))(t)
	if diff := cmp.Diff([]string{e.s.provider.name()}, described.Logins); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
	must(e.c.UnlinkIdentity(t.Context(), &cognitoidentity.UnlinkIdentityInput{IdentityId: &e.user, Logins: logins, LoginsToRemove: []string{e.s.provider.name()}}))(t)
}

func (e *everything) developerUsers(t *testing.T) {
	t.Helper()
	var ids []string
	for _, user := range []string{"ann", "ben"} {
		got := must(e.c.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: &e.id, Logins: map[string]string{developer: user}, TokenDuration: aws.Int64(60),
		}))(t)
		credentials := e.s.getCredentials(t, *got.IdentityId, map[string]string{"cognito-identity.amazonaws.com": *got.Token})
		wantCaller(t, e.s.endpoint, holder(credentials), "alices", enhancedSession)
		ids = append(ids, *got.IdentityId)
	}
	merged := must(e.c.MergeDeveloperIdentities(t.Context(), &cognitoidentity.MergeDeveloperIdentitiesInput{
		IdentityPoolId: &e.id, DeveloperProviderName: aws.String(developer), SourceUserIdentifier: aws.String("ann"), DestinationUserIdentifier: aws.String("ben"),
	}))(t)
	if *merged.IdentityId != ids[1] {
		t.Errorf("ann and ben are %s, want %s", *merged.IdentityId, ids[1])
	}
	must(e.c.UnlinkDeveloperIdentity(t.Context(), &cognitoidentity.UnlinkDeveloperIdentityInput{
		IdentityPoolId: &e.id, IdentityId: &ids[1], DeveloperProviderName: aws.String(developer), DeveloperUserIdentifier: aws.String("ann"),
	}))(t)
	wantSame(t, &cognitoidentity.LookupDeveloperIdentityOutput{IdentityId: &ids[1], DeveloperUserIdentifierList: []string{"ben"}},
		must(e.c.LookupDeveloperIdentity(t.Context(), &cognitoidentity.LookupDeveloperIdentityInput{IdentityPoolId: &e.id, IdentityId: &ids[1]}))(t))
	listed := must(e.c.ListIdentities(t.Context(), &cognitoidentity.ListIdentitiesInput{IdentityPoolId: &e.id, MaxResults: aws.Int32(60), HideDisabled: true}))(t)
	for _, i := range listed.Identities {
		if *i.IdentityId == ids[0] {
			t.Error("ann's identity is not disabled")
		}
	}
}

func (e *everything) end(t *testing.T) {
	t.Helper()
	deleted := must(e.c.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{e.guest}}))(t)
	if len(deleted.UnprocessedIdentityIds) > 0 {
		t.Errorf("not deleted: %+v", deleted.UnprocessedIdentityIds)
	}
	must(e.c.DeleteIdentityPool(t.Context(), &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: &e.id}))(t)
}

// kebab is how the CLI calls an operation.
func kebab(operation string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(operation, "$1-$2"))
}

// TestAWSCLIEveryOperation calls each operation from a shell, as it were.
func TestAWSCLIEveryOperation(t *testing.T) {
	t.Parallel()
	path := need(t, "aws")
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	cli := awsCLI{path: path, endpoint: s.endpoint}.as(t, daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")
	called := map[string]bool{}
	do := func(out any, operation string, args ...string) {
		t.Helper()
		called[operation] = true
		cli.run(t, out, append([]string{"cognito-identity", kebab(operation)}, args...)...)
	}
	var pool, got struct {
		IdentityPoolId, IdentityPoolName, IdentityId, Token, DeveloperProviderName string

		AllowClassicFlow                                  bool
		Roles, Tags, PrincipalTags                        map[string]string
		Credentials                                       struct{ AccessKeyId string }
		Logins, DeveloperUserIdentifierList               []string
		IdentityPools, Identities, UnprocessedIdentityIds []any
	}
	do(&pool, "CreateIdentityPool", "--identity-pool-name", "albums", "--no-allow-unauthenticated-identities", "--developer-provider-name", developer)
	at := []string{"--identity-pool-id", pool.IdentityPoolId}
	with := func(args ...string) []string { return append(slices.Clone(at), args...) }
	do(&got, "UpdateIdentityPool", with("--identity-pool-name", "films", "--allow-unauthenticated-identities", "--allow-classic-flow",
		"--open-id-connect-provider-arns", s.provider.arn(), "--supported-login-providers", "graph.facebook.com=7346241598935552")...)
	do(&got, "DescribeIdentityPool", at...)
	if got.IdentityPoolName != "films" || got.DeveloperProviderName != developer || !got.AllowClassicFlow {
		t.Errorf("the pool is %+v", got)
	}
	if do(&got, "ListIdentityPools", "--max-results", "60"); len(got.IdentityPools) != 2 {
		t.Errorf("%d pools", len(got.IdentityPools))
	}
	s.newRole(t, "films", pool.IdentityPoolId, "authenticated")
	do(nil, "SetIdentityPoolRoles", with("--roles", "authenticated="+roleARN("films"))...)
	if do(&got, "GetIdentityPoolRoles", at...); got.Roles["authenticated"] != roleARN("films") {
		t.Errorf("the roles are %v", got.Roles)
	}
	tagged := with("--identity-provider-name", "graph.facebook.com")
	do(&got, "SetPrincipalTagAttributeMap", append(tagged, "--no-use-defaults", "--principal-tags", "department=unit")...)
	if do(&got, "GetPrincipalTagAttributeMap", tagged...); got.PrincipalTags["department"] != "unit" {
		t.Errorf("the principal tags are %v", got.PrincipalTags)
	}
	resource := []string{"--resource-arn", "arn:aws:cognito-identity:" + daypasstest.Region + ":" + daypasstest.Account + ":identitypool/" + pool.IdentityPoolId}
	do(nil, "TagResource", append(resource, "--tags", "stage=test,owner=me")...)
	do(nil, "UntagResource", append(resource, "--tag-keys", "owner")...)
	do(&got, "ListTagsForResource", resource...)
	if diff := cmp.Diff(map[string]string{"stage": "test"}, got.Tags); diff != "" {
		t.Errorf("the tags (-want +got):\n%s", diff)
	}

	var ann, ben struct{ IdentityId, Token string }
	do(&ann, "GetOpenIdTokenForDeveloperIdentity", with("--logins", developer+"=ann", "--token-duration", "60")...)
	do(&ben, "GetOpenIdTokenForDeveloperIdentity", with("--logins", developer+"=ben", "--principal-tags", "department=press")...)
	do(&got, "MergeDeveloperIdentities", with("--developer-provider-name", developer, "--source-user-identifier", "ann", "--destination-user-identifier", "ben")...)
	if ann.IdentityId == ben.IdentityId || got.IdentityId != ben.IdentityId || ben.Token == "" {
		t.Errorf("%s and %s are %s", ann.IdentityId, ben.IdentityId, got.IdentityId)
	}
	do(nil, "UnlinkDeveloperIdentity", with("--identity-id", ben.IdentityId, "--developer-provider-name", developer, "--developer-user-identifier", "ann")...)
	do(&got, "LookupDeveloperIdentity", with("--developer-user-identifier", "ben")...)
	if got.IdentityId != ben.IdentityId || !slices.Equal(got.DeveloperUserIdentifierList, []string{"ben"}) {
		t.Errorf("ben is %s, known as %v", got.IdentityId, got.DeveloperUserIdentifierList)
	}

	login := s.provider.name() + "=" + s.provider.signIn(t, app, alice)
	do(&got, "GetId", with("--logins", login)...)
	user := []string{"--identity-id", got.IdentityId}
	shown := append(slices.Clone(user), "--logins", login)
	if do(&got, "GetCredentialsForIdentity", shown...); !strings.HasPrefix(got.Credentials.AccessKeyId, "ASIA") {
		t.Errorf("the key is %s", got.Credentials.AccessKeyId)
	}
	if do(&got, "GetOpenIdToken", shown...); claims(t, got.Token)["sub"] != user[1] {
		t.Errorf("the token is %s", got.Token)
	}
	if do(&got, "DescribeIdentity", user...); !slices.Equal(got.Logins, []string{s.provider.name()}) {
		t.Errorf("the logins are %v", got.Logins)
	}
	do(nil, "UnlinkIdentity", append(shown, "--logins-to-remove", s.provider.name())...)
	if do(&got, "ListIdentities", with("--max-results", "60", "--hide-disabled")...); len(got.Identities) != 2 { // ben, and alice without her login
		t.Errorf("the identities are %v", got.Identities)
	}
	if do(&got, "DeleteIdentities", "--identity-ids-to-delete", user[1], ben.IdentityId); len(got.UnprocessedIdentityIds) > 0 {
		t.Errorf("not deleted: %v", got.UnprocessedIdentityIds)
	}
	do(nil, "DeleteIdentityPool", at...)
	wantEveryOperation(t, called)
}
