package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be daypass: for the scripts, and for the tests
// that need a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"daypass": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"once": once, "private": private, "server": server, "keep": keep,
	}, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("TMPDIR", os.TempDir())
		return nil
	}})
}

// once runs "daypass serve" until it is ready, stops it as Ctrl-C does, and
// keeps what it printed in the file out and its log in the file log: "once
// FLAGS". It sees the script's environment.
func once(ts *testscript.TestScript, _ bool, args []string) {
	exe, err := os.Executable()
	ts.Check(err)
	c := exec.Command(exe)
	c.Args = append([]string{"daypass", "serve", "--listen", "127.0.0.1:0"}, args...)
	c.Dir = ts.MkAbs(".")
	c.Env = os.Environ()
	for _, name := range []string{"DAYPASS_DATA_DIR", "DAYPASS_PROVIDER_ENDPOINTS", "DAYPASS_USER_POOL_ISSUER", "DAYPASS_FACEBOOK_APP_SECRETS_FILE", "DAYPASS_SAML_AUDIENCE"} {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	var log strings.Builder
	c.Stderr = &log
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	var out strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(&out, lines.Text())
		if strings.Contains(lines.Text(), "create-identity-pool") { // the last line
			ts.Check(c.Process.Signal(os.Interrupt))
		}
	}
	ts.Check(c.Wait())
	ts.Check(os.WriteFile(ts.MkAbs("log"), []byte(log.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o600))
}

// server runs "daypass serve --dev" until the script ends, on data of its own, and
// puts its endpoint into the variable ENDPOINT: "server [FLAGS]".
func server(ts *testscript.TestScript, _ bool, args []string) {
	exe, err := os.Executable()
	ts.Check(err)
	c := exec.Command(exe)
	c.Args = append([]string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", ts.MkAbs("server-data"), "--log-level", "error"}, args...)
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			ts.Setenv("ENDPOINT", endpoint)
			go func() {
				for lines.Scan() {
				}
			}()
			return
		}
	}
	ts.Fatalf("the server does not start")
}

// keep puts a part of what the last command printed into a variable: "keep NAME
// REGEXP", the first group of the expression.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// private checks that nobody but the owner can use a file: "private FILE".
func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm() != 0o600 {
		ts.Fatalf("%s has mode %v", args[0], info.Mode())
	}
}
