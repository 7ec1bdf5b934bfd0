package acme

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/acme"
)

func TestCheckHost(t *testing.T) {
	const (
		wildcard = "a certificate for a wildcard needs a record in the DNS, which daypass cannot set; name each host"
		form     = "give a host name in lower case, without scheme and port, such as login.example.com"
	)
	for host, want := range map[string]string{
		"login.example.com": "", "daypass": "", "a-b.c1.xn--fiqs8s": "", "1.example": "",
		"*.example.com": wildcard, "Login.example.com": form, "https://login.example.com": form, "login.example.com:443": form, "": form,
		"127.0.0.1": form, "::1": form, "../account": form, "login.example.com.": form, "a..b": form, "-a.b": form, strings.Repeat("a.", 127) + "example": form,
	} {
		got := ""
		if err := CheckHost(host); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// issued is a key and a certificate of it, as a file has them.
func issued(t *testing.T, host string, from, to time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := privatePEM(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
}

// What there is is used, also what has ended; what cannot be used is said, and as good as
// nothing.
func TestLoad(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"good.example":   issued(t, "good.example", now.Add(-time.Hour), now.Add(time.Hour)),
		"ended.example":  issued(t, "ended.example", now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"other.example":  issued(t, "good.example", now, now.Add(time.Hour)),
		"broken.example": []byte("half"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	k := &Keeper{Hosts: []string{"broken.example", "good.example", "ended.example", "other.example", "none.example"}, Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := k.Load(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, want, err string }{
		{"good.example", "good.example", ""},
		{"GOOD.example.", "good.example", ""},
		{"ended.example", "ended.example", ""},
		{"other.example", "", "there is no certificate for other.example yet"},
		{"", "", "there is no certificate for broken.example yet"},
		{"foreign.example", "", "there is no certificate for broken.example yet"},
	} {
		c, err := k.ConfigFor(&tls.ClientHelloInfo{ServerName: test.name, SupportedProtos: []string{"h2", "http/1.1"}})
		switch {
		case err != nil:
			if err.Error() != test.err {
				t.Errorf("%q: %v, want %q", test.name, err, test.err)
			}
		case test.err != "" || c.Certificates[0].Leaf.DNSNames[0] != test.want:
			t.Errorf("%q: the certificate of %q", test.name, c.Certificates[0].Leaf.DNSNames)
		}
	}
	if _, err := k.ConfigFor(&tls.ClientHelloInfo{ServerName: "good.example", SupportedProtos: []string{challengeProtocol}}); err == nil || err.Error() != "nobody has to prove anything for that host" {
		t.Errorf("a question of nobody: %v", err)
	}
	for _, want := range []string{"host=broken.example", "host=other.example"} {
		if !strings.Contains(log.String(), "level=WARN msg=\"the certificate of a host cannot be used, and another is obtained\" "+want) {
			t.Errorf("no %s in the log:\n%s", want, &log)
		}
	}
	if strings.Contains(log.String(), "none.example") {
		t.Errorf("a host without a file is warned of:\n%s", &log)
	}
	if got := k.Ends(); got.After(now) {
		t.Errorf("the first ends at %v", got)
	}
	// A third of its life before the end.
	if got, want := k.due("good.example"), now.Add(20*time.Minute); got.Sub(want).Abs() > 2*time.Second {
		t.Errorf("due at %v, want %v", got, want)
	}
}

// An authority that fails is asked again after pauses that grow, or as long as it wants,
// and at once when somebody says so.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		began, asked := time.Now(), make(chan time.Duration, 100)
		k := &Keeper{
			Hosts: []string{"login.example.com"}, Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil)),
			HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				asked <- time.Since(began).Round(time.Second)
				return nil, errors.New("no route")
			})},
		}
		if err := k.Load(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); k.Run(ctx) }()
		for _, want := range []time.Duration{0, time.Minute, 4 * time.Minute, 13 * time.Minute, 40 * time.Minute, 100 * time.Minute, 160 * time.Minute} {
			if got := <-asked; got != want {
				t.Errorf("asked after %v, want %v", got, want)
			}
		}
		synctest.Wait()
		k.Retry()
		if got, want := <-asked, 160*time.Minute; got != want {
			t.Errorf("asked after %v, want %v", got, want)
		}
		cancel()
		<-done
		if want := `level=ERROR msg="a certificate could not be obtained, which is tried again" host=login.example.com error="Get \"https://acme-v02.api.letsencrypt.org/directory\": no route"`; !strings.Contains(log.String(), want) {
			t.Errorf("want %s in the log:\n%s", want, &log)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPause(t *testing.T) {
	limited := &acme.Error{ProblemType: "urn:ietf:params:acme:error:rateLimited", Header: http.Header{"Retry-After": {"7200"}}}
	for _, test := range []struct {
		failures int
		err      error
		want     time.Duration
	}{
		{0, errors.New("x"), time.Minute},
		{2, errors.New("x"), 9 * time.Minute},
		{1 << 30, errors.New("x"), time.Hour},
		{0, limited, 2 * time.Hour},
		{0, &acme.Error{ProblemType: "urn:ietf:params:acme:error:rateLimited", Header: http.Header{"Retry-After": {"99999999"}}}, 24 * time.Hour},
	} {
		if got := (&Keeper{}).pause(test.failures, test.err).Round(time.Minute); got != test.want {
			t.Errorf("%d failures, %v: %v, want %v", test.failures, test.err, got, test.want)
		}
	}
}

// An authority that does not offer the one challenge that is answered is said to.
func TestNoChallenge(t *testing.T) {
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", "n")
		switch r.URL.Path {
		case "/dir":
			_, _ = w.Write([]byte(`{"newNonce": "` + s.URL + `/nonce", "newAccount": "` + s.URL + `/account", "newOrder": "` + s.URL + `/order"}`))
		case "/account":
			w.Header().Set("Location", s.URL+"/account/1")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"status": "valid"}`))
		case "/order":
			w.Header().Set("Location", s.URL+"/order/1")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"status": "pending", "authorizations": ["` + s.URL + `/z"]}`))
		case "/z":
			_, _ = w.Write([]byte(`{"status": "pending", "identifier": {"type": "dns", "value": "a.example"}, "challenges": [{"type": "dns-01", "url": "x", "token": "t"}]}`))
		}
	}))
	defer s.Close()
	k := &Keeper{Hosts: []string{"a.example"}, Directory: s.URL + "/dir", Dir: t.TempDir(), HTTP: s.Client(), Log: slog.New(slog.DiscardHandler)}
	if err := k.Load(); err != nil {
		t.Fatal(err)
	}
	want := "the CA does not offer the challenge tls-alpn-01, the only one that daypass answers"
	if err := k.obtain(t.Context(), "a.example"); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if len(k.challenges) > 0 {
		t.Error("a challenge is left")
	}
}

func TestBounded(t *testing.T) {
	if got := (bounded{errors.New(strings.Repeat("a\nb", 1000))}).Error(); len(got) > 1010 || strings.Contains(got, "\n") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
