package instance

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/target"
)

// maxServiceKey is the longest file of a service key, in bytes.
const maxServiceKey = 64 << 10

// ErrServiceKey is what is wrong with TargetKeyFiles, and not with Targets.
var ErrServiceKey = target.ErrServiceKey

// targets reads what is configured of targets.
func (c *Config) targets() ([]*target.Target, error) {
	var all []*target.Target
	named := map[string]bool{}
	for _, text := range c.Targets {
		t, err := target.Parse(text)
		if err != nil {
			return nil, err
		}
		if t.URL.Scheme == "http" && !c.targetClient("").AllowsPlain(t.URL) {
			return nil, fmt.Errorf("%s: http is for loopback with --dev, or for hosts that --outbound-allow names with http:// in front", t.Name)
		}
		if path, ok := c.TargetKeyFiles[t.Name]; ok {
			t.Key = func() (target.Key, error) { return readServiceKey(path) }
		}
		named[t.Name] = true
		all = append(all, t)
	}
	for _, name := range slices.Sorted(maps.Keys(c.TargetKeyFiles)) {
		if !named[name] {
			return nil, fmt.Errorf("there is a %w for %s, which --target does not name", ErrServiceKey, name)
		}
	}
	return all, nil
}

// readServiceKey reads a file as it is now, so that it can be replaced while the
// server runs.
func readServiceKey(path string) (target.Key, error) {
	text, err := seal.ReadPrivate(path, maxServiceKey)
	if err != nil {
		return target.Key{}, err
	}
	key, err := target.ParseKey(text)
	if err != nil {
		return target.Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// Caller makes the client of who calls one host and port for the instance's operator, with
// a deadline for each request. The host may be private, as that of a target may.
func (c *Config) Caller(origin string, timeout time.Duration) *fetch.Client {
	f := c.targetClient(origin)
	f.Timeout = timeout
	return f
}

// targetClient makes the client for one target, whose own host and port may be
// private. Each has its own: what one may reach is nothing to another.
func (c *Config) targetClient(origin string) *fetch.Client {
	allow := slices.Clone(c.OutboundAllow)
	if origin != "" {
		allow = append(allow, origin)
	}
	return &fetch.Client{Allow: allow, AllowLoopback: c.Dev, RootCAs: c.OutboundCAs, Observe: c.Outbound}
}

// CheckTargets says what is wrong with Targets and TargetKeyFiles. It reads the
// files.
func (c *Config) CheckTargets() error {
	all, err := c.targets()
	if err != nil {
		return err
	}
	_, err = target.New(all, nil, c.targetClient, nil)
	return err
}
