package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/cli"
	"github.com/daypass/daypass/internal/idp"
)

// counted is a server that counts the calls of each operation.
type counted struct {
	*httptest.Server
	real *daypasstest.Server
	mu   sync.Mutex
	n    map[string]int
	// refuse answers instead of the server, where it is not nil.
	refuse http.HandlerFunc
}

func startCounted(t *testing.T) *counted {
	t.Helper()
	c := &counted{real: daypasstest.Start(t, daypasstest.Config{}), n: map[string]int{}}
	to, err := url.Parse(c.real.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		c.mu.Lock()
		c.n[operation]++
		refuse := c.refuse
		c.mu.Unlock()
		if refuse != nil {
			refuse(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// begin counts anew.
func (c *counted) begin(refuse http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n, c.refuse = map[string]int{}, refuse
}

// calls is how often an operation was called.
func (c *counted) calls(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[operation]
}

// pool makes a pool whose guests, and users of a provider, have a role.
func (c *counted) pool(t *testing.T, issuer string) string {
	t.Helper()
	const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"cognito-identity.amazonaws.com:aud":"us-east-1:*"}}}}`
	name := strings.TrimPrefix(issuer, "http://")
	role := "arn:aws:iam::" + daypasstest.Account + ":role/app"
	c.root(t, "iam", "create-role", "--role-name", "app", "--assume-role-policy-document", trust)
	c.root(t, "iam", "create-open-id-connect-provider", "--url", issuer, "--client-id-list", "app")
	var made struct{ IdentityPoolId string }
	if err := json.Unmarshal(c.root(t, "cognito-identity", "create-identity-pool", "--identity-pool-name", "p", "--allow-unauthenticated-identities",
		"--open-id-connect-provider-arns", "arn:aws:iam::"+daypasstest.Account+":oidc-provider/"+name), &made); err != nil {
		t.Fatal(err)
	}
	c.root(t, "cognito-identity", "set-identity-pool-roles", "--identity-pool-id", made.IdentityPoolId, "--roles", "authenticated="+role+",unauthenticated="+role)
	return made.IdentityPoolId
}

func (c *counted) root(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := daypassProcess(t, t.TempDir(), append(args, "--endpoint-url", c.real.URL)...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, &stderr)
	}
	return out
}

// daypassProcess is the command in a process of its own, with a home.
func daypassProcess(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "daypass") // which TestMain takes for the command
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), link, args...)
	c.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	return c
}

// Twenty processes that want the same credentials at once get the same, of one
// identity, by one fetch. Where there are none, those that were waiting do not try
// again, and the next one does.
func TestTwentyProcesses(t *testing.T) {
	c := startCounted(t)
	pool, home := c.pool(t, "http://127.0.0.1:4601"), t.TempDir()
	twenty := func(begun func()) []string {
		out := make([]string, 20)
		var wg sync.WaitGroup
		for i := range out {
			cmd := daypassProcess(t, home, "credentials", "--identity-pool-id", pool, "--endpoint-url", c.URL, "--debug")
			cmd.Stderr = &seen{text: "waiting for other processes", done: begun}
			wg.Go(func() {
				text, err := cmd.Output()
				if err != nil {
					text = append(text, err.Error()...)
				}
				out[i] = string(text)
			})
		}
		wg.Wait()
		return out
	}
	var waiting sync.WaitGroup
	waiting.Add(20)
	c.begin(func(w http.ResponseWriter, _ *http.Request) {
		waiting.Wait() // until all have begun
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(400)
		_, _ = w.Write([]byte(`{"__type":"NotAuthorizedException","message":"no"}`))
	})
	for _, text := range twenty(waiting.Done) {
		if text != "exit status 254" {
			t.Errorf("refused: %q", text)
		}
	}
	if n := c.calls("GetId"); n != 1 {
		t.Errorf("refused by %d calls", n)
	}
	c.begin(nil)
	out := twenty(func() {}) // some may come when all is done
	for _, text := range out {
		if text != out[0] || !strings.Contains(text, "SecretAccessKey") {
			t.Errorf("%s, and %s", out[0], text)
		}
	}
	if ids, fetches := c.calls("GetId"), c.calls("GetCredentialsForIdentity"); ids != 1 || fetches != 1 {
		t.Errorf("fetched by %d and %d calls", ids, fetches)
	}
}

// A person signs in once. Other pools and roles, and the time after the ID token
// has ended, need no second sign-in.
func TestSignInIsKept(t *testing.T) {
	provider, err := idp.Start(t.Context(), idp.Config{
		Users: []idp.User{{Subject: "alice", Password: "wonderland"}}, Clients: []idp.Client{{ID: "app", RedirectURIs: []string{"http://127.0.0.1/callback"}}},
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Close() })
	c := startCounted(t)
	pool, config := c.pool(t, provider.URL), t.TempDir()
	signIns := 0
	command := func(more ...string) (int, string, string) {
		t.Helper()
		var out, errs bytes.Buffer
		p := &process{ctx: t.Context(), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
		m := machine(p)
		m.ConfigDir = config
		m.Tell = func(string) {}
		m.Browse = func(at string) error {
			signIns++
			go func() {
				jar, _ := cookiejar.New(nil)
				b := &http.Client{Jar: jar, Timeout: 10 * time.Second}
				answer, err := b.Get(at)
				if err == nil {
					_ = answer.Body.Close()
					answer, err = b.PostForm(answer.Request.URL.String(), url.Values{"username": {"alice"}, "password": {"wonderland"}})
				}
				if err != nil {
					t.Error(err)
					return
				}
				_ = answer.Body.Close()
			}()
			return nil
		}
		tool := toolOf(t, p)
		tool.Machine = m
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		code := tool.Run(ctx, append([]string{
			"credentials", "--identity-pool-id", pool, "--endpoint-url", c.URL, "--oidc-issuer", provider.URL, "--oidc-client-id", "app", "--format", "json",
		}, more...))
		return code, out.String(), errs.String()
	}
	want := func(signed int, more ...string) string {
		t.Helper()
		code, out, errs := command(more...)
		if code != 0 || signIns != signed {
			t.Errorf("exit code %d, %d sign-ins, want %d: %s", code, signIns, signed, errs)
		}
		return out
	}
	first := want(1)
	if again := want(1); again != first {
		t.Errorf("not kept: %s, then %s", first, again)
	}
	age(t, config, "session-*.json", "access_key_id")
	want(1)
	// The ID token has ended; the refresh token gets the next one.
	age(t, config, "session-*.json", "access_key_id")
	age(t, config, "signin-*.json", "id_token")
	want(1)
	// The refresh token is of no use any more.
	age(t, config, "session-*.json", "access_key_id")
	age(t, config, "signin-*.json", "id_token")
	replace(t, config, "signin-*.json", "refresh_token", "gone")
	want(2)
	// A provider that is down is no reason to ask, and to forget.
	age(t, config, "session-*.json", "access_key_id")
	age(t, config, "signin-*.json", "id_token")
	if err := provider.Close(); err != nil {
		t.Error(err)
	}
	if code, _, errs := command(); code != 255 || signIns != 2 || !strings.Contains(errs, "cannot be read") {
		t.Errorf("exit code %d, %d sign-ins: %s", code, signIns, errs)
	}
	for _, path := range kept(t, config, "*.json") {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// seen calls done once, when a text was written.
type seen struct {
	text    string
	done    func()
	written strings.Builder
}

func (s *seen) Write(p []byte) (int, error) {
	s.written.Write(p)
	if s.done != nil && strings.Contains(s.written.String(), s.text) {
		s.done()
		s.done = nil
	}
	return len(p), nil
}

func toolOf(t *testing.T, p *process) *cli.CLI {
	t.Helper()
	var c commands
	parser, err := newParser(p, &c)
	if err != nil {
		t.Fatal(err)
	}
	return commandLine(p, "daypass", parser)
}

func kept(t *testing.T, config, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(config, "daypass", "credentials", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is kept: %v", err)
	}
	return files
}

// age has a value of the files that are kept gone.
func age(t *testing.T, config, pattern, name string) {
	t.Helper()
	replace(t, config, pattern, name, "")
}

func replace(t *testing.T, config, pattern, name, value string) {
	t.Helper()
	for _, path := range kept(t, config, pattern) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		v[name] = value
		if text, err = json.Marshal(v); err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
