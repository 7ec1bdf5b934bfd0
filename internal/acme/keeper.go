// Package acme keeps the certificates of a server's hosts: it gets them from a
// certificate authority (CA) that speaks ACME (RFC 8555), renews them in the background,
// and proves that the hosts are this server's where the CA asks: on the server's own TLS
// listener, by the protocol acme-tls/1 (RFC 8737, tls-alpn-01).
//
// A certificate is asked for because a host is configured, and never because somebody
// who connects names it. Each host has a certificate of its own, so that one that does
// not lead here keeps none of the others from theirs.
//
// What must last is in a directory: account.key, and for each host the file HOST.pem with
// the key and the chain, all of them for the server's user alone.
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/bits"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/seal"
)

const (
	// MaxHosts is how many hosts a Keeper keeps certificates for.
	MaxHosts = 100

	// LetsEncrypt is the CA that is asked unless another one is configured.
	LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

	// firstPause is how long to wait after a first failure, and longestPause after many.
	// Each pause is three times the one before: Let's Encrypt refuses a host for an hour
	// after five failures in one.
	firstPause   = time.Minute
	longestPause = time.Hour

	// longestSleep is when a Keeper looks at the clock again, which may have been set.
	longestSleep = time.Hour

	// maxFile is the longest file that is read, in bytes.
	maxFile = 1 << 20

	// challengeProtocol is the ALPN protocol of the CA's question.
	challengeProtocol = "acme-tls/1"
)

// Keeper keeps certificates. Its exported fields must not change after Load.
type Keeper struct {
	// Hosts are the names that certificates are for; see CheckHost.
	Hosts []string
	// Directory is the URL of the CA's directory; empty for [LetsEncrypt].
	Directory string
	// Email is where the CA may send warnings; empty for nowhere.
	Email string
	// Dir is the directory of the account and the certificates, which Load makes.
	Dir string
	// HTTP makes the calls.
	HTTP *http.Client
	// Protocols are what the listener speaks, best first.
	Protocols []string
	// Log is told of certificates that were obtained, or could not be.
	Log *slog.Logger
	// Pause is how long to wait after a first failure; zero for a minute.
	Pause time.Duration

	account sync.Mutex // held while the account's key is read or made

	mu         sync.Mutex
	kept       map[string]*kept
	challenges map[string]*tls.Config // by host, while the CA asks
}

// kept is the certificate of a host.
type kept struct {
	config *tls.Config       // nil until there is a certificate
	leaf   *x509.Certificate // of config
	wake   chan struct{}     // has a value when the host is to be looked at at once
}

var hostName = regexp.MustCompile(`\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z`)

// CheckHost says why a name cannot be one of Hosts.
func CheckHost(host string) error {
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case strings.Contains(host, "*"):
		return errors.New("a certificate for a wildcard needs a record in the DNS, which daypass cannot set; name each host")
	case len(host) > 253 || !hostName.MatchString(host) || strings.Trim(last, "0123456789") == "":
		return errors.New("give a host name in lower case, without scheme and port, such as login.example.com")
	}
	return nil
}

// Load reads what there is in the directory. A certificate that cannot be used is as good
// as none.
func (k *Keeper) Load() error {
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return err
	}
	k.kept, k.challenges = map[string]*kept{}, map[string]*tls.Config{}
	for _, host := range k.Hosts {
		h := &kept{wake: make(chan struct{}, 1)}
		k.kept[host] = h
		text, err := seal.ReadPrivate(k.file(host), maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = k.use(host, text)
		}
		if err != nil {
			k.Log.Warn("the certificate of a host cannot be used, and another is obtained", slog.String("host", host), slog.String("file", k.file(host)), slog.Any("error", err))
		}
	}
	return nil
}

func (k *Keeper) file(host string) string { return filepath.Join(k.Dir, host+".pem") }

// use takes a key and a chain, PEM, as what a host has.
func (k *Keeper) use(host string, text []byte) error {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return err
	}
	pair.Leaf = leaf
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[host].config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: k.Protocols}
	k.kept[host].leaf = leaf
	return nil
}

// ConfigFor is how to speak TLS with a client that begins a connection. One that names no
// host, or a foreign one, gets the certificate of the first host.
func (k *Keeper) ConfigFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Equal(hello.SupportedProtos, []string{challengeProtocol}) { // RFC 8737, section 3: nothing else
		if c := k.challenges[name]; c != nil {
			return c, nil
		}
		return nil, errors.New("nobody has to prove anything for that host")
	}
	h := k.kept[name]
	if h == nil {
		name = k.Hosts[0]
		h = k.kept[name]
	}
	if h.config == nil {
		return nil, fmt.Errorf("there is no certificate for %s yet", name)
	}
	return h.config, nil
}

// Ends is when the certificate ends that ends first; zero where there is none.
func (k *Keeper) Ends() (first time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.kept {
		if h.leaf != nil && (first.IsZero() || h.leaf.NotAfter.Before(first)) {
			first = h.leaf.NotAfter
		}
	}
	return first
}

// Retry has those hosts tried at once that wait after a failure.
func (k *Keeper) Retry() {
	for _, h := range k.kept {
		select {
		case h.wake <- struct{}{}:
		default: // it is about to be
		}
	}
}

// Run obtains and renews certificates until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, host := range k.Hosts {
		work.Go(func() { k.keep(ctx, host) })
	}
	work.Wait()
}

// keep does so for one host.
func (k *Keeper) keep(ctx context.Context, host string) {
	failures, next := 0, k.due(host)
	for {
		if wait := time.Until(next); wait > 0 {
			woken := k.sleep(ctx, host, min(wait, longestSleep))
			if ctx.Err() != nil {
				return
			}
			if failures == 0 {
				next = k.due(host) // again, by the clock of now
			}
			if !woken || failures == 0 { // Retry is for what failed
				continue
			}
		}
		err := k.obtain(ctx, host)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failures, next = 0, k.due(host)
			k.Log.Info("obtained a certificate", slog.String("host", host), slog.Time("not_after", k.leaf(host).NotAfter))
			continue
		}
		next = time.Now().Add(k.pause(failures, err))
		failures++
		k.failed(ctx, host, err, next)
	}
}

// sleep waits, and says whether the host is to be looked at before its time.
func (k *Keeper) sleep(ctx context.Context, host string, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-k.kept[host].wake:
		return true
	}
	return false
}

// due is when a certificate is to be obtained: when a third of the life of the one that
// there is is left, or at once.
func (k *Keeper) due(host string) time.Time {
	leaf := k.leaf(host)
	if leaf == nil {
		return time.Time{}
	}
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3)
}

func (k *Keeper) leaf(host string) *x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept[host].leaf
}

// pause is how long to wait after so many failures before this one, or as long as the CA
// asks for.
func (k *Keeper) pause(failures int, err error) time.Duration {
	d := k.Pause
	if d == 0 {
		d = firstPause
	}
	for range min(failures, bits.UintSize) {
		d = min(3*d, longestPause)
	}
	return max(d, min(rateLimit(err), 24*time.Hour))
}

// failed says that no certificate could be obtained: as an error where the host has none
// that is good.
func (k *Keeper) failed(ctx context.Context, host string, err error, next time.Time) {
	level, attrs := slog.LevelWarn, []slog.Attr{slog.String("host", host), slog.Any("error", err), slog.Time("next_attempt", next)}
	switch leaf := k.leaf(host); {
	case leaf == nil:
		level = slog.LevelError
	case !time.Now().Before(leaf.NotAfter):
		level = slog.LevelError
		fallthrough
	default:
		attrs = append(attrs, slog.Time("not_after", leaf.NotAfter))
	}
	k.Log.LogAttrs(ctx, level, "a certificate could not be obtained, which is tried again", attrs...)
}
