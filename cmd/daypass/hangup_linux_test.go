package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal gives the end of a new terminal that a program has.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	window, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { window.Close() })
	fd := int(window.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return program
}

// A server whose terminal is closed ends as one that is told to. One that was
// started to outlive its terminal does.
func TestHangUpOfTerminal(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Fatal("SIGHUP is ignored, as nohup has it, and what this test starts would ignore it too: use setsid")
	}
	terminal := openTerminal(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = []string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0"}
	c.Stdin, c.Stderr = terminal, t.Output()
	endpointOf(t, c)
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}

	c = exec.Command("nohup", exe)
	c.Args = []string{"nohup", "sh", "-c", `exec -a daypass "$0" serve --dev --listen 127.0.0.1:0 2>/dev/null`, exe}
	if _, err := exec.LookPath("bash"); err == nil {
		c.Args[1] = "bash"
	}
	c.Stdin, c.Stderr = terminal, t.Output()
	endpoint := endpointOf(t, c)
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ask(t, endpoint, 8)
	terminate(t, c)
}
