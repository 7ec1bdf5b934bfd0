package seal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/daypass/daypass/internal/seal"
)

// The format is stored, so this vector must stay.
func TestBoxVector(t *testing.T) {
	box := vectorKey(t).Box("test vector")
	box.Rand = strings.NewReader("0123456789abcdefghijklmn")
	sealed := box.Seal(nil, []byte("attack at dawn"), []byte("row 7"))
	const want = "01ad1b5adb303132333435363738396162636465666768696a6b6c6d6ebc13d7a1ee8cdaba23bd17dee4a7791e4bf748eba5c46b9d3a2d9315d7e3"
	if got := hex.EncodeToString(sealed); got != want {
		t.Errorf("got %s", got)
	}
	plain, err := vectorKey(t).Box("test vector").Open(nil, sealed, []byte("row 7"))
	if string(plain) != "attack at dawn" || err != nil {
		t.Errorf("opened: %q, %v", plain, err)
	}
	// The same with the libraries alone, as the package comment describes it.
	aead, err := chacha20poly1305.NewX(derivedKey(t, "test vector"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err = aead.Open(nil, sealed[5:29], sealed[29:], []byte("row 7"))
	if string(plain) != "attack at dawn" || err != nil {
		t.Errorf("opened by the library: %q, %v", plain, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	key := newKey(t)
	box := key.Box("purpose")
	plain, ad := []byte("a plaintext that nobody else may see"), []byte("context")
	sealed := box.Seal(nil, plain, ad)

	otherKey, otherVersion := bytes.Clone(sealed), bytes.Clone(sealed)
	otherKey[1] ^= 1
	otherVersion[0] = 2
	for name, tt := range map[string]struct {
		box    *seal.Box
		sealed []byte
		ad     []byte
	}{
		"other purpose":     {key.Box("purpose2"), sealed, ad},
		"other master key":  {newKey(t).Box("purpose"), sealed, ad},
		"other AD":          {box, sealed, []byte("Context")},
		"no AD":             {box, sealed, nil},
		"AD longer":         {box, sealed, []byte("context ")},
		"other key id":      {box, otherKey, ad},
		"other version":     {box, otherVersion, ad},
		"nothing":           {box, nil, ad},
		"version only":      {box, sealed[:1], ad},
		"header only":       {box, sealed[:29], ad},
		"shorter than tag":  {box, sealed[:seal.Overhead-1], ad},
		"tag of nothing":    {box, sealed[:seal.Overhead], ad},
		"last byte missing": {box, sealed[:len(sealed)-1], ad},
		"one byte more":     {box, append(bytes.Clone(sealed), 0), ad},
		"first missing":     {box, sealed[1:], ad},
	} {
		space := make([]byte, 0, 256)
		got, err := tt.box.Open(space, tt.sealed, tt.ad)
		if !errors.Is(err, seal.ErrOpen) || err.Error() != "seal: cannot open: wrong key, wrong context or damaged data" || got != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if bytes.Contains(space[:cap(space)], plain[:8]) {
			t.Errorf("%s: plaintext left in dst", name)
		}
	}
}

func TestEveryBitCounts(t *testing.T) {
	box := newKey(t).Box("purpose")
	sealed := box.Seal(nil, []byte("plaintext"), nil)
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			if got, err := box.Open(nil, changed, nil); !errors.Is(err, seal.ErrOpen) || got != nil {
				t.Fatalf("byte %d bit %d changed: got %q, %v", i, bit, got, err)
			}
		}
	}
}

func TestSealAppends(t *testing.T) {
	box := newKey(t).Box("purpose")
	sealed := box.Seal([]byte("before:"), []byte("plain"), nil)
	if got := string(sealed[:7]); got != "before:" || len(sealed) != 7+5+seal.Overhead {
		t.Errorf("got %q and %d bytes", got, len(sealed))
	}
	plain, err := box.Open([]byte("before:"), sealed[7:], nil)
	if string(plain) != "before:plain" || err != nil {
		t.Errorf("got %q, %v", plain, err)
	}
}

func TestNoncesDiffer(t *testing.T) {
	box := newKey(t).Box("purpose")
	seen := map[string]bool{}
	for range 1000 {
		nonce := string(box.Seal(nil, nil, nil)[5:29])
		if seen[nonce] {
			t.Fatal("a nonce repeats")
		}
		seen[nonce] = true
	}
}

func TestSealPanicsWithoutRandomness(t *testing.T) {
	box := newKey(t).Box("purpose")
	box.Rand = strings.NewReader("short")
	defer func() {
		if got := recover(); got != "seal: no randomness for a nonce: unexpected EOF" {
			t.Errorf("got %v", got)
		}
	}()
	box.Seal(nil, []byte("plain"), nil)
}

func TestSealedUnder(t *testing.T) {
	key := newKey(t)
	sealed := key.Box("purpose").Seal(nil, nil, nil)
	id, ok := seal.SealedUnder(sealed)
	if !ok || id != key.Box("another").KeyID() || !strings.HasPrefix(key.Fingerprint(), id.String()) {
		t.Errorf("got %v, %t; fingerprint %s", id, ok, key.Fingerprint())
	}
	sealed[0] = 9
	for name, s := range map[string][]byte{"empty": nil, "short": sealed[:4], "version": sealed} {
		if id, ok := seal.SealedUnder(s); ok || id != (seal.KeyID{}) {
			t.Errorf("%s: got %v, %t", name, id, ok)
		}
	}
}

// FuzzBox: what was sealed opens; changed in any way it does not.
func FuzzBox(f *testing.F) {
	f.Add([]byte("plaintext"), []byte("ad"), uint(40), byte(1), uint(0))
	f.Add([]byte{}, []byte{}, uint(0), byte(3), uint(3))
	f.Add(bytes.Repeat([]byte("x"), 400), []byte("session"), uint(7), byte(0x80), uint(16))
	master, other := newKey(f), newKey(f)
	box, foreign, elsewhere := master.Box("fuzz"), other.Box("fuzz"), master.Box("fuzz2")
	f.Fuzz(func(t *testing.T, plain, ad []byte, at uint, flip byte, cut uint) {
		sealed := box.Seal(nil, plain, ad)
		if len(sealed) != len(plain)+seal.Overhead {
			t.Errorf("%d bytes sealed to %d", len(plain), len(sealed))
		}
		if got, err := box.Open(nil, sealed, ad); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("open(seal(x)): %q, %v", got, err)
		}
		refused := func(what string, b *seal.Box, sealed, ad []byte) {
			if got, err := b.Open(nil, sealed, ad); !errors.Is(err, seal.ErrOpen) || got != nil {
				t.Errorf("%s: got %q, %v", what, got, err)
			}
		}
		if len(plain) >= 8 && bytes.Contains(sealed, plain) {
			t.Error("the plaintext shows")
		}
		refused("other master key", foreign, sealed, ad)
		refused("other purpose", elsewhere, sealed, ad)
		refused("longer AD", box, sealed, append(bytes.Clone(ad), 0))
		refused("truncated", box, sealed[:len(sealed)-1-int(cut%uint(len(sealed)))], ad)
		if flip != 0 {
			changed := bytes.Clone(sealed)
			changed[at%uint(len(changed))] ^= flip
			refused("changed", box, changed, ad)
			if len(ad) > 0 {
				ad = bytes.Clone(ad)
				ad[at%uint(len(ad))] ^= flip
				refused("changed AD", box, sealed, ad)
			}
		}
	})
}

// FuzzOpen: nobody can make bytes that open.
func FuzzOpen(f *testing.F) {
	box := newKey(f).Box("fuzz")
	id := box.KeyID()
	f.Add([]byte{})
	f.Add(append(append([]byte{1}, id[:]...), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := box.Open(nil, sealed, nil); !errors.Is(err, seal.ErrOpen) || got != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func BenchmarkSeal400(b *testing.B) {
	box := newKey(b).Box("bench")
	plain, ad, dst := make([]byte, 400), []byte("session token"), make([]byte, 0, 512)
	b.ReportAllocs()
	b.SetBytes(400)
	for b.Loop() {
		box.Seal(dst, plain, ad)
	}
}

func BenchmarkOpen400(b *testing.B) {
	box := newKey(b).Box("bench")
	ad, dst := []byte("session token"), make([]byte, 0, 512)
	sealed := box.Seal(nil, make([]byte, 400), ad)
	b.ReportAllocs()
	b.SetBytes(400)
	for b.Loop() {
		if _, err := box.Open(dst, sealed, ad); err != nil {
			b.Fatal(err)
		}
	}
}
