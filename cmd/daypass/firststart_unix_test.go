//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A first start that is killed is begun again without a question, whatever it had
// made. A process that is stopped leaves what one that is killed does: here is one that
// is stopped whenever its directory has changed.
func TestFirstStartKilledAtAnyMoment(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := exec.Command(exe)
	c.Args = []string{"daypass", "serve", "--listen", "127.0.0.1:0", "--data-dir", dir}
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	var states []string
	last := ""
	for !strings.Contains(last, "made") {
		if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(c.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
			t.Fatalf("%v, %v", status, err)
		}
		if now := stateOf(t, dir); now != last {
			last = now
			states = append(states, copyDir(t, dir))
		}
		if err := c.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	if len(states) < 3 {
		t.Fatalf("seen in %d states only", len(states))
	}
	t.Logf("%d states", len(states))
	for _, state := range states {
		what := stateOf(t, state)
		key, err := os.ReadFile(filepath.Join(state, "master.key"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		p, _ := startLogging(t, t.Output(), "--data-dir", state, "--log-level", "error") // which ends the test if it is refused
		if after := stateOf(t, state); !strings.Contains(after, "made") {
			t.Errorf("from %s to %s", what, after)
		}
		if now, err := os.ReadFile(filepath.Join(state, "master.key")); err != nil || len(key) > 0 && string(key) != string(now) {
			t.Errorf("from %s: another key, %v", what, err)
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// stateOf says what is in a directory: names, sizes, and the word of the mark.
func stateOf(t *testing.T, dir string) (state string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		state += fmt.Sprintf("%s:%d ", path, info.Size())
		if path == "daypass.mark" {
			text, err := os.ReadFile(filepath.Join(dir, path))
			word, _, _ := strings.Cut(string(text), "\n")
			state += word + " "
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// copyDir copies the files of a directory, for their owner alone.
func copyDir(t *testing.T, dir string) (copied string) {
	t.Helper()
	copied = t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, e.Name()), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return copied
}
