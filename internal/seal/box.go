package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	version    = 1
	keyIDSize  = 4
	nonceSize  = chacha20poly1305.NonceSizeX
	headerSize = 1 + keyIDSize + nonceSize
)

// Overhead is the number of bytes by which sealed bytes are longer than the
// plaintext.
const Overhead = headerSize + chacha20poly1305.Overhead

// ErrOpen is the one error of [Box.Open]. It does not say whether the key, the
// additional data or the bytes are wrong, because the one who sent them should
// not learn that.
var ErrOpen = errors.New("seal: cannot open: wrong key, wrong context or damaged data")

// KeyID names the master key in sealed bytes. It is public, and equals the
// first four bytes of the key's fingerprint.
type KeyID [keyIDSize]byte

// String returns the id in hexadecimal, a prefix of [MasterKey.Fingerprint].
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// SealedUnder returns the id of the master key that sealed bytes ask for. It is
// read from their header and proves nothing; use it to choose a key or to
// explain a failure to the operator. It is false for bytes that are too short
// or of an unknown version.
func SealedUnder(sealed []byte) (KeyID, bool) {
	if len(sealed) < Overhead || sealed[0] != version {
		return KeyID{}, false
	}
	return KeyID(sealed[1:]), true
}

// ErrNoKey answers [Box.SealWith] where the box does not have the master key.
var ErrNoKey = errors.New("seal: the master key is not at hand")

// Box seals and opens for one purpose; [MasterKey.Box] makes one of a single key, and
// [Ring.Stored] and [Ring.Issued] those of several. It may be used by several goroutines
// at once.
type Box struct {
	// Rand is where nonces come from, crypto/rand when nil. Tests set it before
	// the first use to repeat themselves. Nonces must never repeat under a key
	// that protects anything. It must be safe for concurrent use, and Seal
	// panics when it fails.
	Rand io.Reader

	keys *atomic.Pointer[boxKeys]
}

// boxKeys are the keys of a box: the first one seals, and each opens.
type boxKeys []boxKey

type boxKey struct {
	// A pointer to the interface, because fmt may print what an interface holds,
	// and this one holds the key.
	aead *cipher.AEAD
	id   KeyID
}

// of finds the key of an id, of which there is one at most.
func (k boxKeys) of(id KeyID) (boxKey, bool) {
	for _, key := range k {
		if key.id == id {
			return key, true
		}
	}
	return boxKey{}, false
}

func newBox(keys boxKeys) *Box {
	b := &Box{keys: new(atomic.Pointer[boxKeys])}
	b.keys.Store(&keys)
	return b
}

// KeyID returns the id of the master key that the box seals with.
func (b *Box) KeyID() KeyID { return (*b.keys.Load())[0].id }

// Seal encrypts plaintext, ties it to the additional data ad, and appends the
// result, len(plaintext) + [Overhead] bytes, to dst. The spare capacity of dst
// must not overlap plaintext or ad.
func (b *Box) Seal(dst, plaintext, ad []byte) []byte {
	return b.seal((*b.keys.Load())[0], dst, plaintext, ad)
}

// SealWith is Seal with the master key of an id, which must be one of those that the
// box opens with; otherwise the error is [ErrNoKey].
func (b *Box) SealWith(id KeyID, dst, plaintext, ad []byte) ([]byte, error) {
	key, ok := b.keys.Load().of(id)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoKey, id)
	}
	return b.seal(key, dst, plaintext, ad), nil
}

func (b *Box) seal(key boxKey, dst, plaintext, ad []byte) []byte {
	dst = slices.Grow(dst, len(plaintext)+Overhead)
	dst = append(dst, version)
	dst = append(dst, key.id[:]...)
	start := len(dst)
	dst = dst[:start+nonceSize]
	b.fill(dst[start:])
	return (*key.aead).Seal(dst, dst[start:], plaintext, ad)
}

func (b *Box) fill(nonce []byte) {
	if b.Rand == nil {
		_, _ = rand.Read(nonce) // never fails
		return
	}
	if _, err := io.ReadFull(b.Rand, nonce); err != nil {
		panic("seal: no randomness for a nonce: " + err.Error()) // going on would repeat nonces
	}
}

// Open decrypts what [Box.Seal] of the same purpose made with the same
// additional data, and appends the plaintext to dst. The spare capacity of dst
// must not overlap sealed or ad. The only error is [ErrOpen], and with it no
// byte of the plaintext is given away. However many keys the box has, it tries the one
// that the sealed bytes name and no other.
func (b *Box) Open(dst, sealed, ad []byte) ([]byte, error) {
	id, ok := SealedUnder(sealed)
	if !ok {
		return nil, ErrOpen
	}
	key, ok := b.keys.Load().of(id)
	if !ok {
		return nil, ErrOpen
	}
	nonce := sealed[1+keyIDSize : headerSize]
	plaintext, err := (*key.aead).Open(dst, nonce, sealed[headerSize:], ad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
