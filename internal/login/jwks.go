package login

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKeysPerType is how many RSA keys, how many EC keys and how many Ed25519 keys
// an issuer may publish; AWS documents the same bound for the first two of OpenID
// Connect providers in IAM.
const maxKeysPerType = 100

// jwk is what we read of a JSON Web Key (RFC 7517). Certificates in it are not
// looked at: what vouches for a key is the TLS connection it came over.
type jwk struct {
	Type      string         `json:"kty"`
	KeyID     string         `json:"kid"`
	Use       string         `json:"use"`
	Algorithm string         `json:"alg"`
	Curve     string         `json:"crv"`
	N         string         `json:"n"`
	E         string         `json:"e"`
	X         string         `json:"x"`
	Y         string         `json:"y"`
	Private   jsontext.Value `json:"d"`
}

// parseKeySet reads a JSON Web Key Set (RFC 7517, section 5). A key that cannot
// be read is left out, as the RFC asks; a set with too many keys is refused
// whole. Whether a key may be used is judged when a token wants it, where the
// judgement can be told.
func parseKeySet(document []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys *[]jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, errors.New("key set: malformed JSON")
	}
	if set.Keys == nil {
		return nil, errors.New("key set: no keys member")
	}
	var keys []jose.JSONWebKey
	count := map[string]int{}
	for _, raw := range *set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil || k.Type != "RSA" && k.Type != "EC" && k.Type != "OKP" {
			continue
		}
		if count[k.Type]++; count[k.Type] > maxKeysPerType {
			return nil, fmt.Errorf("key set: more than %d %s keys", maxKeysPerType, k.Type)
		}
		if public, err := k.public(); err == nil {
			keys = append(keys, jose.JSONWebKey{Key: public, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: k.Use})
		}
	}
	return keys, nil
}

func (k *jwk) public() (any, error) {
	if k.Private != nil {
		return nil, errors.New("a private key was published")
	}
	switch k.Type {
	case "RSA":
		return k.rsa()
	case "EC":
		return k.ec()
	}
	return k.ed25519()
}

// ed25519 reads an octet key pair (RFC 8037, section 2).
func (k *jwk) ed25519() (ed25519.PublicKey, error) {
	x, err := decodePart(k.X)
	if err != nil || k.Curve != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("no Ed25519 key")
	}
	return x, nil
}

func (k *jwk) rsa() (*rsa.PublicKey, error) {
	n, err := decodePart(k.N)
	if err != nil || len(n) == 0 || len(n) > maxRSABits/8+1 {
		return nil, errors.New("unusable modulus")
	}
	e, err := decodePart(k.E)
	if err != nil || len(e) == 0 {
		return nil, errors.New("unusable exponent")
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 { // more than crypto/rsa accepts
		return nil, errors.New("unusable exponent")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (k *jwk) ec() (*ecdsa.PublicKey, error) {
	curve, ok := map[string]elliptic.Curve{
		"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521(),
	}[k.Curve]
	if !ok {
		return nil, errors.New("unknown curve")
	}
	size := (curve.Params().BitSize + 7) / 8
	x, errX := decodePart(k.X)
	y, errY := decodePart(k.Y)
	if errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, errors.New("unusable coordinates")
	}
	point := append(append([]byte{4}, x...), y...) // uncompressed, SEC 1 section 2.3.3
	return ecdsa.ParseUncompressedPublicKey(curve, point)
}

// CheckKeySet says why a document is of no use as a key set: it is none, or has
// no key in it that can be read.
func CheckKeySet(document []byte) error {
	keys, err := parseKeySet(document)
	if err == nil && len(keys) == 0 {
		err = errors.New("key set: no RSA, EC or Ed25519 key in it")
	}
	return err
}
