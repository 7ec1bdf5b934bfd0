package idp

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/mint"
)

// Config describes a provider. Issuer (in [New]), one client and one user are required.
type Config struct {
	// Issuer is the provider's URL, for example http://127.0.0.1:9000 or http://localhost:9000/realms/dev. Its host must be
	// loopback unless Remote is set; http is allowed for that reason. It is used exactly as written. For [Start] it may be empty, meaning the
	// address listened on, or an absolute path, which is put behind that address.
	Issuer string
	// Remote lets the provider be on an address that is not loopback, such as that of a container.
	Remote bool
	// Users are the people who can sign in.
	Users []User
	// Clients are the applications that may send people here.
	Clients []Client
	// Key signs ID tokens (RS256, 2048 bits at least). Nil means a fresh one, which takes a moment to make.
	Key *rsa.PrivateKey
	// IDTokenLifetime is the time from iat to exp; zero means an hour. A negative one makes tokens that were never valid,
	// for tests of whoever has to refuse them.
	IDTokenLifetime time.Duration
	// Now is the clock of tokens and expiries; nil means time.Now.
	Now func() time.Time
	// Log receives one line per sign-in and per refusal, without tokens or passwords. Nil means silence.
	Log *slog.Logger
}

// withDefaults returns c with its optional fields filled in.
func (c Config) withDefaults() Config {
	if c.IDTokenLifetime == 0 {
		c.IDTokenLifetime = mint.DefaultLifetime
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// parseIssuer checks that an issuer is a plain URL on this machine. OpenID Connect Discovery 1.0, section 3, forbids query
// and fragment; the loopback rule is ours.
func parseIssuer(issuer string, remote bool) (*url.URL, error) {
	u, err := url.Parse(issuer)
	if err == nil && !utf8.ValidString(issuer) {
		err = errors.New("not UTF-8") // JSON could not say it
	}
	if err != nil {
		return nil, errors.New("idp: the issuer is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("idp: the issuer %q must be an http or https URL", u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("idp: the issuer %q must have no user, query or fragment", u.Redacted())
	}
	if u.EscapedPath() != u.Path || path.Clean(u.Path+"/x") != strings.TrimSuffix(u.Path, "/")+"/x" {
		return nil, fmt.Errorf("idp: the issuer %q has a path that needs escaping or cleaning", issuer)
	}
	if !remote && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("idp: the issuer %q is not on a loopback host; this provider is for development only", issuer)
	}
	return u, nil
}

// isLoopback reports whether a host name or address literal means this machine (RFC 6761, section 6.3, for localhost).
func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return net.ParseIP(host).IsLoopback()
}
