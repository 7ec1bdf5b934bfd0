package login

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/jws"
)

// maxKeysPerType is how many RSA keys, how many EC keys and how many Ed25519 keys
// an issuer may publish; AWS documents the same bound for the first two of OpenID
// Connect providers in IAM.
const maxKeysPerType = 100

// maxSkipped is how many keys that cannot be used are remembered with the reason.
const maxSkipped = maxKeysPerType

// jwk is what we read of a JSON Web Key (RFC 7517). Certificates in it are not
// looked at: what vouches for a key is the TLS connection it came over.
type jwk struct {
	Type       string         `json:"kty"`
	KeyID      string         `json:"kid"`
	Use        string         `json:"use"`
	Operations *[]string      `json:"key_ops"`
	Algorithm  string         `json:"alg"`
	Curve      string         `json:"crv"`
	N          string         `json:"n"`
	E          string         `json:"e"`
	X          string         `json:"x"`
	Y          string         `json:"y"`
	Private    jsontext.Value `json:"d"`
}

// jwks is a JSON Web Key Set that has been read.
type jwks struct {
	keys []jose.JSONWebKey
	// skipped are the first of the keys that cannot be used, so that a token that
	// wants one of them can be told why it is not there.
	skipped []skippedKey
}

// skippedKey is a key that cannot be used; keyID is empty where it has none that
// can be read.
type skippedKey struct {
	keyID string
	err   error
}

// parseKeySet reads a JSON Web Key Set (RFC 7517, section 5). A key that cannot
// be read is left out, as the RFC asks; a set with too many keys is refused
// whole. Whether a key fits an algorithm is judged when a token wants it.
func parseKeySet(document []byte) (*jwks, error) {
	var set struct {
		Keys *[]jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, errors.New("key set: malformed JSON")
	}
	if set.Keys == nil {
		return nil, errors.New("key set: no keys member")
	}
	parsed := &jwks{}
	count := map[string]int{}
	for _, raw := range *set.Keys {
		k, err := parseKey(raw)
		if err == nil {
			if count[k.Type]++; count[k.Type] > maxKeysPerType {
				return nil, fmt.Errorf("key set: more than %d %s keys", maxKeysPerType, k.Type)
			}
			var public any
			if public, err = k.public(); err == nil {
				parsed.keys = append(parsed.keys, jose.JSONWebKey{Key: public, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: k.Use})
				continue
			}
		}
		if len(parsed.skipped) < maxSkipped && len(k.KeyID) <= maxKeyIDBytes {
			parsed.skipped = append(parsed.skipped, skippedKey{k.KeyID, err})
		}
	}
	return parsed, nil
}

// parseKey reads the members of a key. Beside an error the key has the key id
// alone, if there is one.
func parseKey(raw jsontext.Value) (jwk, error) {
	var k jwk
	if err := json.Unmarshal(raw, &k); err != nil {
		var named struct {
			KeyID string `json:"kid"`
		}
		_ = json.Unmarshal(raw, &named) // a key without a readable name has none
		member := "the key"
		if e, ok := errors.AsType[*json.SemanticError](err); ok && e.JSONPointer != "" {
			member = strings.TrimPrefix(string(e.JSONPointer), "/")
		}
		return jwk{KeyID: named.KeyID}, fmt.Errorf("%.40s has the wrong type", member)
	}
	if k.Type != "RSA" && k.Type != "EC" && k.Type != "OKP" {
		return k, fmt.Errorf("kty is %.20q", k.Type)
	}
	return k, nil
}

// skip returns why the key of a key id was skipped, nil if none was.
func (s *jwks) skip(kid string) error {
	for _, k := range s.skipped {
		if k.keyID == kid {
			return fmt.Errorf("kid %.80q: %w", kid, k.err)
		}
	}
	return nil
}

// missing says why there is no key for a token: the one that it means was skipped,
// or there is none of its name. Without a key id it may mean any.
func (s *jwks) missing(kid string) error {
	if err := s.skip(kid); kid != "" && err != nil {
		return reject(KeySkipped, err)
	}
	cause := KeyUnknown
	said := fmt.Sprintf("kid %.80q", kid)
	if len(s.skipped) > 0 {
		if kid == "" {
			cause = KeySkipped
		}
		said += fmt.Sprintf("; keys skipped: %d", len(s.skipped))
	}
	for _, k := range s.skipped[:min(len(s.skipped), 3)] {
		said += fmt.Sprintf("; kid %.80q: %v", k.keyID, k.err)
	}
	return reject(cause, errors.New(said))
}

func (k *jwk) public() (any, error) {
	if k.Private != nil {
		return nil, errors.New("a private key was published")
	}
	// RFC 7517, section 4.3: a key is for the operations that it names.
	if k.Operations != nil && !slices.Contains(*k.Operations, "verify") {
		return nil, errors.New("key_ops does not have verify")
	}
	switch k.Type {
	case "RSA":
		return k.rsa()
	case "EC":
		return k.ec()
	}
	return k.ed25519()
}

// decodeKeyPart decodes a part of a key. It is base64url without padding (RFC
// 7518, section 2), but some issuers pad it or use the other alphabet; the key set
// of Amazon Cognito's own identity pools does both. Unlike a token, a key is not
// sent by strangers, so leniency leads nobody to see another key.
func decodeKeyPart(part string) ([]byte, error) {
	return decodePart(otherAlphabet.Replace(strings.TrimRight(part, "=")))
}

var otherAlphabet = strings.NewReplacer("+", "-", "/", "_")

// ed25519 reads an octet key pair (RFC 8037, section 2).
func (k *jwk) ed25519() (ed25519.PublicKey, error) {
	x, err := decodeKeyPart(k.X)
	if err != nil || k.Curve != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("crv is %.20q, or x is not %d bytes", k.Curve, ed25519.PublicKeySize)
	}
	return x, nil
}

func (k *jwk) rsa() (*rsa.PublicKey, error) {
	n, err := decodeKeyPart(k.N)
	if err != nil || len(n) == 0 || len(n) > jws.MaxRSABits/8+1 {
		return nil, errors.New("n is no usable modulus")
	}
	e, err := decodeKeyPart(k.E)
	if err != nil || len(e) == 0 {
		return nil, errors.New("e is no usable exponent")
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 { // more than crypto/rsa accepts
		return nil, errors.New("e is no usable exponent")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (k *jwk) ec() (*ecdsa.PublicKey, error) {
	curve, ok := map[string]elliptic.Curve{
		"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521(),
	}[k.Curve]
	if !ok {
		return nil, fmt.Errorf("crv is %.20q", k.Curve)
	}
	size := (curve.Params().BitSize + 7) / 8
	x, errX := decodeKeyPart(k.X)
	y, errY := decodeKeyPart(k.Y)
	if errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, fmt.Errorf("x and y are not two times %d bytes", size)
	}
	point := append(append([]byte{4}, x...), y...) // uncompressed, SEC 1 section 2.3.3
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("x and y are no point on %s", k.Curve)
	}
	return public, nil
}

// CheckKeySet says why a document is of no use as a key set: it is none, or has
// no key in it that can be used.
func CheckKeySet(document []byte) error {
	set, err := parseKeySet(document)
	switch {
	case err != nil:
		return err
	case len(set.keys) == 0 && len(set.skipped) > 0:
		return fmt.Errorf("key set: no key in it can be used: kid %.80q: %w", set.skipped[0].keyID, set.skipped[0].err)
	case len(set.keys) == 0:
		return errors.New("key set: no RSA, EC or Ed25519 key in it")
	}
	return nil
}
