package login

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha512" // for rightSalt
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	minRSABits = 2048
	maxRSABits = 8192 // verifying with more costs milliseconds

	// maxTries bounds the work that an issuer can cause by giving many keys the
	// same key id.
	maxTries = 4
)

// check decides what the header may say.
func (h header) check(algorithms []jose.SignatureAlgorithm) error {
	switch {
	case otherJWT(h.Type):
		return reject(TokenTypeRefused, fmt.Errorf("typ %.40q", h.Type))
	case h.Critical != nil:
		// RFC 7515, section 4.1.11: who does not understand an extension must
		// refuse, and we understand none.
		return reject(HeaderRefused, errors.New("crit"))
	case !slices.Contains(algorithms, h.Algorithm):
		return reject(AlgorithmRefused, fmt.Errorf("alg %.40q", h.Algorithm))
	}
	return nil
}

// otherJWT reports whether a typ declares some other kind of JWT: an access
// token (at+jwt, RFC 9068), a logout token (logout+jwt) and so on are made by
// the same issuer with the same key, often for the same audience, and are no
// sign-in. ID tokens say JWT or nothing, our own say JWS (RFC 8725, section 3.11).
func otherJWT(typ string) bool {
	return strings.HasSuffix(strings.ToLower(typ), "+jwt")
}

// checkSignatureOnce is checkSignature with a memory, where the key set has one.
func (t *Token) checkSignatureOnce(keys KeySet, candidates []jose.JSONWebKey) error {
	m, ok := keys.(memory)
	if ok && m.knows(t) {
		return nil
	}
	err := t.checkSignature(candidates)
	if ok && err == nil {
		m.learn(t)
	}
	return err
}

// checkSignature verifies the token with those of an issuer's keys that fit.
func (t *Token) checkSignature(candidates []jose.JSONWebKey) error {
	if len(candidates) == 0 {
		return reject(KeyUnknown, fmt.Errorf("kid %.80q", t.header.KeyID))
	}
	var fitting []any
	var misfit error
	for i := range candidates {
		if err := fits(&candidates[i], t.header.Algorithm); err != nil {
			misfit = err
			continue
		}
		fitting = append(fitting, candidates[i].Key)
	}
	if len(fitting) == 0 {
		return reject(KeyUnsuitable, misfit)
	}
	if t.header.KeyID == "" && len(fitting) > 1 {
		return reject(KeyAmbiguous, fmt.Errorf("no kid and %d keys for %s", len(fitting), t.header.Algorithm))
	}
	err := t.verify(fitting[:min(len(fitting), maxTries)])
	if len(fitting) > maxTries && causeOf(err) == SignatureInvalid {
		return reject(SignatureInvalid, fmt.Errorf("of %d keys that kid %.80q may mean, %d were tried", len(fitting), t.header.KeyID, maxTries))
	}
	return err
}

// verify tries keys that fit. The library reads the token once more; that it
// read the same payload as we did is part of the proof.
func (t *Token) verify(keys []any) error {
	signed, err := jose.ParseSignedCompact(t.raw, []jose.SignatureAlgorithm{t.header.Algorithm})
	if err != nil {
		return reject(HeaderMalformed, errors.New(t.header.suspects()))
	}
	for _, key := range keys {
		if payload, err := signed.Verify(key); err == nil && bytes.Equal(payload, t.payload) && t.rightSalt(key) {
			return nil
		}
	}
	return reject(SignatureInvalid, nil)
}

// suspects names the members of a header that the verifier cannot read: it reads
// more of them than we do.
func (h header) suspects() string {
	var names []string
	if h.Key != nil {
		names = append(names, "jwk")
	}
	if h.Certificates != nil {
		names = append(names, "x5c")
	}
	if len(names) == 0 {
		return "unreadable to the verifier"
	}
	return strings.Join(names, " or ")
}

// rightSalt reports whether the salt of an RSASSA-PSS signature is as long as the
// hash, which RFC 7518, section 3.5, demands. The library lets the length be found
// out. Other signatures have no salt.
func (t *Token) rightSalt(key any) bool {
	hash, ok := map[jose.SignatureAlgorithm]crypto.Hash{
		jose.PS256: crypto.SHA256, jose.PS384: crypto.SHA384, jose.PS512: crypto.SHA512,
	}[t.header.Algorithm]
	if !ok {
		return true
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return false
	}
	dot := strings.LastIndexByte(t.raw, '.')
	signature, err := decodePart(t.raw[dot+1:])
	if err != nil {
		return false
	}
	digest := hash.New()
	digest.Write([]byte(t.raw[:dot]))
	return rsa.VerifyPSS(public, hash, digest.Sum(nil), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// fits says why a key must not be used with an algorithm, or nil. Each algorithm
// is bound to one type of key, and the EC ones to one curve (RFC 7518, section
// 3.1), so that no key is ever used in a way its owner did not mean.
func fits(key *jose.JSONWebKey, alg jose.SignatureAlgorithm) error {
	if key.Use != "" && key.Use != "sig" {
		return fmt.Errorf("key is for use %.20q", key.Use)
	}
	if key.Algorithm != "" && key.Algorithm != string(alg) {
		return fmt.Errorf("key is for %.20q, not %s", key.Algorithm, alg)
	}
	switch alg {
	case jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512:
		return fitsRSA(key.Key)
	case jose.EdDSA:
		if _, ok := key.Key.(ed25519.PublicKey); !ok {
			return fmt.Errorf("key is %T, not Ed25519", key.Key)
		}
		return nil
	case jose.ES256:
		return fitsEC(key.Key, elliptic.P256())
	case jose.ES384:
		return fitsEC(key.Key, elliptic.P384())
	case jose.ES512:
		return fitsEC(key.Key, elliptic.P521())
	}
	return fmt.Errorf("no keys are used with %.20q", string(alg))
}

func fitsRSA(key any) error {
	k, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("key is %T, not RSA", key)
	}
	if n := k.N.BitLen(); n < minRSABits || n > maxRSABits {
		return fmt.Errorf("RSA key of %d bits", n)
	}
	if k.E < 3 || k.E%2 == 0 {
		return fmt.Errorf("RSA exponent %d", k.E)
	}
	return nil
}

func fitsEC(key any, curve elliptic.Curve) error {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("key is %T, not EC", key)
	}
	if k.Curve != curve {
		return fmt.Errorf("key is on %s, not %s", k.Curve.Params().Name, curve.Params().Name)
	}
	return nil
}
