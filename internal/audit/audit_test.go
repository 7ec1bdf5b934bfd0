package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/decision"
)

// logger writes lines without their time.
func logger(b *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// record gives an event to the log, which accepts every one.
func record(t *testing.T, e *Event, b *bytes.Buffer, level slog.Level) {
	t.Helper()
	if err := Log(logger(b, level)).Record(t.Context(), e); err != nil {
		t.Errorf("the log refuses an event: %v", err)
	}
}

// failing is a log that cannot be written.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLogThatFails(t *testing.T) {
	if err := Log(slog.New(slog.NewTextHandler(failing{}, nil))).Record(t.Context(), &Event{}); err != nil {
		t.Errorf("a log that fails stops somebody: %v", err)
	}
}

func TestLog(t *testing.T) {
	for name, test := range map[string]struct {
		event Event
		attrs [][2]string
		want  string
	}{
		"nothing known": {Event{}, nil, "level=INFO msg=request status=0 duration_ms=0\n"},
		"a success": {
			Event{
				RequestID: "id", Service: "sts", Operation: "GetCallerIdentity", Region: "us-east-1", Status: 200,
				Caller: "arn:aws:iam::123456789012:root", AccessKeyID: "test", SourceIP: "::1", Duration: 1500 * time.Microsecond,
			},
			[][2]string{{"pool", "us-east-1:1"}, {"identity", "abc"}},
			"level=INFO msg=request request_id=id service=sts operation=GetCallerIdentity region=us-east-1 status=200 " +
				"caller=arn:aws:iam::123456789012:root access_key_id=test source_ip=::1 pool=us-east-1:1 identity=abc duration_ms=1.5\n",
		},
		"a client's mistake": {
			Event{RequestID: "id", Status: 400, Code: "NotAuthorizedException", Cause: "login-expired", Err: errors.New("it ended\nlong ago")}, nil,
			"level=INFO msg=request request_id=id status=400 error=NotAuthorizedException cause=login-expired detail=\"it ended\\nlong ago\" duration_ms=0\n",
		},
		"a client that left":        {Event{Status: 499}, nil, "level=INFO msg=request status=499 duration_ms=0\n"},
		"the service's own failure": {Event{Status: 500, Code: "InternalErrorException"}, nil, "level=ERROR msg=request status=500 error=InternalErrorException duration_ms=0\n"},
		"a forged line": {
			Event{Status: 400, AccessKeyID: "x\nlevel=ERROR msg=forged"}, [][2]string{{"pool", "a b=c"}},
			"level=INFO msg=request status=400 access_key_id=\"x\\nlevel=ERROR msg=forged\" pool=\"a b=c\" duration_ms=0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, a := range test.attrs {
				Record{&test.event}.Set(a[0], a[1])
			}
			record(t, &test.event, &b, slog.LevelInfo)
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// answer is what policies said.
type answer struct{ asked *int }

func (a answer) Policies() *decision.Policies {
	*a.asked++
	return &decision.Policies{Outcome: decision.Allow, Action: "s3:GetObject"}
}

// What was decided is data, of which the line is made; what policies said becomes
// data where somebody asks, and the line does not.
func TestDecided(t *testing.T) {
	asked := 0
	e := &Event{Status: 200}
	r := Record{e}
	r.DecideRole(&decision.Role{Role: "r", Reason: decision.RoleOfGuests})
	r.DecideTags([]decision.LoginTags{{Login: "a"}})
	r.DecideTrust(&decision.Trust{Outcome: decision.Allow, Action: "sts:AssumeRole"})
	r.DecidePolicies(answer{&asked})
	var b bytes.Buffer
	if record(t, e, &b, slog.LevelInfo); asked != 0 || !strings.Contains(b.String(), `role_trace="role r: guest" tag_trace="login a: no tag map"`) {
		t.Errorf("asked %d times: %s", asked, &b)
	}
	text, err := json.Marshal(e.Decision())
	const want = `{"Role":{"Role":"r","Reason":"guest"},"Tags":[{"Login":"a"}],"Trust":[{"Outcome":"allow","Action":"sts:AssumeRole","Role":"","Principal":""}],` +
		`"Policies":[{"Outcome":"allow","Action":"s3:GetObject"}]}`
	if err != nil || string(text) != want || asked != 1 {
		t.Errorf("%s, %v", text, err)
	}
	Record{}.DecidePolicies(answer{&asked})
	Record{}.DecideTrust(nil)
	Record{}.DecideTags(nil)
	Record{}.DecideRole(nil)
}

func TestLogLevel(t *testing.T) {
	var b bytes.Buffer
	record(t, &Event{Status: 400}, &b, slog.LevelError)
	if b.Len() != 0 {
		t.Errorf("a line of information is written: %s", &b)
	}
	if record(t, &Event{Status: 500}, &b, slog.LevelError); b.Len() == 0 {
		t.Error("an error is not written")
	}
}

// An underlying error may quote a whole request; a line does not.
func TestLogBounded(t *testing.T) {
	var b bytes.Buffer
	record(t, &Event{Status: 400, Err: errors.New(strings.Repeat("é", 1<<19))}, &b, slog.LevelInfo)
	if b.Len() > 9000 || !strings.Contains(b.String(), "éé...") {
		t.Errorf("a line of %d bytes, %.100s", b.Len(), &b)
	}
}

func TestContext(t *testing.T) {
	e := &Event{}
	ctx := NewContext(t.Context(), e)
	From(ctx).Set("pool", "p")
	if From(ctx) != (Record{e}) || len(e.attrs) != 1 {
		t.Error("the event is not the context's")
	}
	From(context.Background()).Set("pool", "p") // does nothing
}

// Who writes to a record learns nothing from it: what it has exported takes, and
// gives nothing back.
func TestRecordIsWriteOnly(t *testing.T) {
	record := reflect.TypeFor[Record]()
	for i := range record.NumField() {
		if f := record.Field(i); f.IsExported() {
			t.Errorf("field %s can be read", f.Name)
		}
	}
	for i := range record.NumMethod() {
		if m := record.Method(i); m.Type.NumOut() > 0 {
			t.Errorf("method %s tells something", m.Name)
		}
	}
}

func TestHash(t *testing.T) {
	const id = "us-east-1:01234567-89ab-cdef-0123-456789abcdef"
	h := Hash(id)
	if len(h) != 12 || h != Hash(id) || h == Hash(id+"0") || strings.Contains(id, h) {
		t.Errorf("hash %s", h)
	}
}

// What was refused, what failed and what has a warning is taken; the rest passes.
func TestRefused(t *testing.T) {
	var b bytes.Buffer
	sink := Refused(Log(logger(&b, slog.LevelInfo)))
	for _, e := range []Event{{RequestID: "a", Status: 200}, {RequestID: "b", Status: 400}, {RequestID: "c", Status: 500}, {RequestID: "d", Status: 200, Warning: "w"}} {
		if err := sink.Record(t.Context(), &e); err != nil {
			t.Error(err)
		}
	}
	var ids []string
	for line := range strings.Lines(b.String()) {
		_, rest, _ := strings.Cut(line, "request_id=")
		ids = append(ids, rest[:1])
	}
	if got := strings.Join(ids, ""); got != "bcd" {
		t.Errorf("lines of %q:\n%s", got, &b)
	}
}

// What only the trail knows is in no line of the log, and forgotten when the request is
// handled again.
func TestFactsForTheTrailAlone(t *testing.T) {
	e := &Event{Status: 200}
	r := Record{e}
	r.SetPerson(Person{Provider: "accounts.example.com", Subject: "alice"})
	r.SetPerson(Person{Provider: "login.example.com", Subject: "alice"})
	r.SetPerson(Person{Provider: "accounts.example.com", Subject: "alice"})
	r.SetIdentity("us-east-1:01234567-89ab-cdef-0123-456789abcdef", true)
	r.SetPool("us-east-1:11234567-89ab-cdef-0123-456789abcdef")
	r.SetIssued("ASIAEXAMPLE", time.Unix(1, 0))
	r.SetSalt([]byte("salt"))
	want := []Person{{Provider: "accounts.example.com", Subject: "alice"}, {Provider: "login.example.com", Subject: "alice"}}
	if diff := cmp.Diff(want, e.persons); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var b bytes.Buffer
	if record(t, e, &b, slog.LevelInfo); b.String() != "level=INFO msg=request status=200 duration_ms=0\n" {
		t.Errorf("the log has %s", &b)
	}
	if e.Restart(); e.persons != nil || e.identity+e.pool+e.issued != "" || e.authenticated || e.salt != nil || !e.expires.IsZero() {
		t.Errorf("after a restart %+v", e)
	}
	r = Record{}
	r.SetPerson(Person{})
	r.SetIdentity("i", true)
	r.SetPool("p")
	r.SetIssued("k", time.Time{})
	r.SetSalt(nil)
}
