package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// What goes wrong inside is answered without its text, over both protocols, and
// is in the log with it.
func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		how, json, form string
		status          int
		logged          []string
	}{
		"a typed error": {
			"typed", jsonError("ResourceNotFoundException", "message", "There is no such thing."),
			formError("urn:box", "Sender", "ResourceNotFoundException", "There is no such thing."), 400,
			[]string{"level=INFO", "error=ResourceNotFoundException", "cause=no-thing", `detail="the disk /var/lib is full"`},
		},
		"a typed error in another one": {
			"wrapped", jsonError("ResourceNotFoundException", "message", "There is no such thing."),
			formError("urn:box", "Sender", "ResourceNotFoundException", "There is no such thing."), 400,
			[]string{"level=INFO", "error=ResourceNotFoundException"},
		},
		"an untyped error": {
			"untyped", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "InternalFailure", internalError), 500,
			[]string{"level=ERROR", "cause=internal", `detail="look up: the disk /var/lib is full"`},
		},
		"a database that does not answer": {
			"unavailable", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "ServiceUnavailable", "The request has failed due to a temporary failure of the server."), 503,
			[]string{"level=ERROR", "cause=database-unavailable", `detail="look up: the database does not answer"`},
		},
		"a no without having asked the database": {
			"mistaken", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "ServiceUnavailable", "The request has failed due to a temporary failure of the server."), 503,
			[]string{"level=ERROR", "cause=database-unavailable", "the database does not answer"},
		},
		"a panic": {
			"panic", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "InternalFailure", internalError), 500,
			[]string{"level=ERROR", "cause=internal", `detail="panic: the moon is blue\n`, "helpers_test.go"},
		},
		"a nil pointer": {
			"nil pointer", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "InternalFailure", internalError), 500,
			[]string{"level=ERROR", "cause=internal", "invalid memory address"},
		},
		"no output": {
			"nothing", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "InternalFailure", internalError), 500,
			[]string{"level=ERROR", "cause=internal", `detail="awsapi: Fail answered with neither output nor error"`},
		},
		"a context that somebody else cancelled": {
			"cancelled", jsonError("InternalErrorException", "message", internalError), formError("urn:box", "Receiver", "InternalFailure", internalError), 500,
			[]string{"level=ERROR", "cause=internal", `detail="context canceled"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			w := serve(s, jsonCall("Fail", `{"How":"`+test.how+`"}`))
			wantAnswer(t, w, test.status, test.json)
			wantAnswer(t, serve(s, formCall("Fail", "&How="+strings.ReplaceAll(test.how, " ", "+"))), test.status, test.form)
			if got := w.Header().Get("X-Amzn-Requestid"); got != requestID {
				t.Errorf("request ID %q", got)
			}
			for _, part := range append(test.logged, "request_id="+requestID, "operation=Fail") {
				for line := range strings.Lines(log.String()) {
					if !strings.Contains(line, part) {
						t.Errorf("%s is not in %s", part, line)
					}
				}
			}
		})
	}
}

// An answer that cannot be written is an internal error, not half an answer.
func TestUnwritableAnswer(t *testing.T) {
	s, log := newServer()
	wantAnswer(t, serve(s, jsonCall("Fail", `{"How":"text"}`)), 500, jsonError("InternalErrorException", "message", internalError))
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "invalid UTF-8") {
		t.Errorf("log: %s", log)
	}
}

// A client that goes away is no failure of the service.
func TestClientGone(t *testing.T) {
	s, log := newServer()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	serve(s, jsonCall("Fail", `{"How":"wait"}`).WithContext(ctx))
	const want = "level=INFO msg=request request_id=" + requestID + " service=zoo operation=Fail status=499 error=InternalErrorException cause=client-gone " +
		"detail=\"context canceled\" source_ip=192.0.2.7 duration_ms=0\n"
	if log.String() != want {
		t.Errorf("log %swant %s", log, want)
	}
}

// Strict mode is told of exceptions that their row does not declare, and not of
// those of the protocol's frame.
func TestUndeclared(t *testing.T) {
	var told []string
	s, _ := newServer()
	s.Undeclared = func(row *awsapi.Row, e *awsapi.Error) { told = append(told, row.Name+" "+e.Code) }
	s.JSON[0].Row("Fail").Errors = []string{"OtherException"}
	serve(s, jsonCall("Fail", `{"How":"typed"}`))
	serve(s, jsonCall("Fail", `{"How":"untyped"}`))
	serve(s, jsonCall("Hello", `{}`))
	serve(s, jsonCall("Guarded", `{}`))
	serve(s, signedJSON(t, guest, "Guarded", `{"Name":"world"}`))
	serve(s, formCall("Fail", "&How=typed"))
	if strings.Join(told, ",") != "Fail ResourceNotFoundException" {
		t.Errorf("told of %q", told)
	}
}

func TestRequestID(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	s := &Server{}
	seen := map[string]bool{}
	for range 1000 {
		id := s.requestID()
		if !uuid.MatchString(id) || seen[id] {
			t.Fatalf("request ID %q", id)
		}
		seen[id] = true
	}
	s.Rand = strings.NewReader("")
	if id := s.requestID(); !uuid.MatchString(id) {
		t.Errorf("without randomness: %q", id)
	}
}

// start serves on a real connection, with timeouts.
func start(t *testing.T, s *Server, configure func(*http.Server)) net.Addr {
	t.Helper()
	h := httptest.NewUnstartedServer(s)
	if configure != nil {
		configure(h.Config)
	}
	h.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.Start()
	t.Cleanup(h.Close)
	return h.Listener.Addr()
}

// exchange sends bytes and reads an answer.
func exchange(t *testing.T, addr net.Addr, parts ...string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		for _, part := range parts {
			if _, err := io.WriteString(c, part); err != nil {
				return // the server answered before it had everything
			}
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// What net/http makes of requests on the wire, and what we make of that.
func TestWire(t *testing.T) {
	s, _ := newServer()
	addr := start(t, s, nil)
	const (
		head  = "POST / HTTP/1.1\r\nHost: 127.0.0.1:4600\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
		hi    = "X-Amz-Target: AWSZooService.Hello\r\n"
		world = `{"Name":"world"}`
		sized = "Content-Length: 16\r\n\r\n" + world
	)
	unknown := jsonError("UnknownOperationException", "", "")
	for name, test := range map[string]struct {
		request string
		status  int
		body    string
	}{
		"plain": {head + hi + sized, 200, helloJSON},
		"lower-case header names": {
			"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\nx-amz-target: AWSZooService.Hello\r\n" + sized, 200, helloJSON,
		},
		"chunked":                     {head + hi + "Transfer-Encoding: chunked\r\n\r\n8\r\n" + world[:8] + "\r\n8\r\n" + world[8:] + "\r\n0\r\n\r\n", 200, helloJSON},
		"HTTP/1.0":                    {"POST / HTTP/1.0\r\nContent-Type: application/x-amz-json-1.1\r\n" + hi + sized, 200, helloJSON},
		"absolute form":               {strings.Replace(head, "POST /", "POST http://other.example.com/", 1) + hi + sized, 200, helloJSON},
		"absolute form without slash": {strings.Replace(head, "POST /", "POST http://other.example.com", 1) + hi + sized, 200, helloJSON},
		"two targets":                 {head + hi + "x-amz-target: AWSZooService.Guarded\r\n" + sized, 400, unknown},
		"a folded target":             {head + "X-Amz-Target: AWSZooService\r\n .Hello\r\n" + sized, 400, unknown},
		"an underscore":               {head + "X_Amz_Target: AWSZooService.Hello\r\n" + sized, 400, unknown},
		"a blank before the colon":    {head + "X-Amz-Target : AWSZooService.Hello\r\n" + sized, 400, "400 Bad Request: invalid header name"},
		"a target in the trailer": {
			head + "Trailer: X-Amz-Target\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + world + "\r\n0\r\nX-Amz-Target: AWSZooService.Hello\r\n\r\n", 400, unknown,
		},
		"two content types": {head + "Content-Type: text/plain\r\n" + hi + sized, 404, noService},
		"two hosts":         {head + "Host: other.example.com\r\n" + hi + sized, 400, "400 Bad Request"},
		"no host":           {strings.Replace(head, "Host: 127.0.0.1:4600\r\n", "", 1) + hi + sized, 400, "400 Bad Request: missing required Host header"},
		"a length and chunks": { // the length is ignored, as RFC 9112 asks for, and the connection ends
			head + hi + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + world + "\r\n0\r\n\r\n", 200, helloJSON,
		},
		"two lengths":       {head + hi + "Content-Length: 3\r\n" + sized, 400, "400 Bad Request"},
		"a negative length": {head + hi + "Content-Length: -1\r\n\r\n", 400, "400 Bad Request"},
		"a length that is too short": {
			head + hi + "Content-Length: 15\r\n\r\n" + world, 400, jsonError("SerializationException", "", ""),
		},
		"OPTIONS *": {"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 200, ""},
		"CONNECT":   {"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\nConnection: close\r\n\r\n", 404, "not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := exchange(t, addr, test.request)
			if answer.StatusCode != test.status || body != test.body {
				t.Errorf("%d %s, want %d %s", answer.StatusCode, body, test.status, test.body)
			}
		})
	}
}

// A connection ends with a request in chunks: if it had a length too, which
// net/http does not tell, a proxy may have read another request out of the rest.
func TestNoRequestBehindChunks(t *testing.T) {
	s, log := newServer()
	addr := start(t, s, nil)
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	const world = `{"Name":"world"}`
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSZooService.Hello\r\n"+
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n"+world+"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := io.ReadAll(c)
	if err != nil || strings.Count(string(answers), "HTTP/1.1 ") != 1 || !strings.HasSuffix(string(answers), helloJSON) || strings.Contains(log.String(), "smuggled") {
		t.Errorf("%v: %s\n%s", err, answers, log)
	}
}

// The host of an absolute URL is the host, whatever the Host header says: a
// signature for the one does not hold for the other.
func TestWireHost(t *testing.T) {
	s, _ := newServer()
	s.HostAllowed = func(host string) bool { return host == testHost }
	addr := start(t, s, nil)
	send := func(requestURI, host string) int {
		r := signedJSON(t, root, "Who", `{}`)
		head := "POST " + requestURI + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nContent-Length: 2\r\n"
		for key, values := range r.Header {
			head += key + ": " + values[0] + "\r\n"
		}
		answer, _ := exchange(t, addr, head+"\r\n{}")
		return answer.StatusCode
	}
	for _, test := range []struct {
		uri, host string
		status    int
	}{
		{"/", testHost, 200},
		{"/", "evil.example.com", 421},
		{"http://" + testHost + "/", testHost, 200},
		{"http://" + testHost + "/", "evil.example.com", 200},
		{"http://evil.example.com/", testHost, 421},
	} {
		if got := send(test.uri, test.host); got != test.status {
			t.Errorf("%s with host %s: %d, want %d", test.uri, test.host, got, test.status)
		}
	}
}

func TestBodyCap(t *testing.T) {
	s, log := newServer()
	addr := start(t, s, func(h *http.Server) { h.ReadTimeout = 500 * time.Millisecond })
	const (
		head  = "POST / HTTP/1.1\r\nHost: 127.0.0.1:4600\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSZooService.Hello\r\nConnection: close\r\n"
		cap   = 1 << 20
		large = "Request size exceeded the limit of 1048576 bytes"
	)
	full := `{"Name":"world"` + strings.Repeat(" ", cap-16) + `}`
	chunk := func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }
	tooLarge := jsonError("RequestEntityTooLargeException", "message", large)
	unreadable := jsonError("SerializationException", "", "")
	t.Run("group", func(t *testing.T) {
		for name, test := range map[string]struct {
			parts  []string
			status int
			body   string
		}{
			"as much as may be":             {[]string{head, "Content-Length: 1048576\r\n\r\n", full}, 200, helloJSON},
			"as much as may be, in chunks":  {[]string{head, "Transfer-Encoding: chunked\r\n\r\n", chunk(full[:cap/2]), chunk(full[cap/2:]), "0\r\n\r\n"}, 200, helloJSON},
			"a byte more":                   {[]string{head, "Content-Length: 1048577\r\n\r\n", full, " "}, 413, tooLarge},
			"a byte more, in chunks":        {[]string{head, "Transfer-Encoding: chunked\r\n\r\n", chunk(full), chunk(" "), "0\r\n\r\n"}, 413, tooLarge},
			"more than the operation takes": {[]string{strings.Replace(head, "Hello", "Brief", 1), "Content-Length: 16385\r\n\r\n"}, 413, jsonError("RequestEntityTooLargeException", "message", "Request size exceeded the limit of 16384 bytes")},
			"more, in chunks":               {[]string{strings.Replace(head, "Hello", "Brief", 1), "Transfer-Encoding: chunked\r\n\r\n", chunk(full[:20000])}, 413, jsonError("RequestEntityTooLargeException", "message", "Request size exceeded the limit of 16384 bytes")},
			"an unknown operation":          {[]string{strings.Replace(head, "Hello", "None", 1), "Content-Length: 100000\r\n\r\n"}, 400, jsonError("UnknownOperationException", "", "")},
			"nobody's signature":            {[]string{strings.Replace(head, "Hello", "Guarded", 1), "Content-Length: 100000\r\n\r\n"}, 400, jsonError("MissingAuthenticationTokenException", "message", "Missing Authentication Token")},
			"a claim alone":                 {[]string{head, "Content-Length: 9000000000000000000\r\n\r\n"}, 413, tooLarge},
			"a form that is too large": {
				[]string{strings.Replace(head, amzJSON, amzForm, 1), "Content-Length: 1048577\r\n\r\n"}, 413,
				formError(faults, "Sender", "RequestEntityTooLarge", large),
			},
			"a body that stops":             {[]string{head, "Content-Length: 1048576\r\n\r\n", full[:1000]}, 400, unreadable},
			"a body that never comes":       {[]string{head, "Content-Length: 16\r\n\r\n"}, 400, unreadable},
			"chunks that stop":              {[]string{head, "Transfer-Encoding: chunked\r\n\r\n", chunk(full[:1000])}, 400, unreadable},
			"chunks that are none":          {[]string{head, "Transfer-Encoding: chunked\r\n\r\n", "zz\r\n"}, 400, unreadable},
			"too large and not a service's": {[]string{strings.Replace(head, amzJSON, "text/plain", 1), "Content-Length: 1048577\r\n\r\n"}, 404, noService},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // some wait for the timeout
				answer, body := exchange(t, addr, test.parts...)
				if answer.StatusCode != test.status || body != test.body {
					t.Errorf("%d %s, want %d %s", answer.StatusCode, body, test.status, test.body)
				}
			})
		}
	})
	for _, cause := range []string{"cause=body-too-large", "cause=body-unreadable"} {
		if !strings.Contains(log.String(), cause) {
			t.Errorf("not in the log: %s", cause)
		}
	}
}

// The memory of a body is taken as it comes in, not as it is announced.
func TestBodyMemory(t *testing.T) {
	const runs = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, _ := newServer()
	for range runs {
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("abc"), failing{}))
		r.ContentLength = MaxBody
		r.Header = http.Header{"Content-Type": {amzJSON}, "X-Amz-Target": {"AWSZooService.Hello"}}
		if err := s.readBody(t.Context(), httptest.NewRecorder(), &call{r: r}); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > 64<<10 {
		t.Errorf("%d bytes for a body of 3", each)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }

// Many clients at once get their own answers.
func TestConcurrent(t *testing.T) {
	s, log := newServer()
	s.Rand = nil
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 20 {
				c, arn := root, rootARN
				if (i+n)%2 == 0 {
					c, arn = guest, guestARN
				}
				if got := serve(s, signedJSON(t, c, "Who", `{}`)).Body.String(); got != whoJSON(c, arn) {
					t.Errorf("%s", got)
				}
				word := strings.Repeat(string(rune('a'+i)), 1+n%8)
				if got := serve(s, jsonCall("Hello", `{"Name":"`+word+`"}`)).Body.String(); got != `{"Greeting":"hello `+word+`"}` {
					t.Errorf("%s", got)
				}
				serve(s, formCall("Fail", "&How=panic"))
			}
		})
	}
	wg.Wait()
	ids := regexp.MustCompile(`request_id=(\S+)`).FindAllString(log.String(), -1)
	unique := map[string]bool{}
	for _, id := range ids {
		unique[id] = true
	}
	if want := 8 * 20 * 3; len(ids) != want || len(unique) != want || strings.Count(log.String(), "\n") != want {
		t.Errorf("%d lines with %d IDs, want %s", len(ids), len(unique), strconv.Itoa(want))
	}
}
