//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// SIGHUP has a server take the certificate that replaced another, while clients
// begin connections and none of them fails; and the file that says where the server
// is comes and goes with it.
func TestHangUpReloads(t *testing.T) {
	ca := newAuthority(t, "ca")
	ca.make("first", ca)
	ca.make("second", ca)
	copyFile(t, ca.file("first.pem"), ca.file("cert"))
	copyFile(t, ca.file("first.key"), ca.file("key"))
	ready := filepath.Join(t.TempDir(), "ready")
	if err := os.WriteFile(ready, []byte("left behind"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w := pipe(t)
	c, endpoint := startLogging(t, w, "--tls-cert-file", ca.file("cert"), "--tls-key-file", ca.file("key"), "--ready-file", ready)
	w.Close()
	if text, err := os.ReadFile(ready); string(text) != endpoint+"\n" || err != nil {
		t.Errorf("ready file: %q, %v; want %s", text, err, endpoint)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	certificate := func() (string, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(endpoint + "/healthz")
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		return answer.TLS.PeerCertificates[0].Subject.CommonName, nil
	}
	var stop atomic.Bool
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for !stop.Load() {
				if _, err := certificate(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	copyFile(t, ca.file("second.pem"), ca.file("cert"))
	copyFile(t, ca.file("second.key"), ca.file("key"))
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	loaded := false
	lines := bufio.NewScanner(r)
	for !loaded && lines.Scan() {
		loaded = strings.Contains(lines.Text(), `msg="loaded the certificate that replaced another"`)
	}
	go func() {
		for lines.Scan() {
		}
	}()
	if name, err := certificate(); !loaded || name != "second" || err != nil {
		t.Errorf("loaded %v, certificate of %q, %v", loaded, name, err)
	}
	stop.Store(true)
	clients.Wait()
	terminate(t, c)
	if _, err := os.Lstat(ready); !os.IsNotExist(err) {
		t.Errorf("the ready file stays: %v", err)
	}
}
