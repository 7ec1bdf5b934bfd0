package main

import (
	"errors"
	"net"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
)

func TestPublicURL(t *testing.T) {
	v4 := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1234}
	v6 := &net.TCPAddr{IP: net.IPv6loopback, Port: 1234}
	for _, tt := range []struct {
		config   Config
		listener net.Addr
		want     string
	}{
		{Config{Listen: "127.0.0.1:0"}, v4, "http://127.0.0.1:1234"},
		{Config{Listen: "[::1]:0"}, v6, "http://[::1]:1234"},
		{Config{Listen: "localhost:0"}, v4, "http://localhost:1234"},
		{Config{Listen: "login.example.com:https", TLSCertFile: "c"}, v4, "https://login.example.com:1234"},
		{Config{Listen: "127.0.0.1:0", PublicURL: "https://login.example.com"}, v4, "https://login.example.com"},
	} {
		if got, err := tt.config.publicURL(tt.listener); got != tt.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", tt.config.Listen, got, err, tt.want)
		}
	}
}

func TestIsOrigin(t *testing.T) {
	for s, want := range map[string]bool{
		"https://app.example.com": true, "http://localhost:3000": true, "http://[::1]:3000": true, "capacitor://localhost": true,
		"": false, "*": false, "null": false, "app.example.com": false, "https://": false, "https://:443": false,
		"https://app.example.com/": false, "https://app.example.com/path": false, "https://app.example.com?q": false,
		"https://app.example.com#f": false, "https://me@app.example.com": false, "https://*.example.com": false,
		"https://App.example.com": false, "HTTPS://app.example.com": false, "//app.example.com": false,
	} {
		if got := isOrigin(s); got != want {
			t.Errorf("%q: got %t", s, got)
		}
	}
}

func TestFreeAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := l.Addr().String()
	if got, err := freeAddress(taken); got != "127.0.0.1:0" || err != nil {
		t.Errorf("taken: got %s, %v", got, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := freeAddress("127.0.0.1:0"); got != "127.0.0.1:0" || err != nil {
		t.Errorf("free: got %s, %v", got, err)
	}
	for _, addr := range []string{"4600", "127.0.0.1:99999", "203.0.113.1:0"} {
		var mistake usageError
		if got, err := freeAddress(addr); got != "" || !errors.As(err, &mistake) {
			t.Errorf("%s: got %q, %v", addr, got, err)
		}
	}
}

// Strangers are limited, but not on a developer's machine; one address gets half of
// what a pool does.
func TestStrangerRates(t *testing.T) {
	n := func(f float64) *float64 { return &f }
	logins := cognito.Rate{PerSecond: 1. / 60, Burst: 20}
	for name, test := range map[string]struct {
		config Config
		want   cognito.Rates
	}{
		"default": {Config{GuestBurst: 1000}, cognito.Rates{
			Guests: cognito.Rate{PerSecond: 25, Burst: 1000}, GuestsFrom: cognito.Rate{PerSecond: 12.5, Burst: 500}, Logins: logins}},
		"a rate": {Config{GuestRate: n(4), GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{PerSecond: 4, Burst: 10}, GuestsFrom: cognito.Rate{PerSecond: 2, Burst: 5}, Logins: logins}},
		"no limit": {Config{GuestRate: n(0), GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{Burst: 10}, GuestsFrom: cognito.Rate{Burst: 5}, Logins: logins}},
		"no limit of addresses": {Config{GuestAddressRate: n(0), GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{PerSecond: 25, Burst: 10}, GuestsFrom: cognito.Rate{Burst: 5}, Logins: logins}},
		"development": {Config{Dev: true, GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{Burst: 10}, GuestsFrom: cognito.Rate{Burst: 5}}},
		"development with a rate": {Config{Dev: true, GuestRate: n(4), GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{PerSecond: 4, Burst: 10}, GuestsFrom: cognito.Rate{Burst: 5}}},
		"development with a rate of addresses": {Config{Dev: true, GuestAddressRate: n(3), GuestBurst: 10}, cognito.Rates{
			Guests: cognito.Rate{Burst: 10}, GuestsFrom: cognito.Rate{PerSecond: 3, Burst: 5}}},
	} {
		if got := test.config.strangerRates(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

// Names for development are plain names, and only for development.
func TestDevHosts(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Dev: true, DevHost: []string{"daypass", "daypass.internal", "10.0.0.5"}}, ""},
		{Config{DevHost: []string{"daypass"}}, "--dev-host is for --dev: without it, the server answers to every host name"},
		{Config{Dev: true, DevHost: []string{"daypass", "*.example.com"}}, `--dev-host "*.example.com": give a host name, without scheme, port or wildcard, such as daypass`},
		{Config{Dev: true, DevHost: []string{"http://daypass"}}, `--dev-host "http://daypass": give a host name, without scheme, port or wildcard, such as daypass`},
		{Config{Dev: true, DevHost: []string{"daypass:4600"}}, `--dev-host "daypass:4600": give a host name, without scheme, port or wildcard, such as daypass`},
		{Config{Dev: true, DevHost: []string{""}}, `--dev-host "": give a host name, without scheme, port or wildcard, such as daypass`},
	} {
		err := test.config.settleDevHosts()
		if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%q: %v, want %q", test.config.DevHost, err, test.want)
		}
		if err == nil && !test.config.AllowPlainHTTP {
			t.Errorf("%q does not allow plain HTTP", test.config.DevHost)
		}
	}
	c := Config{
		Listen: "0.0.0.0:0", Dev: true, DevHost: []string{"daypass", "other"}, AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1,
	}
	if err := c.check(); err == nil || err.Error() != "--dev with --listen 0.0.0.0:0, which is not loopback: everybody knows the root credentials test/test; give --root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY" {
		t.Errorf("with the root credentials that everybody knows: %v", err)
	}
	c.RootAccessKeyID = "root"
	if err := c.check(); err != nil {
		t.Error(err)
	}
	if got, err := c.publicURL(&net.TCPAddr{IP: net.IPv4zero, Port: 1234}); got != "http://daypass:1234" || err != nil {
		t.Errorf("public URL %s, %v", got, err)
	}
}
