package mint_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/mint"
)

var mintTime = time.Unix(1_760_000_000, 0)

func mintNow() time.Time { return mintTime }

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// startProvider runs a provider at mintTime, and gives it with its key.
func startProvider(t *testing.T) (*idp.Server, *rsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	s, err := idp.Start(t.Context(), idp.Config{
		Key: key, Now: mintNow, Users: []idp.User{{Subject: "alice", Password: "pw"}}, Clients: []idp.Client{{ID: "app", RedirectURIs: []string{"http://127.0.0.1/cb"}}},
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, key
}

func TestMintedTokens(t *testing.T) {
	s, key := startProvider(t)
	m := mint.Token{Issuer: s.URL, Audience: "app", Subject: "alice", Key: key, Now: mintNow, Claims: map[string]any{"department": "blue", "auth_time": nil}}
	verify := func(token string) string {
		t.Helper()
		parsed, err := login.Parse(token, 50_000)
		if err != nil {
			return err.Error()
		}
		o := &login.OIDC{Fetch: &fetch.Client{AllowLoopback: true}, Now: mintNow}
		defer o.Wait()
		if _, err = o.Verify(t.Context(), login.Provider{Name: "idp", Issuer: s.URL, ClientIDs: []string{"app"}}, parsed); err != nil {
			return err.Error()
		}
		return ""
	}
	good, err := m.Good()
	if err != nil {
		t.Fatal(err)
	}
	if got := verify(good); got != "" {
		t.Errorf("the good token: %s", got)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"iss": s.URL, "aud": "app", "sub": "alice", "iat": 1.76e9, "exp": 1.7600036e9, "department": "blue"}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got)\n%s", diff)
	}
	refused := map[string]string{
		"expired":       "login rejected: token-expired 1760000000 >= 1759996400",
		"not-yet-valid": "login rejected: token-not-yet-valid nbf",
		"issued-later":  "login rejected: token-not-yet-valid iat",
		"audience":      "login rejected: audience-mismatch",
		"issuer":        "login rejected: issuer-mismatch",
		"no-audience":   "login rejected: claim-missing aud",
		"no-subject":    "login rejected: claim-missing sub",
		"key":           "login rejected: signature-invalid",
		"unknown-key":   `login rejected: key-unknown: kid "unknown"`,
		"signature":     "login rejected: signature-invalid",
		"embedded-key":  "login rejected: signature-invalid",
		"alg-none":      `login rejected: algorithm-refused: alg "none"`,
		"hs256":         `login rejected: algorithm-refused: alg "HS256"`,
		"ps256":         `login rejected: algorithm-refused: alg "PS256"`,
		"crit":          "login rejected: header-refused: crit",
	}
	for _, kind := range mint.BadTokens() {
		token, err := m.Bad(kind)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if got := verify(token); refused[kind] == "" || !strings.HasPrefix(got, refused[kind]) {
			t.Errorf("%s: %q, want %q", kind, got, refused[kind])
		}
	}
	if _, err := m.Bad("spelling"); err == nil || !strings.Contains(err.Error(), `no bad token of kind "spelling"; there are alg-none, audience,`) {
		t.Errorf("unknown kind: %v", err)
	}
	if _, err := (mint.Token{Issuer: s.URL}).Good(); err == nil || err.Error() != "mint: a token needs an issuer, an audience, a subject and a key" {
		t.Errorf("nothing given: %v", err)
	}
}
