package server

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

// Every request is one line, with what it was and what became of it.
func TestLogLine(t *testing.T) {
	const start, end = "level=INFO msg=request request_id=" + requestID, " source_ip=192.0.2.7 duration_ms=0\n"
	for name, test := range map[string]struct {
		r    func(*testing.T) *http.Request
		want string
	}{
		"a public operation": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `{"Name":"world"}`) }, " service=zoo operation=Hello status=200",
		},
		"a signed operation": {
			func(t *testing.T) *http.Request { return signedForm(t, root, "Who", "") },
			" service=box operation=Who region=us-east-1 status=200 caller=" + rootARN + " access_key_id=" + rootKey,
		},
		"a refused caller": {
			func(t *testing.T) *http.Request { return signedJSON(t, guest, "Guarded", `{"Name":"world"}`) },
			" service=zoo operation=Guarded region=us-east-1 status=400 error=AccessDeniedException cause=test-denied caller=" + guestARN + " access_key_id=" + guestKey,
		},
		"no signature": {
			func(*testing.T) *http.Request { return jsonCall("Guarded", `{}`) },
			" service=zoo operation=Guarded status=400 error=MissingAuthenticationTokenException cause=signature-missing",
		},
		"a wrong signature": { // whose caller has not been proven
			func(t *testing.T) *http.Request {
				r := signedJSON(t, root, "Guarded", `{}`)
				r.Host = "other.example.com"
				return r
			},
			" service=zoo operation=Guarded status=400 error=InvalidSignatureException cause=signature-mismatch detail=\"Host: other.example.com\" access_key_id=" + rootKey,
		},
		"a wrong input": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `{"Name":"WORLD"}`) },
			" service=zoo operation=Hello status=400 error=ValidationException cause=validation detail=\"name: Member must satisfy regular expression pattern: [a-z]+\"",
		},
		"a broken document": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `{`) },
			" service=zoo operation=Hello status=400 error=SerializationException cause=malformed detail=\"byte 1: unexpected EOF\"",
		},
		"a document that is none": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `["secret"]`) },
			" service=zoo operation=Hello status=400 error=SerializationException cause=malformed detail=\"awsjson: not an object\"",
		},
		"a member twice": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `{"Token":"","Token":""}`) },
			" service=zoo operation=Hello status=400 error=SerializationException cause=malformed detail=\"before byte 19: duplicate object member name\"",
		},
		"a member of the wrong kind": {
			func(*testing.T) *http.Request { return jsonCall("Hello", `{"Name":["secret"]}`) },
			" service=zoo operation=Hello status=400 error=SerializationException cause=malformed detail=name",
		},
		"no operation": {
			func(*testing.T) *http.Request { return jsonCall("Other", `{}`) },
			" status=400 error=UnknownOperationException cause=unknown-operation detail=AWSZooService.Other",
		},
		"no action of this name": {
			func(*testing.T) *http.Request {
				return request("POST", "/", amzForm, "Action=Other&Version="+strings.Repeat("9", 200))
			},
			" status=400 error=InvalidAction cause=unknown-operation detail=\"Other of version " + strings.Repeat("9", 111) + "\"",
		},
		"no action":   {func(*testing.T) *http.Request { return request("POST", "/", amzForm, "x=y") }, " status=400 error=MissingAction cause=unknown-operation"},
		"no service":  {func(*testing.T) *http.Request { return request("PUT", "/", "", "") }, " status=404 error=UnknownOperationException cause=method detail=PUT"},
		"a preflight": {func(*testing.T) *http.Request { return request("OPTIONS", "/", "", "") }, " status=200"},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			serve(s, test.r(t))
			if want := start + test.want + end; log.String() != want {
				t.Errorf("log\n  %swant\n  %s", log, want)
			}
		})
	}
}

// No secret is in the log or, but for what its owner sent, in an answer:
// whatever is wrong with the request that has it.
func TestNoSecrets(t *testing.T) {
	const secretWord = "hunter2"
	for name, r := range map[string]func() *http.Request{
		"a token":                  func() *http.Request { return jsonCall("Hello", `{"Name":"world","Token":"`+secretWord+`"}`) },
		"a token that is too long": func() *http.Request { return jsonCall("Hello", `{"Name":"world","Token":"`+secretWord+secretWord+`"}`) },
		"a token in a form":        func() *http.Request { return formCall("Hello", "&Name=world&Token="+secretWord+secretWord) },
		"a token in a query": func() *http.Request {
			return request("GET", "/?Action=Hello&Version=2011-06-15&Token="+secretWord+secretWord, "", "")
		},
		"a token of a wrong kind": func() *http.Request { return jsonCall("Hello", `{"Name":"world","Token":["`+secretWord+`"]}`) },
		"a broken document":       func() *http.Request { return jsonCall("Hello", `{"Name":"world","Token":"`+secretWord) },
		"a name with a secret":    func() *http.Request { return jsonCall("Hello", `{"Token":{"`+secretWord+`":1}}`) },
		"a basic password": func() *http.Request {
			r := jsonCall("Guarded", `{}`)
			r.SetBasicAuth("alice", secretWord)
			return r
		},
		"a bearer token": func() *http.Request {
			r := jsonCall("Guarded", `{}`)
			r.Header.Set("Authorization", "Bearer "+secretWord)
			return r
		},
		"a session token": func() *http.Request {
			r := signedJSON(t, guest, "Guarded", `{}`)
			r.Header.Set("X-Amz-Security-Token", secretWord)
			return r
		},
		"a cookie": func() *http.Request {
			r := jsonCall("Guarded", `{}`)
			r.Header.Set("Cookie", "session="+secretWord)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			w := serve(s, r())
			if strings.Contains(log.String(), secretWord) {
				t.Errorf("in the log: %s", log)
			}
			if strings.Contains(w.Body.String(), secretWord) || strings.Contains(w.Header().Get("X-Amzn-Errormessage"), secretWord) {
				t.Errorf("in the answer: %s", w.Body)
			}
		})
	}
	s, log := newServer()
	serve(s, signedJSON(t, guest, "Guarded", `{"Name":"world"}`))
	r := signedJSON(t, guest, "Guarded", `{"Name":"world"}`)
	signature := r.Header.Get("Authorization")[strings.Index(r.Header.Get("Authorization"), "Signature="):]
	for _, s := range []string{guestSecret, guestToken, signature} {
		if strings.Contains(log.String(), s) {
			t.Errorf("in the log: %s", s)
		}
	}
}

// A message that quotes a stranger's input stays small, in the body and in the
// header.
func TestMessagesBounded(t *testing.T) {
	long := strings.Repeat("X\\u0001", 100000)
	for name, r := range map[string]*http.Request{
		"JSON":  jsonCall("Hello", `{"Name":"`+long+`"}`),
		"Query": formCall("Hello", "&Name="+strings.Repeat("%3C%00", 100000)),
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			w := serve(s, r)
			if w.Code != 400 || w.Body.Len() > 200<<10 || len(w.Header().Get("X-Amzn-Errormessage")) > 1024 {
				t.Errorf("%d, %d bytes, header %d bytes", w.Code, w.Body.Len(), len(w.Header().Get("X-Amzn-Errormessage")))
			}
			if len(log.String()) > 400 {
				t.Errorf("a line of %d bytes", len(log.String()))
			}
		})
	}
}

// A header can not be split, whatever an operation says.
func TestResponseSplitting(t *testing.T) {
	s, _ := newServer()
	s.Authorize = func(_ context.Context, _ *awsapi.Row, _ awsapi.Caller, _ any) error {
		return &awsapi.Refused{Refusal: awsapi.Denied, Message: "no\r\nSet-Cookie: a=b", Cause: "test-denied"}
	}
	w := serve(s, signedJSON(t, root, "Guarded", `{"Name":"world"}`))
	if got, want := w.Header().Get("X-Amzn-Errormessage"), "no??Set-Cookie: a=b"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
	if got := w.Header().Get("Set-Cookie"); got != "" {
		t.Errorf("a cookie: %s", got)
	}
}

// What Authorize fails of is not what it denies, and nobody is told.
func TestAuthorizeThatFails(t *testing.T) {
	s, _ := newServer()
	s.Authorize = func(context.Context, *awsapi.Row, awsapi.Caller, any) error { return errDisk }
	w := serve(s, signedJSON(t, root, "Guarded", `{"Name":"world"}`))
	if w.Code != 500 || strings.Contains(w.Body.String(), errDisk.Error()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
