package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
)

// TestNode runs node/story.mjs.
func TestNode(t *testing.T) {
	t.Parallel()
	node := need(t, "node")
	s := openShop(t, startProcess(t))
	token := s.provider.signIn(t, app, alice)
	login := s.provider.logins(token)
	given := must(json.Marshal(map[string]string{
		"endpoint": s.endpoint, "region": daypasstest.Region, "account": daypasstest.Account,
		"pool": s.pool, "role": roleARN(userRole), "provider": s.provider.name(),
		"alice": token, "forged": forge(t, token, bob),
		"token": s.getOpenIDToken(t, s.getID(t, s.pool, login), login),
	}))(t)
	run(t, environment(t, "DAYPASS_INTEROP="+string(given)), node, "node/story.mjs")
}

// TestNodeRefresh runs node/refresh.mjs.
func TestNodeRefresh(t *testing.T) {
	t.Parallel()
	node := need(t, "node")
	var behind atomic.Int64
	s := openShop(t, daypasstest.Start(t, daypasstest.Config{
		Now: func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) },
	}).URL)
	behind.Store(int64(57 * time.Minute)) // once the shop is open: its signed calls need the right time
	s.provider.ago.Store(behind.Load())
	token := s.provider.signIn(t, app, alice)
	clock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		behind.Store(0)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(clock.Close)
	given := must(json.Marshal(map[string]string{
		"endpoint": s.endpoint, "clock": clock.URL, "region": daypasstest.Region, "account": daypasstest.Account,
		"pool": s.pool, "provider": s.provider.name(), "alice": token,
		"guest": s.getID(t, s.pool, nil), "user": s.getID(t, s.pool, s.provider.logins(token)),
	}))(t)
	run(t, environment(t, "DAYPASS_INTEROP="+string(given)), node, "node/refresh.mjs")
}

// The lock files name the public registry or none, wherever they were written.
func TestNodeLocksNameNoOtherRegistry(t *testing.T) {
	for _, name := range []string{"node/package-lock.json", "amplify/package-lock.json", "oidc/package-lock.json"} {
		lock := must(os.ReadFile(name))(t)
		for _, match := range regexp.MustCompile(`"resolved": "([^"]*)"`).FindAllSubmatch(lock, -1) {
			if !regexp.MustCompile(`^https://registry\.npmjs\.org/`).Match(match[1]) {
				t.Errorf("%s: resolved at %s", name, match[1])
			}
		}
	}
}
