package login

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/fetch"
)

const (
	testIssuer = "https://issuer.example.com/realms/demo"
	maxTest    = 50_000
)

var testNow = time.Unix(1_760_000_000, 0)

// Keys are dear to make, so tests share them.
var (
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	spareRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	smallRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(1024) })
	p256Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return makeEC(elliptic.P256()) })
	p384Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return makeEC(elliptic.P384()) })
	edKey       = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, 32)) })
	p521Key     = sync.OnceValue(func() *ecdsa.PrivateKey { return makeEC(elliptic.P521()) })
)

func makeRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func makeEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// object is a JSON object under construction.
type object map[string]any

// with returns a copy with members set, or left out where the value is nil.
func (o object) with(pairs ...any) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		if c[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

func (o object) String() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var (
	goodHeader = object{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	goodClaims = object{
		"iss": testIssuer, "aud": "client-1", "sub": "jane",
		"exp": testNow.Unix() + 3600, "iat": testNow.Unix() - 10,
	}
)

// sign makes a token of a header and a payload as they stand, whatever they
// are, with the algorithm that the key is of unless told.
func sign(alg string, key any, head, payload string) string {
	input := encode(head) + "." + encode(payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature(alg, key, input))
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func signature(alg string, key any, input string) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "DSA": crypto.SHA512}[alg[2:]]
	h := hash.New()
	h.Write([]byte(input))
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg[:2] == "PS" {
			return must(rsa.SignPSS(rand.Reader, k, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, k, hash, h.Sum(nil)))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, h.Sum(nil))
		if err != nil {
			panic(err)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, []byte(input))
	case []byte:
		m := hmac.New(sha256.New, k)
		m.Write([]byte(input))
		return m.Sum(nil)
	}
	panic(fmt.Sprintf("no signature with %T", key))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func parse(t testing.TB, token string) *Token {
	t.Helper()
	parsed, err := Parse(token, maxTest)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// goodToken is one that every rule accepts, with claims changed.
func goodToken(pairs ...any) string {
	return sign("RS256", rsaKey(), goodHeader.String(), goodClaims.with(pairs...).String())
}

// keyList is a KeySet at hand.
type keyList []jose.JSONWebKey

func (l keyList) Keys(_ context.Context, kid string) ([]jose.JSONWebKey, error) {
	return newPublished(&jwks{keys: l}, nil, 0).key(kid)
}

// jwkOf is the JSON Web Key of a private key's public half.
func jwkOf(kid string, key any) object {
	b64 := func(n *big.Int, size int) string {
		return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, size)))
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return object{"kty": "RSA", "kid": kid, "use": "sig", "n": b64(k.N, k.Size()), "e": b64(big.NewInt(int64(k.E)), 3)}
	case *ecdsa.PrivateKey:
		point := must(k.PublicKey.Bytes())
		half := (len(point) - 1) / 2
		return object{
			"kty": "EC", "kid": kid, "crv": k.Curve.Params().Name,
			"x": base64.RawURLEncoding.EncodeToString(point[1 : 1+half]),
			"y": base64.RawURLEncoding.EncodeToString(point[1+half:]),
		}
	case ed25519.PrivateKey:
		return object{"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(k.Public().(ed25519.PublicKey))}
	}
	panic(fmt.Sprintf("no JWK of %T", key))
}

func keySet(keys ...object) object { return object{"keys": keys} }

// issuerServer is an OpenID provider's two documents on loopback.
type issuerServer struct {
	*httptest.Server
	mu        sync.Mutex
	discovery object
	keys      object
	status    int // of every answer
	cache     string
	hits      map[string]int
	hold      chan struct{} // while not nil, key sets are answered when it closes
	arrived   chan struct{} // told of each request for a key set, if there is room
}

func newIssuerServer(t testing.TB) *issuerServer {
	s := &issuerServer{status: http.StatusOK, hits: map[string]int{}, arrived: make(chan struct{}, 100)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	s.discovery = object{"issuer": s.URL, "jwks_uri": s.URL + "/keys"}
	s.keys = keySet(jwkOf("k1", rsaKey()))
	return s
}

func (s *issuerServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	status, cache, hold := s.status, s.cache, s.hold
	document := map[string]object{"/.well-known/openid-configuration": s.discovery, "/keys": s.keys}[r.URL.Path]
	s.mu.Unlock()
	if r.URL.Path == "/keys" {
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		if hold != nil {
			<-hold
		}
	}
	if document == nil {
		status = http.StatusNotFound
	}
	w.Header().Set("Cache-Control", cache)
	w.WriteHeader(status)
	fmt.Fprint(w, document)
}

// set changes the server's behaviour.
func (s *issuerServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// fetches counts how often the key set was asked for since the last call.
func (s *issuerServer) fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.hits["/keys"]
	s.hits["/keys"] = 0
	return n
}

func (s *issuerServer) provider() Provider {
	return Provider{Name: s.URL[len("http://"):], Issuer: s.URL, ClientIDs: []string{"client-1"}}
}

// token is one that this issuer could have made.
func (s *issuerServer) token(t testing.TB, kid string, key *rsa.PrivateKey) *Token {
	h := goodHeader.with("kid", kid)
	if kid == "" {
		h = goodHeader.with("kid", nil)
	}
	return parse(t, sign("RS256", key, h.String(), goodClaims.with("iss", s.URL, "exp", testNow.AddDate(1, 0, 0).Unix()).String()))
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newOIDC(t testing.TB) (*OIDC, *clock) {
	c := &clock{now: testNow}
	o := &OIDC{Fetch: &fetch.Client{AllowLoopback: true}, Now: c.Now}
	t.Cleanup(o.Wait)
	return o, c
}
