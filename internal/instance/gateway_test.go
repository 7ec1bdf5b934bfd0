package instance_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// asking is a story with an S3 gateway, as far as daypass can tell: something that
// signs questions with the key of the user gateway.
type asking struct {
	*story
	log   *logged
	clock *clock
	http  *http.Client
	key   sigv4.Credentials
}

const serveGateway = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"daypass:ServeGateway","Resource":"*"}}`

func newAsking(t *testing.T) *asking { return newAskingOf(t, daypasstest.Config{}) }

func newAskingOf(t *testing.T, c daypasstest.Config) *asking {
	t.Helper()
	a := &asking{log: &logged{}, clock: newClock()}
	c.Now, c.Log = a.clock.now, slog.New(slog.NewTextHandler(a.log, nil))
	a.story = newStory(t, c)
	a.dial()
	a.key = a.user("gateway").Credentials
	a.query("PutUserPolicy", "UserName", "gateway", "PolicyName", "serve", "PolicyDocument", serveGateway)
	return a
}

// dial connects it.
func (a *asking) dial() {
	a.t.Helper()
	socket := a.server.GatewaySocket()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	a.t.Cleanup(transport.CloseIdleConnections)
	a.http = &http.Client{Transport: transport}
}

// asked is an answer to a gateway.
type asked struct {
	status   int
	protocol string
	body     []byte

	Error, Code  string
	DerivedKey   []byte
	PrincipalARN string `json:"principalArn"`
	RoleARN      string `json:"roleArn"`
	Decisions    [][]string
	Identities   []struct {
		Found        bool
		Kind         string
		PrincipalARN string `json:"principalArn"`
	}
	Invalid   []string
	Protocol  int
	MinClient int
	AccountID string
}

// send signs a question as a gateway does and sends it. The change is made before
// it is signed.
func (a *asking) send(path string, body []byte, change func(*sigv4.Request, *sigv4.Credentials)) *asked {
	a.t.Helper()
	r := &sigv4.Request{Method: "POST", Path: path, Host: "unix", Body: body, Header: map[string][]string{
		"Content-Type": {"application/json"}, "X-Vgw-Private-Protocol": {"1"},
	}}
	key := a.key
	if change != nil {
		change(r, &key)
	}
	if err := sigv4.Sign(r, key, "us-east-1", "iam", a.clock.now()); err != nil {
		a.t.Fatal(err)
	}
	return a.transmit(r)
}

func (a *asking) transmit(r *sigv4.Request) *asked {
	a.t.Helper()
	h, err := http.NewRequestWithContext(a.t.Context(), r.Method, "http://"+r.Host+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		a.t.Fatal(err)
	}
	h.URL.RawQuery = r.RawQuery
	h.Header = maps.Clone(r.Header)
	answer, err := a.http.Do(h)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	out := &asked{status: answer.StatusCode, protocol: answer.Header.Get("X-Vgw-Private-Protocol")}
	if out.body, err = io.ReadAll(answer.Body); err != nil {
		a.t.Fatal(err)
	}
	if err := json.Unmarshal(out.body, out); err != nil {
		a.t.Fatalf("%s: %v in %s", r.Path, err, out.body)
	}
	if out.protocol != "1" || answer.Header.Get("Content-Type") != "application/json" {
		a.t.Errorf("%s: protocol %q, %s", r.Path, out.protocol, answer.Header.Get("Content-Type"))
	}
	return out
}

func (a *asking) ask(path string, in any) *asked {
	a.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.send("/private/"+path, body, nil)
}

// derive asks for the key of a day.
func (a *asking) derive(who sigv4.Credentials, date, service string) *asked {
	a.t.Helper()
	in := map[string]any{"accessKeyId": who.AccessKeyID, "date": date, "region": "us-east-1", "service": service}
	if who.SessionToken != "" {
		in["sessionToken"] = who.SessionToken
	}
	return a.ask("derive-signing-key", in)
}

// evaluate asks about one action on resources, and gives their decisions.
func (a *asking) evaluate(who sigv4.Credentials, condition map[string][]string, action string, resources ...string) string {
	a.t.Helper()
	in := map[string]any{
		"accessKeyId": who.AccessKeyID, "actions": []string{action}, "resources": resources, "region": "us-east-1", "service": "s3",
		"condition": condition,
	}
	if who.SessionToken != "" {
		in["sessionToken"] = who.SessionToken
	}
	if condition == nil {
		delete(in, "condition")
	}
	out := a.ask("evaluate-policy", in)
	if out.status != 200 {
		return out.Code
	}
	var all []string
	for _, row := range out.Decisions {
		if len(row) != 1 {
			a.t.Errorf("%d decisions about one action", len(row))
		}
		all = append(all, row...)
	}
	if len(all) != len(resources) {
		a.t.Errorf("%d decisions about %d resources", len(all), len(resources))
	}
	return strings.Join(all, " ")
}

// last is the last line of the log.
func (a *asking) last() string {
	lines := strings.Split(strings.TrimSpace(a.log.String()), "\n")
	return lines[len(lines)-1]
}

func (a *asking) wantLast(parts ...string) {
	a.t.Helper()
	line := a.last()
	for _, part := range parts {
		if !strings.Contains(line, part) {
			a.t.Errorf("the log has no %s: %s", part, line)
		}
	}
}

const ownPrefix = `{"Version":"2012-10-17","Statement":[` +
	`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"},` +
	`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos","Condition":{"StringLike":{"s3:prefix":"${cognito-identity.amazonaws.com:sub}/*"}}}]}`

func (a *asking) today() string { return a.clock.now().UTC().Format("20060102") }

// mustCredentials signs an identity in, or makes a guest.
func (a *asking) mustCredentials(user string) (string, sigv4.Credentials) {
	a.t.Helper()
	token := ""
	if user != "" {
		token = a.signIn(user)
	}
	id := a.mustID(token)
	c, err := a.credentials(id, token)
	if err != nil {
		a.t.Fatal(err)
	}
	return id, c.Credentials
}

// A gateway learns what it takes to serve a request of an identity, and daypass
// decides: what a user or guest may do with their own prefix, and nothing else.
func TestGateway(t *testing.T) {
	a := newAsking(t)
	a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", ownPrefix)
	id, alice := a.mustCredentials("alice")

	v := a.ask("version", struct{}{})
	if v.status != 200 || v.Protocol != 1 || v.MinClient != 1 || v.AccountID != daypasstest.Account {
		t.Errorf("version: %s", v.body)
	}
	a.wantLast("service=gateway operation=Version", "status=200 caller=arn:aws:iam::123456789012:user/gateway access_key_id="+a.key.AccessKeyID)

	k := a.derive(alice, a.today(), "s3")
	want := sigv4.SigningKey(alice.SecretAccessKey, a.today(), "us-east-1", "s3")
	if k.status != 200 || !bytes.Equal(k.DerivedKey, want[:]) || k.PrincipalARN != "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials" || k.RoleARN != "arn:aws:iam::123456789012:role/user" {
		t.Errorf("derived: %s", k.body)
	}
	a.wantLast("operation=DeriveSigningKey", "subject_access_key_id="+alice.AccessKeyID, "subject=arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials")

	mine, others := "arn:aws:s3:::photos/"+id+"/cat.jpg", "arn:aws:s3:::photos/us-east-1:00000000-0000-0000-0000-000000000000/cat.jpg"
	for _, test := range []struct {
		condition        map[string][]string
		action, resource string
		want, cause      string
		detail           string
	}{
		{nil, "s3:GetObject", mine, "allow", "", ""},
		{nil, "s3:PutObject", mine, "allow", "", ""},
		{nil, "s3:GetObject", others, "no_match", "identity-policy-refused", `comes nearest, which is about other resources than arn:aws:s3:::photos/...`},
		{nil, "s3:GetObjectAcl", mine, "no_match", "identity-policy-refused", "no statement allows s3:GetObjectAcl"},
		{nil, "s3:ListBucket", "arn:aws:s3:::photos", "no_match", "identity-policy-refused", "conditions that are not met: s3:prefix"},
		{map[string][]string{"s3:prefix": {id + "/"}}, "s3:ListBucket", "arn:aws:s3:::photos", "allow", "", ""},
		{map[string][]string{"s3:prefix": {"us-east-1:0"}}, "s3:ListBucket", "arn:aws:s3:::photos", "no_match", "identity-policy-refused", ""},
		{map[string][]string{"S3:Prefix": {id + "/x"}}, "s3:ListBucket", "arn:aws:s3:::photos", "allow", "", ""},
		{nil, "s3:ListAllMyBuckets", "arn:aws:s3:::*", "no_match", "identity-policy-refused", ""},
	} {
		if got := a.evaluate(alice, test.condition, test.action, test.resource); got != test.want {
			t.Errorf("%v: %s", test, got)
		}
		a.wantLast("operation=EvaluatePolicy region=us-east-1 status=200", "action="+test.action, test.detail)
		if test.cause != "" {
			a.wantLast("cause=" + test.cause)
		} else if strings.Contains(a.last(), "cause=") {
			t.Errorf("%v: %s", test, a.last())
		}
	}
	if got := a.evaluate(alice, nil, "s3:DeleteObject", mine, others, mine+"2"); got != "allow no_match allow" {
		t.Errorf("three objects: %s", got)
	}
	a.wantLast("resources=3", "refused=1", "cause=identity-policy-refused")

	_, guest := a.mustCredentials("")
	if got := a.evaluate(guest, nil, "s3:GetObject", mine); got != "no_match" {
		t.Errorf("guest: %s", got)
	}
	if log := a.log.String(); strings.Contains(log, id) || strings.Contains(log, alice.SessionToken) || strings.Contains(log, guest.SessionToken) ||
		strings.Contains(log, alice.SecretAccessKey) || strings.Contains(log, base64.StdEncoding.EncodeToString(k.DerivedKey)) {
		t.Error("the log tells a secret")
	}
}

// What a bucket policy must not widen is a denial, and what it may is none.
func TestGatewayDenies(t *testing.T) {
	a := newAsking(t)
	const object = "arn:aws:s3:::photos/x"
	get := allow(`"s3:GetObject"`, `"*"`, "")
	none := allow(`"s3:ListBucket"`, `"*"`, "")
	role := func(name string, boundary string) {
		a.t.Helper()
		a.query("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trustAWS("123456789012"))
		a.query("PutRolePolicy", "RoleName", name, "PolicyName", "p", "PolicyDocument", get)
		if boundary != "" {
			a.query("CreatePolicy", "PolicyName", name, "PolicyDocument", boundary)
			a.query("PutRolePermissionsBoundary", "RoleName", name, "PermissionsBoundary", "arn:aws:iam::123456789012:policy/"+name)
		}
	}
	anna := a.user("anna")
	a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`"sts:AssumeRole"`, `"*"`, ""))
	assume := func(name string, more ...string) sigv4.Credentials {
		a.t.Helper()
		return a.mustAssumeRole(anna, name, more...).Credentials
	}
	role("plain", "")
	role("bounded", none)
	role("free", get)
	role("denied", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}]}`)
	role("gone", "")
	gone := assume("gone")
	a.query("DeleteRolePolicy", "RoleName", "gone", "PolicyName", "p")
	a.query("DeleteRole", "RoleName", "gone")
	role("gone", "") // another one

	a.query("PutRolePolicy", "RoleName", "guest", "PolicyName", "p", "PolicyDocument", allow(`"*"`, `"*"`, ""))
	_, guest := a.mustCredentials("")

	for _, test := range []struct {
		name, action, want, cause string
		who                       sigv4.Credentials
	}{
		{"a role", "s3:GetObject", "allow", "", assume("plain")},
		{"a role that nothing allows it", "s3:PutObject", "no_match", "identity-policy-refused", assume("plain")},
		{"a session policy that allows", "s3:GetObject", "allow", "", assume("plain", "Policy", get)},
		{"a session policy that does not", "s3:GetObject", "deny", "session-policy-refused", assume("plain", "Policy", none)},
		{"neither allows", "s3:PutObject", "deny", "session-policy-refused", assume("plain", "Policy", none)},
		{"a boundary that allows", "s3:GetObject", "allow", "", assume("free")},
		{"a boundary that does not", "s3:GetObject", "deny", "boundary-refused", assume("bounded")},
		{"a boundary that denies", "s3:GetObject", "deny", "boundary-denied", assume("denied")},
		{"a role that is gone", "s3:GetObject", "deny", "principal-gone", gone},
		{"a user", "s3:GetObject", "no_match", "identity-policy-refused", anna.Credentials},
		{"root", "s3:GetObject", "allow", "", sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID}},
		{"a guest within AWS's limits", "s3:GetObject", "allow", "", guest},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := a.evaluate(test.who, nil, test.action, object); got != test.want {
				t.Errorf("got %s, want %s: %s", got, test.want, a.last())
			}
			if test.cause != "" {
				a.wantLast("cause=" + test.cause)
			}
		})
	}
}

// Whoever is revoked, gone or over is let in no more, with the next question.
func TestGatewayRevocation(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(a *asking, id string, alice sigv4.Credentials)
		cause string
	}{
		"the identity is revoked": {func(a *asking, id string, _ sigv4.Credentials) { a.revoke(map[string]any{"IdentityId": id}) }, "revoked-session"},
		"the session is revoked": {func(a *asking, _ string, alice sigv4.Credentials) {
			a.revoke(map[string]any{"AccessKeyId": alice.AccessKeyID})
		}, "revoked-session"},
		"the identity is deleted": {func(a *asking, id string, _ sigv4.Credentials) {
			a.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{id}})
		}, "revoked-session"},
		"the pool is deleted": {func(a *asking, _ string, _ sigv4.Credentials) {
			a.root("DeleteIdentityPool", map[string]any{"IdentityPoolId": a.pool})
		}, "revoked-session"},
		"the session is over": {func(a *asking, _ string, _ sigv4.Credentials) { a.clock.pass(time.Hour) }, "expired-session"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsking(t)
			a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", allow(`"s3:*"`, `"*"`, ""))
			id, alice := a.mustCredentials("alice")
			if got := a.evaluate(alice, nil, "s3:GetObject", "arn:aws:s3:::b/k"); got != "allow" {
				t.Fatal(got)
			}
			test.end(a, id, alice)
			if k := a.derive(alice, a.today(), "s3"); k.status != 403 || k.Code != "InvalidToken" || k.DerivedKey != nil {
				t.Errorf("derived: %s", k.body)
			}
			a.wantLast("status=403 error=InvalidToken cause=" + test.cause)
			if got := a.evaluate(alice, nil, "s3:GetObject", "arn:aws:s3:::b/k"); got != "InvalidToken" {
				t.Errorf("evaluated: %s", got)
			}
			a.wantLast("status=403 error=InvalidToken cause=" + test.cause)
		})
	}
	t.Run("the key is inactive", func(t *testing.T) {
		a := newAsking(t)
		anna := a.user("anna").Credentials
		if k := a.derive(anna, a.today(), "s3"); k.status != 200 || k.RoleARN != "" || k.PrincipalARN != "arn:aws:iam::123456789012:user/anna" {
			t.Errorf("derived: %s", k.body)
		}
		a.query("UpdateAccessKey", "UserName", "anna", "AccessKeyId", anna.AccessKeyID, "Status", "Inactive")
		if k := a.derive(anna, a.today(), "s3"); k.status != 403 || k.Code != "NoSuchIdentity" {
			t.Errorf("derived: %s", k.body)
		}
		if got := a.evaluate(anna, nil, "s3:GetObject", "arn:aws:s3:::b/k"); got != "NoSuchIdentity" {
			t.Errorf("evaluated: %s", got)
		}
		a.wantLast("cause=inactive-key")
	})
	t.Run("the policy changes", func(t *testing.T) {
		a := newAsking(t)
		_, alice := a.mustCredentials("alice")
		for _, want := range []string{"no_match", "allow", "no_match"} {
			if want == "allow" {
				a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", allow(`"s3:*"`, `"*"`, ""))
			}
			if got := a.evaluate(alice, nil, "s3:GetObject", "arn:aws:s3:::b/k"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if want == "allow" {
				a.query("DeleteRolePolicy", "RoleName", "user", "PolicyName", "p")
			}
		}
	})
}

// Signing keys are for S3, of days on which a request can have been signed that is
// still good.
func TestGatewaySigningKeys(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna").Credentials
	day := func(by time.Duration) string { return a.clock.now().UTC().Add(by).Format("20060102") }
	midnight := a.clock.now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	a.clock.pass(midnight.Sub(a.clock.now()) - 10*time.Minute) // ten minutes to midnight
	_, alice := a.mustCredentials("alice")                     // until ten minutes to one
	for _, test := range []struct {
		name, date string
		anna       int
		alice      int
	}{
		{"today", day(0), 200, 200},
		{"in ten minutes", day(10 * time.Minute), 200, 200},
		{"tomorrow night", day(25 * time.Hour), 403, 403},
		{"yesterday", day(-24 * time.Hour), 200, 403},
		{"seven days ago", day(-7 * 24 * time.Hour), 200, 403},
		{"eight days ago", day(-8 * 24 * time.Hour), 403, 403},
		{"no date", "", 403, 403},
		{"another form", "2026-01-01", 403, 403},
		{"no such day", "20260230", 403, 403},
		{"more", day(0) + "/us-east-1", 403, 403},
	} {
		for who, want := range map[*sigv4.Credentials]int{&anna: test.anna, &alice: test.alice} {
			if k := a.derive(*who, test.date, "s3"); k.status != want || (k.DerivedKey == nil) == (want == 200) {
				t.Errorf("%s, %s: %s", test.name, who.AccessKeyID, k.body)
			} else if want == 403 {
				if k.Code != "InvalidToken" {
					t.Errorf("%s: %s", test.name, k.body)
				}
				a.wantLast("cause=gateway-date")
			}
		}
	}
	a.clock.pass(-10 * time.Minute) // twenty minutes to midnight: tomorrow is too far ahead
	if k := a.derive(anna, day(20*time.Minute), "s3"); k.status != 403 {
		t.Errorf("twenty minutes ahead: %s", k.body)
	}
	a.clock.pass(30 * time.Minute) // after midnight, the session still has its first day
	if k := a.derive(alice, day(-24*time.Hour), "s3"); k.status != 200 {
		t.Errorf("the first day: %s", k.body)
	}
	for _, service := range []string{"", "iam", "sts", "cognito-identity", "execute-api", "S3", "s3 "} {
		if k := a.derive(anna, a.today(), service); k.status != 400 || k.Code != "BadRequest" || k.DerivedKey != nil {
			t.Errorf("service %q: %s", service, k.body)
		}
		a.wantLast("cause=gateway-service")
	}
	for _, region := range []string{"", "us/east", "US-EAST-1", strings.Repeat("x", 33)} {
		in := map[string]string{"accessKeyId": anna.AccessKeyID, "date": a.today(), "region": region, "service": "s3"}
		if k := a.ask("derive-signing-key", in); k.status != 400 || k.DerivedKey != nil {
			t.Errorf("region %q: %s", region, k.body)
		}
	}
	wrong := alice
	wrong.SessionToken = alice.SessionToken[:len(alice.SessionToken)-4] + "AAAA"
	other := a.mustAlso("bob")
	mixed := sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SessionToken: other.SessionToken}
	left := sigv4.Credentials{AccessKeyID: anna.AccessKeyID, SessionToken: alice.SessionToken}
	for name, test := range map[string]struct {
		who  sigv4.Credentials
		code string
	}{
		"nobody": {sigv4.Credentials{AccessKeyID: "AKIA0000000000000000"}, "NoSuchIdentity"}, "a session without its token": {sigv4.Credentials{AccessKeyID: alice.AccessKeyID}, "InvalidToken"},
		"a changed token": {wrong, "InvalidToken"}, "another's token": {mixed, "InvalidToken"}, "a token too many": {left, "InvalidToken"},
		"no key": {sigv4.Credentials{}, "BadRequest"}, "a long key": {sigv4.Credentials{AccessKeyID: strings.Repeat("A", 129)}, "BadRequest"},
		"a long token": {sigv4.Credentials{AccessKeyID: alice.AccessKeyID, SessionToken: strings.Repeat("A", 8193)}, "BadRequest"},
	} {
		if k := a.derive(test.who, a.today(), "s3"); k.Code != test.code || k.DerivedKey != nil {
			t.Errorf("%s: %s", name, k.body)
		}
	}
}

func (a *asking) mustAlso(user string) sigv4.Credentials {
	_, c := a.mustCredentials(user)
	return c
}

// A key that a gateway has opens nothing of daypass's own, and a key for daypass's
// own services is none that a gateway can have.
func TestGatewayKeysAreForS3Alone(t *testing.T) {
	a := newAsking(t)
	scoped := a.clientOf("us-east-1") // root, who may do everything
	for _, service := range services() {
		api := service
		name := api.Name
		api.Name = "s3" // whoever signs with a key for s3
		var err error
		if api.Target != "" {
			_, err = scoped.JSON(t.Context(), api, api.Operations[0].Name, map[string]any{})
		} else {
			_, err = scoped.Query(t.Context(), api, api.Operations[0].Name)
		}
		if code := codeOf(t, err); name == "cognito-identity" || name == "daypass" {
			if code != "InvalidSignatureException" {
				t.Errorf("%s: %v", name, err)
			}
		} else if code != "SignatureDoesNotMatch" {
			t.Errorf("%s: %v", name, err)
		}
		a.wantLast("cause=signature-scope-service")
	}
}

// Who may ask: a user who may serve a gateway, with a fresh signature over the
// whole question.
func TestGatewayIsAUser(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna") // who may not
	made, err := anna.Query(t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		t.Fatal(err)
	}
	session := credentialsIn(t, string(made))
	a.query("CreateRole", "RoleName", "gateways", "AssumeRolePolicyDocument", trustAWS("123456789012"))
	a.query("PutRolePolicy", "RoleName", "gateways", "PolicyName", "p", "PolicyDocument", serveGateway)
	a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`"sts:AssumeRole"`, `"*"`, ""))
	role := a.mustAssumeRole(anna, "gateways").Credentials
	sign := func(c sigv4.Credentials) func(*sigv4.Request, *sigv4.Credentials) {
		return func(_ *sigv4.Request, key *sigv4.Credentials) { *key = c }
	}
	for name, test := range map[string]struct {
		change             func(*sigv4.Request, *sigv4.Credentials)
		status             int
		code, cause, error string
	}{
		"root":              {sign(sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}), 403, "AccessDenied", "gateway-root", "a gateway needs the access key of a user, not that of root"},
		"without the right": {sign(anna.Credentials), 403, "AccessDenied", "identity-policy-refused", "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: daypass:ServeGateway on resource: * because no identity-based policy allows the daypass:ServeGateway action"},
		"a user's session":  {sign(session), 403, "AccessDenied", "gateway-session", "a gateway needs the access key of a user, not temporary credentials"},
		"a role's session":  {sign(role), 403, "AccessDenied", "gateway-session", "a gateway needs the access key of a user, not temporary credentials"},
		"another secret":    {sign(sigv4.Credentials{AccessKeyID: a.key.AccessKeyID, SecretAccessKey: "x"}), 403, "SignatureDoesNotMatch", "signature-mismatch", ""},
		"an unknown key":    {sign(sigv4.Credentials{AccessKeyID: "AKIA0000000000000000", SecretAccessKey: "x"}), 403, "InvalidClientTokenId", "", "the gateway's access key is not valid"},
		"a query":           {func(r *sigv4.Request, _ *sigv4.Credentials) { r.RawQuery = "a=b" }, 400, "BadRequest", "gateway-path", ""},
		"another method":    {func(r *sigv4.Request, _ *sigv4.Credentials) { r.Method = "PUT" }, 400, "BadRequest", "gateway-path", ""},
		"another path":      {func(r *sigv4.Request, _ *sigv4.Credentials) { r.Path = "/private/Version" }, 400, "BadRequest", "gateway-path", ""},
		"an escaped path":   {func(r *sigv4.Request, _ *sigv4.Credentials) { r.Path = "/private%2Fresolve-identity" }, 400, "BadRequest", "gateway-path", ""},
		"the API's path":    {func(r *sigv4.Request, _ *sigv4.Credentials) { r.Path = "/" }, 400, "BadRequest", "gateway-path", ""},
		"no version":        {func(r *sigv4.Request, _ *sigv4.Credentials) { delete(r.Header, "X-Vgw-Private-Protocol") }, 400, "ProtocolMismatch", "gateway-protocol", "the gateway speaks no version of the private protocol, and daypass speaks version 1"},
		"version 2":         {version("2"), 400, "ProtocolMismatch", "gateway-protocol", `the gateway speaks version "2" of the private protocol, and daypass speaks version 1`},
		"version 0":         {version("0"), 400, "ProtocolMismatch", "gateway-protocol", ""},
		"version 01":        {version("01"), 400, "ProtocolMismatch", "gateway-protocol", ""},
		"two versions":      {version("1", "2"), 400, "ProtocolMismatch", "gateway-protocol", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.send("/private/resolve-identity", []byte(`{"accessKeyIds":[]}`), test.change)
			if got.status != test.status || got.Code != test.code || test.error != "" && got.Error != test.error {
				t.Errorf("got %d %s", got.status, got.body)
			}
			a.wantLast("service=gateway", "status="+fmt.Sprint(test.status)+" error="+test.code)
			if test.cause != "" {
				a.wantLast("cause=" + test.cause)
			}
		})
	}
	t.Run("version 2 asks for the version", func(t *testing.T) {
		got := a.send("/private/version", []byte(`{}`), version("2"))
		if got.status != 200 || got.Protocol != 1 || got.MinClient != 1 {
			t.Errorf("got %d %s", got.status, got.body)
		}
		a.wantLast("level=WARN", "warning=gateway-protocol")
	})
	t.Run("a question of before", func(t *testing.T) {
		r := a.signed("/private/version", "{}")
		a.clock.pass(4 * time.Minute)
		if got := a.transmit(r); got.status != 200 {
			t.Errorf("after four minutes: %s", got.body)
		}
		a.clock.pass(2 * time.Minute)
		if got := a.transmit(r); got.status != 403 || got.Code != "SignatureDoesNotMatch" {
			t.Errorf("after six minutes: %s", got.body)
		}
		a.wantLast("cause=signature-expired")
	})
	t.Run("a changed question", func(t *testing.T) {
		r := a.signed("/private/resolve-identity", `{"accessKeyIds":[]}`)
		r.Body = []byte(`{"accessKeyIds":["` + a.key.AccessKeyID + `"]}`)
		if got := a.transmit(r); got.status != 403 || got.Code != "SignatureDoesNotMatch" {
			t.Errorf("got %s", got.body)
		}
		r = a.signed("/private/version", `{}`)
		r.Path = "/private/resolve-identity"
		if got := a.transmit(r); got.status != 403 || got.Code != "SignatureDoesNotMatch" {
			t.Errorf("another path: %s", got.body)
		}
	})
	t.Run("a presigned question", func(t *testing.T) {
		r := &sigv4.Request{Method: "POST", Path: "/private/version", Host: "unix", Body: []byte("{}"), Header: map[string][]string{"X-Vgw-Private-Protocol": {"1"}}}
		if err := sigv4.Presign(r, a.key, "us-east-1", "iam", a.clock.now(), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := a.transmit(r); got.status != 400 || got.Code != "BadRequest" {
			t.Errorf("got %s", got.body)
		}
	})
	t.Run("at the API", func(t *testing.T) { // a question is no call of IAM
		r := a.signed("/private/version", `{}`)
		h, err := http.NewRequestWithContext(t.Context(), "POST", a.server.URL+"/", bytes.NewReader(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		h.Header, h.Host = r.Header, r.Host
		answer, err := http.DefaultClient.Do(h)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode == 200 {
			t.Error("it is answered")
		}
	})
	t.Run("the right is taken away", func(t *testing.T) {
		a.query("DeleteUserPolicy", "UserName", "gateway", "PolicyName", "serve")
		if got := a.ask("version", struct{}{}); got.status != 403 || got.Code != "AccessDenied" {
			t.Errorf("got %s", got.body)
		}
		a.query("DeleteAccessKey", "UserName", "gateway", "AccessKeyId", a.key.AccessKeyID)
		if got := a.ask("version", struct{}{}); got.status != 403 || got.Code != "InvalidClientTokenId" {
			t.Errorf("got %s", got.body)
		}
		a.wantLast("cause=unknown-key")
	})
}

func version(v ...string) func(*sigv4.Request, *sigv4.Credentials) {
	return func(r *sigv4.Request, _ *sigv4.Credentials) { r.Header["X-Vgw-Private-Protocol"] = v }
}

// signed is a question that is not sent yet.
func (a *asking) signed(path, body string) *sigv4.Request {
	a.t.Helper()
	r := &sigv4.Request{Method: "POST", Path: path, Host: "unix", Body: []byte(body), Header: map[string][]string{"X-Vgw-Private-Protocol": {"1"}}}
	if err := sigv4.Sign(r, a.key, "us-east-1", "iam", a.clock.now()); err != nil {
		a.t.Fatal(err)
	}
	return r
}

// What a gateway says of the subject has no effect, whatever the subject is; what
// it says of the request has.
func TestGatewayConditions(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna").Credentials
	id, alice := a.mustCredentials("alice")
	const object = "arn:aws:s3:::photos/x"
	policy := func(condition string) {
		a.t.Helper()
		a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`"s3:GetObject"`, `"*"`, condition))
		a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", allow(`"s3:GetObject"`, `"*"`, condition))
	}
	forged := map[string]string{
		"aws:PrincipalTag/team": "red", "aws:principaltag/TEAM": "red", "AWS:PrincipalArn": "arn:aws:iam::123456789012:user/boss", "aws:PrincipalAccount": "999988887777",
		"aws:PrincipalType": "Account", "aws:PrincipalOrgID": "o-1", "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": "s3.amazonaws.com",
		"aws:userid": "AIDABOSS", "aws:username": "boss", "aws:FederatedProvider": "boss.example", "aws:SourceIdentity": "boss",
		"aws:TokenIssueTime": "2020-01-01T00:00:00Z", "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "1", "sts:ExternalId": "boss", "aws:AssumedRoot": "true",
		"cognito-identity.amazonaws.com:sub": "us-east-1:boss", "cognito-identity.amazonaws.com:aud": "us-east-1:boss", "cognito-identity.amazonaws.com:amr": "boss",
		"accounts.google.com:sub": "boss", "issuer.example/path:sub": "boss", "saml:sub": "boss", "graph.facebook.com:id": "boss",
		"aws:ResourceTag/team": "red", "iam:ResourceTag/team": "red", "aws:RequestTag/team": "red", "aws:TagKeys": "team", "aws:ResourceAccount": "999988887777", "s3:ResourceAccount": "999988887777",
		"aws:ViaAWSService": "true", "aws:CalledVia": "s3.amazonaws.com", "aws:RequestedRegion": "eu-west-9", "aws:CurrentTime": "2001-01-01T00:00:00Z", "aws:EpochTime": "7",
		"aws:SourceVpc": "vpc-1", "ec2:SourceInstanceARN": "arn:aws:ec2:::i", "nonsense": "boss",
	}
	for key, value := range forged {
		policy(equals(key, value))
		for who, c := range map[string]sigv4.Credentials{"a user": anna, "an identity": alice} {
			if got := a.evaluate(c, map[string][]string{key: {value}}, "s3:GetObject", object); got != "no_match" {
				t.Errorf("%s with %s: %s", who, key, got)
			}
			if !strings.HasPrefix(key, "aws:CurrentTime") && !strings.HasPrefix(key, "aws:EpochTime") {
				a.wantLast("condition_dropped=" + strings.ToLower(key))
			}
		}
	}
	stated := map[string][]string{
		"aws:SourceIp": {"203.0.113.9"}, "aws:SecureTransport": {"true"}, "aws:UserAgent": {"tool/1"}, "aws:Referer": {"https://app.example/"},
		"s3:prefix": {"a/"}, "s3:delimiter": {"/"}, "s3:max-keys": {"7"}, "s3:x-amz-acl": {"private"}, "s3:VersionId": {"3"}, "aws:CurrentTime": {"2001-01-01T00:00:00Z"},
	}
	for _, test := range []struct{ condition, user, identity string }{
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, "allow", "allow"},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, "no_match", "no_match"},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, "allow", "allow"},
		{equals("aws:UserAgent", "tool/1"), "allow", "allow"},
		{equals("aws:Referer", "https://app.example/"), "allow", "allow"},
		{equals("s3:prefix", "a/"), "allow", "allow"},
		{equals("s3:delimiter", "/"), "allow", "allow"},
		{`{"NumericLessThanEquals":{"s3:max-keys":"10"}}`, "allow", "allow"},
		{`{"NumericLessThanEquals":{"s3:max-keys":"5"}}`, "no_match", "no_match"},
		{equals("s3:x-amz-acl", "private"), "allow", "allow"},
		{equals("s3:VersionId", "3"), "allow", "allow"},
		{equals("aws:username", "anna"), "allow", "no_match"},
		{equals("cognito-identity.amazonaws.com:sub", id), "no_match", "allow"},
		{equals("aws:PrincipalAccount", daypasstest.Account), "allow", "allow"},
		{equals("aws:ResourceAccount", daypasstest.Account), "allow", "allow"},
		{equals("aws:RequestedRegion", "us-east-1"), "allow", "allow"},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}`, "allow", "allow"},
	} {
		policy(test.condition)
		if got := a.evaluate(anna, stated, "s3:GetObject", object); got != test.user {
			t.Errorf("%s, a user: %s", test.condition, got)
		}
		if got := a.evaluate(alice, stated, "s3:GetObject", object); got != test.identity {
			t.Errorf("%s, an identity: %s", test.condition, got)
		}
	}
	policy(`{"Bool":{"aws:SecureTransport":"false"}}`) // what is not said is not secure
	if got := a.evaluate(anna, nil, "s3:GetObject", object); got != "allow" {
		t.Errorf("no transport: %s", got)
	}
	policy(`{"Null":{"aws:SourceIp":"true"}}`)
	if got := a.evaluate(anna, map[string][]string{"aws:SourceIp": {"somewhere"}}, "s3:GetObject", object); got != "allow" {
		t.Errorf("no address: %s", got)
	}
}

// Questions have bounds, and a body that is not one of them is refused.
func TestGatewayQuestionsAreBounded(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna").Credentials
	many := func(n int, text string) []string { return slices.Repeat([]string{text}, n) }
	const get, object = "s3:GetObject", "arn:aws:s3:::b/k"
	question := func(change map[string]any) []byte {
		in := map[string]any{"accessKeyId": anna.AccessKeyID, "actions": []string{get}, "resources": []string{object}}
		maps.Copy(in, change)
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	keys := func(n int) map[string][]string {
		m := map[string][]string{}
		for i := range n {
			m[fmt.Sprint("s3:key", i)] = []string{"v"}
		}
		return m
	}
	for name, test := range map[string]struct {
		body   []byte
		status int
		cause  string
	}{
		"1000 long keys":                {question(map[string]any{"resources": many(1000, "arn:aws:s3:::"+strings.Repeat("b", 63)+"/"+strings.Repeat("\x01", 1024))}), 200, ""},
		"1001 keys":                     {question(map[string]any{"resources": many(1001, object)}), 400, "gateway-too-much"},
		"16 actions":                    {question(map[string]any{"actions": many(16, get)}), 200, ""},
		"17 actions":                    {question(map[string]any{"actions": many(17, get)}), 400, "gateway-too-much"},
		"5 actions on 1000 keys":        {question(map[string]any{"actions": many(5, get), "resources": many(1000, object)}), 400, "gateway-too-much"},
		"a long resource":               {question(map[string]any{"resources": []string{object + strings.Repeat("k", 2048)}}), 400, "gateway-too-much"},
		"64 condition keys":             {question(map[string]any{"condition": keys(64)}), 200, ""},
		"65 condition keys":             {question(map[string]any{"condition": keys(65)}), 400, "gateway-too-much"},
		"100000 condition keys":         {question(map[string]any{"condition": keys(100_000)}), 400, "gateway-too-much"},
		"17 values":                     {question(map[string]any{"condition": map[string][]string{"s3:prefix": many(17, "v")}}), 400, "gateway-too-much"},
		"a long value":                  {question(map[string]any{"condition": map[string][]string{"s3:prefix": {strings.Repeat("v", 2049)}}}), 400, "gateway-too-much"},
		"a long header":                 {question(map[string]any{"condition": map[string][]string{"aws:Referer": {strings.Repeat("v", 8192)}}}), 200, ""},
		"a longer header":               {question(map[string]any{"condition": map[string][]string{"aws:Referer": {strings.Repeat("v", 8193)}}}), 400, "gateway-too-much"},
		"a long key":                    {question(map[string]any{"condition": map[string][]string{"s3:" + strings.Repeat("v", 2049): {}}}), 400, "gateway-too-much"},
		"9 MiB":                         {question(map[string]any{"sessionToken": strings.Repeat("v", 9<<20)}), 413, "body-too-large"},
		"two addresses":                 {question(map[string]any{"condition": map[string][]string{"aws:SourceIp": {"203.0.113.9", "203.0.113.8"}}}), 400, "gateway-malformed"},
		"no address":                    {question(map[string]any{"condition": map[string][]string{"aws:SourceIp": {}}}), 400, "gateway-malformed"},
		"a key in two cases":            {question(map[string]any{"condition": map[string][]string{"s3:prefix": {"a"}, "S3:PREFIX": {"b"}}}), 400, "gateway-malformed"},
		"no actions":                    {question(map[string]any{"actions": []string{}}), 400, "gateway-malformed"},
		"no resources":                  {question(map[string]any{"resources": []string{}}), 400, "gateway-malformed"},
		"an action of IAM":              {question(map[string]any{"actions": []string{get, "iam:CreateUser"}}), 400, "gateway-service"},
		"all actions":                   {question(map[string]any{"actions": []string{"s3:*"}}), 400, "gateway-service"},
		"a pattern":                     {question(map[string]any{"actions": []string{"s3:Get?bject"}}), 400, "gateway-service"},
		"an empty action":               {question(map[string]any{"actions": []string{""}}), 400, "gateway-service"},
		"an action in capitals":         {question(map[string]any{"actions": []string{"S3:GetObject"}}), 400, "gateway-service"},
		"a role as resource":            {question(map[string]any{"resources": []string{"arn:aws:iam::123456789012:role/user"}}), 400, "gateway-service"},
		"everything as resource":        {question(map[string]any{"resources": []string{"*"}}), 400, "gateway-service"},
		"another service":               {question(map[string]any{"service": "sts"}), 400, "gateway-service"},
		"a member that nobody knows":    {question(map[string]any{"sessionPolicy": "{}"}), 400, "gateway-malformed"},
		"a member in another case":      {[]byte(`{"AccessKeyID":"x"}`), 400, "gateway-malformed"},
		"a member twice":                {[]byte(`{"accessKeyId":"x","accessKeyId":"y"}`), 400, "gateway-malformed"},
		"a number as action":            {[]byte(`{"actions":[1]}`), 400, "gateway-malformed"},
		"an object as list":             {[]byte(`{"actions":{}}`), 400, "gateway-malformed"},
		"a list as condition":           {[]byte(`{"condition":[]}`), 400, "gateway-malformed"},
		"a text as values":              {[]byte(`{"condition":{"s3:prefix":"a"}}`), 400, "gateway-malformed"},
		"null":                          {[]byte(`null`), 400, "gateway-malformed"},
		"nothing":                       {nil, 400, "gateway-malformed"},
		"half":                          {[]byte(`{"actions":["s3:`), 400, "gateway-malformed"},
		"two questions":                 {[]byte(`{}{}`), 400, "gateway-malformed"},
		"text that is not UTF-8":        {[]byte("{\"accessKeyId\":\"\xff\"}"), 400, "gateway-malformed"},
		"depth":                         {[]byte(strings.Repeat(`{"condition":`, 20_000)), 400, "gateway-malformed"},
		"an access key ID of newlines":  {question(map[string]any{"accessKeyId": "\n\n"}), 403, ""},
		"an access key ID without text": {question(map[string]any{"accessKeyId": ""}), 400, "gateway-malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.send("/private/evaluate-policy", test.body, nil)
			if got.status != test.status {
				t.Errorf("got %d %.200s", got.status, got.body)
			}
			if test.cause != "" {
				a.wantLast("operation=EvaluatePolicy", "cause="+test.cause)
			}
			if line := a.last(); len(line) > 1500 {
				t.Errorf("a line of %d bytes", len(line))
			}
		})
	}
}

// A bucket policy can name who there is, and a gateway learns of nobody else.
func TestGatewayPrincipals(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna").Credentials
	a.query("CreateUser", "UserName", "berta", "Path", "/team/")
	_, alice := a.mustCredentials("alice")
	const iam, sts = "arn:aws:iam::123456789012:", "arn:aws:sts::123456789012:"
	good := []string{
		daypasstest.Account, iam + "root", iam + "user/anna", iam + "user/team/berta", iam + "role/user", sts + "assumed-role/user/CognitoIdentityCredentials", sts + "assumed-role/guest/x@y",
	}
	bad := []string{
		"", "*", "999988887777", "arn:aws:iam::999988887777:root", iam + "user/nobody", iam + "user/berta", iam + "user/ANNA", iam + "user/*", iam + "role/nobody", iam + "role/user/x",
		iam + "policy/x", iam + "group/x", iam + "root/", "arn:aws-cn:iam::123456789012:user/anna", "arn:aws:iam:us-east-1:123456789012:user/anna", "arn:aws:sts:us-east-1:123456789012:assumed-role/user/abc",
		sts + "assumed-role/user", sts + "assumed-role/user/", sts + "assumed-role/user/a", sts + "assumed-role/user/*", sts + "assumed-role/user/a/b", sts + "assumed-role/User/abc", sts + "assumed-role/nobody/abc",
		sts + "assumed-role/user/" + strings.Repeat("x", 65), anna.AccessKeyID, "AIDA", "s3.amazonaws.com",
	}
	got := a.ask("resolve-principals", map[string]any{"principals": append(slices.Clone(good), bad...)})
	if got.status != 200 || !slices.Equal(got.Invalid, bad) {
		t.Errorf("got %s", got.body)
	}
	if got := a.ask("resolve-principals", map[string]any{"principals": good}); string(got.body) != `{"invalid":[]}` {
		t.Errorf("got %s", got.body)
	}
	if got := a.ask("resolve-principals", map[string]any{"principals": slices.Repeat(good[:1], 1001)}); got.status != 400 {
		t.Errorf("got %s", got.body)
	}
	got = a.ask("resolve-identity", map[string]any{"accessKeyIds": []string{anna.AccessKeyID, "AKIA0000000000000000", alice.AccessKeyID, daypasstest.AccessKeyID, ""}})
	want := `{"identities":[{"found":true,"kind":"user","principalArn":"` + iam + `user/anna"},{"found":false},{"found":false},{"found":true,"kind":"user","principalArn":"` + iam + `root"},{"found":false}]}`
	if got.status != 200 || string(got.body) != want {
		t.Errorf("got %s", got.body)
	}
}

// An S3 request is a use of the user's key.
func TestGatewayUsesKeys(t *testing.T) {
	a := newAsking(t)
	anna := a.user("anna").Credentials
	used := func(id string) string {
		u := texts(t, []byte(a.query("GetAccessKeyLastUsed", "AccessKeyId", id)))
		return u["ServiceName"] + " " + u["Region"]
	}
	a.derive(anna, a.today(), "s3") // anybody may have claimed to be anna
	if got := used(anna.AccessKeyID); got != "N/A N/A" {
		t.Errorf("after a signing key: %s", got)
	}
	a.evaluate(anna, nil, "s3:GetObject", "arn:aws:s3:::b/k")
	if got := used(anna.AccessKeyID); got != "s3 us-east-1" {
		t.Errorf("after a decision: %s", got)
	}
	if got := used(a.key.AccessKeyID); got != "iam us-east-1" {
		t.Errorf("the gateway's: %s", got)
	}
}

// Policies and names that take long together take no longer than a question may.
func TestGatewaySlowQuestions(t *testing.T) {
	a := newAsking(t)
	var statements []string
	for i := range 4 {
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*%s%d*"}`, strings.Repeat("a?", 1100), i))
	}
	a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "slow", "PolicyDocument", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
	_, alice := a.mustCredentials("alice")
	objects := slices.Repeat([]string{"arn:aws:s3:::b/" + strings.Repeat("a", 2030)}, 1000)
	if got := a.evaluate(alice, nil, "s3:GetObject", objects[:1]...); got != "no_match" {
		t.Errorf("one object: %s", got)
	}
	began := time.Now()
	if got := a.evaluate(alice, nil, "s3:GetObject", objects...); got != "ServiceUnavailable" {
		t.Errorf("a thousand: %.20s", got)
	}
	a.wantLast("level=ERROR", "status=503 error=ServiceUnavailable cause=gateway-slow")
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}

// The policies in docs/s3.md do what it says of them.
func TestS3Examples(t *testing.T) {
	page, err := os.ReadFile("../../docs/s3.md")
	if err != nil {
		t.Fatal(err)
	}
	var policies []string
	for _, block := range strings.Split(string(page), "```json\n")[1:] {
		policy, _, _ := strings.Cut(block, "```")
		policies = append(policies, policy)
	}
	if len(policies) != 2 {
		t.Fatalf("%d policies", len(policies))
	}
	a := newAsking(t)
	a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", policies[0])
	id, alice := a.mustCredentials("alice")
	a.query("CreateUser", "UserName", "anna", "Tags.member.1.Key", "department", "Tags.member.1.Value", "sales")
	a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", policies[1])
	anna := credentialsIn(t, a.query("CreateAccessKey", "UserName", "anna"))
	office := map[string][]string{"aws:SourceIp": {"198.51.100.7"}, "aws:SecureTransport": {"true"}}
	for _, test := range []struct {
		who              sigv4.Credentials
		condition        map[string][]string
		action, resource string
		want             string
	}{
		{alice, nil, "s3:PutObject", "arn:aws:s3:::photos/" + id + "/a/b", "allow"},
		{alice, nil, "s3:AbortMultipartUpload", "arn:aws:s3:::photos/" + id + "/a/b", "allow"},
		{alice, nil, "s3:PutObject", "arn:aws:s3:::photos/" + id, "no_match"},
		{alice, nil, "s3:PutObject", "arn:aws:s3:::photos/" + id + "x/a", "no_match"},
		{alice, nil, "s3:PutObject", "arn:aws:s3:::others/" + id + "/a", "no_match"},
		{alice, map[string][]string{"s3:prefix": {id + "/"}}, "s3:ListBucket", "arn:aws:s3:::photos", "allow"},
		{alice, map[string][]string{"s3:prefix": {id}}, "s3:ListBucket", "arn:aws:s3:::photos", "no_match"},
		{alice, nil, "s3:ListBucket", "arn:aws:s3:::photos", "no_match"},
		{anna, nil, "s3:GetObject", "arn:aws:s3:::shared/sales/x", "allow"},
		{anna, nil, "s3:GetObject", "arn:aws:s3:::shared/board/x", "no_match"},
		{anna, nil, "s3:PutObject", "arn:aws:s3:::shared/sales/x", "no_match"},
		{anna, office, "s3:PutObject", "arn:aws:s3:::shared/sales/x", "allow"},
		{anna, map[string][]string{"aws:SourceIp": {"203.0.113.7"}, "aws:SecureTransport": {"true"}}, "s3:PutObject", "arn:aws:s3:::shared/sales/x", "no_match"},
		{anna, map[string][]string{"aws:SourceIp": {"198.51.100.7"}, "aws:SecureTransport": {"false"}}, "s3:PutObject", "arn:aws:s3:::shared/sales/x", "no_match"},
	} {
		if got := a.evaluate(test.who, test.condition, test.action, test.resource); got != test.want {
			t.Errorf("%s %s %v: %s, want %s", test.action, test.resource, test.condition, got, test.want)
		}
	}
}

var updateGateway = flag.Bool("update", false, "write the transcript of a gateway and the list of what records show anew")

// What goes over the wire between a gateway and daypass, byte for byte.
func TestGatewayTranscript(t *testing.T) {
	clock := newClock()
	a := &asking{log: &logged{}, clock: clock}
	a.story = &story{t: t, server: daypasstest.Start(t, daypasstest.Config{Now: clock.now, Rand: daypasstest.Seeded(1), Log: slog.New(slog.NewTextHandler(a.log, nil))})}
	a.dial()
	a.key = a.user("gateway").Credentials
	a.query("PutUserPolicy", "UserName", "gateway", "PolicyName", "serve", "PolicyDocument", serveGateway)
	anna := a.user("anna").Credentials
	a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allow(`["s3:GetObject","s3:ListBucket"]`, `"*"`, equals("s3:prefix", "a/")))
	var page strings.Builder
	for _, q := range []struct{ path, body, version string }{
		{"version", `{}`, "1"},
		{"version", `{}`, "2"},
		{"derive-signing-key", `{"accessKeyId":"` + anna.AccessKeyID + `","date":"20260202","region":"us-east-1","service":"s3"}`, "1"},
		{"derive-signing-key", `{"accessKeyId":"` + anna.AccessKeyID + `","date":"20260202","region":"us-east-1","service":"iam"}`, "1"},
		{"derive-signing-key", `{"accessKeyId":"` + anna.AccessKeyID + `","date":"20260101","region":"us-east-1","service":"s3"}`, "1"},
		{"derive-signing-key", `{"accessKeyId":"AKIA0000000000000000","date":"20260202","region":"us-east-1","service":"s3"}`, "1"},
		{"derive-signing-key", `{"accessKeyId":"` + anna.AccessKeyID + `","date":"20260202","region":"us-east-1","service":"s3"}`, "2"},
		{"evaluate-policy", `{"accessKeyId":"` + anna.AccessKeyID + `","actions":["s3:GetObject","s3:PutObject"],"resources":["arn:aws:s3:::b/1","arn:aws:s3:::b/2"],"condition":{"s3:prefix":["a/"],"aws:CurrentTime":["2026-02-02T02:40:00Z"]},"region":"us-east-1","service":"s3"}`, "1"},
		{"evaluate-policy", `{"accessKeyId":"` + anna.AccessKeyID + `","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/1"]}`, "1"},
		{"evaluate-policy", `{"accessKeyId":"` + anna.AccessKeyID + `","actions":["iam:GetUser"],"resources":["arn:aws:s3:::b/1"]}`, "1"},
		{"evaluate-policy", `{"accessKeyId":"` + anna.AccessKeyID + `","sessionToken":"x","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/1"]}`, "1"},
		{"evaluate-policy", `{"actions":`, "1"},
		{"resolve-identity", `{"accessKeyIds":["` + anna.AccessKeyID + `","AKIA0000000000000000"]}`, "1"},
		{"resolve-principals", `{"principals":["arn:aws:iam::123456789012:user/anna","arn:aws:iam::123456789012:user/nobody","123456789012"]}`, "1"},
		{"nothing", `{}`, "1"},
	} {
		got := a.send("/private/"+q.path, []byte(q.body), version(q.version))
		_, line, _ := strings.Cut(a.last(), "request_id=")
		_, line, _ = strings.Cut(line, " ")
		fmt.Fprintf(&page, "POST /private/%s\nX-Vgw-Private-Protocol: %s\n\n%s\n\n%d\n%s\nlog: %s\n\n", q.path, q.version, q.body, got.status, got.body, line)
	}
	const file = "testdata/gateway.txt"
	if *updateGateway {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != page.String() {
		t.Errorf("%s is not what goes over the wire (%v): go test ./internal/instance -run Transcript -update\n%s", file, err, page.String())
	}
}
