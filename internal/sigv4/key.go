package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/daypass/daypass/internal/limit"
)

// SigningKey derives the signing key of a secret access key for a day, YYYYMMDD, a
// region and a service: for those who verify signatures themselves and are not to
// have the secret.
func SigningKey(secret, date, region, service string) [sha256.Size]byte {
	return deriveKey(secret, date, region, service)
}

// IsRegion says whether a text may be the region of a credential scope: lower-case
// letters, digits and hyphens, 1 to 32 of them.
func IsRegion(region string) bool { return isScopeWord(region) }

// signingKey is a secret access key derived for one day, region and service.
type signingKey [sha256.Size]byte

// deriveKey derives the signing key ("Calculate the signature" in the IAM User
// Guide).
func deriveKey(secret, date, region, service string) signingKey {
	k := hmacSHA256([]byte("AWS4"+secret), []byte(date))
	k = hmacSHA256(k[:], []byte(region))
	k = hmacSHA256(k[:], []byte(service))
	return hmacSHA256(k[:], []byte(terminator))
}

func (k *signingKey) sign(message []byte) [sha256.Size]byte {
	return hmacSHA256(k[:], message)
}

func hmacSHA256(key, message []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}

// KeyCache remembers signing keys, which saves most of the cost of verifying a
// short request. It is bounded and safe for concurrent use; the zero value is
// ready, and a nil cache remembers nothing.
//
// It holds no secret access keys, only the signing keys derived from them, each
// good for one day, under hashes. Only keys that a signature has proven are
// remembered, so strangers cannot push them out.
type KeyCache struct {
	// Limit is how many keys are remembered at most; zero means 4096, some 0.5
	// MiB. It must not change while the cache is in use.
	Limit int

	once sync.Once
	keys limit.Recent[cacheKey, signingKey]
}

type cacheKey [sha256.Size]byte

// newCacheKey hashes what a signing key is derived from. The hash is a
// cryptographic one because two secrets with the same hash would be
// interchangeable; lengths keep the fields apart.
func newCacheKey(secret, date, region, service string) cacheKey {
	var buf [256]byte
	b := buf[:0]
	for _, field := range [...]string{secret, date, region, service} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	sum := sha256.Sum256(b)
	clear(b)
	return sum
}

// find returns a signing key, remembered or derived. If it is not known, put
// remembers it, under id.
func (c *KeyCache) find(secret, date, region, service string) (key signingKey, id cacheKey, known bool) {
	if c == nil {
		return deriveKey(secret, date, region, service), id, true
	}
	id = newCacheKey(secret, date, region, service)
	key, known, found := c.recent().Find(id)
	if !found {
		key = deriveKey(secret, date, region, service)
	}
	return key, id, known
}

// Derived is how many keys were derived because they were not remembered.
func (c *KeyCache) Derived() uint64 { return c.keys.Missed() }

func (c *KeyCache) put(k cacheKey, key signingKey) { c.recent().Put(k, key) }

func (c *KeyCache) recent() *limit.Recent[cacheKey, signingKey] {
	c.once.Do(func() {
		const defaultLimit = 4096
		c.keys.Most = defaultLimit / 2
		if c.Limit != 0 {
			c.keys.Most = max(1, c.Limit/2)
		}
	})
	return &c.keys
}
