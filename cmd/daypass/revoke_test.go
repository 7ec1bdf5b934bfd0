package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// Exit codes of commands that talk to a server.
const (
	codeUsage   = 252
	codeConfig  = 253
	codeRefused = 254
	codeFailed  = 255
)

// daypass runs a command with the root credentials of a server, which the
// environment has, in a home that is empty.
func daypass(t *testing.T, s *daypasstest.Server, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_ACCESS_KEY_ID", daypasstest.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", daypasstest.SecretAccessKey)
	return inEnvironment(t, append(args, "--endpoint", s.URL)...)
}

func inEnvironment(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	var out, errs bytes.Buffer
	code = run(&process{t.Context(), &out, &errs, os.Getenv}, args)
	return code, out.String(), errs.String()
}

func TestRevokeCommand(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"identity":        {[]string{"--identity-id", "us-east-1:00000000-0000-4000-8000-000000000000"}, `"IdentityId": "us-east-1:00000000-0000-4000-8000-000000000000"`},
		"login":           {[]string{"--provider", "accounts.google.com", "--user", "1"}, `"ProviderName": "accounts.google.com"`},
		"quotes":          {[]string{"--provider", "login.app", "--user", `a"b\,c={d}`}, `"UserIdentifier": "a\"b\\,c={d}"`},
		"login in a pool": {[]string{"--provider", "accounts.google.com", "--user", "1", "--identity-pool-id", "us-east-1:0"}, `"IdentityPoolId": "us-east-1:0"`},
		"shorthand":       {[]string{"--login", "ProviderName=accounts.google.com,UserIdentifier=2"}, `"UserIdentifier": "2"`},
		"role":            {[]string{"--role-arn", "arn:aws:iam::123456789012:role/app", "--issued-before", "2026-01-01T00:00:00Z"}, `"IssuedBefore": "2026-01-01T00:00:00+00:00"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := daypass(t, s, append([]string{"revoke"}, test.args...)...)
			if code != exitOK || !strings.Contains(stdout, test.want) {
				t.Errorf("exit code %d, %s%s", code, stdout, stderr)
			}
			if code, stdout, _ := daypass(t, s, "revocations"); code != exitOK || !strings.Contains(stdout, test.want) {
				t.Errorf("the listing: exit code %d, %s", code, stdout)
			}
		})
	}
	if code, stdout, _ := daypass(t, s, "revocations", "--output", "text", "--query", "length(Revocations)"); code != exitOK || stdout != "6\n" {
		t.Errorf("--query: exit code %d, %s", code, stdout)
	}
}

// The file that a server writes is enough to call it, as it is for the AWS CLI.
func TestRevocationsWithACredentialsFile(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	file := filepath.Join(t.TempDir(), "credentials")
	text := "# comment = 1\n[other]\naws_access_key_id = no\naws_secret_access_key = no\n[default]\naws_access_key_id = " +
		daypasstest.AccessKeyID + "\naws_secret_access_key=" + daypasstest.SecretAccessKey + "\n[empty]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	for name, test := range map[string]struct {
		environment map[string]string
		code        int
		want        string
	}{
		"the default profile":    {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}, exitOK, `"Revocations": []`},
		"another profile":        {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "other"}, codeRefused, "UnrecognizedClientException"},
		"a profile with nothing": {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "empty"}, codeConfig, "Unable to locate credentials"},
		"the environment first":  {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_ACCESS_KEY_ID": "no", "AWS_SECRET_ACCESS_KEY": "no"}, codeRefused, "UnrecognizedClientException"},
		"no file":                {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file + "x"}, codeConfig, "Unable to locate credentials"},
		"nothing":                {nil, codeConfig, "Unable to locate credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			if code, stdout, stderr := inEnvironment(t, "revocations", "--endpoint", s.URL); code != test.code || !strings.Contains(stdout+stderr, test.want) {
				t.Errorf("exit code %d, %s%s", code, stdout, stderr)
			}
		})
	}
}

// A variable that happens to be set does not keep a revocation to one pool.
func TestRevokeCommandIgnoresTheEnvironment(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	for _, name := range []string{"DAYPASS_IDENTITY_POOL_ID", "DAYPASS_PROVIDER", "DAYPASS_USER", "DAYPASS_ROLE_ARN", "DAYPASS_ISSUED_BEFORE"} {
		t.Setenv(name, "us-east-1:0")
	}
	code, stdout, stderr := daypass(t, s, "revoke", "--provider", "accounts.google.com", "--user", "1")
	if code != exitOK || strings.Contains(stdout, "us-east-1:0") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
}

func TestRevokeCommandRefuses(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":             {nil, codeUsage, "Say what to revoke"},
		"half a login":        {[]string{"--provider", "accounts.google.com"}, codeUsage, "--provider and --user go together."},
		"two":                 {[]string{"--identity-id", "a", "--role-arn", "b"}, codeUsage, "Say what to revoke: one of"},
		"a login twice":       {[]string{"--provider", "a", "--user", "b", "--login", "ProviderName=a,UserIdentifier=b"}, codeUsage, "--login says the same"},
		"a misspelt option":   {[]string{"--identity-idd", "a"}, codeUsage, "Maybe you meant --identity-id"},
		"a long-term key":     {[]string{"--access-key-id", "AKIA0123456789ABCDEF"}, codeRefused, "An error occurred (InvalidParameterException) when calling the RevokeSessions operation: AccessKeyId must be that of temporary credentials."},
		"what is no endpoint": {[]string{"--role-arn", "b", "--endpoint-url", "localhost:4600"}, codeUsage, `Bad value for --endpoint-url "localhost:4600"`},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--endpoint-url", s.URL, "revoke"}, test.args...)
			t.Setenv("HOME", t.TempDir())
			t.Setenv("AWS_ACCESS_KEY_ID", daypasstest.AccessKeyID)
			t.Setenv("AWS_SECRET_ACCESS_KEY", daypasstest.SecretAccessKey)
			code, _, stderr := inEnvironment(t, args...)
			if code != test.code || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, %s", code, stderr)
			}
		})
	}
	if _, help, _ := daypass(t, s, "revoke", "--help"); !strings.Contains(help, "--provider <value>") || !strings.Contains(help, "--identity-id (string)") {
		t.Errorf("--help: %s", help)
	}
}
