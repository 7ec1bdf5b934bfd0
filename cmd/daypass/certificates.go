package main

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// certificates are what a listener speaks TLS with.
type certificates interface {
	// listen is how a listener speaks TLS, with what there is when a connection begins.
	listen() *tls.Config
	// report names who is told what becomes of the certificates.
	report(*slog.Logger)
	// reload looks for others at once.
	reload()
	// ends is when the first certificate to end does; zero before there is one.
	ends() time.Time
}

// apiProtocols are what the API's listener speaks, best first.
var apiProtocols = []string{"h2", "http/1.1"}

// tlsFiles are the files that say how a listener speaks TLS. They may be replaced
// while the server runs: a connection that begins a second later, or after
// [tlsFiles.reload], gets what they say then. Files that do not fit together, as
// when only one of two has been replaced yet, leave everything as it is.
type tlsFiles struct {
	// flags name the files in messages.
	flags string
	// cert and key are the certificate chain and its private key. clientCA has the
	// authorities of clients, who then have to present a certificate; empty for none.
	cert, key, clientCA string
	// protocols are what the listener speaks, best first.
	protocols []string
	// log is told what becomes of files that were replaced.
	log *slog.Logger
	// now is the clock.
	now func() time.Time

	mu     sync.Mutex
	looked time.Time // when the files were last looked at
	config *tls.Config
	made   [3]fs.FileInfo // the files that config was made of
	failed string         // why those that are there now are not in use
}

// certificateInterval is how long files are taken for unchanged, so that a stranger
// who only begins connections costs no look at the disk for each.
const certificateInterval = time.Second

// sameFile says whether two looks at a path, nil where there was nothing, found the same
// file, unchanged.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// load reads the files for the first time.
func (f *tlsFiles) load() error {
	f.now = time.Now
	there := f.there()
	config, err := f.read()
	if err != nil {
		return err
	}
	f.config, f.made, f.looked = config, there, f.now()
	return nil
}

// there is what is there now of the three files.
func (f *tlsFiles) there() (all [3]fs.FileInfo) {
	for i, path := range []string{f.cert, f.key, f.clientCA} {
		if path != "" {
			all[i], _ = os.Stat(path) // reading it says why it cannot be used
		}
	}
	return all
}

func (f *tlsFiles) read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, usage("%s: %w", f.flags, err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: f.protocols}
	if f.clientCA != "" {
		if c.ClientCAs, err = readCAs(f.flags, f.clientCA); err != nil {
			return nil, err
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// listen is how a listener speaks TLS as the files say when a connection begins.
func (f *tlsFiles) listen() *tls.Config {
	c := f.config.Clone()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current(), nil }
	return c
}

func (f *tlsFiles) report(to *slog.Logger) { f.log = to }

func (f *tlsFiles) ends() time.Time { return notAfter(f.current()) }

func (f *tlsFiles) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= certificateInterval || now.Before(f.looked) {
		f.look(now)
	}
	return f.config
}

// reload looks at the files at once.
func (f *tlsFiles) reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.look(f.now())
}

// look takes what the files say now, if they have been replaced and fit together.
func (f *tlsFiles) look(now time.Time) {
	f.looked = now
	there := f.there()
	if f.failed == "" && slices.EqualFunc(there[:], f.made[:], sameFile) {
		return
	}
	config, err := f.read()
	if err != nil {
		if f.failed != err.Error() {
			f.log.Warn("the certificate files were replaced by some that cannot be used; the certificate from before stays in use",
				slog.String("files", f.flags), slog.Any("error", err), slog.Time("not_after", notAfter(f.config)))
		}
		f.failed = err.Error()
		return
	}
	f.config, f.made, f.failed = config, there, ""
	level := slog.LevelInfo
	if !now.Before(notAfter(config)) {
		level = slog.LevelWarn
	}
	f.log.Log(context.Background(), level, "loaded the certificate that replaced another", slog.String("files", f.flags), slog.Time("not_after", notAfter(config)))
}

// notAfter is when the certificate of a listener ends.
func notAfter(c *tls.Config) time.Time {
	if leaf := c.Certificates[0].Leaf; leaf != nil {
		return leaf.NotAfter
	}
	return time.Time{}
}
