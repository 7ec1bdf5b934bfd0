package saml

import (
	"errors"
	"fmt"
	"time"
)

// Cause is a stable code for the exact reason of a refusal, for logs and for
// callers that word it.
type Cause string

// Causes of refusal, in the order of the checks.
const (
	ResponseTooLarge     Cause = "response-too-large"    // The response, or the canonical form of what its signature covers, is too long.
	NotBase64            Cause = "not-base64"            // The response is not standard base64.
	NotXML               Cause = "not-xml"               // The response does not begin like an XML document; it may be compressed, as in the redirect binding.
	XMLRefused           Cause = "xml-refused"           // The response has a DOCTYPE, a comment or a processing instruction.
	XMLMalformed         Cause = "xml-malformed"         // The response is not well-formed XML in UTF-8, or is nested too deeply; the detail says where.
	NotAResponse         Cause = "not-a-response"        // The document is not a SAML 2.0 Response.
	Encrypted            Cause = "encrypted"             // The response contains encrypted elements, which daypass cannot decrypt: it has no setting for keys.
	AssertionCount       Cause = "assertion-count"       // The document does not have exactly one Response with exactly one Assertion directly in it.
	DuplicateID          Cause = "duplicate-id"          // Two elements of the document have the same ID.
	Unsigned             Cause = "unsigned"              // Neither the Response nor its Assertion is signed.
	SignatureMisplaced   Cause = "signature-misplaced"   // A Signature is not a direct child of the Response or the Assertion, or one of them has two.
	SignatureMalformed   Cause = "signature-malformed"   // The Signature lacks a required part or has an unexpected one; the detail says which.
	CanonicalizerRefused Cause = "canonicalizer-refused" // The signature is not made over exclusive canonical XML.
	AlgorithmRefused     Cause = "algorithm-refused"     // The signature or its digest uses an algorithm that daypass does not accept: SHA-1, HMAC or an unknown one.
	ReferenceMismatch    Cause = "reference-mismatch"    // The signature does not cover exactly the element that contains it.
	TransformRefused     Cause = "transform-refused"     // The transforms of the signature are not enveloped-signature followed by exclusive canonicalization.
	SignatureInvalid     Cause = "signature-invalid"     // The signature does not match any key in the provider's metadata.
	KeyTooShort          Cause = "key-too-short"         // The signature matches an RSA key in the provider's metadata that is shorter than 2,048 bits; --saml-allow-rsa-1024 accepts it.
	DigestMismatch       Cause = "digest-mismatch"       // What the signature covers was changed after it was signed.
	MetadataExpired      Cause = "metadata-expired"      // The validUntil of the provider's metadata has passed.
	StatusNotSuccess     Cause = "status-not-success"    // The identity provider reports that the sign-in failed.
	IssuerMismatch       Cause = "issuer-mismatch"       // The Issuer of the Response or the Assertion is not the entity ID of the provider's metadata.
	DestinationMismatch  Cause = "destination-mismatch"  // The signed Response was sent to another recipient: its Destination does not match any configured recipient.
	AssertionMalformed   Cause = "assertion-malformed"   // A part of the Assertion is absent, occurs twice or cannot be read; the detail says which.
	NameIDMissing        Cause = "name-id-missing"       // The Assertion has no NameID, or an empty one.
	ConfirmationRefused  Cause = "confirmation-refused"  // The Subject does not have exactly one SubjectConfirmation, of method bearer, with Recipient and NotOnOrAfter.
	RecipientMismatch    Cause = "recipient-mismatch"    // The Assertion is for another recipient: its Recipient does not match any configured recipient.
	ConditionUnknown     Cause = "condition-unknown"     // The Assertion has a condition that daypass does not know.
	AudienceMismatch     Cause = "audience-mismatch"     // The Assertion is for another audience: its Audience does not match any configured audience.
	NotYetValid          Cause = "not-yet-valid"         // The Assertion is not valid yet, or its IssueInstant is in the future; the detail has both times.
	Expired              Cause = "expired"               // The Assertion, or the session that it begins, has expired; the detail has both times.
)

// Error is the error of [Verify].
type Error struct {
	Cause Cause
	Err   error // detail, for logs; may be nil
	// Issued and End are, where it has expired, when it was issued and when it ended.
	Issued, End time.Time
}

// Error describes the refusal. It repeats no name and no attribute of the person
// who signed in.
func (e *Error) Error() string {
	if e.Err == nil {
		return "saml: " + string(e.Cause)
	}
	return fmt.Sprintf("saml: %s: %v", e.Cause, e.Err)
}

// Unwrap returns the detail.
func (e *Error) Unwrap() error { return e.Err }

func refuse(cause Cause) error { return &Error{Cause: cause} }

func refusef(cause Cause, format string, args ...any) error {
	return &Error{Cause: cause, Err: fmt.Errorf(format, args...)}
}

// CauseOf returns the cause of an error of [Verify]; "" for others and nil.
func CauseOf(err error) Cause {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Cause
	}
	return ""
}
