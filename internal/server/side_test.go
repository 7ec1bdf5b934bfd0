package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/sigv4"
)

// echoing is a side that says who has signed, and what.
type echoing struct{}

func (echoing) Name() string { return "echo" }

func (echoing) Answer(ctx context.Context, v *Visit) (awsapi.Answer, error) {
	v.Operation("Echo")
	switch v.Request.URL.Path {
	case "/panic":
		panic("the moon is blue")
	case "/fail":
		return awsapi.Answer{}, errDisk
	case "/no":
		v.Note("no-cause", errors.New("not today"))
		return awsapi.Answer{Status: http.StatusOK, Body: []byte("no")}, nil
	}
	signed := v.Signed()
	sig, err := sigv4.Parse(signed)
	if err != nil {
		return awsapi.Answer{}, v.RefuseSignature(err)
	}
	caller, err := v.Signer(ctx, sig, "iam", 5*time.Minute, func(awsapi.Caller) (err error) {
		signed.Body, err = v.Body(20_000)
		return err
	})
	if err != nil {
		return awsapi.Answer{}, err
	}
	return awsapi.Answer{Status: http.StatusOK, ContentType: "text/plain", Header: []string{"X-Region", caller.Region}, Body: append([]byte(caller.ARN+" from "+caller.SourceIP+": "), signed.Body...)}, nil
}

func (echoing) Refuse(r awsapi.Refusal, message string) *awsapi.Error {
	e := &awsapi.Error{Code: "No", Message: message, Status: http.StatusForbidden}
	if r == awsapi.Internal {
		e.Code, e.Status = "Broken", http.StatusInternalServerError
	}
	return e
}

func (echoing) EncodeError(e *awsapi.Error, _ string) awsapi.Answer {
	return awsapi.Answer{Status: e.HTTPStatus(), ContentType: "text/plain", Body: []byte(e.Code)}
}

// A side finds who has signed as the API does, and each of its requests is
// recorded with the true cause.
func TestSide(t *testing.T) {
	root := sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}
	guest := sigv4.Credentials{AccessKeyID: guestKey, SecretAccessKey: guestSecret, SessionToken: guestToken}
	expired := guest
	expired.SessionToken = expiredToken
	post := func(path, body string) *http.Request { return request("POST", path, "application/json", body) }
	signed := func(c sigv4.Credentials, service string, at time.Time) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request { return sign(t, post("/", "hi"), c, service, at) }
	}
	for name, test := range map[string]struct {
		r            func(*testing.T) *http.Request
		status       int
		body, logged string
	}{
		"signed": {
			signed(root, "iam", testNow), 200, rootARN + " from 192.0.2.7: hi",
			"level=INFO msg=request request_id=" + requestID + " service=echo operation=Echo region=us-east-1 status=200 caller=" + rootARN + " access_key_id=" + rootKey,
		},
		"a session":       {signed(guest, "iam", testNow), 200, guestARN + " from 192.0.2.7: hi", "caller=" + guestARN},
		"an old session":  {signed(expired, "iam", testNow), 403, "No", `error=No cause=test-expired detail="it ended"`},
		"another service": {signed(root, "s3", testNow), 403, "No", "error=No cause=signature-scope-service"},
		"an old request":  {signed(root, "iam", testNow.Add(-6*time.Minute)), 403, "No", "error=No cause=signature-expired"},
		"unsigned":        {func(*testing.T) *http.Request { return post("/", "hi") }, 403, "No", "error=No cause=signature-missing"},
		"another body": {func(t *testing.T) *http.Request {
			r := sign(t, post("/", "hi"), root, "iam", testNow)
			r.Body = io.NopCloser(strings.NewReader("ho"))
			return r
		}, 403, "No", "error=No cause=signature-mismatch"},
		"long": {func(t *testing.T) *http.Request {
			return sign(t, post("/", strings.Repeat("x", 20_000)), root, "iam", testNow)
		}, 200, rootARN + " from 192.0.2.7: " + strings.Repeat("x", 20_000), "status=200"},
		"too long": {func(t *testing.T) *http.Request {
			return sign(t, post("/", strings.Repeat("x", 20_001)), root, "iam", testNow)
		}, 403, "No", "error=No cause=body-too-large"},
		"too long, in chunks": {func(t *testing.T) *http.Request {
			r := sign(t, post("/", strings.Repeat("x", 30_000)), root, "iam", testNow)
			r.ContentLength = -1
			return r
		}, 403, "No", "error=No cause=body-too-large"},
		"a body that nobody may send": {func(t *testing.T) *http.Request {
			r := sign(t, post("/", "hi"), sigv4.Credentials{AccessKeyID: "AKIDNOBODY", SecretAccessKey: "x"}, "iam", testNow)
			r.Body = io.NopCloser(unreadable{t})
			return r
		}, 403, "No", "error=No cause=test-unknown"},
		"a panic":          {func(*testing.T) *http.Request { return post("/panic", "") }, 500, "Broken", `level=ERROR msg=request request_id=` + requestID + ` service=echo operation=Echo status=500 error=Broken cause=internal detail="panic: the moon is blue`},
		"a failure":        {func(*testing.T) *http.Request { return post("/fail", "") }, 500, "Broken", `cause=internal detail="` + errDisk.Error()},
		"a no as a answer": {func(*testing.T) *http.Request { return post("/no", "") }, 200, "no", `status=200 cause=no-cause detail="not today"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			w := httptest.NewRecorder()
			s.Beside(echoing{}).ServeHTTP(w, test.r(t))
			if w.Code != test.status || w.Body.String() != test.body {
				t.Errorf("got %d %.100s", w.Code, w.Body)
			}
			if !strings.Contains(log.String(), test.logged) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("log: %s", log)
			}
			if cache := w.Header().Get("Cache-Control"); cache != "no-store" {
				t.Errorf("Cache-Control: %s", cache)
			}
		})
	}
}

// unreadable is a body that must not be read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// What is not recorded is not answered, as with the API.
func TestSideNotRecorded(t *testing.T) {
	s, log := newServer()
	s.Sinks = append([]audit.Sink{sink(func(context.Context, *audit.Event) error { return errDisk })}, s.Sinks...)
	w := httptest.NewRecorder()
	s.Beside(echoing{}).ServeHTTP(w, request("POST", "/no", "", ""))
	if w.Code != http.StatusInternalServerError || w.Body.String() != "Broken" || !strings.Contains(log.String(), "cause=not-recorded") {
		t.Errorf("got %d %s, log %s", w.Code, w.Body, log)
	}
}

// This machine and the trusted proxies are trusted, and what they say of others is
// not asked.
func TestVisitTrusted(t *testing.T) {
	s, _ := newServer()
	s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	for peer, want := range map[string]bool{"127.0.0.1:5": true, "[::1]:5": true, "198.51.100.9:5": true, "192.0.2.7:5": false, "@": false} {
		r := request("POST", "/", "", "")
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		if got := (&Visit{Request: r, server: s}).Trusted(); got != want {
			t.Errorf("%s: %t", peer, got)
		}
	}
}
