package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// copyFile puts a file in the place of another, as a tool that renews certificates
// does.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

// Files that are replaced count for connections that begin later, and only once all
// of them fit together.
func TestCertificateReplaced(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	for _, name := range []string{"first", "second", "third"} {
		ca.make(name, ca)
	}
	ca.make("client", ca)
	other.make("client", other)
	copyFile(t, ca.file("first.pem"), ca.file("cert"))
	copyFile(t, ca.file("first.key"), ca.file("key"))
	copyFile(t, ca.file("ca.pem"), ca.file("clients"))
	now := time.Now()
	var log bytes.Buffer
	f := &tlsFiles{flags: "--files", cert: ca.file("cert"), key: ca.file("key"), clientCA: ca.file("clients")}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	f.log, f.now, f.looked = slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now }, now
	config := f.listen()
	// ask begins a connection, and gives the name in the server's certificate.
	ask := func(by *authority) (string, error) {
		t.Helper()
		client, server := net.Pipe()
		defer client.Close()
		done := make(chan error, 1)
		go func() {
			defer server.Close()
			s := tls.Server(server, config)
			err := s.HandshakeContext(t.Context())
			if err == nil {
				_, err = s.Write([]byte("x"))
			}
			done <- err
		}()
		pair, err := tls.LoadX509KeyPair(by.file("client.pem"), by.file("client.key"))
		if err != nil {
			t.Fatal(err)
		}
		c := tls.Client(client, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}})
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return "", err
		}
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName, <-done
	}
	expect := func(step, want string) {
		t.Helper()
		if got, err := ask(ca); got != want || err != nil {
			t.Errorf("%s: certificate of %q (%v), want %q\n%s", step, got, err, want, &log)
		}
	}
	expect("at first", "first")
	copyFile(t, ca.file("second.pem"), ca.file("cert"))
	expect("within the interval", "first")
	now = now.Add(certificateInterval)
	expect("one of two replaced", "first")
	now = now.Add(certificateInterval)
	expect("still one of two", "first")
	if got := strings.Count(log.String(), "level=WARN"); got != 1 || !strings.Contains(log.String(), "private key does not match public key") {
		t.Errorf("%d warnings:\n%s", got, &log)
	}
	copyFile(t, ca.file("second.key"), ca.file("key"))
	now = now.Add(certificateInterval)
	expect("both replaced", "second")
	if !strings.Contains(log.String(), `level=INFO msg="loaded the certificate that replaced another" files=--files not_after=`) {
		t.Errorf("log:\n%s", &log)
	}
	copyFile(t, ca.file("third.pem"), ca.file("cert"))
	copyFile(t, ca.file("third.key"), ca.file("key"))
	f.reload()
	expect("reloaded", "third")
	if err := os.Remove(ca.file("key")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateInterval)
	expect("a file is gone", "third")
	now = now.Add(-time.Hour)
	copyFile(t, ca.file("third.key"), ca.file("key"))
	copyFile(t, other.file("other.pem"), ca.file("clients"))
	if _, err := ask(ca); err == nil { // a clock that was put back does not keep the files from being looked at
		t.Error("a client of the authority from before is accepted")
	}
	if got, err := ask(other); got != "third" || err != nil {
		t.Errorf("a client of the new authority: %q, %v", got, err)
	}
}
