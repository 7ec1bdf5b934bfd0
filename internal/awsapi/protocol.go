package awsapi

import (
	"errors"
	"time"
)

// Refusal is a reason why the edge turns a request away before, or instead of,
// the operation's own code. Each protocol has its own code, status and
// sentence for it.
type Refusal int

const (
	// UnknownOperation is a name that no row has.
	UnknownOperation Refusal = iota
	// Malformed is a body that cannot be read as the operation's input.
	Malformed
	// Invalid is an input that violates constraints of the API model.
	Invalid
	// TooLarge is a body beyond the cap.
	TooLarge
	// Unsigned is a signed operation called without a signature.
	Unsigned
	// IncompleteSignature is a signature that lacks parts.
	IncompleteSignature
	// BadSignature is a signature that does not hold: wrong, too old, too new,
	// for another service or region.
	BadSignature
	// UnknownKey is an access key or session token that nobody has.
	UnknownKey
	// ExpiredToken is a session token after its end.
	ExpiredToken
	// Denied is a caller without the permission.
	Denied
	// Throttled is a caller beyond a request rate.
	Throttled
	// Busy is a request that there is no memory for now.
	Busy
	// Unavailable is a request that cannot be answered because something that the
	// service relies on does not answer.
	Unavailable
	// Internal is everything that is not the caller's fault.
	Internal
)

// Refused is a request that is turned away, as whoever knows why says it: which
// refusal it is, which is all that most clients are told, and the true cause. The
// protocol of the request makes its own error of it.
type Refused struct {
	Refusal Refusal
	// Message is shown to the caller; empty for the protocol's usual sentence.
	Message string
	// Cause and Err are the true cause, for the log. Nothing is asked of Err: what is
	// answered is this refusal.
	Cause Cause
	Err   error
}

func (r *Refused) Error() string {
	if r.Err != nil {
		return "refused: " + string(r.Cause) + ": " + r.Err.Error()
	}
	return "refused: " + string(r.Cause)
}

// AsRefused finds the *Refused in err's chain.
func AsRefused(err error) (*Refused, bool) { return errors.AsType[*Refused](err) }

// Answer is a response as a protocol wants it on the wire.
type Answer struct {
	Status      int
	ContentType string
	// Header are further headers, name and value in turn.
	Header []string
	Body   []byte
	// Stream is the body of an operation that streams; nil for Body.
	Stream *Stream
}

// Protocol turns requests into trees and outputs into bytes. It knows tables
// and types, and no operation by name.
type Protocol interface {
	// Decode reads the body of a request for an operation, as far as its input has
	// a place for what is there. The error is a *SerializationError.
	Decode(row *Row, body []byte) (Node, error)
	// Encode writes an operation's output.
	Encode(row *Row, out any, requestID string) (Answer, error)
	// EncodeError writes an error. The service is nil where none was found.
	EncodeError(s *Service, e *Error, requestID string) Answer
	// Refuse makes the protocol's own error for a refusal. An empty message
	// means the protocol's usual sentence.
	Refuse(r Refusal, message string) *Error
	// MaxSkew is how far a signature's time may be off.
	MaxSkew() time.Duration
}
