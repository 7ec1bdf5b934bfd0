package instance_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// trail keeps the records of requests.
type trail struct {
	trail *audit.Trail

	mu   sync.Mutex
	text []string
}

func (r *trail) Record(_ context.Context, e *audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, string(r.trail.Append(nil, e)))
	return nil
}

// last is what the last record has of whom it is about.
func (r *trail) last(t *testing.T) (data struct{ Identity, IdentityHash, SubjectHash, HashKeyId string }) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var record struct{ AdditionalEventData any }
	record.AdditionalEventData = &data
	if err := json.Unmarshal([]byte(r.text[len(r.text)-1]), &record); err != nil {
		t.Fatal(err)
	}
	return data
}

// audited is an instance with an audit trail, of a directory.
func audited(t *testing.T, dir string, recorded bool) (*instance.Instance, *client.Client, *trail) {
	t.Helper()
	key, err := openOrMake(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	r := &trail{}
	c := instance.Config{
		DataDir: dir, MasterKey: key, Account: "123456789012", PublicURL: "http://127.0.0.1", Dev: true,
		Root: iam.RootAccessKey{ID: "test", Secret: seal.NewSecret("test")},
	}
	if recorded {
		c.Trail = func(t *audit.Trail) audit.Sink {
			r.trail = t
			return r
		}
	}
	i, err := instance.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() }) // one that was closed before says so, which is well
	h := httptest.NewServer(i.Handler)
	t.Cleanup(h.Close)
	return i, &client.Client{Endpoint: h.URL, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}, r
}

func openOrMake(path string) (*seal.MasterKey, error) {
	if key, err := seal.LoadFile(path); err == nil {
		return key, nil
	}
	return seal.CreateFile(path)
}

// What is in records of a person is what AuditHash gives to those who may ask, until
// the person is erased. An identity from before there was a trail gets its salt
// when it signs in.
func TestAuditHash(t *testing.T) {
	dir := t.TempDir()
	provider, err := idp.Start(t.Context(), idp.Config{
		Users:   []idp.User{{Subject: "alice", Password: "pw"}, {Subject: "bob", Password: "pw"}},
		Clients: []idp.Client{{ID: "app", RedirectURIs: []string{redirect}}},
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close()
	host := strings.TrimPrefix(provider.URL, "http://")
	must := func(out map[string]any, err error) map[string]any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	i, root, _ := audited(t, dir, false)
	if _, err := root.Query(t.Context(), iam.API, "CreateOpenIDConnectProvider", "Url", provider.URL, "ClientIDList.member.1", "app"); err != nil {
		t.Fatal(err)
	}
	pool := must(call(root, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "DeveloperProviderName": "dev",
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::123456789012:oidc-provider/" + host},
	}))["IdentityPoolId"].(string)
	logins := func(user string) map[string]string {
		return map[string]string{host: signIn(t, provider.URL, "app", user)}
	}
	alice := must(call(root, "GetId", map[string]any{"IdentityPoolId": pool, "Logins": logins("alice")}))["IdentityId"].(string)
	hashesOf := func(c *client.Client, in map[string]any) (key string, hashes []string, err error) {
		t.Helper()
		text, err := c.JSON(t.Context(), admin.API, "AuditHash", in)
		var out struct {
			KeyId  string
			Hashes []struct{ Hash string }
		}
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		for _, h := range out.Hashes {
			hashes = append(hashes, h.Hash)
		}
		return out.KeyId, hashes, err
	}
	if _, _, err := hashesOf(root, map[string]any{"IdentityId": alice}); err == nil || !strings.Contains(err.Error(), "--audit-log") {
		t.Errorf("without a trail: %v", err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}

	i, root, records := audited(t, dir, true)
	running, stop := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { i.Run(running) })
	defer run.Wait()
	defer stop()
	byUser := map[string]any{"IdentityPoolId": pool, "ProviderName": host, "UserIdentifier": "alice"}
	signInAgain := func() string {
		must(call(root, "GetId", map[string]any{"IdentityPoolId": pool, "Logins": logins("alice")}))
		return records.last(t).SubjectHash
	}
	first := signInAgain()
	second := signInAgain()
	for second == first { // the salt is made in the background
		second = signInAgain()
	}
	data := records.last(t)
	if data.Identity != alice {
		t.Errorf("the record is of %s", data.Identity)
	}
	for name, in := range map[string]map[string]any{
		"by user":                     byUser,
		"by user of any pool":         {"ProviderName": "https://" + host + "/", "UserIdentifier": "alice"},
		"by identity":                 {"IdentityId": alice},
		"by the user of the identity": {"IdentityId": alice, "ProviderName": host, "UserIdentifier": "alice"},
	} {
		key, got, err := hashesOf(root, in)
		for what, want := range map[string]string{"before it had a salt": first, "with its salt": second, "identity": data.IdentityHash} {
			if err != nil || key != data.HashKeyId || want == "" || !slices.Contains(got, want) {
				t.Errorf("%s: %s, %v, %v does not have %s, the hash %s", name, key, got, err, want, what)
			}
		}
	}
	// Somebody else's login is refused, and is in the record under the salt of the day.
	_, err = call(root, "GetOpenIdToken", map[string]any{"IdentityId": alice, "Logins": logins("bob")})
	if err == nil {
		t.Fatal("bob has got a token of alice")
	}
	bob := records.last(t).SubjectHash
	if _, got, err := hashesOf(root, map[string]any{"ProviderName": host, "UserIdentifier": "bob"}); err != nil || bob == "" || !slices.Contains(got, bob) {
		t.Errorf("a refused login: %v, %v do not have %s", got, err, bob)
	}
	if _, got, _ := hashesOf(root, byUser); slices.Contains(got, bob) {
		t.Error("alice has the hash of bob")
	}
	// A developer user.
	must(call(root, "GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": pool, "Logins": map[string]string{"dev": "u1"}}))
	dev := records.last(t).SubjectHash
	if _, got, err := hashesOf(root, map[string]any{"IdentityPoolId": pool, "DeveloperUserIdentifier": "u1"}); err != nil || dev == "" || !slices.Contains(got, dev) {
		t.Errorf("a developer user: %v, %v do not have %s", got, err, dev)
	}
	// A guest is in records as a hash alone.
	guest := must(call(root, "GetId", map[string]any{"IdentityPoolId": pool}))["IdentityId"].(string)
	data = records.last(t)
	if _, got, err := hashesOf(root, map[string]any{"IdentityId": guest}); err != nil || !slices.Contains(got, data.IdentityHash) || data.Identity == guest {
		t.Errorf("a guest: %v, %v, record of %s", got, err, data.Identity)
	}
	for name, in := range map[string]map[string]any{
		"nobody": {}, "half a user": {"UserIdentifier": "alice"}, "a developer user of any pool": {"DeveloperUserIdentifier": "u1"},
		"two users": {"IdentityPoolId": pool, "DeveloperUserIdentifier": "u1", "ProviderName": host, "UserIdentifier": "alice"},
		"no pool":   {"IdentityPoolId": "us-east-1:00000000-0000-4000-8000-000000000000", "DeveloperUserIdentifier": "u1"},
	} {
		if _, _, err := hashesOf(root, in); err == nil || !strings.Contains(err.Error(), "InvalidParameterException") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whoever may not ask is not told.
	stranger := &client.Client{Endpoint: root.Endpoint, Region: "us-east-1"}
	if _, _, err := hashesOf(stranger, byUser); err == nil {
		t.Error("a stranger is told")
	}
	// Erased, nobody finds the records that were made with her own salt.
	must(call(root, "DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{alice}}))
	for name, in := range map[string]map[string]any{"by user": byUser, "by identity": {"IdentityId": alice, "ProviderName": host, "UserIdentifier": "alice"}} {
		if _, got, err := hashesOf(root, in); err != nil || slices.Contains(got, second) {
			t.Errorf("%s, erased: %v, %v", name, got, err)
		}
	}
}
