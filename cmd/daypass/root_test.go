package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// startPlain runs "daypass serve" without --dev as a process of its own, with more
// environment.
func startPlain(t *testing.T, dir string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = []string{"daypass", "serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error"}
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_RUNTIME_DIR=")
	c.Env = append(c.Env, env...)
	c.Stderr = t.Output()
	return c, endpointOf(t, c)
}

// A reset makes root credentials that work, and ends the old ones with everything that
// was made of them, but not while a server runs.
func TestRootReset(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	reset := func(env ...string) (string, error) {
		c := exec.Command(exe, "root", "reset", "--data-dir", dir)
		c.Args[0] = "daypass"
		c.Env = append(os.Environ(), env...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	calls := func(endpoint string, k sigv4.Credentials) (string, error) {
		answer, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: k}).Query(t.Context(), sts.API, "GetCallerIdentity")
		return string(answer), err
	}
	root := func() sigv4.Credentials {
		keys, err := readRoot(filepath.Join(dir, "root-credentials"))
		if err != nil {
			t.Fatal(err)
		}
		return sigv4.Credentials{AccessKeyID: keys[0].ID, SecretAccessKey: keys[0].Secret.Reveal()}
	}

	if out, err := reset(); err == nil || !strings.Contains(out, dir+" has no database: the first start of a server makes root credentials there") {
		t.Errorf("without a database: %v, %s", err, out)
	}
	p, endpoint := startPlain(t, dir, "DAYPASS_ACCOUNT_ID=111122223333")
	old := root()
	answer, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: old}).Query(t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		t.Fatal(err)
	}
	session := sessionIn(t, answer)
	for name, k := range map[string]sigv4.Credentials{"root": old, "session": session} {
		if answer, err := calls(endpoint, k); err != nil || !strings.Contains(answer, ":root") {
			t.Errorf("%s: %v, %s", name, err, answer)
		}
	}

	if out, err := reset(); err == nil || !strings.Contains(out, fmt.Sprintf("another process is using this database (process %d): stop it first. A server reads its root credentials when it starts", p.Process.Pid)) {
		t.Errorf("while it runs: %v, %s", err, out)
	}
	if root() != old {
		t.Error("refused, and done all the same")
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	out, err := reset()
	key := root()
	if want := fmt.Sprintf("New root credentials are in %s, with the access key ID %s.\nThe old ones, %s, end with the next start of the server, and so do the sessions that were made with them.\n",
		filepath.Join(dir, "root-credentials"), key.AccessKeyID, old.AccessKeyID); err != nil || out != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
	if key.AccessKeyID == old.AccessKeyID || key.SecretAccessKey == old.SecretAccessKey || key.AccessKeyID[:12] != old.AccessKeyID[:12] { // of the same account
		t.Errorf("from %s to %s", old.AccessKeyID, key.AccessKeyID)
	}

	p, endpoint = startPlain(t, dir, "DAYPASS_ACCOUNT_ID=111122223333")
	if answer, err := calls(endpoint, key); err != nil || !strings.Contains(answer, "arn:aws:iam::111122223333:root") {
		t.Errorf("new root: %v, %s", err, answer)
	}
	for name, k := range map[string]sigv4.Credentials{"old root": old, "its session": session} {
		if _, err := calls(endpoint, k); err == nil || !strings.Contains(err.Error(), "InvalidClientTokenId") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()

	// Without the file, and with what takes its place.
	if err := os.Remove(filepath.Join(dir, "root-credentials")); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"NOTHING=1", "DAYPASS_ROOT_ACCESS_KEY_ID=mine"} {
		if out, err := reset(env); err != nil || !strings.Contains(out, "does not read this file: start it without them") {
			t.Errorf("%s: %v, %s", env, err, out)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "root-credentials"))
	if err != nil || modesCount && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// Servers that share a database are given their root credentials: the new ones are
// printed, each time others, and work as they are printed. A session of the old ones
// ends.
func TestRootResetOfADatabase(t *testing.T) {
	reset := func(args ...string) (code int, stdout, stderr string) {
		return inEnvironment(t, append([]string{"root", "reset"}, args...)...)
	}
	const url = "postgres://daypass:hunter2@db.example.com/daypass"
	printed := func() (id, secret string) {
		code, stdout, stderr := reset("--database", url, "--account-id", "111122223333")
		m := regexp.MustCompile(`\ADAYPASS_ROOT_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nDAYPASS_ROOT_SECRET_ACCESS_KEY=([A-Za-z0-9+/]{40})\n\z`).FindStringSubmatch(stdout)
		if code != exitOK || m == nil || !strings.Contains(stderr, "Give these to all\nservers and start them again") || strings.Contains(stdout+stderr, "hunter2") {
			t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
		}
		return m[1], m[2]
	}
	var sessions []sigv4.Credentials
	dir := t.TempDir()
	for range 2 {
		id, secret := printed()
		p, endpoint := startPlain(t, dir, "DAYPASS_ACCOUNT_ID=111122223333", "DAYPASS_ROOT_ACCESS_KEY_ID="+id, "DAYPASS_ROOT_SECRET_ACCESS_KEY="+secret)
		root := sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret}
		for _, old := range sessions {
			if _, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: old}).Query(t.Context(), sts.API, "GetCallerIdentity"); err == nil {
				t.Error("the session of the old credentials goes on")
			}
		}
		answer, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: root}).Query(t.Context(), sts.API, "GetSessionToken")
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, sessionIn(t, answer))
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
	}
	for name, args := range map[string][]string{
		"--data-dir and --database: the data is in one of them": {"--database", url, "--data-dir", dir},
		"--database: give a URL such as postgres://":            {"--database", "mysql://db.example.com/x"},
		"--account-id \"12\": an account ID has twelve digits":  {"--database", url, "--account-id", "12"},
	} {
		if code, stdout, stderr := reset(args...); code != exitUsage || stdout != "" || !strings.Contains(stderr, name) {
			t.Errorf("%q: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
}

// sessionIn is what GetSessionToken has answered.
func sessionIn(t *testing.T, answer []byte) sigv4.Credentials {
	t.Helper()
	var made struct {
		Credentials struct {
			AccessKeyId, SecretAccessKey, SessionToken string
		} `xml:"GetSessionTokenResult>Credentials"`
	}
	if err := xml.Unmarshal(answer, &made); err != nil || made.Credentials.SessionToken == "" {
		t.Fatalf("%v, %s", err, answer)
	}
	c := made.Credentials
	return sigv4.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}
