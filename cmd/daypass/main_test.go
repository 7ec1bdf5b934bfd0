package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// TestMain lets the test binary be daypass: for the scripts, and for the tests
// that need a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, binaries)
}

// binaries are what the test binary can be, by the name that it is called by.
var binaries = map[string]func(){"daypass": main}

// tidy runs the tests and fails when they leave something behind in the source
// folder. That is where they run, so a server with a relative path to its data
// writes there unless the test gives it a directory.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	heedHangUps()
	before, code := sourceFolder(), m.M.Run()
	left := slices.DeleteFunc(sourceFolder(), func(name string) bool { return slices.Contains(before, name) })
	if len(left) > 0 {
		fmt.Fprintf(os.Stderr, "the tests left in the source folder: %q\n", left)
		return 1
	}
	return code
}

// heedHangUps has the programs that tests start end at SIGHUP, also where the tests
// themselves ignore it, as under nohup: a program inherits what is ignored, but not what
// is caught.
func heedHangUps() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
}

// sourceFolder lists the working directory.
func sourceFolder() []string {
	entries, err := os.ReadDir(".")
	if err != nil {
		log.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestScripts(t *testing.T) { runScripts(t, "testdata/script", "") }

// Scripts with a PostgreSQL database, whose URL is in DATABASE.
func TestDatabaseScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/database/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	for _, script := range scripts {
		runScripts(t, script, pgtest.Database(t))
	}
}

func runScripts(t *testing.T, scripts, database string) {
	p := testscript.Params{Dir: scripts, RequireExplicitExec: true, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"once": once, "private": private, "server": server, "halt": halt, "keep": keep, "provider": provider, "commandsof": commandsOfPage, "exampleof": exampleOfPage,
		"fails": fails, "forget": forget,
		"ends": ends, "stranger": stranger, "nopassword": noPassword,
	}, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("TMPDIR", os.TempDir())
		e.Setenv("DATABASE", database)
		return nil
	}}
	if strings.HasSuffix(scripts, ".txtar") {
		p.Dir, p.Files = "", []string{scripts}
	}
	testscript.Run(t, p)
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
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"))
	for _, name := range []string{"DAYPASS_DATA_DIR", "DAYPASS_DATABASE", "DAYPASS_MASTER_KEY", "DAYPASS_ROOT_ACCESS_KEY_ID", "DAYPASS_ROOT_SECRET_ACCESS_KEY", "DAYPASS_PROVIDER_ENDPOINTS", "DAYPASS_USER_POOL_ISSUER", "DAYPASS_FACEBOOK_APP_SECRETS_FILE", "DAYPASS_SAML_AUDIENCE"} {
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
	c.Args = append([]string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--log-level", "error"}, args...)
	if !slices.Contains(args, "--data-dir") && !slices.Contains(args, "--database") {
		c.Args = append(c.Args, "--data-dir", ts.MkAbs("server-data"))
	}
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"))
	if secret := ts.Getenv("DAYPASS_ROOT_SECRET_ACCESS_KEY"); secret != "" {
		c.Env = append(c.Env, "DAYPASS_ROOT_SECRET_ACCESS_KEY="+secret)
	}
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Setenv("SERVER", strconv.Itoa(c.Process.Pid))
	done := make(chan error, 1)
	servers.Store(c.Process.Pid, done)
	ts.Defer(func() { _ = c.Process.Kill(); <-done })
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			ts.Setenv("ENDPOINT", endpoint)
			for lines.Scan() && !strings.Contains(lines.Text(), "create-identity-pool") { // the end of the banner
			}
			go func() { done <- c.Wait(); close(done) }()
			return
		}
	}
	_ = c.Wait()
	close(done)
	ts.Fatalf("the server does not start")
}

// servers are the servers of scripts: how they ended, by process ID.
var servers sync.Map

// halt ends a server and waits for its end: "halt PID" as Ctrl-C does, and
// "halt -kill PID" without letting it do anything more.
func halt(ts *testscript.TestScript, _ bool, args []string) {
	signal := os.Interrupt
	if args[0] == "-kill" {
		signal, args = os.Kill, args[1:]
	}
	pid, err := strconv.Atoi(args[0])
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Signal(signal))
	done, _ := servers.Load(pid)
	if err := <-done.(chan error); signal == os.Interrupt {
		ts.Check(err)
	}
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

// fails runs daypass, which must end with a code and say something on standard
// error, print nothing, and repeat no token: "fails CODE TEXT ARGUMENTS".
func fails(ts *testscript.TestScript, _ bool, args []string) {
	exe, err := os.Executable()
	ts.Check(err)
	c := exec.Command(exe)
	c.Args = append([]string{"daypass"}, args[2:]...)
	c.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS"} {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	_ = c.Run() // its exit code says more
	if got := fmt.Sprint(c.ProcessState.ExitCode()); got != args[0] || !strings.Contains(stderr.String(), args[1]) || stdout.Len() > 0 || strings.Contains(stderr.String(), "eyJ") {
		ts.Fatalf("%v: exit code %s\nstdout: %s\nstderr: %s", args[2:], got, stdout.String(), stderr.String())
	}
}

// forget takes the credentials, and nothing else, out of the files in a directory
// in which "daypass credentials" keeps them; all of them must be their owner's
// alone.
func forget(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(args[0], "session-*.json"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("%s keeps nothing", args[0])
	}
	for _, path := range files {
		private(ts, false, []string{path})
		text, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(path, regexp.MustCompile(`"access_key_id":"[^"]*"`).ReplaceAll(text, []byte(`"access_key_id":""`)), 0o600))
	}
}

// ends runs a command and checks its exit code: "ends CODE COMMAND".
func ends(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d", code)
	}
}

// stranger starts a server that is not daypass, and puts its endpoint into the
// variable STRANGER: "stranger tls|cut|page|moved|hang|interrupt". The last
// interrupts who asks, whose process ID is in the file pid.
func stranger(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs("pid")
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the client goes away
		switch args[0] {
		case "cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<GetCallerIdentityResponse>")
			panic(http.ErrAbortHandler)
		case "page":
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>")
		case "moved":
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		case "hang":
			<-r.Context().Done()
		case "interrupt":
			pid, _ := os.ReadFile(file)
			if n, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				if p, err := os.FindProcess(n); err == nil {
					_ = p.Signal(os.Interrupt)
				}
			}
			<-r.Context().Done()
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if args[0] == "tls" {
		s.StartTLS()
	} else {
		s.Start()
	}
	ts.Defer(s.Close)
	ts.Setenv("STRANGER", s.URL)
}

// noPassword fails if the password of the database is in one of the files.
func noPassword(ts *testscript.TestScript, _ bool, args []string) {
	user, _, _, _ := splitDatabase(ts.Getenv("DATABASE"))
	_, password, _ := strings.Cut(user, ":")
	if password == "" {
		ts.Fatalf("the database has no password")
	}
	for _, file := range args {
		if strings.Contains(ts.ReadFile(file), password) {
			ts.Fatalf("the password of the database is in %s", file)
		}
	}
}
