package instance_test

import (
	"encoding/xml"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// trustAWS is a trust policy for a principal of the account.
func trustAWS(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
}

// assumeRole gives the client of a role's session that another client makes.
func (s *story) assumeRole(by *client.Client, role string, more ...string) (*client.Client, error) {
	in := append([]string{"RoleArn", roleARN(role), "RoleSessionName", "chained"}, more...)
	return s.clientFrom(by.Query(s.t.Context(), sts.API, "AssumeRole", in...))
}

// clientFrom gives the client of the credentials in an answer of STS.
func (s *story) clientFrom(answer []byte, err error) (*client.Client, error) {
	s.t.Helper()
	if err != nil {
		return nil, err
	}
	var out struct {
		Result struct {
			Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
		} `xml:",any"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil {
		return nil, err
	}
	c := s.clientOf("us-east-1")
	made := out.Result.Credentials
	c.Credentials = sigv4.Credentials{AccessKeyID: made.AccessKeyId, SecretAccessKey: made.SecretAccessKey, SessionToken: made.SessionToken}
	return c, nil
}

func (s *story) mustAssumeRole(by *client.Client, role string, more ...string) *client.Client {
	s.t.Helper()
	c, err := s.assumeRole(by, role, more...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Nobody gets away from a revocation by assuming another role in time: whatever a
// revocation names, it voids what was made of that, however many roles later.
func TestRevocationsReachThroughRoles(t *testing.T) {
	for name, target := range map[string]func(s *story, alice string, held, next *client.Client) map[string]any{
		"identity": func(_ *story, alice string, _, _ *client.Client) map[string]any {
			return map[string]any{"IdentityId": alice}
		},
		"login": func(s *story, _ string, _, _ *client.Client) map[string]any {
			return map[string]any{"Login": map[string]any{"ProviderName": s.providerName(), "UserIdentifier": "alice"}}
		},
		"pool": func(s *story, _ string, _, _ *client.Client) map[string]any {
			return map[string]any{"IdentityPoolId": s.pool}
		},
		"first key": func(_ *story, _ string, held, _ *client.Client) map[string]any {
			return map[string]any{"AccessKeyId": held.Credentials.AccessKeyID}
		},
		"first role": func(*story, string, *client.Client, *client.Client) map[string]any {
			return map[string]any{"RoleArn": roleARN("user")}
		},
		"next key": func(_ *story, _ string, _, next *client.Client) map[string]any {
			return map[string]any{"AccessKeyId": next.Credentials.AccessKeyID}
		},
		"next role": func(*story, string, *client.Client, *client.Client) map[string]any {
			return map[string]any{"RoleArn": roleARN("team/next")}
		},
		"last role": func(*story, string, *client.Client, *client.Client) map[string]any {
			return map[string]any{"RoleArn": roleARN("last")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now})
			s.query("CreateRole", "RoleName", "next", "Path", "/team/", "AssumeRolePolicyDocument", trustAWS(roleARN("user")))
			s.query("CreateRole", "RoleName", "last", "AssumeRolePolicyDocument", trustAWS(roleARN("team/next")))
			alice := s.mustID(s.signIn("alice"))
			held, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			next := s.mustAssumeRole(held, "team/next")
			c.pass(50 * time.Minute) // the last one begins when the first are nearly over
			last := s.mustAssumeRole(next, "last")
			in := target(s, alice, held, next)
			if name != "last role" {
				in["IssuedBefore"] = c.now().Add(-40 * time.Minute).Unix()
			}
			s.revoke(in)
			if got := whoami(t, last); got != "ExpiredToken" {
				t.Errorf("the last session answers %q", got)
			}
			if _, err := s.assumeRole(last, "last"); codeOf(t, err) != "ExpiredToken" {
				t.Errorf("the last session makes another: %v", err)
			}
		})
	}
}

// The session of a role that was deleted is nobody's, also when there is another
// role of the name: it may do nothing, not even what a trust policy would allow
// whoever comes.
func TestSessionsOfDeletedRoles(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	s.query("CreateRole", "RoleName", "anybody", "AssumeRolePolicyDocument", trustAWS("*"))
	s.query("CreateRole", "RoleName", "account", "AssumeRolePolicyDocument", trustAWS("123456789012"))
	s.query("CreateRole", "RoleName", "named", "AssumeRolePolicyDocument", trustAWS(roleARN("user")))
	alice := s.mustID(s.signIn("alice"))
	old, err := s.credentials(alice, s.signIn("alice"))
	if err != nil {
		t.Fatal(err)
	}
	s.mustAssumeRole(old, "named")
	s.query("DeleteRole", "RoleName", "user")
	s.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
	s.query("PutRolePolicy", "RoleName", "user", "PolicyName", "all", "PolicyDocument", allow(`"*"`, `"*"`, ""))
	for _, role := range []string{"anybody", "account", "named"} {
		_, err := s.assumeRole(old, role)
		wantError(t, err, "AccessDenied", "User: "+aliceARN+" is not authorized to perform: sts:AssumeRole on resource: "+roleARN(role))
	}
	if _, err := call(old, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool}); codeOf(t, err) != "AccessDeniedException" {
		t.Errorf("the old session: %v", err)
	}
	fresh, err := s.credentials(alice, s.signIn("alice"))
	if err != nil {
		t.Fatal(err)
	}
	s.mustAssumeRole(fresh, "anybody")
	s.mustAssumeRole(fresh, "account")
	_, err = s.assumeRole(fresh, "named") // the policy means the role that was deleted
	wantError(t, err, "AccessDenied", "User: "+aliceARN+" is not authorized to perform: sts:AssumeRole on resource: "+roleARN("named"))
}

// A login is revoked by the provider's name and the user, whichever kind of
// provider it is and however the name is written.
func TestRevokeLoginsOfAllKinds(t *testing.T) {
	const appClient = "3n4b5urk1ft4fl3mg5e62d9ado"
	const google = "arn:aws:iam::123456789012:oidc-provider/accounts.google.com"
	now := time.Now().Truncate(time.Second)
	s := newShop(t, daypasstest.Config{Now: func() time.Time { return now }}, map[string]any{
		"SupportedLoginProviders": map[string]string{
			"accounts.google.com": "1-web.apps.googleusercontent.com", "appleid.apple.com": "com.example.app",
			"graph.facebook.com": "100000000000001", "www.amazon.com": "amzn1.application.436",
			"api.twitter.com": logintest.ConsumerKey + ";" + logintest.ConsumerSecret,
		},
		"OpenIdConnectProviderARNs": []string{google},
		"CognitoIdentityProviders":  []any{map[string]any{"ProviderName": logintest.Pool, "ClientId": appClient}},
	})
	s.query("CreateOpenIDConnectProvider", "Url", "https://accounts.google.com", "ClientIDList.member.1", "ios")
	s.doubles.AddFacebook("EAAalice", logintest.FacebookToken{App: "100000000000001", User: "200000000000002"})
	s.doubles.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "c", AppID: "amzn1.application.436", User: "amzn1.account.K2LI23", Left: 9})
	s.doubles.AddTwitter("alice", logintest.TwitterToken{Secret: "token-secret", ID: "1234567890123456789"})
	ios := func(sub string) string { return s.doubles.GoogleToken("aud", "ios", "azp", nil, "sub", sub) }
	for _, test := range []struct{ provider, token, named, user string }{
		{"accounts.google.com", s.doubles.GoogleToken("sub", "7"), "accounts.google.com", "7"},
		{"accounts.google.com", s.doubles.GoogleToken("sub", "8"), google, "8"},
		{"accounts.google.com", ios("9"), "accounts.google.com", "9"},
		{"accounts.google.com", ios("a:OIDC:b"), "https://accounts.google.com", "a:OIDC:b"},
		{"appleid.apple.com", s.doubles.AppleToken("sub", "000222.x"), "appleid.apple.com", "000222.x"},
		{"graph.facebook.com", "EAAalice", "graph.facebook.com", "200000000000002"},
		{"www.amazon.com", "Atza|alice", "www.amazon.com", "amzn1.account.K2LI23"},
		{"api.twitter.com", "alice;token-secret", "api.twitter.com", "1234567890123456789"},
		{logintest.Pool, s.doubles.PoolToken("sub", "aaaaaaaa-bbbb-cccc-dddd-000000000001"), logintest.Pool, "aaaaaaaa-bbbb-cccc-dddd-000000000001"},
		{logintest.Pool, s.doubles.PoolToken("sub", "aaaaaaaa-bbbb-cccc-dddd-000000000002"), logintest.Pool + ":" + appClient, "aaaaaaaa-bbbb-cccc-dddd-000000000002"},
	} {
		logins := map[string]string{test.provider: test.token}
		out, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": logins})
		if err != nil {
			t.Fatal(err)
		}
		out, err = call(s.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": out["IdentityId"], "Logins": logins})
		if err != nil {
			t.Fatal(err)
		}
		made := out["Credentials"].(map[string]any)
		held := s.clientOf("us-east-1")
		held.Credentials = sigv4.Credentials{AccessKeyID: made["AccessKeyId"].(string), SecretAccessKey: made["SecretKey"].(string), SessionToken: made["SessionToken"].(string)}
		s.revoke(map[string]any{"Login": map[string]any{"ProviderName": test.named, "UserIdentifier": test.user + "x"}})
		if got := whoami(t, held); got != "" {
			t.Errorf("%s %s: another user's revocation voids it: %s", test.provider, test.user, got)
		}
		s.revoke(map[string]any{"Login": map[string]any{"ProviderName": test.named, "UserIdentifier": test.user, "IdentityPoolId": s.pool}})
		if got := whoami(t, held); got != "ExpiredToken" {
			t.Errorf("%s %s, revoked as %s: the credentials answer %q", test.provider, test.user, test.named, got)
		}
	}
}
