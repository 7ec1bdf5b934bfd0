package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// seeded is a process that was started with a seed on a database.
type seeded struct {
	*exec.Cmd
	log      *bufio.Scanner
	endpoint chan string // gets the endpoint, or is closed without
}

// startSeeded starts one. Its log goes to log, unless that is nil.
func startSeeded(t *testing.T, database, key, file string, follow bool, more ...string) *seeded {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = append([]string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--master-key-file", key, "--seed", file}, more...)
	c.Env = append(os.Environ(), "DAYPASS_DATABASE="+database)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &seeded{Cmd: c, endpoint: make(chan string, 1)}
	if follow {
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		s.log = bufio.NewScanner(stderr)
	} else {
		c.Stderr = t.Output()
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var read sync.WaitGroup
	read.Go(func() {
		defer close(s.endpoint)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
				s.endpoint <- endpoint
				_, _ = io.Copy(io.Discard, stdout)
			}
		}
	})
	t.Cleanup(func() { _ = c.Process.Kill(); read.Wait(); _ = c.Wait() })
	return s
}

// One node of a fleet applies the seed. If it is killed on the way, another one goes on.
// A node with another file does not start, unless it is told to change to that.
func TestSeedOfFleet(t *testing.T) {
	database, dir := pgtest.Database(t), t.TempDir()
	key := filepath.Join(dir, "master.key")
	if _, err := seal.CreateFile(key); err != nil {
		t.Fatal(err)
	}
	const users = 60
	var text strings.Builder
	text.WriteString("Version: 1\nIdentityPools: [{IdentityPoolId: 'us-east-1:11111111-2222-4333-8444-555555555555', IdentityPoolName: p}]\nUsers:\n")
	for n := range users {
		fmt.Fprintf(&text, "  - UserName: user%d\n", n)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first, other := write("first.yaml", text.String()), write("other.yaml", "Version: 1\nUsers: [{UserName: other}]\n")
	has := func(endpoint, user string) bool {
		_, err := rootClient(endpoint).Query(t.Context(), iam.API, "GetUser", "UserName", user)
		return err == nil
	}

	// The first one is killed when it has made something, and not all.
	killed := startSeeded(t, database, key, first, true)
	for killed.log.Scan() && !strings.Contains(killed.log.Text(), `change="+ user user3"`) {
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, ready := <-killed.endpoint; ready {
		t.Fatal("the first server was ready before it was killed")
	}
	// Three go on, and one of them does it.
	var nodes []*seeded
	for range 3 {
		nodes = append(nodes, startSeeded(t, database, key, first, false))
	}
	for n, node := range nodes {
		endpoint := <-node.endpoint
		if endpoint == "" {
			t.Fatalf("node %d does not start", n)
		}
		if !has(endpoint, "user0") || !has(endpoint, fmt.Sprint("user", users-1)) {
			t.Errorf("node %d answers before everything is there", n)
		}
		if _, err := rootClient(endpoint).JSON(t.Context(), cognito.API, "DescribeIdentityPool", map[string]any{"IdentityPoolId": "us-east-1:11111111-2222-4333-8444-555555555555"}); err != nil {
			t.Errorf("node %d: %v", n, err)
		}
	}
	// Another file is refused, in one sentence, and nothing of it is done.
	refused := startSeeded(t, database, key, other, true)
	said := ""
	for refused.log.Scan() {
		if strings.HasPrefix(refused.log.Text(), "daypass: ") {
			said = refused.log.Text()
		}
	}
	if _, ready := <-refused.endpoint; ready || !strings.HasPrefix(said, "daypass: --seed: the servers of this database were started with another file than "+other+". To change to this file, start one server with --reseed as well") {
		t.Errorf("another file: %q", said)
	}
	// The same file, in another order, with a comment, and as JSON, is the same; on purpose it is another.
	for _, start := range []struct {
		file string
		more []string
	}{
		{write("same.yaml", "# the same\nUsers:\n"+strings.SplitN(text.String(), "Users:\n", 2)[1]+"IdentityPools:\n  - IdentityPoolName: p\n    IdentityPoolId: 'us-east-1:11111111-2222-4333-8444-555555555555'\nVersion: 1\n"), nil},
		{other, []string{"--reseed"}},
		{other, nil},
	} {
		node := startSeeded(t, database, key, start.file, false, start.more...)
		endpoint := <-node.endpoint
		if endpoint == "" {
			t.Fatalf("%s %v does not start", start.file, start.more)
		}
		if got := has(endpoint, "other"); got != (start.file == other) {
			t.Errorf("%s %v: the other user: %t", start.file, start.more, got)
		}
	}
	// The first file is another one by now.
	if _, ready := <-startSeeded(t, database, key, first, false).endpoint; ready {
		t.Error("a server with the file of before starts")
	}
}
