package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/sts"
)

// Root credentials are replaced while clients call with the old ones, with those that
// they read from the file, and with sessions: nothing is refused. A server that is killed
// goes on with both.
func TestRotateRootKeyUnderLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root-credentials")
	p, endpoint := startPlain(t, dir)
	inFile := func() []instance.RootAccessKey {
		t.Helper()
		keys, err := readRoot(path)
		if err != nil {
			t.Error(err)
			return []instance.RootAccessKey{{}}
		}
		return keys
	}
	signs := func(k instance.RootAccessKey) sigv4.Credentials {
		return sigv4.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret.Reveal()}
	}
	whoami := func(c sigv4.Credentials) error {
		_, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: c}).Query(t.Context(), sts.API, "GetCallerIdentity")
		return err
	}
	first := signs(inFile()[0])
	answer, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: first}).Query(t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		t.Fatal(err)
	}
	session := sessionIn(t, answer)
	rotate := func(args ...string) (int, string) {
		code, stdout, stderr := inEnvironment(t, append([]string{"rotate", "root-key", "--endpoint-url", endpoint}, args...)...)
		return code, stdout + stderr
	}

	done := make(chan struct{})
	var workers sync.WaitGroup
	var calls atomic.Int64
	for _, c := range []func() sigv4.Credentials{
		func() sigv4.Credentials { return first },
		func() sigv4.Credentials { return session },
		func() sigv4.Credentials { return signs(inFile()[0]) },
	} {
		workers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := whoami(c()); err != nil {
					t.Errorf("refused: %v", err)
					return
				}
				calls.Add(1)
			}
		})
	}
	more := func() {
		for before, deadline := calls.Load(), time.Now().Add(20*time.Second); calls.Load() < before+30 && !t.Failed(); {
			if time.Now().After(deadline) {
				t.Fatal("the load has ended")
			}
		}
	}
	more()
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	code, said := rotate("--grace", "1h")
	second := signs(inFile()[0])
	if code != exitOK || !strings.Contains(said, "New root credentials are in root-credentials in the server's data directory, with the access key ID "+second.AccessKeyID+".\nThe old ones, "+first.AccessKeyID+", are good until ") {
		t.Errorf("exit code %d, %s", code, said)
	}
	if strings.Contains(said, second.SecretAccessKey) {
		t.Error("the secret is shown")
	}
	more()
	if code, said := rotate(); code != 254 || !strings.Contains(said, "ResourceConflictException") {
		t.Errorf("in the grace: exit code %d, %s", code, said)
	}
	close(done)
	workers.Wait()
	info, err := os.Stat(path)
	if err != nil || modesCount && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	again := func() {
		t.Helper()
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
		p, endpoint = startPlain(t, dir)
	}
	again()
	for name, c := range map[string]sigv4.Credentials{"old": first, "session": session, "new": second} {
		if err := whoami(c); err != nil {
			t.Errorf("%s after a restart: %v", name, err)
		}
	}
	// What is compromised ends, also for the server that starts next.
	if code, said := rotate("--compromised"); code != exitOK || !strings.Contains(said, "The old ones, "+second.AccessKeyID+", have ended, and so have sessions") || !strings.Contains(said, "daypass revoke --everything") {
		t.Errorf("exit code %d, %s", code, said)
	}
	for range 2 {
		for name, c := range map[string]sigv4.Credentials{"old": first, "session": session, "new": second} {
			if err := whoami(c); err == nil {
				t.Errorf("%s is good although it was compromised", name)
			}
		}
		if err := whoami(signs(inFile()[0])); err != nil {
			t.Error(err)
		}
		again()
	}

	// A reset ends a grace too.
	if code, said := rotate(); code != exitOK {
		t.Errorf("exit code %d, %s", code, said)
	}
	keys := inFile()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	code, stdout, stderr := inEnvironment(t, "root", "reset", "--data-dir", dir)
	if want := "The old ones, " + keys[0].ID + " and " + keys[1].ID + ", end with the next start"; code != exitOK || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if keys := inFile(); len(keys) != 1 {
		t.Errorf("%d keys after a reset", len(keys))
	}
}

// The file of root credentials says what it says whoever wrote it, and an earlier
// version takes the right ones of it.
func TestRootFile(t *testing.T) {
	until := time.Date(2026, 12, 2, 10, 0, 0, 0, time.UTC)
	both := []instance.RootAccessKey{{ID: "AKIANEW", Secret: seal.NewSecret("new=secret")}, {ID: "AKIAOLD", Secret: seal.NewSecret("old"), Until: until}}
	for name, test := range map[string]struct {
		text string
		want []string
		err  string
	}{
		"as we write it":   {string(rootText(both)), []string{"AKIANEW new=secret 0001-01-01T00:00:00Z", "AKIAOLD old 2026-12-02T10:00:00Z"}, ""},
		"one":              {string(rootText(both[:1])), []string{"AKIANEW new=secret 0001-01-01T00:00:00Z"}, ""},
		"without sections": {"aws_access_key_id=A\naws_secret_access_key=s\n", []string{"A s 0001-01-01T00:00:00Z"}, ""},
		"another section":  {"[me]\naws_access_key_id = A\r\naws_secret_access_key = s\r\n", []string{"A s 0001-01-01T00:00:00Z"}, ""},
		"nothing":          {"", nil, "FILE has no aws_access_key_id and aws_secret_access_key"},
		"only previous":    {"[previous]\naws_access_key_id=A\naws_secret_access_key=s\ndaypass_ends=2026-12-02T10:00:00Z\n", nil, "FILE has no aws_access_key_id and aws_secret_access_key"},
		"no end": {strings.Replace(string(rootText(both)), "daypass_ends = 2026", "daypass_ends = ", 1), nil,
			"FILE: the section [previous] needs aws_access_key_id, aws_secret_access_key and daypass_ends, a time such as 2026-11-30T12:00:00Z; without the section, only the credentials of [default] are good"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root-credentials")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			keys, err := readRoot(path)
			if err == nil && test.err != "" || err != nil && strings.ReplaceAll(err.Error(), path, "FILE") != test.err {
				t.Errorf("%v, want %s", err, test.err)
			}
			var got []string
			for _, k := range keys {
				got = append(got, k.ID+" "+k.Secret.Reveal()+" "+k.Until.Format(time.RFC3339))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
	// Earlier versions take the last value of each name.
	text := string(rootText(both))
	if at := strings.LastIndex(text, "aws_access_key_id = "); !strings.HasPrefix(text[at:], "aws_access_key_id = AKIANEW\naws_secret_access_key = new=secret\n") {
		t.Error("the ones that stay are not the last")
	}
}

// Given root credentials and the next ones are good at the same time, on every server of
// a fleet, so that one server after the other can be started anew.
func TestNextRootKey(t *testing.T) {
	dir := t.TempDir()
	old := []string{"DAYPASS_ROOT_ACCESS_KEY_ID=old", "DAYPASS_ROOT_SECRET_ACCESS_KEY=one"}
	next := []string{"DAYPASS_NEXT_ROOT_ACCESS_KEY_ID=new", "DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY=two"}
	moved := []string{"DAYPASS_ROOT_ACCESS_KEY_ID=new", "DAYPASS_ROOT_SECRET_ACCESS_KEY=two"}
	var session sigv4.Credentials
	for n, step := range []struct {
		env           []string
		old, new, get bool
	}{
		{old, true, false, true},
		{slices.Concat(old, next), true, true, true},
		{moved, false, true, false},
	} {
		p, endpoint := startPlain(t, dir, step.env...)
		at := func(c sigv4.Credentials) *client.Client {
			return &client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: c}
		}
		for c, want := range map[sigv4.Credentials]bool{{AccessKeyID: "old", SecretAccessKey: "one"}: step.old, {AccessKeyID: "new", SecretAccessKey: "two"}: step.new} {
			if _, err := at(c).Query(t.Context(), sts.API, "GetCallerIdentity"); (err == nil) != want {
				t.Errorf("step %d: %s: %v", n, c.AccessKeyID, err)
			}
		}
		if n == 0 {
			answer, err := at(sigv4.Credentials{AccessKeyID: "old", SecretAccessKey: "one"}).Query(t.Context(), sts.API, "GetSessionToken")
			if err != nil {
				t.Fatal(err)
			}
			session = sessionIn(t, answer)
		}
		if _, err := at(session).Query(t.Context(), sts.API, "GetCallerIdentity"); (err == nil) != step.get {
			t.Errorf("step %d: a session of the old credentials: %v", n, err)
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
	}
}

// Killed while keys are replaced, a server has replaced all of them or none, and what it
// answered holds.
func TestKillWhileKeysAreReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root-credentials")
	signing, ended := 0, map[string]sigv4.Credentials{}
	for round := range 6 {
		p, endpoint := startPlain(t, dir)
		root := func() *client.Client {
			keys, err := readRoot(path)
			if err != nil {
				t.Fatal(err)
			}
			return &client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: keys[0].ID, SecretAccessKey: keys[0].Secret.Reveal()}}
		}
		if round == 0 {
			if _, err := root().JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}); err != nil {
				t.Fatal(err)
			}
			signing = 1
		}
		published := kidsOf(t, endpoint)
		if len(published) != 1 {
			t.Fatalf("round %d: published %v", round, published)
		}
		number, err := strconv.Atoi(strings.TrimPrefix(published[0], "us-east-1-"))
		if err != nil || number < signing {
			t.Fatalf("round %d: published %v, and answered %d", round, published, signing)
		}
		signing = number
		for id, c := range ended {
			if _, err := (&client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: c}).Query(t.Context(), sts.API, "GetCallerIdentity"); err == nil {
				t.Errorf("round %d: %s is good, and was compromised", round, id)
			}
		}

		rotate := func(operation string) error {
			_, err := root().JSON(t.Context(), admin.API, operation, map[string]any{"Compromised": true})
			return err
		}
		before := root().Credentials
		if err := rotate("RotateRootKey"); err != nil {
			t.Fatal(err)
		}
		ended[before.AccessKeyID] = before
		if err := rotate("RotateSigningKey"); err != nil {
			t.Fatal(err)
		}
		signing++
		var together sync.WaitGroup
		for _, operation := range []string{"RotateRootKey", "RotateSigningKey"} {
			caller := root()
			together.Go(func() {
				_, _ = caller.JSON(t.Context(), admin.API, operation, map[string]any{"Compromised": true}) // perhaps without an answer
			})
		}
		if round%2 == 0 {
			together.Wait()
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
		together.Wait()
	}
}

// kidsOf are the key IDs that a server publishes.
func kidsOf(t *testing.T, endpoint string) (kids []string) {
	t.Helper()
	answer, err := http.Get(endpoint + "/.well-known/jwks_uri")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// Three servers on a database get other root credentials, one after the other, while
// clients call all of them: nothing is refused. What a server has done to signing keys,
// all have done.
func TestNextRootKeyInFleet(t *testing.T) {
	database := pgtest.Database(t)
	code, master, _ := inEnvironment(t, "key", "new")
	if code != exitOK {
		t.Fatal("no master key")
	}
	shared := []string{"DAYPASS_DATABASE=" + database, "DAYPASS_MASTER_KEY=" + strings.TrimSpace(master)}
	old := []string{"DAYPASS_ROOT_ACCESS_KEY_ID=old", "DAYPASS_ROOT_SECRET_ACCESS_KEY=one"}
	both := append(slices.Clone(old), "DAYPASS_NEXT_ROOT_ACCESS_KEY_ID=new", "DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY=two")
	moved := []string{"DAYPASS_ROOT_ACCESS_KEY_ID=new", "DAYPASS_ROOT_SECRET_ACCESS_KEY=two"}
	credentials := map[string]sigv4.Credentials{"old": {AccessKeyID: "old", SecretAccessKey: "one"}, "new": {AccessKeyID: "new", SecretAccessKey: "two"}}

	type node struct {
		up       sync.RWMutex // held while it is started anew
		process  *exec.Cmd
		endpoint string
	}
	nodes := make([]*node, 3)
	start := func(n *node, env []string) {
		t.Helper()
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		n.process = exec.Command(exe)
		n.process.Args = []string{"daypass", "serve", "--listen", "127.0.0.1:0", "--log-level", "error"}
		n.process.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_RUNTIME_DIR=")
		n.process.Env = append(append(n.process.Env, shared...), env...)
		n.process.Stderr = t.Output()
		n.endpoint = endpointOf(t, n.process)
	}
	for i := range nodes {
		nodes[i] = &node{}
		start(nodes[i], old)
	}
	restart := func(env []string) {
		t.Helper()
		for _, n := range nodes {
			n.up.Lock()
			if err := n.process.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			if err := n.process.Wait(); err != nil {
				t.Error(err)
			}
			start(n, env)
			n.up.Unlock()
		}
	}
	at := func(n *node, who string) *client.Client {
		return &client.Client{Endpoint: n.endpoint, Region: "us-east-1", Credentials: credentials[who]}
	}

	var use atomic.Pointer[[]string] // the credentials that clients use
	use.Store(&[]string{"old"})
	done := make(chan struct{})
	var workers sync.WaitGroup
	var calls atomic.Int64
	for w := range 3 {
		workers.Go(func() {
			for i := w; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				n := nodes[i%len(nodes)]
				n.up.RLock()
				who := (*use.Load())[i%len(*use.Load())]
				_, err := at(n, who).Query(t.Context(), sts.API, "GetCallerIdentity")
				n.up.RUnlock()
				if err != nil {
					t.Errorf("%s is refused: %v", who, err)
					return
				}
				calls.Add(1)
			}
		})
	}
	restart(both)
	use.Store(&[]string{"old", "new"})
	for before, deadline := calls.Load(), time.Now().Add(20*time.Second); calls.Load() < before+60 && !t.Failed(); {
		if time.Now().After(deadline) {
			t.Fatal("the load has ended")
		}
	}
	for _, n := range nodes { // until nobody uses the old ones any more
		n.up.Lock()
	}
	use.Store(&[]string{"new"})
	for _, n := range nodes {
		n.up.Unlock()
	}
	restart(moved)
	close(done)
	workers.Wait()
	for i, n := range nodes {
		if _, err := at(n, "old").Query(t.Context(), sts.API, "GetCallerIdentity"); err == nil {
			t.Errorf("server %d takes the old credentials", i)
		}
	}

	if _, err := at(nodes[0], "new").JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}); err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		if _, err := at(n, "new").JSON(t.Context(), admin.API, "RotateSigningKey", map[string]any{"Compromised": true}); err != nil {
			t.Fatal(err)
		}
		for j, other := range nodes {
			if got, want := kidsOf(t, other.endpoint), []string{fmt.Sprint("us-east-1-", i+2)}; !slices.Equal(got, want) {
				t.Errorf("server %d publishes %v after server %d has made %v", j, got, i, want)
			}
		}
	}
}
