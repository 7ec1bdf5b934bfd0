package mint

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // for a kind of bad response
	_ "crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	exclusiveC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
	dsigSpace     = "http://www.w3.org/2000/09/xmldsig#"
	enveloped     = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>`
	exclusive     = `<ds:Transform Algorithm="` + exclusiveC14N + `"></ds:Transform>`
)

// signature is how an assertion is signed (XML Signature Syntax and Processing 1.1).
type signature struct {
	// sign makes a signature's value; nil means that nothing is signed.
	sign func(info []byte) ([]byte, error)
	// certificate goes into the KeyInfo (DER).
	certificate []byte
	// hash makes the digest, by the name that it has.
	hash                 crypto.Hash
	digestURI, methodURI string
	// canonicalization is the method for the SignedInfo; namespaces are the declarations that it adds.
	canonicalization, namespaces string
	transforms                   string
	// reference is the URI of what is signed; nil means the assertion's.
	reference *string
}

// rsaSHA256 is a good signature.
func rsaSHA256(key *rsa.PrivateKey) signature {
	return signature{
		sign: func(info []byte) ([]byte, error) { return rsaSign(key, crypto.SHA256, info) },
		hash: crypto.SHA256, digestURI: "http://www.w3.org/2001/04/xmlenc#sha256", methodURI: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		canonicalization: exclusiveC14N, transforms: enveloped + exclusive,
	}
}

func rsaSign(key *rsa.PrivateKey, hash crypto.Hash, data []byte) ([]byte, error) {
	value, err := rsa.SignPKCS1v15(nil, key, hash, sum(hash, data))
	if err != nil {
		return nil, fmt.Errorf("mint: sign: %w", err)
	}
	return value, nil
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// over is a signature over an element, whose canonical form without it is given.
func (s signature) over(id, canonical string) (string, error) {
	uri := "#" + id
	if s.reference != nil {
		uri = *s.reference
	}
	info := func(namespaces string) string {
		return `<ds:SignedInfo xmlns:ds="` + dsigSpace + `"` + namespaces + `><ds:CanonicalizationMethod Algorithm="` + s.canonicalization + `"></ds:CanonicalizationMethod>` +
			`<ds:SignatureMethod Algorithm="` + s.methodURI + `"></ds:SignatureMethod><ds:Reference URI="` + uri + `"><ds:Transforms>` + s.transforms + `</ds:Transforms>` +
			`<ds:DigestMethod Algorithm="` + s.digestURI + `"></ds:DigestMethod><ds:DigestValue>` + base64.StdEncoding.EncodeToString(sum(s.hash, []byte(canonical))) +
			`</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	}
	value, err := s.sign([]byte(info(s.namespaces)))
	if err != nil {
		return "", err
	}
	keyInfo := ""
	if s.certificate != nil {
		keyInfo = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(s.certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	}
	return `<ds:Signature xmlns:ds="` + dsigSpace + `">` + info("") + `<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>` +
		keyInfo + `</ds:Signature>`, nil
}

// Metadata are the provider's SAML metadata, as they are given to whoever is to trust it. The same issuer and key have the
// same metadata.
func (m SAML) Metadata() ([]byte, error) {
	if m.Issuer == "" || m.Key == nil {
		return nil, errors.New("mint: metadata need an issuer and a key")
	}
	return samlMetadata(m.Issuer, m.Key)
}

// samlMetadata writes metadata (Metadata for SAML 2.0). Their schema wants the address of a sign-in page, of which there is
// none: responses come from [SAML]. AWS takes no metadata of less than a thousand characters, which these have.
func samlMetadata(issuer string, key *rsa.PrivateKey) ([]byte, error) {
	certificate, err := selfSigned(key)
	if err != nil {
		return nil, err
	}
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + quoted(entityID(issuer)) + `">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="` + dsigSpace + `"><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
    </KeyDescriptor>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + quoted(entityID(issuer)) + `"/>
  </IDPSSODescriptor>
</EntityDescriptor>
`), nil
}

// selfSigned is a certificate that says nothing but the key, and is the same whenever it is made.
func selfSigned(key *rsa.PrivateKey) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "daypass idp, for development"},
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key) // PKCS #1 v1.5 needs no randomness
	if err != nil {
		return nil, fmt.Errorf("mint: make a certificate: %w", err)
	}
	return der, nil
}
