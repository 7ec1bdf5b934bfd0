package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/daypass/daypass/internal/store/engine"
)

// ErrorKind implements [engine.Engine].
func (e *Engine) ErrorKind(err error) engine.ErrorKind {
	if _, ok := errors.AsType[*unavailable](err); ok {
		return engine.Unavailable // whatever the server has said before
	}
	if answer, ok := errors.AsType[*answerError](err); ok {
		return answer.kind()
	}
	return engine.Other
}

// unavailable is a database that did not answer, or not in time.
type unavailable struct {
	text  string
	cause error
}

// Error implements error.
func (u *unavailable) Error() string { return u.text }

// Unwrap is what is below.
func (u *unavailable) Unwrap() error { return u.cause }

// answerError is an error that the server has answered. What it says of values
// (detail, hint, position) is left out, since they may be secret.
type answerError struct {
	severity, code, message, table string
}

func answered(m *pgproto3.ErrorResponse) *answerError {
	severity := m.SeverityUnlocalized
	if severity == "" {
		severity = m.Severity
	}
	return &answerError{severity, m.Code, m.Message, m.TableName}
}

// Error implements error.
func (a *answerError) Error() string { return fmt.Sprintf("PostgreSQL: %s (%s)", a.message, a.code) }

// fatal says that the server ends the connection.
func (a *answerError) fatal() bool { return a.severity == "FATAL" || a.severity == "PANIC" }

// The codes that are looked for: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	codeUnique        = "23505"
	codeForeignKey    = "23503"
	codeRestrict      = "23001"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeUnknown       = "40003" // statement completion unknown
	codeLockTimeout   = "55P03"
	codeReadOnly      = "25006"
	codeDiskFull      = "53100"
	codeIOError       = "58030"
	codeProtocol      = "08P01"
	codeCanceled      = "57014"
	codeUnsupported   = "0A000" // a cached plan that must change its result, or what a standby does not do
	codeNoStatement   = "26000"
	codeNoPrivilege   = "42501"
	codeTableThere    = "42P07"
	codeObjectThere   = "42710"
	codeNoTable       = "42P01"
)

func (a *answerError) kind() engine.ErrorKind {
	switch a.code {
	case codeUnique:
		return engine.Unique
	case codeForeignKey, codeRestrict:
		return engine.ForeignKey
	case codeSerialization, codeDeadlock, codeLockTimeout:
		return engine.TryAgain
	case codeReadOnly, codeDiskFull, codeIOError:
		return engine.Unwritable
	case codeCanceled:
		return engine.Unavailable
	}
	switch {
	case a.fatal():
		return engine.Unavailable
	case a.code == codeProtocol: // what we have said
		return engine.Other
	case strings.HasPrefix(a.code, "08"), strings.HasPrefix(a.code, "53"), strings.HasPrefix(a.code, "57"):
		return engine.Unavailable
	}
	return engine.Other
}

// again says that a transaction which ended with this error may succeed when it is
// run again at once.
func (a *answerError) again() bool {
	switch a.code {
	case codeSerialization, codeDeadlock, codeNoStatement:
		return true
	}
	return a.fatal()
}
