package saml

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
)

// MaxResponse is how long a response may be, in characters of base64: what
// AssumeRoleWithSAML takes. Who takes less checks that before.
const MaxResponse = 100_000

// Rules say which responses are accepted.
type Rules struct {
	// Audiences are what the response may be meant for: one of them must be named
	// by each AudienceRestriction of the Assertion, of which there is one at least.
	Audiences []string
	// Recipient says whether the response may be handed to this address; nil means
	// that it may be handed to nobody. It is asked of the Recipient of the
	// Assertion, and of the Destination of a Response that is signed.
	Recipient func(address string) bool
	// Now is the time.
	Now time.Time
	// Skew is how far the identity provider's clock may be ahead. An end is an end:
	// nothing is forgiven there.
	Skew time.Duration
	// AllowRSA1024 lets RSA keys of 1,024 to 2,047 bits sign.
	AllowRSA1024 bool
}

// Verify verifies a response: base64 (the POST binding), signed with a key of the
// metadata, successful, and good under the rules. It reports what the signature
// covers. Its errors are of the type [*Error].
func Verify(response string, m *Metadata, rules Rules) (*Assertion, error) {
	document, err := open(response)
	if err != nil {
		return nil, err
	}
	e, err := parseStrict(string(document))
	if errors.Is(err, errRefused) {
		return nil, &Error{Cause: XMLRefused, Err: err}
	}
	if err != nil {
		return nil, refusef(XMLMalformed, "%.200s", err.Error()) // it may quote the document
	}
	signed, err := verifyDocument(e, m.keys(rules.AllowRSA1024))
	if CauseOf(err) == SignatureInvalid && m.ShortRSA() {
		if _, short := verifyDocument(e, m.keys(true)); short == nil {
			err = refusef(KeyTooShort, "RSA key of less than %d bits", MinRSA)
		}
	}
	if err != nil {
		return nil, err
	}
	if m.ended(rules.Now) {
		return nil, refusef(MetadataExpired, "valid until %s", stamp(m.ValidUntil))
	}
	if err := checkResponse(signed.response, m); err != nil {
		return nil, err
	}
	if err := signed.checkDestination(rules); err != nil {
		return nil, err
	}
	a, err := readAssertion(signed.assertion)
	if err != nil {
		return nil, err
	}
	if err := a.check(m, rules); err != nil {
		return nil, err
	}
	return a.Assertion, nil
}

// strictBase64 refuses bits that mean nothing.
var strictBase64 = base64.StdEncoding.Strict()

// open takes the envelope off: base64, of XML that is not compressed.
func open(response string) ([]byte, error) {
	if len(response) > MaxResponse {
		return nil, refuse(ResponseTooLarge)
	}
	document, err := strictBase64.DecodeString(response)
	if err != nil {
		return nil, &Error{Cause: NotBase64, Err: err}
	}
	if !bytes.HasPrefix(bytes.TrimLeft(document, whiteSpace), []byte("<")) {
		return nil, refuse(NotXML)
	}
	return document, nil
}

// document is a response in parts. Of what was verified, each is what the
// signature covers, read again.
type document struct {
	response, assertion *element
	// whole says that a signature covers the response.
	whole bool
}

// verifyDocument finds the one Response, the one Assertion and their signatures,
// and verifies these. The response that it gives is the verified one if there is
// a signature over it, or else the frame as it came, which can only refuse.
func verifyDocument(root *element, keys []crypto.PublicKey) (d document, err error) {
	d, err = partsOf(root)
	if err != nil {
		return document{}, err
	}
	overResponse, overAssertion, err := signaturesOf(root, d)
	if err != nil {
		return document{}, err
	}
	original := d
	if overResponse != nil {
		if d.response, err = verified(original.response, overResponse, keys); err != nil {
			return document{}, err
		}
		// What has not been verified must not be read.
		if d, err = partsOf(d.response); err != nil {
			return document{}, err
		}
		d.whole = true
	}
	if overAssertion != nil {
		if d.assertion, err = verified(original.assertion, overAssertion, keys); err != nil {
			return document{}, err
		}
	}
	return d, nil
}

// partsOf finds the parts of a document: one Response, its root, and directly in
// it one Assertion, the only ones of these names anywhere, in whatever namespace.
func partsOf(root *element) (document, error) {
	if version, _ := root.attribute("Version"); !root.is(protocolSpace, "Response") || version != "2.0" {
		return document{}, refuse(NotAResponse)
	}
	d := document{response: root}
	var responses, assertions, encrypted, placed int
	root.walk(func(e *element) {
		switch {
		case e.local == "Response":
			responses++
		case e.local == "Assertion":
			assertions++
		case strings.HasPrefix(e.local, "Encrypted"):
			encrypted++
		}
	})
	if encrypted > 0 {
		return document{}, refuse(Encrypted)
	}
	for d.assertion = range root.named(assertionSpace, "Assertion") {
		placed++
	}
	if responses != 1 || assertions != 1 || placed != 1 {
		// A failed sign-in comes without an Assertion, and that is what to report.
		if err := checkStatus(root); err != nil && assertions == 0 {
			return document{}, err
		}
		return document{}, refusef(AssertionCount, "%d of Response, %d of Assertion, %d in its place", responses, assertions, placed)
	}
	return d, checkIDs(root)
}

// checkIDs sees to it that no two elements have the same ID, however the
// attribute is spelled.
func checkIDs(root *element) error {
	ids := make([]string, 0, 8)
	root.walk(func(e *element) {
		for i := range e.attributes {
			if a := &e.attributes[i]; strings.EqualFold(a.local, "ID") {
				ids = append(ids, a.value)
			}
		}
	})
	slices.Sort(ids)
	if len(slices.Compact(ids)) < len(ids) {
		return refuse(DuplicateID)
	}
	return nil
}

// signaturesOf finds the signatures of the Response and of the Assertion, nil for
// one that is not signed. There may be no others.
func signaturesOf(root *element, d document) (overResponse, overAssertion *element, err error) {
	misplaced := false
	root.walk(func(e *element) {
		switch {
		case e.local != "Signature":
		case e.space != dsigSpace:
			misplaced = true
		case e.parent == d.response && overResponse == nil:
			overResponse = e
		case e.parent == d.assertion && overAssertion == nil:
			overAssertion = e
		default:
			misplaced = true
		}
	})
	switch {
	case misplaced:
		return nil, nil, refuse(SignatureMisplaced)
	case overResponse == nil && overAssertion == nil:
		return nil, nil, refuse(Unsigned)
	}
	return overResponse, overAssertion, nil
}

// checkResponse looks at what stands around the Assertion.
func checkResponse(response *element, m *Metadata) error {
	if err := checkStatus(response); err != nil {
		return err
	}
	for range response.named(assertionSpace, "Issuer") { // it may be left out here
		return checkIssuer(response, m)
	}
	return nil
}

// checkDestination looks at where a Response was sent to, if it says so and a
// signature covers it (SAML Bindings 2.0, 3.5.5.2). One that no signature covers
// says nothing: the Recipient of the Assertion, which is signed, is checked anyway.
func (d document) checkDestination(rules Rules) error {
	destination, ok := d.response.attribute("Destination")
	if d.whole && ok && (rules.Recipient == nil || !rules.Recipient(destination)) {
		return refusef(DestinationMismatch, "%.200q", destination)
	}
	return nil
}

func checkStatus(response *element) error {
	const success = "urn:oasis:names:tc:SAML:2.0:status:Success"
	status, err := response.only(protocolSpace, "Status")
	if err != nil {
		return &Error{Cause: StatusNotSuccess, Err: err}
	}
	code, err := status.only(protocolSpace, "StatusCode")
	if err != nil {
		return &Error{Cause: StatusNotSuccess, Err: err}
	}
	if value, _ := code.attribute("Value"); value != success {
		return refusef(StatusNotSuccess, "%.100q", value)
	}
	return nil
}

func checkIssuer(e *element, m *Metadata) error {
	issuer, err := e.only(assertionSpace, "Issuer")
	if err != nil {
		return &Error{Cause: AssertionMalformed, Err: err}
	}
	value, err := issuer.token()
	if err != nil {
		return &Error{Cause: AssertionMalformed, Err: err}
	}
	if value != m.EntityID {
		return refusef(IssuerMismatch, "%.200q in %s", value, e.local)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
