package interop

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/daypass/daypass/daypasstest"
)

// refusal is a call that has to fail with one of the SDK's own error types.
type refusal struct {
	name   string
	call   call
	status int
	want   smithy.APIError
}

// call does an operation and gives its error.
type call func(context.Context) error

func refuses(t *testing.T, table []refusal) {
	t.Helper()
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) { wantRefused(t, row.call(t.Context()), row.status, row.want) })
	}
}

// wantRefused holds that an error has a type, a code, a message and a status.
func wantRefused(t *testing.T, err error, status int, want smithy.APIError) {
	t.Helper()
	var got smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &got) || !errors.As(err, &response) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if reflect.TypeOf(got) != reflect.TypeOf(want) || got.Error() != want.Error() || response.HTTPStatusCode() != status {
		t.Errorf("got  %d %T %v\nwant %d %T %v", response.HTTPStatusCode(), got, got, status, want, want)
	}
	if response.RequestID == "" {
		t.Error("the answer has no request ID")
	}
}

func (s *shop) tryGetID(pool string, logins map[string]string) call {
	return func(ctx context.Context) error {
		_, err := s.public.cognito.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &pool, Logins: logins})
		return err
	}
}

func (s *shop) tryCredentials(identity string, logins map[string]string) call {
	return func(ctx context.Context) error {
		_, err := s.public.cognito.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &identity, Logins: logins})
		return err
	}
}

func (s *shop) tryOpenIDToken(identity string, logins map[string]string) call {
	return func(ctx context.Context) error {
		_, err := s.public.cognito.GetOpenIdToken(ctx, &cognitoidentity.GetOpenIdTokenInput{IdentityId: &identity, Logins: logins})
		return err
	}
}

func (s *shop) tryAssume(role, token string) call {
	return func(ctx context.Context) error {
		_, err := s.public.sts.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(roleARN(role)), RoleSessionName: aws.String("my-app"), WebIdentityToken: &token,
		})
		return err
	}
}

func notAuthorized(format string, args ...any) smithy.APIError {
	return &cognitotypes.NotAuthorizedException{Message: sentence(format, args...)}
}

func notFound(format string, args ...any) smithy.APIError {
	return &cognitotypes.ResourceNotFoundException{Message: sentence(format, args...)}
}

func invalidToken(format string, args ...any) smithy.APIError {
	return &ststypes.InvalidIdentityTokenException{Message: sentence(format, args...)}
}

// unmodelled is an error that the service's API does not declare.
func unmodelled(code, format string, args ...any) smithy.APIError {
	return &smithy.GenericAPIError{Code: code, Message: *sentence(format, args...)}
}

func sentence(format string, args ...any) *string {
	return aws.String(fmt.Sprintf(format, args...))
}

const (
	loginsDontMatch = "Logins don't match. Please include at least one valid login for this identity or identity pool."
	badSignature    = "Invalid login token. Couldn't verify signed token."
	unsupported     = "Token is not from a supported provider of this identity pool."
	checkRoles      = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
	nobodys         = "us-east-1:00000000-0000-4000-8000-000000000000"
)

// TestRefusedLogins shows the service every kind of token that it must refuse,
// and good ones where they do not belong.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{Now: func() time.Time { return now }}).URL)
	stranger := startProvider(t)
	closed, empty := s.newPool(t, false, s.provider), s.newPool(t, true)

	good := s.provider.signIn(t, app, alice)
	alices, bobs := s.provider.logins(good), s.provider.logins(s.provider.signIn(t, app, bob))
	forged := s.provider.logins(forge(t, good, bob))
	old := s.provider.signInLongAgo(t, alice)
	exp := int64(claims(t, old)["exp"].(float64))
	strange := stranger.signIn(t, app, alice)
	user, guest := s.getID(t, s.pool, alices), s.getID(t, s.pool, nil)
	ours := s.getOpenIDToken(t, user, alices)
	own := map[string]string{"cognito-identity.amazonaws.com": good}

	for _, calls := range []struct {
		name    string
		with    func(map[string]string) call
		strange smithy.APIError
	}{
		{"GetId", func(l map[string]string) call { return s.tryGetID(s.pool, l) }, notAuthorized(unsupported)},
		{"GetOpenIdToken", func(l map[string]string) call { return s.tryOpenIDToken(user, l) }, notAuthorized(loginsDontMatch)},
		{"GetCredentialsForIdentity", func(l map[string]string) call { return s.tryCredentials(user, l) }, notAuthorized(loginsDontMatch)},
	} {
		t.Run(calls.name, func(t *testing.T) {
			refuses(t, []refusal{
				{"forged", calls.with(forged), 400, notAuthorized(badSignature)},
				{"not a token", calls.with(s.provider.logins("opensesame")), 400, notAuthorized("Invalid login token. Not a valid OpenId Connect identity token.")},
				{"expired", calls.with(s.provider.logins(old)), 400, notAuthorized("Invalid login token. Token expired: %d >= %d", now.Unix(), exp)},
				{"of another client", calls.with(s.provider.logins(s.provider.signIn(t, otherApp, alice))), 400, notAuthorized(unsupported)},
				{"of another issuer", calls.with(s.provider.logins(strange)), 400, notAuthorized("Invalid login token. Issuer doesn't match providerName")},
				{"of an unknown issuer", calls.with(stranger.logins(strange)), 400, calls.strange},
				{"our own", calls.with(s.provider.logins(ours)), 400, notAuthorized("Invalid login token. Issuer doesn't match providerName")},
				{"not our own", calls.with(own), 400, notAuthorized("Invalid login token. Not a Cognito token.")},
				{"good and forged", calls.with(map[string]string{s.provider.name(): good, stranger.name(): strange}), 400, calls.strange},
			})
		})
	}
	refuses(t, []refusal{
		{"guest of a pool without guests", s.tryGetID(closed, nil), 400, notAuthorized("Unauthenticated access is not supported for this identity pool.")},
		{"pool without providers", s.tryGetID(empty, alices), 400, notAuthorized("Identity pool - %s does not have identity providers configured.", empty)},
		{"unknown pool", s.tryGetID(nobodys, nil), 400, notFound("IdentityPool '%s' not found.", nobodys)},
		{"unknown identity: token", s.tryOpenIDToken(nobodys, nil), 400, notFound("Identity '%s' not found.", nobodys)},
		{"unknown identity: credentials", s.tryCredentials(nobodys, alices), 400, notFound("Identity '%s' not found.", nobodys)},
		{"another user's identity: token", s.tryOpenIDToken(user, bobs), 400, notAuthorized(loginsDontMatch)},
		{"another user's identity: credentials", s.tryCredentials(user, bobs), 400, notAuthorized(loginsDontMatch)},
		{"user without a login: token", s.tryOpenIDToken(user, nil), 400, notAuthorized("Access to Identity '%s' is forbidden.", user)},
		{"user without a login: credentials", s.tryCredentials(user, nil), 400, notAuthorized("Access to Identity '%s' is forbidden.", user)},
		{"no pool's ID", s.tryGetID("photos", nil), 400, unmodelled("ValidationException", `1 validation error detected: Value 'photos' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`)},
	})
	// The guest was merged into the user and is of no more use.
	if got := *must(s.public.cognito.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &guest, Logins: alices}))(t).IdentityId; got != user {
		t.Errorf("the guest became %s, want %s", got, user)
	}
	refuses(t, []refusal{{"merged identity", s.tryCredentials(guest, nil), 400, notAuthorized("Access to Identity '%s' is forbidden.", guest)}})
}

// Two logins that lead to two people lead nowhere.
func TestRefusedMerges(t *testing.T) {
	t.Parallel()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	club := startProvider(t)
	s.trust(t, club)
	pool := s.newPool(t, false, s.provider, club)
	logins := map[string]string{s.provider.name(): s.provider.signIn(t, app, alice), club.name(): club.signIn(t, app, bob)}
	alices := s.getID(t, pool, s.provider.logins(logins[s.provider.name()]))
	bobs := s.getID(t, pool, map[string]string{
		s.provider.name(): s.provider.signIn(t, app, bob), club.name(): logins[club.name()],
	})
	conflict := &cognitotypes.ResourceConflictException{Message: aws.String("Login is already linked to another account.")}
	refuses(t, []refusal{
		{"GetId", s.tryGetID(pool, logins), 400, conflict},
		{"GetOpenIdToken", s.tryOpenIDToken(alices, logins), 400, conflict},
		{"GetCredentialsForIdentity", s.tryCredentials(bobs, logins), 400, conflict},
	})
}

// Roles must trust the pool and the kind of user, and STS checks tokens itself.
func TestRefusedRoles(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{Now: func() time.Time { return now }}).URL)
	stranger := startProvider(t)
	alices := s.provider.logins(s.provider.signIn(t, app, alice))
	user, guest := s.getID(t, s.pool, alices), s.getID(t, s.pool, nil)
	ours := s.getOpenIDToken(t, user, alices)

	other := s.newPool(t, true, s.provider)
	otherUser, otherGuest := s.getID(t, other, alices), s.getID(t, other, nil)
	unset := &cognitotypes.InvalidIdentityPoolConfigurationException{Message: aws.String(checkRoles)}
	refuses(t, []refusal{
		{"no roles: user", s.tryCredentials(otherUser, alices), 400, unset},
		{"no roles: guest", s.tryCredentials(otherGuest, nil), 400, unset},
	})
	s.setRoles(t, other, userRole, guestRole)
	refuses(t, []refusal{
		{"role of another pool: user", s.tryCredentials(otherUser, alices), 400, unset},
		{"role of another pool: guest", s.tryCredentials(otherGuest, nil), 400, unset},
		{"role that is not there", func(ctx context.Context) error {
			_, err := s.root.cognito.SetIdentityPoolRoles(ctx, &cognitoidentity.SetIdentityPoolRolesInput{
				IdentityPoolId: &other, Roles: map[string]string{"authenticated": roleARN("nobody")},
			})
			return err
		}, 400, notAuthorized("Access to Role '%s' is forbidden.", roleARN("nobody"))},
	})
	s.setRoles(t, s.pool, guestRole, userRole)
	refuses(t, []refusal{
		{"guests' role for a user", s.tryCredentials(user, alices), 400, unset},
		{"users' role for a guest", s.tryCredentials(guest, nil), 400, unset},
	})

	must(s.root.cognito.UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: &other, IdentityPoolName: aws.String("photos"), OpenIdConnectProviderARNs: []string{s.provider.arn()},
		AllowUnauthenticatedIdentities: true, AllowClassicFlow: aws.Bool(false),
	}))(t)
	old := s.provider.signInLongAgo(t, alice)
	exp := int64(claims(t, old)["exp"].(float64))
	denied := unmodelled("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	const noKey = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
	refuses(t, []refusal{
		{"basic flow is off", s.tryOpenIDToken(otherGuest, nil), 400, &cognitotypes.InvalidParameterException{Message: aws.String("Basic (classic) flow is not enabled, please use enhanced flow.")}},
		{"guests' role for a user's token", s.tryAssume(guestRole, ours), 403, denied},
		{"users' role for a guest's token", s.tryAssume(userRole, s.getOpenIDToken(t, guest, nil)), 403, denied},
		{"role that is not there: token", s.tryAssume("nobody", ours), 403, denied},
		{"provider that the role does not trust", s.tryAssume(userRole, s.provider.signIn(t, app, alice)), 403, denied},
		{"forged", s.tryAssume(userRole, forge(t, ours, guest)), 400, invalidToken(noKey)},
		{"not a token", s.tryAssume(userRole, "opensesame"), 400, invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")},
		{"expired", s.tryAssume(userRole, old), 400, &ststypes.ExpiredTokenException{Message: sentence("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), exp)}},
		{"of another client", s.tryAssume(userRole, s.provider.signIn(t, otherApp, alice)), 400, invalidToken("Incorrect token audience")},
		{"of an unknown issuer", s.tryAssume(userRole, stranger.signIn(t, app, alice)), 400, invalidToken("No OpenIDConnect provider found in your account for %s", stranger.URL)},
	})
}

// TestRefusedAdministration holds IAM's errors, which have statuses of their own.
func TestRefusedAdministration(t *testing.T) {
	t.Parallel()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	i, role := s.root.iam, aws.String(userRole)
	must(i.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: role, PolicyName: aws.String("read"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`),
	}))(t)
	refuses(t, []refusal{
		{"GetRole", func(ctx context.Context) error {
			_, err := i.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("nobody")})
			return err
		}, 404, &iamtypes.NoSuchEntityException{Message: aws.String("The role with name nobody cannot be found.")}},
		{"CreateRole", func(ctx context.Context) error {
			_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: aws.String(trustPolicy(s.pool, "authenticated"))})
			return err
		}, 409, &iamtypes.EntityAlreadyExistsException{Message: aws.String("Role with name users already exists.")}},
		{"CreateRole with a policy that is no JSON", func(ctx context.Context) error {
			_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("new"), AssumeRolePolicyDocument: aws.String("allow all")})
			return err
		}, 400, &iamtypes.MalformedPolicyDocumentException{Message: aws.String("This policy contains invalid Json")}},
		{"DeleteRole", func(ctx context.Context) error {
			_, err := i.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
			return err
		}, 409, &iamtypes.DeleteConflictException{Message: aws.String("Cannot delete entity, must delete policies first.")}},
		{"CreateOpenIDConnectProvider again", func(ctx context.Context) error {
			_, err := i.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &s.provider.URL})
			return err
		}, 409, &iamtypes.EntityAlreadyExistsException{Message: sentence("Provider with url %s already exists.", s.provider.URL)}},
		{"CreateOpenIDConnectProvider for our own issuer", func(ctx context.Context) error {
			_, err := i.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &s.endpoint})
			return err
		}, 400, &iamtypes.InvalidInputException{Message: sentence("%s is the issuer of this service's own tokens, which need no OpenID Connect provider.", s.endpoint)}},
		{"GetOpenIDConnectProvider", func(ctx context.Context) error {
			_, err := i.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(s.provider.arn() + "0")})
			return err
		}, 404, &iamtypes.NoSuchEntityException{Message: sentence("OpenIDConnect Provider not found for arn %s0", s.provider.arn())}},
	})
}

// TestRefusedCallers holds what callers are told who are not who they say.
func TestRefusedCallers(t *testing.T) {
	t.Parallel()
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	elsewhere := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	guest := s.getID(t, s.pool, nil)
	one, two := s.getCredentials(t, guest, nil), s.getCredentials(t, guest, nil)
	foreign := elsewhere.getCredentials(t, elsewhere.getID(t, elsewhere.pool, nil), nil)

	const (
		mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
		invalid  = "The security token included in the request is invalid."
	)
	unsigned := unmodelled("MissingAuthenticationTokenException", "Missing Authentication Token")
	unsignedQuery := unmodelled("MissingAuthenticationToken", "Request is missing Authentication Token")
	wrong, wrongQuery := unmodelled("InvalidSignatureException", mismatch), unmodelled("SignatureDoesNotMatch", mismatch)
	unknown, unknownQuery := unmodelled("UnrecognizedClientException", invalid), unmodelled("InvalidClientTokenId", invalid)

	for _, c := range []struct {
		name           string
		caller         aws.CredentialsProvider
		cognito, query smithy.APIError
	}{
		{"unsigned", aws.AnonymousCredentials{}, unsigned, unsignedQuery},
		{"wrong secret", static(daypasstest.AccessKeyID, "guess", ""), wrong, wrongQuery},
		{"unknown key", static("AKIAIOSFODNN7EXAMPLE", "guess", ""), unknown, unknownQuery},
		{"session of another deployment", holder(foreign), unknown, unknownQuery},
		{"token of another session", static(*one.AccessKeyId, *one.SecretKey, *two.SessionToken), unknown, unknownQuery},
		{"session without its token", static(*one.AccessKeyId, *one.SecretKey, ""), unknown, unknownQuery},
		{"session with a wrong secret", static(*one.AccessKeyId, *two.SecretKey, *one.SessionToken), wrong, wrongQuery},
	} {
		called := connect(s.endpoint, c.caller)
		refuses(t, []refusal{
			{c.name + ": cognito-identity", func(ctx context.Context) error {
				_, err := called.cognito.ListIdentityPools(ctx, &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(1)})
				return err
			}, 400, c.cognito},
			{c.name + ": sts", func(ctx context.Context) error {
				_, err := called.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
				return err
			}, 403, c.query},
			{c.name + ": iam", func(ctx context.Context) error {
				_, err := called.iam.ListRoles(ctx, &iam.ListRolesInput{})
				return err
			}, 403, c.query},
		})
	}
}
