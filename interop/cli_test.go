package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
)

// ran is what a command did.
type ran struct {
	Code     int `json:"code"`
	Out, Err string
}

// side is one of the two command lines, with a server of its own.
type side struct {
	run       func(t *testing.T, env map[string]string, args []string) ran
	server    *daypasstest.Server
	variables map[string]string
}

// The command line of daypass and AWS CLI version 2, each at a server of its own
// on the same state, print the same.
func TestCommandLine(t *testing.T) {
	aws, path := startAWS(t), mustBinary(t)
	now := time.Now().Truncate(time.Millisecond)
	dir := cliFiles(t)
	sides := [2]*side{}
	for i, run := range []func(t *testing.T, env map[string]string, args []string) ran{aws, daypass(path)} {
		sides[i] = &side{
			run: run,
			server: daypasstest.Start(t, daypasstest.Config{
				Rand: daypasstest.Seeded(7), Now: func() time.Time { return now }, Issuer: "https://issuer.test",
			}),
			variables: map[string]string{"DIR": dir},
		}
	}
	corpus, err := os.ReadFile("testdata/cli/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	compared := 0
	for number, line := range strings.Split(string(corpus), "\n") {
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasPrefix(line, "env "):
			name, value, _ := strings.Cut(line[4:], "=")
			if value == "" {
				delete(env, name)
			} else {
				env[name] = value
			}
			continue
		}
		compared++
		t.Run(fmt.Sprintf("%d", number+1), func(t *testing.T) { compare(t, sides, env, line) })
	}
	if compared < 200 {
		t.Errorf("%d command lines are few", compared)
	}
}

var noCredentials = regexp.MustCompile(`(?m)(^Unable to locate credentials\.).*`)

var lead = regexp.MustCompile(`^(?:([A-Z]\w*)=([\w.]+)|(yaml|table|stderr|code)): (.*)$`)

func compare(t *testing.T, sides [2]*side, env map[string]string, line string) {
	how, name, at := "", "", ""
	if m := lead.FindStringSubmatch(line); m != nil {
		name, at, how, line = m[1], m[2], m[3], m[4]
	}
	var got [2]ran
	for i, s := range sides {
		expand := func(text string) string {
			return os.Expand(text, func(v string) string {
				if value, ok := s.variables[v]; ok {
					return value
				}
				return "$" + v
			})
		}
		full := map[string]string{
			"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": s.server.URL,
			"HOME": s.variables["DIR"], "AWS_PAGER": "", "TZ": "Europe/Zurich", "PYTHONWARNINGS": "ignore",
		}
		for n, v := range env {
			full[n] = expand(v)
		}
		args := words(t, line)
		for j := range args {
			args[j] = expand(args[j])
		}
		if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--endpoint-url") }) {
			args = append([]string{"--endpoint-url", s.server.URL}, args...)
		}
		got[i] = s.run(t, full, args)
		if name != "" {
			s.variables[name] = valueAt(t, got[i], at)
		}
		got[i].Err = strings.ReplaceAll(got[i].Err, s.server.URL, "ENDPOINT")
		got[i].Err = noCredentials.ReplaceAllString(got[i].Err, "$1") // what to do about it differs on purpose
	}
	got[1].Err = strings.ReplaceAll(got[1].Err, "daypass ", "aws ")
	got[1].Err = strings.ReplaceAll(got[1].Err, "daypass:", "aws:")
	if got[0].Code != got[1].Code {
		t.Errorf("%s\nexit code %d, the AWS CLI's %d\n%s%s\n---\n%s%s", line, got[1].Code, got[0].Code, got[1].Out, got[1].Err, got[0].Out, got[0].Err)
		return
	}
	if how == "code" {
		return
	}
	if how == "stderr" {
		for i := range got {
			got[i].Err, _, _ = strings.Cut(strings.TrimSpace(got[i].Err), "\n")
			got[i].Err, _, _ = strings.Cut(got[i].Err, ": ")
		}
	}
	if diff := cmp.Diff(got[0].Err, got[1].Err); diff != "" {
		t.Errorf("%s\nstandard error (-AWS CLI +daypass):\n%s", line, diff)
	}
	if diff := cmp.Diff(form(t, how, got[0].Out), form(t, how, got[1].Out)); diff != "" {
		t.Errorf("%s\nstandard output (-AWS CLI +daypass):\n%s", line, diff)
	}
}

// form is output as it is compared: YAML as data, a table as words.
func form(t *testing.T, how, out string) any {
	t.Helper()
	switch how {
	case "yaml":
		var v any
		if err := yaml.Unmarshal([]byte(out), &v); err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
		return v
	case "table":
		return strings.FieldsFunc(out, func(r rune) bool { return strings.ContainsRune("|+- \n", r) })
	}
	return out
}

func valueAt(t *testing.T, r ran, at string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.Out), &v); err != nil {
		t.Fatalf("%v: %s%s", err, r.Out, r.Err)
	}
	for part := range strings.SplitSeq(at, ".") {
		v = v.(map[string]any)[part]
	}
	return v.(string)
}

// words splits a line as a shell does.
func words(t *testing.T, line string) []string {
	t.Helper()
	var all []string
	var word strings.Builder
	quote, started := rune(0), false
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote == 0:
			escaped, started = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ':
			if started {
				all = append(all, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 {
		t.Fatalf("a quote is open: %s", line)
	}
	if started {
		all = append(all, word.String())
	}
	return all
}

// cliFiles makes the files that the corpus names.
func cliFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"trust.json":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}`,
		"policy.json": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}}` + "\n",
		"config":      "[default]\nregion = us-east-1\n\n[profile plain]\nregion = eu-west-1\n\n[profile withtext]\noutput = text\nregion = us-east-1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustBinary(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// daypass runs commands of daypass.
func daypass(path string) func(t *testing.T, env map[string]string, args []string) ran {
	return func(t *testing.T, env map[string]string, args []string) ran {
		c := exec.CommandContext(t.Context(), path, args...)
		for _, name := range slices.Sorted(maps.Keys(env)) {
			c.Env = append(c.Env, name+"="+env[name])
		}
		var out, err bytes.Buffer
		c.Stdout, c.Stderr = &out, &err
		failed := c.Run()
		if exit, ok := errors.AsType[*exec.ExitError](failed); failed != nil && !ok {
			t.Fatal(failed)
		} else if ok {
			return ran{exit.ExitCode(), out.String(), err.String()}
		}
		return ran{0, out.String(), err.String()}
	}
}

// startAWS starts the AWS CLI, version 2.
func startAWS(t *testing.T) func(t *testing.T, env map[string]string, args []string) ran {
	t.Helper()
	c := exec.CommandContext(t.Context(), need(t, "awscli2"), "testdata/cli/aws.py")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "PYTHONWARNINGS=ignore"}
	c.Stderr = t.Output()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	answers := bufio.NewReader(out)
	return func(t *testing.T, env map[string]string, args []string) ran {
		t.Helper()
		request, err := json.Marshal(map[string]any{"env": env, "args": args})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(request, '\n')); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var r ran
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		return r
	}
}
