package server

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/sigv4"
)

const tooLargeText = "Request size exceeded the limit of 1048576 bytes"

// tracked counts what is read of a body.
type tracked struct {
	io.Reader
	read int
}

func (t *tracked) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	t.read += n
	return n, err
}

// longForm is a signed call of Long with so many characters of text.
func longForm(t *testing.T, c sigv4.Credentials, length int, change func(*http.Request)) (*http.Request, *tracked) {
	t.Helper()
	r := formCall("Long", "&Text="+strings.Repeat("x", length))
	if change != nil {
		change(r)
	}
	if c.AccessKeyID != "" {
		sign(t, r, c, "box", testNow)
	}
	body := &tracked{Reader: r.Body}
	r.Body = io.NopCloser(body)
	return r, body
}

// A long body is read for an operation that takes it, and for nobody whose key and
// date are not good: of others not a byte is.
func TestLongBodies(t *testing.T) {
	const length = 2 << 20
	refused := func(code, message string) string { return formError(faults, "Sender", code, message) }
	tooLarge := refused("RequestEntityTooLarge", tooLargeText)
	known := func(limit string) string {
		return formError("urn:box", "Sender", "RequestEntityTooLarge", "Request size exceeded the limit of "+limit+" bytes")
	}
	tests := []struct {
		name        string
		credentials sigv4.Credentials
		length      int
		change      func(r *http.Request)
		later       time.Duration
		status      int
		body        string
		read        int // at most
	}{
		{"a long one", root, length, nil, 0, 200, "2097152 characters", 3 << 20},
		{"as long as may be", root, longBody - len("Action=Long&Version=2011-06-15&Text="), nil, 0, 200, "characters", 3 << 20},
		{"a byte longer", root, longBody - len("Action=Long&Version=2011-06-15&Text=") + 1, nil, 0, 413, tooLarge, 0},
		{"without the permission", guest, length, nil, 0, 403, "is not authorized to perform: box:Long", 3 << 20},
		{"no signature", sigv4.Credentials{}, length, nil, 0, 413, tooLarge, 0},
		{"an unknown key", sigv4.Credentials{AccessKeyID: "AKIDNOBODY", SecretAccessKey: "x"}, length, nil, 0, 403, refused("InvalidClientTokenId", "The security token included in the request is invalid."), 0},
		{"a session that ended", sigv4.Credentials{AccessKeyID: guestKey, SecretAccessKey: guestSecret, SessionToken: expiredToken}, length, nil, 0, 403, refused("ExpiredToken", "The security token included in the request is expired"), 0},
		{"the store is down", sigv4.Credentials{AccessKeyID: "AKIDBROKEN", SecretAccessKey: "x"}, length, nil, 0, 500, "InternalFailure", 0},
		{"an old signature", root, length, nil, 6 * time.Minute, 403, "Signature expired", 0},
		{"a wrong secret", sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: "x"}, length, nil, 0, 403, "SignatureDoesNotMatch", 3 << 20},
		{"another operation", root, length, replaceBody("Action=Long", "Action=Quiet"), 0, 413, known("16384"), 8 << 10},
		{"no operation", root, length, replaceBody("Action=Long", "Action=None"), 0, 400, refused("InvalidAction", "Could not find operation None for version 2011-06-15"), 8 << 10},
		{"an operation that comes late", root, length, replaceBody("Action=Long&", "Name="+strings.Repeat("x", 9000)+"&Action=Long&"), 0, 413, tooLarge, 8 << 10},
		{"an operation and another", root, length, replaceBody("Text="+strings.Repeat("x", length), "Text="+strings.Repeat("x", length)+"&Action=Quiet"), 0, 400, "MalformedInput", 3 << 20},
		{"two operations", root, length, replaceBody("Text=", "Action=Quiet&Text="), 0, 400, "MalformedInput", 8 << 10},
		{"another version", root, length, replaceBody("2011-06-15", "2010-06-15"), 0, 400, "InvalidAction", 3 << 20},
		{"in chunks", root, length, func(r *http.Request) { r.ContentLength = -1 }, 0, 413, known("1048576"), 2 << 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, _ := newServer()
			s.Now = func() time.Time { return testNow.Add(test.later) }
			r, body := longForm(t, test.credentials, test.length, test.change)
			w := serve(s, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("answer %d %s, want %d %s", w.Code, w.Body, test.status, test.body)
			}
			if body.read > test.read {
				t.Errorf("%d bytes were read, want at most %d", body.read, test.read)
			}
			if n := s.large.Load(); n != 0 {
				t.Errorf("%d bodies are left", n)
			}
		})
	}
}

// replaceBody changes the form before it is signed.
func replaceBody(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		changed := strings.Replace(string(text), old, new, 1)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	}
}

// The JSON protocol has no long bodies.
func TestNoLongJSON(t *testing.T) {
	s, _ := newServer()
	r := sign(t, jsonCall("Long", `{"Text":"`+strings.Repeat("x", 2<<20)+`"}`), root, "zoo", testNow)
	wantAnswer(t, serve(s, r), 413, jsonError("RequestEntityTooLargeException", "message", tooLargeText))
}

// There are two long bodies at a time; the third may try again.
func TestFewLongBodies(t *testing.T) {
	s, log := newServer()
	began, rest := make(chan bool), make(chan bool)
	done := make(chan *httptest.ResponseRecorder)
	for range maxLarge {
		go func() {
			r, body := longForm(t, root, 2<<20, nil)
			body.Reader = &stalling{Reader: body.Reader, after: atOnce + 1, began: began, rest: rest}
			done <- serve(s, r)
		}()
	}
	for range maxLarge {
		<-began
	}
	r, _ := longForm(t, root, 2<<20, nil)
	wantAnswer(t, serve(s, r), 400, formError("urn:box", "Sender", "Throttling", "Rate exceeded"))
	if !strings.Contains(log.String(), "cause=large-bodies") {
		t.Error("the log does not tell why")
	}
	close(rest)
	for range maxLarge {
		if w := <-done; w.Code != 200 {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	}
	r, _ = longForm(t, root, 2<<20, nil)
	if w := serve(s, r); w.Code != 200 {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

// stalling is a body that stops for a while, once so much of it was read.
type stalling struct {
	io.Reader
	after       int
	began, rest chan bool
}

func (s *stalling) Read(b []byte) (int, error) {
	if s.after <= 0 && s.began != nil {
		s.began <- true
		s.began = nil
		<-s.rest
	}
	n, err := s.Reader.Read(b)
	s.after -= n
	return n, err
}

// The memory of a small body is used again. What an operation has got of one, in
// either protocol and however it is written, stays as it was.
func TestInputsOutliveTheirBodies(t *testing.T) {
	var kept []*helloInput
	keep := func(_ context.Context, _ awsapi.Caller, in *helloInput) (*helloOutput, error) {
		kept = append(kept, in)
		return &helloOutput{"kept"}, nil
	}
	rows := []awsapi.Operation{awsapi.Op("Keep", awsapi.Public, awsapi.Unasked, "", keep)}
	s, _ := newServer()
	s.JSON = []*awsapi.Table{awsapi.Service{Name: "zoo", Target: "AWSZooService", Shapes: testShapes, Operations: rows}.Compile()}
	s.Query = []*awsapi.Table{awsapi.Service{Name: "box", Version: "2011-06-15", Namespace: "urn:box", Shapes: testShapes, Operations: rows}.Compile()}
	for i := range 26 {
		name, note := strings.Repeat(string(rune('a'+i)), 8), strings.Repeat(string(rune('A'+i)), 100)
		for _, r := range []*http.Request{
			jsonCall("Keep", `{"Name":"`+name+`","Note":"`+note+`"}`),
			jsonCall("Keep", `{"Name":"`+name+`","Note":"`+note+`","Number":1}`),
			jsonCall("Keep", `{"Name":"`+name+`","Note":"\u0041`+note[1:]+`"}`),
			formCall("Keep", "&Name="+name+"&Note="+note),
			formCall("Keep", "&Name=%"+strconv.FormatInt(int64(name[0]), 16)+name[1:]+"&Note="+note),
		} {
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, r); w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
		}
	}
	for i, in := range kept {
		letter := rune('a' + i/5)
		if string(in.Name) != strings.Repeat(string(letter), 8) || strings.Trim(in.Note[1:], strings.ToUpper(string(letter))) != "" {
			t.Errorf("input %d has become %v", i, in)
		}
	}
}
