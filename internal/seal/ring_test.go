package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

func newRing(t testing.TB, k seal.Keys) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A key takes the place of another: what both have sealed opens, and what is handed out
// stops opening apart from what is stored.
func TestRingRotates(t *testing.T) {
	first, second := newKey(t), newKey(t)
	ring := newRing(t, seal.Keys{Seal: first})
	stored, issued := ring.Stored("stored"), ring.Issued("issued")
	oldStored, oldIssued := stored.Seal(nil, []byte("s"), nil), issued.Seal(nil, []byte("i"), nil)
	newStored, newIssued := second.Box("stored").Seal(nil, []byte("s"), nil), second.Box("issued").Seal(nil, []byte("i"), nil)

	for _, step := range []struct {
		name                      string
		keys                      seal.Keys
		oldStored, oldIssued, new bool
		seals                     *seal.MasterKey
	}{
		{"before", seal.Keys{Seal: first}, true, true, false, first},
		{"both", seal.Keys{Seal: first, Stored: []*seal.MasterKey{second}, Issued: []*seal.MasterKey{second}}, true, true, true, first},
		{"replaced", seal.Keys{Seal: second, Stored: []*seal.MasterKey{first}, Issued: []*seal.MasterKey{first}}, true, true, true, second},
		{"compromised", seal.Keys{Seal: second, Stored: []*seal.MasterKey{first}}, true, false, true, second},
		{"sealed anew", seal.Keys{Seal: second, Issued: []*seal.MasterKey{first}}, false, true, true, second},
		{"forgotten", seal.Keys{Seal: second}, false, false, true, second},
	} {
		if err := ring.Use(step.keys); err != nil {
			t.Fatal(err)
		}
		for _, sealed := range []struct {
			name  string
			box   *seal.Box
			bytes []byte
			want  bool
		}{
			{"stored under the first", stored, oldStored, step.oldStored},
			{"issued under the first", issued, oldIssued, step.oldIssued},
			{"stored under the second", stored, newStored, step.new},
			{"issued under the second", issued, newIssued, step.new},
			{"issued, in the box of what is stored", stored, oldIssued, false},
		} {
			if _, err := sealed.box.Open(nil, sealed.bytes, nil); (err == nil) != sealed.want || err != nil && !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %s: %v", step.name, sealed.name, err)
			}
		}
		for _, box := range []*seal.Box{stored, issued, ring.Stored("another")} {
			if id, _ := seal.SealedUnder(box.Seal(nil, nil, nil)); id != step.seals.ID() || box.KeyID() != id {
				t.Errorf("%s: sealed under %s", step.name, id)
			}
		}
		if ring.Sealing() != step.seals {
			t.Errorf("%s: another key seals", step.name)
		}
	}
	if got := ring.Purposes(); !slices.Equal(got, []string{"another", "stored"}) {
		t.Errorf("purposes: %q", got)
	}
}

// Whoever seals can name the key, as long as the box has it.
func TestSealWith(t *testing.T) {
	first, second, third := newKey(t), newKey(t), newKey(t)
	box := newRing(t, seal.Keys{Seal: first, Stored: []*seal.MasterKey{second}}).Stored("p")
	for _, key := range []*seal.MasterKey{first, second} {
		sealed, err := box.SealWith(key.ID(), []byte("x"), []byte("plain"), []byte("ad"))
		if id, _ := seal.SealedUnder(sealed[1:]); err != nil || id != key.ID() {
			t.Errorf("sealed under %s: %v", id, err)
		}
		if plain, err := key.Box("p").Open(nil, sealed[1:], []byte("ad")); string(plain) != "plain" {
			t.Errorf("%q, %v", plain, err)
		}
	}
	if sealed, err := box.SealWith(third.ID(), nil, nil, nil); !errors.Is(err, seal.ErrNoKey) || sealed != nil {
		t.Errorf("%x, %v", sealed, err)
	}
}

func TestRingRefuses(t *testing.T) {
	first, second := newKey(t), newKey(t)
	again, err := seal.ParseMasterKey(first.Text().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("two master keys have the ID %s; make another one", first.ID())
	for name, k := range map[string]seal.Keys{
		"stored": {Seal: first, Stored: []*seal.MasterKey{second, again}},
		"issued": {Seal: second, Issued: []*seal.MasterKey{first, again}},
	} {
		if _, err := seal.NewRing(k); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		ring := newRing(t, seal.Keys{Seal: second})
		if err := ring.Use(k); err == nil || err.Error() != want || ring.Sealing() != second {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !first.Equal(again) || first.Equal(second) {
		t.Error("keys are compared wrongly")
	}
	ring := newRing(t, seal.Keys{Seal: first})
	ring.Stored("p")
	defer func() {
		if got := recover(); got != "seal: p is either stored or handed out" {
			t.Errorf("got %v", got)
		}
	}()
	ring.Issued("p")
}

// Keys change while others seal and open: what a box has sealed opens as long as the key
// is in use.
func TestRingUnderWay(t *testing.T) {
	a, b := newKey(t), newKey(t)
	both := []seal.Keys{{Seal: a, Stored: []*seal.MasterKey{b}}, {Seal: b, Stored: []*seal.MasterKey{a}}}
	ring := newRing(t, both[0])
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			box := ring.Stored("p")
			for range 2000 {
				if _, err := box.Open(nil, box.Seal(nil, []byte("plain"), nil), nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 200 {
		if err := ring.Use(both[n%2]); err != nil {
			t.Error(err)
		}
	}
	work.Wait()
}

// A ring prints no key, whatever it has.
func TestRingNeverPrints(t *testing.T) {
	key := vectorKey(t)
	ring := newRing(t, seal.Keys{Seal: key, Stored: []*seal.MasterKey{newKey(t)}, Issued: []*seal.MasterKey{newKey(t)}})
	box := ring.Stored("purpose")
	hidden := []string{strings.Trim(fmt.Sprint(derivedKey(t, "purpose")[:8]), "[]"), key.Text().Reveal()[len("daypass-master-key-1:"):][:20], "0 1 2 3 4 5 6 7 8", "0x0, 0x1, 0x2, 0x3"}
	for name, v := range map[string]any{"box": box, "box value": *box, "keys": seal.Keys{Seal: key}} {
		checkHidden(t, name, v, hidden...)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		printed := fmt.Sprintf(verb, ring)
		for _, h := range hidden {
			if strings.Contains(printed, h) {
				t.Errorf("%s shows the key: %s", verb, printed)
			}
		}
	}
}

// FuzzRing: of any rings and any order of changes, exactly the keys that the ring has
// open, and a change of a byte opens nothing.
func FuzzRing(f *testing.F) {
	f.Add([]byte("plaintext"), uint64(1), uint(3), byte(1))
	f.Add([]byte{}, uint64(7), uint(1), byte(0x80))
	keys := []*seal.MasterKey{newKey(f), newKey(f), newKey(f), newKey(f)}
	f.Fuzz(func(t *testing.T, plain []byte, seed uint64, at uint, flip byte) {
		random := rand.New(rand.NewPCG(seed, 0))
		ring := newRing(t, seal.Keys{Seal: keys[0]})
		box := ring.Issued("fuzz")
		for range 3 {
			order := random.Perm(len(keys))
			has := order[:1+random.IntN(len(keys))]
			k := seal.Keys{Seal: keys[has[0]]}
			for _, n := range has[1:] {
				k.Issued = append(k.Issued, keys[n])
			}
			if err := ring.Use(k); err != nil {
				t.Fatal(err)
			}
			for n, key := range keys {
				sealed := key.Box("fuzz").Seal(nil, plain, nil)
				got, err := box.Open(nil, sealed, nil)
				if want := slices.Contains(has, n); (err == nil) != want || want && !bytes.Equal(got, plain) {
					t.Errorf("key %d of %v: %q, %v", n, has, got, err)
				}
				if flip != 0 {
					sealed[at%uint(len(sealed))] ^= flip
					if got, err := box.Open(nil, sealed, nil); !errors.Is(err, seal.ErrOpen) || got != nil {
						t.Errorf("changed: %q, %v", got, err)
					}
				}
			}
			if id, _ := seal.SealedUnder(box.Seal(nil, plain, nil)); id != keys[has[0]].ID() {
				t.Errorf("sealed under %s", id)
			}
		}
	})
}
