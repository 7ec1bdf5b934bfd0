package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// now is within the window of the responses.
var now = time.Date(2026, 1, 1, 0, 1, 0, 0, time.UTC)

var rules = Rules{
	Audiences: []string{"urn:amazon:webservices"},
	Recipient: func(address string) bool { return address == "https://signin.aws.amazon.com/saml" },
	Now:       now,
	Skew:      time.Minute,
}

// The parts of a response. The slots SIGNATURE-R and SIGNATURE-A are where a
// signature may go.
const (
	responseHead = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_r1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" Destination="https://signin.aws.amazon.com/saml">` +
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/meta</saml:Issuer>SIGNATURE-R`
	status = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`

	plainAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">` +
		`<saml:Issuer>https://idp.example.com/meta</saml:Issuer>SIGNATURE-A` +
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">user-77</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-01-01T00:05:00Z" Recipient="https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="2025-12-31T23:59:00Z" NotOnOrAfter="2026-01-01T00:10:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="2026-01-01T00:00:00Z" SessionIndex="_s" SessionNotOnOrAfter="2026-01-01T08:00:00.5Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>arn:aws:iam::111122223333:role/saml-a,arn:aws:iam::111122223333:saml-provider/idp</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="groups"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">a</saml:AttributeValue><saml:AttributeValue>b &amp; c</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
		`</saml:Assertion>`

	plain = responseHead + status + plainAssertion + `</samlp:Response>`
)

// wanted is what plain says.
func wanted() *Assertion {
	return &Assertion{
		ID: "_a1", NameID: "user-77", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		Issuer: "https://idp.example.com/meta", Audience: "urn:amazon:webservices", Recipient: "https://signin.aws.amazon.com/saml",
		Attributes: map[string][]string{
			RoleAttribute: {"arn:aws:iam::111122223333:role/saml-a,arn:aws:iam::111122223333:saml-provider/idp"},
			"groups":      {"a", "b & c"},
		},
		IssueInstant:        time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotOnOrAfter:        time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC),
		SessionNotOnOrAfter: time.Date(2026, 1, 1, 8, 0, 0, 500_000_000, time.UTC),
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func key(t testing.TB, name string) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode(read(t, name+".key"))
	if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return k
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return k.(crypto.Signer)
}

func der(t testing.TB, name string) []byte {
	t.Helper()
	block, _ := pem.Decode(read(t, name+".crt"))
	return block.Bytes
}

// descriptor is a KeyDescriptor with a certificate of a name.
func descriptor(t testing.TB, name, attributes string) string {
	t.Helper()
	return keyDescriptor(der(t, name), attributes)
}

func keyDescriptor(certificate []byte, attributes string) string {
	return `<KeyDescriptor ` + attributes + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` + "\n" +
		base64.StdEncoding.EncodeToString(certificate) + "\n" + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`
}

// entity is metadata with KeyDescriptors, long enough.
func entity(keyDescriptors ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><!--` + strings.Repeat(" padding", 125) + `-->` +
		`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/meta"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		strings.Join(keyDescriptors, "") +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>`
}

// metadata has the signing keys of these names.
func metadata(t testing.TB, names ...string) *Metadata {
	t.Helper()
	var list []string
	for _, name := range names {
		list = append(list, descriptor(t, name, `use="signing"`))
	}
	m, err := ParseMetadata(entity(list...))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// signing is how a signature is made; its zero value is a good one with the key
// "rsa". It makes bad ones as well.
type signing struct {
	key, method, digest, canonicalizer, uri, transforms string
	keyInfo, extra, info, reference, params, c14n       string // put into the signature as they are
	inclusive                                           string
	wrong                                               bool            // of the element as if it were empty
	signer                                              *rsa.PrivateKey // in place of the key of a name
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

const rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

// template is the signature before it has values.
func (s signing) template(id string) string {
	c14n := or(s.canonicalizer, exclusive)
	list := s.c14n
	if s.inclusive != "" {
		list = `<ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="` + s.inclusive + `"/>`
	}
	transforms := or(s.transforms, `<ds:Transform Algorithm="`+enveloped+`"/><ds:Transform Algorithm="`+exclusive+`">`+list+`</ds:Transform>`)
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + c14n + `">` + list + `</ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + or(s.method, rsaSHA256) + `">` + s.params + `</ds:SignatureMethod><ds:Reference URI="` + or(s.uri, "#"+id) + `"><ds:Transforms>` + transforms + `</ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + or(s.digest, "http://www.w3.org/2001/04/xmlenc#sha256") + `"/><ds:DigestValue>DIGEST</ds:DigestValue>` + s.reference + `</ds:Reference>` + s.info + `</ds:SignedInfo>` +
		`<ds:SignatureValue>VALUE</ds:SignatureValue>` + s.keyInfo + s.extra + `</ds:Signature>`
}

// sign fills the slots of a response: SIGNATURE-A, then SIGNATURE-R. A nil
// signing leaves the slot empty.
func sign(t testing.TB, doc string, assertion, response *signing) string {
	t.Helper()
	doc = fill(t, doc, "SIGNATURE-A", "_a1", assertion, "SIGNATURE-R")
	return fill(t, doc, "SIGNATURE-R", "_r1", response, "")
}

func fill(t testing.TB, doc, slot, id string, s *signing, later string) string {
	t.Helper()
	if s == nil {
		return strings.Replace(doc, slot, "", 1)
	}
	doc = strings.Replace(doc, slot, s.template(id), 1)
	signature := func() *element {
		parsed, err := parseStrict(strings.Replace(doc, later, "", 1))
		if err != nil {
			t.Fatal(err)
		}
		var found *element
		parsed.walk(func(e *element) {
			if e.is(dsigSpace, "Signature") && strings.Contains(string(form(t, e, nil, nil)), ">VALUE<") {
				found = e
			}
		})
		return found
	}
	sig := signature()
	hash, ok := digests[s.digest]
	if !ok {
		hash = crypto.SHA256
	}
	signed := form(t, sig.parent, sig, strings.Fields(s.inclusive))
	if s.wrong {
		signed = nil
	}
	sum := digest(hash, signed)
	if strings.HasSuffix(s.digest, "#sha1") {
		sha := sha1.Sum(signed)
		sum = sha[:]
	}
	doc = strings.Replace(doc, "DIGEST", base64.StdEncoding.EncodeToString(sum), 1)
	info := form(t, first(signature()), nil, strings.Fields(s.inclusive))
	return strings.Replace(doc, "VALUE", base64.StdEncoding.EncodeToString(s.value(t, info)), 1)
}

// form is the canonical form of an element.
func form(t testing.TB, e, without *element, inclusive []string) []byte {
	t.Helper()
	out, err := canonical(e, without, inclusive)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// first is the first child that is an element.
func first(e *element) *element {
	parts, _ := e.firstThree()
	return parts[0]
}

func (s signing) value(t testing.TB, info []byte) []byte {
	t.Helper()
	if strings.Contains(s.method, "hmac") {
		mac := hmac.New(sha256.New, der(t, "rsa"))
		mac.Write(info)
		return mac.Sum(nil)
	}
	k := key(t, or(s.key, "rsa"))
	if s.signer != nil {
		k = s.signer
	}
	hash := crypto.SHA256
	if m, ok := methods[s.method]; ok {
		hash = m.hash
	}
	sum := digest(hash, info)
	if strings.HasSuffix(s.method, "rsa-sha1") {
		sha := sha1.Sum(info)
		sum, hash = sha[:], crypto.SHA1
	}
	if k, ok := k.(*ecdsa.PrivateKey); ok {
		r, v, err := ecdsa.Sign(rand.Reader, k, sum)
		if err != nil {
			t.Fatal(err)
		}
		n := (k.Curve.Params().N.BitLen() + 7) / 8
		return append(r.FillBytes(make([]byte, n)), v.FillBytes(make([]byte, n))...)
	}
	value, err := rsa.SignPKCS1v15(nil, k.(*rsa.PrivateKey), hash, sum)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func encode(doc string) string { return base64.StdEncoding.EncodeToString([]byte(doc)) }

// verify verifies a document with the key "rsa" in the metadata.
func verify(t testing.TB, doc string) (*Assertion, error) {
	t.Helper()
	return Verify(encode(doc), metadata(t, "rsa"), rules)
}

// causeOf is the cause, "" for success; other errors fail.
func causeOf(t testing.TB, a *Assertion, err error) Cause {
	t.Helper()
	if (a == nil) == (err == nil) {
		t.Fatalf("assertion %v with error %v", a, err)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("untyped error %v", err)
	}
	return CauseOf(err)
}
