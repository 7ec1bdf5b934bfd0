package mint

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// badSAML says how each kind of bad response differs from a good one. But for what makes them bad they are good: where a
// signature can be valid, it is.
var badSAML = map[string]func(m SAML, r *samlResponse) error{
	"expired": func(m SAML, r *samlResponse) error {
		r.issued, r.begins, r.ends = "2001-01-01T00:00:00.000Z", "2001-01-01T00:00:00.000Z", "2001-01-01T01:00:00.000Z"
		return nil
	},
	"not-yet-valid": func(m SAML, r *samlResponse) error {
		r.begins, r.ends = "2099-01-01T00:00:00.000Z", "2099-01-01T01:00:00.000Z"
		return nil
	},
	"audience":    func(_ SAML, r *samlResponse) error { r.audience = "https://sp.invalid"; return nil },
	"no-audience": func(_ SAML, r *samlResponse) error { r.audience = ""; return nil },
	"recipient":   func(_ SAML, r *samlResponse) error { r.recipient = "https://sp.invalid/saml"; return nil },
	"destination": func(_ SAML, r *samlResponse) error {
		r.destination, r.whole = "https://sp.invalid/saml", true
		return nil
	},
	"issuer":     func(_ SAML, r *samlResponse) error { r.issuer = "https://issuer.invalid"; return nil },
	"no-name-id": func(_ SAML, r *samlResponse) error { r.nameID = ""; return nil },
	"status": func(_ SAML, r *samlResponse) error {
		r.status, r.around = "urn:oasis:names:tc:SAML:2.0:status:Responder", func(string) string { return "" }
		return nil
	},

	"unsigned":         func(_ SAML, r *samlResponse) error { r.sign = nil; return nil },
	"key":              strangersKey,
	"sha1":             withSHA1,
	"hmac":             withHMAC,
	"reference":        func(_ SAML, r *samlResponse) error { r.reference = new(string); return nil },
	"canonicalization": inclusively,
	"transform": func(_ SAML, r *samlResponse) error {
		r.transforms = enveloped + `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform>` + exclusive
		return nil
	},

	"tampered": func(_ SAML, r *samlResponse) error {
		was := r.nameID
		r.around = func(signed string) string { return strings.Replace(signed, was, nameID("somebody-else"), 1) }
		return nil
	},
	"wrapped":        wrapped,
	"two-assertions": twice,
	"comment":        commented,
	"doctype": func(_ SAML, r *samlResponse) error {
		r.before = `<!DOCTYPE samlp:Response [<!ENTITY who "somebody-else">]>`
		return nil
	},
	"encrypted": func(_ SAML, r *samlResponse) error {
		r.around = func(string) string {
			return `<saml:EncryptedAssertion xmlns:saml="` + assertionSpace + `"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData>` +
				`<xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`
		}
		return nil
	},
	"compressed": func(SAML, *samlResponse) error { return nil }, // Bad does it
}

// BadResponses are the kinds of response that [SAML.Bad] makes.
func BadResponses() []string { return slices.Sorted(maps.Keys(badSAML)) }

// Bad makes a response that has to be refused: of a kind that [BadResponses] lists.
func (m SAML) Bad(kind string) (string, error) {
	change, ok := badSAML[kind]
	if !ok {
		return "", fmt.Errorf("mint: there is no bad response of kind %q; there are %s", kind, strings.Join(BadResponses(), ", "))
	}
	r, err := m.response()
	if err != nil {
		return "", err
	}
	if err := change(m, r); err != nil {
		return "", err
	}
	document, err := r.document()
	if err != nil {
		return "", err
	}
	if kind == "compressed" {
		document, err = deflated(document)
	}
	return base64.StdEncoding.EncodeToString([]byte(document)), err
}

// strangersKey signs with another key and brings its certificate along.
func strangersKey(_ SAML, r *samlResponse) error {
	other, err := stranger("")
	if err != nil {
		return err
	}
	r.signature = rsaSHA256(other.Private)
	r.certificate, err = selfSigned(other.Private)
	return err
}

// withSHA1 signs with an algorithm that no longer protects anything.
func withSHA1(m SAML, r *samlResponse) error {
	r.sign = func(info []byte) ([]byte, error) { return rsaSign(m.Key, crypto.SHA1, info) }
	r.methodURI = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	r.hash, r.digestURI = crypto.SHA1, "http://www.w3.org/2000/09/xmldsig#sha1"
	return nil
}

// withHMAC takes the published certificate for a shared secret.
func withHMAC(m SAML, r *samlResponse) error {
	certificate, err := selfSigned(m.Key)
	r.methodURI = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	r.sign = func(info []byte) ([]byte, error) {
		mac := hmac.New(sha256.New, certificate)
		mac.Write(info)
		return mac.Sum(nil), nil
	}
	return err
}

// inclusively makes the SignedInfo canonical with all namespaces around it, used or not.
func inclusively(_ SAML, r *samlResponse) error {
	r.canonicalization = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	r.namespaces = ` xmlns:saml="` + assertionSpace + `" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`
	return nil
}

// wrapped puts the signed assertion inside of one that says something else (XSW 3 and 4 of "On Breaking SAML", 2012).
func wrapped(_ SAML, r *samlResponse) error {
	evil := *r
	evil.assertionID, evil.nameID = samlID(), nameID("somebody-else")
	text := evil.assertionText("")
	r.around = func(signed string) string {
		return strings.Replace(text, "</saml:Assertion>", "<saml:Advice>"+signed+"</saml:Advice></saml:Assertion>", 1)
	}
	return nil
}

// twice has two assertions, each with a valid signature.
func twice(_ SAML, r *samlResponse) error {
	other := *r
	other.assertionID, other.nameID = samlID(), nameID("somebody-else")
	second, err := other.signed()
	r.around = func(signed string) string { return signed + second }
	return err
}

// commented puts a comment into the NameID, which canonical XML leaves out: what is signed is the whole name, what many
// readers see is the part before the comment (CVE-2017-11427 and its kin).
func commented(m SAML, r *samlResponse) error {
	r.nameID = nameID(m.Subject + ".example")
	r.around = func(signed string) string {
		return strings.Replace(signed, r.nameID, strings.Replace(r.nameID, ".example", "<!-- -->.example", 1), 1)
	}
	return nil
}

// deflated is what the redirect binding does to messages (RFC 1951).
func deflated(document string) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err = w.Write([]byte(document)); err != nil {
		return "", err
	}
	if err = w.Close(); err != nil {
		return "", err
	}
	return b.String(), nil
}
