// Package instance puts a whole daypass together: the store, the services on
// it, and the front door. It is the one place that knows them all; the binary,
// the demonstration and the test server of package daypasstest each run an
// instance, so that none of them has a code path that the others lack.
package instance

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/adopt"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/forwardauth"
	"github.com/daypass/daypass/internal/gateway"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/limit"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/sts"
	"github.com/daypass/daypass/internal/target"
)

// Database opens a database that other instances may share, and brings its schema up to
// date.
type Database = store.Opener

// Config says what an instance is like.
type Config struct {
	// DataDir holds the embedded database. It is made if it is not there.
	DataDir string
	// Database opens another database in place of that in DataDir, one that other
	// instances may share; nil for none. The instance closes it.
	Database Database
	// Existing opens a database that was made before, and makes none.
	Existing bool
	// AcceptLoss opens a database that lacks its newest changes.
	AcceptLoss bool
	// MasterKey seals the secrets in the database.
	MasterKey *seal.MasterKey
	// NextMasterKey takes the place of the master key when that is asked for; nil for none.
	NextMasterKey *seal.MasterKey
	// OwnMasterKey says that the master key is the one in DataDir. The instance makes the
	// next one, and puts it in its place.
	OwnMasterKey bool
	// SealKey seals the master key for somebody, for backups that have it; nil for
	// none.
	SealKey func(recipient string, key *seal.MasterKey) ([]byte, error)
	// Account is the twelve-digit account ID.
	Account string
	// Root is the access key of the account's root, and OtherRoots are others that are
	// good too.
	Root       RootAccessKey
	OtherRoots []RootAccessKey
	// KeepRoot writes down new access keys of root, durably, the first of which stays;
	// nil where they are given and cannot be replaced.
	KeepRoot func([]RootAccessKey) error
	// PublicURL is where clients reach the instance.
	PublicURL string
	// Region is the region of requests that do not say it; empty means us-east-1.
	Region string
	// Issuer is the iss of our tokens; empty means the public URL.
	Issuer string
	// OneSigningKey signs the tokens of every region with the key of Region.
	OneSigningKey bool
	// SigningKeyLifetime is how long a key signs tokens before another one replaces it,
	// at least [MinSigningKeyLifetime]; zero for ever.
	SigningKeyLifetime time.Duration
	// FlatTagsClaim repeats the principal tags of tokens in a claim that SeaweedFS
	// reads.
	FlatTagsClaim bool
	// Dev allows http issuers and outbound calls on loopback and at hosts that
	// OutboundAllow names with http:// in front, and answers to loopback host names,
	// DevHosts and the public URL's host only.
	Dev bool
	// DevHosts are host names that Dev answers to besides, such as that of a container.
	DevHosts []string
	// OutboundAllow are the hosts and networks that may be private although
	// outbound calls go there.
	OutboundAllow []string
	// OutboundCAs are the certificate authorities of outbound calls; nil means
	// the system's.
	OutboundCAs *x509.CertPool
	// Targets are the STS whose credentials roles may give, each NAME=URL,DIALECT, and
	// TargetKeyFiles are the files with the service keys of those that have one.
	Targets        []string
	TargetKeyFiles map[string]string
	// Logins is what login providers need beyond what pools say of them.
	Logins Logins
	// CORSOrigins are the browser origins that may call signed operations.
	CORSOrigins []string
	// TrustedProxies are the addresses whose X-Forwarded-For and -Proto count.
	TrustedProxies []netip.Prefix
	// ForwardAuthAPIs are the services that reverse proxies ask about.
	ForwardAuthAPIs []ForwardAuthAPI
	// StrangerRates limit how fast strangers make identities; zero for no limit.
	StrangerRates cognito.Rates
	// Limits are the quotas; nil for AWS's.
	Limits *Limits
	// Regions are those in which identity pools can be made, besides Region and those
	// that have some; nil for AWS's.
	Regions []string
	// Rates are how often each operation may be called, per second; an operation
	// that is not named has no limit.
	Rates map[string]float64
	// EditWait is how long a change of a pool waits for others; zero for five
	// seconds.
	EditWait time.Duration
	// SigningKey makes the keys that sign OpenID tokens; nil for new ones.
	SigningKey func() (*rsa.PrivateKey, error)
	// Undeclared is told of exceptions that their operation does not declare.
	Undeclared func(operation, code string)
	// Version is the version of daypass, for what it writes.
	Version string
	// Log takes a line per request and the events of the instance's life.
	Log *slog.Logger
	// LogRefused has the log take no line of a request that was answered as it wished.
	LogRefused bool
	// Sinks take each request's event, beside the log.
	Sinks []audit.Sink
	// Trail gives the sink of the audit trail, which makes its records with the trail that
	// it is given; nil for none, and then nothing is stored for one. One that has a method
	// Ready() error says by it whether requests that change something may begin.
	Trail func(*audit.Trail) audit.Sink
	// TrailRequired has what a request changes committed together with its record, which
	// the sink gets from there. The sink has a method Write for that.
	TrailRequired bool
	// TrailRetention is how long records are kept at most. What finds people without an
	// identity in them is forgotten then. Zero for 400 days.
	TrailRetention time.Duration
	// Updating is told of each update of the database, and gives what is told of its end
	// (see [store.Options]); nil for nobody.
	Updating func() (end func(error))
	// Outbound is told of each request to a login provider or a target (see
	// [fetch.Client]); nil for nobody.
	Outbound func(host, outcome string, took time.Duration)
	// RunAgain runs every transaction twice, the first time in vain, for tests.
	RunAgain bool
	// Memory is how much memory the process may use, of which strangers get a part;
	// zero for no bound.
	Memory int64
	// Trials lets root have operations fail and put Clock forward (Handler.SetFault, and
	// operations of the service daypass).
	Trials bool
	// Clock takes the place of Now; nil for none.
	Clock *Clock
	// Now is the clock and Rand the source of identifiers; nil for the real ones.
	Now  func() time.Time
	Rand io.Reader

	// mayChange says whether the trail takes the record of a change; nil for always.
	mayChange func() error
}

// ErrEmpty answers Open of an existing database that has nothing in it.
var ErrEmpty = store.ErrEmpty

// Instance is a daypass that is ready to answer requests.
type Instance struct {
	// Handler answers them.
	Handler *server.Server
	// Gateway answers S3 gateways, beside the API (Handler.Beside).
	Gateway server.Side
	// ForwardAuth answers proxies that ask whether requests may pass, beside the API
	// (Handler.Beside).
	ForwardAuth server.Side
	// Issuer is the iss of our tokens.
	Issuer string

	db         *store.DB
	ring       *seal.Ring
	cognito    *store.Cognito
	iam        *iam.Service
	oidc       *login.OIDC
	keys       *openid.Provider
	masterKeys *masterKeys
	roots      *rootKeys
	hashes     *audit.Hashes // of the audit trail; nil where there is none
	records    writesRecords // nil where nobody takes records
	fleet      *limit.Fleet  // nil where the database is this node's alone
	log        *slog.Logger
	now        func() time.Time
}

// Open puts an instance together on the data in its directory.
func Open(ctx context.Context, c Config) (_ *Instance, err error) {
	if c.Issuer == "" {
		c.Issuer = c.PublicURL
	}
	c.Region = cmp.Or(c.Region, "us-east-1")
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock != nil {
		c.Now = c.Clock.Now
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	db, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	if u := db.Upgraded(); u.From > 0 && len(u.Applied) > 0 {
		c.Log.LogAttrs(ctx, slog.LevelInfo, "brought the database up to date", slog.Int64("from_version", u.From), slog.Int64("to_version", u.To),
			slog.Any("migrations", u.Applied), slog.Float64("took_ms", audit.Milliseconds(u.Took)))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	ring, err := db.Unlock(ctx, c.givenKeys()...)
	if err != nil {
		return nil, err
	}
	if err := db.CheckAccount(ctx, ring, c.Account); err != nil {
		return nil, err
	}
	i := &Instance{Issuer: c.Issuer, db: db, ring: ring, log: c.Log, now: now, cognito: db.Cognito(ring.Stored("pool-secret"))}
	if err := i.build(ctx, c); err != nil {
		return nil, err
	}
	if i.fleet != nil {
		if err := db.Join(ctx, i.fleet.Node()); err != nil {
			return nil, err
		}
	}
	return i, i.tellPolicyChanges(ctx)
}

// givenKeys are the master keys.
func (c *Config) givenKeys() []*seal.MasterKey {
	if c.NextMasterKey == nil {
		return []*seal.MasterKey{c.MasterKey}
	}
	return []*seal.MasterKey{c.MasterKey, c.NextMasterKey}
}

// open opens the database.
func (c *Config) open(ctx context.Context) (*store.DB, error) {
	o := store.Options{Begin: c.Updating, Existing: c.Existing, AcceptLoss: c.AcceptLoss, RunAgain: c.RunAgain, Now: c.Now, WentBack: func() {
		c.Log.Error("the database has gone back to an earlier state: it was restored, or a failover has lost changes. " +
			"All credentials and OpenID tokens that were issued before are void, and users sign in again")
	}}
	if c.Database != nil {
		e, err := c.Database(ctx, store.Schema())
		if err != nil {
			return nil, err
		}
		return store.On(ctx, e, o)
	}
	o.Path = filepath.Join(c.DataDir, datadir.Database)
	db, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if db.Lost() {
		c.Log.Warn("the database lacks its newest changes, as --accept-loss accepted: all credentials and OpenID tokens that were issued before are void")
	}
	if err := seal.RemoveLeftovers(c.DataDir); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// regions are those in which identity pools can be made.
func (c *Config) regions() []string {
	regions := c.Regions
	if regions == nil {
		regions = openid.AWSRegions()
	}
	return append(slices.Clone(regions), c.Region)
}

// requestLog is the sink that writes a line for each request.
func (c *Config) requestLog() audit.Sink {
	if c.LogRefused {
		return audit.Refused(audit.Log(c.Log))
	}
	return audit.Log(c.Log)
}

// trailRetention is how long records of an audit trail are kept where nobody says: a
// year, which is what most rules ask for, and a month to find out that one ends.
const trailRetention = 400 * 24 * time.Hour

// writesRecords is a sink that takes records which were committed, one or several.
type writesRecords interface {
	Write(ctx context.Context, records []byte) error
}

// trail makes what the audit trail needs, and its sink.
func (i *Instance) trail(ctx context.Context, c *Config) error {
	key, err := i.db.AuditKey(ctx, i.ring)
	if err != nil {
		return err
	}
	i.hashes = &audit.Hashes{Key: key, Salts: i.db.AuditSalts(), Retention: cmp.Or(c.TrailRetention, trailRetention), Now: c.Now}
	if err := i.hashes.Load(ctx); err != nil {
		return err
	}
	trail := &audit.Trail{Account: c.Account, Region: c.Region, Hasher: i.hashes}
	sink := c.Trail(trail)
	c.Sinks = append([]audit.Sink{sink}, c.Sinks...)
	if r, ok := sink.(interface{ Ready() error }); ok {
		c.mayChange = r.Ready
	}
	w, ok := sink.(writesRecords)
	switch {
	case ok:
		i.records = w // also where records are not required any more, and some were
	case c.TrailRequired:
		return errors.New("instance: the sink of the audit trail takes no records that are required")
	}
	if c.TrailRequired {
		i.db.KeepRecords(trail.Committed)
	}
	return nil
}

// build makes the services and the front door.
func (i *Instance) build(ctx context.Context, c Config) error {
	out := &fetch.Client{Allow: c.OutboundAllow, AllowLoopback: c.Dev, RootCAs: c.OutboundCAs, Endpoints: c.Logins.Endpoints, Observe: c.Outbound}
	if err := out.Check(); err != nil {
		return err
	}
	if !i.db.Alone() {
		secret, err := i.db.RateSecret(ctx, i.ring)
		if err != nil {
			return err
		}
		i.fleet = limit.NewFleet(secret)
	}
	limits := cmp.Or(c.Limits, DefaultLimits())
	own := []string{c.Issuer, c.PublicURL, "https://cognito-identity.amazonaws.com"}
	i.oidc = &login.OIDC{PlainIssuer: c.plainIssuers(out), Fetch: out, Now: c.Now, Own: own, Offline: c.Logins.offline(), Algorithms: c.Logins.OIDCAlgorithms}
	if err := c.Logins.check(); err != nil {
		return err
	}
	c.Logins.announce(ctx, c.Log)
	keys := &openid.Provider{
		Issuer: c.Issuer, PublicURL: c.PublicURL, Store: i.db.Keys(), Shared: !i.db.Alone(), Box: i.ring.Stored(openid.Purpose),
		Region: c.Region, OneKey: c.OneSigningKey, KeyLifetime: c.SigningKeyLifetime, FlatTags: c.FlatTagsClaim,
		Now: c.Now, GenerateKey: c.SigningKey, Log: c.Log,
	}
	if err := keys.Load(ctx); err != nil {
		return err
	}
	i.keys = keys
	pages := i.ring.Issued("page-token")
	roots := iam.NewRootKeys(append([]RootAccessKey{c.Root}, c.OtherRoots...)...)
	iamService := &iam.Service{
		Account: c.Account, Store: i.db.IAM(i.ring.Stored("access-key")), Roots: roots, OwnIssuers: own, PlainIssuer: i.oidc.PlainIssuer,
		SAMLAllowRSA1024: c.Logins.SAMLAllowRSA1024,
		Pages:            pages, Limits: limits.IAM, Now: c.Now, Rand: c.Rand,
	}
	stsService := &sts.Service{
		Account: c.Account, IAM: iamService, OpenID: keys, OIDC: i.oidc, SAML: c.Logins.saml(c.Now), Public: c.Logins.kinds(i.oidc).Public,
		Revocations: i.db.Revocations(), Tokens: i.ring.Issued(sts.TokenPurpose), Now: c.Now, Rand: c.Rand,
	}
	targets, err := c.targets()
	if err != nil {
		return err
	}
	if stsService.Targets, err = target.New(targets, keys, c.targetClient, c.Now); err != nil {
		return err
	}
	adminService := &admin.Service{
		Account: c.Account, Store: i.db.Revocations(), Index: i.db.Revocations().Index(), Targets: stsService.Targets.Names(), Pages: pages, Now: c.Now,
	}
	cognitoService := &cognito.Service{
		Account: c.Account, Store: i.cognito, IAM: iamService, STS: stsService, OpenID: keys, Logins: c.Logins.kinds(i.oidc),
		Pages: pages, Limits: limits.Cognito, Regions: c.regions(), Budgets: c.StrangerRates.Budgets(i.fleet), EditWait: c.EditWait, Now: c.Now, Rand: c.Rand,
	}
	if !i.db.Alone() {
		stsService.FollowKeys = i.db.FollowKeys
	}
	if c.Trail != nil {
		if err := i.trail(ctx, &c); err != nil {
			return err
		}
		cognitoService.Salts = i.cognito
	}
	cognitoService.Adopt = &adopt.Client{Fetch: &fetch.Client{
		Allow: c.OutboundAllow, AllowLoopback: c.Dev, RootCAs: c.OutboundCAs, Timeout: adopt.Timeout, MaxBody: adopt.MaxAnswer, Observe: c.Outbound,
	}}
	if i.fleet != nil {
		cognitoService.Nodes = i.fleet.Nodes
	}
	stsService.IdentityAlive = cognitoService.IdentityAlive
	i.iam = iamService
	adminService.Owners = owners{iamService, cognitoService}
	adminService.Imports = imports{cognitoService, iamService}
	adminService.Hashes = auditHashes{i.hashes, cognitoService}
	adminService.Checks = targetChecks{stsService, cognitoService}
	adminService.SigningKeys = signingKeys{keys}
	i.roots = &rootKeys{account: c.Account, iam: iamService, keys: roots, keep: c.KeepRoot, now: i.now}
	adminService.RootKeys = i.roots
	i.masterKeys = &masterKeys{db: i.db, ring: i.ring, given: c.givenKeys(), fleet: i.fleet, log: c.Log, now: i.now, wake: make(chan struct{}, 1)}
	if c.OwnMasterKey {
		i.masterKeys.dir = c.DataDir
	}
	if err := i.masterKeys.settle(ctx); err != nil {
		return err
	}
	adminService.MasterKeys = i.masterKeys
	adminService.Backups = &backups{db: i.db, dir: c.DataDir, ring: i.ring, sealKey: c.SealKey, version: c.Version, now: i.now}
	var json, query []*awsapi.Table
	for _, s := range services(cognitoService, stsService, iamService, adminService) {
		if s.Target != "" {
			json = append(json, s.Compile())
		} else {
			query = append(query, s.Compile())
		}
	}
	i.Handler = &server.Server{
		JSON:        json,
		Query:       query,
		Credentials: stsService.Credentials,
		Authorize:   authorize(iamService),
		Begin:       store.NewRequest,
		Attend:      i.db.Attender(),
		Used:        iamService.Used,
		Region:      c.Region,
		ValidRegion: openid.ValidRegion,
		Paths: server.Paths{
			"/healthz": server.Healthy(),
			"/readyz":  server.Ready(i.db.Ping, c.Log),
		},
		CORSOrigins:    c.CORSOrigins,
		TrustedProxies: c.TrustedProxies,
		Unavailable:    i.db.Unavailable,
		Rates:          server.Rates{PerSecond: c.Rates, Fleet: i.fleet},
		Sinks:          append(slices.Clone(c.Sinks), c.requestLog()),
		MayChange:      c.mayChange,
		Now:            c.Now,
		Rand:           c.Rand,
	}
	if c.Clock != nil {
		i.Handler.SignatureNow = c.Clock.Clients
	}
	if c.Trials {
		i.Handler.Faults = &server.Faults{}
		adminService.Trials = trials{i.Handler, c.Clock}
	}
	i.Gateway = &gateway.Service{
		Account: c.Account, Credentials: stsService.Credentials, IAM: iamService, Region: c.Region, ValidRegion: openid.ValidRegion, Used: iamService.Used,
	}
	i.ForwardAuth = &forwardauth.Side{
		APIs: c.ForwardAuthAPIs, Account: c.Account, Region: c.Region,
		Allow: iamService.Allow, Bearer: cognitoService.Bearer,
	}
	maps.Copy(i.Handler.Paths, keys.Documents())
	if u, err := url.Parse(c.PublicURL); err == nil {
		i.Handler.PublicHost = u.Host
	}
	if c.Memory > 0 {
		i.Handler.Budget = server.NewBudget(c.Memory)
		i.Handler.Budget.Proxies, i.Handler.Budget.Log = c.TrustedProxies, c.Log
	}
	if c.Dev {
		i.Handler.HostAllowed, i.Handler.OriginAllowed = c.devHost, isLoopbackOrigin
	}
	if c.Undeclared != nil {
		i.Handler.Undeclared = func(row *awsapi.Row, e *awsapi.Error) { c.Undeclared(row.Name, e.Code) }
	}
	return nil
}

// Run does the background work until ctx ends.
func (i *Instance) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { i.cognito.Run(ctx, i.now, i.failed(ctx, "removing what nobody can reach any more failed")) })
	work.Go(func() { i.iam.Run(ctx, i.failed(ctx, "writing down the use of access keys failed")) })
	if i.fleet != nil {
		work.Go(func() { i.fleet.Run(ctx, i.db.Board(), i.now, i.turns(ctx, "sharing rates with other nodes")) })
	}
	work.Go(func() { i.masterKeys.Run(ctx, i.failed(ctx, "going on with the rotation of the master key failed")) })
	if i.records != nil {
		work.Go(func() {
			i.db.DeliverRecords(ctx, i.records.Write, i.failed(ctx, "delivering records that were committed failed"))
		})
	}
	if i.hashes != nil {
		work.Go(func() { i.hashes.Run(ctx, i.failed(ctx, "making the salt of a day for the audit trail failed")) })
		work.Go(func() {
			i.cognito.RunSalts(ctx, i.failed(ctx, "making salts of identities for the audit trail failed"))
		})
	}
	work.Go(func() { i.keys.Run(ctx, i.failed(ctx, "replacing and removing signing keys failed")) })
	work.Go(func() { i.roots.run(ctx, i.log, i.failed(ctx, "forgetting a root access key that has ended failed")) })
	work.Wait()
}

// turns reports that background work has begun to fail, and then that it works again.
func (i *Instance) turns(ctx context.Context, what string) func(error) {
	return func(err error) {
		if err == nil {
			i.log.LogAttrs(ctx, slog.LevelInfo, what+" works again")
			return
		}
		i.log.LogAttrs(ctx, slog.LevelError, what+" fails", slog.Any("error", err))
	}
}

// failed reports errors of background work.
func (i *Instance) failed(ctx context.Context, what string) func(error) {
	return func(err error) { i.log.LogAttrs(ctx, slog.LevelError, what, slog.Any("error", err)) }
}

// Close finishes what was accepted and closes the database. No request may be
// under way.
func (i *Instance) Close() error {
	i.oidc.Wait()
	return i.db.Close()
}

// plainIssuers says which http issuers of OpenID Connect providers are believed: in
// development those that are named.
func (c *Config) plainIssuers(out *fetch.Client) func(*url.URL) bool {
	return func(u *url.URL) bool { return c.Dev && out.NamesPlain(u) }
}

// devHost says whether Dev answers to a host name, with any port: so a page of
// another name that resolves to this machine reaches nothing (DNS rebinding).
func (c *Config) devHost(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	if u, err := url.Parse(c.PublicURL); err == nil && strings.EqualFold(name, u.Hostname()) {
		return true
	}
	return isLoopback(name) || slices.ContainsFunc(c.DevHosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// isLoopback says whether a host name is one of this machine's.
func isLoopback(name string) bool {
	if a, err := netip.ParseAddr(name); err == nil {
		return a.IsLoopback()
	}
	return strings.EqualFold(name, "localhost") || strings.HasSuffix(strings.ToLower(name), ".localhost")
}

// isLoopbackOrigin says whether an origin, as browsers write it, is a page of this
// machine.
func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && origin == u.Scheme+"://"+u.Host && isLoopback(u.Hostname())
}
