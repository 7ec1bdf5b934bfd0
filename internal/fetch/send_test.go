package fetch

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSend(t *testing.T) {
	var got string
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + r.Header.Get("X-Amz-Target") + " " + r.Header.Get("User-Agent") + " " + string(body)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "because")
	})
	c := &Client{AllowLoopback: true}
	answer, err := c.Send(t.Context(), &Request{Method: "POST", URL: s.URL + "/a?secret=1", Header: http.Header{"X-Amz-Target": {"T"}}, Body: []byte("{}")})
	refusedAs(t, err, BadStatus, "fetch "+s.URL+"/a: bad status (status 400)")
	if answer == nil || string(answer.Body) != "because" {
		t.Errorf("answer %+v", answer)
	}
	if want := "POST /a?secret=1 T daypass {}"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestSendFollowsNoRedirect(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/from" {
			t.Errorf("followed to %s", r.URL.Path)
		}
		http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
	})
	c := &Client{AllowLoopback: true}
	_, err := c.Send(t.Context(), &Request{Method: "GET", URL: s.URL + "/from?secret=1"})
	refusedAs(t, err, Refused, "fetch "+s.URL+"/from: refused: redirect of a request that carries secrets")
}

func TestSendIsGuarded(t *testing.T) {
	s := server(t, text("secret"))
	_, err := (&Client{}).Send(t.Context(), &Request{Method: "POST", URL: s.URL + "/?secret=1"})
	refusedAs(t, err, Refused, "fetch "+s.URL+"/: refused: plain http, which the allow list does not permit here")
	_, err = (&Client{}).Send(t.Context(), &Request{Method: "GET", URL: "https://x.example/?" + strings.Repeat("s", maxSendURLBytes)})
	refusedAs(t, err, Refused, "fetch: refused: URL too long")
}

func TestEndpoints(t *testing.T) {
	type seen struct{ Host, URL string }
	var got seen
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = seen{r.Host, r.URL.String()}
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}
	})
	c := &Client{Endpoints: map[string]string{"a.example": s.URL, "b.example": s.URL + "/b/"}}
	for _, tt := range []struct {
		url  string
		want seen
	}{
		{"https://a.example/x?y=1", seen{"a.example", "/x?y=1"}},
		{"https://b.example/x%2Fy", seen{"b.example", "/b/x%2Fy"}},
	} {
		if _, err := c.Get(t.Context(), tt.url); err != nil {
			t.Errorf("%s: %v", tt.url, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.url, diff)
		}
	}
	_, err := c.Get(t.Context(), "https://a.example/redirect")
	refusedAs(t, err, Refused, "fetch https://a.example/redirect: refused: redirect by a provider endpoint")
	// The endpoint opens nothing else: not its own address to other URLs.
	_, err = c.Get(t.Context(), s.URL)
	refusedAs(t, err, Refused, "fetch "+s.URL+": refused: plain http, which the allow list does not permit here")
	for _, url := range []string{"https://A.example/", "https://a.example:443/", "https://x.a.example/", "http://a.example/"} {
		got = seen{}
		if _, err := c.Get(t.Context(), url); err == nil || got != (seen{}) {
			t.Errorf("%s went to the endpoint: %v", url, err)
		}
	}
}

func TestEndpointCertificates(t *testing.T) {
	s, roots := tlsServer(t, nil, text("ok"))
	mine := map[string]string{"a.example": s.URL}
	if _, err := (&Client{Endpoints: mine, RootCAs: roots}).Get(t.Context(), "https://a.example/"); err != nil {
		t.Error(err)
	}
	_, err := (&Client{Endpoints: mine}).Get(t.Context(), "https://a.example/")
	if e := err.(*Error); e.Kind != Untrusted {
		t.Errorf("got %v, want an untrusted certificate", err)
	}
	old, roots := tlsServer(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }, text("ok"))
	if _, err := (&Client{Endpoints: map[string]string{"a.example": old.URL}, RootCAs: roots}).Get(t.Context(), "https://a.example/"); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	for _, tt := range []struct{ host, base, want string }{
		{"a.example", "http://b.example", `endpoint of "a.example": http is for loopback only`},
		{"a.example", "http://10.0.0.1", `endpoint of "a.example": http is for loopback only`},
		{"a.example", "https://b.example/?x", `endpoint of "a.example": a base URL has no query and no fragment`},
		{"a.example", "ftp://b.example", `endpoint of "a.example": fetch ftp://b.example: refused: scheme is not https`},
		{"a.example", "https://u:p@b.example", `endpoint of "a.example": fetch https://b.example: refused: URL carries a user name`},
		{"A.example", "https://b.example", `endpoint of "A.example": not a host name in lower case`},
		{"a.example:443", "https://b.example", `endpoint of "a.example:443": not a host name in lower case`},
		{"", "https://b.example", `endpoint of "": not a host name in lower case`},
		{"a.example", "http://localhost:1/x", ""},
		{"a.example", "http://[::1]:1", ""},
		{"a.example", "https://10.0.0.1", ""},
	} {
		got := ""
		if err := (&Client{Endpoints: map[string]string{tt.host: tt.base}}).Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s=%s: %q, want %q", tt.host, tt.base, got, tt.want)
		}
	}
	// A metadata address stays out of reach.
	_, err := (&Client{Endpoints: map[string]string{"a.example": "https://169.254.169.254"}}).Get(t.Context(), "https://a.example/")
	refusedAs(t, err, Refused, "fetch https://a.example/: refused: 169.254.169.254 is no address for a provider endpoint")
}
