package instance_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// keyFile writes a shared credentials file that its owner alone may read.
func keyFile(t *testing.T, path string, key sigv4.Credentials) string {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "key")
	}
	text := "# the broker's\n[other]\naws_access_key_id = AKIANOTTHISONE\n\n[default]\naws_access_key_id = " + key.AccessKeyID + "\naws_secret_access_key=" + key.SecretAccessKey + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// targetRole is the role at the target.
const targetRole = "arn:aws:iam::123456789012:role/store"

// newCloud is another daypass, which plays AWS: an account with a role that its user
// broker may assume. Its gateway tells what the role's sessions may do.
func newCloud(t *testing.T) (*asking, sigv4.Credentials) {
	t.Helper()
	c := newAsking(t)
	key := c.user("broker").Credentials
	c.query("PutUserPolicy", "UserName", "broker", "PolicyName", "p", "PolicyDocument", allow(`["sts:AssumeRole","sts:TagSession"]`, `"`+targetRole+`"`, ""))
	c.query("CreateRole", "RoleName", "store", "MaxSessionDuration", "43200", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/broker"},"Action":["sts:AssumeRole","sts:TagSession"]}}`)
	c.query("PutRolePolicy", "RoleName", "store", "PolicyName", "p", "PolicyDocument", allow(`["s3:*","cognito-identity:*","iam:*"]`, `"*"`, ""))
	return c, key
}

// trustTokens makes the role at the target trust the tokens of another daypass.
func (a *asking) trustTokens(issuer string) {
	a.t.Helper()
	name := strings.TrimPrefix(issuer, "http://")
	a.query("CreateOpenIDConnectProvider", "Url", issuer, "ClientIDList.member.1", "daypass-target:aws")
	a.query("UpdateAssumeRolePolicy", "RoleName", "store", "PolicyDocument", `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+
		`"Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/`+name+`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],`+
		`"Condition":{"StringEquals":{"`+name+`:aud":"daypass-target:aws"}}}}`)
}

// broker is the daypass under test, whose roles give the credentials of a target.
type broker struct {
	*story
	log *logged
}

func newBroker(t *testing.T, c daypasstest.Config) *broker {
	t.Helper()
	b := &broker{log: &logged{}}
	c.Log = slog.New(slog.NewTextHandler(b.log, nil))
	b.story = newStoryOf(t, c)
	for _, role := range []string{"user", "guest"} {
		b.query("TagRole", "RoleName", role, "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "aws",
			"Tags.member.2.Key", "daypass:target-role", "Tags.member.2.Value", targetRole)
		b.query("PutRolePolicy", "RoleName", role, "PolicyName", "own", "PolicyDocument", `{"Version":"2012-10-17","Statement":[`+
			`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"},`+
			`{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam::*:role/store"}]}`)
	}
	return b
}

// sign gets credentials in the enhanced flow, and says when they end.
func (b *broker) sign(id, token string) (sigv4.Credentials, time.Time, error) {
	in := map[string]any{"IdentityId": id}
	if token != "" {
		in["Logins"] = map[string]string{b.providerName(): token}
	}
	answer, err := b.public().JSON(b.t.Context(), cognito.API, "GetCredentialsForIdentity", in)
	if err != nil {
		return sigv4.Credentials{}, time.Time{}, err
	}
	var out struct {
		Credentials struct {
			AccessKeyId, SecretKey, SessionToken string
			Expiration                           float64
		}
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		b.t.Fatal(err)
	}
	c := out.Credentials
	return sigv4.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}, time.Unix(int64(c.Expiration), 0), nil
}

// last is the last line of the log.
func (b *broker) last() string {
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	return lines[len(lines)-1]
}

func (b *broker) wantLast(parts ...string) {
	b.t.Helper()
	for _, part := range parts {
		if !strings.Contains(b.last(), part) {
			b.t.Errorf("the log has no %s: %s", part, b.last())
		}
	}
}

const (
	failedAtTarget = "The service that issues these credentials refused or could not be reached."
	badPool        = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
)

// AWS is a target like the others: another daypass plays it, by both ways. The
// credentials are good there and not here, and may do what the role here allows
// within what the role there has.
func TestTargetsByBothWays(t *testing.T) {
	for _, way := range []string{"web-identity", "service-key"} {
		t.Run(way, func(t *testing.T) {
			cloud, key := newCloud(t)
			config := daypasstest.Config{Now: cloud.clock.now, Targets: []string{"aws=" + cloud.server.URL + ",aws", "other=https://sts.example,aws"}}
			if way == "service-key" {
				config.TargetKeyFiles = map[string]string{"aws": keyFile(t, "", key)}
			}
			b := newBroker(t, config)
			if way == "web-identity" {
				cloud.trustTokens(b.server.URL)
			}
			token := b.signIn("alice")
			alice, guest := b.mustID(token), b.mustID("")
			for id, login := range map[string]string{alice: token, guest: ""} {
				c, expires, err := b.sign(id, login)
				if err != nil {
					t.Fatal(err, b.last())
				}
				if lasts := expires.Sub(cloud.clock.now()); lasts != time.Hour {
					t.Errorf("they last %s", lasts)
				}
				b.wantLast("target_trace=\"target aws by "+way+", role "+targetRole+", for 1h0m0s\"", "issued_key="+c.AccessKeyID, "status=200")
				at := &client.Client{Endpoint: cloud.server.URL, Region: "us-east-1", Credentials: c, Now: cloud.clock.now}
				answer, err := at.Query(t.Context(), sts.API, "GetCallerIdentity")
				if err != nil {
					t.Fatal(err)
				}
				if arn := texts(t, answer)["Arn"]; !strings.HasPrefix(arn, "arn:aws:sts::123456789012:assumed-role/store/daypass-") || strings.Contains(arn, id) {
					t.Errorf("the caller is %s", arn)
				}
				if _, err := at.Query(t.Context(), iam.API, "GetRole", "RoleName", "store"); (err == nil) != (login != "") { // which the limits of guests leave out
					t.Errorf("GetRole: %v", err)
				}
				if _, err := at.Query(t.Context(), iam.API, "ListRoles"); codeOf(t, err) != "AccessDenied" {
					t.Errorf("more than the role here allows: %v", err)
				}
				here := *at
				here.Endpoint = b.server.URL
				if _, err := here.Query(t.Context(), sts.API, "GetCallerIdentity"); codeOf(t, err) != "InvalidClientTokenId" {
					t.Errorf("they are good here: %v", err)
				}
				for object, want := range map[string]string{
					"photos/" + id + "/a": "allow", "photos/" + alice + "x/a": "deny", "photos/" + id: "deny", "photos/a": "deny", "other/" + id + "/a": "deny",
				} {
					if got := cloud.evaluate(c, nil, "s3:GetObject", "arn:aws:s3:::"+object); got != want {
						t.Errorf("GetObject of %s: %s, want %s", object, got, want)
					}
				}
				if got := cloud.evaluate(c, nil, "s3:DeleteObject", "arn:aws:s3:::photos/"+id+"/a"); got != "deny" {
					t.Errorf("DeleteObject: %s", got)
				}
			}
			// The role there bounds all.
			cloud.query("PutRolePolicy", "RoleName", "store", "PolicyName", "p", "PolicyDocument", allow(`"s3:PutObject"`, `"*"`, ""))
			c, _, err := b.sign(alice, token)
			if err != nil {
				t.Fatal(err)
			}
			if get, put := cloud.evaluate(c, nil, "s3:GetObject", "arn:aws:s3:::photos/"+alice+"/a"), cloud.evaluate(c, nil, "s3:PutObject", "arn:aws:s3:::photos/"+alice+"/a"); get == "allow" || put != "allow" {
				t.Errorf("get %s, put %s", get, put)
			}
			// Changes of the role here count from the next sign-in on.
			b.query("DeleteRolePolicy", "RoleName", "user", "PolicyName", "own")
			if c, _, err = b.sign(alice, token); err != nil {
				t.Fatal(err)
			}
			if put := cloud.evaluate(c, nil, "s3:PutObject", "arn:aws:s3:::photos/"+alice+"/a"); put != "deny" {
				t.Errorf("without a policy here: %s", put)
			}
			b.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:session-duration", "Tags.member.1.Value", "900")
			if _, expires, err := b.sign(alice, token); err != nil || expires.Sub(cloud.clock.now()) != 15*time.Minute {
				t.Errorf("for 900 seconds: %v, %s", err, expires)
			}
			b.query("UntagRole", "RoleName", "user", "TagKeys.member.1", "daypass:target")
			if c, _, err = b.sign(alice, token); err != nil || strings.Contains(b.last(), "target_trace") {
				t.Fatal(err, b.last())
			}
			here := &client.Client{Endpoint: b.server.URL, Region: "us-east-1", Credentials: c, Now: cloud.clock.now}
			if _, err := here.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
				t.Errorf("without the link: %v", err)
			}
			// The trust policy here is asked first.
			b.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "aws")
			b.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", trust("us-east-1:00000000-0000-4000-8000-000000000000", "authenticated"))
			_, _, err = b.sign(alice, token)
			wantError(t, err, "InvalidIdentityPoolConfigurationException", badPool)
			b.wantLast("cause=trust-audience")
		})
	}
}

// Principal tags are session tags at a target that knows them.
func TestTargetTags(t *testing.T) {
	for _, way := range []string{"web-identity", "service-key"} {
		cloud, key := newCloud(t)
		config := daypasstest.Config{Now: cloud.clock.now, Targets: []string{"aws=" + cloud.server.URL + ",aws"}}
		if way == "service-key" {
			config.TargetKeyFiles = map[string]string{"aws": keyFile(t, "", key)}
		}
		b := newBroker(t, config)
		if way == "web-identity" {
			cloud.trustTokens(b.server.URL)
		}
		b.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", strings.Replace(trust(b.pool, "authenticated"), `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, 1))
		b.root("SetPrincipalTagAttributeMap", map[string]any{"IdentityPoolId": b.pool, "IdentityProviderName": b.providerARN(), "PrincipalTags": map[string]string{"who": "sub"}})
		b.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", allow(`"s3:*"`, `"arn:aws:s3:::photos/*"`, ""))
		cloud.query("PutRolePolicy", "RoleName", "store", "PolicyName", "p", "PolicyDocument", allow(`"s3:*"`, `"arn:aws:s3:::photos/${aws:PrincipalTag/who}/*"`, ""))
		token := b.signIn("alice")
		c, _, err := b.sign(b.mustID(token), token)
		if err != nil {
			t.Fatal(err, b.last())
		}
		if own, other := cloud.evaluate(c, nil, "s3:GetObject", "arn:aws:s3:::photos/alice/a"), cloud.evaluate(c, nil, "s3:GetObject", "arn:aws:s3:::photos/bob/a"); own != "allow" || other == "allow" {
			t.Errorf("%s: own %s, other %s", way, own, other)
		}
	}
}

// AssumeRole of our own STS gives our own sessions, of a role that is linked too.
func TestLinkedRolesAreOurOwnForSTS(t *testing.T) {
	cloud, key := newCloud(t)
	b := newBroker(t, daypasstest.Config{Now: cloud.clock.now, Targets: []string{"aws=" + cloud.server.URL + ",aws"}, TargetKeyFiles: map[string]string{"aws": keyFile(t, "", key)}})
	token := b.signIn("alice")
	out, err := call(b.public(), "GetOpenIdToken", map[string]any{"IdentityId": b.mustID(token), "Logins": map[string]string{b.providerName(): token}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/user", "RoleSessionName", "s1", "WebIdentityToken", out["Token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	made := texts(t, answer)
	c := b.clientOf("us-east-1")
	c.Credentials = sigv4.Credentials{AccessKeyID: made["AccessKeyId"], SecretAccessKey: made["SecretAccessKey"], SessionToken: made["SessionToken"]}
	if _, err := c.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
		t.Error(err)
	}
	if b.last(); strings.Contains(b.log.String(), "target_trace") {
		t.Error("a target was asked")
	}
}

// sniffer is an STS that keeps the tokens that it is shown.
func sniffer(t *testing.T) (*httptest.Server, func() string) {
	t.Helper()
	var token atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token.Store(r.PostFormValue("WebIdentityToken"))
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
	}))
	t.Cleanup(s.Close)
	return s, func() string { text, _ := token.Load().(string); return text }
}

// claimsOf reads the claims of a token.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// A target that was taken over has nothing but tokens for itself: they open nothing
// here, and not another target either.
func TestTokensForTargetsAreForThemAlone(t *testing.T) {
	thief, token := sniffer(t)
	cloud, _ := newCloud(t)
	b := newBroker(t, daypasstest.Config{Now: cloud.clock.now, Targets: []string{"aws=" + thief.URL + ",aws"}})
	login := b.signIn("alice")
	alice := b.mustID(login)
	_, _, err := b.sign(alice, login)
	wantError(t, err, "ExternalServiceException", failedAtTarget)
	b.wantLast("cause=target-refused", `target_trace="target aws by web-identity, role `+targetRole+`, for 1h0m0s: target-refused"`)
	stolen := token()
	if claims := claimsOf(t, stolen); claims["aud"] != "daypass-target:aws" || claims["sub"] != alice || claims["exp"].(float64)-claims["iat"].(float64) != 300 {
		t.Fatalf("claims %v", claims)
	}
	_, err = b.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/user", "RoleSessionName", "s1", "WebIdentityToken", stolen)
	wantError(t, err, "InvalidIdentityToken", "Incorrect token audience")
	b.wantLast("cause=login-audience-mismatch")
	_, err = call(b.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": alice, "Logins": map[string]string{"cognito-identity.amazonaws.com": stolen}})
	wantError(t, err, "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
	// A role that would trust everything does not trust it.
	b.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:*",`+
		`"Condition":{"StringLike":{"cognito-identity.amazonaws.com:aud":"*"}}}}`)
	_, err = b.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/user", "RoleSessionName", "s1", "WebIdentityToken", stolen)
	wantError(t, err, "InvalidIdentityToken", "Incorrect token audience")

	cloud.trustTokens(b.server.URL)
	// Nor does the target take what clients hold.
	out, err := call(b.public(), "GetOpenIdToken", map[string]any{"IdentityId": alice, "Logins": map[string]string{b.providerName(): login}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloud.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", targetRole, "RoleSessionName", "s1", "WebIdentityToken", out["Token"].(string))
	wantError(t, err, "InvalidIdentityToken", "Incorrect token audience")
}

// What cannot be asked of a target refuses the sign-in, in AWS's words for a pool
// whose roles are wrong, before anybody is asked.
func TestTargetsMisconfigured(t *testing.T) {
	asked := atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.WriteHeader(500) }))
	t.Cleanup(s.Close)
	b := newBroker(t, daypasstest.Config{Targets: []string{"aws=" + s.URL + ",aws", "minio=" + s.URL + ",minio", "ceph=" + s.URL + ",ceph"}})
	token := b.signIn("alice")
	alice := b.mustID(token)
	for _, test := range []struct {
		target, role, policy string
		cause                string
	}{
		{"none", targetRole, "", "target-unknown"},
		{"aws", "", "", "target-role-unset"},
		{"ceph", "", "", "target-role-unset"},
		{"aws", targetRole, allow(`"s3:GetObject"`, `"arn:aws:s3:::`+strings.Repeat("a", 2000)+`/*"`, ""), "target-policy-size"},
		{"minio", "", allow(`"s3:GetObject"`, `"*"`, `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), "target-policy"},
	} {
		b.query("UntagRole", "RoleName", "user", "TagKeys.member.1", "daypass:target-role")
		b.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", test.target)
		if test.role != "" {
			b.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target-role", "Tags.member.1.Value", test.role)
		}
		if test.policy != "" {
			b.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", test.policy)
		}
		_, _, err := b.sign(alice, token)
		wantError(t, err, "InvalidIdentityPoolConfigurationException", badPool)
		b.wantLast("cause="+test.cause, "target_trace=")
	}
	if asked.Load() != 0 {
		t.Errorf("%d requests were sent", asked.Load())
	}
}

// A service key can be replaced while the server runs, and is refused when others
// may read it.
func TestServiceKeyIsReadAgain(t *testing.T) {
	cloud, key := newCloud(t)
	path := keyFile(t, "", key)
	b := newBroker(t, daypasstest.Config{Now: cloud.clock.now, Targets: []string{"aws=" + cloud.server.URL + ",aws"}, TargetKeyFiles: map[string]string{"aws": path}})
	token := b.signIn("alice")
	alice := b.mustID(token)
	if _, _, err := b.sign(alice, token); err != nil {
		t.Fatal(err)
	}
	second := texts(t, []byte(cloud.query("CreateAccessKey", "UserName", "broker")))
	cloud.query("DeleteAccessKey", "UserName", "broker", "AccessKeyId", key.AccessKeyID)
	_, _, err := b.sign(alice, token)
	wantError(t, err, "ExternalServiceException", failedAtTarget)
	b.wantLast("cause=target-refused", "InvalidClientTokenId")
	keyFile(t, path, sigv4.Credentials{AccessKeyID: second["AccessKeyId"], SecretAccessKey: second["SecretAccessKey"]})
	if _, _, err := b.sign(alice, token); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.sign(alice, token)
	wantError(t, err, "ExternalServiceException", failedAtTarget)
	b.wantLast("cause=target-key-file", "chmod 600")
	if strings.Contains(b.log.String(), second["SecretAccessKey"]) {
		t.Error("the log has the secret")
	}
}

// Whoever revokes is told which sessions that does not reach.
func TestRevocationTellsOfTargets(t *testing.T) {
	s := newStory(t, daypasstest.Config{Targets: []string{"minio=https://minio.example,minio", "aws=https://sts.example,aws"}})
	for name, test := range map[string]struct {
		in   map[string]any
		want any
	}{
		"an identity": {map[string]any{"IdentityId": s.mustID("")}, []any{"aws", "minio"}},
		"a pool":      {map[string]any{"IdentityPoolId": s.pool}, []any{"aws", "minio"}},
		"a role":      {map[string]any{"RoleArn": "arn:aws:iam::123456789012:role/user"}, []any{"aws", "minio"}},
		"a login":     {map[string]any{"Login": map[string]any{"ProviderName": s.providerName(), "UserIdentifier": "alice"}}, []any{"aws", "minio"}},
		"a session":   {map[string]any{"AccessKeyId": "ASIAQAAAAAAAEXAMPLE1"}, nil},
	} {
		out, err := s.daypass("RevokeSessions", test.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out["TargetsNotReached"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
