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
	if log.String() != "" {
		t.Errorf("probes are in the log: %s", log)
	}
	s.Paths = nil
	wantAnswer(t, serve(s, request("GET", "/.well-known/openid-configuration", "", "")), 404, "not found\n")
}

func TestNotReady(t *testing.T) {
	s, log := newServer()
	s.Paths = Paths{"/readyz": Ready(func(context.Context) error { return errDisk }, logger(log)), "/healthz": Healthy()}
	w := serve(s, request("GET", "/readyz", "", ""))
	wantAnswer(t, w, 503, "not ready\n")
	if want := "level=ERROR msg=\"not ready\" error=\"the disk /var/lib is full\"\n"; log.String() != want {
		t.Errorf("log %s", log)
	}
	wantAnswer(t, serve(s, request("GET", "/healthz", "", "")), 200, "ok\n")
}

// A development server answers to its own names alone, on every path.
func TestHostAllowed(t *testing.T) {
	s, _ := newServer()
	s.HostAllowed = func(host string) bool { return host == testHost }
	for _, path := range []string{"/", "/healthz", "/.well-known/openid-configuration"} {
		r := request("POST", path, amzJSON, `{"Name":"world"}`)
		r.Header.Set("X-Amz-Target", "AWSZooService.Hello")
		r.Host = "rebound.example.com:4600"
		wantAnswer(t, serve(s, r), 421, "This development server answers to loopback host names and its public URL only.\n")
	}
	wantAnswer(t, serve(s, jsonCall("Hello", `{"Name":"world"}`)), 200, helloJSON)
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
		r.Header = http.Header{"Content-Type": {contentType}, "X-Amz-Target": {target}, "Authorization": {authorization}}
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
	case amzJSON:
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
