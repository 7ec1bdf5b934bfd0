package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

const (
	redirectURI = "http://127.0.0.1/callback"
	rightWord   = "correct horse"
)

// Keys are made once for all tests, because making them is what takes time here.
var (
	firstKey  = sync.OnceValue(newKey)
	secondKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// noon is the tests' clock.
var noon = time.Date(2030, 5, 17, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

func testConfig() Config {
	return Config{
		Users: []User{
			{
				Subject: "repo:octo/app", Username: "ada", Password: rightWord, Name: "Ada Lovelace", Email: "ada@example.com",
				Claims: map[string]any{"custom:tenant": "t1", "groups": []any{"admins", "dev"}},
			},
			{Subject: "bob", Password: "battery staple"},
		},
		Clients: []Client{
			{ID: "app", RedirectURIs: []string{redirectURI, "https://app.example.com/cb", "com.example.app:/cb"}},
			{ID: "back end", RedirectURIs: []string{"http://localhost:8080/cb"}, Secret: "s3cret: 100%"},
		},
		Key: firstKey(),
		Now: atNoon,
	}
}

// start runs a provider for the length of the test.
func start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *Server) app() RelyingParty {
	return RelyingParty{Issuer: s.URL, ClientID: "app", RedirectURI: redirectURI}
}

func signInAs(t testing.TB, rp RelyingParty, username, password string) *Tokens {
	t.Helper()
	tokens, err := rp.SignIn(t.Context(), username, password)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// get fetches an address without following redirects.
func get(t testing.TB, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req, header...)
}

func post(t testing.TB, url, form string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, req, header...)
}

func send(t testing.TB, req *http.Request, header ...string) (*http.Response, string) {
	t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	client, done := RelyingParty{}.browser()
	defer done()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// verify checks a token with the keys that the provider publishes, found as a stranger would, and returns its claims.
func verify(t testing.TB, issuer, token string) (map[string]any, error) {
	t.Helper()
	var found struct {
		JWKSURI string `json:"jwks_uri"`
	}
	_, body := get(t, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	_, body = get(t, found.JWKSURI)
	if err := json.Unmarshal([]byte(body), &keys); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	err = parsed.Claims(&keys, &claims)
	return claims, err
}

func TestSignIn(t *testing.T) {
	s := start(t, testConfig())
	tokens := signInAs(t, s.app(), "ada", rightWord)
	claims, err := verify(t, s.URL, tokens.IDToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, random := range []string{"nonce", "at_hash", "c_hash"} {
		if text, _ := claims[random].(string); text == "" {
			t.Errorf("the ID token has no %s", random)
		}
		delete(claims, random)
	}
	want := map[string]any{
		"iss": s.URL, "sub": "repo:octo/app", "aud": []any{"app"}, "azp": "app", "client_id": "app",
		"iat": float64(noon.Unix()), "auth_time": float64(noon.Unix()), "exp": float64(noon.Add(time.Hour).Unix()),
		"amr": []any{"pwd"}, "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": true,
		"custom:tenant": "t1", "groups": []any{"admins", "dev"},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if tokens.ExpiresIn < 3598 || tokens.ExpiresIn > 3600 {
		t.Errorf("expires_in is %d", tokens.ExpiresIn)
	}
}

func TestTokenHeader(t *testing.T) {
	s := start(t, testConfig())
	tokens := signInAs(t, s.app(), "bob", "battery staple")
	parsed, err := jwt.ParseSigned(tokens.IDToken, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := parsed.Headers[0].KeyID, s.storage.keys.signing().ID(); got != want {
		t.Errorf("kid is %q, want %q", got, want)
	}
	if _, err := jwt.ParseSigned(tokens.AccessToken, []jose.SignatureAlgorithm{jose.RS256}); err == nil {
		t.Error("the access token is a signed JWT and could pass for an ID token")
	}
}

// The library keeps its own time; this holds our way of telling it ours to both directions.
func TestClock(t *testing.T) {
	for _, now := range []time.Time{noon, noon.AddDate(-20, 0, 0)} {
		cfg := testConfig()
		cfg.Now = func() time.Time { return now }
		cfg.IDTokenLifetime = -time.Minute
		s := start(t, cfg)
		claims, err := verify(t, s.URL, signInAs(t, s.app(), "bob", "battery staple").IDToken)
		if err != nil {
			t.Fatal(err)
		}
		got := []any{claims["iat"], claims["auth_time"], claims["exp"]}
		want := []any{float64(now.Unix()), float64(now.Unix()), float64(now.Unix() - 60)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("iat, auth_time, exp at %v (-want +got):\n%s", now, diff)
		}
	}
}

func TestScopesLimitClaims(t *testing.T) {
	s := start(t, testConfig())
	rp := s.app()
	rp.Scopes = []string{"openid"}
	claims, err := verify(t, s.URL, signInAs(t, rp, "ada", rightWord).IDToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"name", "email", "email_verified"} {
		if value, ok := claims[name]; ok {
			t.Errorf("without its scope, %s is %v", name, value)
		}
	}
	if claims["custom:tenant"] != "t1" {
		t.Errorf("custom:tenant is %v", claims["custom:tenant"])
	}
}

func TestUsersOwnClaimsStand(t *testing.T) {
	cfg := testConfig()
	cfg.Users[0].Claims = map[string]any{"email_verified": false, "amr": []any{"authenticated"}}
	s := start(t, cfg)
	claims, err := verify(t, s.URL, signInAs(t, s.app(), "ada", rightWord).IDToken)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{claims["email"], claims["email_verified"], claims["amr"]}
	if diff := cmp.Diff([]any{"ada@example.com", false, []any{"authenticated"}}, got); diff != "" {
		t.Errorf("email, email_verified, amr (-want +got):\n%s", diff)
	}
}

func TestConfidentialClient(t *testing.T) {
	s := start(t, testConfig())
	rp := RelyingParty{Issuer: s.URL, ClientID: "back end", ClientSecret: "s3cret: 100%", RedirectURI: "http://localhost:8080/cb"}
	claims, err := verify(t, s.URL, signInAs(t, rp, "ada", rightWord).IDToken)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{"back end"}, claims["aud"]); diff != "" {
		t.Error(diff)
	}

	for secret, description := range map[string]string{
		"wrong": "invalid client_id / client_secret",
		"":      "invalid client_id / client_secret",
	} {
		rp.ClientSecret = secret
		_, err := rp.SignIn(t.Context(), "ada", rightWord)
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Fatalf("secret %q: %v", secret, err)
		}
		if diff := cmp.Diff(&Error{Code: "invalid_client", Description: description}, refusal); diff != "" {
			t.Errorf("secret %q (-want +got):\n%s", secret, diff)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	s := start(t, testConfig())
	for _, who := range [][2]string{
		{"ada", "correct horse "}, {"ada", ""}, {"nobody", ""}, {"nobody", rightWord}, {"repo:octo/app", rightWord}, {"", ""},
	} {
		if _, err := s.app().SignIn(t.Context(), who[0], who[1]); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%q: got %v, want %v", who, err, ErrWrongPassword)
		}
	}
}

func TestUserinfo(t *testing.T) {
	now := noon
	cfg := testConfig()
	cfg.Now = func() time.Time { return now }
	s := start(t, cfg)
	tokens := signInAs(t, s.app(), "ada", rightWord)
	res, body := get(t, s.URL+"/userinfo", "Authorization", "Bearer "+tokens.AccessToken)
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"sub": "repo:octo/app", "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": true,
		"custom:tenant": "t1", "groups": []any{"admins", "dev"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	other := start(t, testConfig())
	for _, refused := range []struct {
		about, url, token string
		status            int
	}{
		{"no token", s.URL, "", 401},
		{"an invented token", s.URL, "abc", 401},
		{"another provider's token", other.URL, tokens.AccessToken, 401},
		{"an ID token", s.URL, tokens.IDToken, 403}, // it verifies, but has no token ID
	} {
		res, body := get(t, refused.url+"/userinfo", "Authorization", "Bearer "+refused.token)
		if res.StatusCode != refused.status || strings.Contains(body, "Ada") {
			t.Errorf("%s: %s %s", refused.about, res.Status, body)
		}
	}
	now = noon.Add(time.Hour)
	if res, body := get(t, s.URL+"/userinfo", "Authorization", "Bearer "+tokens.AccessToken); res.StatusCode != http.StatusForbidden {
		t.Errorf("an expired token: %s %s", res.Status, body)
	}
}

func TestDiscovery(t *testing.T) {
	for _, suffix := range []string{"", "/", "/realms/dev", "/realms/dev/"} {
		cfg := testConfig()
		cfg.Issuer = suffix
		s := start(t, cfg)
		if !strings.HasSuffix(s.URL, suffix) {
			t.Fatalf("URL is %s, path was %s", s.URL, suffix)
		}
		base := strings.TrimSuffix(s.URL, "/")
		res, body := get(t, base+"/.well-known/openid-configuration", "Origin", "http://localhost:3000")
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "claims_supported")
		want := map[string]any{
			"issuer":                                s.URL,
			"authorization_endpoint":                base + "/authorize",
			"token_endpoint":                        base + "/token",
			"userinfo_endpoint":                     base + "/userinfo",
			"jwks_uri":                              base + "/keys",
			"scopes_supported":                      []any{"openid", "profile", "email", "offline_access"},
			"response_types_supported":              []any{"code"},
			"response_modes_supported":              []any{"query"},
			"grant_types_supported":                 []any{"authorization_code", "refresh_token"},
			"subject_types_supported":               []any{"public"},
			"id_token_signing_alg_values_supported": []any{"RS256"},
			"token_endpoint_auth_methods_supported": []any{"none", "client_secret_basic", "client_secret_post"},
			"code_challenge_methods_supported":      []any{"S256"},
			"request_uri_parameter_supported":       false,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("discovery at %s (-want +got):\n%s", s.URL, diff)
		}
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("Access-Control-Allow-Origin is %q", got)
		}
		signInAs(t, s.app(), "bob", "battery staple")
	}
}

func TestKeysArePublicOnly(t *testing.T) {
	s := start(t, testConfig())
	_, body := get(t, s.URL+"/keys")
	var got struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range got.Keys {
		delete(key, "n")
	}
	want := []map[string]any{{"kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB", "kid": s.storage.keys.signing().ID()}}
	if diff := cmp.Diff(want, got.Keys); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRotateKey(t *testing.T) {
	s := start(t, testConfig())
	before := signInAs(t, s.app(), "ada", rightWord).IDToken
	if err := s.RotateKey(secondKey()); err != nil {
		t.Fatal(err)
	}
	after := signInAs(t, s.app(), "ada", rightWord).IDToken
	for name, token := range map[string]string{"old": before, "new": after} {
		if _, err := verify(t, s.URL, token); err != nil {
			t.Errorf("%s token after rotation: %v", name, err)
		}
	}
	s.WithdrawKeys()
	if _, err := verify(t, s.URL, before); !errors.Is(err, jose.ErrJWKSKidNotFound) {
		t.Errorf("old token after withdrawal: got %v, want %v", err, jose.ErrJWKSKidNotFound)
	}
	if _, err := verify(t, s.URL, after); err != nil {
		t.Errorf("new token after withdrawal: %v", err)
	}
	if err := s.RotateKey(secondKey()); err != nil || len(s.storage.keys.published()) != 1 {
		t.Errorf("rotating to the same key: %v, %d keys", err, len(s.storage.keys.published()))
	}
}

func TestProvidersShareNothing(t *testing.T) {
	cfg := testConfig()
	cfg.Key = secondKey()
	a, b := start(t, testConfig()), start(t, cfg)
	token := signInAs(t, a.app(), "ada", rightWord).IDToken
	if _, err := verify(t, b.URL, token); !errors.Is(err, jose.ErrJWKSKidNotFound) {
		t.Errorf("a's token with b's keys: got %v, want %v", err, jose.ErrJWKSKidNotFound)
	}
	login := loginPageOf(t, a)
	path := strings.TrimPrefix(login, a.URL)
	if res, _ := get(t, b.URL+path); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a's login page at b: %s", res.Status)
	}
	if res, _ := get(t, login); res.StatusCode != http.StatusOK {
		t.Errorf("a's login page at a: %s", res.Status)
	}
}

func TestManySignInsAtOnce(t *testing.T) {
	s := start(t, testConfig())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := s.app().SignIn(t.Context(), "ada", rightWord); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
