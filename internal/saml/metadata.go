package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of metadata (CreateSAMLProvider in the IAM API reference, "IAM and
// AWS STS quotas" in the IAM User Guide).
const (
	MinMetadata = 1_000      // characters
	MaxMetadata = 10_000_000 // characters

	maxDescriptors = 10 // IDPSSODescriptor elements
	maxKeys        = 10 // KeyDescriptor elements in them
)

// MinRSA is the shortest RSA key that signs, in bits, unless the rules allow
// shorter ones (Rules.AllowRSA1024). AWS takes 1024, which NIST SP 800-131A has
// disallowed for signatures since 2013.
const MinRSA = 2048

// minRSA is the shortest RSA key that metadata may have at all.
const minRSA = 1024

// maxRSA is the longest. Verifying takes longer with the square of it, and anybody
// can have it done.
const maxRSA = 16384

// Metadata is what is known of an identity provider.
type Metadata struct {
	// EntityID is its name, the Issuer of its responses.
	EntityID string
	// Certificates are those of its signing keys, in the order of the document and
	// each once. That they are expired or signed by nobody does not matter: they
	// are trusted because they are listed ("Create a SAML identity provider in IAM"
	// in the IAM User Guide, after the SAML V2.0 Metadata Interoperability Profile).
	Certificates []*x509.Certificate
	// ValidUntil is the earliest validUntil in the metadata, when they end; zero
	// where they have none.
	ValidUntil time.Time
}

// keys are the public keys of the certificates, with or without short RSA keys.
func (m *Metadata) keys(short bool) []crypto.PublicKey {
	list := make([]crypto.PublicKey, 0, len(m.Certificates))
	for _, c := range m.Certificates {
		if k, ok := c.PublicKey.(*rsa.PublicKey); short || !ok || k.N.BitLen() >= MinRSA {
			list = append(list, c.PublicKey)
		}
	}
	return list
}

// ShortRSA says whether a key is an RSA key of fewer than MinRSA bits.
func (m *Metadata) ShortRSA() bool { return len(m.keys(false)) < len(m.Certificates) }

// ended says whether the metadata are at their end.
func (m *Metadata) ended(now time.Time) bool {
	return !m.ValidUntil.IsZero() && !now.Before(m.ValidUntil)
}

// ParseMetadata reads the metadata of an identity provider: an EntityDescriptor
// in UTF-8 with a SAML 2.0 IDPSSODescriptor and a signing certificate at least.
// A signature of the document is not looked at; who uploads it vouches for it.
func ParseMetadata(document string) (*Metadata, error) {
	root, err := parseMetadata(document)
	if err != nil {
		return nil, fmt.Errorf("saml: metadata: %w", err)
	}
	r := &metadataReader{}
	if err := r.entity(root); err != nil {
		return nil, fmt.Errorf("saml: metadata: %w", err)
	}
	return &r.Metadata, nil
}

func parseMetadata(document string) (*element, error) {
	if !utf8.ValidString(document) {
		return nil, errors.New("not UTF-8")
	}
	if n := utf8.RuneCountInString(document); n < MinMetadata || n > MaxMetadata {
		return nil, fmt.Errorf("%d characters, not %d to %d", n, MinMetadata, MaxMetadata)
	}
	root, err := parseLenient(document)
	if err != nil {
		return nil, err
	}
	if !root.is(metadataSpace, "EntityDescriptor") {
		return nil, fmt.Errorf("the root is %.100q, not EntityDescriptor", root.local)
	}
	return root, nil
}

// metadataReader collects what metadata say.
type metadataReader struct {
	Metadata
	descriptors, keyDescriptors int
}

func (r *metadataReader) entity(root *element) error {
	r.EntityID, _ = root.attribute("entityID")
	if r.EntityID == "" || len(r.EntityID) > 1024 || strings.Trim(r.EntityID, whiteSpace) != r.EntityID {
		return errors.New("the entityID is absent, longer than 1024 characters or in white space")
	}
	if err := r.until(root); err != nil {
		return err
	}
	for d := range root.named(metadataSpace, "IDPSSODescriptor") {
		if err := r.descriptor(d); err != nil {
			return err
		}
	}
	if len(r.Certificates) == 0 {
		return errors.New("no IDPSSODescriptor of SAML 2.0 with a signing certificate")
	}
	return nil
}

// until reads a validUntil.
func (r *metadataReader) until(e *element) error {
	value, found := e.attribute("validUntil")
	if !found {
		return nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil || t.IsZero() {
		return errors.New("the validUntil is no time")
	}
	if r.ValidUntil.IsZero() || t.Before(r.ValidUntil) {
		r.ValidUntil = t.UTC()
	}
	return nil
}

func (r *metadataReader) descriptor(d *element) error {
	if r.descriptors++; r.descriptors > maxDescriptors {
		return fmt.Errorf("more than %d of IDPSSODescriptor", maxDescriptors)
	}
	if protocols, _ := d.attribute("protocolSupportEnumeration"); !slices.Contains(strings.Fields(protocols), protocolSpace) {
		return nil // older protocols
	}
	if err := r.until(d); err != nil {
		return err
	}
	for k := range d.named(metadataSpace, "KeyDescriptor") {
		if r.keyDescriptors++; r.keyDescriptors > maxKeys {
			return fmt.Errorf("more than %d of KeyDescriptor", maxKeys)
		}
		if use, limited := k.attribute("use"); limited && use != "signing" {
			continue
		}
		if err := r.key(k); err != nil {
			return fmt.Errorf("KeyDescriptor %d: %w", r.keyDescriptors, err)
		}
	}
	return nil
}

// key reads the certificate of a signing key. Of a chain only the first one is
// the key's.
func (r *metadataReader) key(k *element) error {
	info, err := k.only(dsigSpace, "KeyInfo")
	if err != nil {
		return err
	}
	for data := range info.named(dsigSpace, "X509Data") {
		for first := range data.named(dsigSpace, "X509Certificate") {
			c, err := certificate(first)
			if err == nil && !slices.ContainsFunc(r.Certificates, c.Equal) {
				r.Certificates = append(r.Certificates, c)
			}
			return err
		}
	}
	return errors.New("no X509Certificate")
}

func certificate(e *element) (*x509.Certificate, error) {
	der, err := decode(e)
	if err != nil {
		return nil, fmt.Errorf("X509Certificate: %w", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return c, checkKey(c.PublicKey)
}

func checkKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("an RSA key of %d bits, not %d to %d", n, minRSA, maxRSA)
		}
		return nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521() {
			return nil
		}
	}
	return errors.New("the key is neither RSA nor on P-256, P-384 or P-521")
}
