package target

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
)

// ErrServiceKey is in the errors of [New] that are about service keys.
var ErrServiceKey = errors.New("service key")

// Target is an STS that the operator has named.
type Target struct {
	// Name is what roles call it.
	Name string
	// URL is where its STS answers.
	URL *url.URL
	// Dialect is how it speaks.
	Dialect policy.Dialect
	// Key reads its service key; nil where the way is web identity. It is asked each
	// time, so that a key can be replaced while the server runs.
	Key func() (Key, error)

	fetch *fetch.Client
	slots chan struct{} // a place for each request under way
}

const (
	// maxWaiting is how many requests may wait for a target at a time. Each takes
	// some milliseconds where the target is well.
	maxWaiting = 32
	// timeout is how long a request may take, from the look-up of the name to the
	// last byte.
	timeout = 5 * time.Second
	// maxAnswer is the longest answer, in bytes. Session tokens have a few
	// thousand characters.
	maxAnswer = 64 << 10
	// maxName is the longest name of a target.
	maxName = 64
)

// Parse reads NAME=URL,DIALECT.
func Parse(text string) (*Target, error) {
	name, rest, _ := strings.Cut(text, "=")
	at := strings.LastIndexByte(rest, ',')
	if !validName(name) || at < 0 {
		return nil, fmt.Errorf("%q: give NAME=URL,DIALECT, such as minio=https://minio.example.com:9000,minio; a name has lower-case letters, digits and hyphens", text)
	}
	dialect := policy.Dialect(rest[at+1:])
	if !slices.Contains(policy.Dialects, dialect) {
		return nil, fmt.Errorf("%s: %q is not a dialect; there are %s", name, string(dialect), dialects())
	}
	u, err := url.Parse(rest[:at])
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%s: give the whole URL of the STS, such as https://minio.example.com:9000", name)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("%s: remove the path, query, fragment or user of the URL", name)
	}
	u.Path, u.RawPath = "/", ""
	return &Target{Name: name, URL: u, Dialect: dialect}, nil
}

// validName is the rule of the role's tag daypass:target.
func validName(s string) bool {
	return s != "" && len(s) <= maxName && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func dialects() string {
	var names []string
	for _, d := range policy.Dialects {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}

// Way is how daypass proves to a target who asks.
type Way string

// The ways.
const (
	ServiceKey  Way = "service-key"
	WebIdentity Way = "web-identity"
)

// Way is the one to this target.
func (t *Target) Way() Way {
	if t.Key != nil {
		return ServiceKey
	}
	return WebIdentity
}

// region is the one that requests are signed for: that of the host's name, which
// AWS's have, or us-east-1.
func (t *Target) region() string {
	for label := range strings.SplitSeq(t.URL.Hostname(), ".") {
		if openid.ValidRegion(label) {
			return label
		}
	}
	return "us-east-1"
}

// origin is the target's own host and port, as an entry of a list of hosts that
// may be private.
func (t *Target) origin() string {
	host := t.URL.Host
	if t.URL.Port() == "" {
		port := "443"
		if t.URL.Scheme == "http" {
			port = "80"
		}
		host += ":" + port
	}
	return host
}

// Targets are all targets, by their names.
type Targets struct {
	byName map[string]*Target
	openID *openid.Provider
	now    func() time.Time
}

// New puts targets together. The client that out makes for a target may reach the
// target's own host and port, which it is given, although they are private. A clock
// of nil is the real one.
func New(targets []*Target, ids *openid.Provider, out func(allow string) *fetch.Client, now func() time.Time) (*Targets, error) {
	all := &Targets{byName: map[string]*Target{}, openID: ids, now: now}
	if now == nil {
		all.now = time.Now
	}
	for _, t := range targets {
		if all.byName[t.Name] != nil {
			return nil, fmt.Errorf("target %s is given twice", t.Name)
		}
		if t.Key != nil {
			if _, err := t.Key(); err != nil {
				return nil, fmt.Errorf("%w of the target %s: %w", ErrServiceKey, t.Name, err)
			}
		}
		ready := *t
		ready.fetch, ready.slots = out(t.origin()), make(chan struct{}, maxWaiting)
		ready.fetch.Timeout, ready.fetch.MaxBody = timeout, maxAnswer
		if err := ready.fetch.Check(); err != nil {
			return nil, fmt.Errorf("target %s: %w", t.Name, err)
		}
		all.byName[t.Name] = &ready
	}
	return all, nil
}

// Get finds a target by its name.
func (a *Targets) Get(name string) (*Target, error) {
	if a == nil || a.byName[name] == nil {
		return nil, misconfigured(causeUnknown, "there is no target %q", name)
	}
	return a.byName[name], nil
}

// Names are those of all targets, in order.
func (a *Targets) Names() []string {
	if a == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(a.byName))
}
