package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// flow is an operation that streams: so many bytes, of which one may be missing.
type flow struct {
	length, missing int64
	closed          chan struct{}
}

func (f *flow) stream(context.Context, awsapi.Caller, *nothing) (*awsapi.Stream, error) {
	return &awsapi.Stream{ContentType: "application/x-flow", Length: f.length, Body: &flowing{f, io.LimitReader(zeros{}, f.length-f.missing)}}, nil
}

type flowing struct {
	*flow
	io.Reader
}

func (f *flowing) Close() error {
	close(f.closed)
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// streaming is a server whose answers have a nanosecond, with an operation that
// streams.
func streaming(t *testing.T, f *flow) *httptest.Server {
	t.Helper()
	f.closed = make(chan struct{})
	s, _ := newServer()
	s.JSON = []*awsapi.Table{awsapi.Service{Name: "zoo", Target: "AWSZooService", Shapes: testShapes, Operations: []awsapi.Operation{
		awsapi.Op("Flow", awsapi.Signed, awsapi.OnNothing(), "", f.stream),
		awsapi.Op("Who", awsapi.Identified, awsapi.Unasked, "", who),
	}}.Compile()}
	h := httptest.NewUnstartedServer(s)
	h.Config.WriteTimeout = time.Nanosecond
	h.Start()
	t.Cleanup(h.Close)
	return h
}

func ask(t *testing.T, h *httptest.Server, operation string) (*http.Response, error) {
	t.Helper()
	r := signedJSON(t, root, operation, "{}")
	r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", strings.TrimPrefix(h.URL, "http://")
	return h.Client().Do(r.WithContext(t.Context()))
}

func TestStream(t *testing.T) {
	f := &flow{length: 10*streamPiece + 1}
	h := streaming(t, f)
	a, err := ask(t, h, "Flow")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	n, err := io.Copy(io.Discard, a.Body)
	if err != nil || n != f.length || a.ContentLength != n || a.Header.Get("Content-Type") != "application/x-flow" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d bytes, %v, %v", n, err, a.Header)
	}
	<-f.closed
	if a, err := ask(t, h, "Who"); err == nil {
		a.Body.Close()
		t.Error("other answers have no time limit either")
	}
}

// Nobody takes a part for the whole.
func TestStreamThatEndsEarly(t *testing.T) {
	f := &flow{length: 3 * streamPiece, missing: 1}
	a, err := ask(t, streaming(t, f), "Flow")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if n, err := io.Copy(io.Discard, a.Body); err == nil {
		t.Errorf("%d bytes of %d, and all is well", n, f.length)
	}
	<-f.closed
}

// patient is a client that takes its answer piece by piece, and the time limits that
// it has for each.
type patient struct {
	http.ResponseWriter
	limits []time.Time
	left   int
}

func (p *patient) SetWriteDeadline(at time.Time) error {
	p.limits = append(p.limits, at)
	return nil
}

func (p *patient) Write(b []byte) (int, error) {
	if p.left--; p.left < 0 {
		return 0, errors.New("the client has gone away")
	}
	return len(b), nil
}

func TestStreamIsBounded(t *testing.T) {
	send := func(p *patient, length int64) (aborted any) {
		defer func() { aborted = recover() }()
		stream(p, &awsapi.Stream{Length: length, Body: io.NopCloser(zeros{})})
		return nil
	}
	began := time.Now()
	p := &patient{left: 100}
	if aborted := send(p, 100*streamPiece); aborted != nil {
		t.Fatal(aborted)
	}
	if len(p.limits) != 100 {
		t.Fatalf("%d time limits", len(p.limits))
	}
	for _, at := range p.limits {
		if at.Before(began) || at.After(time.Now().Add(streamPatience)) {
			t.Fatalf("a piece has until %v", at)
		}
	}
	if aborted := send(&patient{left: 3}, 100*streamPiece); aborted != http.ErrAbortHandler { //nolint:errorlint // as it was
		t.Errorf("a client that has gone away: %v", aborted)
	}
}

// A failure to record takes the place of a stream, which is closed.
func TestStreamThatIsNotRecorded(t *testing.T) {
	f := &flow{length: 1, closed: make(chan struct{})}
	s, _ := newServer()
	s.JSON = []*awsapi.Table{awsapi.Service{Name: "zoo", Target: "AWSZooService", Shapes: testShapes, Operations: []awsapi.Operation{
		awsapi.Op("Flow", awsapi.Signed, awsapi.OnNothing(), "", f.stream)}}.Compile()}
	s.Sinks = []audit.Sink{sink(func(context.Context, *audit.Event) error { return errDisk })}
	w := serve(s, signedJSON(t, root, "Flow", "{}"))
	<-f.closed
	if w.Code != http.StatusInternalServerError {
		t.Errorf("answer %d: %s", w.Code, w.Body)
	}
}
