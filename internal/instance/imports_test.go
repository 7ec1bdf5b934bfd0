package instance_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

const (
	chosenPool = "us-east-1:11111111-2222-4333-8444-555555555555"
	chosenKey  = "AKIAEXAMPLEEXAMPLE00"
)

// A pool gets the ID that its caller chose, once; again after its deletion only by
// somebody who says so.
func TestImportIdentityPool(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	root := s.clientOf("us-east-1")
	imported := func(c *client.Client, id string, more ...any) string {
		t.Helper()
		in := map[string]any{"IdentityPoolId": id, "IdentityPoolName": "seeded", "AllowUnauthenticatedIdentities": true}
		for i := 0; i+1 < len(more); i += 2 {
			in[more[i].(string)] = more[i+1]
		}
		if _, err := c.JSON(t.Context(), admin.API, "ImportIdentityPool", in); err != nil {
			return codeOf(t, err)
		}
		return ""
	}
	for _, step := range []struct {
		name string
		c    *client.Client
		id   string
		want string
	}{
		{"another region", s.clientOf("eu-west-1"), chosenPool, "InvalidParameterException"},
		{"capital letters", root, strings.Replace(chosenPool, "8444", "A444", 1), "ValidationException"},
		{"no GUID", root, "us-east-1:abc", "InvalidParameterException"},
		{"as it should be", root, chosenPool, ""},
		{"again", root, chosenPool, "ResourceConflictException"},
		{"a key that may not", s.user("nobody"), chosenPool, "AccessDeniedException"},
	} {
		if got := imported(step.c, step.id); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	answer, err := root.JSON(t.Context(), cognito.API, "GetId", map[string]any{"IdentityPoolId": chosenPool})
	if err != nil || !strings.Contains(string(answer), `"IdentityId":"us-east-1:`) {
		t.Errorf("a guest of it: %s, %v", answer, err)
	}
	if _, err := root.JSON(t.Context(), cognito.API, "DeleteIdentityPool", map[string]any{"IdentityPoolId": chosenPool}); err != nil {
		t.Fatal(err)
	}
	if got := imported(root, chosenPool); got != "ResourceConflictException" {
		t.Errorf("the ID of a deleted pool: %q", got)
	}
	if got := imported(root, chosenPool, "ReuseId", true); got != "" {
		t.Errorf("the ID of a deleted pool, meant so: %q", got)
	}
	if _, err := root.JSON(t.Context(), cognito.API, "DeleteIdentityPool", map[string]any{"IdentityPoolId": chosenPool}); err != nil {
		t.Errorf("deleted again: %v", err)
	}
}

// A user gets the key that its caller chose, and signs with it.
func TestImportAccessKey(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	root := s.clientOf("us-east-1")
	s.query("CreateUser", "UserName", "ci")
	s.query("CreateUser", "UserName", "other")
	imported := func(user, id, secret string, dry bool) string {
		t.Helper()
		answer, err := root.JSON(t.Context(), admin.API, "ImportAccessKey", map[string]any{"UserName": user, "AccessKeyId": id, "SecretAccessKey": secret, "DryRun": dry})
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the secret is shown: %v", err)
			}
			return codeOf(t, err)
		}
		var out struct{ Changed bool }
		if err := json.Unmarshal(answer, &out); err != nil {
			t.Fatal(err)
		}
		return map[bool]string{true: "changed", false: "same"}[out.Changed]
	}
	who := func(secret string) string {
		t.Helper()
		c := s.clientOf("us-east-1")
		c.Credentials = sigv4.Credentials{AccessKeyID: chosenKey, SecretAccessKey: secret}
		answer, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
		if err != nil {
			return codeOf(t, err)
		}
		return texts(t, answer)["Arn"]
	}
	const first, second = "first-secret-of-the-key", "second-secret-of-the-key"
	for _, step := range []struct {
		user, id, secret string
		dry              bool
		want             string
	}{
		{"ci", chosenKey, first, true, "changed"},
		{"ci", chosenKey, first, false, "changed"},
		{"ci", chosenKey, first, false, "same"},
		{"other", chosenKey, second, false, "ResourceConflictException"},
		{"other", "ASIAEXAMPLEEXAMPLE00", second, false, "InvalidParameterException"},
		{"nobody", chosenKey, second, false, "ResourceNotFoundException"},
		{"ci", chosenKey, "too short", false, "ValidationException"},
		{"ci", "AKIAEXAMPLEEXAMPLE01", second, false, "changed"},
		{"ci", "AKIAEXAMPLEEXAMPLE02", second, false, "LimitExceededException"},
	} {
		if got := imported(step.user, step.id, step.secret, step.dry); got != step.want {
			t.Errorf("%+v: %q", step, got)
		}
		if step.dry && who(first) != "InvalidClientTokenId" {
			t.Errorf("a dry run made a key: %s", who(first))
		}
	}
	if got := who(first); !strings.HasSuffix(got, ":user/ci") {
		t.Errorf("it is the key of %s", got)
	}
	if got := imported("ci", chosenKey, second, false); got != "changed" || who(first) != "SignatureDoesNotMatch" || !strings.HasSuffix(who(second), ":user/ci") {
		t.Errorf("another secret: %s; the first is %s, the second %s", got, who(first), who(second))
	}
	// What was got with an earlier secret ends with that, and does not come back with
	// another key of the ID.
	session := func(secret string) func() string {
		t.Helper()
		c := s.clientOf("us-east-1")
		c.Credentials = sigv4.Credentials{AccessKeyID: chosenKey, SecretAccessKey: secret}
		answer, err := c.Query(t.Context(), sts.API, "GetSessionToken")
		if err != nil {
			t.Fatal(err)
		}
		got := texts(t, answer)
		c.Credentials = sigv4.Credentials{AccessKeyID: got["AccessKeyId"], SecretAccessKey: got["SecretAccessKey"], SessionToken: got["SessionToken"]}
		return func() string {
			answer, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
			if err != nil {
				return codeOf(t, err)
			}
			return texts(t, answer)["Arn"]
		}
	}
	before := session(second)
	if got := before(); !strings.HasSuffix(got, ":user/ci") {
		t.Errorf("a session of the key: %s", got)
	}
	imported("ci", chosenKey, first, false)
	after := session(first)
	if before() != "InvalidClientTokenId" || !strings.HasSuffix(after(), ":user/ci") {
		t.Errorf("after another secret, a session of the one before: %s, of this one: %s", before(), after())
	}
	s.query("DeleteAccessKey", "UserName", "ci", "AccessKeyId", chosenKey)
	imported("ci", chosenKey, first, false)
	if got := after(); got != "InvalidClientTokenId" {
		t.Errorf("a session of a deleted key, whose ID another has: %s", got)
	}
}

// The regions that have pools are listed, each once.
func TestListRegions(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	regions := func() string {
		t.Helper()
		answer, err := s.clientOf("us-east-1").JSON(t.Context(), admin.API, "ListRegions", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	if got := regions(); got != `{"Regions":["us-east-1"]}` { // that of the story's pool
		t.Errorf("of one pool: %s", got)
	}
	for _, region := range []string{"us-west-2", "eu-west-1", "us-west-2", "us-east-1", "us-west-2"} {
		in := map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}
		if _, err := s.clientOf(region).JSON(t.Context(), cognito.API, "CreateIdentityPool", in); err != nil {
			t.Fatal(err)
		}
	}
	if got := regions(); got != `{"Regions":["eu-west-1","us-east-1","us-west-2"]}` {
		t.Errorf("regions: %s", got)
	}
}
