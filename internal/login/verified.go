package login

import (
	"crypto/sha256"
	"sync"
)

// memory is a KeySet that remembers which tokens its keys have verified.
type memory interface {
	knows(*Token) bool
	learn(*Token)
}

// maxVerified is about half of how many signatures are remembered at most.
const maxVerified = 8192

// signed says that a token's signature was found valid.
type signed struct {
	token [sha256.Size]byte
	from  source
	keyID string
	// version is that of the key set: with other keys nothing is known.
	version uint64
}

// verified remembers signatures that were found valid, since clients show the
// same token many times in its hour and a signature is the dear part of checking
// it. It remembers nothing else: issuer, audience, times and everything that the
// pool says are checked each time.
type verified = recent[signed, struct{}]

// recent remembers what was of use lately: about most entries, and as many again.
// What is asked for survives; of the rest the older half goes when there is no
// room. Its zero value, with most set, is empty.
type recent[K comparable, V any] struct {
	most int

	mu         sync.Mutex
	young, old map[K]V
}

func (r *recent[K, V]) get(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.set(key, v)
	}
	return v, ok
}

func (r *recent[K, V]) put(key K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(key, v)
}

func (r *recent[K, V]) set(key K, v V) {
	if r.young == nil || len(r.young) >= r.most {
		r.old, r.young = r.young, make(map[K]V)
	}
	r.young[key] = v
}

func (k *oidcKeys) signed(t *Token) signed {
	return signed{token: sha256.Sum256([]byte(t.raw)), from: k.from, keyID: t.header.KeyID, version: k.set.version}
}

// knows and learn implement memory. Sets without a version are of no fetch, and
// nothing is known of them.
func (k *oidcKeys) knows(t *Token) bool {
	if k.set.version == 0 {
		return false
	}
	_, ok := k.oidc.verified.get(k.signed(t))
	return ok
}

func (k *oidcKeys) learn(t *Token) {
	if k.set.version != 0 {
		k.oidc.verified.put(k.signed(t), struct{}{})
	}
}
