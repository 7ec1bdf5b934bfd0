package mint

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// DefaultLifetime is how long tokens live unless something else is wanted.
	DefaultLifetime = time.Hour
	// MetadataPath is where SAML metadata are, below the issuer.
	MetadataPath = "/saml/metadata"
	// keyBits is the size of generated keys and the least that is accepted (RFC 7518, section 3.3).
	keyBits = 2048
)

// Key is a provider's key. Its ID is the key's thumbprint (RFC 7638), so equal keys have equal IDs and different keys never
// share one.
type Key struct {
	ID      string
	Private *rsa.PrivateKey
}

// NewKey checks key, or makes one when it is nil.
func NewKey(key *rsa.PrivateKey) (Key, error) {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return Key{}, fmt.Errorf("make a signing key: %w", err)
		}
	}
	if key.N == nil || key.N.BitLen() < keyBits {
		return Key{}, fmt.Errorf("the signing key is shorter than %d bits", keyBits)
	}
	if err := key.Validate(); err != nil {
		return Key{}, errors.New("the signing key is not a valid RSA key")
	}
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("name the signing key: %w", err)
	}
	return Key{ID: base64.RawURLEncoding.EncodeToString(sum), Private: key}, nil
}

// Set is the document that publishes the key (RFC 7517, section 5).
func (k Key) Set() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(jose.RS256), Use: "sig"}}})
}
