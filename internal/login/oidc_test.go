package login

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/fetch"
)

// verifies checks a token and compares the cause: "" means it verifies.
func verifies(t *testing.T, o *OIDC, s *issuerServer, token *Token, want Cause) {
	t.Helper()
	if _, err := o.Verify(t.Context(), s.provider(), token); causeOf(err) != want || (err != nil) != (want != "") {
		t.Errorf("got %v, want cause %q", err, want)
	}
}

// fetched checks how many fetches there were since last asked.
func fetched(t *testing.T, s *issuerServer, want int) {
	t.Helper()
	if got := s.fetches(); got != want {
		t.Errorf("%d fetches, want %d", got, want)
	}
}

func TestOIDC(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	login, err := o.Verify(t.Context(), s.provider(), s.token(t, "k1", rsaKey()))
	if err != nil || login.Subject != "jane" || login.Issuer != s.URL || login.Provider != s.provider().Name {
		t.Errorf("got %+v, %v", login, err)
	}
	for range 10 {
		verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	}
	fetched(t, s, 1)
}

func TestOIDCWithRealClock(t *testing.T) {
	s := newIssuerServer(t)
	o := &OIDC{Fetch: &fetch.Client{AllowLoopback: true}}
	now := time.Now().Unix()
	token := parse(t, sign("RS256", rsaKey(), goodHeader.String(), goodClaims.with("iss", s.URL, "iat", now, "exp", now+60).String()))
	verifies(t, o, s, token, "")
}

// The keys of one issuer are no keys of another.
func TestOIDCKeepsIssuersApart(t *testing.T) {
	a, b := newIssuerServer(t), newIssuerServer(t)
	b.keys = keySet(jwkOf("b1", otherRSAKey()), jwkOf("k1", otherRSAKey()))
	o, _ := newOIDC(t)
	verifies(t, o, a, a.token(t, "k1", rsaKey()), "")
	verifies(t, o, b, b.token(t, "b1", otherRSAKey()), "")
	verifies(t, o, a, a.token(t, "b1", otherRSAKey()), KeyUnknown)
	verifies(t, o, a, a.token(t, "k1", otherRSAKey()), SignatureInvalid)
	verifies(t, o, a, b.token(t, "b1", otherRSAKey()), IssuerMismatch)
}

func TestOIDCOwnTokens(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	o.Own = []string{"https://cognito-identity.amazonaws.com", s.URL + "/"}
	ours := parse(t, goodToken("iss", "https://cognito-identity.amazonaws.com"))
	if _, err := o.Verify(t.Context(), s.provider(), ours); causeOf(err) != CognitoToken {
		t.Errorf("our token: %v", err)
	}
	verifies(t, o, s, s.token(t, "k1", rsaKey()), CognitoToken)
	verifies(t, o, s, parse(t, goodToken()), IssuerIsOurs)
	fetched(t, s, 0)
}

// An http issuer that is not believed verifies nothing, and is not asked.
func TestOIDCPlainIssuer(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	o.PlainIssuer = func(u *url.URL) bool { return u.Host == strings.TrimPrefix(s.URL, "http://") }
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	fetched(t, s, 1)
	o.PlainIssuer = func(*url.URL) bool { return false }
	verifies(t, o, s, s.token(t, "k1", rsaKey()), IssuerPlain)
	fetched(t, s, 0)
}

// A new key is found by the first token that needs it, however lately the keys
// were fetched.
func TestOIDCRotation(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	s.set(func() { s.keys = keySet(jwkOf("k2", otherRSAKey())) })
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), "")
	fetched(t, s, 2)
	verifies(t, o, s, s.token(t, "k1", rsaKey()), KeyUnknown) // withdrawn
	fetched(t, s, 1)
}

// Issuers that call every key by the same name, or by none, rotate too.
func TestOIDCRotationUnderTheSameName(t *testing.T) {
	for _, kid := range []string{"k1", ""} {
		s := newIssuerServer(t)
		o, _ := newOIDC(t)
		verifies(t, o, s, s.token(t, kid, rsaKey()), "")
		s.set(func() { s.keys = keySet(jwkOf(kid, otherRSAKey())) })
		verifies(t, o, s, s.token(t, kid, otherRSAKey()), "")
		fetched(t, s, 2)
		verifies(t, o, s, s.token(t, kid, rsaKey()), SignatureInvalid)
		fetched(t, s, 1)
	}
}

// However many tokens with made-up key ids or signatures arrive, the issuer is
// asked a few times at once and then once per floor.
func TestOIDCHammering(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	fetched(t, s, 1)
	flood := func(round string) {
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				for j := range 3 {
					verifies(t, o, s, s.token(t, fmt.Sprintf("made-up-%s-%d-%d", round, i, j), rsaKey()), KeyUnknown)
					verifies(t, o, s, s.token(t, "k1", otherRSAKey()), SignatureInvalid)
				}
			})
		}
		wg.Wait()
	}
	flood("first")
	fetched(t, s, renewals)
	for round := range 3 {
		c.advance(floor - time.Second)
		flood("early")
		fetched(t, s, 0)
		c.advance(time.Second)
		flood(fmt.Sprint(round))
		fetched(t, s, 1)
	}
	// The first made-up token finds a new key for everybody else.
	s.set(func() { s.keys = keySet(jwkOf("k2", otherRSAKey())) })
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), KeyUnknown)
	c.advance(floor)
	verifies(t, o, s, s.token(t, "made-up", rsaKey()), KeyUnknown)
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), "")
	fetched(t, s, 1)
}

// A token causes no fetch, of keys that are unknown or of any, unless nothing but
// its signature is in question: others delay nobody's.
func TestOIDCFetchesForGoodTokensOnly(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	token := func(alg string, pairs ...any) *Token {
		claims := goodClaims.with("iss", s.URL).with(pairs...)
		return parse(t, sign("RS256", otherRSAKey(), goodHeader.with("kid", "made-up", "alg", alg).String(), claims.String()))
	}
	now := testNow.Unix()
	hopeless := func() {
		for range 3 {
			verifies(t, o, s, token("RS256", "iss", testIssuer), IssuerMismatch)
			verifies(t, o, s, token("RS256", "aud", "client-2"), AudienceMismatch)
			verifies(t, o, s, token("RS256", "azp", "client-2"), AudienceMismatch)
			verifies(t, o, s, token("RS256", "exp", now-301), TokenExpired)
			verifies(t, o, s, token("RS256", "nbf", now+3000), TokenNotYetValid)
			verifies(t, o, s, token("RS256", "iat", now+3000), TokenNotYetValid)
			verifies(t, o, s, token("HS256"), AlgorithmRefused)
		}
	}
	hopeless()
	fetched(t, s, 0)
	verifies(t, o, s, token("RS256"), KeyUnknown)
	fetched(t, s, 2) // the first keys, and others in case they have changed
	c.advance(renewals * floor)
	hopeless()
	fetched(t, s, 0)
	s.set(func() { s.keys = keySet(jwkOf("k2", otherRSAKey())) })
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), "")
	fetched(t, s, 1)
}

// A fetch that fails is as dear as one that succeeds: an issuer that is down, with
// keys known of it, is asked no more often.
func TestOIDCHammeringWithKeysOfAnIssuerThatIsDown(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	s.set(func() { s.keys = nil })
	fetched(t, s, 1)
	for range 2 * renewals {
		verifies(t, o, s, s.token(t, "made-up", rsaKey()), KeysUnavailable)
		verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	}
	fetched(t, s, renewals)
	c.advance(floor)
	for range renewals {
		verifies(t, o, s, s.token(t, "made-up", rsaKey()), KeysUnavailable)
	}
	fetched(t, s, 1)
}

func TestOIDCHammeringAnIssuerThatIsDown(t *testing.T) {
	s := newIssuerServer(t)
	s.status = http.StatusServiceUnavailable
	s.keys = nil
	o, c := newOIDC(t)
	asked := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.hits["/.well-known/openid-configuration"]
	}
	for range 20 {
		verifies(t, o, s, s.token(t, "k1", rsaKey()), KeysUnavailable)
	}
	if asked() != 1 {
		t.Errorf("asked %d times, want once", asked())
	}
	c.advance(retry)
	s.set(func() { s.status, s.keys = http.StatusOK, keySet(jwkOf("k1", rsaKey())) })
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "") // it came up, and was noticed
	if asked() != 2 {
		t.Errorf("asked %d times, want twice", asked())
	}
}

// A clock that is set back an hour does not keep daypass from asking an issuer for an
// hour, nor an old key set in use for longer than its lifetime; one that is set ahead
// does no harm.
func TestOIDCClockSteps(t *testing.T) {
	down, up := newIssuerServer(t), newIssuerServer(t)
	down.status = http.StatusServiceUnavailable
	o, c := newOIDC(t)
	c.advance(time.Hour)
	verifies(t, o, down, down.token(t, "k1", rsaKey()), KeysUnavailable)
	verifies(t, o, up, up.token(t, "k1", rsaKey()), "")
	down.set(func() { down.status = http.StatusOK })
	up.set(func() { up.keys = keySet(jwkOf("k2", otherRSAKey())) }) // and k1 is withdrawn

	c.advance(-time.Hour)
	verifies(t, o, down, down.token(t, "k1", rsaKey()), "")
	verifies(t, o, up, up.token(t, "k1", rsaKey()), "") // the last time: it is fetched meanwhile
	o.Wait()
	verifies(t, o, up, up.token(t, "k1", rsaKey()), KeyUnknown)
	verifies(t, o, up, up.token(t, "k2", otherRSAKey()), "")

	c.advance(time.Hour)
	verifies(t, o, down, down.token(t, "k1", rsaKey()), "")
	verifies(t, o, up, up.token(t, "k2", otherRSAKey()), "")
}

// While an issuer is down its known keys serve, within bounds; unknown ones are
// a matter of not being able to ask.
func TestOIDCIssuerDown(t *testing.T) {
	s := newIssuerServer(t)
	s.cache = "max-age=3600"
	o, c := newOIDC(t)
	good, unknown := s.token(t, "k1", rsaKey()), s.token(t, "k2", otherRSAKey())
	verifies(t, o, s, good, "")
	s.set(func() { s.status = http.StatusBadGateway })

	verifies(t, o, s, unknown, KeysUnavailable)
	c.advance(floor)
	verifies(t, o, s, unknown, KeysUnavailable)
	verifies(t, o, s, good, "")
	c.advance(time.Hour + whileRevalidate) // beyond the lifetime
	verifies(t, o, s, good, "")
	c.advance(ifError - whileRevalidate - floor - time.Second) // the last second
	verifies(t, o, s, good, "")
	o.Wait()
	c.advance(floor)
	verifies(t, o, s, good, KeysUnavailable)
	s.set(func() { s.status = http.StatusOK })
	verifies(t, o, s, good, KeysUnavailable) // remembered
	c.advance(floor)
	verifies(t, o, s, good, "")
}

// An issuer that swallows requests costs a wait once, when the outage is
// noticed, and nobody after that.
func TestOIDCIssuerHangs(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	good := s.token(t, "k1", rsaKey())
	verifies(t, o, s, good, "")
	<-s.arrived
	s.set(func() { s.status = http.StatusBadGateway })
	c.advance(fetch.MinLifetime + whileRevalidate)
	verifies(t, o, s, good, "") // waits, and learns of the outage

	hold := make(chan struct{})
	s.set(func() { s.status, s.hold = http.StatusOK, hold })
	c.advance(floor)
	verifies(t, o, s, good, "") // starts a fetch, which hangs
	verifies(t, o, s, good, "")
	if i := o.issuer(source{issuer: s.URL}, c.Now()); !i.fetching() {
		t.Error("the fetch was waited for")
	}
	close(hold)
}

func (i *issuer) fetching() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.flight != nil
}

// Keys out of their lifetime are renewed without anybody waiting.
func TestOIDCRenewsInTheBackground(t *testing.T) {
	s := newIssuerServer(t)
	s.cache = "max-age=600"
	o, c := newOIDC(t)
	good := s.token(t, "k1", rsaKey())
	verifies(t, o, s, good, "")
	c.advance(10*time.Minute - time.Second)
	verifies(t, o, s, good, "")
	o.Wait()
	fetched(t, s, 1)

	hold := make(chan struct{})
	s.set(func() { s.hold, s.keys = hold, keySet(jwkOf("k2", otherRSAKey())) })
	c.advance(time.Second)
	for range 3 {
		verifies(t, o, s, good, "") // while the issuer hangs
	}
	close(hold)
	o.Wait()
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), "")
	fetched(t, s, 1)
	verifies(t, o, s, good, KeyUnknown)
}

// Keys that lay unused long after their lifetime do not serve a last time when
// the issuer can be asked, lest a withdrawn key be accepted.
func TestOIDCAsksBeforeUsingOldKeys(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	old := s.token(t, "k1", rsaKey())
	verifies(t, o, s, old, "")
	s.set(func() { s.keys = keySet(jwkOf("k2", otherRSAKey())) })
	c.advance(fetch.MinLifetime + whileRevalidate)
	verifies(t, o, s, old, KeyUnknown)

	// The same after an outage that nobody noticed the end of.
	s.set(func() { s.status = http.StatusBadGateway })
	new := s.token(t, "k2", otherRSAKey())
	c.advance(fetch.MinLifetime + whileRevalidate)
	verifies(t, o, s, new, "")
	s.set(func() { s.status, s.keys = http.StatusOK, keySet(jwkOf("k3", rsaKey())) })
	c.advance(whileRevalidate)
	verifies(t, o, s, new, KeyUnknown)
}

// A caller that gives up takes nothing from the others who wait.
func TestOIDCCancelledCaller(t *testing.T) {
	s := newIssuerServer(t)
	hold := make(chan struct{})
	s.hold = hold
	o, _ := newOIDC(t)
	token := s.token(t, "k1", rsaKey())

	ctx, cancel := context.WithCancel(t.Context())
	impatient, patient := make(chan error, 1), make(chan error, 1)
	go func() { _, err := o.Verify(ctx, s.provider(), token); impatient <- err }()
	<-s.arrived
	go func() { _, err := o.Verify(t.Context(), s.provider(), token); patient <- err }()
	cancel()
	if err := <-impatient; causeOf(err) != KeysUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that gave up: %v", err)
	}
	close(hold)
	if err := <-patient; err != nil {
		t.Errorf("the caller that waited: %v", err)
	}
	fetched(t, s, 1)

	// Keys at hand need no waiting, not even a live context.
	if _, err := o.Verify(ctx, s.provider(), token); err != nil {
		t.Errorf("keys at hand, context over: %v", err)
	}
}

// The same when what is waited for is news of an unknown key.
func TestOIDCCancelledWhileAskingForNews(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "")
	<-s.arrived
	hold := make(chan struct{})
	s.set(func() { s.hold, s.keys = hold, keySet(jwkOf("k2", otherRSAKey())) })
	c.advance(floor)
	ctx, cancel := context.WithCancel(t.Context())
	impatient := make(chan error, 1)
	go func() {
		_, err := o.Verify(ctx, s.provider(), s.token(t, "k2", otherRSAKey()))
		impatient <- err
	}()
	<-s.arrived
	verifies(t, o, s, s.token(t, "k1", rsaKey()), "") // known keys do not wait
	cancel()
	if err := <-impatient; causeOf(err) != KeysUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that gave up: %v", err)
	}
	close(hold)
	o.Wait()
	verifies(t, o, s, s.token(t, "k2", otherRSAKey()), "")
	fetched(t, s, 2)
}

// News that somebody else fetched meanwhile needs no other fetch.
func TestIssuerNewerByAnother(t *testing.T) {
	old, set := newPublished(&jwks{}, nil, 0), newPublished(&jwks{}, nil, 0)
	i := &issuer{set: set}
	if got, failed := i.newer(t.Context(), old, testNow); got != set || failed != nil {
		t.Errorf("got %p, %v; want %p", got, failed, set)
	}
}

func TestOIDCSingleFlight(t *testing.T) {
	s := newIssuerServer(t)
	hold := make(chan struct{})
	s.hold = hold
	o, _ := newOIDC(t)
	token := s.token(t, "k1", rsaKey())
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { verifies(t, o, s, token, "") })
	}
	<-s.arrived
	close(hold)
	wg.Wait()
	fetched(t, s, 1)
}

func TestOIDCDocuments(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*issuerServer)
		want   string // with URL for the server's
	}{
		{"good", func(*issuerServer) {}, ""},
		{"another issuer", func(s *issuerServer) { s.discovery = s.discovery.with("issuer", "https://evil.example") }, `login misconfigured: discovery-issuer-mismatch: it says "https://evil.example"`},
		{"issuer with a slash", func(s *issuerServer) { s.discovery = s.discovery.with("issuer", s.URL+"/") }, `login misconfigured: discovery-issuer-mismatch: it says "URL/"`},
		{"no issuer", func(s *issuerServer) { s.discovery = s.discovery.with("issuer", nil) }, `login misconfigured: discovery-issuer-mismatch: it says ""`},
		{"no jwks_uri", func(s *issuerServer) { s.discovery = s.discovery.with("jwks_uri", nil) }, "login misconfigured: discovery-invalid: jwks_uri is not https"},
		{"jwks_uri is a file", func(s *issuerServer) { s.discovery = s.discovery.with("jwks_uri", "file:///etc/passwd") }, "login misconfigured: discovery-invalid: jwks_uri is not https"},
		{"jwks_uri is metadata", func(s *issuerServer) { s.discovery = s.discovery.with("jwks_uri", "http://169.254.169.254/latest") }, "login misconfigured: address-refused: fetch http://169.254.169.254/latest: refused: 169.254.169.254 is an address that is never fetched from"},
		{"jwks_uri is private", func(s *issuerServer) { s.discovery = s.discovery.with("jwks_uri", "https://10.0.0.1/keys") }, "login misconfigured: address-refused: fetch https://10.0.0.1/keys: refused: 10.0.0.1 is a private address that the allow list does not name"},
		{"discovery is no JSON", func(s *issuerServer) { s.discovery = s.discovery.with("issuer", 1) }, "login misconfigured: discovery-invalid: malformed JSON"},
		{"discovery is missing", func(s *issuerServer) { s.discovery = nil }, "login unavailable: keys-unavailable: fetch URL/.well-known/openid-configuration: bad status (status 404)"},
		{"keys are missing", func(s *issuerServer) { s.keys = nil }, "login unavailable: keys-unavailable: fetch URL/keys: bad status (status 404)"},
		{"server error", func(s *issuerServer) { s.status = 500 }, "login unavailable: keys-unavailable: fetch URL/.well-known/openid-configuration: bad status (status 500)"},
		{"keys are none", func(s *issuerServer) { s.keys = object{} }, "login misconfigured: key-set-invalid: key set: no keys member"},
		{"10,000 keys", func(s *issuerServer) { s.keys = object{"keys": make10000()} }, "login misconfigured: key-set-invalid: key set: more than 100 RSA keys"},
		{"keys without end", func(s *issuerServer) { s.keys = object{"keys": strings.Repeat("k", 2<<20)} }, "login misconfigured: key-set-invalid: fetch URL/keys: answer too large (status 200)"},
		{"discovery without end", func(s *issuerServer) { s.discovery = s.discovery.with("x", strings.Repeat("k", 2<<20)) }, "login misconfigured: discovery-invalid: fetch URL/.well-known/openid-configuration: answer too large (status 200)"},
		{"announces RS256", func(s *issuerServer) { s.announce("ES256", "RS256") }, ""},
		{"announces another", func(s *issuerServer) { s.announce("ES256") }, "login rejected: algorithm-refused: the issuer does not announce RS256"},
		{"announces nothing", func(s *issuerServer) { s.announce() }, "login rejected: algorithm-refused: the issuer does not announce RS256"},
		{"announces a word", func(s *issuerServer) {
			s.discovery = s.discovery.with("id_token_signing_alg_values_supported", "RS256")
		}, "login misconfigured: discovery-invalid: malformed JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newIssuerServer(t)
			tt.change(s)
			o, _ := newOIDC(t)
			_, err := o.Verify(t.Context(), s.provider(), s.token(t, "k1", rsaKey()))
			if got := strings.ReplaceAll(errorText(err), s.URL, "URL"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func make10000() []object {
	keys := make([]object, 10_000)
	for i := range keys {
		keys[i] = object{"kty": "RSA", "kid": fmt.Sprint(i)}
	}
	return keys
}

func (s *issuerServer) announce(algs ...string) {
	s.discovery = s.discovery.with("id_token_signing_alg_values_supported", append([]string{}, algs...))
}

// What an issuer announces narrows the algorithms and never widens them.
func TestOIDCAnnouncementDoesNotWiden(t *testing.T) {
	s := newIssuerServer(t)
	s.announce("none", "HS256", "PS256", "RS256")
	o, _ := newOIDC(t)
	claims := goodClaims.with("iss", s.URL).String()
	for _, tt := range []struct {
		alg string
		key any
	}{{"HS256", []byte("secret")}, {"PS256", rsaKey()}} {
		token := parse(t, sign(tt.alg, tt.key, goodHeader.with("alg", tt.alg).String(), claims))
		verifies(t, o, s, token, AlgorithmRefused)
	}
	verifies(t, o, s, parse(t, encode(`{"alg":"none"}`)+"."+encode(claims)+"."), AlgorithmRefused)
}

// PS and EdDSA are accepted where they are asked for, of OpenID Connect providers
// and nobody else, each with keys that are for it; nothing else can be asked for.
func TestOIDCMoreAlgorithms(t *testing.T) {
	_, curve, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newIssuerServer(t)
	s.keys = keySet(jwkOf("rsa", rsaKey()), jwkOf("ed", curve), jwkOf("ec", p256Key()), jwkOf("for-rs", rsaKey()).with("alg", "RS256"),
		object{"kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA"}, object{"kty": "OKP", "crv": "X25519", "kid": "x", "x": jwkOf("", curve)["x"]})
	o, _ := newOIDC(t)
	token := func(alg, kid string, key any) *Token {
		return parse(t, sign(alg, key, goodHeader.with("alg", alg, "kid", kid).String(), goodClaims.with("iss", s.URL).String()))
	}
	for _, alg := range MoreAlgorithms {
		var key any = rsaKey()
		kid := "rsa"
		if alg == "EdDSA" {
			key, kid = curve, "ed"
		}
		o.Algorithms = slices.DeleteFunc(slices.Clone(MoreAlgorithms), func(a string) bool { return a == alg })
		verifies(t, o, s, token(alg, kid, key), AlgorithmRefused)
		o.Algorithms = []string{alg, "none", "HS256"}
		verifies(t, o, s, token(alg, kid, key), "")
		verifies(t, o, s, token("RS256", "rsa", rsaKey()), "")
		verifies(t, o, s, token("HS256", "rsa", []byte("secret")), AlgorithmRefused)
	}
	o.Algorithms = MoreAlgorithms
	verifies(t, o, s, token("PS256", "rsa", otherRSAKey()), SignatureInvalid)
	verifies(t, o, s, token("PS256", "for-rs", rsaKey()), KeyUnsuitable)
	verifies(t, o, s, token("PS256", "ed", rsaKey()), KeyUnsuitable)
	verifies(t, o, s, token("EdDSA", "rsa", curve), KeyUnsuitable)
	verifies(t, o, s, token("EdDSA", "ec", curve), KeyUnsuitable)
	verifies(t, o, s, token("EdDSA", "short", curve), KeySkipped)
	verifies(t, o, s, token("EdDSA", "x", curve), KeySkipped)
	google := Google{Tokens: o}
	_, err = google.Verify(t.Context(), Provider{ClientIDs: []string{"client-1"}}, Present(sign("PS256", rsaKey(), goodHeader.with("alg", "PS256").String(), goodClaims.with("iss", "accounts.google.com").String()), maxTest))
	if causeOf(err) != AlgorithmRefused {
		t.Errorf("Google: %v", err)
	}
	announced := newIssuerServer(t)
	announced.announce("RS256")
	verifies(t, o, announced, parse(t, sign("PS256", rsaKey(), goodHeader.with("alg", "PS256").String(), goodClaims.with("iss", announced.URL).String())), AlgorithmRefused)
}

// Whatever an issuer's key set is like, a token whose key is in it verifies, or
// the log says what is wrong with the key.
func TestOIDCUnusualKeySets(t *testing.T) {
	good := jwkOf("k1", rsaKey())
	for _, tt := range []struct {
		name string
		keys object
		kid  string
		want string
	}{
		{"padded", keySet(padded(good)), "k1", ""},
		{"no kid in the key", keySet(good.with("kid", nil)), "k1", ""},
		{"no kid in the token", keySet(good), "", ""},
		{"no kid anywhere", keySet(good.with("kid", nil)), "", ""},
		{"no kid in the key, among others", keySet(jwkOf("k2", otherRSAKey()), jwkOf("e1", p256Key()), good.with("kid", nil)), "k1", ""},
		{"no kid in the token, and two keys", keySet(good, jwkOf("k2", otherRSAKey())), "", "login rejected: key-ambiguous: no kid and 2 keys for RS256"},
		{"for verifying", keySet(good.with("key_ops", []string{"verify"})), "k1", ""},
		{"for encrypting", keySet(good.with("use", nil, "key_ops", []string{"encrypt"})), "k1", `login rejected: key-skipped: kid "k1": key_ops does not have verify`},
		{"for encrypting, without kid", keySet(good.with("kid", nil, "key_ops", []string{"encrypt"})), "", `login rejected: key-skipped: kid ""; keys skipped: 1; kid "": key_ops does not have verify`},
		{"no modulus", keySet(good.with("n", "!")), "k1", `login rejected: key-skipped: kid "k1": n is no usable modulus`},
		{"no modulus, beside a key without kid", keySet(good.with("n", "!"), good.with("kid", nil)), "k1", `login rejected: key-skipped: kid "k1": n is no usable modulus`},
		{"kid is a number", keySet(good.with("kid", 1)), "1", `login rejected: key-unknown: kid "1"; keys skipped: 1; kid "": kid has the wrong type`},
		{"other keys skipped", keySet(good, object{"kty": "oct", "kid": "a"}, object{"kid": "b"}, object{}, object{}), "k2",
			`login rejected: key-unknown: kid "k2"; keys skipped: 4; kid "a": kty is "oct"; kid "b": kty is ""; kid "": kty is ""`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newIssuerServer(t)
			s.keys = tt.keys
			o, _ := newOIDC(t)
			if _, err := o.Verify(t.Context(), s.provider(), s.token(t, tt.kid, rsaKey())); errorText(err) != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// An https issuer may not hand out its keys over http.
func TestReadMetadataKeepsHTTPS(t *testing.T) {
	document := object{"issuer": testIssuer, "jwks_uri": "http://127.0.0.1/keys"}.String()
	_, err := readMetadata([]byte(document), testIssuer)
	if err == nil || err.Error() != "login misconfigured: discovery-invalid: jwks_uri is not https" {
		t.Errorf("got %v", err)
	}
}

func TestOIDCRedirectToPrivateAddress(t *testing.T) {
	evil := httptest.NewServer(http.RedirectHandler("http://192.168.0.1/keys", http.StatusFound))
	defer evil.Close()
	o, _ := newOIDC(t)
	token := parse(t, goodToken("iss", evil.URL))
	_, err := o.Verify(t.Context(), Provider{Issuer: evil.URL, ClientIDs: []string{"client-1"}}, token)
	want := "login misconfigured: address-refused: fetch http://192.168.0.1/keys: refused: plain http, which the allow list does not permit here"
	if errorText(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestOIDCSlowIssuer(t *testing.T) {
	over := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "{")
		w.(http.Flusher).Flush()
		<-over
	}))
	defer slow.Close()
	defer close(over)
	o, _ := newOIDC(t)
	o.Fetch = &fetch.Client{AllowLoopback: true, Timeout: 50 * time.Millisecond}
	_, err := o.Verify(t.Context(), Provider{Issuer: slow.URL, ClientIDs: []string{"client-1"}}, parse(t, goodToken("iss", slow.URL)))
	if causeOf(err) != KeysUnavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestOIDCUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	o, _ := newOIDC(t)
	_, err := o.Verify(t.Context(), Provider{Issuer: s.URL, ClientIDs: []string{"client-1"}}, parse(t, goodToken("iss", s.URL)))
	if causeOf(err) != CertificateUntrusted {
		t.Errorf("got %v", err)
	}
}

func TestOIDCUnusableIssuers(t *testing.T) {
	o, _ := newOIDC(t)
	for _, issuer := range []string{
		"issuer.example.com", "ftp://issuer.example.com", "https://", "https://u:p@issuer.example.com",
		"https://issuer.example.com?x=1", "https://issuer.example.com#x", "https://issuer.example.com/%zz", "urn:issuer",
	} {
		_, err := o.Verify(t.Context(), Provider{Issuer: issuer, ClientIDs: []string{"client-1"}}, parse(t, goodToken("iss", issuer)))
		if causeOf(err) != IssuerUnusable {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func TestDiscoveryURL(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://issuer.example.com":          "https://issuer.example.com/.well-known/openid-configuration",
		"https://issuer.example.com/":         "https://issuer.example.com/.well-known/openid-configuration",
		"https://issuer.example.com/realms/a": "https://issuer.example.com/realms/a/.well-known/openid-configuration",
		"http://127.0.0.1:8080":               "http://127.0.0.1:8080/.well-known/openid-configuration",
	} {
		if got, err := discoveryURL(issuer); got != want || err != nil {
			t.Errorf("%s: %s, %v", issuer, got, err)
		}
	}
}

// A panic while reading an issuer's documents is an error like others.
func TestIssuerSurvivesPanics(t *testing.T) {
	i := &issuer{load: func() (*published, error) { panic("parser") }, running: new(sync.WaitGroup)}
	_, failed := i.current(t.Context(), testNow)
	if failed == nil || failed.Error() != "login misconfigured: key-set-invalid: panic: parser" {
		t.Errorf("got %v", failed)
	}
}

// Without a client of its own an OIDC reaches public servers only.
func TestOIDCZeroFetchIsGuarded(t *testing.T) {
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	o.Fetch = nil
	verifies(t, o, s, s.token(t, "k1", rsaKey()), AddressRefused)
}

func TestOIDCForgetsTheLeastRecentlyUsed(t *testing.T) {
	o, c := newOIDC(t)
	for n := range maxIssuers {
		o.issuer(source{issuer: fmt.Sprint(n)}, c.Now())
		c.advance(time.Second)
	}
	first := o.issuer(source{issuer: "0"}, c.Now())
	c.advance(time.Second)
	o.issuer(source{issuer: "one more"}, c.Now())
	if len(o.issuers) != maxIssuers || o.issuers[source{issuer: "0"}] != first || o.issuers[source{issuer: "1"}] != nil || o.issuers[source{issuer: "one more"}] == nil {
		t.Errorf("%d issuers kept; 0 kept: %t, 1 kept: %t", len(o.issuers), o.issuers[source{issuer: "0"}] == first, o.issuers[source{issuer: "1"}] != nil)
	}
}
