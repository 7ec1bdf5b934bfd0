package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The mistakes in the flags of gateways, by what they say.
func TestGatewayFlags(t *testing.T) {
	const files = "--gateway-cert-file, --gateway-key-file and --gateway-client-ca"
	for _, test := range []struct {
		config GatewayConfig
		want   string
	}{
		{GatewayConfig{}, ""},
		{GatewayConfig{GatewayListen: "/run/daypass/gateway.sock"}, ""},
		{GatewayConfig{GatewayListen: "./gateway.sock"}, ""},
		{GatewayConfig{"10.0.0.5:4610", "c", "k", "a"}, ""},
		{GatewayConfig{":4610", "c", "k", "a"}, ""},
		{GatewayConfig{"127.0.0.1:4610", "c", "k", "a"}, ""},
		{GatewayConfig{GatewayListen: "127.0.0.1:4610"}, "--gateway-listen 127.0.0.1:4610 is an address: give " + files + ", since gateways must prove who they are"},
		{GatewayConfig{"127.0.0.1:4610", "c", "k", ""}, "--gateway-listen 127.0.0.1:4610 is an address: give " + files + ", since gateways must prove who they are"},
		{GatewayConfig{"/s", "", "", "a"}, "--gateway-listen /s is a Unix socket, which has no TLS: remove " + files},
		{GatewayConfig{GatewayCertFile: "c"}, files + " are for --gateway-listen"},
		{GatewayConfig{GatewayListen: "gateway.sock"}, `--gateway-listen "gateway.sock": give the path of a socket, with a slash in it, or an address and a port, such as 10.0.0.5:4610`},
	} {
		got := ""
		if err := test.config.check(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test.config, got)
		}
	}
}

// authority makes a certificate authority, and the files of a certificate that it
// issued.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.make(name, nil)
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) make(name string, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// A gateway over TCP must show a certificate, in TLS 1.2 or later; one without is
// not heard.
func TestGatewayMutualTLS(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	ca.make("server", ca)
	ca.make("client", ca)
	other.make("client", other)
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	p := &process{ctx, &out, io.Discard, func(name string) string { return map[string]string{"DAYPASS_ROOT_SECRET_ACCESS_KEY": "secret"}[name] }}
	c := Config{
		Listen: "127.0.0.1:0", Dev: true, RootAccessKeyID: "root", AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1, LogLevel: "error", LogFormat: "text",
		GatewayConfig: GatewayConfig{"127.0.0.1:0", ca.file("server.pem"), ca.file("server.key"), ca.file("ca.pem")},
	}
	r, err := start(p, c)
	if err != nil {
		t.Fatal(err)
	}
	c.banner(p, r)
	address := r.beside[0].listener.Addr().String()
	if !strings.Contains(out.String(), "\n  gateway   "+address+"\n") {
		t.Errorf("banner: %s", out.String())
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	ask := func(by *authority, most uint16) (int, error) {
		config := &tls.Config{RootCAs: roots, MaxVersion: most}
		if by != nil {
			pair, err := tls.LoadX509KeyPair(by.file("client.pem"), by.file("client.key"))
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = []tls.Certificate{pair}
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		q, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+address+"/private/version", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Vgw-Private-Protocol", "1")
		answer, err := (&http.Client{Transport: transport}).Do(q)
		if err != nil {
			return 0, err
		}
		defer answer.Body.Close()
		return answer.StatusCode, nil
	}
	if status, err := ask(ca, 0); status != http.StatusForbidden || err != nil { // heard, and not signed
		t.Errorf("with a certificate: %d, %v", status, err)
	}
	if status, err := ask(nil, 0); err == nil {
		t.Errorf("without a certificate: %d", status)
	}
	if status, err := ask(other, 0); err == nil {
		t.Errorf("with another authority's: %d", status)
	}
	if status, err := ask(ca, tls.VersionTLS11); err == nil {
		t.Errorf("with TLS 1.1: %d", status)
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	c.RootAccessKeyID = ""
	if _, err := start(p, c); err == nil || !strings.HasPrefix(err.Error(), "--dev with --gateway-listen 127.0.0.1:0, whose gateways serve others: everybody knows the root credentials test/test") {
		t.Errorf("with the root credentials that everybody knows: %v", err)
	}
	for _, bad := range []GatewayConfig{
		{"127.0.0.1:0", ca.file("none"), ca.file("server.key"), ca.file("ca.pem")},
		{"127.0.0.1:0", ca.file("server.pem"), ca.file("server.key"), ca.file("none")},
		{"127.0.0.1:0", ca.file("server.pem"), ca.file("server.key"), ca.file("server.key")},
	} {
		if _, err := bad.side(); err == nil || !strings.HasPrefix(err.Error(), gatewayFiles+": ") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
