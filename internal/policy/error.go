package policy

import "fmt"

// Error says that a document is malformed. IAM and STS answer with the code
// MalformedPolicyDocument and Message.
type Error struct {
	// Message is AWS's sentence. It may quote the document.
	Message string
	// Err says what exactly is wrong, for the log; it never reaches a client.
	Err error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return "policy: " + e.Message
	}
	return fmt.Sprintf("policy: %s (%v)", e.Message, e.Err)
}

// Unwrap gives the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// malformed is an Error whose sentence says less than format does.
func malformed(message, format string, args ...any) *Error {
	return &Error{Message: message, Err: fmt.Errorf(format, args...)}
}
