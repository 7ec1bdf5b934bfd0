package idp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestNewRefuses(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go cannot even make a short key:", err)
	}
	for _, test := range []struct {
		about  string
		change func(*Config)
		want   string
	}{
		{"no issuer", func(c *Config) { c.Issuer = "" }, `idp: the issuer "" must be an http or https URL`},
		{"public issuer", func(c *Config) { c.Issuer = "https://accounts.google.com" }, `idp: the issuer "https://accounts.google.com" is not on a loopback host; this provider is for development only`},
		{"public issuer that looks local", func(c *Config) { c.Issuer = "http://127.0.0.1.example.com" }, `idp: the issuer "http://127.0.0.1.example.com" is not on a loopback host; this provider is for development only`},
		{"issuer with a query", func(c *Config) { c.Issuer += "?" }, `idp: the issuer "http://127.0.0.1:9000?" must have no user, query or fragment`},
		{"issuer with a password", func(c *Config) { c.Issuer = "http://u:p@localhost" }, `idp: the issuer "http://u:xxxxx@localhost" must have no user, query or fragment`},
		{"issuer to clean", func(c *Config) { c.Issuer += "/a/../b" }, `idp: the issuer "http://127.0.0.1:9000/a/../b" has a path that needs escaping or cleaning`},
		{"issuer to escape", func(c *Config) { c.Issuer += "/{a}" }, `idp: the issuer "http://127.0.0.1:9000/{a}" has a path that needs escaping or cleaning`},
		{"no users", func(c *Config) { c.Users = nil }, "idp: no users"},
		{"no clients", func(c *Config) { c.Clients = nil }, "idp: no clients"},
		{"no password", func(c *Config) { c.Users[0].Password = "" }, `idp: user "ada": no password`},
		{"no subject", func(c *Config) { c.Users[0].Subject = "" }, `idp: user "ada": no subject`},
		{"long subject", func(c *Config) { c.Users[0].Subject = strings.Repeat("x", 256) }, `idp: user "ada": the subject is longer than 255 bytes`},
		{"a user twice", func(c *Config) { c.Users[1].Username = "ada" }, `idp: user "ada" is listed twice`},
		{"a subject twice", func(c *Config) { c.Users[1].Subject = "repo:octo/app" }, `idp: user "repo:octo/app" is listed twice`},
		{"claim of the protocol", func(c *Config) { c.Users[0].Claims["iss"] = "x" }, `idp: user "ada": the claim "iss" is the provider's to make`},
		{"claim that is not JSON", func(c *Config) { c.Users[0].Claims["f"] = func() {} }, `idp: user "ada": claims: json: unsupported type: func()`},
		{"no client ID", func(c *Config) { c.Clients[0].ID = "" }, "idp: a client has no ID"},
		{"a client twice", func(c *Config) { c.Clients[1].ID = "app" }, `idp: client "app" is listed twice`},
		{"no redirect URI", func(c *Config) { c.Clients[0].RedirectURIs = nil }, `idp: client "app" has no redirect URI`},
		{"relative redirect URI", func(c *Config) { c.Clients[0].RedirectURIs = []string{"/cb"} }, `idp: client "app": redirect URI "/cb": not an absolute URL`},
		{"redirect URI in the clear", func(c *Config) { c.Clients[0].RedirectURIs = []string{"http://app.example.com"} }, `idp: client "app": redirect URI "http://app.example.com": plain http is for loopback hosts only`},
		{"redirect URI that runs", func(c *Config) { c.Clients[0].RedirectURIs = []string{"JavaScript:alert(1)"} }, `idp: client "app": redirect URI "JavaScript:alert(1)": a browser would run it instead of visiting it`},
		{"redirect URI with fragment", func(c *Config) { c.Clients[0].RedirectURIs = []string{"https://a.example/#x"} }, `idp: client "app": redirect URI "https://a.example/#x": must have no fragment and no user`},
		{"escaped redirect URI", func(c *Config) { c.Clients[0].RedirectURIs = []string{"https://a.example/%41"} }, `idp: client "app": redirect URI "https://a.example/%41": must not contain escaped characters`},
		{"short key", func(c *Config) { c.Key = short }, "idp: the signing key is shorter than 2048 bits"},
		{"broken key", func(c *Config) { k := *firstKey(); k.E = 5; c.Key = &k }, "idp: the signing key is not a valid RSA key"},
	} {
		cfg := testConfig()
		cfg.Issuer = "http://127.0.0.1:9000"
		test.change(&cfg)
		if _, err := New(cfg); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.about, err, test.want)
		}
	}
}

func TestStartStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		want := `idp: will not listen on "` + addr + `": a development provider stays on loopback`
		if _, err := Start(t.Context(), testConfig(), addr); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", addr, err, want)
		}
	}
	s, err := Start(t.Context(), testConfig(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.URL, "http://127.0.0.1:") {
		t.Errorf("localhost became %s", s.URL)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestServerStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, testConfig(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("serving ended with %v", err)
	}
	s.served <- http.ErrServerClosed // put back for Close
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSignInStaysOnLoopback(t *testing.T) {
	_, err := RelyingParty{Issuer: "http://idp.example.com"}.SignIn(t.Context(), "ada", rightWord)
	want := `idp: the issuer "http://idp.example.com" is not on a loopback host; this provider is for development only`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// An issuer that New accepts can be mounted, is on this machine, and is the one that discovery announces.
func FuzzIssuer(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1:1/a/b", "http://localhost", "https://[::1]:8443/", "http://a.localhost/x", "http://h/{x...}", "http://127.0.0.1//", "http://localhost/a b"} {
		f.Add(seed)
	}
	cfg := testConfig()
	f.Fuzz(func(t *testing.T, issuer string) {
		cfg := cfg
		cfg.Issuer = issuer
		p, err := New(cfg)
		if err != nil {
			return
		}
		if !isLoopback(p.issuer.Hostname()) {
			t.Errorf("%q is not loopback", issuer)
		}
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Host, req.URL.Path = p.issuer.Host, p.path("/.well-known/openid-configuration")
		res := httptest.NewRecorder()
		p.ServeHTTP(res, req)
		var found metadata
		if err := json.Unmarshal(res.Body.Bytes(), &found); err != nil || found.Issuer != issuer {
			t.Errorf("%q: discovery is %d %s", issuer, res.Code, res.Body)
		}
	})
}

// What may be remote listens and is called as it says.
func TestRemote(t *testing.T) {
	c := testConfig()
	c.Remote, c.Issuer = true, "http://idp:4601"
	s, err := Start(t.Context(), c, "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.URL != "http://idp:4601" {
		t.Errorf("issuer %s", s.URL)
	}
}
