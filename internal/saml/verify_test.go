package saml

import (
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVerify(t *testing.T) {
	good := &signing{}
	const more = "http://www.w3.org/2001/04/xmldsig-more#"
	tests := []struct {
		name                string
		assertion, response *signing
	}{
		{"assertion", good, nil},
		{"response", nil, good},
		{"both", good, good},
		{"RSA with SHA-384", &signing{method: more + "rsa-sha384", digest: more + "sha384"}, nil},
		{"RSA with SHA-512", &signing{method: more + "rsa-sha512", digest: "http://www.w3.org/2001/04/xmlenc#sha512"}, nil},
		{"P-256", &signing{key: "p256", method: more + "ecdsa-sha256"}, nil},
		{"P-384", &signing{key: "p384", method: more + "ecdsa-sha384"}, nil},
		{"P-521", &signing{key: "p521", method: more + "ecdsa-sha512"}, nil},
		{"another key than that of the other signature", &signing{key: "other"}, &signing{}},
		{"inclusive prefixes", &signing{inclusive: "xs samlp"}, nil},
		{"inclusive prefixes, both", &signing{inclusive: "xs"}, &signing{inclusive: "xs"}},
		{"with comments, of which there are none", &signing{canonicalizer: exclusiveWithComments}, nil},
		{"a KeyInfo of somebody else", &signing{keyInfo: `<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>`}, nil},
	}
	m := metadata(t, "p256", "other", "rsa", "p384", "p521")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc := sign(t, plain, test.assertion, test.response)
			a, err := Verify(encode(doc), m, rules)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted(), a); diff != "" {
				t.Error(diff)
			}
			// There is no memory.
			if again, err := Verify(encode(doc), m, rules); err != nil || !cmp.Equal(a, again) {
				t.Errorf("again: %v, %v", again, err)
			}
		})
	}
}

// The envelope may have line breaks, as browsers' forms do.
func TestVerifyLines(t *testing.T) {
	text := encode(sign(t, plain, &signing{}, nil))
	if _, err := Verify(text[:76]+"\r\n"+text[76:]+"\n", metadata(t, "rsa"), rules); err != nil {
		t.Error(err)
	}
}

func TestRefusedEnvelopes(t *testing.T) {
	tests := []struct {
		name, response string
		want           Cause
	}{
		{"nothing", "", NotXML},
		{"too much", strings.Repeat("A", MaxResponse+1), ResponseTooLarge},
		{"no base64", "<samlp:Response/>", NotBase64},
		{"base64url", "PD8_", NotBase64},
		{"bits to spare", "PB==", NotBase64},
		{"deflated", "fZBBS8QwEIXv/Iowd9M0dmmXtoVFEQQvuuLBW0ymdaFNSmYi+u+NZYVF8DLM4/vmMa85fMyTeMdIo3ctqKIEgc54O7qhhZfnu2sFh+6qIT1Ptz7gd3w=", NotXML},
		{"zlib", base64.StdEncoding.EncodeToString([]byte{0x78, 0x9c, 0x01}), NotXML},
		{"gzip", base64.StdEncoding.EncodeToString([]byte{0x1f, 0x8b, 0x08}), NotXML},
		{"byte order mark", encode("\ufeff<a/>"), NotXML},
		{"UTF-16", encode("<\x00a\x00/\x00>\x00"), XMLMalformed},
		{"other charset", encode(`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`), XMLMalformed},
		{"not UTF-8", encode("<a>\xff</a>"), XMLMalformed},
		{"cut short", encode("<a><b></b>"), XMLMalformed},
		{"two roots", encode("<a/><b/>"), XMLMalformed},
		{"text behind", encode("<a/>b"), XMLMalformed},
		{"crossed", encode("<a><b></a></b>"), XMLMalformed},
		{"crossed prefixes", encode(`<x:a xmlns:x="u" xmlns:y="u"></y:a>`), XMLMalformed},
		{"deep", encode(strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1)), XMLMalformed},
		{"bottomless", encode(strings.Repeat("<a>", 20000)), XMLMalformed},
		{"unknown prefix", encode("<x:a/>"), XMLMalformed},
		{"prefix of an attribute", encode(`<a x:b=""/>`), XMLMalformed},
		{"prefix out of scope", encode(`<a><b xmlns:x="u"/><x:c/></a>`), XMLMalformed},
		{"prefix for nothing", encode(`<a xmlns:x=""/>`), XMLMalformed},
		{"xmlns bound", encode(`<a xmlns:xmlns="u"/>`), XMLMalformed},
		{"xml bound to something else", encode(`<a xmlns:xml="u"/>`), XMLMalformed},
		{"XML namespace by another prefix", encode(`<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>`), XMLMalformed},
		{"colons", encode(`<a:b:c xmlns:a="u"/>`), XMLMalformed},
		{"empty prefix", encode(`<:a/>`), XMLMalformed},
		{"attribute twice", encode(`<a b="1" b="2"/>`), XMLMalformed},
		{"attribute twice by namespace", encode(`<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>`), XMLMalformed},
		{"namespace twice", encode(`<a xmlns="u" xmlns="v"/>`), XMLMalformed},
		{"many attributes", encode("<a" + numbered(` b%d=""`, maxAttributes+1) + "/>"), XMLMalformed},
		{"attributes not apart", encode(`<a b=""c=""/>`), XMLMalformed},
		{"half of a UTF-16 pair", encode(`<a>&#xD800;</a>`), XMLMalformed},
		{"half of a UTF-16 pair in an attribute", encode(`<a b="&#0056320;"/>`), XMLMalformed},
		{"CDATA behind", encode("<a/><![CDATA[ ]]>"), XMLMalformed},
		{"reference behind", encode("<a/>&#32;"), XMLMalformed},
		{"other charset with spaces", encode(`<?xml version="1.0" encoding = "UTF-16"?><a/>`), XMLMalformed},
		{"other charset behind one in quotes", encode(`<?xml version="1.0" standalone='encoding="UTF-8"' encoding="UTF-7"?><a/>`), XMLMalformed},
		{"charset twice", encode(`<?xml version="1.0" encoding="UTF-8" encoding="UTF-16"?><a/>`), XMLMalformed},
		{"declaration of no version", encode(`<?xml encoding="UTF-8"?><a/>`), XMLMalformed},
		{"many namespaces", encode("<a" + numbered(` xmlns:b%d="u"`, maxBindings/2) + "><a" + numbered(` xmlns:c%d="u"`, maxBindings/2+1) + "/></a>"), XMLMalformed},
		{"namespace of xmlns", encode(`<a xmlns:x="http://www.w3.org/2000/xmlns/"/>`), XMLMalformed},
		{"unknown entity", encode("<a>&b;</a>"), XMLMalformed},
		{"DOCTYPE", encode(`<!DOCTYPE a><a/>`), XMLRefused},
		{"external entity", encode(`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`), XMLRefused},
		{"billion laughs", encode(`<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`), XMLRefused},
		{"DTD inside", encode(`<a><!ENTITY b "c"></a>`), XMLRefused},
		{"comment", encode(`<a><!-- --></a>`), XMLRefused},
		{"comment in front", encode(`<!-- --><a/>`), XMLRefused},
		{"processing instruction", encode(`<a><?b?></a>`), XMLRefused},
		{"stylesheet", encode(`<?xml-stylesheet href="x"?><a/>`), XMLRefused},
		{"declaration inside", encode(`<a><?xml version="1.0"?></a>`), XMLRefused},
		{"declaration late", encode(` <?xml version="1.0"?><a/>`), XMLRefused},
		{"something else", encode(`<a/>`), NotAResponse},
		{"response of no namespace", encode(`<Response Version="2.0"/>`), NotAResponse},
		{"SAML 1.1", encode(`<Response xmlns="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1"/>`), NotAResponse},
		{"version 2.1", encode(`<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.1"/>`), NotAResponse},
		{"failed sign-in", encode(`<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0"><Status><StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/></Status></Response>`), StatusNotSuccess},
		{"success of nobody", encode(strings.Replace(responseHead, "SIGNATURE-R", "", 1) + status + `</samlp:Response>`), AssertionCount},
		{"encrypted", encode(strings.Replace(responseHead, "SIGNATURE-R", "", 1) + status + `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/></samlp:Response>`), Encrypted},
	}
	m := metadata(t, "rsa")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := Verify(test.response, m, rules)
			if got := causeOf(t, a, err); got != test.want {
				t.Errorf("cause %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

// numbered is a text with a number in it, as often as there are numbers below n.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// White space in attributes is a space (XML 1.0, section 3.3.3), and so it is to
// those who sign; a character reference to it is not.
func TestVerifySpaceInAttributes(t *testing.T) {
	doc := sign(t, strings.Replace(plain, `Name="groups"`, `Name="all groups"`, 1), &signing{}, &signing{})
	for space, want := range map[string]Cause{" ": "", "\n": "", "\t": "", "\r": "", "\r\n": "", "&#32;": "", "  ": DigestMismatch, "\n\r": DigestMismatch, "&#10;": DigestMismatch} {
		a, err := verify(t, strings.Replace(doc, "all groups", "all"+space+"groups", 1))
		if got := causeOf(t, a, err); got != want {
			t.Errorf("%q: cause %q (%v), want %q", space, got, err, want)
		}
		if a != nil && len(a.Attributes["all groups"]) != 2 {
			t.Errorf("%q: %v", space, a.Attributes)
		}
	}
}

// Signatures that are not as they should be, each made with the right key.
func TestRefusedSignatures(t *testing.T) {
	const transform = `<ds:Transform Algorithm="`
	const c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	tests := []struct {
		name string
		s    *signing
		want Cause
	}{
		{"none", nil, Unsigned},
		{"key that is not in the metadata", &signing{key: "other"}, SignatureInvalid},
		{"key that only KeyInfo has", &signing{key: "other", keyInfo: `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(der(t, "other")) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`}, SignatureInvalid},
		{"algorithm of another kind of key", &signing{method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}, SignatureInvalid},
		{"HMAC keyed with the certificate", &signing{method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}, AlgorithmRefused},
		{"SHA-1", &signing{method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, AlgorithmRefused},
		{"digest SHA-1", &signing{digest: "http://www.w3.org/2000/09/xmldsig#sha1"}, AlgorithmRefused},
		{"digest MD5", &signing{digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, AlgorithmRefused},
		{"RSA with MD5", &signing{method: "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"}, AlgorithmRefused},
		{"DSA", &signing{method: "http://www.w3.org/2009/xmldsig11#dsa-sha256"}, AlgorithmRefused},
		{"algorithm in other case", &signing{method: strings.ToUpper(rsaSHA256)}, AlgorithmRefused},
		{"inclusive canonicalization", &signing{canonicalizer: c14n}, CanonicalizerRefused},
		{"canonical XML 1.1", &signing{canonicalizer: "http://www.w3.org/2006/12/xml-c14n11"}, CanonicalizerRefused},
		{"inclusive transform", &signing{transforms: transform + enveloped + `"/>` + transform + c14n + `"/>`}, TransformRefused},
		{"no canonicalization", &signing{transforms: transform + enveloped + `"/>`}, TransformRefused},
		{"not enveloped", &signing{transforms: transform + exclusive + `"/>`}, TransformRefused},
		{"other way round", &signing{transforms: transform + exclusive + `"/>` + transform + enveloped + `"/>`}, TransformRefused},
		{"no transforms", &signing{transforms: " "}, TransformRefused},
		{"three transforms", &signing{transforms: transform + enveloped + `"/>` + transform + exclusive + `"/>` + transform + exclusive + `"/>`}, TransformRefused},
		{"XPath", &signing{transforms: transform + `http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::Subject)</ds:XPath></ds:Transform>` + transform + exclusive + `"/>`}, TransformRefused},
		{"XPath inside of enveloped", &signing{transforms: transform + enveloped + `"><ds:XPath>1</ds:XPath></ds:Transform>` + transform + exclusive + `"/>`}, TransformRefused},
		{"XSLT", &signing{transforms: transform + enveloped + `"/>` + transform + `http://www.w3.org/TR/1999/REC-xslt-19991116"/>`}, TransformRefused},
		{"base64", &signing{transforms: transform + `http://www.w3.org/2000/09/xmldsig#base64"/>` + transform + exclusive + `"/>`}, TransformRefused},
		{"empty reference", &signing{uri: `" Type="`}, ReferenceMismatch},
		{"reference to the response", &signing{uri: "#_r1"}, ReferenceMismatch},
		{"reference to nothing", &signing{uri: "#_x"}, ReferenceMismatch},
		{"reference by XPointer", &signing{uri: "#xpointer(id('_a1'))"}, ReferenceMismatch},
		{"reference to elsewhere", &signing{uri: "http://idp.example.com/#_a1"}, ReferenceMismatch},
		{"two references", &signing{info: `<ds:Reference URI="#_r1"><ds:DigestMethod Algorithm="x"/><ds:DigestValue/></ds:Reference>`}, SignatureMalformed},
		{"something behind the digest", &signing{reference: `<ds:DigestValue/>`}, SignatureMalformed},
		{"digest of something else", &signing{wrong: true}, DigestMismatch},
		{"Object", &signing{extra: `<ds:Object/>`}, SignatureMalformed},
		{"KeyInfo twice", &signing{keyInfo: `<ds:KeyInfo/>`, extra: `<ds:KeyInfo/>`}, SignatureMalformed},
		{"signature in the signature", &signing{keyInfo: `<ds:KeyInfo><ds:Signature/></ds:KeyInfo>`}, SignatureMisplaced},
		{"parameter of the algorithm", &signing{params: `<ds:HMACOutputLength>0</ds:HMACOutputLength>`}, SignatureMalformed},
		{"parameter of canonicalization", &signing{c14n: `<ds:XPath PrefixList="xs">1</ds:XPath>`}, SignatureMalformed},
		{"something else than a transform", &signing{transforms: `<ds:Other Algorithm="` + enveloped + `"/>` + transform + exclusive + `"/>`}, TransformRefused},
		{"something else than the second transform", &signing{transforms: transform + enveloped + `"/><ds:Other Algorithm="` + exclusive + `"/>`}, TransformRefused},
		{"canonicalization with another parameter beside the prefixes", &signing{c14n: `<ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList=""/><ds:XPath>1</ds:XPath>`}, SignatureMalformed},
		{"digest method of another namespace", &signing{digest: `http://www.w3.org/2001/04/xmlenc#sha256" xmlns:ds="urn:x`}, SignatureMalformed},
		{"many transforms", &signing{transforms: strings.Repeat(transform+exclusive+`"/>`, maxInfo)}, SignatureMalformed},
		{"many inclusive prefixes", &signing{inclusive: strings.Repeat("xs ", maxInclusive+1)}, SignatureMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := verify(t, sign(t, plain, test.s, nil))
			if got := causeOf(t, a, err); got != test.want {
				t.Errorf("assertion: cause %q (%v), want %q", got, err, test.want)
			}
			if test.s == nil || strings.Contains(test.s.uri, "_r1") {
				return
			}
			// One bad signature is one too many.
			over := *test.s
			a, err = verify(t, sign(t, plain, &signing{}, &over))
			if got := causeOf(t, a, err); got != test.want {
				t.Errorf("response: cause %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

// A signature value has one form. Others that mean the same number are refused.
func TestSignatureForms(t *testing.T) {
	p256 := &signing{key: "p256", method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
	tests := []struct {
		name string
		s    *signing
		form func(value []byte) string
		want Cause
	}{
		{"RSA", &signing{}, base64.StdEncoding.EncodeToString, ""},
		{"RSA with bits to spare", &signing{}, func(v []byte) string {
			text := base64.StdEncoding.EncodeToString(v)
			last := strings.IndexByte(base64Digits, text[len(text)-3])
			return text[:len(text)-3] + base64Digits[last+1:last+2] + "=="
		}, SignatureMalformed},
		{"RSA with a zero in front", &signing{}, func(v []byte) string { return base64.StdEncoding.EncodeToString(append([]byte{0}, v...)) }, SignatureInvalid},
		{"ECDSA", p256, base64.StdEncoding.EncodeToString, ""},
		{"ECDSA with a zero in between", p256, func(v []byte) string {
			return base64.StdEncoding.EncodeToString(slices.Insert(slices.Clone(v), 32, 0))
		}, SignatureInvalid},
		{"ECDSA in ASN.1", p256, func(v []byte) string {
			text, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(v[:32]), new(big.Int).SetBytes(v[32:])})
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(text)
		}, SignatureInvalid},
		{"ECDSA of zeros", p256, func([]byte) string { return base64.StdEncoding.EncodeToString(make([]byte, 64)) }, SignatureInvalid},
		{"nothing", p256, func([]byte) string { return "" }, SignatureInvalid},
	}
	const open, shut = "<ds:SignatureValue>", "</ds:SignatureValue>"
	for _, test := range tests {
		head, rest, _ := strings.Cut(sign(t, plain, test.s, nil), open)
		text, tail, _ := strings.Cut(rest, shut)
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Verify(encode(head+open+test.form(value)+shut+tail), metadata(t, "rsa", "p256"), rules)
		if got := causeOf(t, a, err); got != test.want {
			t.Errorf("%s: cause %q (%v), want %q", test.name, got, err, test.want)
		}
	}
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// A reference to no ID is one to the document, and not taken.
func TestEmptyID(t *testing.T) {
	a, err := verify(t, sign(t, strings.Replace(plain, `"_a1"`, `""`, 1), &signing{uri: "#"}, nil))
	if got := causeOf(t, a, err); got != ReferenceMismatch {
		t.Errorf("cause %q (%v)", got, err)
	}
}

// What the rules and the metadata demand, of well-signed responses.
func TestRefusedAssertions(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           Cause
	}{
		{"nothing changed", "", "", ""},
		{"status", "status:Success", "status:Responder", StatusNotSuccess},
		{"no status", status, "", StatusNotSuccess},
		{"issuer of the assertion", `<saml:Issuer>https://idp.example.com/meta<`, `<saml:Issuer>https://idp.example.com/meta2<`, IssuerMismatch},
		{"issuer of the response", `assertion">https://idp.example.com/meta<`, `assertion">https://idp.example.com/<`, IssuerMismatch},
		{"no issuer of the response", `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/meta</saml:Issuer>`, "", ""},
		{"two issuers of the response", `SIGNATURE-R`, `SIGNATURE-R<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/meta</saml:Issuer>`, AssertionMalformed},
		{"no issuer of the assertion", `<saml:Issuer>https://idp.example.com/meta</saml:Issuer>`, "", AssertionMalformed},
		{"white space around the issuer", `<saml:Issuer>https://idp.example.com/meta<`, "<saml:Issuer>\n https://idp.example.com/meta\n<", ""},
		{"version", `ID="_a1" Version="2.0"`, `ID="_a1" Version="1.1"`, AssertionMalformed},
		{"issued at no time", `Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>`, `Version="2.0"><saml:Issuer>`, AssertionMalformed},
		{"issued at a bad time", `Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>`, `Version="2.0" IssueInstant="yesterday"><saml:Issuer>`, AssertionMalformed},
		{"issued in the future", `Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>`, `Version="2.0" IssueInstant="2026-01-01T00:02:01Z"><saml:Issuer>`, NotYetValid},
		{"no NameID", `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">user-77</saml:NameID>`, "", NameIDMissing},
		{"empty NameID", ">user-77<", "><", NameIDMissing},
		{"blank NameID", ">user-77<", "> <", NameIDMissing},
		{"two NameIDs", `<saml:SubjectConfirmation `, `<saml:NameID>user-78</saml:NameID><saml:SubjectConfirmation `, NameIDMissing},
		{"white space around the NameID", ">user-77<", ">\n\t user-77\r\n<", ""},
		{"no-break space after the NameID", ">user-77<", ">user-77\u00a0<", AssertionMalformed},
		{"element in the NameID", ">user-77<", "><x/>user-77<", AssertionMalformed},
		{"encrypted NameID", `<saml:SubjectConfirmation `, `<saml:EncryptedID/><saml:SubjectConfirmation `, Encrypted},
		{"two subjects", `<saml:Conditions `, `<saml:Subject/><saml:Conditions `, AssertionMalformed},
		{"holder of key", "cm:bearer", "cm:holder-of-key", ConfirmationRefused},
		{"two confirmations", `</saml:Subject>`, `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/></saml:Subject>`, ConfirmationRefused},
		{"no confirmation data", `<saml:SubjectConfirmationData NotOnOrAfter="2026-01-01T00:05:00Z" Recipient="https://signin.aws.amazon.com/saml"/>`, "", ConfirmationRefused},
		{"no recipient", ` Recipient="https://signin.aws.amazon.com/saml"`, "", ConfirmationRefused},
		{"no end of the confirmation", ` NotOnOrAfter="2026-01-01T00:05:00Z"`, "", ConfirmationRefused},
		{"destination", `Destination="https://signin.aws.amazon.com/saml"`, `Destination="https://signin.aws.amazon.com/saml/"`, DestinationMismatch},
		{"empty destination", `Destination="https://signin.aws.amazon.com/saml"`, `Destination=""`, DestinationMismatch},
		{"no destination", ` Destination="https://signin.aws.amazon.com/saml"`, "", ""},
		{"recipient", `Recipient="https://signin.aws.amazon.com/saml"`, `Recipient="https://signin.aws.amazon.com/saml/"`, RecipientMismatch},
		{"audience", `urn:amazon:webservices`, `urn:amazon:webservices:other`, AudienceMismatch},
		{"two audiences", `<saml:Audience>`, `<saml:Audience>urn:other</saml:Audience><saml:Audience>`, ""},
		{"two restrictions", `</saml:AudienceRestriction>`, `</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>`, AudienceMismatch},
		{"no audience", `<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>`, "", AudienceMismatch},
		{"empty restriction", `<saml:Audience>urn:amazon:webservices</saml:Audience>`, "", AudienceMismatch},
		{"no conditions", `<saml:Conditions NotBefore="2025-12-31T23:59:00Z" NotOnOrAfter="2026-01-01T00:10:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>`, "", AssertionMalformed},
		{"two conditions", `<saml:AuthnStatement `, `<saml:Conditions/><saml:AuthnStatement `, AssertionMalformed},
		{"used once", `<saml:AudienceRestriction>`, `<saml:OneTimeUse/><saml:ProxyRestriction/><saml:AudienceRestriction>`, ""},
		{"condition of no known kind", `<saml:AudienceRestriction>`, `<saml:Condition/><saml:AudienceRestriction>`, ConditionUnknown},
		{"conditions of no end", ` NotOnOrAfter="2026-01-01T00:10:00Z"`, "", ""},
		{"conditions at an end", `NotOnOrAfter="2026-01-01T00:10:00Z"`, `NotOnOrAfter="2026-01-01T00:01:00Z"`, Expired},
		{"conditions not yet", `NotBefore="2025-12-31T23:59:00Z"`, `NotBefore="2026-01-01T00:02:01Z"`, NotYetValid},
		{"conditions just begun", `NotBefore="2025-12-31T23:59:00Z"`, `NotBefore="2026-01-01T00:02:00Z"`, ""},
		{"confirmation at an end", `NotOnOrAfter="2026-01-01T00:05:00Z"`, `NotOnOrAfter="2026-01-01T00:01:00Z"`, Expired},
		{"confirmation almost at an end", `NotOnOrAfter="2026-01-01T00:05:00Z"`, `NotOnOrAfter="2026-01-01T00:01:00.001Z"`, ""},
		{"confirmation not yet", `Data NotOnOrAfter`, `Data NotBefore="2026-01-01T00:03:00Z" NotOnOrAfter`, NotYetValid},
		{"session at an end", `2026-01-01T08:00:00.5Z`, `2026-01-01T00:01:00Z`, Expired},
		{"confirmation at no end", `NotOnOrAfter="2026-01-01T00:05:00Z"`, `NotOnOrAfter="0001-01-01T00:00:00Z"`, AssertionMalformed},
		{"conditions at no end", `NotOnOrAfter="2026-01-01T00:10:00Z"`, `NotOnOrAfter="0001-01-01T01:00:00+01:00"`, AssertionMalformed},
		{"session at no end", `2026-01-01T08:00:00.5Z`, `0001-01-01T00:00:00Z`, AssertionMalformed},
		{"a year before any", `NotOnOrAfter="2026-01-01T00:05:00Z"`, `NotOnOrAfter="0000-12-31T23:59:59Z"`, Expired},
		{"ever since", `NotBefore="2025-12-31T23:59:00Z"`, `NotBefore="0001-01-01T00:00:00Z"`, ""},
		{"two sessions, one at an end", `<saml:AuthnStatement `, `<saml:AuthnStatement SessionNotOnOrAfter="2026-01-01T00:01:00Z"/><saml:AuthnStatement `, Expired},
		{"bad time", `2026-01-01T08:00:00.5Z`, `2026-01-01`, AssertionMalformed},
		{"attribute without a name", `Name="groups"`, "", AssertionMalformed},
		{"advice with an assertion", `<saml:Conditions `, `<saml:Advice><saml:Assertion ID="_a2"/></saml:Advice><saml:Conditions `, AssertionCount},
		{"ID twice", `SessionIndex="_s"`, `SessionIndex="_s" ID="_a1"`, DuplicateID},
		{"ID of the response twice", `SessionIndex="_s"`, `SessionIndex="_s" ID="_r1"`, DuplicateID},
		{"ID twice, spelled otherwise", `SessionIndex="_s"`, `xml:id="_a1"`, DuplicateID},
		{"comment inside the NameID", ">user-77<", ">user-77<!-- -->.evil<", XMLRefused},
		{"CDATA inside the NameID", ">user-77<", "><![CDATA[user]]>-77<", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(plain, test.old) {
				t.Fatal("nothing to replace")
			}
			doc := plain
			if test.want != XMLRefused {
				doc = strings.Replace(doc, test.old, test.new, 1)
			}
			doc = sign(t, doc, &signing{}, &signing{})
			if test.want == XMLRefused {
				doc = strings.Replace(doc, test.old, test.new, 1)
			}
			a, err := verify(t, doc)
			if got := causeOf(t, a, err); got != test.want {
				t.Errorf("cause %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

// A canonical form can be far longer than what it is of: elements side by side say
// again what a prefix stands for. That is refused before it takes memory, also of
// somebody who has a good signature to begin with.
func TestLongCanonicalForms(t *testing.T) {
	signed := sign(t, plain, &signing{}, nil)
	wide := func(mark string) string {
		doc := strings.Replace(signed, "<samlp:Response ", `<samlp:Response xmlns:p="`+strings.Repeat("u", 30_000)+`" `, 1)
		return before(doc, mark, strings.Repeat("<p:a/>", 6_000))
	}
	m := metadata(t, "rsa")
	for mark, want := range map[string]Cause{"</saml:AttributeStatement>": ResponseTooLarge, "</ds:SignedInfo>": SignatureMalformed} {
		response := encode(wide(mark))
		if len(response) > MaxResponse {
			t.Fatal(len(response))
		}
		var begin, end runtime.MemStats
		runtime.ReadMemStats(&begin)
		a, err := Verify(response, m, rules)
		runtime.ReadMemStats(&end)
		if got := causeOf(t, a, err); got != want {
			t.Errorf("%s: cause %q (%v), want %q", mark, got, err, want)
		}
		if took := end.TotalAlloc - begin.TotalAlloc; took > 8<<20 {
			t.Errorf("%s: %d bytes", mark, took)
		}
	}
	// What identity providers write is nowhere near it.
	doc := strings.Replace(plain, "</saml:AttributeStatement>", `<saml:Attribute Name="a">`+
		strings.Repeat(`<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">&gt;&gt;</saml:AttributeValue>`, 500)+"</saml:Attribute></saml:AttributeStatement>", 1)
	if _, err := verify(t, sign(t, doc, &signing{inclusive: "xs"}, &signing{})); err != nil {
		t.Error(err)
	}
}

// A Destination counts where a signature covers it.
func TestDestinationOfAnUnsignedResponse(t *testing.T) {
	doc := strings.Replace(plain, `Destination="https://signin.aws.amazon.com/saml"`, `Destination="https://elsewhere.example.com"`, 1)
	for _, test := range []struct {
		assertion, response *signing
		want                Cause
	}{{&signing{}, nil, ""}, {nil, &signing{}, DestinationMismatch}, {&signing{}, &signing{}, DestinationMismatch}} {
		a, err := verify(t, sign(t, doc, test.assertion, test.response))
		if got := causeOf(t, a, err); got != test.want {
			t.Errorf("cause %q (%v), want %q", got, err, test.want)
		}
	}
}

// The name is what stands between the white space.
func TestSpaceAroundNameID(t *testing.T) {
	a, err := verify(t, sign(t, strings.Replace(plain, ">user-77<", ">\n  user 77\n<", 1), &signing{}, nil))
	if err != nil || a.NameID != "user 77" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestExpiredMetadata(t *testing.T) {
	doc := encode(sign(t, plain, &signing{}, nil))
	text := strings.Replace(entity(descriptor(t, "rsa", "")), "entityID", `validUntil="2026-01-01T00:01:00Z" entityID`, 1)
	m, err := ParseMetadata(text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Verify(doc, m, rules)
	if got := causeOf(t, a, err); got != MetadataExpired {
		t.Errorf("cause %q", got)
	}
	earlier := rules
	earlier.Now = now.Add(-time.Second)
	if _, err := Verify(doc, m, earlier); err != nil {
		t.Error(err)
	}
}

// Errors go to logs, and logs are no place for names.
func TestErrorsNameNobody(t *testing.T) {
	doc := sign(t, strings.Replace(plain, ">user-77<", ">user-77\u00a0<", 1), &signing{}, nil)
	_, err := verify(t, doc)
	if err == nil || strings.Contains(err.Error(), "user-77") {
		t.Errorf("%v", err)
	}
}

func TestAttributes(t *testing.T) {
	const head = `<saml:Attribute Name="groups">`
	doc := strings.Replace(plain, head, `<saml:Attribute Name="id" FriendlyName="n"><saml:AttributeValue><saml:NameID>x1</saml:NameID></saml:AttributeValue>`+
		`<saml:AttributeValue><other/>y</saml:AttributeValue><saml:AttributeValue/><saml:AttributeValue> z </saml:AttributeValue></saml:Attribute>`+
		`<saml:Attribute Name="empty"/><saml:Attribute Name="groups"><saml:AttributeValue>first</saml:AttributeValue></saml:Attribute>`+head, 1)
	a, err := verify(t, sign(t, doc, &signing{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"id": {"x1", "", " z "}, "groups": {"first", "a", "b & c"},
		RoleAttribute: wanted().Attributes[RoleAttribute],
	}
	if diff := cmp.Diff(want, a.Attributes); diff != "" {
		t.Error(diff)
	}
}

func TestRoles(t *testing.T) {
	const role, provider = "arn:aws:iam::111122223333:role/path/a", "arn:aws:iam::111122223333:saml-provider/idp"
	pair := []RolePair{{role, provider}}
	tests := []struct {
		values []string
		want   []RolePair
	}{
		{nil, nil},
		{[]string{role + "," + provider}, pair},
		{[]string{provider + "," + role}, pair},
		{[]string{"\n " + provider + " ,\t" + role + " "}, pair},
		{[]string{role + "," + provider, provider + "," + role}, pair},
		{[]string{role + "2," + provider, role + "," + provider}, []RolePair{{role + "2", provider}, {role, provider}}},
		{[]string{"", ",", role, provider, role + "," + role, provider + "," + provider, role + "," + provider + "," + role}, nil},
		{[]string{role + " " + provider, "role/a,saml-provider/b", "arn:aws:iam::1:role/," + provider, "arn:aws:sts::1:role/a," + provider}, nil},
	}
	for _, test := range tests {
		a := &Assertion{Attributes: map[string][]string{RoleAttribute: test.values}}
		if diff := cmp.Diff(test.want, a.Roles()); diff != "" {
			t.Errorf("%q: %s", test.values, diff)
		}
	}
}

// What is read is not what came, but what the signature covers.
func TestOnlyVerifiedBytesAreRead(t *testing.T) {
	for _, test := range []struct{ assertion, response *signing }{{&signing{}, nil}, {nil, &signing{}}, {&signing{}, &signing{}}} {
		came, err := parseStrict(sign(t, plain, test.assertion, test.response))
		if err != nil {
			t.Fatal(err)
		}
		d, err := verifyDocument(came, metadata(t, "rsa").keys(false))
		if err != nil {
			t.Fatal(err)
		}
		came.walk(func(e *element) {
			if e.is(dsigSpace, "Signature") {
				if info, err := verifiedInfo(e, metadata(t, "rsa").keys(false)); err != nil || info.reference.parent == first(e) {
					t.Errorf("SignedInfo as it came (%v)", err)
				}
			}
			if e == d.assertion || e == d.response && test.response != nil {
				t.Errorf("%s as it came", e.local)
			}
		})
	}
}
