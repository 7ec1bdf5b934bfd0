package instance_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/openid"
)

// verifier is somebody else who verifies our tokens. It keeps the key set for as long
// as the set says, and does not ask again where it does not know a key.
type verifier struct {
	url string
	now func() time.Time

	until time.Time
	keys  map[string]*rsa.PublicKey
}

func (v *verifier) read() error {
	answer, err := http.Get(v.url + "/.well-known/jwks_uri")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	age, err := strconv.Atoi(strings.TrimPrefix(answer.Header.Get("Cache-Control"), "public, max-age="))
	if err != nil {
		return fmt.Errorf("Cache-Control %q", answer.Header.Get("Cache-Control"))
	}
	var set struct{ Keys []struct{ Kid, N, E string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return err
	}
	v.keys, v.until = map[string]*rsa.PublicKey{}, v.now().Add(time.Duration(age)*time.Second)
	for _, k := range set.Keys {
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if err != nil {
			return err
		}
		v.keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	}
	return nil
}

func (v *verifier) verify(token string) error {
	if !v.now().Before(v.until) {
		if err := v.read(); err != nil {
			return err
		}
	}
	signed, text, _ := cutLast(token, ".")
	var header struct{ Kid string }
	plain, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err == nil {
		err = json.Unmarshal(plain, &header)
	}
	if err != nil {
		return err
	}
	key := v.keys[header.Kid]
	if key == nil {
		return fmt.Errorf("the key %s is not known", header.Kid)
	}
	signature, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	sum := sha512.Sum512([]byte(signed))
	return rsa.VerifyPKCS1v15(key, crypto.SHA512, sum[:], signature)
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// rotations are nodes under load while their keys are rotated on a clock that the test
// moves.
type rotations struct {
	t     *testing.T
	clock *clock
	nodes []*story
	still sync.RWMutex // held by those who get and use a token, and to move the clock
	uses  atomic.Int64
}

func newRotations(t *testing.T, c *clock, nodes []*story) *rotations {
	t.Helper()
	s := nodes[0]
	s.root("UpdateIdentityPool", map[string]any{
		"IdentityPoolId": s.pool, "IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"DeveloperProviderName": "app", "OpenIdConnectProviderARNs": []string{s.providerARN()},
	})
	return &rotations{t: t, clock: c, nodes: nodes}
}

// token is a token of an identity, good for a day.
func (r *rotations) token(s *story) (string, error) {
	out, err := call(s.clientOf("us-east-1"), "GetOpenIdTokenForDeveloperIdentity", map[string]any{
		"IdentityPoolId": s.pool, "Logins": map[string]string{"app": "carol"}, "TokenDuration": 86400})
	token, _ := out["Token"].(string)
	return token, err
}

// load gets tokens and uses them at all nodes, and at others who verify them, until it
// is told to stop. Nothing may be refused.
func (r *rotations) load() (stop func()) {
	done := make(chan struct{})
	var workers sync.WaitGroup
	for n := range 3 {
		workers.Go(func() {
			v := &verifier{url: r.nodes[n%len(r.nodes)].server.URL, now: r.clock.now}
			at, then := r.nodes[n%len(r.nodes)], r.nodes[(n+1)%len(r.nodes)]
			for {
				select {
				case <-done:
					return
				default:
				}
				r.still.RLock()
				err := r.use(at, then, v)
				r.still.RUnlock()
				if err != nil {
					r.t.Error(err)
					return
				}
				r.uses.Add(1)
			}
		})
	}
	return func() { close(done); workers.Wait() }
}

// use gets a token at one node and uses it at another one, and then the credentials at
// the first.
func (r *rotations) use(at, then *story, v *verifier) error {
	token, err := r.token(at)
	if err != nil {
		return err
	}
	if err := then.assume(token); err != nil {
		return err
	}
	return v.verify(token)
}

// pass moves the clock, and waits until the load has seen it.
func (r *rotations) pass(d time.Duration) {
	r.t.Helper()
	r.still.Lock()
	r.clock.pass(d)
	r.still.Unlock()
	before := r.uses.Load()
	r.nodes[0].waitFor("the load goes on", func() bool { return r.t.Failed() || r.uses.Load() >= before+6 })
}

// rotate rotates keys under load, with tokens that were signed at any moment of it, and
// gives the key IDs that are published at the end.
func (r *rotations) rotate() {
	t := r.t
	t.Helper()
	r.clock.pass(time.Hour)
	held := map[string]string{} // by when they were signed
	hold := func(when string) {
		t.Helper()
		token, err := r.token(r.nodes[0])
		if err != nil {
			t.Fatal(err)
		}
		held[when] = token
	}
	good := func(when string) {
		t.Helper()
		for signed, token := range held {
			for n, s := range r.nodes {
				if err := s.assume(token); err != nil {
					t.Errorf("%s: a token from %s at node %d: %v", when, signed, n, err)
				}
			}
		}
	}
	hold("before the rotation")
	stop := r.load()
	r.pass(time.Second)
	out, err := r.nodes[0].daypass("RotateSigningKey", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	key := out["SigningKeys"].([]any)[0].(map[string]any)
	if key["KeyId"] != "us-east-1-2" || key["ReplacedKeyIds"].([]any)[0] != "us-east-1-1" || len(key["CertificateThumbprint"].(string)) != 40 {
		t.Errorf("rotated: %v", key)
	}
	_, err = r.nodes[len(r.nodes)-1].daypass("RotateSigningKey", map[string]any{"KeyRegion": "us-east-1"})
	wantError(t, err, "ResourceConflictException", "The signing key us-east-1-1, which us-east-1-2 replaces, can verify tokens until "+
		r.clock.now().Add(24*time.Hour+12*time.Minute).Format(time.RFC3339)+". Rotate from then on. If a key is compromised, rotate now and say so.")
	for range 5 {
		r.pass(time.Minute)
	}
	r.pass(59 * time.Second)
	hold("just before the new key signs")
	if kid := segment(t, held["just before the new key signs"], 0)["kid"]; kid != "us-east-1-1" {
		t.Errorf("signed by %v before its time", kid)
	}
	r.pass(time.Second)
	hold("when the new key signs")
	if kid := segment(t, held["when the new key signs"], 0)["kid"]; kid != "us-east-1-2" {
		t.Errorf("signed by %v after its time", kid)
	}
	good("when the new key signs")
	for range 7 {
		r.pass(time.Minute)
	}
	stop()
	r.clock.pass(24*time.Hour - 8*time.Minute)
	delete(held, "before the rotation")
	good("before the last token of the old key expires")
	for n, s := range r.nodes {
		if got := s.kids(); !slices.Equal(got, []string{"us-east-1-2", "us-east-1-1"}) {
			t.Errorf("node %d publishes %v", n, got)
		}
	}
	r.clock.pass(8 * time.Minute)
	r.nodes[0].server.Restart() // which looks at once
	r.nodes[0].waitFor("the old key goes", func() bool { return len(r.nodes[0].kids()) == 1 })
	for n, s := range r.nodes {
		if got := s.kids(); !slices.Equal(got, []string{"us-east-1-2"}) {
			t.Errorf("node %d publishes %v", n, got)
		}
	}
}

// compromise ends a key at once, at every node.
func (r *rotations) compromise() {
	t := r.t
	t.Helper()
	old, err := r.token(r.nodes[0])
	if err != nil {
		t.Fatal(err)
	}
	login := func(s *story) error {
		_, err := call(s.public(), "GetCredentialsForIdentity", map[string]any{
			"IdentityId": segment(t, old, 1)["sub"], "Logins": map[string]string{"cognito-identity.amazonaws.com": old}})
		return err
	}
	for n, s := range r.nodes {
		if err := errors.Join(s.assume(old), login(s)); err != nil {
			t.Errorf("before, at node %d: %v", n, err)
		}
	}
	if _, err := r.nodes[0].daypass("RotateSigningKey", map[string]any{"Compromised": true}); err != nil {
		t.Fatal(err)
	}
	for n := range r.nodes {
		s := r.nodes[len(r.nodes)-1-n]
		if got := codeOf(t, s.assume(old)); got != "InvalidIdentityToken" {
			t.Errorf("a token of the compromised key: %q", got)
		}
		if got := codeOf(t, login(s)); got != "NotAuthorizedException" {
			t.Errorf("a token of the compromised key as a login: %q", got)
		}
		token, err := r.token(s)
		if err != nil {
			t.Fatal(err)
		}
		if kid := segment(t, token, 0)["kid"]; kid != "us-east-1-3" {
			t.Errorf("signed by %v", kid)
		}
		if got := s.kids(); !slices.Equal(got, []string{"us-east-1-3"}) {
			t.Errorf("published %v", got)
		}
		if err := (&verifier{url: s.server.URL, now: r.clock.now}).verify(token); err != nil {
			t.Error(err)
		}
	}
}

// Keys are rotated while clients run, and no token is refused, by us or by others who
// keep the key set for as long as they may.
func TestRotateSigningKeyUnderLoad(t *testing.T) {
	c := newClock()
	r := newRotations(t, c, []*story{newStory(t, daypasstest.Config{Now: c.now})})
	r.rotate()
	r.compromise()
}

// The same over three nodes.
func TestRotateSigningKeyInFleet(t *testing.T) {
	c := newClock()
	r := newRotations(t, c, newFleet(t, 3, daypasstest.Config{Now: c.now}))
	r.rotate()
	r.compromise()
}

// Who may not rotate does not, and what cannot be rotated is refused in words.
func TestRotateSigningKeyRefuses(t *testing.T) {
	var lines syncWriter
	s := newStory(t, daypasstest.Config{SigningKey: oneKey(t), Log: slog.New(slog.NewTextHandler(&lines, nil))})
	wantCause := func(operation, cause string) {
		t.Helper()
		if last := lines.last(); !strings.Contains(last, "operation="+operation) || !strings.Contains(last, "cause="+cause) {
			t.Errorf("the log says %q, want cause=%s", last, cause)
		}
	}
	_, err := s.daypass("RotateSigningKey", map[string]any{"KeyRegion": "eu-west-1"})
	if err == nil {
		t.Error("rotated what is not there")
	}
	wantCause("RotateSigningKey", "signing-key-missing")
	if _, err := s.daypass("RotateRootKey", map[string]any{}); err == nil {
		t.Error("replaced root credentials that are given")
	}
	wantCause("RotateRootKey", "root-key-given")
	for name, test := range map[string]struct {
		in            map[string]any
		code, message string
	}{
		"a region without keys": {map[string]any{"KeyRegion": "eu-west-1"}, "ResourceNotFoundException", "There is no signing key for the region eu-west-1."},
		"no region": {map[string]any{"KeyRegion": "us east"}, "ValidationException",
			"1 validation error detected: Value 'us east' at 'keyRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z0-9-]+"},
	} {
		_, err := s.daypass("RotateSigningKey", test.in)
		if err == nil {
			t.Errorf("%s: rotated", name)
		}
		wantError(t, err, test.code, test.message)
	}
	user := s.user("intern")
	_, err = user.JSON(t.Context(), admin.API, "RotateSigningKey", map[string]any{})
	if got := codeOf(t, err); got != "AccessDeniedException" {
		t.Errorf("without the permission: %q", got)
	}
	s.query("PutUserPolicy", "UserName", "intern", "PolicyName", "rotate", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"daypass:RotateSigningKey","Resource":"*"}]}`)
	if _, err := user.JSON(t.Context(), admin.API, "RotateSigningKey", map[string]any{}); err != nil {
		t.Errorf("with the permission: %v", err)
	}
	if _, err := s.daypass("RotateSigningKey", map[string]any{}); err == nil {
		t.Error("rotated twice")
	}
	wantCause("RotateSigningKey", "signing-key-retiring")
	if got := s.kids(); !slices.Equal(got, []string{"us-east-1-1", "us-east-1-2"}) {
		t.Errorf("published %v", got)
	}
}

// A data directory of the first daypass takes a rotation: its tokens stay good.
func TestRotateAfterUpgrade(t *testing.T) {
	dir, was := oldDirectory(t)
	c := &clock{}
	c.unix.Store(was.At)
	d := daypasstest.Start(t, daypasstest.Config{DataDir: dir, Issuer: was.Issuer, Now: c.now})
	s := &story{t: t, server: d}
	s.pool = s.root("CreateIdentityPool", map[string]any{"IdentityPoolName": "another", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true})["IdentityPoolId"].(string)
	guest := s.mustID("")
	before := s.kids()
	token := func() string {
		t.Helper()
		out, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": guest})
		if err != nil {
			t.Fatal(err)
		}
		return segment(t, out["Token"].(string), 0)["kid"].(string)
	}
	if _, err := s.daypass("RotateSigningKey", map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if got := token(); got != before[0] {
		t.Errorf("signed by %s, want %s", got, before[0])
	}
	c.pass(openid.MaxAge + time.Minute)
	if got := token(); got != "us-east-1-2" {
		t.Errorf("signed by %s", got)
	}
	if kid := segment(t, was.OpenIDToken, 0)["kid"]; kid != before[0] {
		t.Errorf("the old token is of %v", kid)
	}
	if got := s.kids(); len(got) != 2*len(before) || !slices.Contains(got, before[0]) {
		t.Errorf("published %v, and before %v", got, before)
	}
}

// Keys that have signed for their lifetime are replaced by one node of a fleet, however
// many of them look.
func TestSigningKeysByAgeInFleet(t *testing.T) {
	c := newClock()
	f := newFleet(t, 3, daypasstest.Config{Now: c.now, SigningKeyLifetime: 30 * 24 * time.Hour})
	restart := func(want ...string) {
		t.Helper()
		var together sync.WaitGroup
		for _, s := range f {
			together.Go(s.server.Restart) // each of which looks at once
		}
		together.Wait()
		f[0].waitFor("keys are replaced or removed", func() bool { return slices.Equal(f[0].kids(), want) })
		for n, s := range f {
			if got := s.kids(); !slices.Equal(got, want) {
				t.Errorf("node %d publishes %v, want %v", n, got, want)
			}
		}
	}
	c.pass(29*24*time.Hour - time.Second)
	restart("us-east-1-1")
	c.pass(time.Second)
	restart("us-east-1-1", "us-east-1-2")
	c.pass(24 * time.Hour)
	restart("us-east-1-2", "us-east-1-1")
	c.pass(24*time.Hour + 6*time.Minute)
	restart("us-east-1-2")
}

// syncWriter keeps the last line that was written to it.
type syncWriter struct {
	mu   sync.Mutex
	line string
}

func (w *syncWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = string(p)
	return len(p), nil
}

func (w *syncWriter) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}
