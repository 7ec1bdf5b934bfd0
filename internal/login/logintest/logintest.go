package logintest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What the doubles know.
const (
	// Pool is the provider name of the user pool, and PoolIssuer its issuer.
	Pool       = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123"
	PoolIssuer = "https://" + Pool
	// PoolAccessKeyID and PoolSecretAccessKey may ask the user pool for users.
	PoolAccessKeyID     = "AKIDPOOL"
	PoolSecretAccessKey = "pool-secret"
	// ConsumerKey and ConsumerSecret are those of the app at Twitter and Digits.
	ConsumerKey    = "consumer"
	ConsumerSecret = "consumer-secret_-"
)

// Doubles are all providers at once.
type Doubles struct {
	// URL is their address.
	URL string
	// Now is their clock.
	Now func() time.Time

	mu       sync.Mutex
	calls    []string
	down     map[string]int
	facebook map[string]FacebookToken
	secrets  map[string]string
	amazon   map[string]AmazonToken
	twitter  map[string]TwitterToken
	users    map[string]PoolUser
}

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// Hosts are the hosts that the doubles stand for.
var Hosts = []string{
	"graph.facebook.com", "limited.facebook.com", "accounts.google.com", "www.googleapis.com", "appleid.apple.com",
	"api.amazon.com", "api.twitter.com", "api.digits.com", "cognito-idp.us-east-1.amazonaws.com",
}

// Start runs the doubles until the test ends; nil for now means time.Now.
func Start(t testing.TB, now func() time.Time) *Doubles {
	if now == nil {
		now = time.Now
	}
	d := &Doubles{
		Now: now, down: map[string]int{}, facebook: map[string]FacebookToken{}, secrets: map[string]string{},
		amazon: map[string]AmazonToken{}, twitter: map[string]TwitterToken{}, users: map[string]PoolUser{},
	}
	s := httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(s.Close)
	d.URL = s.URL
	return d
}

// Endpoints sends every host to the doubles.
func (d *Doubles) Endpoints() map[string]string {
	m := map[string]string{}
	for _, host := range Hosts {
		m[host] = d.URL
	}
	return m
}

// Fail makes a host answer with a status and nothing of use; 0 heals it.
func (d *Doubles) Fail(host string, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down[host] = status
}

// Calls gives the requests since the last call, as "host path".
func (d *Doubles) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	calls := d.calls
	d.calls = nil
	return calls
}

func (d *Doubles) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, r.Host+" "+r.URL.Path)
	if status := d.down[r.Host]; status != 0 {
		w.WriteHeader(status)
		fmt.Fprint(w, "<html>try again")
		return
	}
	switch r.Host {
	case "graph.facebook.com":
		d.graph(w, r)
	case "api.amazon.com":
		d.lwa(w, r)
	case "api.twitter.com", "api.digits.com":
		d.oauth(w, r)
	case "cognito-idp.us-east-1.amazonaws.com":
		d.pool(w, r)
	default:
		d.openID(w, r)
	}
}

// openID publishes what Google, Apple and Limited Login publish, in the places
// where they do.
func (d *Doubles) openID(w http.ResponseWriter, r *http.Request) {
	switch r.Host + r.URL.Path {
	case "accounts.google.com/.well-known/openid-configuration":
		answer(w, 200, map[string]any{"issuer": "https://accounts.google.com", "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs", "id_token_signing_alg_values_supported": []string{"RS256"}})
	case "appleid.apple.com/.well-known/openid-configuration":
		answer(w, 200, map[string]any{"issuer": "https://appleid.apple.com", "jwks_uri": "https://appleid.apple.com/auth/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	case "www.googleapis.com/oauth2/v3/certs", "appleid.apple.com/auth/keys", "limited.facebook.com/.well-known/oauth/openid/jwks/":
		keys(w)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// keys publishes the key k1, and one that is for encryption only.
func keys(w http.ResponseWriter) {
	answer(w, 200, map[string]any{"keys": []any{
		jose.JSONWebKey{Key: key().Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"},
		map[string]any{"kty": "RSA", "kid": "encryption", "key_ops": []string{"encrypt"}, "n": "AQAB", "e": "AQAB"},
	}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

// Sign makes a token of claims with the key of all doubles.
func (d *Doubles) Sign(claims map[string]any) string { return SignAs(jose.RS256, key(), claims) }

// SignAs makes a token of claims with whatever algorithm and key.
func SignAs(alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "k1"))
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

// with gives claims with pairs of name and value added; a nil value takes one
// away.
func with(claims map[string]any, pairs []any) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		if claims[name] = pairs[i+1]; pairs[i+1] == nil {
			delete(claims, name)
		}
	}
	return claims
}

func (d *Doubles) times(claims map[string]any) map[string]any {
	claims["iat"], claims["exp"] = d.Now().Unix()-10, d.Now().Unix()+3600
	return claims
}

// GoogleToken is an ID token as Google makes it for an Android app, with claims
// changed.
func (d *Doubles) GoogleToken(pairs ...any) string {
	return d.Sign(with(d.times(map[string]any{
		"iss": "https://accounts.google.com", "azp": "1-android.apps.googleusercontent.com", "aud": "1-web.apps.googleusercontent.com",
		"sub": "110169484474386276334", "email": "u@example.com", "email_verified": true, "at_hash": "x", "hd": "example.com", "name": "U",
	}), pairs))
}

// AppleToken is an ID token as Apple makes it, with claims changed.
func (d *Doubles) AppleToken(pairs ...any) string {
	return d.Sign(with(d.times(map[string]any{
		"iss": "https://appleid.apple.com", "aud": "com.example.app", "sub": "001968.0f5ce2aabbcc.0733", "nonce_supported": true,
		"email": "x@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true", "real_user_status": 2,
	}), pairs))
}

// LimitedToken is an ID token as Facebook's Limited Login makes it, with claims
// changed.
func (d *Doubles) LimitedToken(pairs ...any) string {
	return d.Sign(with(d.times(map[string]any{
		"iss": "https://www.facebook.com", "aud": "100000000000001", "sub": "200000000000002", "nonce": "n", "name": "U", "jti": "j",
	}), pairs))
}

// PoolToken is an ID token as a user pool makes it, with claims changed.
func (d *Doubles) PoolToken(pairs ...any) string {
	return d.Sign(with(d.times(map[string]any{
		"iss": PoolIssuer, "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "aud": "3n4b5urk1ft4fl3mg5e62d9ado", "token_use": "id",
		"cognito:username": "jane", "cognito:groups": []string{"admins"}, "email_verified": true, "auth_time": d.Now().Unix() - 10,
		"event_id": "e", "jti": "j", "origin_jti": "o", "custom:tenant": "t1",
	}), pairs))
}

// PoolAccessToken is an access token as a user pool makes it.
func (d *Doubles) PoolAccessToken() string {
	return d.PoolToken("aud", nil, "token_use", "access", "client_id", "3n4b5urk1ft4fl3mg5e62d9ado", "scope", "openid")
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}
