package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
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
	id     string
}

// NewKey is the key of a secret.
func NewKey(secret [KeySize]byte) *Key {
	k := &Key{secret: &secret}
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
	mac := hmac.New(sha256.New, k.secret[:])
	room := make([]byte, 0, 256)
	for _, part := range append([]string{"daypass audit"}, parts...) {
		room = append(binary.BigEndian.AppendUint32(room, uint32(len(part))), part...)
	}
	mac.Write(room)
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0])[:16])
}

// String returns a placeholder, as secrets do.
func (k Key) String() string { return "audit key " + k.id }

// GoString returns a placeholder.
func (k Key) GoString() string { return k.String() }
