package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPreflight(t *testing.T) {
	s, _ := newServer()
	r := request("OPTIONS", "/", "", "")
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-target")
	w := serve(s, r)
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	want := http.Header{
		"Access-Control-Allow-Origin":  {"*"},
		"Access-Control-Allow-Methods": {"POST, GET"},
		"Access-Control-Allow-Headers": {allowedHeaders},
		"Access-Control-Max-Age":       {"172800"},
		"Content-Length":               {"0"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, name := range []string{ // what AWS's JavaScript SDK sends
		"content-type", "x-amz-target", "x-amz-user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "authorization",
		"x-amz-date", "x-amz-security-token", "x-amz-content-sha256",
	} {
		if !slices.Contains(strings.Split(allowedHeaders, ", "), name) {
			t.Errorf("%s is not allowed", name)
		}
	}
}

// Pages of every origin may call the public operations. Signed ones may be
// called by the origins that the operator named and by our own.
func TestOrigins(t *testing.T) {
	const app, refused = "https://app.example.com", "Requests of this origin are not allowed."
	deniedJSON := jsonError("AccessDeniedException", "Message", refused)
	for name, test := range map[string]struct {
		origin  string
		https   bool
		allowed bool
	}{
		"one of the list":        {app, false, true},
		"our own":                {"http://" + testHost, false, true},
		"our own, encrypted":     {"https://" + testHost, true, true},
		"our own, but plain":     {"http://" + testHost, true, false},
		"our own, but encrypted": {"https://" + testHost, false, false},
		"another":                {"https://evil.example.com", false, false},
		"another scheme":         {"http://app.example.com", false, false},
		"another port":           {app + ":8443", false, false},
		"a longer name":          {app + ".evil.example.com", false, false},
		"a part":                 {"https://app.example.co", false, false},
		"capital letters":        {"HTTPS://APP.EXAMPLE.COM", false, false},
		"a path":                 {"http://" + testHost + "/", false, false},
		"a user":                 {"http://evil@" + testHost, false, false},
		"a star":                 {"*", false, false},
		"null":                   {"null", false, false},
		"nonsense":               {"://", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := newServer()
			s.CORSOrigins = []string{"https://other.example.com", app}
			s.TrustedProxies = prefixes("192.0.2.0/24")
			with := func(r *http.Request) *http.Request {
				r.Header.Set("Origin", test.origin)
				if test.https {
					r.Header.Set("X-Forwarded-Proto", "https")
				}
				return r
			}
			public := serve(s, with(jsonCall("Hello", `{"Name":"world"}`)))
			wantAnswer(t, public, 200, helloJSON)
			if got := public.Header().Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("public: allowed origin %q", got)
			}
			w := serve(s, with(signedJSON(t, root, "Guarded", `{"Name":"world"}`)))
			allowed := w.Header()["Access-Control-Allow-Origin"]
			if w.Header().Get("Vary") != "Origin" {
				t.Errorf("Vary is %q", w.Header().Get("Vary"))
			}
			if test.allowed {
				wantAnswer(t, w, 200, guardedJSON)
				if !slices.Equal(allowed, []string{test.origin}) {
					t.Errorf("allowed origin %q", allowed)
				}
				return
			}
			wantAnswer(t, w, 400, deniedJSON)
			if allowed != nil || !strings.Contains(log.String(), "cause=cors-origin") {
				t.Errorf("allowed origin %q, log %s", allowed, log)
			}
			wantAnswer(t, serve(s, with(signedForm(t, root, "Who", ""))), 403, formError("urn:box", "Sender", "AccessDenied", refused))
		})
	}
}

// Without a Host header no origin is our own.
func TestOriginWithoutHost(t *testing.T) {
	s := &Server{}
	for _, origin := range []string{"", "null", "http://", "https://"} {
		if s.originAllowed(&http.Request{Header: http.Header{}}, origin) {
			t.Errorf("%q is allowed", origin)
		}
	}
}
