package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes of AWS CLI version 2 ("AWS CLI return codes" in its User Guide).
const (
	exitOK        = 0
	exitInterrupt = 130 // interrupted by a signal
	exitUsage     = 252 // the command is wrong: nothing was sent
	exitConfig    = 253 // the configuration or the credentials are wrong or missing
	exitService   = 254 // the service refused the call
	exitGeneral   = 255 // anything else
)

// exitCodes are the exit codes, for help.
var exitCodes = []struct {
	code  int
	means string
}{
	{exitOK, "It worked."},
	{exitInterrupt, "It was interrupted."},
	{exitUsage, "The command is wrong; nothing was sent."},
	{exitConfig, "The configuration is wrong, or there are no credentials."},
	{exitService, "The server refused the call."},
	{exitGeneral, "Anything else, such as a server that does not answer."},
}

// exitError is an error with the exit code that the command ends with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func exit(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// usageError is a mistake in how a command was called.
func usageError(format string, args ...any) error { return exit(exitUsage, format, args...) }

// paramError is a value that an option cannot have.
func paramError(option, format string, args ...any) error {
	return usageError("Error parsing parameter '%s': %w", option, fmt.Errorf(format, args...))
}

// report prints an error as the AWS CLI does, after an empty line, and gives the
// exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitGeneral
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintf(w, "\n%s\n", strings.TrimSuffix(text, "\n"))
	}
	return code
}
