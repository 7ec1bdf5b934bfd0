package interop

import (
	"encoding/json"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// TestBoto3 runs the scripts in testdata/boto3, each on a server of its own.
func TestBoto3(t *testing.T) {
	t.Parallel()
	python := need(t, "boto3")
	for _, script := range []string{"story", "refusals", "pages", "everything", "team"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			provider, club := startProvider(t), startProvider(t)
			token := provider.signIn(t, app, alice)
			given := must(json.Marshal(map[string]string{
				"endpoint": startProcess(t), "region": daypasstest.Region, "account": daypasstest.Account,
				"access_key_id": daypasstest.AccessKeyID, "secret_access_key": daypasstest.SecretAccessKey,
				"issuer": provider.URL, "provider": provider.name(), "client_id": app,
				"alice": token, "bob": provider.signIn(t, app, bob),
				"forged": forge(t, token, bob), "expired": provider.signInLongAgo(t, alice),
				"club_issuer": club.URL, "club": club.name(), "club_bob": club.signIn(t, app, bob),
			}))(t)
			env := environment(t, "PYTHONDONTWRITEBYTECODE=1", "DAYPASS_INTEROP="+string(given))
			run(t, env, python, "testdata/boto3/"+script+".py")
		})
	}
}
