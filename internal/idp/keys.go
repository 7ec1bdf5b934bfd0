package idp

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// keyBits is the size of generated keys and the least that is accepted (RFC 7518, section 3.3).
const keyBits = 2048

// signingKey is one of the provider's keys. Its ID is the key's thumbprint (RFC 7638), so equal keys have equal IDs and
// different keys never share one.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// newSigningKey checks key, or makes one when it is nil.
func newSigningKey(key *rsa.PrivateKey) (signingKey, error) {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return signingKey{}, fmt.Errorf("idp: make a signing key: %w", err)
		}
	}
	if key.N == nil || key.N.BitLen() < keyBits {
		return signingKey{}, fmt.Errorf("idp: the signing key is shorter than %d bits", keyBits)
	}
	if err := key.Validate(); err != nil {
		return signingKey{}, errors.New("idp: the signing key is not a valid RSA key")
	}
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, fmt.Errorf("idp: name the signing key: %w", err)
	}
	return signingKey{id: base64.RawURLEncoding.EncodeToString(sum), private: key}, nil
}

// signingKey implements op.SigningKey.

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) Key() any                                    { return k.private }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// publicKey is the published half of a signingKey; it implements op.Key.
type publicKey struct{ signingKey }

func (k publicKey) Key() any                           { return k.private.Public() }
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
		if k.id != next.id {
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
