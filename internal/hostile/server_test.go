package hostile

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/sigv4"
)

// memory is what a server has, and most is what it may ever have had.
const (
	memory = 256 << 20
	most   = 200 << 20
)

// build makes the binary.
func build(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "daypass")
	c := exec.Command("go", "build", "-trimpath", "-o", exe, "github.com/daypass/daypass/cmd/daypass")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return exe
}

// server is a daypass in a process, and if possible a cgroup, of its own.
type server struct {
	addr, url string
	tls       *tls.Config // how to reach it, nil for plain HTTP
	pool      string
	healthy   *client.Client
	cmd       *exec.Cmd
	cgroup    cgroup
	died      chan error
}

// serve starts a server with a pool for guests.
func serve(t *testing.T, exe string, secure bool) *server {
	t.Helper()
	s := &server{died: make(chan error, 1)}
	var err error
	env := os.Environ()
	if s.cgroup, err = newCgroup(t, memory); err != nil {
		t.Logf("NO CGROUP can be made here, so that nothing kills a server that takes too much; its peak is judged all the same, and GOMEMLIMIT=128MiB stands for the limit: %v", err)
		env = append(env, "GOMEMLIMIT=128MiB")
	}
	args := []string{exe, "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--dev"}
	if secure {
		args = append(args, s.certify(t)...)
	}
	args = s.cgroup.command(args...)
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Env = env
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop(t)
		if b, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("the end of its log:\n%s", b[max(0, len(b)-4000):])
		}
		log.Close()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, url, found := strings.Cut(lines.Text(), "endpoint  "); found {
			s.url = url
		}
		if strings.Contains(lines.Text(), "create-identity-pool") { // the last line
			break
		}
	}
	go func() { s.died <- s.cmd.Wait() }()
	if _, s.addr, _ = strings.Cut(s.url, "://"); s.addr == "" {
		t.Fatal("the server does not start")
	}
	s.healthy = s.client()
	s.makePool(t)
	return s
}

// selfSigned makes a certificate for loopback.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// certify gives the server a certificate, and gives the flags for it.
func (s *server) certify(t *testing.T) []string {
	t.Helper()
	c := selfSigned(t)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	for name, b := range map[string][]byte{"cert": cert, "key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.tls = &tls.Config{RootCAs: x509.NewCertPool()}
	s.tls.RootCAs.AppendCertsFromPEM(cert)
	return []string{"--tls-cert-file", filepath.Join(dir, "cert"), "--tls-key-file", filepath.Join(dir, "key")}
}

// client is one that means well and comes from an address of its own.
func (s *server) client() *client.Client {
	dial := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 5 * time.Second}
	return &client.Client{
		Endpoint: s.url, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"},
		HTTP: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dial.DialContext, TLSClientConfig: s.tls}},
	}
}

func (s *server) makePool(t *testing.T) {
	t.Helper()
	out, err := s.healthy.JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "hostile", "AllowUnauthenticatedIdentities": true})
	if err != nil {
		t.Fatal(err)
	}
	var pool struct{ IdentityPoolId string }
	if err := json.Unmarshal(out, &pool); err != nil {
		t.Fatal(err)
	}
	s.pool = pool.IdentityPoolId
}

// peak is the most that the process ever had in memory.
func (s *server) peak(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := bytes.Cut(b, []byte("VmHWM:"))
	fields := strings.Fields(string(rest))
	if !found || len(fields) < 2 || fields[1] != "kB" {
		t.Fatalf("no VmHWM in %s", b)
	}
	kb, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// alive says how the server ended, nil if it has not.
func (s *server) alive() error {
	select {
	case err := <-s.died:
		s.died <- err
		if err == nil {
			err = errors.New("it has ended")
		}
		return err
	default:
		return nil
	}
}

func (s *server) stop(t *testing.T) {
	if s.alive() != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL) // its data is thrown away
	select {
	case <-s.died:
	case <-time.After(10 * time.Second):
		t.Error("the server does not end")
	}
}
