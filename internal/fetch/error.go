package fetch

import (
	"errors"
	"fmt"
	"net/url"
)

// Kind says which way a fetch failed, for callers that must choose.
type Kind int

const (
	// Refused: our own rules forbid the URL, an address behind it or a redirect.
	// Trying again does not help; changing the configuration may.
	Refused Kind = iota + 1
	// Unavailable: no answer in time, or none at all. Trying again may help.
	Unavailable
	// Untrusted: the server's certificate does not lead to a known authority or
	// names another host.
	Untrusted
	// TooLarge: the body is longer than MaxBody.
	TooLarge
	// BadStatus: a whole answer came, with a status other than 200.
	BadStatus
)

func (k Kind) String() string {
	switch k {
	case Refused:
		return "refused"
	case Unavailable:
		return "unavailable"
	case Untrusted:
		return "certificate not trusted"
	case TooLarge:
		return "answer too large"
	case BadStatus:
		return "bad status"
	}
	return "unknown"
}

// outcome is what became of a request, in one of a few words.
func outcome(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "ok"
	}
	switch e.Kind {
	case Refused:
		return "refused"
	case Untrusted:
		return "untrusted"
	case TooLarge:
		return "too-large"
	case BadStatus:
		return "bad-status"
	}
	return "unavailable"
}

// Error is the error of every method of [Client].
type Error struct {
	Kind   Kind
	URL    string // scheme, host and path: queries may hold secrets
	Status int    // of the answer, when there was one
	Err    error  // the reason; nil for BadStatus and TooLarge
}

// Error describes the failure without the query of any URL, and of an answer
// tells nothing but its status.
func (e *Error) Error() string {
	text := "fetch"
	if e.URL != "" {
		text += " " + e.URL
	}
	text += ": " + e.Kind.String()
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// printable is the part of a URL that may be shown.
func printable(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
