// Package jws verifies signatures of JSON Web Signatures (RFC 7515) by the
// algorithms for public keys of RFC 7518, section 3.1, and by Ed25519 of RFC
// 8037. It reads nothing: who has read a token hands over the bytes that were
// signed and the signature. The arithmetic is that of the standard library; what
// is decided here is which key may go with which algorithm, and how a signature
// is written down.
package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
)

// Algorithm is the name of a signature algorithm, as the alg of a header has it.
type Algorithm string

// The algorithms. There are no others: an Algorithm that is not one of them fits
// no key and verifies nothing, so neither "none" nor a shared secret can be asked
// for.
const (
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256" // RSASSA-PSS, with a salt as long as the hash
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256" // ECDSA, on P-256
	ES384 Algorithm = "ES384" // on P-384
	ES512 Algorithm = "ES512" // on P-521
	EdDSA Algorithm = "EdDSA" // Ed25519
)

const (
	minRSABits = 2048
	// MaxRSABits is the size of the largest RSA key. Verifying with more costs
	// milliseconds.
	MaxRSABits = 8192
)

// Fits says why a key must not be used with the algorithm, or nil. Each algorithm
// is bound to one type of key, and the EC ones to one curve (RFC 7518, section
// 3.1), so that no key is ever used in a way its owner did not mean.
func (a Algorithm) Fits(key any) error {
	switch a {
	case RS256, RS384, RS512, PS256, PS384, PS512:
		return fitsRSA(key)
	case ES256:
		return fitsEC(key, elliptic.P256())
	case ES384:
		return fitsEC(key, elliptic.P384())
	case ES512:
		return fitsEC(key, elliptic.P521())
	case EdDSA:
		if k, ok := key.(ed25519.PublicKey); !ok || len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("key is %T, not Ed25519", key)
		}
		return nil
	}
	return fmt.Errorf("no keys are used with %.20q", string(a))
}

func fitsRSA(key any) error {
	k, ok := key.(*rsa.PublicKey)
	if !ok || k == nil || k.N == nil {
		return fmt.Errorf("key is %T, not RSA", key)
	}
	if n := k.N.BitLen(); n < minRSABits || n > MaxRSABits {
		return fmt.Errorf("RSA key of %d bits", n)
	}
	if k.E < 3 || k.E%2 == 0 {
		return fmt.Errorf("RSA exponent %d", k.E)
	}
	return nil
}

func fitsEC(key any, curve elliptic.Curve) error {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok || k == nil || k.Curve == nil {
		return fmt.Errorf("key is %T, not EC", key)
	}
	if k.Curve != curve {
		return fmt.Errorf("key is on %s, not %s", k.Curve.Params().Name, curve.Params().Name)
	}
	return nil
}

// Verify reports whether a signature of the signing input (RFC 7515, section 5.2)
// is the key's. A key that does not fit verifies nothing. Each signature has one
// length: RSA's is that of the modulus, ECDSA's is r and s as long as the curve's
// order each (RFC 7518, section 3.4), Ed25519's is 64 bytes.
func (a Algorithm) Verify(key any, input, signature []byte) bool {
	if a.Fits(key) != nil {
		return false
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		hash, digest := a.digest(input)
		switch a {
		case RS256, RS384, RS512:
			return rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil
		case PS256, PS384, PS512:
			// RFC 7518, section 3.5, demands the length; the standard library would
			// find out any.
			return rsa.VerifyPSS(key, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		return a.verifyEC(key, input, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, input, signature)
	}
	return false
}

func (a Algorithm) verifyEC(key *ecdsa.PublicKey, input, signature []byte) bool {
	size := (key.Curve.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	_, digest := a.digest(input)
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(key, digest, r, s)
}

// digest hashes the signing input with the algorithm's hash.
func (a Algorithm) digest(input []byte) (crypto.Hash, []byte) {
	switch a {
	case RS256, PS256, ES256:
		sum := sha256.Sum256(input)
		return crypto.SHA256, sum[:]
	case RS384, PS384, ES384:
		sum := sha512.Sum384(input)
		return crypto.SHA384, sum[:]
	}
	sum := sha512.Sum512(input)
	return crypto.SHA512, sum[:]
}
