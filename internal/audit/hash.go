package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
)

// Hasher makes what stands in records for those whom nobody may find there who is
// not allowed to: whoever has the records alone cannot tell whom a hash stands for,
// not even by trying all subjects.
type Hasher interface {
	// KeyID names the key of the hashes, and is in every record that has one.
	KeyID() string
	// Identity stands for an identity ID. It needs no salt: an ID has 122 random bits.
	Identity(id string) string
	// Subject stands for a user of a login provider. The salt is the one that the
	// user's identity keeps. Who has no identity, or one that has no salt yet, gets that
	// of the day. Where that cannot be read there is no hash, and this is empty.
	Subject(salt []byte, provider, subject string) string
}

// KeySize is the size of a key in bytes, and SaltSize that of a salt.
const (
	KeySize  = 32
	SaltSize = 16
)

// Key is the secret of the hashes. It never leaves the server.
type Key struct {
	secret *[KeySize]byte // a pointer, which fmt does not follow
	hashes *sync.Pool     // of *hashing
	id     string
}

// NewKey is the key of a secret.
func NewKey(secret [KeySize]byte) *Key {
	k := &Key{secret: &secret, hashes: &sync.Pool{}}
	k.id = k.hash("key")[:16]
	return k
}

// ID names the key. It is derived one way and may be shown.
func (k *Key) ID() string { return k.id }

// Identity stands for an identity ID.
func (k *Key) Identity(id string) string { return k.hash("identity", id) }

// Subject stands for a user of a login provider, under a salt. A slash at the end of
// the provider's name makes no difference, as for revocations.
func (k *Key) Subject(salt []byte, provider, subject string) string {
	return k.hash("subject", string(salt), strings.TrimSuffix(provider, "/"), subject)
}

// hash is 128 bits of HMAC-SHA-256 over the parts, each behind its length. The first
// says what is hashed, so that no two kinds of values have a hash in common.
func (k *Key) hash(parts ...string) string {
	h, _ := k.hashes.Get().(*hashing)
	if h == nil {
		h = &hashing{mac: hmac.New(sha256.New, k.secret[:])}
	}
	h.part("daypass audit")
	for _, part := range parts {
		h.part(part)
	}
	h.mac.Reset()
	h.mac.Write(h.room)
	var text [32]byte
	hex.Encode(text[:], h.mac.Sum(h.room[:0])[:16])
	clear(h.room[:cap(h.room)]) // a subject was in it
	h.room = h.room[:0]
	k.hashes.Put(h)
	return string(text[:])
}

// hashing is what a hash is made with, and what it is made of: each request makes some.
type hashing struct {
	mac  hash.Hash
	room []byte
}

func (h *hashing) part(part string) {
	h.room = append(binary.BigEndian.AppendUint32(h.room, uint32(len(part))), part...)
}

// String returns a placeholder, as secrets do.
func (k Key) String() string { return "audit key " + k.id }

// GoString returns a placeholder.
func (k Key) GoString() string { return k.String() }
