package main

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

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

	mu      sync.Mutex
	looked  time.Time // when the files were last looked at
	config  *tls.Config
	version [3]fileVersion // of the files that config was made of
	failed  string         // why those that are there now are not in use
}

// certificateInterval is how long files are taken for unchanged, so that a stranger
// who only begins connections costs no look at the disk for each.
const certificateInterval = time.Second

// fileVersion tells a file from the one that was there before.
type fileVersion struct {
	modified time.Time
	size     int64
	info     fs.FileInfo
}

func versionOf(path string) (v fileVersion) {
	if path == "" {
		return v
	}
	if info, err := os.Stat(path); err == nil {
		v = fileVersion{info.ModTime(), info.Size(), info}
	}
	return v
}

// is says whether it is still the same file.
func (v fileVersion) is(o fileVersion) bool {
	return v.modified.Equal(o.modified) && v.size == o.size && (v.info == nil) == (o.info == nil) && (v.info == nil || os.SameFile(v.info, o.info))
}

// load reads the files for the first time.
func (f *tlsFiles) load() error {
	f.now = time.Now
	versions := f.versions()
	config, err := f.read()
	if err != nil {
		return err
	}
	f.config, f.version, f.looked = config, versions, f.now()
	return nil
}

func (f *tlsFiles) versions() [3]fileVersion {
	return [3]fileVersion{versionOf(f.cert), versionOf(f.key), versionOf(f.clientCA)}
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
	versions := f.versions()
	same := true
	for i, v := range versions {
		same = same && v.is(f.version[i])
	}
	if same && f.failed == "" {
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
	f.config, f.version, f.failed = config, versions, ""
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
