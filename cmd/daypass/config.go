package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit/sinks"
	"github.com/daypass/daypass/internal/backup/agekey"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/metrics"
)

// Config is every setting of a server. The help texts are the manual. Secrets
// are not flags, since command lines are there for all to see: they come from
// files or from the environment.
type Config struct {
	Listen         string   `default:"127.0.0.1:4600" placeholder:"ADDR" help:"Address to listen on (${default}). Other than loopback, it needs TLS, --trusted-proxies or --allow-plain-http."`
	TLSCertFile    string   `name:"tls-cert-file" placeholder:"FILE" help:"Certificate chain, PEM. It and the key can be replaced while the server runs."`
	TLSKeyFile     string   `name:"tls-key-file" placeholder:"FILE" help:"Private key of the certificate, PEM."`
	TrustedProxies []string `placeholder:"CIDR" help:"Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto count. They must pass the Host header on unchanged, because signatures cover it."`
	AllowPlainHTTP bool     `name:"allow-plain-http" help:"Listen without TLS on an address that is not loopback."`

	ACMEConfig
	GatewayConfig
	ForwardAuthConfig
	MetricsConfig
	AuditConfig

	DataDir            string        `placeholder:"DIR" help:"Directory of the database, the master key and the root credentials (${datadir})."`
	Database           string        `placeholder:"URL" help:"PostgreSQL database to use instead of a data directory, such as postgres://daypass@db.example.com/daypass?sslmode=verify-full; any number of servers can share it. Put a password into DAYPASS_DATABASE, PGPASSWORD or a password file, because command lines are there for all to see. Needs a master key and root credentials; an empty database is set up."`
	Init               bool          `env:"-" help:"Make an empty database although the data directory has a master key or root credentials. Refused where a database has been (daypass.mark)."`
	AcceptLoss         bool          `env:"-" help:"Use a database that was copied without its log, or whose log was removed, while a server had it open. Its newest changes are lost, in the worst case all of them, and all credentials and tokens that were issued before are void."`
	Seed               string        `placeholder:"FILE" help:"YAML or JSON file of pools, roles, policies, providers, users and keys that the server brings itself to before it answers the first request. With --database, one server applies it, once, and the others wait for it. See docs/seed.md."`
	Reseed             bool          `help:"With --seed and --database: apply the file although one was applied before, also another one. Start one server with it."`
	MasterKeyFile      string        `placeholder:"FILE" help:"File of the master key, which seals all secrets at rest. The key itself can be in DAYPASS_MASTER_KEY instead. The default is master.key in the data directory, which the first start creates; with --database there is no default."`
	NextMasterKeyFile  string        `placeholder:"FILE" help:"File of the master key that takes the place of the other one with \"daypass rotate master-key\", once every server has it. The key itself can be in DAYPASS_NEXT_MASTER_KEY instead. Not needed if the master key is in the data directory. See docs/rotation.md."`
	PublicURL          string        `name:"public-url" placeholder:"URL" help:"Where clients reach the server (http://ADDR). Required if --listen has no address."`
	Issuer             string        `placeholder:"URL" help:"The iss of OpenID tokens (the public URL). For an exact emulation: https://cognito-identity.amazonaws.com."`
	AccountID          string        `default:"000000000000" placeholder:"ID" help:"The account ID, twelve digits (${default})."`
	Region             string        `default:"us-east-1" help:"The region of requests that name none, and of the examples shown (${default})."`
	OneSigningKey      bool          `help:"Sign the OpenID tokens of all regions with the key of --region, for verifiers that read only the first key of the key set."`
	SigningKeyLifetime time.Duration `placeholder:"DURATION" help:"Replace the keys that sign OpenID tokens when they have signed for this long, such as 2160h for 90 days; at least 168h (keys are replaced by daypass rotate signing-key only). See docs/rotation.md."`
	FlatTagsClaim      bool          `help:"Repeat the principal tags of OpenID tokens in the claim https://aws.amazon.com/tags/principal_tags, which SeaweedFS reads instead of AWS's claim."`
	AllowRegion        []string      `placeholder:"REGION" help:"Regions in which identity pools can be created (AWS's). Repeatable. The region of --region and those that have pools are always included."`

	RootAccessKeyID     string `name:"root-access-key-id" placeholder:"ID" help:"Access key ID of the account's root; its secret is in DAYPASS_ROOT_SECRET_ACCESS_KEY. The default is root-credentials in the data directory, which the first start creates; with --database there is no default."`
	NextRootAccessKeyID string `name:"next-root-access-key-id" placeholder:"ID" help:"Access key ID that will replace that of --root-access-key-id; its secret is in DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY. Both are good. See docs/rotation.md."`

	OutboundAllow    []string `placeholder:"HOST|CIDR" help:"Hosts and networks with private addresses that outbound calls (to login providers and targets) may reach; with http:// in front, also over plain HTTP. The host and port of a --target are included. Metadata addresses are always refused."`
	OutboundCAFile   string   `name:"outbound-ca-file" placeholder:"FILE" help:"Certificate authorities for outbound calls, PEM, instead of the system's."`
	Target           []string `sep:"none" placeholder:"NAME=URL,DIALECT" help:"STS of a store or an AWS account whose credentials roles can give, such as minio=https://minio.example.com:9000,minio; the dialects are aws, minio, seaweedfs and ceph. A role is linked by its tags daypass:target and daypass:target-role. Repeatable; in the environment, separate them with spaces."`
	TargetKeyFile    []string `sep:"none" placeholder:"NAME=FILE" help:"Service key that a target knows: a shared credentials file with [default], which only the server's user may read. It can be replaced while the server runs. Without one, a target gets OpenID tokens. Repeatable; in the environment, separate them with spaces."`
	CORSOrigin       []string `name:"cors-origin" placeholder:"ORIGIN" help:"Browser origins that may call signed operations; with --dev, loopback ones may too. Public operations answer every origin."`
	GuestRate        *float64 `placeholder:"N" help:"New guests per second and pool, on average (25; no limit with --dev; 0 for no limit)."`
	GuestAddressRate *float64 `placeholder:"N" help:"New guests per second and pool from one address, or IPv6 network of 64 bits (half of --guest-rate; no limit with --dev; 0 for no limit). A burst can have half of --guest-burst."`
	GuestBurst       int      `placeholder:"N" default:"1000" help:"New guests that a pool can get in one burst (${default})."`

	LoginConfig

	Rate  map[string]float64 `placeholder:"OPERATION=N" help:"Calls per second of an operation, for all callers together (no limit), such as GetOpenIdToken=200. Servers on one database share this limit and those of guests."`
	Limit map[string]int     `placeholder:"NAME=N" help:"Quotas that differ from AWS's: ${limits}."`

	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"Minimum log level: debug, info, warn or error (${default})."`
	LogFormat string `enum:"text,json" default:"text" help:"Log format: text or json (${default})."`
	// LogRequests is empty where no flags were parsed.
	LogRequests string `enum:"all,refused" default:"all" help:"Requests that get a line in the log: all, or those that were refused, failed or need attention (${default})."`

	Dev bool `help:"For development: a temporary data directory unless --data-dir or --database is set, root credentials test/test, http issuers and outbound calls on loopback."`

	DevHost []string `placeholder:"NAME" help:"With --dev: a host name that the server answers to besides loopback names, such as that of a container. It allows plain HTTP (--allow-plain-http), and the first name is the host of --public-url unless that is set. Repeatable."`

	DevFaults bool `help:"With --dev: let operations fail on purpose and the clock be put forward, on an address that is not loopback. On loopback --dev alone does. See docs/testing.md."`

	// memory is how much memory the process may use; 0 where nobody has found out.
	memory int64
	// metrics counts what the server does; nil where nobody asks for it.
	metrics *metrics.Metrics
	// acme are the certificates of --acme-host; nil before anybody asks for them.
	acme *acmeCertificates
}

const (
	defaultDataDir   = "./daypass-data"
	defaultGuestRate = 25
	devKey           = "test"
)

// settings are a Config that has been checked, with what it stands for.
type settings struct {
	instance instance.Config
	// tls is how to speak TLS; nil for plain HTTP.
	tls certificates
	// acme are the certificates that the server obtains; nil for none.
	acme *acmeCertificates
	// database is the URL of the database; empty for that in the data directory.
	database string
	// ephemeral is the throw-away data directory, if there is one.
	ephemeral string
	// counters tell what the connections to a database did; nil for the embedded one.
	counters func(yield func(figure string, n float64))
	// rootFile is where the root credentials are, empty if they were given.
	rootFile string
	log      *slog.Logger
	// records takes the records of requests; nil where nobody asks for them. closeAudit
	// closes what takes them, however far the start has come.
	records    *sinks.Stream
	closeAudit func() error
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
	if err := c.settleDevHosts(); err != nil {
		return err
	}
	loopback := isLoopback(host)
	switch {
	case !accountID.MatchString(c.AccountID):
		return usage("--account-id %q: an account ID has twelve digits", c.AccountID)
	case !instance.ValidRegion(c.Region):
		return usage("--region %q: a region looks like us-east-1", c.Region)
	case c.badRegion() != "":
		return usage("--allow-region %q: a region looks like us-east-1", c.badRegion())
	case (c.TLSCertFile == "") != (c.TLSKeyFile == ""):
		return usage("--tls-cert-file and --tls-key-file go together")
	case !loopback && !c.speaksTLS() && len(c.TrustedProxies) == 0 && !c.AllowPlainHTTP:
		return usage("--listen %s is not loopback: give --tls-cert-file and --tls-key-file, or --acme-host, or --trusted-proxies, or --allow-plain-http", c.Listen)
	case (host == "" || isUnspecified(host)) && c.PublicURL == "" && len(c.DevHost) == 0 && len(c.ACMEHost) == 0:
		return usage("--listen %s has no address that clients can use: give --public-url", c.Listen)
	case c.RootAccessKeyID != "" && (!accessKeyID.MatchString(c.RootAccessKeyID) || strings.HasPrefix(c.RootAccessKeyID, "ASIA")):
		return usage("--root-access-key-id: 1 to 128 letters, digits and underscores, not beginning with ASIA")
	case c.NextRootAccessKeyID != "" && (!accessKeyID.MatchString(c.NextRootAccessKeyID) || strings.HasPrefix(c.NextRootAccessKeyID, "ASIA")):
		return usage("--next-root-access-key-id: 1 to 128 letters, digits and underscores, not beginning with ASIA")
	case c.badRate() != "":
		return usage("--rate %s: give an operation and a number above 0, such as GetId=25", c.badRate())
	case c.GuestRate != nil && !(*c.GuestRate >= 0 && *c.GuestRate <= math.MaxFloat64): // neither is NaN
		return usage("--guest-rate %v: give a number from 0 up", *c.GuestRate)
	case c.GuestAddressRate != nil && !(*c.GuestAddressRate >= 0 && *c.GuestAddressRate <= math.MaxFloat64):
		return usage("--guest-address-rate %v: give a number from 0 up", *c.GuestAddressRate)
	case c.SigningKeyLifetime != 0 && c.SigningKeyLifetime < instance.MinSigningKeyLifetime:
		return usage("--signing-key-lifetime %s: give at least %s (7 days), because an old key stays in the key set for more than a day", c.SigningKeyLifetime, "168h")
	case c.DevFaults && !c.Dev:
		return usage("--dev-faults is for --dev: no other server fails on purpose")
	case c.GuestBurst < 1:
		return usage("--guest-burst must be at least 1")
	}
	if err := c.checkACME(); err != nil {
		return err
	}
	if err := c.checkAddresses(); err != nil {
		return err
	}
	if err := c.checkDatabase(); err != nil {
		return err
	}
	if err := c.GatewayConfig.check(); err != nil {
		return err
	}
	if err := c.checkForwardAuth(); err != nil {
		return err
	}
	if err := c.checkMetrics(); err != nil {
		return err
	}
	if err := c.checkAudit(); err != nil {
		return err
	}
	if opens := c.opens(loopback); c.Dev && c.RootAccessKeyID == "" && opens != "" {
		return usage("--dev with %s: everybody knows the root credentials test/test; give --root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY", opens)
	}
	return nil
}

// devHostName is a host name as clients send it, or an IPv4 address.
var devHostName = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z`)

// settleDevHosts finds mistakes in --dev-host, and sets what it implies.
func (c *Config) settleDevHosts() error {
	if len(c.DevHost) == 0 {
		return nil
	}
	if !c.Dev {
		return usage("--dev-host is for --dev: without it, the server answers to every host name")
	}
	for _, name := range c.DevHost {
		if !devHostName.MatchString(name) {
			return usage("--dev-host %q: give a host name, without scheme, port or wildcard, such as daypass", name)
		}
	}
	c.AllowPlainHTTP = true
	return nil
}

// badRegion finds a value of --allow-region that is not a region; empty if all are.
func (c *Config) badRegion() string {
	for _, region := range c.AllowRegion {
		if !instance.ValidRegion(region) {
			return cmp.Or(region, " ")
		}
	}
	return ""
}

// checkAddresses finds the mistakes in URLs, origins and the like.
func (c *Config) checkAddresses() error {
	for flag, value := range map[string]string{"--public-url": c.PublicURL, "--issuer": c.Issuer} {
		if err := checkURL(value); err != nil {
			return usage("%s %q: %w", flag, value, err)
		}
	}
	for _, origin := range c.CORSOrigin {
		if !isOrigin(origin) {
			return usage("--cors-origin %q: give scheme and host as browsers do, such as https://app.example.com, without a trailing path", origin)
		}
	}
	if err := instance.CheckOutboundAllow(c.OutboundAllow); err != nil {
		return usage("--outbound-allow: %w", err)
	}
	return nil
}

// opens names the flag by which others than those on this machine may reach the
// server, or something that accepts its credentials; empty if none does.
func (c *Config) opens(loopback bool) string {
	switch u, err := url.Parse(c.PublicURL); {
	case !loopback:
		return "--listen " + c.Listen + ", which is not loopback"
	case len(c.TrustedProxies) > 0:
		return "--trusted-proxies"
	case len(c.ACMEHost) > 0:
		return "--acme-host, which others reach"
	case c.GatewayListen != "":
		return "--gateway-listen " + c.GatewayListen + ", whose gateways serve others"
	case c.ForwardAuthListen != "":
		return "--forward-auth-listen " + c.ForwardAuthListen + ", whose proxies serve others"
	case c.PublicURL != "" && (err != nil || !isLoopback(u.Hostname()) && !strings.HasSuffix(u.Hostname(), ".localhost")):
		return "--public-url " + c.PublicURL + ", which is not loopback"
	}
	return ""
}

// isOrigin says whether a text is an origin as browsers write it: they are
// compared byte for byte.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Hostname() != "" && s == u.Scheme+"://"+strings.ToLower(u.Host) && !strings.Contains(s, "*")
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
		return errors.New("remove the query, fragment, user or trailing slash")
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

// publicURL is the public URL when the listener has an address. The host is the
// one of --listen, since a certificate is for a name; the port may be any free
// one, which only the listener knows.
func (c *Config) publicURL(listener net.Addr) (string, error) {
	if c.PublicURL != "" {
		return c.PublicURL, nil
	}
	if len(c.ACMEHost) > 0 {
		return "https://" + c.ACMEHost[0], nil // with the port at which the authority finds it too
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", err
	}
	if len(c.DevHost) > 0 {
		host = c.DevHost[0]
	}
	_, port, err := net.SplitHostPort(listener.String())
	if err != nil {
		return "", err
	}
	scheme := "http"
	if c.speaksTLS() {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// settle turns the configuration into settings: it reads files, and when
// nothing is wrong with them makes those of the first start.
func (c *Config) settle(p *process, listener net.Addr) (_ *settings, err error) {
	s := &settings{log: c.logger(p)}
	s.instance = instance.Config{
		Account: c.AccountID, Region: c.Region, Issuer: c.Issuer, Dev: c.Dev, DevHosts: c.DevHost,
		OutboundAllow: c.OutboundAllow, CORSOrigins: c.CORSOrigin, StrangerRates: c.strangerRates(), Regions: c.AllowRegion, Log: s.log,
		OneSigningKey: c.OneSigningKey, SigningKeyLifetime: c.SigningKeyLifetime, FlatTagsClaim: c.FlatTagsClaim,
		AcceptLoss: c.AcceptLoss, Memory: c.memory, LogRefused: c.LogRequests == "refused",
		Version: version(), SealKey: agekey.SealFor,
	}
	if host, _, _ := net.SplitHostPort(c.Listen); c.DevFaults || c.Dev && c.opens(isLoopback(host)) == "" {
		s.instance.Trials, s.instance.Clock = true, &instance.Clock{}
	}
	if s.instance.PublicURL, err = c.publicURL(listener); err != nil {
		return nil, err
	}
	if s.instance.ForwardAuthAPIs, err = instance.ParseForwardAuthAPIs(c.ForwardAuthAPI); err != nil {
		return nil, err
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
	if c.OutboundCAFile != "" {
		if s.instance.OutboundCAs, err = readCAs("--outbound-ca-file", c.OutboundCAFile); err != nil {
			return nil, err
		}
	}
	if err = c.targets(&s.instance); err != nil {
		return nil, err
	}
	c.measure(&s.instance)
	if s.tls, err = c.tls(); err != nil {
		return nil, err
	}
	if err = c.masterKeys(p, &s.instance); err != nil {
		return nil, err
	}
	if err = c.checkRoot(p); err != nil {
		return nil, err
	}
	if c.Database != "" {
		if err = c.obtain(s); err != nil {
			return nil, err
		}
		return s, c.database(p, s)
	}
	if err = c.dataDir(s); err != nil {
		return nil, err
	}
	if err = c.secrets(p, s); err == nil {
		err = c.obtain(s)
	}
	if err != nil {
		s.cleanUp()
		return nil, err
	}
	return s, nil
}

// dataDir makes the data directory, a throw-away one for development.
func (c *Config) dataDir(s *settings) (err error) {
	s.instance.DataDir = cmp.Or(c.DataDir, defaultDataDir)
	if c.Dev && c.DataDir == "" {
		s.ephemeral, err = os.MkdirTemp("", "daypass-dev-")
		s.instance.DataDir = s.ephemeral
		return err
	}
	if err := os.MkdirAll(s.instance.DataDir, 0o700); err != nil {
		return err
	}
	mayMake, err := datadir.Prepare(s.instance.DataDir, c.Init)
	s.instance.Existing = !mayMake
	return err
}

// tls reads the certificate and its key, or has them obtained; nil for plain HTTP.
func (c *Config) tls() (certificates, error) {
	switch {
	case len(c.ACMEHost) > 0:
		return c.obtained(), nil
	case c.TLSCertFile == "":
		return nil, nil
	}
	f := &tlsFiles{flags: "--tls-cert-file, --tls-key-file", cert: c.TLSCertFile, key: c.TLSKeyFile, protocols: apiProtocols}
	return f, f.load()
}

// cleanUp closes the audit log, and removes what was only for this run.
func (s *settings) cleanUp() {
	if s.closeAudit != nil {
		if err := s.closeAudit(); err != nil {
			s.log.Error("the audit log was not closed in order", slog.Any("error", err))
		}
		s.closeAudit = nil
	}
	if s.ephemeral != "" {
		_ = os.RemoveAll(s.ephemeral) // a temporary directory; nothing is lost if it stays
	}
}

// logger is the log in the form and from the level that the flags say. What
// writes it says there how many lines it had to drop.
func (c *Config) logger(p *process) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by the flag parser
	if l, ok := p.stderr.(*logWriter); ok {
		l.onDrop(func(w io.Writer, lines int) error {
			r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines were dropped because their reader did not keep up", 0)
			r.AddAttrs(slog.Int("lines", lines))
			return c.logHandler(w, slog.LevelWarn).Handle(p.ctx, r)
		})
	}
	return slog.New(c.logHandler(p.stderr, level))
}

func (c *Config) logHandler(w io.Writer, level slog.Level) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// How often a login may change which identity it belongs to: nobody needs more,
// and each time may leave an identity behind that stays for a month.
const (
	loginChangesPerSecond = 1.0 / 60
	loginChangesAtOnce    = 20
)

// strangerRates limit strangers. For development they do not, unless a flag says
// so.
func (c *Config) strangerRates() (r instance.StrangerRates) {
	r.Guests.Burst, r.GuestsFrom.Burst = c.GuestBurst, c.GuestBurst/2
	if !c.Dev {
		r.Guests.PerSecond = defaultGuestRate
		r.Logins = instance.Rate{PerSecond: loginChangesPerSecond, Burst: loginChangesAtOnce}
	}
	if c.GuestRate != nil {
		r.Guests.PerSecond = *c.GuestRate
	}
	if !c.Dev {
		r.GuestsFrom.PerSecond = r.Guests.PerSecond / 2
	}
	if c.GuestAddressRate != nil {
		r.GuestsFrom.PerSecond = *c.GuestAddressRate
	}
	return r
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

// readCAs reads the certificate authorities in a file that flags name.
func readCAs(flags, file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("%s: %w", flags, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage("%s: %s has no certificate in it", flags, file)
	}
	return pool, nil
}
