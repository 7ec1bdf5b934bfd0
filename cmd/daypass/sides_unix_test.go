//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A socket is for its owner and group; what is left of a killed process is
// replaced, and nothing else is.
func TestListenUnix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	first, err := listenUnix("--x", path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := listenUnix("--x", path); err == nil || err.Error() != "--x "+path+": another process listens on it" {
		t.Errorf("taken: %v", err)
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false) // as if it had been killed
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := listenUnix("--x", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{path: "it exists, and is not a socket", filepath.Join(dir, "none", "s"): filepath.Join(dir, "none") + " is not a directory: create it"} {
		if _, err := listenUnix("--x", at); err == nil || !strings.HasPrefix(err.Error(), "--x") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// A port that somebody listens on is told with the flag that names it.
func TestListenOnTakenPort(t *testing.T) {
	first, err := listenTCP("--x", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	at := first.Addr().String()
	if _, err := listenTCP("--x", at); err == nil || err.Error() != "--x "+at+": address already in use: end the process that listens there, or give another port" {
		t.Errorf("got %v", err)
	}
}

// One side that cannot listen has the others close.
func TestListenBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := listenBeside([]side{{flag: "--a", at: path}, {flag: "--b", at: "127.0.0.1:99999"}}); err == nil || !strings.HasPrefix(err.Error(), "--b: ") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}
