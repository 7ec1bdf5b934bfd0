package saml

import (
	"strings"
	"testing"
)

// cut takes the text from the one mark to the end of the other out of a document.
func cut(t *testing.T, doc, from, to string) (rest, part string) {
	t.Helper()
	i := strings.Index(doc, from)
	j := strings.LastIndex(doc, to)
	if i < 0 || j < i {
		t.Fatalf("no %s … %s", from, to)
	}
	j += len(to)
	return doc[:i] + doc[j:], doc[i:j]
}

// The shapes of signature wrapping ("On Breaking SAML: Be Whoever You Want to
// Be", USENIX Security 2012, and what came after): a document with a good
// signature over what it signed, and a forgery where others look.
func TestSignatureWrapping(t *testing.T) {
	const open, shut = `<ds:Signature `, `</ds:Signature>`
	evil := strings.NewReplacer("user-77", "admin", `"_a1"`, `"_a2"`, `"_r1"`, `"_r2"`)

	// A response that is signed as a whole, and its parts.
	whole := sign(t, plain, nil, &signing{})
	bare, signature := cut(t, whole, open, shut)
	// A response with a signed assertion, and its parts.
	inner := sign(t, plain, &signing{}, nil)
	frame, assertion := cut(t, inner, `<saml:Assertion `, `</saml:Assertion>`)
	unsigned, own := cut(t, assertion, open, shut)
	forged := evil.Replace(unsigned)
	put := func(in, mark, what string) string {
		t.Helper()
		if !strings.Contains(in, mark) {
			t.Fatalf("no %s", mark)
		}
		return strings.Replace(in, mark, what+mark, 1)
	}
	const end, assertionEnd = `</samlp:Response>`, `</saml:Assertion>`
	extensions := func(what string) string { return `<samlp:Extensions>` + what + `</samlp:Extensions>` }

	tests := []struct{ name, doc string }{
		{"1 original response in the signature of the forged one", put(evil.Replace(bare), `<samlp:Status>`, strings.Replace(signature, shut, bare+shut, 1))},
		{"2 original response beside its signature in the forged one", put(evil.Replace(bare), `<samlp:Status>`, bare+signature)},
		{"3 forged assertion before the original", put(frame, end, forged+assertion)},
		{"4 original assertion in the forged one", put(frame, end, put(forged, assertionEnd, assertion))},
		{"5 forged assertion with the signature, original behind", put(frame, end, put(forged, `<saml:Subject>`, own)+unsigned)},
		{"6 forged assertion with the signature with the original", put(frame, end, put(forged, `<saml:Subject>`, put(own, shut, unsigned)))},
		{"7 forged assertion in extensions", put(frame, end, extensions(strings.ReplaceAll(forged, `"_a2"`, `"_a1"`))+assertion)},
		{"8 original assertion in an object of the signature of the forged one", put(frame, end, put(forged, `<saml:Subject>`, put(own, shut, `<ds:Object>`+unsigned+`</ds:Object>`)))},
		{"9 original assertion in extensions, signature in the forged one", put(frame, end, extensions(unsigned)+put(forged, `<saml:Subject>`, own))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := verify(t, test.doc)
			if got := causeOf(t, a, err); got != AssertionCount {
				t.Errorf("cause %q (%v), want %q", got, err, AssertionCount)
			}
		})
	}
}

// The same forgeries without a second Assertion for the count to see.
func TestForgedParts(t *testing.T) {
	const open, shut = `<ds:Signature `, `</ds:Signature>`
	inner := sign(t, plain, &signing{}, nil)
	whole := sign(t, plain, nil, &signing{})
	both := sign(t, plain, &signing{}, &signing{})
	_, own := cut(t, inner, open, shut)
	_, outer := cut(t, whole, open, shut)
	strip := func(doc string) string { rest, _ := cut(t, doc, open, shut); return rest }
	replace := func(doc, old, new string) string {
		t.Helper()
		if !strings.Contains(doc, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(doc, old, new, 1)
	}
	tests := []struct {
		name, doc string
		want      Cause
	}{
		{"signature stripped", strip(inner), Unsigned},
		{"name changed in a signed assertion", replace(inner, "user-77", "admin"), DigestMismatch},
		{"name changed in a signed response", replace(whole, "user-77", "admin"), DigestMismatch},
		{"name changed where both are signed", replace(both, "user-77", "admin"), DigestMismatch},
		{"response around a signed assertion renamed", replace(inner, `"_r1"`, `"_r2"`), ""},
		{"response around a signed assertion failed", replace(inner, "status:Success", "status:Requester"), StatusNotSuccess},
		{"signed response renamed", replace(whole, `"_r1"`, `"_r2"`), ReferenceMismatch},
		{"signature over the assertion put over the response", before(strip(inner), `<samlp:Status>`, own), ReferenceMismatch},
		{"and the assertion renamed, the response like it", before(strings.NewReplacer(`"_a1"`, `"_a2"`, `"_r1"`, `"_a1"`).Replace(strip(inner)), `<samlp:Status>`, own), DigestMismatch},
		{"same ID for both", strings.ReplaceAll(inner, `"_r1"`, `"_a1"`), DuplicateID},
		{"signature in the subject", before(strip(inner), `<saml:NameID `, own), SignatureMisplaced},
		{"signature of an attribute's value", before(inner, `</saml:AttributeValue>`, own), SignatureMisplaced},
		{"signature twice", replace(inner, own, own+own), SignatureMisplaced},
		{"signature of the response twice", replace(whole, outer, outer+outer), SignatureMisplaced},
		{"signature of no namespace", before(inner, `<samlp:Status>`, `<Signature/>`), SignatureMisplaced},
		{"assertion of SAML 1.1 beside it", before(inner, `<saml:Assertion `, `<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>`), AssertionCount},
		{"assertion one level down", replace(replace(inner, `<saml:Assertion `, `<samlp:Extensions><saml:Assertion `), `</saml:Assertion>`, `</saml:Assertion></samlp:Extensions>`), AssertionCount},
		{"response in a response", `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r0" Version="2.0">` + inner + `</samlp:Response>`, AssertionCount},
		{"response in a response's extensions", before(inner, `<samlp:Status>`, `<samlp:Extensions><samlp:Response/></samlp:Extensions>`), AssertionCount},
		{"assertion alone", strings.TrimSuffix(inner[strings.Index(inner, "<saml:Assertion "):], "</samlp:Response>"), NotAResponse},
		{"comment put into the name", replace(inner, "user-77", "user-7<!---->7"), XMLRefused},
		{"encrypted assertion beside it", before(inner, `<saml:Assertion `, `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`), Encrypted},
		{"algorithm put down", replace(inner, rsaSHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"), AlgorithmRefused},
		{"other algorithm", replace(inner, rsaSHA256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"), SignatureInvalid},
		{"namespace of the assertion bound anew", replace(inner, `<saml:NameID `, `<saml:NameID xmlns:saml="urn:x" `), DigestMismatch},
		{"prefix bound otherwise outside", replace(inner, `xmlns:xs="http://www.w3.org/2001/XMLSchema"`, `xmlns:xs="urn:x"`), ""}, // used by a QName in a value, which nobody reads
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := verify(t, test.doc)
			if got := causeOf(t, a, err); got != test.want {
				t.Errorf("cause %q (%v), want %q", got, err, test.want)
			}
			if a != nil && a.NameID != "user-77" {
				t.Errorf("name %q", a.NameID)
			}
		})
	}
}

func before(in, mark, what string) string { return strings.Replace(in, mark, what+mark, 1) }
