package interop

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// lines are what a program writes, as it does.
type lines struct {
	mu   sync.Mutex
	more *sync.Cond
	all  []string
	end  bool
}

func follow(t *testing.T, r io.Reader) *lines {
	l := &lines{}
	l.more = sync.NewCond(&l.mu)
	done := make(chan struct{})
	t.Cleanup(func() { <-done }) // t.Log is for tests that run
	go func() {
		defer close(done)
		for s := bufio.NewScanner(r); s.Scan(); {
			t.Log(s.Text())
			l.mu.Lock()
			l.all = append(l.all, s.Text())
			l.mu.Unlock()
			l.more.Broadcast()
		}
		l.mu.Lock()
		l.end = true
		l.mu.Unlock()
		l.more.Broadcast()
	}()
	return l
}

// await waits for a line after the first n that has all of the texts, and says how many
// lines there are up to it.
func (l *lines) await(t *testing.T, n int, texts ...string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock() // so that nobody is about to wait
		defer l.mu.Unlock()
		l.more.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := n; ; {
		for ; i < len(l.all); i++ {
			has := true
			for _, text := range texts {
				has = has && strings.Contains(l.all[i], text)
			}
			if has {
				return i + 1
			}
		}
		if l.end || ctx.Err() != nil {
			t.Fatalf("no line with %q", texts)
		}
		l.more.Wait()
	}
}

// count is how many lines have a text.
func (l *lines) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// names is a name server by which every name is this machine's, but not those that begin
// with "wrong".
func names(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t) // Pebble asks by TCP
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for answerName(c) == nil {
				}
			}()
		}
	}()
	return l.Addr().String()
}

// answerName answers one question.
func answerName(c net.Conn) error {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	packet := make([]byte, int(size[0])<<8|int(size[1]))
	if _, err := io.ReadFull(c, packet); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return err
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	switch {
	case strings.HasPrefix(q.Name.String(), "wrong"):
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	answer, err := m.Pack()
	if err != nil {
		return err
	}
	_, err = c.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...))
	return err
}

// pebble is Let's Encrypt's test server. It refuses a third of all nonces, and its
// certificates last for twelve seconds.
type pebble struct {
	program, config, names, at, manage string
	trust                              *http.Client
}

func newPebble(t *testing.T, tlsAddress string) (*pebble, *authority) {
	t.Helper()
	p := &pebble{program: need(t, "pebble"), names: names(t), at: freeAddress(t), manage: freeAddress(t)}
	a := newAuthority(t)
	a.issue(t, "pebble")
	_, port, _ := net.SplitHostPort(tlsAddress)
	p.config = filepath.Join(t.TempDir(), "pebble.json")
	text := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q, "httpPort": 1, "tlsPort": %s,
		"retryAfter": {"authz": 1, "order": 1}, "profiles": {"default": {"description": "short", "validityPeriod": 12}}}}`,
		p.at, p.manage, a.file("pebble.pem"), a.file("pebble.key"), port)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	p.trust = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	return p, a
}

// start starts it, empty, and gives the root of its certificates and what ends it.
func (p *pebble) start(t *testing.T) (roots *x509.CertPool, stop func()) {
	t.Helper()
	c := exec.Command(p.program, "-config", p.config, "-dnsserver", p.names)
	c.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=33")
	log := follow(t, must(c.StdoutPipe())(t))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = c.Process.Kill(); _ = c.Wait() })
	t.Cleanup(stop)
	log.await(t, 0, "ACME directory available")
	for {
		answer, err := p.trust.Get("https://" + p.manage + "/roots/0")
		if err != nil {
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
			continue // it says that it listens before it does
		}
		roots = x509.NewCertPool()
		if text := must(io.ReadAll(answer.Body))(t); !roots.AppendCertsFromPEM(text) {
			t.Fatalf("no root: %s", text)
		}
		_ = answer.Body.Close()
		break
	}
	return roots, stop
}

// serial asks a server something on a connection of its own, trusting roots, and gives the
// serial number of its certificate.
func serial(address, host string, roots *x509.CertPool) (string, error) {
	var number string
	c := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{RootCAs: roots, VerifyConnection: func(s tls.ConnectionState) error {
			number = s.PeerCertificates[0].SerialNumber.String()
			return nil
		}},
	}}
	answer, err := c.Get("https://" + host + "/healthz")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
		return "", fmt.Errorf("%s %s", answer.Proto, answer.Status)
	}
	return number, nil
}

// A server gets its certificate from an authority that is down at first, renews it while
// clients come and go, goes on while the authority is away, and is not kept from it by a
// host that leads elsewhere.
func TestACME(t *testing.T) {
	address := freeAddress(t)
	ca, trusted := newPebble(t, address)
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	const host, wrong = "login.example.test", "wrong.example.test"
	dir, metrics := t.TempDir(), freeAddress(t)
	c := exec.Command(program, "serve", "--data-dir", dir, "--listen", address, "--acme-host", host, "--acme-host", wrong, "--acme-email", "admin@example.test",
		"--acme-directory", "https://"+ca.at+"/dir", "--outbound-ca-file", trusted.file("ca.pem"), "--metrics-listen", metrics)
	log := follow(t, must(c.StderrPipe())(t))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("daypass: %v", err)
		}
	})
	const failed = "a certificate could not be obtained, which is tried again"
	log.await(t, 0, "level=ERROR", failed, "host="+host, "connection refused", "next_attempt=")
	if _, err := serial(address, host, nil); err == nil || !strings.Contains(err.Error(), "tls: internal error") {
		t.Errorf("without a certificate: %v", err)
	}

	roots, kill := ca.start(t)
	at := log.await(t, 0, "level=INFO", "msg=ready")
	hangUp(t, c)
	at = log.await(t, at, "obtained a certificate", "host="+host)
	log.await(t, 0, "level=ERROR", failed, "host="+wrong, "the CA did not find this server at "+wrong+":443")
	first, err := serial(address, host, roots)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{host + ".pem": 0o600, "account.key": 0o600, ".": 0o700 | os.ModeDir} {
		path := filepath.Join(dir, "acme", strings.NewReplacer(":", "-").Replace(ca.at)+"-dir", name)
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	// Whoever names a foreign host gets what there is, and has nothing issued.
	foreign := must(tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "foreign.example.test"}))(t)
	if names := foreign.ConnectionState().PeerCertificates[0].DNSNames; len(names) != 1 || names[0] != host {
		t.Errorf("for a foreign name: a certificate for %q", names)
	}
	_ = foreign.Close()
	answer := must(http.Get("http://" + metrics + "/metrics"))(t)
	var ends float64
	for s := bufio.NewScanner(answer.Body); s.Scan(); {
		_, _ = fmt.Sscanf(s.Text(), `daypass_certificate_not_after_seconds{listener="api"} %g`, &ends)
	}
	_ = answer.Body.Close()
	if left := time.Until(time.Unix(int64(ends), 0)); left < -time.Second || left > 12*time.Second {
		t.Errorf("by the metrics, the certificate ends in %v", left)
	}

	// Renewed twice under load.
	seen := map[string]bool{first: true}
	var mu sync.Mutex
	var clients sync.WaitGroup
	requests := 0
	for range 4 {
		clients.Go(func() {
			for t.Context().Err() == nil {
				number, err := serial(address, host, roots)
				mu.Lock()
				requests++
				seen[number] = true
				enough := len(seen) >= 3
				mu.Unlock()
				if err != nil {
					t.Errorf("a connection during renewals: %v", err)
					return
				}
				if enough {
					return
				}
			}
		})
	}
	clients.Wait()
	if len(seen) < 3 {
		t.Fatalf("%d certificates", len(seen))
	}
	t.Logf("%d connections", requests)

	// The authority is away when the next renewal is due, and has forgotten everybody when
	// it comes back.
	kill()
	at = log.await(t, at, "level=WARN", failed, "host="+host, "not_after=")
	if _, err := serial(address, host, roots); err != nil {
		t.Errorf("while the authority is away: %v", err)
	}
	roots, _ = ca.start(t)
	hangUp(t, c)
	log.await(t, at, "obtained a certificate", "host="+host)
	if _, err := serial(address, host, roots); err != nil {
		t.Errorf("when the authority is back: %v", err)
	}
	if n := log.count("foreign.example.test"); n > 0 {
		t.Errorf("%d lines about a foreign host", n)
	}
}

func hangUp(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}
