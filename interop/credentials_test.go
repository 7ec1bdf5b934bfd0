package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
)

// Profiles whose credential_process is daypass work in boto3, both versions of the
// AWS CLI and the SDK for Go, and all of them are the same guest and the same
// user.
func TestCredentialProcess(t *testing.T) {
	t.Parallel()
	s := openShop(t, startProcess(t))
	path, dir := mustBinary(t), t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(s.provider.signIn(t, app, alice)), 0o600); err != nil {
		t.Fatal(err)
	}
	// The SDK for Go runs the process with the environment of the test.
	process := "env XDG_CONFIG_HOME=" + dir + " " + path + " credentials --endpoint-url " + s.endpoint + " --identity-pool-id " + s.pool
	settings := fmt.Sprintf("[profile guest]\nregion = %s\ncredential_process = %s\n\n[profile user]\nregion = %[1]s\ncredential_process = %s --login %s=file://%s\n",
		daypasstest.Region, process, s.provider.name(), token)
	shared := filepath.Join(dir, "config")
	if err := os.WriteFile(shared, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(t, "AWS_CONFIG_FILE="+shared)
	callers := map[string]string{"guest": sessionARN(guestRole, enhancedSession), "user": sessionARN(userRole, enhancedSession)}
	for _, test := range []struct {
		name, program string
		args          []string
	}{
		{"boto3", need(t, "boto3"), []string{"testdata/boto3/profile.py"}},
		{"the AWS CLI", need(t, "aws"), nil},
		{"AWS CLI version 2", need(t, "awscli2"), []string{"-m", "awscli"}},
	} {
		for profile, want := range callers {
			args := append(test.args, "--endpoint-url", s.endpoint, "--profile", profile, "--output", "text", "--query", "Arn", "sts", "get-caller-identity")
			if got := strings.TrimSpace(string(run(t, env, test.program, args...))); got != want {
				t.Errorf("%s: the %s is %s, want %s", test.name, profile, got, want)
			}
		}
	}
	t.Run("aws-sdk-go-v2", func(t *testing.T) {
		for profile, want := range callers {
			loaded, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigFiles([]string{shared}), config.WithSharedConfigProfile(profile))
			if err != nil {
				t.Fatal(err)
			}
			answer := must(sts.NewFromConfig(loaded, func(o *sts.Options) { o.BaseEndpoint = &s.endpoint }).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
			if aws.ToString(answer.Arn) != want {
				t.Errorf("the %s is %s, want %s", profile, aws.ToString(answer.Arn), want)
			}
		}
	})
	if got := s.identities(t, s.pool); len(got) != 2 {
		t.Errorf("the pool has the identities %v", got)
	}
}

// A person signs in with a real browser: it goes from daypass to the provider's
// page, where the person fills in the form, and back.
func TestSignInWithBrowser(t *testing.T) {
	t.Parallel()
	chromium := need(t, "chromium")
	s := openShop(t, startProcess(t))
	args := []string{"credentials", "--endpoint-url", s.endpoint, "--identity-pool-id", s.pool, "--oidc-issuer", s.provider.URL, "--oidc-client-id", app}
	env := environment(t, "BROWSER=true") // a browser that shows nothing: this test has its own
	c := exec.CommandContext(t.Context(), mustBinary(t), args...)
	var stdout bytes.Buffer
	c.Env, c.Stdout = env, &stdout
	stderr := must(c.StderrPipe())(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	told := bufio.NewReader(stderr)
	line := must(told.ReadString('\n'))(t)
	_, at, ok := strings.Cut(strings.TrimSpace(line), "Sign in with your browser: ")
	if !ok || strings.Contains(at, "?") {
		t.Fatalf("told: %q", line)
	}
	b := startChromium(t, chromium)
	b.fill(t, at, map[string]string{"username": alice, "password": password})
	rest, err := io.ReadAll(told)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, rest)
	}
	var got struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
		Expiration                                 time.Time
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || got.Version != 1 || time.Until(got.Expiration) < 30*time.Minute {
		t.Fatalf("%v: %s", err, &stdout)
	}
	wantCaller(t, s.endpoint, static(got.AccessKeyId, got.SecretAccessKey, got.SessionToken), userRole, enhancedSession)
	if again := run(t, env, mustBinary(t), args...); !bytes.Equal(again, stdout.Bytes()) {
		t.Errorf("the next one differs: %s", again)
	}
}

// People sign in at a provider of other authors, by browser and by device code.
// Once the ID token has ended, the refresh token gets the next, and nobody is
// asked.
func TestSignInAtAStranger(t *testing.T) {
	t.Parallel()
	p := startStranger(t)
	endpoint := startProcess(t)
	s := &shop{endpoint: endpoint, root: connect(endpoint, root()), public: connect(endpoint, nil)}
	must(s.root.iam.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &p.Issuer, ClientIDList: []string{"tool"}}))(t)
	s.pool = *must(s.root.cognito.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("photos"), OpenIdConnectProviderARNs: []string{p.arn()},
	}))(t).IdentityPoolId
	s.newRole(t, userRole, s.pool, "authenticated")
	s.setRoles(t, s.pool, userRole, userRole)
	for _, test := range []struct {
		lead string
		args []string
		sign func(b *browser, at string)
	}{
		{"Sign in with your browser: ", nil, func(b *browser, at string) {
			page := b.get(t, at)
			page = b.post(t, action(t, page), url.Values{"prompt": {"login"}, "login": {alice}, "password": {"any"}})
			page = b.post(t, action(t, page), url.Values{"prompt": {"consent"}})
			if !strings.Contains(page, "You are signed in.") {
				t.Errorf("the last page: %s", page)
			}
		}},
		{"Sign in at ", []string{"--device"}, func(b *browser, at string) {
			at, code, _ := strings.Cut(at, " and enter the code ")
			hidden := func(page string) url.Values {
				return url.Values{"xsrf": {xsrf.FindStringSubmatch(page)[1]}, "user_code": {code}}
			}
			page := b.post(t, at, hidden(b.get(t, at)))
			confirm := hidden(page)
			confirm.Set("confirm", "yes")
			page = b.post(t, at, confirm)
			page = b.post(t, action(t, page), url.Values{"prompt": {"login"}, "login": {alice}, "password": {"any"}})
			if strings.Contains(page, "consent") {
				b.post(t, action(t, page), url.Values{"prompt": {"consent"}})
			}
		}},
	} {
		home := t.TempDir()
		args := append([]string{
			"credentials", "--endpoint-url", endpoint, "--identity-pool-id", s.pool, "--oidc-issuer", p.Issuer, "--oidc-client-id", "tool",
		}, test.args...)
		env := environment(t, "BROWSER=true", "XDG_CONFIG_HOME="+home)
		c := exec.CommandContext(t.Context(), mustBinary(t), args...)
		c.Env = env
		stderr := must(c.StderrPipe())(t)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		told := bufio.NewReader(stderr)
		_, at, ok := strings.Cut(strings.TrimSpace(must(told.ReadString('\n'))(t)), test.lead)
		if !ok {
			t.Fatalf("told: %s", at)
		}
		test.sign(&browser{Client: &http.Client{Jar: must(cookiejar.New(nil))(t)}}, at)
		rest, _ := io.ReadAll(told)
		if err := c.Wait(); err != nil {
			t.Fatalf("%v: %s", err, rest)
		}
		for _, ended := range []string{"session-*.json", "signin-*.json"} {
			files := must(filepath.Glob(filepath.Join(home, "daypass/credentials", ended)))(t)
			text := must(os.ReadFile(files[0]))(t)
			text = regexp.MustCompile(`"(access_key_id|id_token)":"[^"]*"`).ReplaceAll(text, []byte(`"$1":""`))
			if err := os.WriteFile(files[0], text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run(t, env, mustBinary(t), args...)
	}
	if got := s.identities(t, s.pool); len(got) != 1 {
		t.Errorf("one person has the identities %v", got)
	}
}

var xsrf = regexp.MustCompile(`name="xsrf" value="([^"]*)"`)

// chromiumPipe is a browser that is told what to do over the DevTools Protocol.
type chromiumPipe struct {
	to   *os.File
	from *bufio.Reader
	id   int
}

func startChromium(t *testing.T, chromium string) *chromiumPipe {
	t.Helper()
	profile, err := os.MkdirTemp("", "daypass-browser-")
	if err != nil {
		t.Fatal(err)
	}
	reads, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	c.Env, c.ExtraFiles = environment(t), []*os.File{reads, writes}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = reads.Close(), writes.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // it and its helpers
		_ = c.Wait()                                      // says that it was killed
		_, _, _ = to.Close(), from.Close(), os.RemoveAll(profile)
	})
	return &chromiumPipe{to: to, from: bufio.NewReader(from)}
}

// call has the browser do something and waits until it is done.
func (b *chromiumPipe) call(t *testing.T, session, method string, parameters any) map[string]any {
	t.Helper()
	b.id++
	message := map[string]any{"id": b.id, "method": method, "params": parameters}
	if session != "" {
		message["sessionId"] = session
	}
	text := must(json.Marshal(message))(t)
	if _, err := b.to.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	for {
		text, err := b.from.ReadBytes(0)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			ID            int
			Result, Error map[string]any
		}
		if err := json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &answer); err != nil {
			t.Fatal(err)
		}
		switch {
		case answer.ID != b.id: // it tells of something else
		case answer.Error != nil:
			t.Fatalf("%s: %v", method, answer.Error)
		default:
			return answer.Result
		}
	}
}

// fill opens a page, and fills in and sends the first form that has the fields.
func (b *chromiumPipe) fill(t *testing.T, at string, fields map[string]string) {
	t.Helper()
	target := b.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	session := b.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	b.call(t, session, "Page.enable", map[string]any{})
	script := `addEventListener("DOMContentLoaded", () => {
		const fields = ` + string(must(json.Marshal(fields))(t)) + `;
		const inputs = Object.keys(fields).map((name) => document.querySelector("input[name=" + name + "]"));
		if (inputs.includes(null)) return;
		for (const input of inputs) input.value = fields[input.name];
		inputs[0].form.querySelector("button, input[type=submit]").click();
	})`
	b.call(t, session, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script})
	b.call(t, session, "Page.navigate", map[string]any{"url": at})
}
