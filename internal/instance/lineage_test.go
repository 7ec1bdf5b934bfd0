package instance_test

import (
	"encoding/xml"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/sigv4"
)

// trustAWS is a trust policy for a principal of the account.
func trustAWS(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
}

// assumeRole gives the client of a role's session that another client makes.
func (s *story) assumeRole(by *client.Client, role string, more ...string) (*client.Client, error) {
	in := append([]string{"RoleArn", roleARN(role), "RoleSessionName", "chained"}, more...)
	return s.clientFrom(by.Query(s.t.Context(), client.STS, "AssumeRole", in...))
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
