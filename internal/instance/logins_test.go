package instance_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// shop is a server beside the doubles of all providers, and a pool.
type shop struct {
	*story
	doubles *logintest.Doubles
	log     bytes.Buffer
}

func newShop(t *testing.T, c daypasstest.Config, pool map[string]any) *shop {
	t.Helper()
	s := &shop{doubles: logintest.Start(t, nil)}
	c.Issuer, c.ProviderEndpoints = "https://issuer.example", s.doubles.Endpoints()
	c.Log = slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.story = &story{t: t, server: daypasstest.Start(t, c)}
	pool["IdentityPoolName"], pool["AllowUnauthenticatedIdentities"] = "shop", false
	s.pool = s.root("CreateIdentityPool", pool)["IdentityPoolId"].(string)
	for _, role := range []string{"user", "admin"} {
		s.query("CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
	}
	s.roles(nil)
	return s
}

func roleARN(name string) string { return "arn:aws:iam::123456789012:role/" + name }

// roles sets the pool's role, and a mapping that gives admins another one.
func (s *shop) roles(mapped []string) {
	s.t.Helper()
	mappings := map[string]any{}
	for _, name := range mapped {
		mappings[name] = map[string]any{"Type": "Rules", "AmbiguousRoleResolution": "AuthenticatedRole", "RulesConfiguration": map[string]any{
			"Rules": []any{map[string]any{"Claim": "sub", "MatchType": "Contains", "Value": "2", "RoleARN": roleARN("admin")},
				map[string]any{"Claim": "cognito:groups", "MatchType": "Equals", "Value": "admins", "RoleARN": roleARN("admin")}}}}
	}
	s.root("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{"authenticated": roleARN("user")}, "RoleMappings": mappings})
}

// whoami goes from a login to credentials, and gives the role's name.
func (s *shop) whoami(name, token string) (string, error) {
	logins := map[string]string{name: token}
	out, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": logins})
	if err != nil {
		return "", err
	}
	out, err = call(s.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": out["IdentityId"], "Logins": logins})
	if err != nil {
		return "", err
	}
	return s.roleOf(out), nil
}

// roleOf asks with the credentials of an answer whose they are.
func (s *shop) roleOf(out map[string]any) string {
	s.t.Helper()
	c := out["Credentials"].(map[string]any)
	hers := s.clientOf("us-east-1")
	hers.Credentials = sigv4.Credentials{AccessKeyID: c["AccessKeyId"].(string), SecretAccessKey: c["SecretKey"].(string), SessionToken: c["SessionToken"].(string)}
	answer, err := hers.Query(s.t.Context(), sts.API, "GetCallerIdentity")
	if err != nil {
		s.t.Error(err)
	}
	_, role, _ := strings.Cut(string(answer), ":assumed-role/")
	role, _, _ = strings.Cut(role, "/")
	return role
}

func (s *shop) wantRole(name, token, want string) {
	s.t.Helper()
	if role, err := s.whoami(name, token); role != want || err != nil {
		s.t.Errorf("%s: role %q, %v, want %s", name, role, err, want)
	}
}

// Every provider's login leads to credentials, for the role that its mapping
// gives, and none of its secrets is in the log.
func TestProvidersToCredentials(t *testing.T) {
	const client = "3n4b5urk1ft4fl3mg5e62d9ado"
	s := newShop(t, daypasstest.Config{FacebookSecrets: map[string]string{"100000000000001": "app-secret"}}, map[string]any{
		"SupportedLoginProviders": map[string]string{
			"accounts.google.com": "1-web.apps.googleusercontent.com", "appleid.apple.com": "com.example.app",
			"graph.facebook.com": "100000000000001", "www.amazon.com": "amzn1.application.436",
			"api.twitter.com": logintest.ConsumerKey + ";" + logintest.ConsumerSecret,
			"www.digits.com":  logintest.ConsumerKey + ";" + logintest.ConsumerSecret,
		},
		"CognitoIdentityProviders": []any{map[string]any{"ProviderName": logintest.Pool, "ClientId": client}},
	})
	s.doubles.RequireAppSecret("100000000000001", "app-secret")
	s.doubles.AddFacebook("EAAalice", logintest.FacebookToken{App: "100000000000001", User: "200000000000002"})
	s.doubles.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "c", AppID: "amzn1.application.436", User: "amzn1.account.K2LI23", Left: 9})
	s.doubles.AddTwitter("alice", logintest.TwitterToken{Secret: "token-secret", ID: "1234567890123456789"})
	logins := map[string]string{
		"accounts.google.com": s.doubles.GoogleToken(), "appleid.apple.com": s.doubles.AppleToken("sub", "000222.x"),
		"graph.facebook.com": "EAAalice", "www.amazon.com": "Atza|alice", "api.twitter.com": "alice;token-secret",
		"www.digits.com": "alice;token-secret", logintest.Pool: s.doubles.PoolToken(),
	}
	var mapped []string
	for name, token := range logins {
		s.wantRole(name, token, "user")
		if name == logintest.Pool {
			name += ":" + client
		}
		mapped = append(mapped, name)
	}
	s.roles(mapped)
	logins["accounts.google.com"] = s.doubles.GoogleToken("sub", "2")
	for name, token := range logins {
		s.wantRole(name, token, "admin")
	}
	// An outage is no refusal, and tells nothing either.
	for _, host := range []string{"graph.facebook.com", "api.amazon.com", "api.twitter.com"} {
		s.doubles.Fail(host, 503)
	}
	for _, name := range []string{"graph.facebook.com", "www.amazon.com", "api.twitter.com"} {
		_, err := s.whoami(name, logins[name])
		wantError(t, err, "ExternalServiceException", "The identity provider could not be reached.")
	}
	s.server.Close()
	for _, secret := range []string{"app-secret", "EAAalice", "Atza|alice", "Atza%7Calice", "token-secret", "consumer-secret", s.doubles.PoolToken()[:60]} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(s.log.String(), "cause=login-provider-unavailable") {
		t.Error("the log does not tell the cause of the outage")
	}
}

// Google with one client ID, and the same issuer in IAM with others: a token
// acceptable to either passes, and belongs to the same identity.
func TestGoogleTwice(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:oidc-provider/accounts.google.com"
	s := newShop(t, daypasstest.Config{}, map[string]any{
		"SupportedLoginProviders": map[string]string{"accounts.google.com": "web"}, "OpenIdConnectProviderARNs": []string{arn},
	})
	s.query("CreateOpenIDConnectProvider", "Url", "https://accounts.google.com", "ClientIDList.member.1", "ios", "ClientIDList.member.2", "android")
	ids := map[any]bool{}
	for _, client := range []string{"web", "ios", "android"} {
		out, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{"accounts.google.com": s.doubles.GoogleToken("aud", client, "azp", nil)}})
		if err != nil {
			t.Fatalf("%s: %v", client, err)
		}
		ids[out["IdentityId"]] = true
	}
	if len(ids) != 1 {
		t.Errorf("one person is %v", ids)
	}
	_, err := s.whoami("accounts.google.com", s.doubles.GoogleToken("aud", "other", "azp", nil))
	wantError(t, err, "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
	_, err = s.whoami("accounts.google.com", s.doubles.GoogleToken("aud", "other", "azp", nil, "exp", 1))
	if err == nil || !strings.Contains(err.Error(), "Token expired: ") {
		t.Errorf("an expired token of another app: %v", err)
	}
	// The mapping of the provider in IAM is found by its ARN, that of the public one by its name.
	s.roles([]string{"accounts.google.com"})
	s.wantRole("accounts.google.com", s.doubles.GoogleToken("aud", "ios", "azp", nil, "sub", "222"), "admin")
	s.roles([]string{arn})
	s.wantRole("accounts.google.com", s.doubles.GoogleToken("aud", "ios", "azp", nil, "sub", "222"), "admin")
	s.wantRole("accounts.google.com", s.doubles.GoogleToken("aud", "web", "azp", nil, "sub", "222"), "user")
}

// An emulator's user pool says another issuer than its name.
func TestUserPoolOfAnEmulator(t *testing.T) {
	const client = "3n4b5urk1ft4fl3mg5e62d9ado"
	s := newShop(t, daypasstest.Config{
		UserPoolIssuers:     map[string]string{logintest.Pool: "http://localhost:9229/us-east-1_Abc123," + logintest.PoolIssuer + "/.well-known/jwks.json"},
		UserPoolAccessKeyID: logintest.PoolAccessKeyID, UserPoolSecretAccessKey: logintest.PoolSecretAccessKey,
	}, map[string]any{"CognitoIdentityProviders": []any{map[string]any{"ProviderName": logintest.Pool, "ClientId": client, "ServerSideTokenCheck": true}}})
	token := s.doubles.PoolToken("iss", "http://localhost:9229/us-east-1_Abc123")
	s.doubles.SetUser("jane", logintest.PoolUser{Sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})
	s.wantRole(logintest.Pool, token, "user")
	s.doubles.SetUser("jane", logintest.PoolUser{})
	_, err := s.whoami(logintest.Pool, token)
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")
	s.doubles.Fail("cognito-idp.us-east-1.amazonaws.com", 500)
	_, err = s.whoami(logintest.Pool, token)
	wantError(t, err, "ExternalServiceException", "The identity provider could not be reached.")
}

// An issuer whose keys are in a file is never asked for anything.
func TestOfflineIssuer(t *testing.T) {
	provider, err := idp.Start(t.Context(), idp.Config{
		Users: []idp.User{{Subject: "alice", Password: "pw"}}, Clients: []idp.Client{{ID: "app", RedirectURIs: []string{redirect}}},
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	token := signIn(t, provider.URL, "app", "alice")
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, keySetOf(t, provider), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := provider.Close(); err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(provider.URL, "http://")
	arn := "arn:aws:iam::123456789012:oidc-provider/" + name
	s := newShop(t, daypasstest.Config{OIDCKeyFiles: map[string]string{provider.URL: file}}, map[string]any{"OpenIdConnectProviderARNs": []string{arn}})
	s.query("CreateOpenIDConnectProvider", "Url", provider.URL, "ClientIDList.member.1", "app")
	s.wantRole(name, token, "user")
}

// keySetOf is what a provider publishes.
func keySetOf(t *testing.T, p *idp.Server) []byte {
	t.Helper()
	answer, err := http.Get(p.URL + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	set, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
