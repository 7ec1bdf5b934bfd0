package sigv4

import "fmt"

// Error says why a signature was not accepted. It holds nothing secret, and
// Message is meant for the client.
type Error struct {
	// Kind chooses the error code of the protocol.
	Kind Kind
	// Cause is finer than Kind and is meant for logs.
	Cause Cause
	// Message is the sentence AWS answers with.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// A Kind is a class of refusals that share an error code.
type Kind int

// The kinds, with the codes that the JSON services and then STS and IAM have for
// them.
const (
	// Missing: the request is not signed at all
	// (MissingAuthenticationTokenException, MissingAuthenticationToken). AWS
	// words it differently per service, so callers put their own sentence.
	Missing Kind = iota + 1
	// Incomplete: the parts of the signature are missing or malformed
	// (IncompleteSignatureException, IncompleteSignature).
	Incomplete
	// Expired: the signature is too old (InvalidSignatureException,
	// SignatureDoesNotMatch; so are all that follow).
	Expired
	// NotYetCurrent: the signature was made too far in the future.
	NotYetCurrent
	// WrongService: the credential is scoped to another service.
	WrongService
	// WrongRegion: the credential is scoped to something that is no region.
	WrongRegion
	// Mismatch: the signature is not the one this request and secret have, or
	// does not cover what it must.
	Mismatch
)

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case Missing:
		return "Missing"
	case Incomplete:
		return "Incomplete"
	case Expired:
		return "Expired"
	case NotYetCurrent:
		return "NotYetCurrent"
	case WrongService:
		return "WrongService"
	case WrongRegion:
		return "WrongRegion"
	case Mismatch:
		return "Mismatch"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// A Cause is a stable word for the exact reason of a refusal. Clients see the
// Kind's error code and the message; a cause also tells apart what AWS answers
// with one and the same sentence.
type Cause string

// The causes.
const (
	CauseMissing         Cause = "signature-missing"          // The request has no signature, neither in the header nor in the query.
	CauseTwice           Cause = "signature-twice"            // The request has a signature in the header and another in the query.
	CauseMalformed       Cause = "signature-malformed"        // A part of the signature is missing, repeated or malformed.
	CauseAlgorithm       Cause = "signature-algorithm"        // The algorithm is not AWS4-HMAC-SHA256.
	CauseDate            Cause = "signature-date"             // The date does not have the right format.
	CauseExpires         Cause = "signature-expires"          // X-Amz-Expires does not have the right format, or is out of range.
	CauseTooLarge        Cause = "signature-too-large"        // The request has more parts to sign than any client sends.
	CauseQuery           Cause = "signature-query"            // The query has a broken percent escape.
	CauseHeaderUnsigned  Cause = "signature-header-unsigned"  // A header that must be signed is not.
	CauseHeaderAbsent    Cause = "signature-header-absent"    // A header listed in SignedHeaders is missing.
	CauseScopeRegion     Cause = "signature-scope-region"     // The credential scope contains an invalid region.
	CauseScopeService    Cause = "signature-scope-service"    // The credential scope names another service.
	CauseScopeTerminator Cause = "signature-scope-terminator" // The credential scope does not end in aws4_request.
	CauseScopeDate       Cause = "signature-scope-date"       // The date in the credential scope differs from the request's.
	CauseExpired         Cause = "signature-expired"          // The signature is too old.
	CauseNotYetCurrent   Cause = "signature-not-yet-current"  // The signature is from the future.
	CauseBodyHash        Cause = "signature-body-hash"        // The hash that the request declares does not match the body.
	CauseMismatch        Cause = "signature-mismatch"         // The signature does not match this request and this secret.
)

// mismatchMessage is what AWS says of every signature that is not the right one.
const mismatchMessage = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

func refuse(kind Kind, cause Cause, format string, args ...any) error {
	return &Error{Kind: kind, Cause: cause, Message: fmt.Sprintf(format, args...)}
}

func mismatch(cause Cause) error {
	return &Error{Kind: Mismatch, Cause: cause, Message: mismatchMessage}
}

// maxEcho is how much of a client's own value an error message repeats.
const maxEcho = 512

// echo makes a client's value fit to be repeated in an error message: visible
// ASCII only, and not too long.
func echo(s string) string {
	cut := len(s) > maxEcho
	if cut {
		s = s[:maxEcho]
	}
	b := []byte(s)
	for i, c := range b {
		if c < 0x20 || c > 0x7e {
			b[i] = '?'
		}
	}
	if cut {
		b = append(b, "..."...)
	}
	return string(b)
}
