package main

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/openid"
)

// Config is every setting of a server. The help texts are the manual. Secrets
// are not flags, since command lines are there for all to see: they come from
// files or from the environment.
type Config struct {
	Listen         string   `default:"127.0.0.1:4600" placeholder:"ADDR" help:"Address to listen on (${default}). One that is not loopback needs TLS, --trusted-proxies or --allow-plain-http."`
	TLSCertFile    string   `name:"tls-cert-file" placeholder:"FILE" help:"Certificate chain, PEM."`
	TLSKeyFile     string   `name:"tls-key-file" placeholder:"FILE" help:"Private key of the certificate, PEM."`
	TrustedProxies []string `placeholder:"CIDR" help:"Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto count. They must pass the Host header on unchanged: it is signed."`
	AllowPlainHTTP bool     `name:"allow-plain-http" help:"Listen without TLS on an address that is not loopback."`

	DataDir       string `default:"./daypass-data" placeholder:"DIR" help:"Directory of the database, the master key and the root credentials (${default})."`
	MasterKeyFile string `placeholder:"FILE" help:"File of the master key, which seals all secrets at rest. The key itself may be in DAYPASS_MASTER_KEY instead. Without either, master.key in the data directory is used, and made on the first start."`
	PublicURL     string `name:"public-url" placeholder:"URL" help:"Where clients reach the server (http://ADDR). Needed where --listen has no address."`
	Issuer        string `placeholder:"URL" help:"The iss of OpenID tokens (the public URL). For an exact emulation: https://cognito-identity.amazonaws.com."`
	AccountID     string `default:"000000000000" placeholder:"ID" help:"The account ID, twelve digits (${default})."`
	Region        string `default:"us-east-1" help:"The region to show in examples (${default}). The server answers for every region."`

	RootAccessKeyID string `name:"root-access-key-id" placeholder:"ID" help:"Access key ID of the account's root; its secret is in DAYPASS_ROOT_SECRET_ACCESS_KEY. Without it, root-credentials in the data directory is used, and made on the first start."`

	OutboundAllow  []string `placeholder:"HOST|CIDR" help:"Hosts and networks that outbound calls (to login providers) may reach although their addresses are private; with http:// in front, over plain HTTP too. Metadata addresses stay refused."`
	OutboundCAFile string   `name:"outbound-ca-file" placeholder:"FILE" help:"Certificate authorities of outbound calls, PEM, in place of the system's."`
	CORSOrigin     []string `name:"cors-origin" placeholder:"ORIGIN" help:"Browser origins that may call signed operations. The public operations answer every origin."`
	GuestRate      float64  `placeholder:"N" default:"-1" help:"Guests that a pool may get each second, in the long run (25; no limit with --dev; 0 for no limit)."`
	GuestBurst     int      `placeholder:"N" default:"1000" help:"Guests that a pool may get at once (${default})."`

	LoginConfig

	Rate  map[string]float64 `placeholder:"OPERATION=N" help:"Calls a second of an operation, all callers together (no limit), such as GetOpenIdToken=200."`
	Limit map[string]int     `placeholder:"NAME=N" help:"Quotas other than AWS's: ${limits}."`

	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"Least level of log lines: debug, info, warn or error (${default})."`
	LogFormat string `enum:"text,json" default:"text" help:"Form of log lines: text or json (${default})."`

	Dev bool `help:"For development: a throw-away store unless --data-dir is given, root credentials test/test, http issuers and outbound calls on loopback."`
}

const (
	defaultDataDir   = "./daypass-data"
	defaultGuestRate = 25
	devKey           = "test"
)

// settings are a Config that has been checked, with what it stands for.
type settings struct {
	instance instance.Config
	listen   string
	// ephemeral is the throw-away data directory, if there is one.
	ephemeral string
	// rootFile is where the root credentials are, empty if they were given.
	rootFile string
	log      *slog.Logger
}

var (
	accountID   = regexp.MustCompile(`\A[0-9]{12}\z`)
	accessKeyID = regexp.MustCompile(`\A[A-Za-z0-9_]{1,128}\z`)
)

// check finds the mistakes that show in the flags alone.
func (c *Config) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return usage("--listen %q: give an address and a port, such as 127.0.0.1:4600", c.Listen)
	}
	loopback := isLoopback(host)
	switch {
	case !accountID.MatchString(c.AccountID):
		return usage("--account-id %q: an account ID has twelve digits", c.AccountID)
	case !openid.ValidRegion(c.Region):
		return usage("--region %q: a region looks like us-east-1", c.Region)
	case (c.TLSCertFile == "") != (c.TLSKeyFile == ""):
		return usage("--tls-cert-file and --tls-key-file go together")
	case !loopback && c.TLSCertFile == "" && len(c.TrustedProxies) == 0 && !c.AllowPlainHTTP:
		return usage("--listen %s is not loopback: give --tls-cert-file and --tls-key-file, or --trusted-proxies, or --allow-plain-http", c.Listen)
	case c.Dev && !loopback && c.RootAccessKeyID == "":
		return usage("--dev with --listen %s, which is not loopback: everybody knows the root credentials test/test; give --root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY", c.Listen)
	case host == "" && c.PublicURL == "" || isUnspecified(host) && c.PublicURL == "":
		return usage("--listen %s has no address that clients could use: give --public-url", c.Listen)
	case c.RootAccessKeyID != "" && (!accessKeyID.MatchString(c.RootAccessKeyID) || strings.HasPrefix(c.RootAccessKeyID, "ASIA")):
		return usage("--root-access-key-id: 1 to 128 letters, digits and underscores, not beginning with ASIA")
	case c.badRate() != "":
		return usage("--rate %s: name an operation and a number above 0", c.badRate())
	case c.GuestBurst < 1:
		return usage("--guest-burst must be at least 1")
	}
	for flag, value := range map[string]string{"--public-url": c.PublicURL, "--issuer": c.Issuer} {
		if err := checkURL(value); err != nil {
			return usage("%s %q: %w", flag, value, err)
		}
	}
	return nil
}

// checkURL says whether a URL can be an issuer or a public URL; empty is fine.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return errors.New("give the whole URL, such as https://login.example.com")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(s, "/"):
		return errors.New("no query, no fragment, no user and no slash at the end")
	}
	return nil
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

func isUnspecified(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsUnspecified()
}

// publicURL is the public URL for an address that is listened on.
func (c *Config) publicURL(listen string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	if c.TLSCertFile != "" {
		return "https://" + listen
	}
	return "http://" + listen
}

// settle turns the configuration into settings: it reads files and makes those
// of the first start. Listen is the address that is listened on.
func (c *Config) settle(p *process, listen string) (_ *settings, err error) {
	s := &settings{listen: listen, log: c.logger(p)}
	dir := c.DataDir
	if c.Dev && dir == defaultDataDir {
		if dir, err = os.MkdirTemp("", "daypass-dev-"); err != nil {
			return nil, err
		}
		s.ephemeral = dir
	}
	defer func() {
		if err != nil {
			s.cleanUp()
		}
	}()
	s.instance = instance.Config{
		DataDir: dir, Account: c.AccountID, PublicURL: c.publicURL(listen), Issuer: c.Issuer, Dev: c.Dev,
		OutboundAllow: c.OutboundAllow, CORSOrigins: c.CORSOrigin, Guests: c.guests(), Log: s.log,
	}
	if s.instance.TrustedProxies, err = prefixes(c.TrustedProxies); err != nil {
		return nil, err
	}
	if err = c.limits(&s.instance); err != nil {
		return nil, err
	}
	if s.instance.Logins, err = c.LoginConfig.settle(p); err != nil {
		return nil, err
	}
	if s.instance.OutboundCAs, err = readCAs(c.OutboundCAFile); err != nil {
		return nil, err
	}
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.instance.MasterKey, err = c.masterKey(p, dir); err != nil {
		return nil, err
	}
	s.instance.Root, s.rootFile, err = c.root(p, dir)
	return s, err
}

// cleanUp removes what was only for this run.
func (s *settings) cleanUp() {
	if s.ephemeral != "" {
		_ = os.RemoveAll(s.ephemeral) // a temporary directory; nothing is lost if it stays
	}
}

func (c *Config) logger(p *process) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by the flag parser
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, o))
	}
	return slog.New(slog.NewTextHandler(p.stderr, o))
}

func (c *Config) guests() *cognito.GuestLimiter {
	rate := c.GuestRate
	if rate < 0 && !c.Dev {
		rate = defaultGuestRate
	}
	if rate <= 0 {
		return nil
	}
	return &cognito.GuestLimiter{PerSecond: rate, Burst: c.GuestBurst}
}

func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if a, aerr := netip.ParseAddr(s); aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, usage("--trusted-proxies %q: give addresses or networks, such as 10.0.0.0/8", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func readCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("--outbound-ca-file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage("--outbound-ca-file %s: no certificate in it", file)
	}
	return pool, nil
}
