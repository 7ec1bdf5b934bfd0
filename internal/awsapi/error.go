package awsapi

import (
	"errors"
	"fmt"
	"strings"
)

// Fault says whose fault an error is: it chooses the level of the log line and
// the usual HTTP status.
type Fault int

const (
	// Client errors are answered with 400 unless the error says otherwise.
	Client Fault = iota
	// Server errors are answered with 500 unless the error says otherwise.
	Server
)

// Error is an answer that AWS would give: what clients switch on, what people
// read, and, for the log alone, what really happened.
type Error struct {
	// Code is the name that clients switch on, such as ResourceNotFoundException.
	Code string
	// Message is shown to the caller. Its text is part of the contract.
	Message string
	// Fault is whose fault it is.
	Fault Fault
	// Status is the HTTP status where it is not the usual one of the Fault.
	Status int
	// Cause is a stable code (docs/causes.md) of the true cause of a refusal,
	// for the log. It never reaches the caller.
	Cause Cause
	// Err is the underlying error, for the log. It never reaches the caller.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s (%v)", e.Code, e.Message, e.Err)
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus is the status the error is answered with.
func (e *Error) HTTPStatus() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.Fault == Server:
		return 500
	}
	return 400
}

// Because returns a copy of e that carries the stable code of its true cause
// and, where there is one, the underlying error.
func (e *Error) Because(cause Cause, err error) *Error {
	c := *e
	c.Cause, c.Err = cause, err
	return &c
}

// AsError finds the *Error in err's chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// SerializationError says that a request's bytes do not have the form of the
// operation's input: the wrong kind of value, or no readable document at all.
// A protocol gives it its own code.
type SerializationError struct {
	// Message is AWS's sentence; empty where AWS sends none.
	Message string
	// Err says what exactly is wrong and where, for the log, without what the
	// caller sent; it never reaches a client.
	Err error
}

func (e *SerializationError) Error() string { return "serialization: " + e.Message }

// Unwrap gives the underlying error.
func (e *SerializationError) Unwrap() error { return e.Err }

// ValidationError lists the constraints that an input violates, in the order of
// the members. A protocol gives it its own code.
type ValidationError struct {
	Violations []Violation
	// Omitted is how many more there are, of an input so wrong that their
	// sentences would fill pages.
	Omitted int
}

// Members lists which members violate what, without the values, which are the
// caller's: for the log.
func (e *ValidationError) Members() string {
	members := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		members[i] = v.Path.Members() + ": " + v.Constraint
	}
	return strings.Join(members, "; ")
}

// Error gives AWS's whole message, with the count in front.
func (e *ValidationError) Error() string {
	sentences := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		sentences[i] = v.String()
	}
	n := len(e.Violations) + e.Omitted
	plural := "s"
	if n == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", n, plural, strings.Join(sentences, "; "))
}
