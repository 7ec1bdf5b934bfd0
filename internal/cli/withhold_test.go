package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is secret, and what is made of it, is neither in the debug log nor in an
// error, whatever else is wrong.
func TestNoSecretIsShown(t *testing.T) {
	const secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t"
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_SESSION_TOKEN", "session-"+secret)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	document := filepath.Join(t.TempDir(), "input.json")
	if err := os.WriteFile(document, []byte(`{"WebIdentityToken": ["`+secret+`"], "RoleArn": "arn:aws:iam::000000000000:role/a", "RoleSessionName": "me", "Tokken": "`+secret+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var sent int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent++
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"NotAuthorizedException","message":"Invalid login token."}`))
	}))
	defer s.Close()
	const id = "us-east-1:11111111-1111-1111-1111-111111111111"
	for name, test := range map[string]struct {
		args string
		code int
		want string
	}{
		"a map":              {"cognito-identity get-id --identity-pool-id " + id + " --logins login.app=" + secret, 254, `"login.app": "(withheld)"`},
		"JSON":               {"cognito-identity get-id --identity-pool-id " + id + ` --logins {"login.app":"` + secret + `"}`, 254, `"login.app": "(withheld)"`},
		"a signed call":      {"cognito-identity get-open-id-token-for-developer-identity --identity-pool-id " + id + " --logins login.app=" + secret, 254, "signed with the access key ASIAEXAMPLE"},
		"a scalar":           {"sts assume-role-with-web-identity --role-arn arn:aws:iam::000000000000:role/a --role-session-name me --web-identity-token " + secret, 255, `"WebIdentityToken": "(withheld)"`},
		"broken JSON":        {"cognito-identity get-id --identity-pool-id " + id + ` --logins {"login.app":"` + secret, 252, "Invalid JSON"},
		"a list for a map":   {"cognito-identity get-id --identity-pool-id " + id + ` --logins ["` + secret + `"]`, 252, "Invalid JSON"},
		"broken shorthand":   {"cognito-identity get-id --identity-pool-id " + id + " --logins " + secret, 252, "Expected: '='"},
		"a file's name":      {"cognito-identity get-id --identity-pool-id " + id + " --logins a@=" + secret, 252, "a value after @= names a file (the value is not shown"},
		"two keys":           {"cognito-identity get-id --identity-pool-id " + id + " --logins a=" + secret + ",a=" + secret, 252, `Second instance of key "a"`},
		"nested for a text":  {"cognito-identity get-id --identity-pool-id " + id + ` --logins {"a":{"b":"` + secret + `"}}`, 252, "Invalid type for parameter Logins.a, value: (withheld)"},
		"a misspelt option":  {"cognito-identity get-id --identity-pool-id " + id + " --login a=" + secret, 252, "Unknown options: --login, (withheld)"},
		"with an equal sign": {"cognito-identity get-id --identity-pool-id " + id + " --login=" + secret, 252, "Unknown options: --login=(withheld)"},
		"a document":         {"sts assume-role-with-web-identity --cli-input-json file://" + document, 252, "Invalid type for parameter WebIdentityToken, value: (withheld)"},
		"no document":        {`sts assume-role-with-web-identity --cli-input-json {"WebIdentityToken":"` + secret, 252, "Invalid JSON received."},
	} {
		t.Run(name, func(t *testing.T) {
			c, out, errs := tool()
			c.Getenv = os.Getenv
			before := sent
			code := c.Run(context.Background(), append(strings.Fields(test.args), "--debug", "--endpoint-url", s.URL))
			said := out.String() + errs.String()
			if code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("exit code %d: %s", code, said)
			}
			if strings.Contains(said, "s3cr3t") {
				t.Errorf("a secret is shown: %s", said)
			}
			if test.code == 252 && sent != before {
				t.Error("something was sent")
			}
		})
	}
}
