package instance_test

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/sts"
)

// holding is something that was issued: it is shown to a node, which gives the code
// of its refusal, or none.
type holding func(at *story) string

// held is all that a node can issue, of every flow, by name.
type held struct {
	all                     map[string]holding
	alice, guest            string // identities
	enhanced, users, chains string // access keys
}

// withEveryFlow makes what it takes to have something of each flow.
func (s *story) withEveryFlow() *client.Client {
	s.root("UpdateIdentityPool", map[string]any{
		"IdentityPoolId": s.pool, "IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"DeveloperProviderName": "dev", "OpenIdConnectProviderARNs": []string{s.providerARN()},
	})
	s.query("CreateRole", "RoleName", "next", "AssumeRolePolicyDocument", trustAWS(roleARN("user")))
	s.query("CreateRole", "RoleName", "direct", "AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+
		s.providerARN()+`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+s.providerName()+`:aud":"app"}}}]}`)
	return s.user("anna")
}

// hold has a node issue something of each flow.
func (s *story) hold(anna *client.Client) *held {
	s.t.Helper()
	must := func(c *client.Client, err error) *client.Client {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
		return c
	}
	session := func(c *client.Client) holding {
		return func(at *story) string {
			there := *c
			there.Endpoint, there.Now = at.server.URL, at.server.Now
			return whoami(at.t, &there)
		}
	}
	h := &held{alice: s.mustID(s.signIn("alice")), guest: s.mustID("")}
	enhanced := must(s.credentials(h.alice, s.signIn("alice")))
	guest := must(s.credentials(h.guest, ""))
	token := s.openIDToken(h.alice, s.signIn("alice"))
	with := func(role, token string) *client.Client {
		return must(s.clientFrom(s.public().Query(s.t.Context(), sts.API, "AssumeRoleWithWebIdentity",
			"RoleArn", roleARN(role), "RoleSessionName", "app", "WebIdentityToken", token)))
	}
	developer := s.root("GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{"dev": "us:er"}})
	at := *anna
	at.Endpoint, at.Now = s.server.URL, s.server.Now
	user := must(s.clientFrom(at.Query(s.t.Context(), sts.API, "GetSessionToken")))
	next := s.mustAssumeRole(enhanced, "next")
	h.enhanced, h.users, h.chains = enhanced.Credentials.AccessKeyID, user.Credentials.AccessKeyID, next.Credentials.AccessKeyID
	h.all = map[string]holding{
		"enhanced": session(enhanced), "guest": session(guest), "basic": session(with("user", token)), "direct": session(with("direct", s.signIn("alice"))),
		"chained": session(next), "user": session(user),
		"token": func(at *story) string { return codeOf(at.t, at.assume(token)) },
		"developer token": func(at *story) string {
			_, err := call(at.public(), "GetCredentialsForIdentity", map[string]any{
				"IdentityId": developer["IdentityId"], "Logins": map[string]any{"cognito-identity.amazonaws.com": developer["Token"]},
			})
			return codeOf(at.t, err)
		},
	}
	return h
}

// revoked are the refusals of what is void.
var revoked = map[string]string{"token": "ExpiredTokenException", "developer token": "NotAuthorizedException"}

// want shows all that is held to a node, which must refuse what is void and nothing else.
func (h *held) want(t *testing.T, at *story, when string, void ...string) {
	t.Helper()
	for name, show := range h.all {
		want := ""
		if slices.Contains(void, name) {
			if want = revoked[name]; want == "" {
				want = "ExpiredToken"
			}
		}
		if got := show(at); got != want {
			t.Errorf("%s: %s answers %q, want %q", when, name, got, want)
		}
	}
}

// everyRevocation is what RevokeSessions can name, and what of all that is held it
// voids.
func (s *story) everyRevocation(h *held) map[string]struct {
	in   map[string]any
	void []string
} {
	login := func(provider, user string, more ...any) map[string]any {
		in := map[string]any{"ProviderName": provider, "UserIdentifier": user}
		if len(more) > 0 {
			in["IdentityPoolId"] = more[0]
		}
		return map[string]any{"Login": in}
	}
	type one = struct {
		in   map[string]any
		void []string
	}
	alices := []string{"enhanced", "basic", "chained", "token"}
	return map[string]one{
		"identity":          {map[string]any{"IdentityId": h.alice}, alices},
		"guest":             {map[string]any{"IdentityId": h.guest}, []string{"guest"}},
		"login":             {login(s.providerName(), "alice"), append(slices.Clone(alices), "direct")},
		"login in the pool": {login(s.providerName(), "alice", s.pool), alices},
		"developer":         {login("dev", "us:er"), []string{"developer token"}},
		"pool":              {map[string]any{"IdentityPoolId": s.pool}, append(slices.Clone(alices), "guest", "developer token")},
		"key":               {map[string]any{"AccessKeyId": h.enhanced}, []string{"enhanced", "chained"}},
		"key of a user":     {map[string]any{"AccessKeyId": h.users}, []string{"user"}},
		"last key":          {map[string]any{"AccessKeyId": h.chains}, []string{"chained"}},
		"role":              {map[string]any{"RoleArn": roleARN("user")}, []string{"enhanced", "basic", "chained"}},
		"last role":         {map[string]any{"RoleArn": roleARN("next")}, []string{"chained"}},
		"everything":        {map[string]any{"Everything": true}, slices.Collect(maps.Keys(h.all))},
	}
}

// A revocation voids what was issued before it and spares what is issued after it,
// also where the clock steps before or after it.
func TestRevocationsOutliveClocks(t *testing.T) {
	for name, steps := range map[string]struct{ before, after time.Duration }{
		"stands still":        {0, 0},
		"was an hour ahead":   {-time.Hour, 0},
		"is ahead for a time": {50 * time.Minute, -50 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now})
			anna := s.withEveryFlow()
			for what := range s.everyRevocation(&held{}) {
				h := s.hold(anna)
				h.want(t, s, what+", before")
				revocation := s.everyRevocation(h)[what]
				if steps.before < 0 { // of OpenID tokens, the clock decides when they begin
					delete(h.all, "token")
					delete(h.all, "developer token")
				}
				c.pass(steps.before)
				s.revoke(revocation.in)
				c.pass(steps.after)
				h.want(t, s, what+", revoked", revocation.void...)
				s.hold(anna).want(t, s, what+", issued after it")
			}
		})
	}
}

// A database that was put back to an older state while no server ran is found out by
// what was issued since: that is refused, for its cause, and from then on everything is
// that was issued before, since it may have been revoked in what is lost.
func TestWhatTheDatabaseHasLostIsRevoked(t *testing.T) {
	for name, shown := range map[string]struct {
		show  func(s *story, session *client.Client, token string) string
		code  string
		cause string
	}{
		"a session": {func(s *story, session *client.Client, _ string) string { return whoami(s.t, session) }, "ExpiredToken", "cause=session-lost"},
		"a token":   {func(s *story, _ *client.Client, token string) string { return codeOf(s.t, s.assume(token)) }, "ExpiredTokenException", "cause=token-lost"},
	} {
		t.Run(name, func(t *testing.T) {
			c, log := newClock(), &logged{}
			dir := t.TempDir()
			s := newStory(t, daypasstest.Config{Now: c.now, DataDir: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
			alice := s.mustID(s.signIn("alice"))
			old, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			again := func(between func()) {
				t.Helper()
				s.server.Close()
				between()
				s.server = daypasstest.Start(t, daypasstest.Config{Now: c.now, DataDir: dir, Issuer: "https://issuer.example", Log: slog.New(slog.NewTextHandler(log, nil))})
				old.Endpoint = s.server.URL
			}
			var backup []byte
			database := filepath.Join(dir, "daypass.db")
			again(func() {
				if backup, err = os.ReadFile(database); err != nil {
					t.Fatal(err)
				}
			})
			s.query("CreateRole", "RoleName", "lost", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
			session, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			token := s.openIDToken(alice, s.signIn("alice"))
			again(func() {
				if err := os.WriteFile(database, backup, 0o600); err != nil {
					t.Fatal(err)
				}
			})
			session.Endpoint = s.server.URL
			if got := whoami(t, old); got != "" {
				t.Errorf("what was issued before the backup answers %q: nobody knows yet", got)
			}
			if got := shown.show(s, session, token); got != shown.code {
				t.Errorf("what was issued after it answers %q", got)
			}
			if !strings.Contains(log.String(), shown.cause) {
				t.Errorf("the log has no %s", shown.cause)
			}
			for name, c := range map[string]*client.Client{"before": old, "after": session} {
				if got := whoami(t, c); got != "ExpiredToken" {
					t.Errorf("once it is known, what was issued %s the backup answers %q", name, got)
				}
			}
			if fresh, err := s.credentials(alice, s.signIn("alice")); err != nil || whoami(t, fresh) != "" {
				t.Errorf("signing in anew: %v", err)
			}
			out, err := s.daypass("ListRevocations", map[string]any{})
			if list, _ := out["Revocations"].([]any); err != nil || len(list) != 1 || list[0].(map[string]any)["Everything"] != true {
				t.Errorf("listed %v, %v", out, err)
			}
		})
	}
}
