// Package audit records what happened: one [Event] per request, created at the
// door, filled on the way, and offered to each [Sink] before the request is
// answered. The log is such a sink: its line is a rendering of the event.
//
// Services write to a [Record] and cannot read it back: what a decision rests on
// travels in values that say so, and a record can be left out without changing
// what is decided.
//
// An event never holds a token, a secret or the ID of a guest, which is all
// that a guest has to show: identity IDs go in as [Hash].
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
)

// maxDetail is how much of an underlying error a line shows, in bytes: enough
// for the stack of a panic. What an error quotes may be as long as a request.
const maxDetail = 8 << 10

func clip(s string) string {
	if len(s) > maxDetail {
		return strings.ToValidUTF8(s[:maxDetail], "") + "..."
	}
	return s
}

// Event is one request and what became of it. It belongs to the goroutine that
// answers the request.
type Event struct {
	// RequestID is what the client got as x-amzn-RequestId.
	RequestID string
	// Start is when the request came in.
	Start time.Time
	// Service and Operation name the row of the table; empty if there is none.
	Service, Operation string
	// Region is the region that the request is about.
	Region string
	// Caller is the ARN of the caller; empty for an anonymous one.
	Caller string
	// AccessKeyID is the key that the request says it is signed with. The claim
	// has been proven only where there is a Caller.
	AccessKeyID string
	// SourceIP is the client's address.
	SourceIP string
	// UserAgent is what the client calls itself.
	UserAgent string
	// Row is the operation and Input what it was asked, once that could be read. Output
	// is what it answered. They have secrets in them.
	Row           *awsapi.Row
	Input, Output any
	// Who is the caller, where there is a Caller.
	Who awsapi.Caller
	// Message is the sentence that the client saw with Code.
	Message string
	// Status is the HTTP status of the answer.
	Status int
	// Code is the AWS error that the client saw; empty for success.
	Code string
	// Cause is the stable code of the true cause of a refusal (docs/causes.md).
	Cause string
	// Err is the underlying error.
	Err error
	// Warning is the stable code (docs/causes.md) of something that the operator
	// should look at, whatever became of the request. It makes the line a warning.
	Warning string
	// WarningErr says more of it.
	WarningErr error
	// Duration is how long the request took.
	Duration time.Duration

	decided  decision.Decision // but for the policies
	policies []PolicyDecision
	attrs    []slog.Attr
	room     [4]slog.Attr       // where attrs begin: most operations know no more
	trust    [1]*decision.Trust // and where decided.Trust does

	// For the trail alone (who.go).
	persons       []Person
	person        [1]Person // where persons begin
	identity      string
	authenticated bool
	salt          []byte
	pool          string
	issued        string
	expires       time.Time
}

// Record is the event of a request as a service has it: it receives, and tells
// nothing. The zero value drops what it receives.
type Record struct{ event *Event }

// Set adds a fact that only some operations know, such as the pool. A fact that
// is set again replaces what was said before.
func (r Record) Set(key, value string) {
	if r.event != nil {
		r.event.set(slog.String(key, value))
	}
}

// DecideRole says how the role of an identity was found.
func (r Record) DecideRole(d *decision.Role) {
	if r.event != nil {
		r.event.decided.Role = d
	}
}

// DecideTags says which claims become session tags.
func (r Record) DecideTags(d []decision.LoginTags) {
	if r.event != nil {
		r.event.decided.Tags = d
	}
}

// DecideTrust says what a trust policy said.
func (r Record) DecideTrust(d *decision.Trust) {
	if r.event == nil {
		return
	}
	if r.event.decided.Trust == nil {
		r.event.decided.Trust = r.event.trust[:0]
	}
	r.event.decided.Trust = append(r.event.decided.Trust, d)
}

// DecideTarget says what became of a wish for a target's credentials.
func (r Record) DecideTarget(d *decision.Target) {
	if r.event != nil {
		r.event.decided.Target = d
	}
}

// DecidePolicies says what the caller's policies said.
func (r Record) DecidePolicies(d PolicyDecision) {
	if r.event != nil {
		r.event.policies = append(r.event.policies, d)
	}
}

// PolicyDecision is an answer of policies, which becomes plain data where somebody
// reads it: they are asked by every signed request.
type PolicyDecision interface {
	Policies() *decision.Policies
}

// SetRegion says which region the request is about, where no signature does.
func (r Record) SetRegion(region string) {
	if r.event != nil {
		r.event.Region = region
	}
}

// Decision is what was decided about the request, and why.
func (e *Event) Decision() decision.Decision {
	d := e.decided
	for _, p := range e.policies {
		d.Policies = append(d.Policies, p.Policies())
	}
	return d
}

// Fact is a fact that was set; empty where it was not.
func (e *Event) Fact(key string) string {
	for i := range e.attrs {
		if e.attrs[i].Key == key {
			return e.attrs[i].Value.String()
		}
	}
	return ""
}

// Restart forgets what was decided and found out about the request, which is handled
// again.
func (e *Event) Restart() {
	e.decided, e.policies, e.attrs = decision.Decision{}, nil, nil
	e.Caller, e.Cause, e.Err = "", "", nil
	e.Who, e.Input, e.Output, e.Message = awsapi.Caller{}, nil, nil, ""
	e.persons, e.identity, e.authenticated, e.salt, e.pool = nil, "", false, nil, ""
	e.issued, e.expires = "", time.Time{}
}

func (e *Event) set(fact slog.Attr) {
	for i := range e.attrs {
		if e.attrs[i].Key == fact.Key {
			e.attrs[i] = fact
			return
		}
	}
	if e.attrs == nil {
		e.attrs = e.room[:0]
	}
	e.attrs = append(e.attrs, fact)
}

type contextKey struct{}

// NewContext gives a context that carries the event.
func NewContext(ctx context.Context, e *Event) context.Context {
	return context.WithValue(ctx, contextKey{}, e)
}

// From finds the record of a request. Where there is none, as in background work,
// what is written goes nowhere.
func From(ctx context.Context) Record {
	e, _ := ctx.Value(contextKey{}).(*Event)
	return Record{e}
}

// Hash stands for an identity ID in a log: the same ID has the same hash, and
// the hash gives nothing away, since an ID has 122 random bits.
func Hash(id string) string {
	var room [64]byte // an ID has some fifty characters
	sum := sha256.Sum256(append(room[:0], id...))
	var hash [12]byte
	hex.Encode(hash[:], sum[:6])
	return string(hash[:])
}

// Milliseconds is how log lines have durations: a number whose name says its unit, to
// the microsecond, since text and JSON write a Duration in different ways.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// writeLine writes the event as one line. A client's mistake is information, only
// the service's own failure is an error.
func (e *Event) writeLine(ctx context.Context, log *slog.Logger) {
	level := slog.LevelInfo
	switch {
	case e.Status >= 500:
		level = slog.LevelError
	case e.Warning != "":
		level = slog.LevelWarn
	}
	if !log.Enabled(ctx, level) {
		return
	}
	a := make([]slog.Attr, 0, 16)
	add := func(key, value string) {
		if value != "" {
			a = append(a, slog.String(key, value))
		}
	}
	add("request_id", e.RequestID)
	add("service", e.Service)
	add("operation", e.Operation)
	add("region", e.Region)
	a = append(a, slog.Int("status", e.Status))
	add("error", e.Code)
	add("cause", e.Cause)
	if e.Err != nil {
		add("detail", clip(e.Err.Error()))
	}
	add("caller", e.Caller)
	add("access_key_id", e.AccessKeyID)
	add("source_ip", e.SourceIP)
	add("warning", e.Warning)
	if e.WarningErr != nil {
		add("warning_detail", clip(e.WarningErr.Error()))
	}
	a = append(a, e.attrs...)
	if e.decided.Role != nil {
		add("role_trace", e.decided.Role.String())
	}
	add("tag_trace", decision.TagsText(e.decided.Tags))
	if e.decided.Target != nil {
		add("target_trace", e.decided.Target.String())
	}
	a = append(a, slog.Float64("duration_ms", Milliseconds(e.Duration)))
	// The record is handed over as it is: a Logger would look for the line of
	// code that logs, which is this one.
	r := slog.NewRecord(e.Start.Add(e.Duration), level, "request", 0)
	r.AddAttrs(a...)
	_ = log.Handler().Handle(ctx, r) // a Logger drops this error too
}
