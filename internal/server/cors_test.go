package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/sigv4"
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
	const app, refused = "https://app.example.com", "Requests from this origin are not allowed."
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

// What browsers send for pages, with a good signature of root: Guarded changes
// something, Who does not.
func TestBrowsers(t *testing.T) {
	const app, evil = "https://app.example.com", "https://evil.example.com"
	type headers map[string][]string
	site := func(values ...string) headers { return headers{"Sec-Fetch-Site": values} }
	origin := func(values ...string) headers { return headers{"Origin": values} }
	both := func(o, s string) headers { return headers{"Origin": {o}, "Sec-Fetch-Site": {s}} }
	const header, get, post, getWho, getHeader = "header", "presigned GET", "presigned POST", "presigned GET of Who", "signed GET"
	for name, test := range map[string]struct {
		headers headers
		// refused are the causes of what is refused, by the way the request is signed.
		refused map[string]string
	}{
		"a program":                    {nil, map[string]string{get: "presigned-get"}},
		"a program with other headers": {headers{"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}, "Referer": {evil}}, map[string]string{get: "presigned-get"}},
		"an image of another site": {headers{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}},
			map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
		"another origin of the site":      {site("same-site"), map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
		"the own origin":                  {site("same-origin"), map[string]string{get: "presigned-get", post: "presigned-post"}},
		"a user":                          {site("none"), map[string]string{get: "presigned-get", post: "presigned-post"}},
		"an empty site":                   {site(""), map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
		"capital letters":                 {site("None"), map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
		"two sites":                       {site("none", "cross-site"), map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
		"an allowed origin":               {origin(app), map[string]string{get: "presigned-get"}},
		"an allowed origin elsewhere":     {both(app, "cross-site"), map[string]string{get: "presigned-get", post: "presigned-post"}},
		"a foreign origin":                {origin(evil), map[string]string{header: "cors-origin", get: "cors-origin", post: "cors-origin", getWho: "cors-origin", getHeader: "cors-origin"}},
		"a foreign origin that says same": {both(evil, "same-origin"), map[string]string{header: "cors-origin", get: "cors-origin", post: "cors-origin", getWho: "cors-origin", getHeader: "cors-origin"}},
		"no origin to tell":               {origin("null"), map[string]string{header: "cors-origin", get: "cors-origin", post: "cors-origin", getWho: "cors-origin", getHeader: "cors-origin"}},
		"two origins":                     {origin(app, evil), map[string]string{header: "cors-origin", get: "cors-origin", post: "cors-origin", getWho: "cors-origin", getHeader: "cors-origin"}},
		"an empty origin":                 {both("", "cross-site"), map[string]string{header: "fetch-site", get: "fetch-site", post: "fetch-site", getWho: "fetch-site", getHeader: "fetch-site"}},
	} {
		for _, way := range []string{header, get, post, getWho, getHeader} {
			t.Run(name+"/"+way, func(t *testing.T) {
				s, log := newServer()
				s.CORSOrigins = []string{app}
				const guarded = "/?Action=Guarded&Version=2011-06-15&Name=world"
				r := signedForm(t, root, "Guarded", "&Name=world")
				switch way {
				case get:
					r = presigned(t, request("GET", guarded, "", ""))
				case post:
					r = presigned(t, request("POST", guarded, "", ""))
				case getWho:
					r = presigned(t, request("GET", "/?Action=Who&Version=2011-06-15", "", ""))
				case getHeader:
					r = sign(t, request("GET", guarded, "", ""), root, "box", testNow)
				}
				for key, values := range test.headers {
					r.Header[key] = values
				}
				w := serve(s, r)
				if cause := test.refused[way]; cause != "" {
					if w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>AccessDenied</Code>") || !strings.Contains(log.String(), " cause="+cause+" ") {
						t.Errorf("%d %s, %s; want %s", w.Code, w.Body, log, cause)
					}
				} else if w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				// Public operations have nothing to lose.
				public := jsonCall("Hello", `{"Name":"world"}`)
				for key, values := range test.headers {
					public.Header[key] = values
				}
				wantAnswer(t, serve(s, public), 200, helloJSON)
			})
		}
	}
}

// presigned puts root's signature into the query.
func presigned(t *testing.T, r *http.Request) *http.Request {
	t.Helper()
	q := sigRequest(t, r)
	if err := sigv4.Presign(q, root, "us-east-1", "box", testNow, 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	r.URL.RawQuery = q.RawQuery
	return r
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
