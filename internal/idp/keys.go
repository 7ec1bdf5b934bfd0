package idp

import (
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/daypass/daypass/internal/mint"
)

// signingKey is one of the provider's keys; it implements op.SigningKey.
type signingKey struct{ key mint.Key }

// newSigningKey checks key, or makes one when it is nil.
func newSigningKey(key *rsa.PrivateKey) (signingKey, error) {
	k, err := mint.NewKey(key)
	if err != nil {
		return signingKey{}, fmt.Errorf("idp: %w", err)
	}
	return signingKey{k}, nil
}

func (k signingKey) ID() string                                  { return k.key.ID }
func (k signingKey) Key() any                                    { return k.key.Private }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// publicKey is the published half of a signingKey; it implements op.Key.
type publicKey struct{ signingKey }

func (k publicKey) Key() any                           { return k.key.Private.Public() }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return oidc.KeyUseSignature }

// keyring holds the published keys. The first one signs.
type keyring struct {
	mu   sync.RWMutex
	keys []signingKey
}

func (r *keyring) signing() signingKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[0]
}

func (r *keyring) published() []op.Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	keys := make([]op.Key, len(r.keys))
	for i, k := range r.keys {
		keys[i] = publicKey{k}
	}
	return keys
}

// rotate makes next the signing key and keeps the others published.
func (r *keyring) rotate(next signingKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := []signingKey{next}
	for _, k := range r.keys {
		if k.key.ID != next.key.ID {
			keys = append(keys, k)
		}
	}
	r.keys = keys
}

// withdraw leaves only the signing key published.
func (r *keyring) withdraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = r.keys[:1:1]
}
