package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/audit"
)

// sink is a sink made of a function.
type sink func(ctx context.Context, e *audit.Event) error

func (s sink) Record(ctx context.Context, e *audit.Event) error { return s(ctx, e) }

// answered is a ResponseWriter that knows whether an answer has begun.
type answered struct {
	*httptest.ResponseRecorder
	begun bool
}

func (a *answered) WriteHeader(status int) {
	a.begun = true
	a.ResponseRecorder.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseRecorder.Write(b)
}

// Every sink has the event before the first byte of the answer, with all that
// the answer is.
func TestRecordedThenAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		r      func() *http.Request
		status int
	}{
		"a success":      {func() *http.Request { return jsonCall("Hello", `{"Name":"world"}`) }, 200},
		"a refusal":      {func() *http.Request { return formCall("Guarded", "") }, 403},
		"a long refusal": {func() *http.Request { return formCall("Hello", "&Name="+strings.Repeat("X", 9000)) }, 400},
		"a failure":      {func() *http.Request { return jsonCall("Fail", `{"How":"panic"}`) }, 500},
		"a preflight":    {func() *http.Request { return request("OPTIONS", "/", "", "") }, 200},
		"no protocol":    {func() *http.Request { return request("PUT", "/", "", "") }, 404},
		"a client who left": {func() *http.Request {
			r := jsonCall("Fail", `{"How":"wait"}`)
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			return r.WithContext(ctx)
		}, statusClientGone},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			w := &answered{ResponseRecorder: httptest.NewRecorder()}
			recorded := 0
			accept := sink(func(ctx context.Context, e *audit.Event) error {
				if recorded++; w.begun || e.Status != test.status || ctx.Err() != nil {
					t.Errorf("answered before: %t, status %d, %v", w.begun, e.Status, ctx.Err())
				}
				return nil
			})
			s.Sinks = []audit.Sink{accept, accept}
			if s.ServeHTTP(w, test.r()); recorded != 2 || !w.begun || w.Code != test.status {
				t.Errorf("recorded %d times, answered: %t, %d", recorded, w.begun, w.Code)
			}
		})
	}
}

// What a sink does not accept is not answered but with a failure, of which the
// sinks behind it know, and which says nothing of what was to be told.
func TestNotRecorded(t *testing.T) {
	const end = " source_ip=192.0.2.7 duration_ms=0\n"
	jsonFailure := jsonError("InternalErrorException", "message", internalError)
	for name, test := range map[string]struct {
		r      func() *http.Request
		body   string
		logged string
	}{
		"JSON": {
			func() *http.Request { return jsonCall("Hello", `{"Name":"world"}`) }, jsonFailure,
			" service=zoo operation=Hello status=500 error=InternalErrorException cause=not-recorded detail=\"the disk /var/lib is full\"",
		},
		"Query": {
			func() *http.Request { return formCall("Hello", "&Name=world") }, formError("urn:box", "Receiver", "InternalFailure", internalError),
			" service=box operation=Hello status=500 error=InternalFailure cause=not-recorded detail=\"the disk /var/lib is full\"",
		},
		"a refusal": {
			func() *http.Request { return jsonCall("Hello", `[]`) }, jsonFailure,
			" service=zoo operation=Hello status=500 error=InternalErrorException cause=not-recorded detail=\"the disk /var/lib is full\\nawsjson: not an object\"",
		},
		"a preflight": {
			func() *http.Request { return request("OPTIONS", "/", "", "") }, formError(faults, "Receiver", "InternalFailure", internalError),
			" status=500 error=InternalFailure cause=not-recorded detail=\"the disk /var/lib is full\"",
		},
		"no protocol": {
			func() *http.Request { return request("PUT", "/", "", "") }, formError(faults, "Receiver", "InternalFailure", internalError),
			" status=500 error=InternalFailure cause=not-recorded detail=\"the disk /var/lib is full\\nPUT\"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			s.Sinks = append([]audit.Sink{sink(func(context.Context, *audit.Event) error { return errDisk })}, s.Sinks...)
			wantAnswer(t, serve(s, test.r()), 500, test.body)
			if want := "level=ERROR msg=request request_id=" + requestID + test.logged + end; log.String() != want {
				t.Errorf("log\n  %swant\n  %s", log, want)
			}
		})
	}
}

// A sink that panics has not accepted the event, and one that follows may not
// either.
func TestSinksThatFail(t *testing.T) {
	s, log := newServer()
	s.Sinks = append([]audit.Sink{
		sink(func(context.Context, *audit.Event) error { panic("the moon is blue") }),
		sink(func(context.Context, *audit.Event) error { return errors.New("the second") }),
	}, s.Sinks...)
	wantAnswer(t, serve(s, jsonCall("Hello", `{"Name":"world"}`)), 500, jsonError("InternalErrorException", "message", internalError))
	for _, part := range []string{"status=500", "cause=not-recorded", "panic: the moon is blue", "the second"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("%s is not in %s", part, log)
		}
	}
}

// What could not be recorded is refused before it begins, and told without a record;
// what changes nothing is not asked about.
func TestChangesThatCannotBeRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		logged string
	}{
		"a change by JSON":  {jsonCall("Hello", `{"Name":"world"}`), 503, " cause=audit-unavailable detail=\"the disk is full\""},
		"a change by Query": {formCall("Hello", "&Name=world"), 503, " cause=audit-unavailable detail=\"the disk is full\""},
		"a read":            {signedJSON(t, root, "Who", `{}`), 200, " operation=Who region=us-east-1 status=200 "},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			s.MayChange = func() error { return errors.New("the disk is full") }
			s.Sinks = append([]audit.Sink{sink(func(_ context.Context, e *audit.Event) error {
				if e.Row.ReadOnly {
					return nil
				}
				return errors.New("the disk is full")
			})}, s.Sinks...)
			w := serve(s, test.r)
			if w.Code != test.status || strings.Contains(w.Body.String(), "disk") || !strings.Contains(log.String(), test.logged) {
				t.Errorf("%d %s\n%s", w.Code, w.Body, log)
			}
		})
	}
}
