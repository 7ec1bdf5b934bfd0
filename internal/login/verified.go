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
// pool says are checked each time. What is shown again survives; of the rest the
// older half goes when there is no room. The zero value is empty.
type verified struct {
	mu         sync.Mutex
	young, old map[signed]struct{}
}

func (v *verified) has(s signed) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.young[s]; ok {
		return true
	}
	_, ok := v.old[s]
	if ok {
		v.put(s)
	}
	return ok
}

func (v *verified) add(s signed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(s)
}

func (v *verified) put(s signed) {
	if v.young == nil || len(v.young) >= maxVerified {
		v.old, v.young = v.young, make(map[signed]struct{})
	}
	v.young[s] = struct{}{}
}

func (k *oidcKeys) signed(t *Token) signed {
	return signed{token: sha256.Sum256([]byte(t.raw)), from: k.from, keyID: t.header.KeyID, version: k.set.version}
}

// knows and learn implement memory. Sets without a version are of no fetch, and
// nothing is known of them.
func (k *oidcKeys) knows(t *Token) bool {
	return k.set.version != 0 && k.oidc.verified.has(k.signed(t))
}

func (k *oidcKeys) learn(t *Token) {
	if k.set.version != 0 {
		k.oidc.verified.add(k.signed(t))
	}
}
