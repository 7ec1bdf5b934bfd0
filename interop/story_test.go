package interop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/daypass/daypass/daypasstest"
)

// TestStory is what the service is for, from an empty account to scoped
// credentials, in both flows, for a user and for a guest.
func TestStory(t *testing.T) {
	t.Parallel()
	tellStory(t, daypasstest.Start(t, daypasstest.Config{}).URL)
}

func tellStory(t *testing.T, endpoint string) {
	t.Helper()
	s := openShop(t, endpoint)

	login := s.provider.logins(s.provider.signIn(t, app, alice))
	user := s.getID(t, s.pool, login)
	again := s.provider.logins(s.provider.signIn(t, app, alice))
	if got := s.getID(t, s.pool, again); got != user {
		t.Errorf("the second sign-in is identity %s, want %s", got, user)
	}
	guest := s.getID(t, s.pool, nil)
	other := s.getID(t, s.pool, nil)
	if guest == other || guest == user {
		t.Errorf("guests are %s and %s, the user %s", guest, other, user)
	}
	want := []string{user, guest, other}
	slices.Sort(want)
	if diff := cmp.Diff(want, s.identities(t, s.pool)); diff != "" {
		t.Errorf("identities of the pool (-want +got):\n%s", diff)
	}
	described := must(s.root.cognito.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: &user}))(t)
	if diff := cmp.Diff([]string{s.provider.name()}, described.Logins); diff != "" {
		t.Errorf("logins of the user (-want +got):\n%s", diff)
	}

	t.Run("enhanced flow", func(t *testing.T) {
		s.enhancedFlow(t, user, login, userRole)
		s.enhancedFlow(t, guest, nil, guestRole)
	})
	t.Run("basic flow", func(t *testing.T) {
		s.basicFlow(t, user, login, userRole, []any{"authenticated", s.provider.name(), s.provider.arn() + ":OIDC:" + alice})
		s.basicFlow(t, guest, nil, guestRole, []any{"unauthenticated"})
	})
	t.Run("provider's own token", s.directFlow)
	t.Run("guest signs in", func(t *testing.T) {
		bobs := s.provider.logins(s.provider.signIn(t, app, bob))
		s.enhancedFlow(t, other, bobs, userRole)
		if got := s.getID(t, s.pool, bobs); got != other {
			t.Errorf("the guest who signed in is %s, want %s", got, other)
		}
	})
	t.Run("clean up", s.cleanUp)
}

// enhancedFlow gets credentials and uses them.
func (s *shop) enhancedFlow(t *testing.T, identity string, logins map[string]string, role string) {
	t.Helper()
	c := s.getCredentials(t, identity, logins)
	if left := time.Until(*c.Expiration); !strings.HasPrefix(*c.AccessKeyId, "ASIA") || left < 59*time.Minute || left > time.Hour {
		t.Errorf("key %s is good for %v", *c.AccessKeyId, left)
	}
	wantCaller(t, s.endpoint, holder(c), role, enhancedSession)
}

// basicFlow gets a token, has a stranger verify it, and assumes a role with it.
func (s *shop) basicFlow(t *testing.T, identity string, logins map[string]string, role string, amr []any) {
	t.Helper()
	token := s.getOpenIDToken(t, identity, logins)
	verified := verifyAsStranger(t, s.endpoint, token)
	var got []any
	audience, _ := verified.Audience()
	subject, _ := verified.Subject()
	if err := verified.Get("amr", &got); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(amr, got); diff != "" || subject != identity || !slices.Equal(audience, []string{s.pool}) {
		t.Errorf("sub %s, aud %v, amr (-want +got):\n%s", subject, audience, diff)
	}
	s.assume(t, token, role, identity, s.pool, "cognito-identity.amazonaws.com")
}

// assume assumes a role with a token and uses the credentials.
func (s *shop) assume(t *testing.T, token, role, subject, audience, provider string) {
	t.Helper()
	const session = "my-app"
	made := must(s.public.sts.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN(role)), RoleSessionName: aws.String(session), WebIdentityToken: &token,
	}))(t)
	got := []string{*made.AssumedRoleUser.Arn, *made.SubjectFromWebIdentityToken, *made.Audience, *made.Provider}
	if diff := cmp.Diff([]string{sessionARN(role, session), subject, audience, provider}, got); diff != "" {
		t.Errorf("ARN, subject, audience, provider (-want +got):\n%s", diff)
	}
	c := made.Credentials
	wantCaller(t, s.endpoint, static(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), role, session)
}

// directFlow assumes a role with the token of the user's own provider, which no
// identity pool has a part in.
func (s *shop) directFlow(t *testing.T) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + s.provider.arn() + `"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + s.provider.name() + `:sub":"` + alice + `"}}}]}`
	must(s.root.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("direct"), AssumeRolePolicyDocument: &trust}))(t)
	s.assume(t, s.provider.signIn(t, app, alice), "direct", alice, app, s.provider.arn())
}

// cleanUp deletes all that the story made.
func (s *shop) cleanUp(t *testing.T) {
	must(s.root.cognito.DeleteIdentityPool(t.Context(), &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: &s.pool}))(t)
	roles := must(s.root.iam.ListRoles(t.Context(), &iam.ListRolesInput{}))(t)
	for _, role := range roles.Roles {
		must(s.root.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role.RoleName}))(t)
	}
	must(s.root.iam.DeleteOpenIDConnectProvider(t.Context(), &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(s.provider.arn())}))(t)
	left := must(s.root.cognito.ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(1)}))(t)
	if len(roles.Roles) != 3 || len(left.IdentityPools) != 0 {
		t.Errorf("%d roles deleted, %d pools left", len(roles.Roles), len(left.IdentityPools))
	}
}

// verifyAsStranger verifies one of our tokens with another JOSE library, which
// knows the issuer and finds the rest over HTTP.
func verifyAsStranger(t *testing.T, issuer, token string) jwt.Token {
	t.Helper()
	var discovery struct {
		Issuer  string   `json:"issuer"`
		JWKSURI string   `json:"jwks_uri"`
		Algs    []string `json:"id_token_signing_alg_values_supported"`
	}
	getJSON(t, issuer+"/.well-known/openid-configuration", &discovery)
	if discovery.Issuer != issuer || !slices.Equal(discovery.Algs, []string{"RS512"}) {
		t.Errorf("discovery of %s: %+v", issuer, discovery)
	}
	keys, err := jwk.Fetch(t.Context(), discovery.JWKSURI, jwk.WithHTTPClient(&http.Client{Timeout: 10 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	verified, err := jwt.ParseString(token, jwt.WithKeySet(keys), jwt.WithIssuer(issuer), jwt.WithRequiredClaim("exp"))
	if err != nil {
		t.Fatal(err)
	}
	message, err := jws.ParseString(token)
	if err != nil {
		t.Fatal(err)
	}
	if alg, _ := message.Signatures()[0].ProtectedHeaders().Algorithm(); alg.String() != "RS512" {
		t.Errorf("alg is %s, want RS512", alg)
	}
	if _, err := jwt.ParseString(forge(t, token, "somebody-else"), jwt.WithKeySet(keys)); err == nil {
		t.Error("a forged token verifies")
	}
	return verified
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))(t)
	answer := must((&http.Client{Timeout: 10 * time.Second}).Do(request))(t)
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, answer.Status, err)
	}
}

// Many calls at once with somebody's first login make one identity.
func TestFirstLoginInParallel(t *testing.T) {
	t.Parallel()
	const callers = 64
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	in := &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: s.provider.logins(s.provider.signIn(t, app, alice))}
	var (
		all   sync.WaitGroup
		start = make(chan struct{})
		ids   [callers]string
	)
	for n := range callers {
		all.Go(func() {
			<-start
			out, err := s.public.cognito.GetId(t.Context(), in)
			if err != nil {
				t.Error(err)
				return
			}
			ids[n] = *out.IdentityId
		})
	}
	close(start)
	all.Wait()
	if got := s.identities(t, s.pool); len(got) != 1 || len(slices.Compact(ids[:])) != 1 || ids[0] != got[0] {
		t.Errorf("the pool has %v, the callers %v", got, ids)
	}
}

// What was given out before a restart is good after it: identities, OpenID
// tokens and credentials.
func TestRestart(t *testing.T) {
	t.Parallel()
	const issuer = "https://daypass.example"
	d := daypasstest.Start(t, daypasstest.Config{Issuer: issuer})
	s := openShop(t, d.URL)
	login := s.provider.logins(s.provider.signIn(t, app, alice))
	user, guest := s.getID(t, s.pool, login), s.getID(t, s.pool, nil)
	token := s.getOpenIDToken(t, user, login)
	credentials := holder(s.getCredentials(t, guest, nil))

	d.Restart()
	s.endpoint, s.root, s.public = d.URL, connect(d.URL, root()), connect(d.URL, nil)
	if got := s.getID(t, s.pool, login); got != user {
		t.Errorf("after the restart the user is %s, want %s", got, user)
	}
	wantCaller(t, d.URL, credentials, guestRole, enhancedSession)
	s.enhancedFlow(t, guest, nil, guestRole)
	s.assume(t, token, userRole, user, s.pool, "cognito-identity.amazonaws.com")
	if got := claims(t, token)["iss"]; got != issuer {
		t.Errorf("iss is %v, want %s", got, issuer)
	}
}
