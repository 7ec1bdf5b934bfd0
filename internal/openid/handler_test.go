package openid

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "renew the golden files")

// handler serves the documents and nothing else.
func handler(p *Provider) http.Handler {
	mux := http.NewServeMux()
	for path, document := range p.Documents() {
		mux.Handle("GET "+path, document)
	}
	return mux
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// do sends a request over a real connection.
func do(t *testing.T, p *Provider, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler(p))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func withTwoRegions(t *testing.T) *Provider {
	t.Helper()
	p := newProvider(t, &memory{}, newClock(), "1", "2")
	mustEnsure(t, p, "us-east-1")
	mustEnsure(t, p, "eu-west-1")
	return p
}

func TestDocuments(t *testing.T) {
	p := withTwoRegions(t)
	for path, file := range map[string]string{
		"/.well-known/openid-configuration": "discovery.golden.json",
		"/.well-known/jwks_uri":             "jwks.golden.json",
		"/.well-known/jwks.json":            "jwks.golden.json",
	} {
		resp, body := do(t, p, "GET", path)
		golden(t, file, body)
		want := http.Header{
			"Access-Control-Allow-Origin": {"*"},
			"Cache-Control":               {"public, max-age=300"},
			"Content-Type":                {"application/json"},
			"Accept-Ranges":               {"bytes"},
		}
		etag := resp.Header.Get("ETag")
		for _, name := range []string{"Date", "Content-Length", "Etag"} {
			resp.Header.Del(name)
		}
		if diff := cmp.Diff(want, resp.Header); diff != "" || resp.StatusCode != 200 || len(etag) != 34 {
			t.Errorf("GET %s: %s, ETag %s (-want +got):\n%s", path, resp.Status, etag, diff)
		}

		head, nothing := do(t, p, "HEAD", path)
		if head.StatusCode != 200 || head.ContentLength != int64(len(body)) || nothing != "" || head.Header.Get("ETag") != etag {
			t.Errorf("HEAD %s: %s, %d bytes announced, %q", path, head.Status, head.ContentLength, nothing)
		}
		again, nothing := do(t, p, "GET", path, "If-None-Match", etag)
		if again.StatusCode != http.StatusNotModified || nothing != "" || again.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("GET %s again: %s, %q", path, again.Status, nothing)
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
			resp, _ := do(t, p, method, path)
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s, Allow %q", method, path, resp.Status, resp.Header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/", "/.well-known/", "/.well-known/jwks", "/.well-known/jwks_uri/", "/jwks.json"} {
		if resp, _ := do(t, p, "GET", path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
	}
}

// The library reads the key set, and what it reads verifies our tokens, by the
// key and by the certificate.
func TestKeySetVerifies(t *testing.T) {
	p := withTwoRegions(t)
	p.Now = func() time.Time { return start.Add(publishedBefore) }
	_, body := do(t, p, "GET", "/.well-known/jwks_uri")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		jws, err := jose.ParseSignedCompact(mustSign(t, p, region, guest(region, start)), []jose.SignatureAlgorithm{jose.RS512})
		if err != nil {
			t.Fatal(err)
		}
		keys := set.Key(jws.Signatures[0].Protected.KeyID)
		if len(keys) != 1 || !keys[0].Valid() || !keys[0].IsPublic() || keys[0].Use != "sig" || keys[0].Algorithm != "RS512" || len(keys[0].Certificates) != 1 {
			t.Fatalf("%s: %v", region, keys)
		}
		cert := keys[0].Certificates[0]
		for name, key := range map[string]any{"key set": set, "key": keys[0].Key, "certificate": cert.PublicKey} {
			if _, err := jws.Verify(key); err != nil {
				t.Errorf("%s: by %s: %v", region, name, err)
			}
		}
		if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
			t.Errorf("%s: certificate: %v", region, err)
		}
		if got := cert.Subject.String(); got != "CN=daypass "+region+"-1" || cert.IsCA || cert.NotAfter.Year() != 9999 {
			t.Errorf("%s: certificate of %s until %v", region, got, cert.NotAfter)
		}
	}
}

// The certificate's SHA-1 stands in others' configuration, so the same key and
// time must always give the same bytes.
func TestCertificateIsDeterministic(t *testing.T) {
	first := stored(t, newBox(t, "a"), "us-east-1", 1, start, "1").Certificate
	second := stored(t, newBox(t, "b"), "us-east-1", 1, start.Add(time.Hour), "1").Certificate
	if sha1.Sum(first) != sha1.Sum(second) {
		t.Error("two certificates of one key differ")
	}
	if _, err := x509.ParseCertificate(first); err != nil {
		t.Error(err)
	}
}

func TestKeyWithoutCertificate(t *testing.T) {
	k := stored(t, newBox(t, "a"), "us-east-1", 1, start, "1")
	k.Certificate = nil
	p := newProvider(t, &memory{keys: []SigningKey{k}}, newClock())
	_, body := do(t, p, "GET", "/.well-known/jwks_uri")
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	if _, some := set.Keys[0]["x5c"]; some {
		t.Errorf("x5c without a certificate: %s", body)
	}
}

func TestDiscoveryURLs(t *testing.T) {
	const aws, public = "https://cognito-identity.amazonaws.com", "http://127.0.0.1:4600"
	for _, tt := range []struct{ issuer, public, wantIssuer, wantKeys string }{
		{public, public, public, public + "/.well-known/jwks_uri"},
		{"", public, public, public + "/.well-known/jwks_uri"},
		{public, "", public, public + "/.well-known/jwks_uri"},
		{aws, public, aws, public + "/.well-known/jwks_uri"},
		{aws, public + "/", aws, public + "/.well-known/jwks_uri"},
		{public + "/", "", public + "/", public + "/.well-known/jwks_uri"},
		{"https://id.example.com/a", "", "https://id.example.com/a", "https://id.example.com/a/.well-known/jwks_uri"},
	} {
		p := &Provider{Issuer: tt.issuer, PublicURL: tt.public, Store: &memory{}, Box: newBox(t, "a")}
		_, body := do(t, p, "GET", "/.well-known/openid-configuration")
		var got struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Issuer != tt.wantIssuer || got.JWKSURI != tt.wantKeys {
			t.Errorf("issuer %q, public URL %q: got %+v, %v", tt.issuer, tt.public, got, err)
		}
	}
}

func TestEmptyKeySet(t *testing.T) {
	resp, body := do(t, newProvider(t, &memory{}, newClock()), "GET", "/.well-known/jwks_uri")
	if resp.StatusCode != 200 || body != `{"keys":[]}` {
		t.Errorf("got %s, %s", resp.Status, body)
	}
}

func TestKeySetHasKeysOfAnotherProcess(t *testing.T) {
	c := newClock()
	store := &memory{}
	a, b := newProvider(t, store, c, "1"), newProvider(t, store, c)
	mustLoad(t, b)
	mustEnsure(t, a, "us-east-1")
	_, fromA := do(t, a, "GET", "/.well-known/jwks_uri")
	_, fromB := do(t, b, "GET", "/.well-known/jwks_uri")
	if fromA != fromB || fromA == `{"keys":[]}` {
		t.Errorf("a publishes %s, b publishes %s", fromA, fromB)
	}
	before := b.set.Load()
	for range 10 {
		do(t, b, "GET", "/.well-known/jwks_uri")
	}
	if b.set.Load() != before {
		t.Error("the set is made anew although nothing has changed")
	}
}

func TestKeySetWithoutStore(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustEnsure(t, p, "us-east-1")
	_, want := do(t, p, "GET", "/.well-known/jwks_uri")
	store.setFail(errors.New("disk on fire"))
	c.advance(failedFloor)
	before := store.readings()
	for range 3 { // the store is left alone for a moment
		if resp, got := do(t, p, "GET", "/.well-known/jwks_uri"); resp.StatusCode != 200 || got != want {
			t.Errorf("loaded: got %s, %s", resp.Status, got)
		}
	}
	if got := store.readings() - before; got != 1 {
		t.Errorf("a store that fails was read %d times", got)
	}
	fresh := newProvider(t, store, c)
	resp, got := do(t, fresh, "GET", "/.well-known/jwks_uri")
	if resp.StatusCode != 503 || got != "Service Unavailable\n" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("not loaded: got %s, %q", resp.Status, got)
	}
}

// A store that hangs delays the keys by no more than refreshTimeout.
func TestKeySetWithHangingStore(t *testing.T) {
	c := newClock()
	store := &memory{}
	p := newProvider(t, store, c, "1")
	mustEnsure(t, p, "us-east-1")
	c.advance(failedFloor)
	store.blocked = func(ctx context.Context) { <-ctx.Done() }
	recorder := httptest.NewRecorder()
	handler(p).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/.well-known/jwks_uri", nil))
	if recorder.Code != 200 || recorder.Body.String() != string(p.set.Load().document.body) {
		t.Errorf("got %d, %s", recorder.Code, recorder.Body)
	}
}
