//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A second server on a directory is refused with the process ID of the first, however
// often it tries; one on a copy of the directory is not, whoever the copied lock names.
// What kills the first frees the directory.
func TestTwoServersOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	first, _ := startProcess(t, dir)
	for range 2 {
		second := exec.Command(first.Path)
		second.Args = []string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", dir}
		out, err := second.CombinedOutput()
		if want := fmt.Sprintf("another process is using this database (process %d)", first.Process.Pid); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, %s", err, out)
		}
	}
	if err := first.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(first.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("%v, %v", status, err)
	}
	startProcess(t, copyDir(t, dir)) // which ends the test if it is refused
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	startProcess(t, dir)
}
