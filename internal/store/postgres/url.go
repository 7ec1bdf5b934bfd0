package postgres

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// parameters are those of the URL that mean something: libpq's, as far as pgconn
// knows them, and pool_max_conns, which other programs in Go have too.
var parameters = []string{
	"application_name", "channel_binding", "connect_timeout", "dbname", "host", "krbspn", "krbsrvname", "max_protocol_version",
	"min_protocol_version", "options", "passfile", "password", "pool_max_conns", "port", "require_auth", "service", "servicefile",
	"sslcert", "sslcertmode", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni", "target_session_attrs", "user",
}

var errURL = errors.New("the database URL is malformed; it looks like postgres://user:password@host:5432/database?sslmode=verify-full, " +
	"and in user and password the characters % / : ? # @ are written %25 %2F %3A %3F %23 %40")

// target is what a URL says, without its password.
type target struct {
	url      string
	password string
	conns    int // 0: not said
}

// parseURL takes the password out of a URL, before anybody can put it into an error,
// and checks the parameters.
func parseURL(text string) (t target, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" {
		return t, errURL
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	if strings.Contains(rest, "#") {
		return t, errURL
	}
	user, hosts := "", authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, hosts = authority[:at], authority[at+1:]
	}
	user, password, _ := strings.Cut(user, ":")
	if t.password, err = url.PathUnescape(password); err != nil {
		return t, errURL
	}
	path, query, _ := strings.Cut(rest, "?")
	for _, part := range []string{user, hosts, path} {
		if _, err := url.PathUnescape(part); err != nil || strings.ContainsAny(part, "@ ") {
			return t, errURL // of a password with a slash, part is in the path now
		}
	}
	values, err := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B")) // libpq: a plus is a plus
	if err != nil {
		return t, errURL
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(parameters, name) {
			return t, fmt.Errorf("the database URL has an unknown parameter: %q", name)
		}
		if len(values[name]) > 1 {
			return t, fmt.Errorf("the database URL has the parameter %s more than once", name)
		}
	}
	switch values.Get("target_session_attrs") {
	case "", "read-write", "primary":
	default:
		return t, errors.New("target_session_attrs in the database URL must be read-write or primary; daypass never reads from a standby")
	}
	if values.Has("password") {
		t.password = values.Get("password")
	}
	if n := values.Get("pool_max_conns"); n != "" {
		if t.conns, err = strconv.Atoi(n); err != nil || t.conns < 2 || t.conns > 10_000 {
			return t, errors.New("pool_max_conns in the database URL must be a number from 2 to 10000")
		}
	}
	for _, name := range []string{"password", "pool_max_conns", "target_session_attrs"} {
		values.Del(name)
	}
	t.url = "postgres://"
	if user != "" {
		t.url += user + "@"
	}
	t.url += hosts + path
	if len(values) > 0 {
		t.url += "?" + strings.ReplaceAll(values.Encode(), "+", "%20")
	}
	return t, nil
}

// quoted is the URL in an error of pgconn. There is no password in it any more, or
// else one in the wrong place.
var quoted = regexp.MustCompile("cannot parse `[^`]*`: ")

// config is what the URL and the environment say now: the password file and the
// certificates may have changed since the last connection.
func (t target) config() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(t.url)
	if err != nil {
		return nil, fmt.Errorf("the database URL or the environment (PGHOST and the like): %s", quoted.ReplaceAllLiteralString(err.Error(), ""))
	}
	if t.password != "" {
		config.Password = t.password
	}
	return config, nil
}

// largestMessage is how many bytes a message of the server may have: a row is one. The
// largest that daypass stores are documents of less than a mebibyte.
const largestMessage = 16 << 20

// prepare makes a configuration one of the engine's.
func (e *Engine) prepare(config *pgconn.Config) {
	config.DialFunc = dialer.DialContext
	config.ConnectTimeout = e.opts.Connect
	config.ValidateConnect = e.validate
	config.AfterConnect = e.settle
	config.BuildFrontend = pgproto3.NewFrontend
	config.MaxProtocolMessageBodyLen = largestMessage
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "daypass"
	}
	config.RuntimeParams["client_encoding"] = "UTF8" // poolers know these two
}

// configure prepares connecting.
func (e *Engine) configure(opts Options) error {
	t, err := parseURL(opts.URL)
	if err != nil {
		return err
	}
	e.target = t
	config, err := t.config()
	if err != nil {
		return err
	}
	e.hosts = hostsOf(config)
	def := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	switch {
	case opts.Connect == 0 && config.ConnectTimeout > 0:
		opts.Connect = config.ConnectTimeout
	case len(e.hosts) > 1:
		def(&opts.Connect, 2*time.Second)
	}
	def(&opts.Connect, 5*time.Second)
	def(&opts.Wait, 5*time.Second)
	def(&opts.Statement, 5*time.Second)
	def(&opts.Idle, 3*time.Second)
	def(&opts.Commit, 10*time.Second)
	def(&opts.Update, 25*time.Second)
	def(&opts.Migration, time.Hour)
	e.opts, e.config = opts, config
	e.ofConnection, e.ofTransaction = settings(opts, false), settings(opts, true)
	names := make([]string, 0, len(e.hosts))
	for _, h := range e.hosts {
		names = append(names, h.name())
	}
	e.database = fmt.Sprintf("PostgreSQL at %s (database %s, user %s)", strings.Join(names, ", "), config.Database, config.User)
	n := t.conns
	if n == 0 {
		n = min(max(16, 4*runtime.GOMAXPROCS(0)), 64)
	}
	e.pool.init(n)
	return nil
}

// host is a server, with the ways to reach it: with TLS, or without where that is
// allowed.
type host []*pgconn.FallbackConfig

// name is the host for messages.
func (h host) name() string {
	_, address := pgconn.NetworkAddress(h[0].Host, h[0].Port)
	return address
}

func hostsOf(c *pgconn.Config) (hosts []host) {
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	for _, way := range ways {
		h := host{way}
		if n := len(hosts); n > 0 && hosts[n-1].name() == h.name() {
			hosts[n-1] = append(hosts[n-1], way)
		} else {
			hosts = append(hosts, h)
		}
	}
	return hosts
}
