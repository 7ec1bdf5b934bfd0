package login

import (
	"crypto/sha256"

	"github.com/daypass/daypass/internal/limit"
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
type verified = limit.Recent[signed, struct{}]

func (k *oidcKeys) signed(t *Token) signed {
	return signed{token: t.hash, from: k.from, keyID: t.header.KeyID, version: k.set.version}
}

// knows and learn implement memory. Sets without a version are of no fetch, and
// nothing is known of them.
func (k *oidcKeys) knows(t *Token) bool {
	if k.set.version == 0 {
		return false
	}
	_, ok := k.oidc.verified.Get(k.signed(t))
	return ok
}

// Verified is how many signatures were verified because they were not remembered.
func (o *OIDC) Verified() uint64 { return o.verified.Missed() }

// KeySets is how many key sets of issuers were read.
func (o *OIDC) KeySets() uint64 { return o.versions.Load() }

func (k *oidcKeys) learn(t *Token) {
	if k.set.version != 0 {
		k.oidc.verified.Put(k.signed(t), struct{}{})
	}
}
