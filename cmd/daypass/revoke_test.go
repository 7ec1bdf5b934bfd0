package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// daypass runs a command with the root credentials of a server.
func daypass(t *testing.T, s *daypasstest.Server, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	environment := map[string]string{"AWS_ACCESS_KEY_ID": daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY": daypasstest.SecretAccessKey}
	args = append(args, "--endpoint", s.URL)
	code = run(&process{t.Context(), &out, &errs, func(name string) string { return environment[name] }}, args)
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
		"login in a pool": {[]string{"--provider", "accounts.google.com", "--user", "1", "--identity-pool-id", "us-east-1:0"}, `"IdentityPoolId": "us-east-1:0"`},
		"role":            {[]string{"--role-arn", "arn:aws:iam::123456789012:role/app", "--issued-before", "2026-01-01T00:00:00Z"}, `"IssuedBefore": 1767225600`},
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
	for name, test := range map[string]struct {
		environment map[string]string
		code        int
		want        string
	}{
		"the default profile":    {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}, exitOK, `"Revocations": []`},
		"another profile":        {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "other"}, exitError, "UnrecognizedClientException"},
		"a profile with nothing": {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "empty"}, exitError, "has no aws_access_key_id and aws_secret_access_key for the profile empty"},
		"the environment first":  {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_ACCESS_KEY_ID": "no", "AWS_SECRET_ACCESS_KEY": "no"}, exitError, "UnrecognizedClientException"},
		"no file":                {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file + "x"}, exitError, "AWS_SHARED_CREDENTIALS_FILE: open "},
		"nothing":                {nil, exitError, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := &process{t.Context(), &out, &out, func(name string) string { return test.environment[name] }}
			if code := run(p, []string{"revocations", "--endpoint", s.URL}); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("exit code %d, %s", code, out.String())
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

// What is no endpoint, or that of something else, is told as such.
func TestRevocationsOfAnotherServer(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for endpoint, want := range map[string]struct {
		code int
		text string
	}{
		other.URL:        {exitError, "unexpected response from " + other.URL + " (status 404); check --endpoint"},
		"":               {exitUsage, `--endpoint "" (AWS_ENDPOINT_URL): give a URL such as http://127.0.0.1:4600`},
		"127.0.0.1:4600": {exitUsage, `--endpoint "127.0.0.1:4600" (AWS_ENDPOINT_URL): give a URL`},
		"localhost:4600": {exitUsage, `--endpoint "localhost:4600" (AWS_ENDPOINT_URL): give a URL`},
	} {
		code, _, stderr := daypass(t, &daypasstest.Server{URL: endpoint}, "revocations")
		if code != want.code || !strings.Contains(stderr, want.text) {
			t.Errorf("%s: exit code %d, %s", endpoint, code, stderr)
		}
	}
	if _, help, _ := daypass(t, &daypasstest.Server{}, "revoke", "--help"); !strings.Contains(help, "AWS_SECRET_ACCESS_KEY") {
		t.Errorf("--help does not say whose credentials sign: %s", help)
	}
}

func TestRevokeCommandRefuses(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":      {nil, exitUsage, "say what to revoke"},
		"half a login": {[]string{"--provider", "accounts.google.com"}, exitUsage, "go together"},
		"two":          {[]string{"--identity-id", "a", "--role-arn", "b"}, exitUsage, "can't be used together"},
		"a long-term key": {[]string{"--access-key-id", "AKIA0123456789ABCDEF"}, exitError,
			"InvalidParameterException (400): AccessKeyId must be that of temporary credentials."},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := daypass(t, s, append([]string{"revoke"}, test.args...)...)
			if code != test.code || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, %s", code, stderr)
			}
		})
	}
}
