package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// What users of a pool are called is their own choice. On the terminal of who
// looks at it, it must not move the cursor, set the title or pass for a prompt.
func TestControlCharacters(t *testing.T) {
	const hostile = "eve\x1b]0;owned\a\u009b2J\x7f\r$ "
	answer, err := json.Marshal(map[string]any{"IdentityId": "us-east-1:1", "DeveloperUserIdentifierList": []string{hostile, "mallory\nand\tco"}})
	if err != nil {
		t.Fatal(err)
	}
	refusal, err := json.Marshal(map[string]string{"__type": "Evil\x1b[1m", "message": hostile})
	if err != nil {
		t.Fatal(err)
	}
	status, body := http.StatusOK, answer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-amzn-RequestId", "\u009b2J")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	run := func(width int, more ...string) (stdout, stderr string) {
		c, out, errs := tool()
		c.Width = width
		c.Run(context.Background(), append([]string{
			"cognito-identity", "lookup-developer-identity", "--identity-pool-id", "us-east-1:1",
			"--endpoint-url", server.URL, "--no-sign-request", "--no-paginate",
		}, more...))
		return out.String(), errs.String()
	}
	for _, format := range []string{"json", "text", "yaml", "yaml-stream", "table"} {
		out, errs := run(80, "--output", format, "--color", "off")
		if errs != "" || !strings.Contains(out, "eve") || strings.ContainsFunc(out, hidden) {
			t.Errorf("%s on a terminal: %q, %q", format, out, errs)
		}
		out, _ = run(80, "--output", format, "--color", "off", "--query", "DeveloperUserIdentifierList[0]")
		if strings.ContainsFunc(out, hidden) || !strings.Contains(out, "eve") && format != "table" {
			t.Errorf("%s of a query on a terminal: %q", format, out)
		}
	}
	// Who reads the text with a program gets it as it is.
	if out, _ := run(0, "--output", "text", "--query", "DeveloperUserIdentifierList[0]"); out != hostile+"\n" {
		t.Errorf("text for a program: %q", out)
	}
	if out, _ := run(0, "--query", "DeveloperUserIdentifierList"); !strings.Contains(out, `"mallory\nand\tco"`) {
		t.Errorf("JSON: %q", out)
	} else {
		var list []string
		if err := json.Unmarshal([]byte(out), &list); err != nil || list[0] != hostile {
			t.Errorf("JSON for a program: %q, %v", list, err)
		}
	}
	status, body = http.StatusBadRequest, refusal
	for _, more := range [][]string{nil, {"--debug"}} {
		if _, errs := run(80, more...); !strings.Contains(errs, "eve") || strings.ContainsFunc(errs, hidden) {
			t.Errorf("error: %q", errs)
		}
	}
}

// hidden says whether a terminal does something with a character instead of
// showing it.
func hidden(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// A name from the server does not pass for another line of the plan.
func TestPlanLines(t *testing.T) {
	answers := map[string]string{
		"Daypass.ListRegions":                         `{"Regions": ["us-east-1"]}`,
		"AWSCognitoIdentityService.ListIdentityPools": `{"IdentityPools": [{"IdentityPoolId": "us-east-1:1", "IdentityPoolName": "first\n! identity pool us-east-1:1 stays"}]}`,
		"AWSCognitoIdentityService.ListIdentities":    `{"Identities": []}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := answers[r.Header.Get("X-Amz-Target")]; answer != "" {
			_, _ = io.WriteString(w, answer)
			return
		}
		action := r.PostFormValue("Action") // of STS and IAM, which have nothing
		_, _ = fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Account>123456789012</Account></%[1]sResult></%[1]sResponse>`, action)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "daypass.yaml")
	if err := os.WriteFile(file, []byte("Version: 1\nIdentityPools: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, out, errs := tool()
	c.Run(t.Context(), []string{"apply", "--file", file, "--prune", "--dry-run", "--endpoint-url", server.URL, "--no-sign-request"})
	if want := "- identity pool us-east-1:1 (first\\x0a! identity pool us-east-1:1 stays)\n"; out.String() != want {
		t.Errorf("%q, want %q: %s", out, want, errs)
	}
}
