package cli_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/cli"
)

// Who wants to be asked is: always, or where the command is wrong.
func TestAutoPrompt(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	const whole = "cognito-identity get-id --identity-pool-id us-east-1:11111111-1111-1111-1111-111111111111 --generate-cli-skeleton"
	for name, test := range map[string]struct {
		mode, args, line string
		begins           string // what the prompt begins with; empty where nobody is asked
		code             int
		says             string
	}{
		"the option":                {"", "--cli-auto-prompt cognito-identity", whole, "cognito-identity ", 0, `"IdentityPoolId": ""`},
		"always":                    {"on", whole, whole + " --no-paginate", whole + " ", 0, `"IdentityPoolId": ""`},
		"a command that is right":   {"on-partial", whole, "", "", 0, `"IdentityPoolId": ""`},
		"a command that is wrong":   {"on-partial", "cognito-identity get-id", whole, "cognito-identity get-id ", 0, `"IdentityPoolId": ""`},
		"switched off by an option": {"on", "cognito-identity get-id --no-cli-auto-prompt", "", "", 252, "--identity-pool-id"},
		"both":                      {"", "iam list-roles --cli-auto-prompt --no-cli-auto-prompt", "", "", 252, "cannot be specified at the same time"},
		"help":                      {"on", "iam help", "", "", 0, "list-roles"},
		"an open quote, then words": {"on", "iam", "iam 'help", "iam ", 0, "list-roles"},
	} {
		t.Run(name, func(t *testing.T) {
			c, out, errs := tool()
			c.Getenv = os.Getenv
			t.Setenv("AWS_CLI_AUTO_PROMPT", test.mode)
			asked := ""
			c.Prompt = func(_ context.Context, prompt, text string, complete func(string) ([]cli.Candidate, string)) (string, error) {
				if asked == "" {
					asked = text
				} else {
					return "iam help", nil
				}
				if candidates, partial := complete("cognito-identity desc"); partial != "desc" || len(candidates) != 2 {
					t.Errorf("completion: %v, %q", candidates, partial)
				}
				return test.line, nil
			}
			code := c.Run(context.Background(), strings.Fields(test.args))
			if said := out.String() + errs.String(); code != test.code || asked != test.begins || !strings.Contains(said, test.says) {
				t.Errorf("exit code %d, asked with %q: %s", code, asked, said)
			}
		})
	}
	c, _, errs := tool()
	if code := c.Run(context.Background(), []string{"iam", "list-roles", "--cli-auto-prompt"}); code != 252 || !strings.Contains(errs.String(), "needs a terminal") {
		t.Errorf("without a terminal: exit code %d: %s", code, errs)
	}
	c.Prompt = func(context.Context, string, string, func(string) ([]cli.Candidate, string)) (string, error) {
		return "", io.EOF
	}
	if code := c.Run(context.Background(), []string{"--cli-auto-prompt"}); code != 0 {
		t.Errorf("Ctrl-D: exit code %d", code)
	}
}
