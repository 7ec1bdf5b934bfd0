package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The mistakes in the flags of forward authentication, by what they say.
func TestForwardAuthFlags(t *testing.T) {
	photos := []string{"photos=photos.example.com"}
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{}, ""},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"127.0.0.1:4611", photos}}, ""},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"[::1]:4611", []string{"a=h/v1,prod", "a=h/v2,prod"}}}, ""},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"10.0.0.5:4611", photos}, TrustedProxies: []string{"10.0.0.0/8"}, AllowPlainHTTP: true}, ""},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"10.0.0.5:4611", photos}, TrustedProxies: []string{"10.0.0.0/8"}, TLSCertFile: "c"}, ""},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"", photos}}, "--forward-auth-api needs --forward-auth-listen"},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"127.0.0.1:4611", nil}}, "--forward-auth-listen needs --forward-auth-api, such as photos=photos.example.com"},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"4611", photos}}, `--forward-auth-listen "4611": give an address and a port, such as 127.0.0.1:4611`},
		{Config{ForwardAuthConfig: ForwardAuthConfig{":4611", photos}}, "--forward-auth-listen :4611 is not loopback: give the addresses of the proxies that may ask with --trusted-proxies"},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"10.0.0.5:4611", photos}, TrustedProxies: []string{"10.0.0.0/8"}}, "--forward-auth-listen 10.0.0.5:4611 is not loopback: give --tls-cert-file and --tls-key-file, or --acme-host, or --allow-plain-http"},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"127.0.0.1:4611", []string{"photos"}}}, `--forward-auth-api "photos": give a name and a host, such as photos=api.example.com`},
		{Config{ForwardAuthConfig: ForwardAuthConfig{"127.0.0.1:4611", []string{"a=h", "b=h"}}}, "--forward-auth-api a and b are both at h"},
	} {
		got := ""
		if err := test.config.checkForwardAuth(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q, want %q", test.config.ForwardAuthConfig, got, test.want)
		}
	}
}

// serve answers proxies at an address of its own, says which, and has nothing else
// there.
func TestForwardAuthListens(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	p := &process{ctx, &out, io.Discard, func(name string) string { return map[string]string{"DAYPASS_ROOT_SECRET_ACCESS_KEY": "secret"}[name] }}
	c := Config{
		Listen: "127.0.0.1:0", Dev: true, RootAccessKeyID: "root", AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1, LogLevel: "error", LogFormat: "text",
		ForwardAuthConfig: ForwardAuthConfig{"127.0.0.1:0", []string{"photos=photos.example.com"}},
	}
	r, err := start(p, c)
	if err != nil {
		t.Fatal(err)
	}
	c.banner(p, r)
	address := r.beside[0].listener.Addr().String()
	if !strings.Contains(out.String(), "\n  proxies   "+address+"\n") {
		t.Errorf("banner: %s", out.String())
	}
	ask := func(method, path string, header http.Header) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Host, q.Header = "photos.example.com", header
		answer, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	about := http.Header{"X-Original-Method": {"GET"}, "X-Original-Uri": {"/a"}}
	if status, body := ask("GET", "/forward-auth", about); status != 403 || body != `{"message":"Missing Authentication Token"}` {
		t.Errorf("a question: %d %s", status, body)
	}
	for _, path := range []string{"/", "/healthz", "/.well-known/jwks_uri"} {
		if status, body := ask("GET", path, about); status != 404 || body != `{"message":"Not Found"}` {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	c.RootAccessKeyID = ""
	if _, err := start(p, c); err == nil || !strings.HasPrefix(err.Error(), "--dev with --forward-auth-listen 127.0.0.1:0, whose proxies serve others: everybody knows the root credentials test/test") {
		t.Errorf("with the root credentials that everybody knows: %v", err)
	}
}
