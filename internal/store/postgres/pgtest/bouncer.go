package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Bouncer starts pgbouncer in transaction mode before a database, and gives the URL
// of the database through it. All is as pgbouncer has it by default, but for the mode
// and how many connections it has to the server. It is skipped, or required, as
// PostgreSQL is.
func Bouncer(t testing.TB, database string, connections int) string {
	t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	if err != nil {
		missing(t, fmt.Errorf("pgbouncer: %w", err))
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	password, _ := u.User.Password()
	log := filepath.Join(dir, "log")
	for try := 0; ; try++ {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		settings := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = %d
`, u.Hostname(), u.Port(), port, filepath.Join(dir, "users"), connections)
		err = errors.Join(
			os.WriteFile(filepath.Join(dir, "users"), fmt.Appendf(nil, "%q %q\n", u.User.Username(), password), 0o644),
			os.WriteFile(filepath.Join(dir, "settings"), []byte(settings), 0o644))
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command(path, filepath.Join(dir, "settings"))
		if err := drop(c); err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(log)
		if err != nil {
			t.Fatal(err)
		}
		c.Stdout, c.Stderr = out, out
		p, err := launch(c, dir, "QUIT")
		_ = out.Close()
		if err != nil {
			t.Fatal(err)
		}
		u.Host = fmt.Sprintf("127.0.0.1:%d", port)
		if err = p.until(func() error { _, err := query(u.String(), "SELECT 1"); return err }); err == nil {
			t.Cleanup(func() {
				_ = p.end(endKilled)
				if t.Failed() {
					t.Logf("the log of pgbouncer ends:\n%s", tail(log))
				}
			})
			return u.String()
		}
		_ = p.end(endKilled)
		if try == 4 || !bytes.Contains(tail(log), []byte("Address already in use")) {
			t.Fatalf("pgbouncer does not start: %v\n%s", err, tail(log))
		}
	}
}

// until waits until something that a running process answers works.
func (p *process) until(works func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := works()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it has ended: %w", p.err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}
