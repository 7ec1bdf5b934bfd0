package target

import (
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/fetch"
)

// Error is why there are no credentials.
type Error struct {
	// Cause is the stable code of the true cause.
	Cause awsapi.Cause
	// Ours says that it is the configuration of the role, which no target was asked
	// about.
	Ours bool
	// Err says more of it, without secrets.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "target: " + string(e.Cause)
	}
	return "target: " + string(e.Cause) + ": " + e.Err.Error()
}

// Unwrap gives the underlying error.
func (e *Error) Unwrap() error { return e.Err }

func misconfigured(cause awsapi.Cause, format string, args ...any) error {
	return &Error{Cause: cause, Ours: true, Err: fmt.Errorf(format, args...)}
}

func badAnswer(format string, args ...any) error {
	return &Error{Cause: causeAnswer, Err: fmt.Errorf(format, args...)}
}

// unreachable is why no answer came.
func unreachable(err error) error {
	cause := causeUnavailable
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		switch e.Kind {
		case fetch.Refused:
			cause = causeAddress
		case fetch.Untrusted:
			cause = causeUntrusted
		case fetch.TooLarge:
			cause = causeAnswer
		}
	}
	return &Error{Cause: cause, Err: err}
}
