package openid

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/seal"
)

// Purpose is what [Provider.Box] must have been made for.
const Purpose = "openid-signing-key"

// algorithm signs all our tokens, as it does AWS's.
const algorithm = jose.RS512

// minKeyBits is the least size of an RSA key, the size of those that we make.
const minKeyBits = 2048

// SigningKey is a signing key as it is stored.
type SigningKey struct {
	// KID is the key id, region and number: us-east-1-1. It is unique.
	KID string
	// Region is the region whose pools' tokens it signs.
	Region string
	// Created is when it was made, in whole milliseconds, UTC.
	Created time.Time
	// SignAfter is when it may begin to sign; before that it is only published.
	// In whole milliseconds, UTC.
	SignAfter time.Time
	// Certificate is a self-signed X.509 certificate of the public key, DER,
	// for verifiers that want x5c. It is public. It is stored because its hash
	// may stand in somebody's configuration, and making it anew with another
	// version of the standard library might change a byte. It may be empty.
	Certificate []byte
	// Sealed is the private key, PKCS #8 DER, sealed for [Purpose] and tied to
	// KID and Region.
	Sealed []byte
}

// Store keeps the signing keys.
type Store interface {
	// SigningKeys returns all keys, in any order, at least those that were stored
	// before the call, by whichever process. The same list is the same slice again, which
	// is to be had for little and not to be changed.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey stores a key durably before it returns. When a key with
	// this KID is there already it changes nothing and added is false. The first key
	// of all signs from when it was created, whatever its SignAfter, since no other
	// can; and all others count as used, since they may have to until it can. A key that
	// there is no room for, next to those of its region or next to so many other
	// regions, is refused with ErrTooManyKeys or ErrTooManyRegions.
	AddSigningKey(ctx context.Context, key SigningKey, room Room) (added bool, err error)
	// ChangeSigningKeys durably does what decide says about the keys that are there, all
	// of it or nothing, and never gives the key ID of one that is removed to another.
	// decide may be called several times, of which the last counts; its error is
	// returned, and nothing changes.
	ChangeSigningKeys(ctx context.Context, decide func(stored []SigningKey) (Change, error)) error
	// LastRemovedKey is the number of the last key of a region that was removed,
	// zero if none was.
	LastRemovedKey(ctx context.Context, region string) (number int, err error)
	// RemoveUnusedKeys removes the keys that have not been in use for so long, as
	// far as the store has noticed, and names them. In use are the keys of regions
	// that have identity pools or, where one region signs for all, those of that
	// one alone.
	RemoveUnusedKeys(ctx context.Context, now time.Time, unused time.Duration, one string) (kids []string, err error)
}

// Room is how much room there is for keys. Zero means any.
type Room struct {
	// Regions is the most regions that have keys.
	Regions int
	// Keys is the most keys of a region.
	Keys int
}

// The errors of [Store.AddSigningKey] where there is no room. ErrTooManyRegions
// is one of [Provider.EnsureKey] too.
var (
	ErrTooManyKeys    = errors.New("the region has as many signing keys as it may have")
	ErrTooManyRegions = errors.New("as many regions have signing keys as may have them")
)

// UnsealError says that a stored signing key does not open. When SealedUnder and
// MasterKey differ the master key is the wrong one; else the stored bytes are
// damaged or do not belong to this key id.
type UnsealError struct {
	KID         string
	SealedUnder seal.KeyID // the master key that is needed, as the stored bytes name it
	MasterKey   seal.KeyID // the master key in use
}

// Error says which master key is needed and which is in use, by fingerprint.
func (e *UnsealError) Error() string {
	if e.SealedUnder != e.MasterKey {
		return fmt.Sprintf("wrong master key: signing key %s was sealed under master key %s, this is %s", e.KID, e.SealedUnder, e.MasterKey)
	}
	return fmt.Sprintf("signing key %s does not open under its own master key %s: the stored key is damaged or is another one's", e.KID, e.MasterKey)
}

// Unwrap returns [seal.ErrOpen].
func (e *UnsealError) Unwrap() error { return seal.ErrOpen }

func newUnsealError(stored SigningKey, inUse seal.KeyID) *UnsealError {
	wanted, ok := seal.SealedUnder(stored.Sealed)
	if !ok {
		wanted = inUse // not even a header, so it is damage and no question of keys
	}
	return &UnsealError{KID: stored.KID, SealedUnder: wanted, MasterKey: inUse}
}

// AdditionalData ties sealed bytes to a key. Neither part can hold a line break.
func AdditionalData(kid, region string) []byte { return []byte(kid + "\n" + region) }

// key is a signing key in memory, ready to sign.
type key struct {
	SigningKey
	number int
	signer jose.Signer
	public *rsa.PublicKey
}

// newSigningKey seals a private key for the store.
func newSigningKey(box *seal.Box, region string, number int, created, signAfter time.Time, private *rsa.PrivateKey) (SigningKey, error) {
	k := SigningKey{
		KID:       formatKID(region, number),
		Region:    region,
		Created:   created.UTC().Truncate(time.Millisecond),
		SignAfter: signAfter.UTC().Truncate(time.Millisecond),
	}
	if err := checkSize(&private.PublicKey); err != nil {
		return SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return SigningKey{}, fmt.Errorf("encoding signing key %s: %w", k.KID, err)
	}
	defer clear(der)
	k.Sealed = box.Seal(nil, der, AdditionalData(k.KID, k.Region))
	k.Certificate, err = newCertificate(k.KID, k.Created, private)
	return k, err
}

// newCertificate makes a self-signed certificate that depends on nothing but its
// arguments, and never expires (RFC 5280, section 4.1.2.5): the key's life is
// the key set's business.
func newCertificate(kid string, created time.Time, private *rsa.PrivateKey) ([]byte, error) {
	digest := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	digest[0] &= 0x7f // a serial number is positive
	template := &x509.Certificate{
		SerialNumber:       new(big.Int).SetBytes(digest[:16]),
		Subject:            pkix.Name{CommonName: "daypass " + kid},
		NotBefore:          created,
		NotAfter:           time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:           x509.KeyUsageDigitalSignature,
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of signing key %s: %w", kid, err)
	}
	return der, nil
}

// openKey makes a stored key ready to sign.
func openKey(box *seal.Box, stored SigningKey) (*key, error) {
	region, number, ok := parseKID(stored.KID)
	if !ok || region != stored.Region {
		return nil, fmt.Errorf("signing key %.64q of region %.64q: the key id must be the region and a number", stored.KID, stored.Region)
	}
	private, err := openPrivate(box, stored)
	if err != nil {
		return nil, err
	}
	if err := checkCertificate(stored.Certificate, &private.PublicKey); err != nil {
		return nil, fmt.Errorf("signing key %s: %w", stored.KID, err)
	}
	signer, err := newSigner(stored.KID, private)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", stored.KID, err)
	}
	return &key{SigningKey: stored, number: number, signer: signer, public: &private.PublicKey}, nil
}

// openPrivate unseals the private key. Parsing checks it and computes the values
// without which a signature would take almost twice the time.
func openPrivate(box *seal.Box, stored SigningKey) (*rsa.PrivateKey, error) {
	der, err := box.Open(nil, stored.Sealed, AdditionalData(stored.KID, stored.Region))
	if err != nil {
		return nil, newUnsealError(stored, box.KeyID())
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok { // err is dropped, it speaks of what was sealed
		return nil, fmt.Errorf("signing key %s: what was sealed is not an RSA key", stored.KID)
	}
	return private, checkSize(&private.PublicKey)
}

func checkSize(public *rsa.PublicKey) error {
	if bits := public.N.BitLen(); bits < minKeyBits {
		return fmt.Errorf("an RSA key of %d bits is too short to sign tokens", bits)
	}
	return nil
}

func checkCertificate(der []byte, public *rsa.PublicKey) error {
	if len(der) == 0 {
		return nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("its certificate: %w", err)
	}
	if !public.Equal(cert.PublicKey) {
		return errors.New("its certificate is of another key")
	}
	return nil
}

// newSigner returns a signer whose tokens carry kid, typ and alg and nothing else.
func newSigner(kid string, private *rsa.PrivateKey) (jose.Signer, error) {
	return jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType("JWS"))
}

// jwk returns the public key for verifiers in this process.
func (k *key) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.public, KeyID: k.KID, Algorithm: string(algorithm), Use: "sig"}
}
