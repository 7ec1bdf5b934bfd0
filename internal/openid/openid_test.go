package openid

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/seal"
)

// start is the time at which tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

const testIssuer = "https://id.example.com"

// fixtureKey reads testdata/rsa-NAME.pem.
func fixtureKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "rsa-"+name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(*rsa.PrivateKey)
}

// generator hands out fixture keys 1, 2, … and fails after the last.
type generator struct {
	keys  []*rsa.PrivateKey
	calls atomic.Int32
}

func newGenerator(t testing.TB, names ...string) *generator {
	t.Helper()
	g := &generator{}
	for _, name := range names {
		g.keys = append(g.keys, fixtureKey(t, name))
	}
	return g
}

func (g *generator) generate() (*rsa.PrivateKey, error) {
	n := int(g.calls.Add(1))
	if n > len(g.keys) {
		return nil, errors.New("the test has no more keys")
	}
	return g.keys[n-1], nil
}

// memory is a Store for the tests of this package; the real one is tested
// where it lives.
type memory struct {
	mu      sync.Mutex
	keys    []SigningKey
	list    []SigningKey // what was returned last
	reads   int
	fail    error                     // answers every call
	last    int                       // the number of the last key that was removed
	onAdd   func(SigningKey)          // called before a key is stored
	blocked func(ctx context.Context) // called before a reading
}

func (m *memory) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	if m.blocked != nil {
		m.blocked(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.fail != nil {
		return nil, m.fail
	}
	if !reflect.DeepEqual(m.list, m.keys) {
		m.list = slices.Clone(m.keys)
	}
	return m.list, nil
}

func (m *memory) LastRemovedKey(context.Context, string) (int, error) { return m.last, m.fail }

func (m *memory) RemoveUnusedKeys(context.Context, time.Time, time.Duration, string) ([]string, error) {
	return nil, nil // that is tested where stores are
}

func (m *memory) ChangeSigningKeys(_ context.Context, decide func([]SigningKey) (Change, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	c, err := decide(slices.Clone(m.keys))
	if err != nil {
		return err
	}
	m.keys = slices.DeleteFunc(slices.Clone(m.keys), func(k SigningKey) bool { return slices.Contains(c.Remove, k.KID) })
	m.keys = append(m.keys, c.Add...)
	return nil
}

func (m *memory) AddSigningKey(_ context.Context, key SigningKey, _ Room) (bool, error) {
	if m.onAdd != nil {
		m.onAdd(key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return false, m.fail
	}
	for _, k := range m.keys {
		if k.KID == key.KID {
			return false, nil
		}
	}
	if len(m.keys) == 0 {
		key.SignAfter = key.Created
	}
	m.keys = append(m.keys, key)
	return true, nil
}

func (m *memory) readings() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

func (m *memory) setFail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// clock is a clock that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(start.UnixNano())
	return c
}

func (c *clock) now() time.Time               { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(by time.Duration)     { c.at.Add(int64(by)) }
func (c *clock) claims(region string) *Claims { return guest(region, c.now()) }

func newBox(t testing.TB, master string) *seal.Box {
	t.Helper()
	key, err := seal.Generate(strings.NewReader(strings.Repeat(master, 32)[:32]))
	if err != nil {
		t.Fatal(err)
	}
	return key.Box(Purpose)
}

// newProvider returns a provider of one process on the store.
func newProvider(t testing.TB, store Store, clock *clock, keys ...string) *Provider {
	t.Helper()
	return &Provider{
		Issuer:      testIssuer,
		PublicURL:   testIssuer,
		Store:       store,
		Box:         newBox(t, "a"),
		Now:         clock.now,
		GenerateKey: newGenerator(t, keys...).generate,
	}
}

// guest returns the claims of a guest's token.
func guest(region string, now time.Time) *Claims {
	return &Claims{
		Subject:  region + ":157d6171-ee37-4dd0-86c5-ce7afc0154ab",
		Audience: region + ":0f1e2d3c-4b5a-4697-8877-665544332211",
		AMR:      []string{"unauthenticated"},
		Expires:  now.Add(10 * time.Minute).Unix(),
		IssuedAt: now.Unix(),
	}
}

// verify checks a token with the library and the keys of a key set, and returns
// its kid and payload.
func verify(t testing.TB, p *Provider, token string) (kid, payload string) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS512})
	if err != nil {
		t.Fatal(err)
	}
	kid = jws.Signatures[0].Protected.KeyID
	keys, err := p.Keys(t.Context(), kid)
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys named %q: %v, %v", kid, keys, err)
	}
	plain, err := jws.Verify(keys[0])
	if err != nil {
		t.Fatalf("token signed by %s: %v", kid, err)
	}
	return kid, string(plain)
}

func mustSign(t testing.TB, p *Provider, region string, c *Claims) string {
	t.Helper()
	token, err := p.Sign(t.Context(), region, c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func mustLoad(t testing.TB, p *Provider) {
	t.Helper()
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mustEnsure(t testing.TB, p *Provider, region string) {
	t.Helper()
	if err := p.EnsureKey(t.Context(), region); err != nil {
		t.Fatal(err)
	}
}

// kids lists the published key ids.
func kids(t testing.TB, p *Provider) []string {
	t.Helper()
	keys, err := p.Keys(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range keys {
		out = append(out, k.KeyID)
	}
	return out
}

// stored seals a fixture key for the store.
func stored(t testing.TB, box *seal.Box, region string, number int, signAfter time.Time, fixture string) SigningKey {
	t.Helper()
	k, err := newSigningKey(box, region, number, start, signAfter, fixtureKey(t, fixture))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
