package policy

import (
	"errors"
	"fmt"
)

// Error says that a document is malformed. IAM and STS answer with the code
// MalformedPolicyDocument and Message.
type Error struct {
	// Message is AWS's sentence. It may quote the document.
	Message string
	// Err says what exactly is wrong and, from 1, in which statement, for the
	// log; it never reaches a client.
	Err error
}

func (e *Error) Error() string {
	return fmt.Sprintf("policy: %s (%v)", e.Message, e.Err)
}

// Unwrap gives the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// in adds to an [Error] which statement it is of, counted from 1 as everywhere in
// the log.
func in(index int, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return &Error{Message: e.Message, Err: statementError(index, e.Err)}
}

// statementError says in which statement an error was.
func statementError(index int, err error) error {
	return fmt.Errorf("statement %d: %w", index+1, err)
}

// malformed is an Error whose sentence says less than format does.
func malformed(message, format string, args ...any) *Error {
	return &Error{Message: message, Err: fmt.Errorf(format, args...)}
}
