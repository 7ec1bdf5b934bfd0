package instance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/sts"
)

// kids are the key IDs of the published key set.
func (s *story) kids() (kids []string) {
	s.t.Helper()
	answer, err := http.Get(s.server.URL + "/.well-known/jwks_uri")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		s.t.Fatal(err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// createPool makes a pool in a region.
func (s *story) createPool(region string) (string, error) {
	out, err := call(s.clientOf(region), "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true})
	if err != nil {
		return "", err
	}
	return out["IdentityPoolId"].(string), nil
}

func (s *story) mustCreatePool(region string) string {
	s.t.Helper()
	pool, err := s.createPool(region)
	if err != nil {
		s.t.Fatal(err)
	}
	return pool
}

// Whoever may create pools cannot fill the key set with keys of regions that they
// make up, which would make it too large for those who verify with it.
func TestInventedRegions(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	before := s.kids()
	for a := range 106 {
		region := fmt.Sprintf("q%c%c-east-1", 'a'+a/11, 'a'+a%11)
		_, err := s.createPool(region)
		wantError(t, err, "InvalidParameterException", "Identity pools cannot be created in "+region+
			", which is not one of the regions of this server. Choose one of them, or start the server with --allow-region "+region+".")
	}
	if after := s.kids(); !slices.Equal(before, after) {
		t.Errorf("the key set was %v and is %v", before, after)
	}
}

// oneKey makes the same signing key again and again, which is quicker.
func oneKey(t *testing.T) func() (*rsa.PrivateKey, error) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return func() (*rsa.PrivateKey, error) { return key, nil }
}

// A bounded number of regions has keys. Those of a region without pools go a day
// after the last token that they may have signed, and none ever comes back.
func TestRegionsWithKeys(t *testing.T) {
	var regions []string
	for n := range openid.MaxRegions + 1 {
		regions = append(regions, fmt.Sprintf("qq-east-%d", n+1))
	}
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now, Regions: regions, SigningKey: oneKey(t)})
	var pools []string
	for _, region := range regions[:openid.MaxRegions-1] { // us-east-1, the default, has a pool already
		pools = append(pools, s.mustCreatePool(region))
	}
	last := regions[openid.MaxRegions-1]
	full := func(when string) {
		t.Helper()
		_, err := s.createPool(last)
		wantError(t, err, "LimitExceededException", "At most 30 regions can have identity pools.")
		if got := len(s.kids()); got != openid.MaxRegions {
			t.Errorf("%s: %d keys, want %d", when, got, openid.MaxRegions)
		}
	}
	full("at first")
	s.mustCreatePool(regions[0]) // where there are pools already there is no limit

	for n := range 2 {
		if _, err := call(s.clientOf(regions[1+n]), "DeleteIdentityPool", map[string]any{"IdentityPoolId": pools[1+n]}); err != nil {
			t.Fatal(err)
		}
	}
	s.server.Restart()
	s.waitFor("the regions are seen to be unused", func() bool { return s.unusedKeys() == 2 })
	full("after the deletion")
	c.pass(48 * time.Hour)
	s.mustCreatePool(regions[2]) // which is used again
	s.server.Restart()
	s.waitFor("the keys go", func() bool { return !slices.Contains(s.kids(), regions[1]+"-1") })
	if got := len(s.kids()); got != openid.MaxRegions-1 {
		t.Errorf("%d keys are left, want %d", got, openid.MaxRegions-1)
	}
	s.mustCreatePool(regions[1])
	if kids := s.kids(); slices.Contains(kids, regions[1]+"-1") || !slices.Contains(kids, regions[1]+"-2") {
		t.Errorf("the region's next key is not the second: %v", kids)
	}
	full("when the region has come back")
}

// To switch to one key for all regions, and back, breaks no token: what was signed
// before is good for as long as it would have been.
func TestOneSigningKey(t *testing.T) {
	c := newClock()
	config := daypasstest.Config{Now: c.now, SigningKey: oneKey(t)}
	s := newStory(t, config)
	pool := s.mustCreatePool("eu-west-1")
	out, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": pool})
	if err != nil {
		t.Fatal(err)
	}
	s.query("CreateRole", "RoleName", "far", "AssumeRolePolicyDocument", trust(pool, "unauthenticated"))
	if _, err := call(s.clientOf("eu-west-1"), "UpdateIdentityPool", map[string]any{
		"IdentityPoolId": pool, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true}); err != nil {
		t.Fatal(err)
	}
	token := func(kid string) string {
		t.Helper()
		out, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": out["IdentityId"]})
		if err != nil {
			t.Fatal(err)
		}
		token := out["Token"].(string)
		if header := segment(t, token, 0); header["kid"] != kid {
			t.Errorf("signed by %v, want %s", header["kid"], kid)
		}
		return token
	}
	good := func(token string) {
		t.Helper()
		if _, err := s.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/far",
			"RoleSessionName", "app", "WebIdentityToken", token); err != nil {
			t.Error(err)
		}
	}
	restart := func(one bool) {
		s.server.Close()
		again := config
		again.DataDir, again.Issuer, again.OneSigningKey = s.server.DataDir, "https://issuer.example", one
		s.server = daypasstest.Start(t, again)
	}

	before := token("us-east-1-1") // until everybody can know that of the region
	good(before)
	c.pass(openid.MaxAge + time.Minute)
	before = token("eu-west-1-1")
	restart(true)
	good(before)
	during := token("us-east-1-1")
	good(during)
	if got, want := s.kids(), []string{"us-east-1-1", "eu-west-1-1"}; !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	s.waitFor("the other key is seen to be unused", func() bool { return s.unusedKeys() == 1 })
	restart(false)
	good(during)
	s.waitFor("the other key is seen to be used again", func() bool { return s.unusedKeys() == 0 })
	token("eu-west-1-1")

	restart(true)
	s.waitFor("the other key is seen to be unused", func() bool { return s.unusedKeys() == 1 })
	c.pass(48 * time.Hour)
	restart(true)
	s.waitFor("the other key goes", func() bool { return slices.Equal(s.kids(), []string{"us-east-1-1"}) })
	good(token("us-east-1-1"))
	restart(false)
	good(token("us-east-1-1"))
	c.pass(openid.MaxAge + time.Minute)
	good(token("eu-west-1-2"))
}

// segment is the header (0) or the payload (1) of a token.
func segment(t *testing.T, token string, n int) (out map[string]any) {
	t.Helper()
	plain, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	if err == nil {
		err = json.Unmarshal(plain, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unusedKeys counts the keys of regions that the background work has found to have
// no pools.
func (s *story) unusedKeys() (n int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.server.DataDir, "daypass.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM signing_keys WHERE unused IS NOT NULL`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// waitFor waits until the background work has done something.
func (s *story) waitFor(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(deadline) {
			s.t.Fatal("in vain: ", what)
		}
	}
}
