package instance_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// story is a server, a real OpenID provider beside it, and a pool that accepts
// the provider and guests.
type story struct {
	t        *testing.T
	server   *daypasstest.Server
	provider *idp.Server
	pool     string
}

const redirect = "http://127.0.0.1/cb"

func newStory(t *testing.T, c daypasstest.Config) *story {
	t.Helper()
	c.Issuer = "https://issuer.example"
	return newStoryOf(t, c)
}

// newStoryOf is newStory with the issuer that the configuration says.
func newStoryOf(t *testing.T, c daypasstest.Config) *story {
	t.Helper()
	s := &story{t: t, server: daypasstest.Start(t, c)}
	s.furnish(idp.Config{Now: c.Now})
	return s
}

// furnish starts the provider, and makes the pool.
func (s *story) furnish(c idp.Config) {
	s.t.Helper()
	s.provider = s.startProvider(c)
	s.query("CreateOpenIDConnectProvider", "Url", s.provider.URL, "ClientIDList.member.1", "app")
	s.pool = s.root("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true, "OpenIdConnectProviderARNs": []string{s.providerARN()},
	})["IdentityPoolId"].(string)
	s.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
	s.query("CreateRole", "RoleName", "guest", "AssumeRolePolicyDocument", trust(s.pool, "unauthenticated"))
	s.root("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{
		"authenticated": "arn:aws:iam::123456789012:role/user", "unauthenticated": "arn:aws:iam::123456789012:role/guest"}})
}

func trust(pool, amr string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},` +
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + amr + `"}}}]}`
}

func (s *story) startProvider(c idp.Config) *idp.Server {
	s.t.Helper()
	c.Users = []idp.User{{Subject: "alice", Password: "pw"}, {Subject: "bob", Password: "pw"}}
	c.Clients = []idp.Client{{ID: "app", RedirectURIs: []string{redirect}}, {ID: "other", RedirectURIs: []string{redirect}}}
	p, err := idp.Start(s.t.Context(), c, "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.Close() })
	return p
}

func (s *story) providerName() string { return strings.TrimPrefix(s.provider.URL, "http://") }

func (s *story) providerARN() string {
	return "arn:aws:iam::123456789012:oidc-provider/" + s.providerName()
}

func (s *story) signIn(user string) string { return signIn(s.t, s.provider.URL, "app", user) }

func signIn(t *testing.T, issuer, clientID, user string) string {
	t.Helper()
	tokens, err := idp.RelyingParty{Issuer: issuer, ClientID: clientID, RedirectURI: redirect}.SignIn(t.Context(), user, "pw")
	if err != nil {
		t.Fatal(err)
	}
	return tokens.IDToken
}

func (s *story) clientOf(region string) *client.Client {
	return &client.Client{Endpoint: s.server.URL, Region: region, Credentials: sigv4.Credentials{
		AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}, Now: s.server.Now}
}

func (s *story) public() *client.Client { return &client.Client{Endpoint: s.server.URL} }

// root calls an operation of cognito-identity as root, which must succeed.
func (s *story) root(operation string, in any) map[string]any {
	s.t.Helper()
	out, err := call(s.clientOf("us-east-1"), operation, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *story) query(action string, parameters ...string) string {
	s.t.Helper()
	answer, err := s.clientOf("us-east-1").Query(s.t.Context(), iam.API, action, parameters...)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

func call(c *client.Client, operation string, in any) (map[string]any, error) {
	answer, err := c.JSON(context.Background(), cognito.API, operation, in)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if len(answer) > 0 {
		err = json.Unmarshal(answer, &out)
	}
	return out, err
}

func (s *story) getID(token string) (string, error) {
	in := map[string]any{"IdentityPoolId": s.pool}
	if token != "" {
		in["Logins"] = map[string]string{s.providerName(): token}
	}
	out, err := call(s.public(), "GetId", in)
	id, _ := out["IdentityId"].(string)
	return id, err
}

func (s *story) mustID(token string) string {
	s.t.Helper()
	id, err := s.getID(token)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// credentials gives the client of an identity's credentials.
func (s *story) credentials(id, token string) (*client.Client, error) {
	in := map[string]any{"IdentityId": id}
	if token != "" {
		in["Logins"] = map[string]string{s.providerName(): token}
	}
	out, err := call(s.public(), "GetCredentialsForIdentity", in)
	if err != nil {
		return nil, err
	}
	c := out["Credentials"].(map[string]any)
	hers := s.clientOf("us-east-1")
	hers.Credentials = sigv4.Credentials{AccessKeyID: c["AccessKeyId"].(string), SecretAccessKey: c["SecretKey"].(string), SessionToken: c["SessionToken"].(string)}
	return hers, nil
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != message {
		t.Errorf("error %v, want %s: %s", err, code, message)
	}
}

func TestIdentityIsTheSameAfterRestart(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	token := s.signIn("alice")
	id, guest := s.mustID(token), s.mustID("")
	s.server.Restart()
	if again := s.mustID(token); again != id {
		t.Errorf("after a restart Alice is %s, was %s", again, id)
	}
	if _, err := s.credentials(guest, ""); err != nil {
		t.Errorf("after a restart the guest gets no credentials: %v", err)
	}
}

func TestParallelFirstCallsMakeOneIdentity(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	token := s.signIn("alice")
	const callers = 64
	ids := make([]string, callers)
	var wg sync.WaitGroup
	for n := range ids {
		wg.Go(func() {
			var err error
			if ids[n], err = s.getID(token); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("Alice is %s and %s", ids[0], id)
		}
	}
	if bob := s.mustID(s.signIn("bob")); bob == ids[0] {
		t.Error("Bob is Alice")
	}
	listed := s.root("ListIdentities", map[string]any{"IdentityPoolId": s.pool, "MaxResults": 60})["Identities"].([]any)
	if len(listed) != 2 {
		t.Errorf("%d identities, want Alice and Bob: %v", len(listed), listed)
	}
}

func TestCredentialsNameTheRole(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	token := s.signIn("alice")
	for _, who := range []struct{ id, token, arn string }{
		{s.mustID(token), token, "<Arn>arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials</Arn>"},
		{s.mustID(""), "", "<Arn>arn:aws:sts::123456789012:assumed-role/guest/CognitoIdentityCredentials</Arn>"},
	} {
		c, err := s.credentials(who.id, who.token)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
		if err != nil || !strings.Contains(string(answer), who.arn) {
			t.Errorf("%s, %v, want %s", answer, err, who.arn)
		}
	}
}

func TestCredentialsEnd(t *testing.T) {
	at := newClock()
	s := newStory(t, daypasstest.Config{Now: at.now})
	c, err := s.credentials(s.mustID(""), "")
	if err != nil {
		t.Fatal(err)
	}
	at.pass(time.Hour - time.Second)
	if _, err := c.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	at.pass(time.Second)
	_, err = c.Query(t.Context(), sts.API, "GetCallerIdentity")
	wantError(t, err, "ExpiredToken", "The security token included in the request is expired")
	_, err = call(c, "ListIdentityPools", map[string]any{"MaxResults": 1})
	wantError(t, err, "ExpiredTokenException", "The security token included in the request is expired")
}

func TestExpiredLogin(t *testing.T) {
	at := newClock()
	s := newStory(t, daypasstest.Config{Now: at.now})
	token := s.signIn("alice")
	at.pass(2 * time.Hour)
	_, err := s.getID(token)
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Token expired: 1770007200 >= 1770003600")
}

func TestProviderThatIsDown(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	token := s.signIn("alice")
	_ = s.provider.Close()
	_, err := s.getID(token)
	wantError(t, err, "ExternalServiceException", "The identity provider could not be reached.")
}

// A provider that goes down after its keys are known hurts nobody.
func TestProviderThatGoesDown(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	alice, bob := s.signIn("alice"), s.signIn("bob")
	s.mustID(alice)
	_ = s.provider.Close()
	s.mustID(bob)
}

func TestForeignTokens(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	_, err := s.getID(signIn(t, s.provider.URL, "other", "alice"))
	wantError(t, err, "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
	_, err = s.getID(signIn(t, s.startProvider(idp.Config{}).URL, "app", "alice"))
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName")
}

// Pools of one region do not exist in another.
func TestRegionsAreApart(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	west := s.clientOf("us-west-2")
	out, err := call(west, "CreateIdentityPool", map[string]any{"IdentityPoolName": "west", "AllowUnauthenticatedIdentities": true})
	if err != nil {
		t.Fatal(err)
	}
	pool := out["IdentityPoolId"].(string)
	if !strings.HasPrefix(pool, "us-west-2:") {
		t.Errorf("pool %s", pool)
	}
	for c, id := range map[*client.Client]string{west: s.pool, s.clientOf("us-east-1"): pool} {
		_, err := call(c, "DescribeIdentityPool", map[string]any{"IdentityPoolId": id})
		wantError(t, err, "ResourceNotFoundException", "IdentityPool '"+id+"' not found.")
	}
	for region, want := range map[string]string{"us-east-1": s.pool, "us-west-2": pool} {
		out, err := call(s.clientOf(region), "ListIdentityPools", map[string]any{"MaxResults": 10})
		if err != nil {
			t.Fatal(err)
		}
		if pools := out["IdentityPools"].([]any); len(pools) != 1 || pools[0].(map[string]any)["IdentityPoolId"] != want {
			t.Errorf("%s has the pools %v", region, pools)
		}
	}
	guest, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": pool})
	if err != nil {
		t.Fatal(err)
	}
	id := guest["IdentityId"].(string)
	_, err = call(s.clientOf("us-east-1"), "DescribeIdentity", map[string]any{"IdentityId": id})
	wantError(t, err, "ResourceNotFoundException", "Identity '"+id+"' not found.")
	moved := strings.Replace(id, "us-west-2", "us-east-1", 1)
	_, err = call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": moved})
	wantError(t, err, "ResourceNotFoundException", "Identity '"+moved+"' not found.")
	_, err = call(s.clientOf("nowhere"), "ListIdentityPools", map[string]any{"MaxResults": 10})
	wantError(t, err, "InvalidSignatureException", "Credential should be scoped to a valid region. ")
}

func TestOurIssuerIsNoProvider(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	for _, url := range []string{"https://issuer.example", "https://ISSUER.example/", "https://cognito-identity.amazonaws.com", s.server.URL} {
		_, err := s.clientOf("us-east-1").Query(t.Context(), iam.API, "CreateOpenIDConnectProvider", "Url", url, "ClientIDList.member.1", "app")
		var e *client.Error
		if !errors.As(err, &e) || e.Status != 400 {
			t.Errorf("a provider for %s: %v", url, err)
		}
	}
}

// A pool's deletion takes its identities along, at once.
func TestDeletedPool(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	token := s.signIn("alice")
	id, guest := s.mustID(token), s.mustID("")
	s.root("DeleteIdentityPool", map[string]any{"IdentityPoolId": s.pool})
	_, err := s.getID(token)
	wantError(t, err, "ResourceNotFoundException", "IdentityPool '"+s.pool+"' not found.")
	for _, gone := range []string{id, guest} {
		_, err = s.credentials(gone, "")
		wantError(t, err, "ResourceNotFoundException", "Identity '"+gone+"' not found.")
	}
}
