package openid

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/seal"
)

func TestSign(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1")
	mustLoad(t, p)
	token := mustSign(t, p, "us-east-1", c.claims("us-east-1"))

	kid, payload := verify(t, p, token)
	const want = `{"sub":"us-east-1:157d6171-ee37-4dd0-86c5-ce7afc0154ab","aud":"us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211",` +
		`"amr":["unauthenticated"],"iss":"https://id.example.com","exp":1767323645,"iat":1767323045}`
	if kid != "us-east-1-1" || payload != want {
		t.Errorf("got %s, %s", kid, payload)
	}
	header, _, _ := strings.Cut(token, ".")
	plain, err := base64.RawURLEncoding.DecodeString(header)
	if got := string(plain); got != `{"alg":"RS512","kid":"us-east-1-1","typ":"JWS"}` || err != nil {
		t.Errorf("header: got %s, %v", got, err)
	}
	if _, err := p.Sign(t.Context(), "us-east-1", &Claims{}); err == nil || err.Error() != "signing an OpenID token: claims without a subject" {
		t.Errorf("empty claims: got %v", err)
	}
}

func TestChangedTokenIsRefused(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1", "2")
	token := mustSign(t, p, "us-east-1", c.claims("us-east-1"))
	mustEnsure(t, p, "eu-west-1")
	parts := strings.Split(token, ".")
	changed := strings.Replace(token, parts[1][:12], base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x`)), 1)
	jws, err := jose.ParseSignedCompact(changed, []jose.SignatureAlgorithm{jose.RS512})
	if err != nil {
		t.Fatal(err)
	}
	for _, kid := range []string{"us-east-1-1", "eu-west-1-1"} {
		keys, err := p.Keys(t.Context(), kid)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%s: %v, %v", kid, keys, err)
		}
		if _, err := jws.Verify(keys[0]); !errors.Is(err, jose.ErrCryptoFailure) {
			t.Errorf("%s: got %v", kid, err)
		}
	}
}

func TestSignRefusesRegion(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c)
	for _, region := range []string{"", "US-EAST-1", "../../etc", strings.Repeat("a", 1000)} {
		want := `"` + region[:min(64, len(region))] + `" is not the name of a region`
		if _, err := p.Sign(t.Context(), region, c.claims("us-east-1")); err == nil || err.Error() != want {
			t.Errorf("Sign: got %v", err)
		}
		if err := p.EnsureKey(t.Context(), region); err == nil || err.Error() != want {
			t.Errorf("EnsureKey: got %v", err)
		}
	}
	if store.reads != 0 || len(store.keys) != 0 {
		t.Errorf("the store was read %d times and has %d keys", store.reads, len(store.keys))
	}
}

// A key is stored before it is published and published before it signs.
func TestEnsureKeyOrder(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustLoad(t, p)
	store.onAdd = func(k SigningKey) {
		if p.set.Load().byKID[k.KID] != nil || p.current(k.Region) != nil {
			t.Error("the key is in use before it is stored")
		}
	}
	mustEnsure(t, p, "us-east-1")
	mustEnsure(t, p, "us-east-1")

	k := p.current("us-east-1")
	if k == nil || p.set.Load().byKID[k.KID] != k || !slices.Contains(p.set.Load().keys, k) {
		t.Fatal("the key that signs is not published")
	}
	if !bytes.Contains(p.set.Load().document.body, []byte(`"kid":"us-east-1-1"`)) {
		t.Error("the key that signs is not in the document")
	}
	created := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	want := []SigningKey{{KID: "us-east-1-1", Region: "us-east-1", Created: created, SignAfter: created,
		Certificate: k.Certificate, Sealed: k.Sealed}}
	if diff := cmp.Diff(want, store.keys); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestEnsureKeyConcurrently(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c)
	g := newGenerator(t, "1", "2", "3")
	p.GenerateKey = g.generate
	regions := []string{"us-east-1", "eu-west-1", "us-gov-west-1"}
	var wg sync.WaitGroup
	for i := range 3 * 64 {
		wg.Go(func() {
			region := regions[i%3]
			if err := p.EnsureKey(t.Context(), region); err != nil {
				t.Error(err)
			}
			if p.current(region) == nil {
				t.Error("EnsureKey returned before the key could sign")
			}
		})
	}
	wg.Wait()
	if got := g.calls.Load(); got != 3 {
		t.Errorf("%d keys were generated", got)
	}
	if got := store.readings(); got != 6 { // before and after making each key
		t.Errorf("the store was read %d times", got)
	}
	if got := kids(t, p); !slices.Equal(got, []string{"eu-west-1-1", "us-east-1-1", "us-gov-west-1-1"}) {
		t.Errorf("published: %v", got)
	}
}

// A region's first key signs when no verifier can have a set without it. Until then
// the first region's signs, or where that has none another one that all can know. The
// very first key signs at once, and nobody keeps a set that lacks it.
func TestKeysArePublishedBeforeTheySign(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1", "2", "3")
	p.Region = "us-east-1"
	mustLoad(t, p)
	signedBy := func(region, want string) {
		t.Helper()
		if kid, _ := verify(t, p, mustSign(t, p, region, c.claims(region))); kid != want {
			t.Errorf("%s signs for %s, want %s", kid, region, want)
		}
	}
	kept := func() string {
		w := httptest.NewRecorder()
		p.serveKeys(w, httptest.NewRequest(http.MethodGet, "/.well-known/jwks_uri", nil))
		return w.Header().Get("Cache-Control")
	}
	if got := kept(); got != "no-store" {
		t.Errorf("a set without keys has Cache-Control %q", got)
	}
	signedBy("eu-west-1", "eu-west-1-1")
	if got := kept(); got != "public, max-age=300" {
		t.Errorf("a set with a key has Cache-Control %q", got)
	}
	mustEnsure(t, p, "us-east-1")
	if got := kids(t, p); !slices.Equal(got, []string{"us-east-1-1", "eu-west-1-1"}) {
		t.Errorf("published: %v", got)
	}
	signedBy("us-east-1", "eu-west-1-1")
	c.advance(MaxAge + time.Minute - time.Millisecond)
	signedBy("us-east-1", "eu-west-1-1")
	c.advance(time.Millisecond)
	signedBy("us-east-1", "us-east-1-1")
	mustEnsure(t, p, "ap-east-1")
	signedBy("ap-east-1", "us-east-1-1") // not eu-west-1-1, though it is older
	c.advance(MaxAge + time.Minute)
	signedBy("ap-east-1", "ap-east-1-1")
}

// Two processes both find no key, both make one, and both end with the one that
// was stored first.
func TestTwoProcesses(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c), newProvider(t, store, c)
	var both sync.WaitGroup
	both.Add(2)
	for p, name := range map[*Provider]string{a: "1", b: "2"} {
		private := fixtureKey(t, name)
		p.GenerateKey = func() (*rsa.PrivateKey, error) {
			both.Done()
			both.Wait() // nobody stores before both have found nothing
			return private, nil
		}
	}
	tokens := make([]string, 2)
	var wg sync.WaitGroup
	for i, p := range []*Provider{a, b} {
		wg.Go(func() {
			var err error
			if tokens[i], err = p.Sign(t.Context(), "us-east-1", c.claims("us-east-1")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(store.keys) != 1 {
		t.Fatalf("%d keys are stored", len(store.keys))
	}
	for _, token := range tokens {
		verify(t, a, token)
		verify(t, b, token)
	}
	if tokens[0] != tokens[1] { // RS512 is deterministic, so one key makes one token
		t.Error("the processes sign with different keys")
	}
}

// Keys that another process made are found when their kid turns up. Made-up kids make
// no work while nothing has changed.
func TestKeysOfAnotherProcess(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c, "1", "2"), newProvider(t, store, c)
	mustLoad(t, b)
	token := mustSign(t, a, "us-east-1", c.claims("us-east-1"))
	if kid, _ := verify(t, b, token); kid != "us-east-1-1" {
		t.Errorf("got %s", kid)
	}
	mustEnsure(t, a, "eu-west-1")
	madeUp := func() *keySet {
		for _, kid := range []string{"us-east-1-2", "eu-west-1-9", "x", "us-east-11", "us-east-1-1'--"} {
			if keys, err := b.Keys(t.Context(), kid); len(keys) != 0 || err != nil {
				t.Errorf("%s: got %v, %v", kid, keys, err)
			}
		}
		return b.set.Load()
	}
	if before := madeUp(); madeUp() != before {
		t.Error("the set is made anew although nothing has changed")
	}
	if got := kids(t, b); !slices.Equal(got, []string{"eu-west-1-1", "us-east-1-1"}) {
		t.Errorf("published: %v", got)
	}
	mustSign(t, b, "eu-west-1", c.claims("eu-west-1"))
}

// A key that another node has removed signs and verifies nothing any more: the node
// that still has it in memory makes another one.
func TestKeyThatAnotherNodeRemoved(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1", "2")
	p.Shared = true
	mustLoad(t, p)
	token := mustSign(t, p, "us-east-1", c.claims("us-east-1"))
	store.mu.Lock()
	store.keys, store.last = nil, 1
	store.mu.Unlock()
	if keys, err := p.Keys(t.Context(), "us-east-1-1"); len(keys) != 0 || err != nil {
		t.Errorf("a key that was removed is %v, %v", keys, err)
	}
	again := mustSign(t, p, "us-east-1", c.claims("us-east-1"))
	if again == token {
		t.Error("signed with the key that was removed")
	}
	if kid, _ := verify(t, p, again); kid != "us-east-1-2" {
		t.Errorf("signed with %s", kid)
	}
	store.setFail(errors.New("away"))
	if _, err := p.Sign(t.Context(), "us-east-1", c.claims("us-east-1")); err == nil {
		t.Error("signed although nobody knows whether the key is there")
	}
}

// A region whose key another process has made is not given a second one.
func TestEnsureKeyFindsStoredKey(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c, "1"), newProvider(t, store, c)
	mustLoad(t, b)
	mustEnsure(t, a, "us-east-1")
	verify(t, a, mustSign(t, b, "us-east-1", c.claims("us-east-1"))) // b cannot generate
}

func TestKeysWhenStoreFails(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustEnsure(t, p, "us-east-1")
	trouble := errors.New("disk on fire")
	store.setFail(trouble)
	c.advance(failedFloor)
	for range 2 { // the second is within the floor and hears the same
		if keys, err := p.Keys(t.Context(), "us-east-1-2"); !errors.Is(err, trouble) || keys != nil {
			t.Errorf("unknown kid: got %v, %v", keys, err)
		}
	}
	if keys, err := p.Keys(t.Context(), "us-east-1-1"); len(keys) != 1 || err != nil {
		t.Errorf("known kid: got %v, %v", keys, err)
	}
	store.setFail(nil)
	c.advance(failedFloor)
	if keys, err := p.Keys(t.Context(), "us-east-1-2"); len(keys) != 0 || err != nil {
		t.Errorf("afterwards: got %v, %v", keys, err)
	}
}

// A stranger who hangs up does not spoil the reading for the others.
func TestRefreshOutlivesCaller(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c, "1"), newProvider(t, store, c)
	mustLoad(t, b)
	mustEnsure(t, a, "us-east-1")
	c.advance(failedFloor)
	ctx, hangUp := context.WithCancel(t.Context())
	store.blocked = func(context.Context) { hangUp() }
	if keys, err := b.Keys(ctx, "us-east-1-1"); len(keys) != 1 || err != nil {
		t.Errorf("got %v, %v", keys, err)
	}
}

func TestPublicKeys(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1")
	mustEnsure(t, p, "us-east-1")
	for _, kid := range []string{"us-east-1-1", ""} {
		got, err := p.Keys(t.Context(), kid)
		want := []jose.JSONWebKey{{Key: &fixtureKey(t, "1").PublicKey, KeyID: "us-east-1-1", Algorithm: "RS512", Use: "sig"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", kid, err, diff)
		}
		if !got[0].IsPublic() {
			t.Error("the key is not public")
		}
	}
}

func TestRestart(t *testing.T) {
	c := newClock()
	store := &memory{}
	before := newProvider(t, store, c, "1", "2")
	old := mustSign(t, before, "us-east-1", c.claims("us-east-1"))
	mustEnsure(t, before, "eu-west-1")

	c.advance(24 * time.Hour)
	after := newProvider(t, store, c) // which cannot generate
	mustLoad(t, after)
	if kid, _ := verify(t, after, old); kid != "us-east-1-1" {
		t.Errorf("old token: %s", kid)
	}
	if kid, _ := verify(t, before, mustSign(t, after, "us-east-1", c.claims("us-east-1"))); kid != "us-east-1-1" {
		t.Errorf("new token: %s", kid)
	}
	if diff := cmp.Diff(string(before.set.Load().document.body), string(after.set.Load().document.body)); diff != "" {
		t.Errorf("the key set changed (-before +after):\n%s", diff)
	}
}

func TestRotation(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c)
	now := c.now()
	for number, fixture := range []string{1: "1", 2: "2", 10: "3"} {
		if fixture != "" {
			store.keys = append(store.keys, stored(t, p.Box, "us-east-1", number, now.Add(time.Duration(number)*time.Hour), fixture))
		}
	}
	slices.Reverse(store.keys) // the store promises no order
	mustLoad(t, p)

	if got := kids(t, p); !slices.Equal(got, []string{"us-east-1-1", "us-east-1-2", "us-east-1-10"}) {
		t.Errorf("published: %v", got)
	}
	var tokens []string
	for _, step := range []struct {
		hour int
		want string
	}{
		{0, "us-east-1-1"}, // nobody's time has come: the oldest
		{1, "us-east-1-1"},
		{2, "us-east-1-2"},
		{9, "us-east-1-2"},
		{10, "us-east-1-10"},
		{1000, "us-east-1-10"},
	} {
		c.at.Store(now.Add(time.Duration(step.hour) * time.Hour).UnixNano())
		tokens = append(tokens, mustSign(t, p, "us-east-1", c.claims("us-east-1")))
		if kid, _ := verify(t, p, tokens[len(tokens)-1]); kid != step.want {
			t.Errorf("hour %d: signed by %s, want %s", step.hour, kid, step.want)
		}
	}
	for _, token := range tokens {
		verify(t, p, token)
	}

	store.keys = store.keys[1:2] // two are withdrawn
	mustLoad(t, p)
	if got := kids(t, p); !slices.Equal(got, []string{"us-east-1-2"}) {
		t.Errorf("published: %v", got)
	}
}

// The key of the home region comes first, whatever the alphabet says.
func TestHomeKeyFirst(t *testing.T) {
	c, store := newClock(), &memory{}
	for region, fixture := range map[string]string{"eu-west-1": "1", "us-east-1": "2", "us-west-2": "3"} {
		store.keys = append(store.keys, stored(t, newBox(t, "a"), region, 1, c.now(), fixture))
	}
	for home, want := range map[string][]string{
		"":          {"eu-west-1-1", "us-east-1-1", "us-west-2-1"},
		"us-east-1": {"us-east-1-1", "eu-west-1-1", "us-west-2-1"},
		"us-west-2": {"us-west-2-1", "eu-west-1-1", "us-east-1-1"},
		"sa-east-1": {"eu-west-1-1", "us-east-1-1", "us-west-2-1"},
	} {
		p := newProvider(t, store, c)
		p.Region = home
		mustLoad(t, p)
		if got := kids(t, p); !slices.Equal(got, want) {
			t.Errorf("home %q: %v, want %v", home, got, want)
		}
		var set struct {
			Keys []struct {
				KID string `json:"kid"`
			} `json:"keys"`
		}
		_, body := do(t, p, "GET", "/.well-known/jwks_uri")
		if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != len(want) || set.Keys[0].KID != want[0] {
			t.Errorf("home %q: published %v, %v", home, set, err)
		}
	}
}

// With one key for all regions the keys from before are published still and what
// they signed verifies, but they sign nothing more.
func TestOneKey(t *testing.T) {
	c, store := newClock(), &memory{}
	p := newProvider(t, store, c, "1", "2")
	mustLoad(t, p)
	old := mustSign(t, p, "eu-west-1", c.claims("eu-west-1"))

	p.Region, p.OneKey = "us-east-1", true
	mustEnsure(t, p, "eu-west-1") // makes the key of us-east-1
	mustEnsure(t, p, "ap-south-1")
	for _, region := range []string{"eu-west-1", "us-east-1", "ap-south-1"} {
		if kid, _ := verify(t, p, mustSign(t, p, region, c.claims(region))); kid != "us-east-1-1" {
			t.Errorf("%s: signed by %s", region, kid)
		}
	}
	if kid, _ := verify(t, p, old); kid != "eu-west-1-1" {
		t.Errorf("the old token: %s", kid)
	}
	mustLoad(t, p)
	if got, want := kids(t, p), []string{"us-east-1-1", "eu-west-1-1"}; !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	if err := (&Provider{Issuer: testIssuer, OneKey: true}).Load(t.Context()); err == nil ||
		err.Error() != `one key is to sign for all regions, and "" is not the name of its region` {
		t.Errorf("one key of no region: %v", err)
	}
}

// As many regions as may have keys have them: the one key is made all the same,
// since without it nobody would get a token.
func TestOneKeyBesideManyRegions(t *testing.T) {
	c, store := newClock(), &memory{}
	box := newBox(t, "a")
	for n := range MaxRegions {
		store.keys = append(store.keys, stored(t, box, fmt.Sprintf("qq-east-%d", n+1), 1, c.now(), "1"))
	}
	p := newProvider(t, store, c, "2")
	mustLoad(t, p)
	if err := p.EnsureKey(t.Context(), "us-east-1"); !errors.Is(err, ErrTooManyRegions) {
		t.Errorf("a key for each region: %v", err)
	}
	p.Region, p.OneKey = "us-east-1", true
	mustEnsure(t, p, "eu-west-1")
}

// Tags are repeated in the claim that SeaweedFS reads, where that is asked for; no
// caller can put anything else there.
func TestFlatTags(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1")
	mustLoad(t, p)
	tagged := c.claims("us-east-1")
	tagged.Tags, tagged.FlatTags = Tags{"team": "red", "dept": "a b"}, map[string]string{"team": "blue"}
	const nested, flat = `"https://aws.amazon.com/tags":{"principal_tags":{"dept":["a b"],"team":["red"]}}`,
		`"https://aws.amazon.com/tags/principal_tags":{"dept":"a b","team":"red"}`
	for _, tt := range []struct {
		flat   bool
		claims *Claims
		want   string
	}{
		{false, tagged, `"amr":["unauthenticated"],` + nested + `,"iss"`},
		{true, tagged, `"amr":["unauthenticated"],` + nested + "," + flat + `,"iss"`},
		{true, c.claims("us-east-1"), `"amr":["unauthenticated"],"iss"`},
	} {
		p.FlatTags = tt.flat
		if _, payload := verify(t, p, mustSign(t, p, "us-east-1", tt.claims)); !strings.Contains(payload, tt.want) {
			t.Errorf("flat %v: %s", tt.flat, payload)
		}
	}
}

// What may reach a client is never for a target, and what is for one has that
// audience alone. No identity pool can have it.
func TestSignForTarget(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1")
	mustLoad(t, p)
	pool := c.claims("us-east-1")
	token, err := p.SignForTarget(t.Context(), "us-east-1", "store", pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, payload := verify(t, p, token); !strings.Contains(payload, `"aud":"daypass-target:store"`) || strings.Contains(payload, pool.Audience) {
		t.Error(payload)
	}
	pool.Audience = "daypass-target:store"
	if token, err := p.Sign(t.Context(), "us-east-1", pool); err == nil || token != "" || err.Error() != `a token for "daypass-target:store" is not for clients` {
		t.Errorf("%q, %v", token, err)
	}
	if ValidRegion(strings.TrimSuffix(TargetAudience, ":")) {
		t.Error("an identity pool could have the audience")
	}
}

func TestEqualSignAfter(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c)
	store.keys = []SigningKey{stored(t, p.Box, "us-east-1", 2, start, "2"), stored(t, p.Box, "us-east-1", 1, start, "1")}
	mustLoad(t, p)
	if got := p.current("us-east-1").KID; got != "us-east-1-2" {
		t.Errorf("got %s", got)
	}
}

// A rotation may move SignAfter of a key that is loaded already.
func TestReloadTakesNewSignAfter(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c)
	store.keys = []SigningKey{stored(t, p.Box, "us-east-1", 1, start, "1"), stored(t, p.Box, "us-east-1", 2, start.Add(time.Hour), "2")}
	mustLoad(t, p)
	store.keys[1].SignAfter = start
	mustLoad(t, p)
	if got := p.current("us-east-1").KID; got != "us-east-1-2" {
		t.Errorf("got %s", got)
	}
}

// What is reused on a reload is the opening of the same bytes only.
func TestReloadOpensChangedKey(t *testing.T) {
	store := &memory{}
	p := newProvider(t, store, newClock())
	store.keys = []SigningKey{stored(t, p.Box, "us-east-1", 1, start, "1")}
	mustLoad(t, p)
	first := p.current("us-east-1")
	mustLoad(t, p)
	if again := p.current("us-east-1"); again.signer != first.signer {
		t.Error("an unchanged key was opened again")
	}
	store.keys[0] = stored(t, p.Box, "us-east-1", 1, start, "2")
	mustLoad(t, p)
	if got := p.current("us-east-1").public; !got.Equal(&fixtureKey(t, "2").PublicKey) {
		t.Error("the old key is still published")
	}
}

func TestLoadNeedsIssuer(t *testing.T) {
	p := newProvider(t, &memory{}, newClock())
	p.Issuer, p.PublicURL = "", ""
	if err := p.Load(t.Context()); err == nil || err.Error() != "the OpenID provider has no issuer" {
		t.Errorf("got %v", err)
	}
}

func TestWrongMasterKey(t *testing.T) {
	c := newClock()
	store := &memory{}
	first := newProvider(t, store, c, "1")
	mustEnsure(t, first, "us-east-1")

	wrong := newProvider(t, store, c, "2")
	wrong.Box = newBox(t, "b")
	want := &UnsealError{KID: "us-east-1-1", SealedUnder: first.Box.KeyID(), MasterKey: wrong.Box.KeyID()}
	for name, err := range map[string]error{
		"Load":      wrong.Load(t.Context()),
		"EnsureKey": wrong.EnsureKey(t.Context(), "us-east-1"),
	} {
		var got *UnsealError
		if !errors.As(err, &got) || *got != *want || !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	text := "wrong master key: signing key us-east-1-1 was sealed under master key " + first.Box.KeyID().String() +
		", this is " + wrong.Box.KeyID().String()
	if want.Error() != text || want.SealedUnder == want.MasterKey {
		t.Errorf("got %v, want %s", want, text)
	}
	if len(store.keys) != 1 {
		t.Errorf("%d keys are stored", len(store.keys))
	}
}

func TestLoadRefuses(t *testing.T) {
	box := newBox(t, "a")
	east, west := stored(t, box, "us-east-1", 1, start, "1"), stored(t, box, "us-west-2", 1, start, "2")
	damaged := "signing key us-east-1-1 does not open under its own master key " + box.KeyID().String() +
		": the stored key is damaged or is another one's"
	notRSA := box.Seal(nil, []byte("not a key"), AdditionalData("us-east-1-1", "us-east-1"))
	short := box.Seal(nil, pkcs8(t, fixtureKey(t, "1024")), AdditionalData("us-east-1-1", "us-east-1"))
	flipped := bytes.Clone(east.Sealed)
	flipped[len(flipped)-1] ^= 1
	for name, tt := range map[string]struct {
		change func(k *SigningKey)
		want   string
	}{
		"damaged":           {func(k *SigningKey) { k.Sealed = flipped }, damaged},
		"empty":             {func(k *SigningKey) { k.Sealed = nil }, damaged},
		"moved":             {func(k *SigningKey) { k.Sealed = west.Sealed }, damaged},
		"other number":      {func(k *SigningKey) { k.KID = "us-east-1-2" }, strings.Replace(damaged, "us-east-1-1", "us-east-1-2", 1)},
		"region not kid's":  {func(k *SigningKey) { k.Region = "us-west-2" }, `signing key "us-east-1-1" of region "us-west-2": the key id must be the region and a number`},
		"bad kid":           {func(k *SigningKey) { k.KID = "us-east-1" }, `signing key "us-east-1" of region "us-east-1": the key id must be the region and a number`},
		"not a key":         {func(k *SigningKey) { k.Sealed = notRSA }, "signing key us-east-1-1: what was sealed is not an RSA key"},
		"short key":         {func(k *SigningKey) { k.Sealed = short }, "an RSA key of 1024 bits is too short to sign tokens"},
		"other certificate": {func(k *SigningKey) { k.Certificate = west.Certificate }, "signing key us-east-1-1: its certificate is of another key"},
		"bad certificate":   {func(k *SigningKey) { k.Certificate = []byte{1} }, "signing key us-east-1-1: its certificate: x509: malformed certificate"},
	} {
		k := east
		tt.change(&k)
		p := newProvider(t, &memory{keys: []SigningKey{west, k}}, newClock())
		if err := p.Load(t.Context()); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, tt.want)
		}
		if keys, _ := p.Keys(t.Context(), "us-west-2-1"); len(keys) != 0 {
			t.Errorf("%s: some keys are published", name)
		}
	}
	twice := newProvider(t, &memory{keys: []SigningKey{east, east}}, newClock())
	if err := twice.Load(t.Context()); err == nil || err.Error() != "the store has two signing keys us-east-1-1" {
		t.Errorf("twice: got %v", err)
	}
}

// A reading that fails leaves the published keys as they were.
func TestReloadKeepsKeysOnError(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustEnsure(t, p, "us-east-1")
	bad := stored(t, p.Box, "eu-west-1", 1, start, "2")
	bad.Sealed = bad.Sealed[:20]
	store.keys = append(store.keys, bad)
	var unseal *UnsealError
	if err := p.Load(t.Context()); !errors.As(err, &unseal) || unseal.KID != "eu-west-1-1" {
		t.Errorf("got %v", err)
	}
	verify(t, p, mustSign(t, p, "us-east-1", c.claims("us-east-1")))
}

func TestEnsureKeyFails(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustLoad(t, p)
	trouble := errors.New("disk full")
	store.onAdd = func(SigningKey) { store.setFail(trouble) }
	if err := p.EnsureKey(t.Context(), "us-east-1"); !errors.Is(err, trouble) || err.Error() != "storing signing key us-east-1-1: disk full" {
		t.Errorf("storing: got %v", err)
	}
	store.onAdd = nil
	if err := p.EnsureKey(t.Context(), "us-east-1"); !errors.Is(err, trouble) || err.Error() != "reading the signing keys: disk full" {
		t.Errorf("reading: got %v", err)
	}
	store.setFail(nil)
	if got := kids(t, p); got != nil {
		t.Errorf("published: %v", got)
	}
	p.GenerateKey = newGenerator(t, "1024").generate
	if err := p.EnsureKey(t.Context(), "us-east-1"); err == nil || err.Error() != "making a signing key for us-east-1: an RSA key of 1024 bits is too short to sign tokens" {
		t.Errorf("short key: got %v", err)
	}
	if err := p.EnsureKey(t.Context(), "us-east-1"); err == nil || err.Error() != "making a signing key for us-east-1: the test has no more keys" {
		t.Errorf("generating: got %v", err)
	}
	p.GenerateKey = newGenerator(t, "1").generate
	mustEnsure(t, p, "us-east-1")
}

// Who waits for a key gives up with the context, and takes nobody along.
func TestWaitingGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		p := newProvider(t, &memory{}, c)
		generating, goOn := make(chan struct{}), make(chan struct{})
		private := fixtureKey(t, "1")
		p.GenerateKey = func() (*rsa.PrivateKey, error) {
			close(generating)
			<-goOn
			return private, nil
		}
		made := make(chan error, 1)
		go func() { made <- p.EnsureKey(t.Context(), "us-east-1") }()
		<-generating

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.EnsureKey(ctx, "us-east-1")
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "waiting for the signing key of us-east-1: context deadline exceeded" {
			t.Errorf("got %v", err)
		}
		p.GenerateKey = nil
		close(goOn)
		if err := <-made; err != nil {
			t.Error(err)
		}
		mustEnsure(t, p, "us-east-1")
	})
}

func TestDefaults(t *testing.T) {
	var log bytes.Buffer
	p := &Provider{PublicURL: testIssuer, Store: &memory{}, Box: newBox(t, "a"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	mustLoad(t, p)
	token := mustSign(t, p, "us-east-1", guest("us-east-1", time.Now()))
	if kid, payload := verify(t, p, token); kid != "us-east-1-1" || !strings.Contains(payload, `"iss":"`+testIssuer+`"`) {
		t.Errorf("got %s, %s", kid, payload)
	}
	k := p.current("us-east-1")
	if bits := k.public.N.BitLen(); bits != 2048 {
		t.Errorf("%d bits", bits)
	}
	if age := time.Since(k.Created); age < 0 || age > time.Hour {
		t.Errorf("created %v", k.Created)
	}
	if got := log.String(); !strings.Contains(got, `msg="signing key made" kid=us-east-1-1 region=us-east-1`) {
		t.Errorf("log: %s", got)
	}
}
