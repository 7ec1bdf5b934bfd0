package interop

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

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

// The lock file names the public registry or none, wherever it was written.
func TestNodeLockNamesNoOtherRegistry(t *testing.T) {
	lock := must(os.ReadFile("node/package-lock.json"))(t)
	for _, match := range regexp.MustCompile(`"resolved": "([^"]*)"`).FindAllSubmatch(lock, -1) {
		if !regexp.MustCompile(`^https://registry\.npmjs\.org/`).Match(match[1]) {
			t.Errorf("resolved at %s", match[1])
		}
	}
}
