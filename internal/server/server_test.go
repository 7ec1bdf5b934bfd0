package server

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The pages beside the API, by method: GET and HEAD, or nothing.
func TestPages(t *testing.T) {
	s, log := newServer()
	says := func(what string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, what+" "+r.URL.Path) })
	}
	s.Paths = Paths{
		"/healthz": Healthy(), "/readyz": Ready(func(context.Context) error { return nil }, logger(log)),
		"/.well-known/": says("document"), "/.well-known/deep/": says("nearer"),
	}
	for _, test := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/healthz", 200, "ok\n"},
		{"HEAD", "/healthz", 200, "ok\n"}, // net/http leaves the body out
		{"POST", "/healthz", 405, "method not allowed\n"},
		{"GET", "/healthz/", 404, "not found\n"},
		{"GET", "/readyz", 200, "ready\n"},
		{"DELETE", "/readyz", 405, "method not allowed\n"},
		{"GET", "/.well-known/openid-configuration", 200, "document /.well-known/openid-configuration"},
		{"GET", "/.well-known/", 200, "document /.well-known/"},
		{"GET", "/.well-known/deep", 200, "document /.well-known/deep"},
		{"GET", "/.well-known/deep/er", 200, "nearer /.well-known/deep/er"},
		{"GET", "/.well-known", 404, "not found\n"},
		{"GET", "/favicon.ico", 404, "not found\n"},
		{"POST", "/x", 404, "not found\n"},
		{"GET", "/%2e%2e/", 404, "not found\n"},
	} {
		w := serve(s, request(test.method, test.path, "", ""))
		wantAnswer(t, w, test.status, test.body)
		if test.status == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow is %q", test.method, test.path, w.Header().Get("Allow"))
		}
	}
	for line := range strings.Lines(log.String()) {
		if !strings.Contains(line, " status=404 cause=no-such-path ") && !strings.Contains(line, " status=405 cause=method ") {
			t.Errorf("the log has %s", line)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 7 {
		t.Errorf("%d lines, one for each refusal and none for what is served: %s", n, log)
	}
	s.Paths = nil
	wantAnswer(t, serve(s, request("GET", "/.well-known/openid-configuration", "", "")), 404, "not found\n")
}

func TestNotReady(t *testing.T) {
	s, log := newServer()
	state := errDisk
	s.Paths = Paths{"/readyz": Ready(func(context.Context) error { return state }, logger(log)), "/healthz": Healthy()}
	want := "level=ERROR msg=\"not ready\" error=\"the disk /var/lib is full\"\n"
	for range 3 { // told once
		wantAnswer(t, serve(s, request("GET", "/readyz", "", "")), 503, "not ready\n")
		if log.String() != want {
			t.Errorf("log %s", log)
		}
	}
	state = nil
	want += "level=INFO msg=\"ready again\"\n"
	for range 2 {
		wantAnswer(t, serve(s, request("GET", "/readyz", "", "")), 200, "ready\n")
		if log.String() != want {
			t.Errorf("log %s", log)
		}
	}
	wantAnswer(t, serve(s, request("GET", "/healthz", "", "")), 200, "ok\n")
}

// A development server answers to its own names alone, on every path.
func TestHostAllowed(t *testing.T) {
	s, log := newServer()
	s.HostAllowed = func(host string) bool { return host == testHost }
	for _, path := range []string{"/", "/healthz", "/.well-known/openid-configuration"} {
		r := request("POST", path, amzJSON, `{"Name":"world"}`)
		r.Header.Set("X-Amz-Target", "AWSZooService.Hello")
		r.Host = "rebound.example.com:4600"
		w := serve(s, r)
		wantAnswer(t, w, 421, "With --dev, daypass answers only to loopback host names and to the host of --public-url.\n")
		if id := w.Header().Get("X-Amzn-Requestid"); id != requestID {
			t.Errorf("request ID %q", id)
		}
	}
	const line = "level=INFO msg=request request_id=" + requestID + " status=421 cause=host-refused detail=\"rebound.example.com:4600 is not a loopback host, nor that of --public-url\" source_ip=192.0.2.7 duration_ms=0\n"
	if want := strings.Repeat(line, 3); log.String() != want {
		t.Errorf("log %s", log)
	}
	wantAnswer(t, serve(s, jsonCall("Hello", `{"Name":"world"}`)), 200, helloJSON)
}

// What gets no further than the door is in the log, with a cause of its own and
// without what is in the query.
func TestTurnedAway(t *testing.T) {
	const form = "Action=Hello&Version=2011-06-15&Name=world"
	gzipped := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"
	with := func(r *http.Request, header, value string) *http.Request {
		r.Header.Set(header, value)
		return r
	}
	for name, test := range map[string]struct {
		r    *http.Request
		want string // of the log
	}{
		"a prefix":             {request("POST", "/daypass/", amzJSON, "{}"), " status=404 cause=no-such-path detail=/daypass/ "},
		"two slashes":          {request("POST", "//", amzJSON, "{}"), " status=404 cause=no-such-path detail=// "},
		"a path with a query":  {request("GET", "/sts?WebIdentityToken=secret", "", ""), " status=404 cause=no-such-path detail=/sts "},
		"a long path":          {request("GET", "/"+strings.Repeat("x", 9000), "", ""), " status=404 cause=no-such-path detail=/" + strings.Repeat("x", 127) + " "},
		"a path with a line":   {request("GET", "/%0alevel=ERROR", "", ""), ` status=404 cause=no-such-path detail="/\nlevel=ERROR" `},
		"RPC v2":               {request("POST", "/service/AWSCognitoIdentityService/operation/GetId", "application/cbor", "\xa0"), " status=404 cause=other-protocol detail=/service/AWSCognitoIdentityService/operation/GetId "},
		"RPC v2 and a prefix":  {request("POST", "/x/service/S/operation/O", "application/json", "{}"), " status=404 cause=other-protocol detail=/x/service/S/operation/O "},
		"plain JSON":           {request("POST", "/", "application/json", `{}`), ` status=404 error=UnknownOperationException cause=content-type detail="Content-Type: application/json" `},
		"JSON 1.0":             {with(request("POST", "/", "application/x-amz-json-1.0", `{}`), "X-Amz-Target", "AWSZooService.Hello"), ` error=UnknownOperationException cause=content-type detail="Content-Type: application/x-amz-json-1.0" `},
		"no content type":      {request("POST", "/", "", form), ` error=UnknownOperationException cause=content-type detail="Content-Type: " `},
		"a content type twice": {with(request("POST", "/", amzForm+", text/plain", form), "X", "x"), ` error=UnknownOperationException cause=content-type detail="Content-Type: ` + amzForm + `, text/plain" `},
		"a long content type":  {request("POST", "/", strings.Repeat("x", 9000), form), ` cause=content-type detail="Content-Type: ` + strings.Repeat("x", 114) + `" `},
		"text with a query":    {request("POST", "/?"+form, "text/plain", ""), ` error=UnknownOperationException cause=content-type detail="Content-Type: text/plain" `},
		"GET alone":            {request("GET", "/", "", ""), " status=404 error=UnknownOperationException cause=nothing-asked source_ip"},
		"HEAD":                 {request("HEAD", "/", "", ""), " status=404 error=UnknownOperationException cause=method detail=HEAD "},
		"PUT":                  {request("PUT", "/?"+form, amzForm, ""), " status=404 error=UnknownOperationException cause=method detail=PUT "},
		"a gzipped document":   {with(jsonCall("Hello", gzipped), "Content-Encoding", "gzip"), ` operation=Hello status=400 error=SerializationException cause=content-encoding detail="Content-Encoding: gzip" `},
		"a gzipped form":       {with(request("POST", "/", amzForm, gzipped), "Content-Encoding", "gzip"), ` status=400 error=MissingAction cause=content-encoding detail="Content-Encoding: gzip" `},
		"the action in the query, the rest in the body": {request("POST", "/?Action=Hello&Version=2011-06-15", amzForm, "Name=world"),
			` status=400 error=MissingAction cause=query-and-body detail="the action is in the query, which is not read where there is a body" `},
		"a parameter in both": {request("POST", "/?Name=secret", amzForm, form), ` operation=Hello status=400 error=MalformedInput cause=query-and-body detail="a parameter is in both" `},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			serve(s, test.r)
			if line := log.String(); !strings.Contains(line, test.want) || strings.Count(line, "\n") != 1 || strings.Contains(line, "secret") || strings.Contains(line, "world") {
				t.Errorf("the log is %s, want %s", line, test.want)
			}
		})
	}
}

// An encoding that means nothing, which old clients name, refuses no body.
func TestContentEncoding(t *testing.T) {
	s, _ := newServer()
	for _, encoding := range []string{"amz-1.0", "identity", "gzip"} {
		r := jsonCall("Hello", `{"Name":"world"}`)
		r.Header.Set("Content-Encoding", encoding)
		wantAnswer(t, serve(s, r), 200, helloJSON)
	}
}

// The zero value of what may be left out works.
func TestZeroServer(t *testing.T) {
	s, _ := newServer()
	z := &Server{JSON: s.JSON, Credentials: s.Credentials}
	wantAnswer(t, serve(z, jsonCall("Hello", `{"Name":"world"}`)), 200, helloJSON)
	wantAnswer(t, serve(z, sign(t, jsonCall("Guarded", `{"Name":"world"}`), guest, "zoo", time.Now())), 200, guardedJSON)
	if w := serve(&Server{}, jsonCall("Hello", `{}`)); w.Code != 400 {
		t.Errorf("without services: %d %s", w.Code, w.Body)
	}
}

// An operation is done as often as its rate allows, by itself, whoever calls;
// what is refused earlier does not count.
func TestRates(t *testing.T) {
	s, log := newServer()
	now := testNow
	s.Now = func() time.Time { return now }
	s.Rates.PerSecond = map[string]float64{"Hello": 2, "Guarded": 0.5}
	throttled := jsonError("TooManyRequestsException", "message", "Rate exceeded")
	call := func(status int, body string) {
		t.Helper()
		wantAnswer(t, serve(s, jsonCall("Hello", `{"Name":"world"}`)), status, body)
	}
	for range 5 {
		if w := serve(s, jsonCall("Hello", `{}`)); w.Code != 400 || strings.Contains(w.Body.String(), "Rate exceeded") {
			t.Errorf("a wrong request: %s", w.Body)
		}
	}
	call(200, helloJSON)
	call(200, helloJSON)
	call(400, throttled)
	// The operation of the same name of another service has a limit of its own.
	wantAnswer(t, serve(s, formCall("Hello", "&Name=world")), 200, helloXML)
	wantAnswer(t, serve(s, formCall("Hello", "&Name=world")), 200, helloXML)
	wantAnswer(t, serve(s, formCall("Hello", "&Name=world")), 400, formError("urn:box", "Sender", "Throttling", "Rate exceeded"))
	if !strings.Contains(log.String(), "cause=request-rate") {
		t.Errorf("log: %s", log)
	}
	wantAnswer(t, serve(s, jsonCall("Quiet", `{}`)), 200, "") // has no limit
	now = now.Add(500 * time.Millisecond)
	call(200, helloJSON)
	call(400, throttled)
	now = now.Add(time.Hour)
	call(200, helloJSON)
	call(200, helloJSON)
	call(400, throttled)
	wantAnswer(t, serve(s, sign(t, jsonCall("Guarded", `{"Name":"world"}`), root, "zoo", now)), 200, guardedJSON)
	wantAnswer(t, serve(s, sign(t, jsonCall("Guarded", `{"Name":"world"}`), root, "zoo", now)), 400, throttled)
}

// Whatever is sent to whatever target, the answer is of the protocol, none is an
// internal error, and there is one line in the log.
func FuzzServe(f *testing.F) {
	for _, seed := range [][4]string{
		{"POST", amzJSON, "AWSZooService.Hello", `{"Name":"world"}`},
		{"POST", amzJSON, "AWSZooService.Guarded", `{"Name":1}`},
		{"POST", amzJSON, "AWSZooService.Who", `{`},
		{"POST", amzForm, "", "Action=Hello&Version=2011-06-15&Name=world"},
		{"GET", "", "", "Action=Who&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE/20260314/us-east-1/box/aws4_request"},
		{"GET", "", "", "Action=%3C&Version=%00"},
		{"PUT", "text/plain", "x", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260314/us-east-1/zoo/aws4_request, SignedHeaders=host, Signature=00")
	}
	f.Fuzz(func(t *testing.T, method, contentType, target, body, authorization string) {
		s, log := newServer()
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method, r.Host = method, testHost
		r.Header = http.Header{"Content-Type": {contentType}, "X-Amz-Target": {target}, "Authorization": {authorization}, "Accept": {contentType}}
		if method == "GET" {
			r.URL.RawQuery = body
		}
		w := serve(s, r)
		if w.Code >= 500 {
			t.Errorf("%d %s\n%s", w.Code, w.Body, log)
		}
		if strings.Count(log.String(), "\n") != 1 {
			t.Errorf("log: %s", log)
		}
		if err := wellFormed(w); err != nil {
			t.Errorf("%v: %s", err, w.Body)
		}
	})
}

// wellFormed says whether an answer is what its content type says.
func wellFormed(w *httptest.ResponseRecorder) error {
	switch w.Header().Get("Content-Type") {
	case amzJSON, "application/json":
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			return errors.New("not JSON")
		}
	case "text/xml":
		var document struct{ XMLName xml.Name }
		return xml.Unmarshal(w.Body.Bytes(), &document)
	default:
		if w.Body.Len() > 0 {
			return errors.New("neither JSON nor XML")
		}
	}
	return nil
}

// Public and signed calls, from bytes to bytes.
func BenchmarkServe(b *testing.B) {
	s, _ := newServer()
	s.Sinks, s.Rand = nil, nil
	public, signed := jsonCall("Hello", `{"Name":"world"}`), signedJSON(b, root, "Who", `{}`)
	bodies := map[*http.Request]string{public: `{"Name":"world"}`, signed: `{}`}
	for name, r := range map[string]*http.Request{"public": public, "signed": signed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(strings.NewReader(bodies[r]))
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
