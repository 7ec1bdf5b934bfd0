package instance_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/sts"
)

// clock is a clock that stands still until it is set.
type clock struct{ unix atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.unix.Store(1_770_000_000)
	return c
}

func (c *clock) now() time.Time       { return time.Unix(c.unix.Load(), 0).UTC() }
func (c *clock) pass(d time.Duration) { c.unix.Add(int64(d.Seconds())) }

func (s *story) daypass(operation string, in any) (map[string]any, error) {
	answer, err := s.clientOf("us-east-1").JSON(s.t.Context(), admin.API, operation, in)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	return out, json.Unmarshal(answer, &out)
}

func (s *story) revoke(in map[string]any) map[string]any {
	s.t.Helper()
	out, err := s.daypass("RevokeSessions", in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out["Revocation"].(map[string]any)
}

// whoami calls GetCallerIdentity; the code of its refusal, or none.
func whoami(t *testing.T, c *client.Client) string {
	t.Helper()
	_, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
	return codeOf(t, err)
}

func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e.Code
}

// assume exchanges an OpenID token for credentials of the role user.
func (s *story) assume(token string) error {
	_, err := s.public().Query(s.t.Context(), sts.API, "AssumeRoleWithWebIdentity",
		"RoleArn", "arn:aws:iam::123456789012:role/user", "RoleSessionName", "app", "WebIdentityToken", token)
	return err
}

func (s *story) openIDToken(id, login string) string {
	s.t.Helper()
	out, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": id, "Logins": map[string]string{s.providerName(): login}})
	if err != nil {
		s.t.Fatal(err)
	}
	return out["Token"].(string)
}

// Whatever a revocation names, it voids what alice holds and spares bob and
// what is issued later, at once and after a restart.
func TestRevokeSessions(t *testing.T) {
	for name, target := range map[string]struct {
		in func(s *story, alice, key string) map[string]any
		// bob and token say whether bob's credentials and alice's OpenID token stay
		// good.
		bob, token bool
	}{
		"identity": {func(_ *story, alice, _ string) map[string]any { return map[string]any{"IdentityId": alice} }, true, false},
		"login": {func(s *story, _, _ string) map[string]any {
			return map[string]any{"Login": map[string]any{"ProviderName": s.providerName(), "UserIdentifier": "alice"}}
		}, true, false},
		"login in the pool": {func(s *story, _, _ string) map[string]any {
			return map[string]any{"Login": map[string]any{"ProviderName": s.providerName(), "UserIdentifier": "alice", "IdentityPoolId": s.pool}}
		}, true, false},
		"pool": {func(s *story, _, _ string) map[string]any { return map[string]any{"IdentityPoolId": s.pool} }, false, false},
		"key":  {func(_ *story, _, key string) map[string]any { return map[string]any{"AccessKeyId": key} }, true, true},
		"role": {func(*story, string, string) map[string]any {
			return map[string]any{"RoleArn": "arn:aws:iam::123456789012:role/user"}
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now})
			alice, bob := s.mustID(s.signIn("alice")), s.mustID(s.signIn("bob"))
			held, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			bobs, err := s.credentials(bob, s.signIn("bob"))
			if err != nil {
				t.Fatal(err)
			}
			token := s.openIDToken(alice, s.signIn("alice"))
			if got := whoami(t, held); got != "" {
				t.Fatalf("before the revocation: %s", got)
			}
			s.revoke(target.in(s, alice, held.Credentials.AccessKeyID))
			check := func(when string) {
				t.Helper()
				held.Endpoint, bobs.Endpoint = s.server.URL, s.server.URL
				if got := whoami(t, held); got != "ExpiredToken" {
					t.Errorf("%s: the credentials answer %q", when, got)
				}
				if got := whoami(t, bobs); (got == "") != target.bob {
					t.Errorf("%s: bob's credentials answer %q", when, got)
				}
				if err := s.assume(token); (err == nil) != target.token {
					t.Errorf("%s: the OpenID token: %v", when, err)
				} else if err != nil && codeOf(t, err) != "ExpiredTokenException" {
					t.Errorf("%s: the OpenID token: %v", when, err)
				}
			}
			check("at once")
			s.server.Restart()
			check("after a restart")
			c.pass(time.Second)
			fresh, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			if got := whoami(t, fresh); got != "" {
				t.Errorf("what was issued later: %s", got)
			}
		})
	}
}

// A developer token of a day is as void as the rest.
func TestRevokeDeveloperTokens(t *testing.T) {
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now})
	s.root("UpdateIdentityPool", map[string]any{
		"IdentityPoolId": s.pool, "IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true,
		"DeveloperProviderName": "dev", "OpenIdConnectProviderARNs": []string{s.providerARN()},
	})
	get := func() (id, token string) {
		out := s.root("GetOpenIdTokenForDeveloperIdentity", map[string]any{
			"IdentityPoolId": s.pool, "Logins": map[string]string{"dev": "us:er"}, "TokenDuration": 86400,
		})
		return out["IdentityId"].(string), out["Token"].(string)
	}
	enter := func(id, token string) error {
		_, err := call(s.public(), "GetCredentialsForIdentity", map[string]any{
			"IdentityId": id, "Logins": map[string]string{"cognito-identity.amazonaws.com": token},
		})
		return err
	}
	id, token := get()
	if err := enter(id, token); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	s.revoke(map[string]any{"Login": map[string]any{"ProviderName": "dev", "UserIdentifier": "us:er"}})
	var e *client.Error
	if err := enter(id, token); !errors.As(err, &e) || e.Code != "NotAuthorizedException" || e.Message != "Invalid login token. Token expired: 1770003600 >= 1770003600" {
		t.Errorf("got %v", err)
	}
	if err := s.assume(token); codeOf(t, err) != "ExpiredTokenException" {
		t.Errorf("at STS: %v", err)
	}
	c.pass(time.Second)
	if err := enter(get()); err != nil {
		t.Errorf("a token that was issued later: %v", err)
	}
}

// What is deleted or merged away takes with it what it held, for good.
func TestWhatGoesIsRevoked(t *testing.T) {
	for name, end := range map[string]func(s *story, guest string){
		"deleted identity": func(s *story, guest string) {
			s.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{guest}})
		},
		"deleted pool": func(s *story, _ string) { s.root("DeleteIdentityPool", map[string]any{"IdentityPoolId": s.pool}) },
		"merged identity": func(s *story, guest string) {
			s.mustID(s.signIn("alice"))
			if _, err := s.credentials(guest, s.signIn("alice")); err != nil {
				s.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now})
			guest := s.mustID("")
			held, err := s.credentials(guest, "")
			if err != nil {
				t.Fatal(err)
			}
			out, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": guest})
			if err != nil {
				t.Fatal(err)
			}
			token := out["Token"].(string)
			if err := s.assume(token); codeOf(t, err) != "AccessDenied" { // the token is good, and the role not for guests
				t.Fatalf("the token of a guest: %v", err)
			}
			end(s, guest)
			check := func(when string) {
				t.Helper()
				if got := whoami(t, held); got != "ExpiredToken" {
					t.Errorf("%s: the credentials answer %q", when, got)
				}
				if err := s.assume(token); codeOf(t, err) != "ExpiredTokenException" {
					t.Errorf("%s: the OpenID token: %v", when, err)
				}
			}
			check("at once")
			c.pass(time.Second) // nothing is issued in the second of a revocation: the row alone decides
			check("a second later")
			s.server.Restart()
			held.Endpoint = s.server.URL
			check("after a restart")
			if out, err := s.daypass("ListRevocations", map[string]any{}); err != nil || len(out["Revocations"].([]any)) > 0 {
				t.Errorf("revocations were kept: %v, %v", out, err)
			}
		})
	}
}

// Neither does it help to have assumed another role in time.
func TestWhatGoesIsRevokedThroughRoles(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	s.query("CreateRole", "RoleName", "next", "AssumeRolePolicyDocument", trustAWS(roleARN("user")))
	s.query("CreateRole", "RoleName", "last", "AssumeRolePolicyDocument", trustAWS(roleARN("next")))
	alice := s.mustID(s.signIn("alice"))
	held, err := s.credentials(alice, s.signIn("alice"))
	if err != nil {
		t.Fatal(err)
	}
	last := s.mustAssumeRole(s.mustAssumeRole(held, "next"), "last")
	if got := whoami(t, last); got != "" {
		t.Fatalf("before: %s", got)
	}
	s.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{alice}})
	if got := whoami(t, last); got != "ExpiredToken" {
		t.Errorf("the last session answers %q", got)
	}
}

// Whoever revokes learns whether they have named what is there, or mistyped it.
func TestRevokeSessionsTellsWhetherTheTargetExists(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	alice, gone := s.mustID(s.signIn("alice")), s.mustID("")
	s.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{gone}})
	s.query("CreateRole", "RoleName", "deep", "Path", "/a/b/", "AssumeRolePolicyDocument", trustAWS(roleARN("user")))
	login := func(provider, user, pool string) map[string]any {
		in := map[string]any{"ProviderName": provider, "UserIdentifier": user}
		if pool != "" {
			in["IdentityPoolId"] = pool
		}
		return map[string]any{"Login": in}
	}
	other := s.mustCreatePool("us-east-1")
	for name, test := range map[string]struct {
		in   map[string]any
		want any
	}{
		"an identity":                 {map[string]any{"IdentityId": alice}, true},
		"a deleted identity":          {map[string]any{"IdentityId": gone}, false},
		"an identity elsewhere":       {map[string]any{"IdentityId": "eu-west-1" + alice[len("us-east-1"):]}, false},
		"a pool":                      {map[string]any{"IdentityPoolId": s.pool}, true},
		"no pool":                     {map[string]any{"IdentityPoolId": "us-east-1:00000000-0000-4000-8000-000000000000"}, false},
		"a role":                      {map[string]any{"RoleArn": roleARN("a/b/deep")}, true},
		"a role without its path":     {map[string]any{"RoleArn": roleARN("deep")}, false},
		"a role in other case":        {map[string]any{"RoleArn": roleARN("a/b/Deep")}, false},
		"a login":                     {login(s.providerName(), "alice", ""), true},
		"a login by its ARN":          {login(s.providerARN(), "alice", ""), true},
		"a login in its pool":         {login(s.providerName(), "alice", s.pool), true},
		"a login in another pool":     {login(s.providerName(), "alice", other), false},
		"a login in other case":       {login(s.providerName(), "Alice", ""), false},
		"a login of another provider": {login("accounts.google.com", "alice", ""), false},
		"a session":                   {map[string]any{"AccessKeyId": "ASIA0123456789ABCDEF"}, nil},
	} {
		out, err := s.daypass("RevokeSessions", test.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := out["TargetExists"]; got != test.want {
			t.Errorf("%s: TargetExists %v, want %v", name, got, test.want)
		}
	}
}

func TestRevokeSessionsRefuses(t *testing.T) {
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now})
	const one = "Name exactly one of IdentityId, Login, IdentityPoolId, AccessKeyId, RoleArn and Everything."
	for name, test := range map[string]struct {
		in      map[string]any
		message string
	}{
		"nothing":          {map[string]any{}, one},
		"nothing at all":   {map[string]any{"Everything": false}, one},
		"all and one":      {map[string]any{"Everything": true, "IdentityPoolId": s.pool}, one},
		"two":              {map[string]any{"IdentityPoolId": s.pool, "AccessKeyId": "ASIA0123456789ABCDEF"}, one},
		"a long-term key":  {map[string]any{"AccessKeyId": "AKIA0123456789ABCDEF"}, "AccessKeyId must be that of temporary credentials. Long-term access keys are made inactive or deleted in IAM."},
		"no role":          {map[string]any{"RoleArn": "arn:aws:iam::123456789012:user/anna"}, "RoleArn must be the ARN of a role of this account."},
		"another's role":   {map[string]any{"RoleArn": "arn:aws:iam::999988887777:role/user"}, "RoleArn must be the ARN of a role of this account."},
		"the future":       {map[string]any{"IdentityPoolId": s.pool, "IssuedBefore": c.now().Unix() + 1}, "IssuedBefore must not be in the future."},
		"half a login":     {map[string]any{"Login": map[string]any{"ProviderName": "p"}}, "1 validation error detected: Value null at 'login.userIdentifier' failed to satisfy constraint: Member must not be null"},
		"a bad pool":       {map[string]any{"IdentityPoolId": "pool"}, `1 validation error detected: Value 'pool' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		"a negative time":  {map[string]any{"IdentityPoolId": s.pool, "IssuedBefore": -1}, "1 validation error detected: Value '-1' at 'issuedBefore' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		"a time in words":  {map[string]any{"IdentityPoolId": s.pool, "IssuedBefore": "now"}, "STRING_VALUE can not be converted to a Long"},
		"an empty login":   {map[string]any{"Login": map[string]any{"ProviderName": "", "UserIdentifier": "u"}}, "1 validation error detected: Value '' at 'login.providerName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"another's marker": {nil, "Invalid pagination token given."},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if test.in == nil {
				_, err = s.daypass("ListRevocations", map[string]any{"NextToken": "AAAA"})
			} else {
				_, err = s.daypass("RevokeSessions", test.in)
			}
			var e *client.Error
			if !errors.As(err, &e) || e.Status != http.StatusBadRequest || e.Message != test.message {
				t.Errorf("got  %v\nwant %s", err, test.message)
			}
		})
	}
}

// A listing shows everything that is in force once, page by page, and nothing
// that has ended.
func TestListRevocations(t *testing.T) {
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now})
	s.revoke(map[string]any{"AccessKeyId": "ASIAOLD0000000000000"})
	c.pass(24 * time.Hour)
	s.revoke(map[string]any{"IdentityPoolId": s.pool, "IssuedBefore": c.now().Unix() - 100})
	s.revoke(map[string]any{"IdentityPoolId": s.pool, "IssuedBefore": c.now().Unix() - 200}) // voids less, and changes nothing
	for _, user := range []string{"a", "a:b", "a\x00b"} {
		s.revoke(map[string]any{"Login": map[string]any{"ProviderName": "dev", "UserIdentifier": user}})
	}
	c.pass(25 * time.Hour)
	var seen []string
	next := ""
	for {
		in := map[string]any{"MaxResults": 2}
		if next != "" {
			in["NextToken"] = next
		}
		out, err := s.daypass("ListRevocations", in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out["Revocations"].([]any) {
			b, _ := json.Marshal(r)
			seen = append(seen, string(b))
		}
		var more bool
		if next, more = out["NextToken"].(string); !more {
			break
		}
	}
	got := strings.ReplaceAll(strings.Join(seen, "\n"), s.pool, "POOL")
	const want = `{"CreationDate":1770086400,"ExpirationDate":1770259200,"IdentityPoolId":"POOL","IssuedBefore":1770086300}
{"CreationDate":1770086400,"ExpirationDate":1770259200,"IssuedBefore":1770086400,"Login":{"ProviderName":"dev","UserIdentifier":"a"}}
{"CreationDate":1770086400,"ExpirationDate":1770259200,"IssuedBefore":1770086400,"Login":{"ProviderName":"dev","UserIdentifier":"a\u0000b"}}
{"CreationDate":1770086400,"ExpirationDate":1770259200,"IssuedBefore":1770086400,"Login":{"ProviderName":"dev","UserIdentifier":"a:b"}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
