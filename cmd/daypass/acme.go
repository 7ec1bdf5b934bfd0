package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/acme"
)

// ACMEConfig is how certificates are obtained.
type ACMEConfig struct {
	ACMEHost      []string `name:"acme-host" placeholder:"NAME" help:"Host name to get and renew a certificate for, instead of --tls-cert-file, from a certificate authority that speaks ACME. By setting it you agree to the authority's terms of service. The authority connects to NAME:443, which must lead to --listen. The first name is the host of --public-url unless that is set. Repeatable."`
	ACMEDirectory string   `name:"acme-directory" default:"${acmeDirectory}" placeholder:"URL" help:"Directory of the authority (Let's Encrypt's, ${default}). Its host and port may have a private address."`
	ACMEEmail     string   `name:"acme-email" placeholder:"ADDRESS" help:"Where the authority may send warnings."`
	ACMEDir       string   `name:"acme-dir" placeholder:"DIR" help:"Directory of the account and the certificates (acme in the data directory). With --database there is no default, and each server has its own."`
}

// acmeTimeout is the deadline of one request to the authority, which may do much for it.
const acmeTimeout = 30 * time.Second

// speaksTLS says whether --listen speaks TLS.
func (c *Config) speaksTLS() bool { return c.TLSCertFile != "" || len(c.ACMEHost) > 0 }

// checkACME finds the mistakes that show in the flags alone.
func (c *Config) checkACME() error {
	c.ACMEDirectory = cmp.Or(c.ACMEDirectory, acme.LetsEncrypt)
	if len(c.ACMEHost) == 0 {
		switch {
		case c.ACMEDirectory != acme.LetsEncrypt:
			return usage("--acme-directory goes with --acme-host")
		case c.ACMEEmail != "":
			return usage("--acme-email goes with --acme-host")
		case c.ACMEDir != "":
			return usage("--acme-dir goes with --acme-host")
		}
		return nil
	}
	for _, host := range c.ACMEHost {
		if err := acme.CheckHost(host); err != nil {
			return usage("--acme-host %q: %w", host, err)
		}
	}
	switch u, err := url.Parse(c.ACMEDirectory); {
	case c.TLSCertFile != "" || c.TLSKeyFile != "":
		return usage("--acme-host and --tls-cert-file exclude each other: give the one or the other")
	case len(c.ACMEHost) > acme.MaxHosts:
		return usage("--acme-host: at most %d names", acme.MaxHosts)
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		return usage("--acme-directory %q: give the whole URL, such as %s", c.ACMEDirectory, acme.LetsEncrypt)
	case c.Database != "" && c.ACMEDir == "":
		return usage("--acme-host with --database: give a directory for the certificates with --acme-dir")
	}
	if c.ACMEEmail != "" {
		if a, err := mail.ParseAddress(c.ACMEEmail); err != nil || a.Address != c.ACMEEmail {
			return usage("--acme-email %q: give an address, such as admin@example.com", c.ACMEEmail)
		}
	}
	return nil
}

// acmeCertificates are certificates that the server obtains itself.
type acmeCertificates struct{ acme.Keeper }

// obtained are the certificates of --acme-host, the same ones for each listener.
func (c *Config) obtained() *acmeCertificates {
	if c.acme == nil {
		c.acme = &acmeCertificates{acme.Keeper{Hosts: c.ACMEHost, Directory: c.ACMEDirectory, Email: c.ACMEEmail, Protocols: apiProtocols}}
	}
	return c.acme
}

// obtain has a server obtain its certificates, if it is to. Those of each authority are
// apart, so that one for trials leaves nothing behind.
func (c *Config) obtain(s *settings) error {
	if len(c.ACMEHost) == 0 {
		return nil
	}
	u, err := url.Parse(c.ACMEDirectory)
	if err != nil {
		return err // checkACME has said so
	}
	k := c.obtained()
	k.Dir = filepath.Join(cmp.Or(c.ACMEDir, filepath.Join(s.instance.DataDir, "acme")), directoryName(u))
	k.HTTP = &http.Client{Transport: s.instance.Caller(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")), acmeTimeout)}
	k.Log = s.log
	s.acme = k
	return k.Load()
}

// directoryName is the name of the folder for an authority.
func directoryName(u *url.URL) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(u.Host+u.Path)), "-.")
}

func (a *acmeCertificates) listen() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: a.ConfigFor}
}

func (a *acmeCertificates) report(*slog.Logger) {}

func (a *acmeCertificates) reload() { a.Retry() }

func (a *acmeCertificates) ends() time.Time { return a.Ends() }

// keepCertificates renews certificates until ctx ends.
func (s *settings) keepCertificates(ctx context.Context) {
	if s.acme != nil {
		s.acme.Run(ctx)
	}
}
