package openid

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// A key that replaces another one is published before it signs and first in its region
// once it does; the old one stays until its last token has expired everywhere, and until
// then there is no other rotation.
func TestRotate(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1", "2", "3")
	mustEnsure(t, p, "us-east-1")
	c.advance(time.Hour)
	signedBy := func(want string) string {
		t.Helper()
		token := mustSign(t, p, "us-east-1", c.claims("us-east-1"))
		if kid, _ := verify(t, p, token); kid != want {
			t.Errorf("signed by %s, want %s", kid, want)
		}
		return token
	}
	tend := func(want ...string) {
		t.Helper()
		if err := p.tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := kids(t, p); !slices.Equal(got, want) {
			t.Errorf("published %v, want %v", got, want)
		}
	}
	rotated := c.now().Truncate(time.Millisecond).UTC()
	done, err := p.Rotate(t.Context(), "us-east-1", false)
	if err != nil || len(done) != 1 {
		t.Fatal(done, err)
	}
	signs, ends := rotated.Add(6*time.Minute), rotated.Add(24*time.Hour+12*time.Minute)
	want := Rotated{Key: store.keys[1], Replaced: []string{"us-east-1-1"}, Ends: ends}
	if diff := cmp.Diff(want, done[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if k := done[0].Key; k.KID != "us-east-1-2" || !k.SignAfter.Equal(signs) || !k.Created.Equal(rotated) {
		t.Errorf("the new key is %s, made %s, signs after %s", k.KID, k.Created, k.SignAfter)
	}
	refused := func(while string) {
		t.Helper()
		for _, region := range []string{"us-east-1", ""} {
			_, err := p.Rotate(t.Context(), region, false)
			want := &RetiringError{KID: "us-east-1-1", Successor: "us-east-1-2", Until: ends}
			if got, ok := errors.AsType[*RetiringError](err); !ok || !cmp.Equal(want, got) {
				t.Errorf("%s: %v, want %v", while, err, want)
			}
		}
	}
	old := signedBy("us-east-1-1")
	tend("us-east-1-1", "us-east-1-2")
	refused("the new key does not sign yet")
	c.at.Store(signs.Add(-time.Millisecond).UnixNano())
	signedBy("us-east-1-1")
	c.at.Store(signs.UnixNano())
	signedBy("us-east-1-2")
	tend("us-east-1-2", "us-east-1-1")
	c.at.Store(ends.Add(-time.Millisecond).UnixNano())
	tend("us-east-1-2", "us-east-1-1")
	verify(t, p, old)
	refused("the old key verifies")
	c.at.Store(ends.UnixNano())
	tend("us-east-1-2")
	if keys, err := p.Keys(t.Context(), "us-east-1-1"); len(keys) != 0 || err != nil {
		t.Errorf("the old key is %v, %v", keys, err)
	}
	if _, err := p.Rotate(t.Context(), "", false); err != nil {
		t.Error(err)
	}
	tend("us-east-1-2", "us-east-1-3")
}

// A rotation does not wait for the background work to remove what has ended.
func TestRotateRemovesWhatHasEnded(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1", "2", "3")
	mustEnsure(t, p, "us-east-1")
	for range 2 {
		if _, err := p.Rotate(t.Context(), "us-east-1", false); err != nil {
			t.Fatal(err)
		}
		c.advance(publishedBefore + retiredFor)
	}
	mustLoad(t, p)
	if got := kids(t, p); !slices.Equal(got, []string{"us-east-1-3", "us-east-1-2"}) {
		t.Errorf("published %v", got)
	}
}

// A key that is compromised is gone at once, and so is any other of its region; the new
// one signs at once. That works at any time.
func TestRotateCompromised(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1", "2", "3", "1")
	mustEnsure(t, p, "us-east-1")
	mustEnsure(t, p, "eu-west-1")
	c.advance(time.Hour)
	if _, err := p.Rotate(t.Context(), "us-east-1", false); err != nil {
		t.Fatal(err)
	}
	done, err := p.Rotate(t.Context(), "us-east-1", true)
	if err != nil || len(done) != 1 {
		t.Fatal(done, err)
	}
	if d := done[0]; d.Key.KID != "us-east-1-3" || !slices.Equal(d.Replaced, []string{"us-east-1-1", "us-east-1-2"}) || !d.Ends.IsZero() {
		t.Errorf("got %s for %v until %v", d.Key.KID, d.Replaced, d.Ends)
	}
	if kid, _ := verify(t, p, mustSign(t, p, "us-east-1", c.claims("us-east-1"))); kid != "us-east-1-3" {
		t.Errorf("signed by %s", kid)
	}
	if got := kids(t, p); !slices.Equal(got, []string{"eu-west-1-1", "us-east-1-3"}) {
		t.Errorf("published %v", got)
	}
}

// All regions get a key or none does, and there must be one to replace.
func TestRotateAllRegions(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1", "2", "3", "1", "2")
	if _, err := p.Rotate(t.Context(), "", false); !errors.Is(err, ErrNoKeys) {
		t.Errorf("no keys: %v", err)
	}
	mustEnsure(t, p, "us-east-1")
	mustEnsure(t, p, "eu-west-1")
	for _, region := range []string{"ap-south-1", "'", strings.Repeat("x", 99)} {
		if _, err := p.Rotate(t.Context(), region, true); !errors.Is(err, ErrNoKeys) {
			t.Errorf("%s: %v", region, err)
		}
	}
	store.setFail(errors.New("away"))
	if _, err := p.Rotate(t.Context(), "", false); err == nil || err.Error() != "reading the signing keys: away" {
		t.Errorf("without the store: %v", err)
	}
	store.setFail(nil)
	done, err := p.Rotate(t.Context(), "", false)
	if err != nil || len(done) != 2 || done[0].Key.KID != "eu-west-1-2" || done[1].Key.KID != "us-east-1-2" {
		t.Errorf("%v, %v", done, err)
	}
	if _, err := p.Rotate(t.Context(), "", false); err == nil {
		t.Error("rotated although keys are still in use")
	}
	if len(store.keys) != 4 {
		t.Errorf("%d keys", len(store.keys))
	}
}

// Where another node stores something between plan and deed, the rotation is planned
// anew: nothing is replaced twice, and no key ID is given twice.
func TestRotationsAtSeveralNodes(t *testing.T) {
	for name, test := range map[string]struct {
		compromised bool
		made, left  []string
	}{
		"one of them": {false, []string{"us-east-1-2"}, []string{"us-east-1-1", "us-east-1-2"}},
		"all of them": {true, []string{"us-east-1-2", "us-east-1-3", "us-east-1-4"}, []string{"us-east-1-4"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			store := &memory{}
			store.keys = append(store.keys, mustKey(newSigningKey(newBox(t, "a"), "us-east-1", 1, start, start, fixtureKey(t, "1"))))
			var together, planned sync.WaitGroup
			planned.Add(3)
			var mu sync.Mutex
			var made []string
			for range 3 {
				p := newProvider(t, store, c)
				private := fixtureKey(t, "2")
				once := sync.OnceFunc(func() { planned.Done(); planned.Wait() })
				p.GenerateKey = func() (*rsa.PrivateKey, error) { once(); return private, nil }
				together.Go(func() {
					done, err := p.Rotate(t.Context(), "", test.compromised)
					mu.Lock()
					defer mu.Unlock()
					if _, refused := errors.AsType[*RetiringError](err); err != nil && (test.compromised || !refused) {
						t.Error(err)
					}
					for _, d := range done {
						made = append(made, d.Key.KID)
					}
				})
			}
			together.Wait()
			slices.Sort(made)
			var left []string
			for _, k := range store.keys {
				left = append(left, k.KID)
			}
			if !slices.Equal(made, test.made) || !slices.Equal(left, test.left) {
				t.Errorf("made %v, want %v; %v are left, want %v", made, test.made, left, test.left)
			}
		})
	}
}

func mustKey(k SigningKey, err error) SigningKey {
	if err != nil {
		panic(err)
	}
	return k
}

// A key that has signed for its lifetime is replaced by one that was published a day
// before, without anybody asking, and by one node.
func TestKeyLifetime(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c, "1", "2", "3"), newProvider(t, store, c, "1")
	const lifetime = 30 * 24 * time.Hour
	a.KeyLifetime, b.KeyLifetime = lifetime, lifetime
	mustEnsure(t, a, "us-east-1")
	first := c.now()
	tend := func(want ...string) {
		t.Helper()
		for _, p := range []*Provider{a, b} {
			if err := p.tend(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := kids(t, p); !slices.Equal(got, want) {
				t.Errorf("published %v, want %v", got, want)
			}
		}
	}
	ages := func(want time.Duration) {
		t.Helper()
		a.SigningAges(func(region string, age time.Duration) {
			if region != "us-east-1" || age.Round(time.Second) != want {
				t.Errorf("the key of %s is %s old, want %s", region, age, want)
			}
		})
	}
	tend("us-east-1-1")
	c.advance(lifetime - agedAhead - time.Second)
	tend("us-east-1-1")
	ages(lifetime - agedAhead - time.Second)
	c.advance(time.Second)
	tend("us-east-1-1", "us-east-1-2")
	if got := store.keys[1].SignAfter; got.Before(first.Add(lifetime).Truncate(time.Millisecond)) || got.After(first.Add(lifetime)) {
		t.Errorf("it signs after %s, want a day from now", got)
	}
	c.advance(agedAhead)
	tend("us-east-1-2", "us-east-1-1")
	ages(0)
	c.advance(retiredFor)
	tend("us-east-1-2")
	c.advance(lifetime)
	tend("us-east-1-2", "us-east-1-3") // long overdue, and published for a day all the same
	ages(lifetime + retiredFor)
	c.advance(agedAhead)
	ages(0)
}

// A key whose lifetime is over is not replaced while one that it has replaced verifies
// tokens, nor where another region's key signs for it.
func TestKeyLifetimeLeavesAlone(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1", "2", "3")
	mustEnsure(t, p, "eu-west-1")
	p.Region, p.OneKey, p.KeyLifetime = "us-east-1", true, MinKeyLifetime
	mustEnsure(t, p, "eu-west-1") // makes the key of us-east-1
	c.advance(MinKeyLifetime)
	if _, err := p.Rotate(t.Context(), "us-east-1", false); err != nil {
		t.Fatal(err)
	}
	if err := p.tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := kids(t, p); !slices.Equal(got, []string{"us-east-1-1", "us-east-1-2", "eu-west-1-1"}) {
		t.Errorf("published %v", got)
	}
}

// Whatever rotations come when, a token that a key has signed verifies with every key
// set that a verifier may have from then until the token expires everywhere, unless
// keys were compromised.
func TestRotationModel(t *testing.T) {
	for seed := range 20 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := newClock()
			p := newProvider(t, &memory{}, c)
			private := fixtureKey(t, "1")
			p.GenerateKey = func() (*rsa.PrivateKey, error) { return private, nil }
			p.Store.(*memory).keys = []SigningKey{mustKey(newSigningKey(p.Box, "us-east-1", 1, c.now(), c.now(), private))}
			n := 0
			mustLoad(t, p)
			if seed%2 == 1 {
				p.KeyLifetime = MinKeyLifetime
			}
			type set struct {
				at   time.Time
				kids []string
			}
			type signed struct {
				at  time.Time
				kid string
			}
			var sets []set
			var tokens []signed
			random := uint64(seed)*2654435761 + 1
			for range 1000 {
				random = random*6364136223846793005 + 1442695040888963407
				switch random >> 60 {
				case 0, 1:
					_, err := p.Rotate(t.Context(), "", false)
					if _, refused := errors.AsType[*RetiringError](err); err != nil && !refused {
						t.Fatal(err)
					}
				case 2, 3, 4:
					c.advance(time.Minute)
				case 5:
					c.advance(time.Duration(random>>40%300) * time.Minute)
				case 6:
					if err := p.tend(t.Context()); err != nil {
						t.Fatal(err)
					}
				default:
					sets = append(sets, set{c.now(), kids(t, p)})
					tokens = append(tokens, signed{c.now(), p.current("us-east-1").KID})
				}
			}
			for _, token := range tokens {
				for _, s := range sets {
					first, last := token.at.Add(-MaxAge), token.at.Add(longestToken)
					if !s.at.Before(first) && !s.at.After(last) && !slices.Contains(s.kids, token.kid) {
						t.Fatalf("a token of %s, signed at %s, is refused by the key set of %s: %v", token.kid, token.at, s.at, s.kids)
					}
					n++
				}
			}
			if n == 0 {
				t.Fatal("nothing was compared")
			}
		})
	}
}

// The one key that signs for all regions is replaced as others are: it signs when all can
// know it, for all regions, and comes first then.
func TestRotateOneKey(t *testing.T) {
	c := newClock()
	p := newProvider(t, &memory{}, c, "1", "2")
	p.Region, p.OneKey = "us-east-1", true
	mustEnsure(t, p, "eu-west-1")
	if _, err := p.Rotate(t.Context(), "eu-west-1", false); !errors.Is(err, ErrNoKeys) {
		t.Errorf("a region whose tokens the key of another one signs: %v", err)
	}
	if _, err := p.Rotate(t.Context(), "", false); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after     time.Duration
		signs     string
		published []string
	}{
		{0, "us-east-1-1", []string{"us-east-1-1", "us-east-1-2"}},
		{publishedBefore - time.Second, "us-east-1-1", []string{"us-east-1-1", "us-east-1-2"}},
		{time.Second, "us-east-1-2", []string{"us-east-1-2", "us-east-1-1"}},
	} {
		c.advance(step.after)
		if kid, _ := verify(t, p, mustSign(t, p, "ap-south-1", c.claims("ap-south-1"))); kid != step.signs {
			t.Errorf("signed by %s, want %s", kid, step.signs)
		}
		var set struct {
			Keys []struct {
				KID string `json:"kid"`
			} `json:"keys"`
		}
		_, body := do(t, p, "GET", "/.well-known/jwks_uri")
		if err := json.Unmarshal([]byte(body), &set); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range set.Keys {
			got = append(got, k.KID)
		}
		if !slices.Equal(got, step.published) {
			t.Errorf("published %v, want %v", got, step.published)
		}
	}
}
