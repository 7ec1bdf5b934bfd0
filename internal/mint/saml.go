package mint

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What AWS asks for in responses ("Configure SAML assertions for the authentication response" in the IAM User Guide).
const (
	awsAudience  = "urn:amazon:webservices"
	awsRecipient = "https://signin.aws.amazon.com/saml"

	// RoleAttribute lists the roles that somebody may have, each with the SAML provider by which it is to be had, as two ARNs
	// with a comma between.
	RoleAttribute = "https://aws.amazon.com/SAML/Attributes/Role"
)

// SAML makes SAML 2.0 responses without a sign-in, signed with the key that is in the metadata of the same issuer: good
// ones for scripts, and bad ones for tests of whoever has to refuse them.
//
// It writes the XML that it signs in canonical form (Exclusive XML Canonicalization 1.0) to begin with, so that there is
// nothing to canonicalize.
type SAML struct {
	// Issuer is the provider's. The entity ID, which is also where the metadata are, lies below it. It is required.
	Issuer string
	// Subject is the NameID. It is required.
	Subject string
	// Audience and Recipient are for whom the response is and to whom it is to be handed; empty means AWS's.
	Audience, Recipient string
	// Attributes are the values of the attributes by their Name.
	Attributes map[string][]string
	// Lifetime is the time until it expires; zero means an hour.
	Lifetime time.Duration
	// Key signs. It is required.
	Key *rsa.PrivateKey
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Response makes a good response, in base64 as it is posted.
func (m SAML) Response() (string, error) {
	r, err := m.response()
	if err != nil {
		return "", err
	}
	document, err := r.document()
	return base64.StdEncoding.EncodeToString([]byte(document)), err
}

// samlResponse is a response under construction. Times are as they are written.
type samlResponse struct {
	id, issuer, recipient, issued string
	// destination is where the response is sent; whole says that the signature covers all of it, and not the assertion alone.
	destination string
	whole       bool
	status      string
	// before comes before the root, and around says what stands in the place of the assertion; nil for itself.
	before string
	around func(assertion string) string
	assertion
	signature
}

// assertion is what a response says. Its parts are XML or, where they end up inside of an attribute, text.
type assertion struct {
	assertionID, nameID    string
	begins, ends, audience string
	attributes             map[string][]string
}

func (m SAML) response() (*samlResponse, error) {
	if m.Issuer == "" || m.Subject == "" || m.Key == nil {
		return nil, errors.New("mint: a response needs an issuer, a subject and a key")
	}
	now, expires := validity(m.Now, m.Lifetime)
	r := &samlResponse{
		id: samlID(), issuer: entityID(m.Issuer), recipient: cmp.Or(m.Recipient, awsRecipient), issued: stamp(now),
		destination: cmp.Or(m.Recipient, awsRecipient),
		status:      "urn:oasis:names:tc:SAML:2.0:status:Success",
		assertion: assertion{
			assertionID: samlID(), nameID: nameID(m.Subject),
			begins: stamp(now), ends: stamp(expires), audience: cmp.Or(m.Audience, awsAudience), attributes: m.Attributes,
		},
		signature: rsaSHA256(m.Key),
	}
	return r, nil
}

// document is the response as XML.
func (r *samlResponse) document() (string, error) {
	assertion, err := r.signed()
	if err != nil {
		return "", err
	}
	if r.around != nil {
		assertion = r.around(assertion)
	}
	signature := ""
	if r.whole {
		if signature, err = r.over(r.id, r.responseText("", assertion)); err != nil {
			return "", err
		}
	}
	return r.before + r.responseText(signature, assertion), nil
}

// responseText is the response around an assertion, in canonical form but for its signature.
func (r *samlResponse) responseText(signature, assertion string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="` + quoted(r.destination) + `" ID="` + r.id +
		`" IssueInstant="` + r.issued + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + text(r.issuer) + `</saml:Issuer>` + signature +
		`<samlp:Status><samlp:StatusCode Value="` + r.status + `"></samlp:StatusCode></samlp:Status>` + assertion + `</samlp:Response>`
}

// signed is the assertion with its signature, if it has one.
func (r *samlResponse) signed() (string, error) {
	if r.sign == nil || r.whole {
		return r.assertionText(""), nil
	}
	signature, err := r.over(r.assertionID, r.assertionText(""))
	return r.assertionText(signature), err
}

func nameID(subject string) string {
	return `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + text(subject) + `</saml:NameID>`
}

const assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"

// assertionText is the assertion in canonical form, but for its signature.
func (r *samlResponse) assertionText(signature string) string {
	audiences := ""
	if r.audience != "" {
		audiences = `<saml:AudienceRestriction><saml:Audience>` + text(r.audience) + `</saml:Audience></saml:AudienceRestriction>`
	}
	return `<saml:Assertion xmlns:saml="` + assertionSpace + `" ID="` + r.assertionID + `" IssueInstant="` + r.issued + `" Version="2.0">` +
		`<saml:Issuer>` + text(r.issuer) + `</saml:Issuer>` + signature +
		`<saml:Subject>` + r.nameID + `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
		`<saml:SubjectConfirmationData NotOnOrAfter="` + r.ends + `" Recipient="` + quoted(r.recipient) + `"></saml:SubjectConfirmationData>` +
		`</saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + r.begins + `" NotOnOrAfter="` + r.ends + `">` + audiences + `</saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + r.issued + `" SessionIndex="` + r.assertionID + `"><saml:AuthnContext><saml:AuthnContextClassRef>` +
		`urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		r.attributeStatement() + `</saml:Assertion>`
}

func (a *assertion) attributeStatement() string {
	if len(a.attributes) == 0 {
		return "" // an empty statement is not allowed
	}
	var b strings.Builder
	b.WriteString("<saml:AttributeStatement>")
	for _, name := range slices.Sorted(maps.Keys(a.attributes)) {
		fmt.Fprintf(&b, `<saml:Attribute Name="%s" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">`, quoted(name))
		for _, value := range a.attributes[name] {
			b.WriteString("<saml:AttributeValue>" + text(value) + "</saml:AttributeValue>")
		}
		b.WriteString("</saml:Attribute>")
	}
	b.WriteString("</saml:AttributeStatement>")
	return b.String()
}

// entityID is the SAML name of the provider, and where its metadata are.
func entityID(issuer string) string { return strings.TrimSuffix(issuer, "/") + MetadataPath }

// samlID makes an ID that is a name in XML's eyes and cannot be guessed.
func samlID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return "_" + hex.EncodeToString(b[:])
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

var (
	textEscaper      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	attributeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")
)

// text and quoted write something as XML: as text, and inside of an attribute. What canonical XML says in other ways than
// these, tabs and the ends of lines, becomes a space, and so do the characters that XML cannot say at all.
func text(s string) string   { return textEscaper.Replace(printable(s)) }
func quoted(s string) string { return attributeEscaper.Replace(printable(s)) }

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
