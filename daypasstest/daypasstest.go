// Package daypasstest runs a real daypass inside a Go test: the server that
// users run, on a temporary database, behind a URL on loopback.
//
//	func TestUpload(t *testing.T) {
//		d := daypasstest.Start(t, daypasstest.Config{})
//		// point an AWS SDK at d.URL with d.AccessKeyID and d.SecretAccessKey
//	}
//
// Nothing is mocked: identities are stored, tokens are verified and signed,
// policies are evaluated. Several servers may run in one process.
package daypasstest

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// The root credentials and the account of a test server.
const (
	AccessKeyID     = "test"
	SecretAccessKey = "test"
	Account         = "123456789012"
	Region          = "us-east-1"
)

// Config says what a test server is like. The zero value is a good one.
type Config struct {
	// DataDir keeps the data where a test wants to look at it, or to start again
	// on it; empty means a temporary directory.
	DataDir string
	// Database keeps the data in place of DataDir, where only the master key is then.
	// Servers can share both. Package daypasstest/postgres gives one.
	Database Database
	// Issuer overrides the iss of OpenID tokens, which is the server's URL.
	Issuer string
	// GuestsPerSecond and GuestBurst limit how fast guests can be made; zero
	// means no limit.
	GuestsPerSecond float64
	GuestBurst      int
	// Regions are those in which identity pools can be made, besides [Region]; nil for
	// AWS's.
	Regions []string
	// OneSigningKey signs the tokens of every region with the key of [Region].
	OneSigningKey bool
	// SigningKeyLifetime is how long a key signs tokens before another one replaces it,
	// a week or more; zero means for ever.
	SigningKeyLifetime time.Duration
	// FlatTagsClaim repeats the principal tags of tokens in a claim that SeaweedFS
	// reads.
	FlatTagsClaim bool
	// AddressGuestsPerSecond and AddressGuestBurst limit how fast guests can be made
	// from one address; zero means no limit.
	AddressGuestsPerSecond float64
	AddressGuestBurst      int
	// LoginChangesPerSecond and LoginChangeBurst limit how often a login can be linked
	// and unlinked; zero means no limit.
	LoginChangesPerSecond float64
	LoginChangeBurst      int
	// TrustedProxies are the addresses whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	// ForwardAuthAPIs are the services that reverse proxies ask about
	// ([Server.ForwardAuth]), NAME=HOST[/PATH][,STAGE] each.
	ForwardAuthAPIs []string
	// Rates are how often each operation may be called, per second.
	Rates map[string]float64
	// EditWait is how long a change of a pool waits for others; zero for five
	// seconds.
	EditWait time.Duration
	// CORSOrigins are the browser origins that may call signed operations.
	CORSOrigins []string
	// ProviderEndpoints sends the requests for login providers elsewhere, such as
	// "graph.facebook.com" to the URL of a double in the test.
	ProviderEndpoints map[string]string
	// UserPoolIssuers gives Cognito user pools, by provider name
	// ("cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc"), the issuer and the
	// address of the key set of an emulator, with a comma between.
	UserPoolIssuers map[string]string
	// UserPoolAccessKeyID and UserPoolSecretAccessKey sign AdminGetUser, for pools
	// with ServerSideTokenCheck.
	UserPoolAccessKeyID, UserPoolSecretAccessKey string
	// FacebookSecrets are app secrets of Facebook, by app ID.
	FacebookSecrets map[string]string
	// FacebookLimitedLogin accepts ID tokens of Facebook Limited Login.
	FacebookLimitedLogin bool
	// OIDCKeyFiles gives OpenID Connect issuers a file with their key set.
	OIDCKeyFiles map[string]string
	// OIDCAlgorithms are accepted of OpenID Connect providers besides AWS's: any of
	// PS256, PS384, PS512 and EdDSA.
	OIDCAlgorithms []string
	// SAMLAudiences and SAMLRecipients are accepted of SAML responses besides
	// AWS's.
	SAMLAudiences, SAMLRecipients []string
	// SAMLAllowRSA1024 accepts RSA keys of 1,024 to 2,047 bits of SAML providers.
	SAMLAllowRSA1024 bool
	// Targets are STS whose credentials roles can give in place of the server's own,
	// each NAME=URL,DIALECT with one of the dialects aws, minio, seaweedfs and ceph.
	// http is for loopback.
	Targets []string
	// TargetKeyFiles are the files with the service keys of targets, by their names:
	// shared credentials files, which only their owner may read.
	TargetKeyFiles map[string]string
	// OutboundCAs are the certificate authorities of outbound calls; nil means the
	// system's.
	OutboundCAs *x509.CertPool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand is the source of identifiers; nil means crypto/rand. With a seeded one
	// identifiers repeat from run to run. It must be safe for concurrent use.
	Rand io.Reader
	// SigningKey makes the keys that sign OpenID tokens; nil means new ones.
	SigningKey func() (*rsa.PrivateKey, error)
	// Log takes the server's log; nil means that a failing test shows it.
	Log *slog.Logger
}

// Database is a database that several servers can share.
type Database = instance.Database

// Server is a running test server.
type Server struct {
	// URL is its endpoint and the issuer of its tokens.
	URL string
	// DataDir is where its data is.
	DataDir string

	t           testing.TB
	config      Config
	clock       instance.Clock
	key         *seal.MasterKey
	http        *httptest.Server
	instance    *instance.Instance
	refusals    refusals
	userPools   *userPools // nil where the configuration has its own
	providerKey func() (*rsa.PrivateKey, error)
	users       atomic.Int64
	stop        func()
}

// Start runs a server until the test ends.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s := &Server{t: t, config: c, DataDir: c.DataDir, providerKey: providerKeys.inTurn()}
	s.clock.Base = c.Now
	if c.SigningKey == nil && c.Database == nil {
		s.config.SigningKey = serverKeys.inTurn()
	}
	if s.DataDir == "" {
		s.DataDir = t.TempDir()
		if c.Database == nil {
			fill(t, s.DataDir)
		}
	}
	if _, elsewhere := c.ProviderEndpoints[userPoolHost]; !elsewhere {
		s.userPools = newUserPools()
		t.Cleanup(s.userPools.http.Close)
	}
	if s.config.Log == nil {
		s.config.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s.open(httptest.NewUnstartedServer(nil))
	t.Cleanup(s.Close)
	return s
}

// masterKey finds or makes the master key of a data directory.
func masterKey(t testing.TB, dir string) *seal.MasterKey {
	t.Helper()
	path := filepath.Join(dir, "master.key")
	load := seal.CreateFile
	if _, err := os.Stat(path); err == nil {
		load = seal.LoadFile
	}
	key, err := load(path)
	if err != nil {
		t.Fatalf("daypasstest: %v", err)
	}
	return key
}

// open puts an instance behind the listener of h.
func (s *Server) open(h *httptest.Server) {
	s.t.Helper()
	s.key = masterKey(s.t, s.DataDir) // which may have been replaced before a restart
	s.http = h
	s.URL = "http://" + h.Listener.Addr().String()
	c := instance.Config{
		DataDir: s.DataDir, Database: s.config.Database, MasterKey: s.key, OwnMasterKey: s.config.Database == nil, Account: Account, PublicURL: s.URL, Issuer: s.config.Issuer, Dev: true,
		Root:  instance.RootAccessKey{ID: AccessKeyID, Secret: seal.NewSecret(SecretAccessKey)},
		Rates: s.config.Rates, Region: Region, Regions: s.config.Regions, EditWait: s.config.EditWait, CORSOrigins: s.config.CORSOrigins, SigningKey: s.config.SigningKey,
		Logins: s.config.logins(s.t), Log: s.config.Log, Clock: &s.clock, Rand: s.config.Rand,
		Trials: true, Sinks: []audit.Sink{&s.refusals},
		StrangerRates: instance.StrangerRates{
			Guests:     instance.Rate{PerSecond: s.config.GuestsPerSecond, Burst: s.config.GuestBurst},
			GuestsFrom: instance.Rate{PerSecond: s.config.AddressGuestsPerSecond, Burst: s.config.AddressGuestBurst},
			Logins:     instance.Rate{PerSecond: s.config.LoginChangesPerSecond, Burst: s.config.LoginChangeBurst},
		},
		Targets: s.config.Targets, TargetKeyFiles: s.config.TargetKeyFiles, OutboundCAs: s.config.OutboundCAs,
		OneSigningKey: s.config.OneSigningKey, SigningKeyLifetime: s.config.SigningKeyLifetime, FlatTagsClaim: s.config.FlatTagsClaim, TrustedProxies: s.config.TrustedProxies,
		Undeclared: func(operation, code string) {
			s.t.Errorf("%s answered with %s, which it does not declare", operation, code)
		},
	}
	var err error
	if c.ForwardAuthAPIs, err = instance.ParseForwardAuthAPIs(s.config.ForwardAuthAPIs); err != nil {
		s.t.Fatalf("daypasstest: ForwardAuthAPIs: %v", err)
	}
	if s.userPools != nil {
		c.Logins.Endpoints = map[string]string{userPoolHost: s.userPools.http.URL}
		maps.Copy(c.Logins.Endpoints, s.config.ProviderEndpoints)
	}
	i, err := instance.Open(context.Background(), c)
	if err != nil {
		s.t.Fatalf("daypasstest: %v", err)
	}
	s.instance = i
	h.Config.Handler = i.Handler
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { i.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		h.Close()
		cancel()
		background.Wait()
		if err := i.Close(); err != nil {
			s.t.Errorf("daypasstest: close: %v", err)
		}
	})
	h.Start()
}

// ForwardAuth answers reverse proxies, as "daypass serve --forward-auth-listen" does,
// until the server stops, and returns the URL at which they ask.
func (s *Server) ForwardAuth() string {
	h := httptest.NewServer(s.instance.Handler.Beside(s.instance.ForwardAuth))
	s.endsWith(h)
	return h.URL + "/forward-auth"
}

// endsWith makes a listener beside the server end before the server does.
func (s *Server) endsWith(beside *httptest.Server) {
	stop := s.stop
	s.stop = func() { beside.Close(); stop() }
}

// logins are the settings of login providers.
func (c Config) logins(t testing.TB) instance.Logins {
	t.Helper()
	l := instance.Logins{
		Endpoints: c.ProviderEndpoints, UserPoolIssuers: map[string]instance.UserPoolIssuer{},
		UserPool:        instance.Credentials{AccessKeyID: c.UserPoolAccessKeyID, SecretAccessKey: c.UserPoolSecretAccessKey},
		FacebookSecrets: map[string]seal.Secret{}, FacebookLimitedLogin: c.FacebookLimitedLogin, KeyFiles: c.OIDCKeyFiles,
		OIDCAlgorithms: c.OIDCAlgorithms, SAMLAudiences: c.SAMLAudiences, SAMLRecipients: c.SAMLRecipients,
		SAMLAllowRSA1024: c.SAMLAllowRSA1024,
	}
	for name, text := range c.UserPoolIssuers {
		issuer, err := instance.ParseUserPoolIssuer(text)
		if err != nil {
			t.Fatalf("daypasstest: UserPoolIssuers: %s: %v", name, err)
		}
		l.UserPoolIssuers[name] = issuer
	}
	for app, secret := range c.FacebookSecrets {
		l.FacebookSecrets[app] = seal.NewSecret(secret)
	}
	return l
}

// Close stops the server. The test's end does so too.
func (s *Server) Close() { s.stop() }

// Restart stops the server and runs a new one on the same data. Its URL is
// another one; with Config.Issuer unset so is the issuer of its tokens.
func (s *Server) Restart() {
	s.t.Helper()
	s.stop()
	s.open(httptest.NewUnstartedServer(nil))
}

// GatewaySocket serves S3 gateways, as "daypass serve --gateway-listen" does, until
// the server stops, and gives the path of the socket: for
// "versitygw --iam-standalone-endpoint". The gateway signs with the access key of a
// user who has the permission daypass:ServeGateway.
func (s *Server) GatewaySocket() string {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "daypass-") // a short path: sockets have no others
	if err != nil {
		s.t.Fatalf("daypasstest: %v", err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "gateway.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		s.t.Fatalf("daypasstest: %v", err)
	}
	g := &httptest.Server{Listener: l, Config: &http.Server{Handler: s.instance.Handler.Beside(s.instance.Gateway)}}
	g.Start()
	s.endsWith(g)
	return path
}

// Seeded is a source of identifiers that repeat from run to run, for tests that
// compare whole answers. It is safe for concurrent use, and secret to nobody.
func Seeded(seed byte) io.Reader { return &seeded{source: rand.NewChaCha8([32]byte{seed})} }

type seeded struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (s *seeded) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(b)
}
