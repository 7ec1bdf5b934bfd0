package interop

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// insideCompose tells the test's own program that it runs where the services do.
const insideCompose = "DAYPASS_TEST_INSIDE_COMPOSE"

// compose reads the example by the reference implementation of the compose
// specification, with its schema.
func compose(t *testing.T) *types.Project {
	t.Helper()
	path := must(filepath.Abs("../packaging/compose/compose.yaml"))(t)
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: filepath.Dir(path), ConfigFiles: []types.ConfigFile{{Filename: path}}, Environment: types.Mapping{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The example's services, with their commands, environments and host names, sign a person
// in. There need be no container runtime: they are processes in a network of their own,
// where each name is an address of loopback.
func TestCompose(t *testing.T) {
	python := need(t, "boto3")
	if os.Getenv(insideCompose) != "" {
		composed(t, python)
		return
	}
	compose(t)
	need(t, "unshare")
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	exe := must(os.Executable())(t)
	c := exec.Command("unshare", "--user", "--map-root-user", "--net", "--mount", exe, "-test.run=^TestCompose$", "-test.v")
	c.Env = append(os.Environ(), insideCompose+"="+program, "DAYPASS_TEST_REQUIRE=all")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestCompose")) {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// composed runs the services, inside.
func composed(t *testing.T, python string) {
	project, dir, env := compose(t), t.TempDir(), slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "DAYPASS_") || strings.HasSuffix(strings.Split(v, "=")[0], "_proxy")
	})
	hosts := "127.0.0.1 localhost\n"
	for i, name := range slices.Sorted(maps.Keys(project.Services)) {
		hosts += fmt.Sprintf("127.0.0.%d %s", i+2, name)
		if n := project.Services[name].Networks["default"]; n != nil {
			hosts += " " + strings.Join(n.Aliases, " ")
		}
		hosts += "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, env, "mount", "--bind", filepath.Join(dir, "hosts"), "/etc/hosts")
	run(t, env, "ip", "link", "set", "lo", "up")
	// start runs a service as its container would: volumes are directories here.
	start := func(name, until string) {
		s := project.Services[name]
		args := []string(s.Command)
		for i := range args {
			for _, v := range s.Volumes {
				to := filepath.Join(dir, name+"-"+v.Source)
				if v.Type == types.VolumeTypeBind {
					to = v.Source
				} else if err := os.MkdirAll(to, 0o700); err != nil {
					t.Fatal(err)
				}
				args[i] = strings.ReplaceAll(args[i], v.Target, to)
			}
		}
		if s.Image == "daypass" {
			args = append([]string{os.Getenv(insideCompose)}, args...)
		} else {
			args = []string{python, "../packaging/compose/app.py"}
		}
		c := exec.Command(args[0], args[1:]...)
		c.Env = slices.Clone(env)
		for key, value := range s.Environment {
			c.Env = append(c.Env, key+"="+*value)
		}
		c.Stderr = t.Output()
		untilLine(t, c, must(c.StdoutPipe())(t), until)
	}
	start("idp", "OpenID provider for development: ")
	start("daypass", "is ready in")
	start("app", "listening on ")

	public := *project.Services["app"].Environment["PUBLIC_URL"]
	await(t, public, http.StatusOK)
	browser := &http.Client{Jar: must(cookiejar.New(nil))(t)}
	read := func(answer *http.Response, err error) (string, *url.URL) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return string(must(io.ReadAll(answer.Body))(t)), answer.Request.URL
	}
	form, at := read(browser.Get(public + "/login"))
	if at.Host != "idp.localhost:4601" || !strings.Contains(form, "password") {
		t.Fatalf("%s: %s", at, form)
	}
	page, at := read(browser.PostForm(at.String(), url.Values{"username": {"alice"}, "password": {"wonderland"}}))
	for _, want := range []string{
		"identity: us-east-1:", "credentials: ASIA",
		"caller: arn:aws:sts::000000000000:assumed-role/photos-authenticated/CognitoIdentityCredentials",
		"allowed: iam:GetRole gives arn:aws:iam::000000000000:role/photos-authenticated",
		"refused: User: arn:aws:sts::000000000000:assumed-role/photos-authenticated/CognitoIdentityCredentials is not authorized to perform: iam:ListUsers",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s: no %q in %s", at, want, page)
		}
	}
	// Somebody else's answer is not taken.
	if text, _ := read(http.Get(public + "/callback?code=x&state=y")); !strings.Contains(text, "This sign-in was not begun here.") {
		t.Errorf("a foreign answer: %s", text)
	}
}
