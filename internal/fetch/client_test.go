package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server starts an http server on loopback.
func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// tlsServer starts an https server on loopback; its certificate is for
// example.com and 127.0.0.1.
func tlsServer(t *testing.T, configure func(*tls.Config), h http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{}
	if configure != nil {
		configure(s.TLS)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what some tests are about
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// refusedAs checks an error's kind and text.
func refusedAs(t *testing.T, err error, kind Kind, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want *Error", err, err)
	}
	if e.Kind != kind || e.Error() != text {
		t.Errorf("%s: %q\nwant %s: %q", e.Kind, e.Error(), kind, text)
	}
}

func TestGet(t *testing.T) {
	var seen http.Header
	s, roots := tlsServer(t, nil, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.Header().Set("Cache-Control", "max-age=600")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		io.WriteString(w, r.URL.RequestURI())
	})
	c := &Client{AllowLoopback: true, RootCAs: roots}
	for range 2 { // the second must not bring the cookie back
		got, err := c.Get(t.Context(), s.URL+"/keys?a=1")
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 200 || string(got.Body) != "/keys?a=1" || Lifetime(got.Header) != 10*time.Minute {
			t.Errorf("answer %d %q, lifetime %s", got.Status, got.Body, Lifetime(got.Header))
		}
		if diff := cmp.Diff(http.Header{"User-Agent": {"daypass"}, "Connection": {"close"}}, seen); diff != "" {
			t.Errorf("request headers (-want +got):\n%s", diff)
		}
	}
}

// TestMain names a proxy that does not exist for all tests, because net/http
// looks at the environment once only.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Setenv(name, "http://127.0.0.1:1")
	}
	os.Unsetenv("NO_PROXY")
	os.Unsetenv("no_proxy")
	os.Exit(m.Run())
}

// A proxy would dial on our behalf, past the guard. The name is needed because
// proxies are never asked for loopback addresses.
func TestGetIgnoresProxyEnvironment(t *testing.T) {
	s := server(t, text("direct"))
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	names := &nameServer{addresses: [][4]byte{{127, 0, 0, 1}}}
	c := &Client{AllowLoopback: true, Resolver: names.resolver()}
	got, err := c.Get(t.Context(), "http://proxied.test:"+port)
	if err != nil || string(got.Body) != "direct" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestGetRefusesURLs(t *testing.T) {
	c := &Client{AllowLoopback: true}
	for raw, want := range map[string]string{
		"":                                  "fetch: refused: scheme is not https",
		"file:///etc/passwd":                "fetch file:///etc/passwd: refused: scheme is not https",
		"gopher://issuer.example":           "fetch gopher://issuer.example: refused: scheme is not https",
		"https:issuer.example":              "fetch https:: refused: URL has no host",
		"https:///keys":                     "fetch https:///keys: refused: URL has no host",
		"https://u:p@issuer.example/k?s=1":  "fetch https://issuer.example/k: refused: URL carries a user name",
		"https://issuer.example/%zz?secret": "fetch: refused: malformed URL",
		"https://issuer.example/" + strings.Repeat("a", 2048): "fetch: refused: URL too long",
	} {
		_, err := c.Get(t.Context(), raw)
		refusedAs(t, err, Refused, want)
	}
}

func TestGetWithBadAllowListRefusesEverything(t *testing.T) {
	s := server(t, text("reached"))
	_, err := (&Client{Allow: []string{"*"}, AllowLoopback: true}).Get(t.Context(), s.URL)
	refusedAs(t, err, Refused, `fetch: refused: allow list entry "*": not a host name, an address or a CIDR`)
}

func TestGetGuardsAddresses(t *testing.T) {
	var hits atomic.Int32
	s, roots := tlsServer(t, nil, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	plain := server(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	guarded := "127.0.0.1 is a private address that the allow list does not name"
	for _, tt := range []struct {
		name, url, want string
		allow           []string
		hits            int32
	}{
		{"loopback", s.URL, "fetch " + s.URL + ": refused: " + guarded, nil, 0},
		{"by name", "https://localhost:" + port, "fetch https://localhost:" + port + ": refused: " + guarded, nil, 0},
		{"mapped", "https://[::ffff:127.0.0.1]:" + port, "fetch https://[::ffff:127.0.0.1]:" + port + ": refused: " + guarded, nil, 0},
		{"plain", plain.URL, "fetch " + plain.URL + ": refused: plain http, which the allow list does not permit here", nil, 0},
		{"metadata", "http://169.254.169.254/latest", "fetch http://169.254.169.254/latest: refused: 169.254.169.254 is an address that is never fetched from", []string{"http://0.0.0.0/0"}, 0},
		{"metadata mapped", "https://[::ffff:a9fe:a9fe]/", "fetch https://[::ffff:a9fe:a9fe]/: refused: 169.254.169.254 is an address that is never fetched from", []string{"0.0.0.0/0"}, 0},
		{"listed for https", plain.URL, "fetch " + plain.URL + ": refused: plain http, which the allow list does not permit here", []string{"127.0.0.1"}, 0},
		{"listed", s.URL, "", []string{"127.0.0.1"}, 1},
		{"listed with http", plain.URL, "", []string{"http://127.0.0.0/8"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hits.Store(0)
			_, err := (&Client{Allow: tt.allow, RootCAs: roots}).Get(t.Context(), tt.url)
			if tt.want != "" {
				refusedAs(t, err, Refused, tt.want)
			} else if err != nil {
				t.Error(err)
			}
			if hits.Load() != tt.hits {
				t.Errorf("%d requests arrived, want %d", hits.Load(), tt.hits)
			}
		})
	}
}

func TestGetRedirects(t *testing.T) {
	mux := http.NewServeMux()
	s := server(t, mux.ServeHTTP)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	mux.HandleFunc("/end", text("end"))
	mux.HandleFunc("/hops/{n}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Errorf("Referer sent: %s", r.Header.Get("Referer"))
		}
		n := r.PathValue("n")
		next := map[string]string{"4": "3", "3": "2", "2": "1", "1": "/end"}[n]
		http.Redirect(w, r, next, http.StatusFound)
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = r.URL.Query()["l"]
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/"+strings.Repeat("a", 3000), http.StatusFound)
	})
	c := &Client{Allow: []string{"http://127.0.0.1"}}
	to := func(location string) string { return s.URL + "/to?l=" + url.QueryEscape(location) }
	for _, tt := range []struct{ name, url, want string }{
		{"three", s.URL + "/hops/3?secret=1", ""},
		{"four", s.URL + "/hops/4?secret=1", "fetch " + s.URL + "/end: refused: more than 3 redirects"},
		{"same host", to("/end"), ""},
		{"to a name of the same address", to("http://localhost:" + port + "/end"), ""},
		{"to a private address", to("http://10.0.0.1/end?secret=1"), "fetch http://10.0.0.1/end: refused: plain http, which the allow list does not permit here"},
		{"to metadata", to("http://169.254.169.254/latest/meta-data"), "fetch http://169.254.169.254/latest/meta-data: refused: 169.254.169.254 is an address that is never fetched from"},
		{"to https", to("https://127.0.0.1/end"), "fetch " + s.URL + "/to: refused: redirect to another scheme"},
		{"to a file", to("file:///etc/passwd"), "fetch " + s.URL + "/to: refused: redirect to another scheme"},
		{"with a user name", to("http://u:p@127.0.0.1/end"), "fetch " + s.URL + "/to: refused: redirect: URL carries a user name"},
		{"nowhere", s.URL + "/to", "fetch " + s.URL + "/to: refused: redirect without a usable location"},
		{"malformed", to("http://[::1"), "fetch " + s.URL + "/to: refused: redirect without a usable location"},
		{"too far", s.URL + "/long", "fetch " + s.URL + "/long: refused: redirect without a usable location"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Get(t.Context(), tt.url)
			if tt.want != "" {
				refusedAs(t, err, Refused, tt.want)
			} else if err != nil || string(got.Body) != "end" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestGetRefusesRedirectFromHTTPSToHTTP(t *testing.T) {
	var hits atomic.Int32
	plain := server(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	s, roots := tlsServer(t, nil, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL, http.StatusMovedPermanently)
	})
	_, err := (&Client{AllowLoopback: true, RootCAs: roots}).Get(t.Context(), s.URL)
	refusedAs(t, err, Refused, "fetch "+s.URL+": refused: redirect to another scheme")
	if hits.Load() != 0 {
		t.Error("the plain server was asked")
	}
}

func TestGetBodyCap(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/fits", text(strings.Repeat("a", 100)))
	mux.HandleFunc("/declared", text(strings.Repeat("a", 101)))
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat("a", 4096)); err != nil {
				return
			}
		}
	})
	s := server(t, mux.ServeHTTP)
	c := &Client{AllowLoopback: true, MaxBody: 100}
	if got, err := c.Get(t.Context(), s.URL+"/fits"); err != nil || len(got.Body) != 100 {
		t.Errorf("a body of the greatest length: %v, %v", got, err)
	}
	for _, path := range []string{"/declared", "/endless"} {
		_, err := c.Get(t.Context(), s.URL+path)
		refusedAs(t, err, TooLarge, "fetch "+s.URL+path+": answer too large (status 200)")
	}
}

// A small compressed body stays small: it is neither asked for nor unpacked.
func TestGetDoesNotInflate(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 8<<20))
	z.Close()
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("Accept-Encoding: %s", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	got, err := (&Client{AllowLoopback: true}).Get(t.Context(), s.URL)
	if err != nil || !bytes.Equal(got.Body, bomb.Bytes()) {
		t.Errorf("body of %d bytes, error %v; want the %d bytes sent", len(got.Body), err, bomb.Len())
	}
}

func TestGetStatus(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"secret"}`)
	})
	got, err := (&Client{AllowLoopback: true}).Get(t.Context(), s.URL+"/x?token=secret")
	refusedAs(t, err, BadStatus, "fetch "+s.URL+"/x: bad status (status 400)")
	if got == nil || got.Status != 400 || string(got.Body) != `{"error":"secret"}` {
		t.Errorf("answer %v, want it beside the error", got)
	}
}

// raw starts a server that speaks for itself.
func raw(t *testing.T, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestGetSlowServers(t *testing.T) {
	for name, greeting := range map[string]string{
		"silent":            "",
		"stuck in headers":  "HTTP/1.1 200 OK\r\nContent-Le",
		"stuck in the body": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
		"endless interim":   "HTTP/1.1 103 Early Hints\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			u := raw(t, func(c net.Conn) {
				c.Read(make([]byte, 4096))
				io.WriteString(c, greeting)
				io.Copy(io.Discard, c) // until the client gives up
			})
			_, err := (&Client{AllowLoopback: true, Timeout: 50 * time.Millisecond}).Get(t.Context(), u+"/?secret")
			var e *Error
			if !errors.As(err, &e) || e.Kind != Unavailable {
				t.Fatalf("error %v, want unavailable", err)
			}
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want a timeout without the query", err)
			}
		})
	}
}

func TestGetBrokenServers(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"hangs up", "", "EOF"},
		{"hangs up in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "unexpected EOF"},
		{"not HTTP", "SSH-2.0-secret\r\n\r\n", "the exchange failed"},
		{"bad header", "HTTP/1.1 200 OK\r\nsecret\r\n\r\n", "the exchange failed"},
		{"huge header", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 128<<10) + "\r\n\r\n", "the exchange failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := raw(t, func(c net.Conn) {
				c.Read(make([]byte, 4096))
				io.WriteString(c, tt.answer)
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
			})
			_, err := (&Client{AllowLoopback: true}).Get(t.Context(), u)
			refusedAs(t, err, Unavailable, "fetch "+u+": unavailable: "+tt.want)
		})
	}
}

func TestGetCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	u := raw(t, func(c net.Conn) {
		c.Read(make([]byte, 4096))
		cancel()
		io.Copy(io.Discard, c)
	})
	_, err := (&Client{AllowLoopback: true}).Get(ctx, u)
	refusedAs(t, err, Unavailable, "fetch "+u+": unavailable: context canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not context.Canceled", err)
	}
}

func TestGetTLS(t *testing.T) {
	t.Run("unknown authority", func(t *testing.T) {
		s, _ := tlsServer(t, nil, text(""))
		_, err := (&Client{AllowLoopback: true, RootCAs: x509.NewCertPool()}).Get(t.Context(), s.URL)
		refusedAs(t, err, Untrusted, "fetch "+s.URL+": certificate not trusted: tls: failed to verify certificate: x509: certificate signed by unknown authority")
	})
	t.Run("another host", func(t *testing.T) {
		s, roots := tlsServer(t, nil, text(""))
		u := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
		_, err := (&Client{AllowLoopback: true, RootCAs: roots}).Get(t.Context(), u)
		refusedAs(t, err, Untrusted, "fetch "+u+": certificate not trusted: tls: failed to verify certificate: x509: certificate is valid for example.com, *.example.com, not localhost")
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		s, roots := tlsServer(t, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, text(""))
		_, err := (&Client{AllowLoopback: true, RootCAs: roots}).Get(t.Context(), s.URL)
		refusedAs(t, err, Unavailable, "fetch "+s.URL+": unavailable: remote error: tls: protocol version not supported")
	})
}

func TestKindString(t *testing.T) {
	for kind, want := range map[Kind]string{
		Refused: "refused", Unavailable: "unavailable", Untrusted: "certificate not trusted",
		TooLarge: "answer too large", BadStatus: "bad status", 0: "unknown",
	} {
		if got := fmt.Sprint(kind); got != want {
			t.Errorf("Kind(%d) = %q, want %q", int(kind), got, want)
		}
	}
}
