package instance_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/sts"
)

// openWith opens an instance whose master keys are given, and runs it until it is stopped.
func openWith(t *testing.T, c instance.Config, keys ...*seal.MasterKey) (url string, stop func(), err error) {
	t.Helper()
	h := httptest.NewUnstartedServer(nil)
	url = "http://" + h.Listener.Addr().String()
	c.MasterKey, c.Account, c.PublicURL, c.Issuer, c.Dev = keys[0], daypasstest.Account, url, "https://issuer.example", true
	c.Root = instance.RootAccessKey{ID: daypasstest.AccessKeyID, Secret: seal.NewSecret(daypasstest.SecretAccessKey)}
	if len(keys) > 1 {
		c.NextMasterKey = keys[1]
	}
	i, err := instance.Open(t.Context(), c)
	if err != nil {
		h.Listener.Close()
		return "", nil, err
	}
	h.Config.Handler = i.Handler
	h.Start()
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { i.Run(ctx) })
	stop = sync.OnceFunc(func() {
		h.Close()
		cancel()
		background.Wait()
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return url, stop, nil
}

// at is the same story at another address.
func (s *story) at(url string) *story {
	another := *s
	another.server = &daypasstest.Server{URL: url}
	return &another
}

// storyAt is a story at a server that is there.
func storyAt(t *testing.T, url string) *story {
	s := (&story{t: t}).at(url)
	s.furnish(idp.Config{})
	return s
}

// busy is what clients do all the time while the master key is rotated: guests and users
// sign in, sessions are used at every node for long, listings go on at another node, and
// access keys, sealed when they are made, are used.
func busy(t *testing.T, nodes []*story) (stop func()) {
	t.Helper()
	nodes[0].query("CreateUser", "UserName", "worker")
	token := nodes[0].signIn("alice")
	nodes[0].mustCreatePool("us-east-1")
	done := make(chan struct{})
	var workers sync.WaitGroup
	for n := range 2 {
		workers.Go(func() {
			var sessions []*client.Client
			for round := n; ; round++ {
				select {
				case <-done:
					return
				default:
				}
				s, next := nodes[round%len(nodes)], nodes[(round+1)%len(nodes)]
				err := func() error {
					login := []string{"", token}[round%2]
					id, err := s.getID(login)
					if err != nil {
						return fmt.Errorf("GetId: %w", err)
					}
					session, err := s.credentials(id, login)
					if err != nil {
						return fmt.Errorf("GetCredentialsForIdentity: %w", err)
					}
					sessions = append(sessions, session)
					for _, old := range []*client.Client{sessions[0], session} {
						c := *old
						c.Endpoint = next.server.URL
						if _, err := c.Query(context.Background(), sts.API, "GetCallerIdentity"); err != nil {
							return fmt.Errorf("a session: %w", err)
						}
					}
					page, err := call(s.clientOf("us-east-1"), "ListIdentityPools", map[string]any{"MaxResults": 1})
					if err == nil {
						_, err = call(next.clientOf("us-east-1"), "ListIdentityPools", map[string]any{"MaxResults": 1, "NextToken": page["NextToken"]})
					}
					if err != nil {
						return fmt.Errorf("the next page: %w", err)
					}
					if n > 0 {
						return nil
					}
					key := texts(t, []byte(s.query("CreateAccessKey", "UserName", "worker")))
					c := next.clientOf("us-east-1")
					c.Credentials = sigv4.Credentials{AccessKeyID: key["AccessKeyId"], SecretAccessKey: key["SecretAccessKey"]}
					if _, err := c.Query(context.Background(), sts.API, "GetCallerIdentity"); err != nil {
						return fmt.Errorf("an access key: %w", err)
					}
					s.query("DeleteAccessKey", "UserName", "worker", "AccessKeyId", key["AccessKeyId"])
					return nil
				}()
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
			}
		})
	}
	return func() { close(done); workers.Wait() }
}

// described is what the server says of its master key.
func (s *story) described(operation string, in map[string]any) (map[string]any, error) {
	out, err := s.daypass(operation, in)
	if err != nil {
		return nil, err
	}
	return out["MasterKey"].(map[string]any), nil
}

// sealedThings makes something of each kind that is sealed, and gives a check that it is all there.
func (s *story) sealedThings() (check func(s *story)) {
	s.t.Helper()
	pool := s.root("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "secrets", "AllowUnauthenticatedIdentities": true, "SupportedLoginProviders": map[string]string{"api.twitter.com": "key;secret"},
	})["IdentityPoolId"]
	anna := s.user("anna")
	return func(s *story) {
		s.t.Helper()
		got := s.root("DescribeIdentityPool", map[string]any{"IdentityPoolId": pool})["SupportedLoginProviders"]
		if fmt.Sprint(got) != "map[api.twitter.com:key;secret]" {
			s.t.Errorf("the pool has %v", got)
		}
		hers := *anna
		hers.Endpoint = s.server.URL
		if code := whoami(s.t, &hers); code != "" {
			s.t.Errorf("a user's access key: %s", code)
		}
		id := s.mustID("")
		if _, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": id}); err != nil {
			s.t.Errorf("a token is not signed: %v", err)
		}
	}
}

// A server that keeps its own master key replaces it, again and again, while clients run,
// and nothing is refused. Sessions of before stay valid, until somebody says that the key
// is compromised.
func TestRotateMasterKeyUnderLoad(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	check := s.sealedThings()
	keyFile := filepath.Join(s.server.DataDir, "master.key")
	fingerprint := func() string {
		t.Helper()
		key, err := seal.LoadFile(keyFile)
		if err != nil {
			t.Fatal(err)
		}
		return key.Fingerprint()
	}
	before, err := s.credentials(s.mustID(""), "")
	if err != nil {
		t.Fatal(err)
	}
	stop := busy(t, []*story{s})
	seen := []string{fingerprint()}
	for range 3 {
		d, err := s.described("RotateMasterKey", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		if d["ReplacedFingerprint"] != seen[len(seen)-1] || d["Fingerprint"] != fingerprint() || d["FinishedDate"] == nil || d["SessionsUntil"] == nil || d["InDataDirectory"] != true {
			t.Errorf("%v", d)
		}
		seen = append(seen, fingerprint())
	}
	stop()
	slices.Sort(seen)
	if len(slices.Compact(slices.Clone(seen))) != 4 {
		t.Errorf("keys were used again: %q", seen)
	}
	check(s)
	if code := whoami(t, before); code != "" {
		t.Errorf("a session of before: %s", code)
	}
	s.server.Restart()
	check(s)
	before.Endpoint = s.server.URL
	if code := whoami(t, before); code != "" {
		t.Errorf("a session of before, after a start: %s", code)
	}
	// The same call again changes nothing.
	d, err := s.described("DescribeMasterKey", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.described("RotateMasterKey", map[string]any{"Fingerprint": d["ReplacedFingerprint"]})
	if err != nil || again["Fingerprint"] != d["Fingerprint"] {
		t.Errorf("%v, %v", again, err)
	}
	_, err = s.daypass("RotateMasterKey", map[string]any{"Fingerprint": "0123456789abcdef"})
	wantError(t, err, "ResourceConflictException", "The master key is not the one that Fingerprint names, and that one was not the last to be replaced.")

	after, err := s.credentials(s.mustID(""), "")
	if err != nil {
		t.Fatal(err)
	}
	if d, err = s.described("RotateMasterKey", map[string]any{"Compromised": true}); err != nil || d["SessionsUntil"] != nil {
		t.Errorf("%v, %v", d, err)
	}
	for name, c := range map[string]*client.Client{"before": before, "after": after} {
		if code := whoami(t, c); code != "InvalidClientTokenId" {
			t.Errorf("a session of %s: %q", name, code)
		}
	}
	s.server.Restart()
	check(s)
	for _, c := range []*client.Client{before, after} {
		c.Endpoint = s.server.URL
		if code := whoami(t, c); code != "InvalidClientTokenId" {
			t.Errorf("a session after a start: %q", code)
		}
	}
	entries, err := os.ReadDir(s.server.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "master.key.") {
			kept++
		}
	}
	if kept != 4 {
		t.Errorf("%d old keys were kept", kept)
	}
}

// Sessions of an old key are valid for 36 hours, and then the key is forgotten.
func TestOldMasterKeyIsForgotten(t *testing.T) {
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now})
	out, err := s.user("anna").Query(t.Context(), sts.API, "GetSessionToken", "DurationSeconds", "129600")
	long, err := s.clientFrom(out, err)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.daypass("RotateMasterKey", map[string]any{}); err != nil {
		t.Fatal(err)
	}
	c.pass(36*time.Hour - time.Minute)
	for range 2 {
		if code := whoami(t, long); code != "" {
			t.Errorf("a session of 36 hours, a minute before its end: %s", code)
		}
		s.server.Restart()
		long.Endpoint = s.server.URL
	}
	c.pass(10 * time.Minute)
	s.server.Restart() // which is when it is looked for keys to forget, besides every ten seconds
	s.waitFor("the old key to be forgotten", func() bool {
		d, err := s.described("DescribeMasterKey", map[string]any{})
		return err == nil && d["SessionsUntil"] == nil
	})
}

// Three nodes get the next key one after the other; until all have it, nothing happens.
// Then it takes the place of the old one while clients run, and a node starts with either
// key first, or with the new one alone.
func TestFleetRotatesMasterKey(t *testing.T) {
	database := pgtest.Database(t)
	first, second, third := fixture.MasterKey(t), fixture.MasterKey(t), fixture.MasterKey(t)
	open := func(keys ...*seal.MasterKey) (string, func(), error) {
		t.Helper()
		return openWith(t, instance.Config{Database: postgres.Database(database)}, keys...)
	}
	must := func(keys ...*seal.MasterKey) (string, func()) {
		t.Helper()
		url, stop, err := open(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return url, stop
	}
	a, _ := must(first, second)
	b, _ := must(second, first) // in any order
	c, stopC := must(first)
	s := storyAt(t, a)
	check := s.sealedThings()
	before, err := s.credentials(s.mustID(""), "")
	if err != nil {
		t.Fatal(err)
	}
	fleet := []*story{s, s.at(b), s.at(c)}

	_, err = fleet[0].daypass("RotateMasterKey", map[string]any{})
	wantError(t, err, "ResourceConflictException", "1 of 3 servers does not have the next master key "+second.Fingerprint()+
		". Start every server with it (--next-master-key-file or DAYPASS_NEXT_MASTER_KEY), then try again.")
	_, err = fleet[2].daypass("RotateMasterKey", map[string]any{})
	wantError(t, err, "ResourceConflictException", "There is no next master key. Start every server with --next-master-key-file or DAYPASS_NEXT_MASTER_KEY, then try again.")
	d, err := fleet[0].described("DescribeMasterKey", map[string]any{})
	if err != nil || d["Fingerprint"] != first.Fingerprint() || d["NextFingerprint"] != second.Fingerprint() || d["Servers"] != 3.0 || d["ServersWithNextKey"] != 2.0 {
		t.Errorf("%v, %v", d, err)
	}

	// The third is started again, with the key.
	stopC()
	c, _ = must(first, second)
	fleet[2] = s.at(c)
	stop := busy(t, fleet)
	// Also at the one that has the keys in the other order, and once more at another.
	for _, n := range []int{1, 0} {
		if d, err = fleet[n].described("RotateMasterKey", map[string]any{}); err != nil || d["Fingerprint"] != second.Fingerprint() || d["FinishedDate"] == nil || d["NextFingerprint"] != nil && n == 1 {
			t.Errorf("%v, %v", d, err)
		}
	}
	stop()
	for n, s := range fleet {
		check(s)
		session := *before
		session.Endpoint = s.server.URL
		if code := whoami(t, &session); code != "" {
			t.Errorf("node %d: a session of before: %s", n, code)
		}
	}

	for name, keys := range map[string][]*seal.MasterKey{"the new one": {second}, "both": {first, second}, "swapped": {second, first}, "with a third": {second, third}} {
		url, stop := must(keys...)
		check(s.at(url))
		session := *before
		session.Endpoint = url
		if code := whoami(t, &session); code != "" {
			t.Errorf("%s: a session of before: %s", name, code)
		}
		stop()
	}
	if _, _, err := open(first); !errors.Is(err, store.ErrOldMasterKey) || !strings.Contains(err.Error(), second.Fingerprint()+" took the place of "+first.Fingerprint()) {
		t.Errorf("the old key alone: %v", err)
	}
	if _, _, err := open(third); !errors.Is(err, store.ErrWrongMasterKey) {
		t.Errorf("a foreign key: %v", err)
	}

	_, err = fleet[0].daypass("RotateMasterKey", map[string]any{"Compromised": true})
	wantError(t, err, "ResourceConflictException", "There is no next master key. Start every server with --next-master-key-file or DAYPASS_NEXT_MASTER_KEY, then try again.")

	// Back to the first is refused, and so is a session once the key is said to be known
	// to others, at every node at once.
	url, stopD := must(second, first)
	_, err = s.at(url).daypass("RotateMasterKey", map[string]any{})
	wantError(t, err, "ResourceConflictException", `The next master key was in use before, and was replaced. Make a new one with "daypass key new".`)
	stopD()
	if d, err = fleet[0].described("RotateMasterKey", map[string]any{"Fingerprint": first.Fingerprint(), "Compromised": true}); err != nil || d["SessionsUntil"] != nil {
		t.Errorf("%v, %v", d, err)
	}
	for n, s := range fleet {
		session := *before
		session.Endpoint = s.server.URL
		if code := whoami(t, &session); code != "InvalidClientTokenId" {
			t.Errorf("node %d: a session of a key that others know: %q", n, code)
		}
		check(s)
	}
}

// A node that was away while the key was replaced, and does not have the new one, serves
// nothing that is in the database, and says why.
func TestNodeWithoutTheMasterKey(t *testing.T) {
	direct, proxy, through := pgtest.Proxied(t)
	first, second := fixture.MasterKey(t), fixture.MasterKey(t)
	var ahead atomic.Int64 // of the clients' clock, in seconds; they allow for five minutes
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load()) * time.Second) }
	var log logged
	open := func(database string, keys ...*seal.MasterKey) *story {
		t.Helper()
		url, _, err := openWith(t, instance.Config{Database: postgres.Database(database), Now: now, Log: slog.New(slog.NewTextHandler(&log, nil))}, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return (&story{t: t}).at(url)
	}
	away, here := open(through, first), open(direct, first, second)
	here.furnish(idp.Config{})
	away.pool, away.provider = here.pool, here.provider
	if _, err := away.getID(""); err != nil {
		t.Fatal(err)
	}
	_, err := here.daypass("RotateMasterKey", map[string]any{})
	wantError(t, err, "ResourceConflictException", "1 of 2 servers does not have the next master key "+second.Fingerprint()+
		". Start every server with it (--next-master-key-file or DAYPASS_NEXT_MASTER_KEY), then try again.")
	proxy.Refuse()
	var passed time.Time
	here.waitFor("the node that is away to be given up", func() bool {
		if time.Since(passed) > 3*time.Second { // so that it is heard of what was said before
			passed = time.Now()
			ahead.Add(20)
		}
		_, err = here.daypass("RotateMasterKey", map[string]any{})
		return err == nil
	})
	if d, err := here.described("DescribeMasterKey", map[string]any{}); err != nil || d["Fingerprint"] != second.Fingerprint() {
		t.Fatal(d, err)
	}
	proxy.Resume(t)
	// From the first answer that the database gives, it is this one.
	for range 3 {
		if _, err := away.getID(""); err == nil {
			t.Error("a node without the master key serves")
		}
		get(t, away.server.URL+"/readyz", 503, "not ready\n")
	}
	if want := "the master key was replaced: " + second.Fingerprint() + " took the place of " + first.Fingerprint(); !strings.Contains(log.String(), want) {
		t.Errorf("the log does not say %q", want)
	}
	if _, err := here.getID(""); err != nil {
		t.Error(err)
	}
}
