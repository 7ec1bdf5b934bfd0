//go:build unix

package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ordinary is who runs servers: PostgreSQL refuses root. It is nil where we are
// ordinary ourselves.
var ordinary = sync.OnceValues(func() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("PostgreSQL does not run as root, and the users postgres and nobody are missing")
})

// give makes a folder theirs.
func give(dir string) error {
	who, err := ordinary()
	if who == nil || err != nil {
		return err
	}
	return os.Chown(dir, int(who.Uid), int(who.Gid))
}

// drop has a command run as an ordinary user, in a process group of its own: what
// interrupts the test by the keyboard leaves it to us to end it.
func drop(c *exec.Cmd) error {
	who, err := ordinary()
	apart(c)
	c.SysProcAttr.Credential = who
	return err
}

func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signal has the server end.
func (p *process) signal(how ending) {
	switch how {
	case endInOrder:
		_ = p.cmd.Process.Signal(syscall.SIGINT)
	case endNow:
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	case endInTime:
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	case endKilled:
		killAll(p.cmd.Process.Pid)
	}
}

// killAll kills a server and its children, each of which is in a process group of its
// own.
func killAll(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP) // it makes no new ones meanwhile
	children := childrenOf(pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	// A server that is started again refuses to share memory with them. What nobody
	// waits for stays in the list of processes, and has no memory.
	for _, child := range children {
		for range 100 {
			if syscall.Kill(child, 0) != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(parent int) (children []int) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil { // a small container
		out = nil
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range stats {
			// The name in parentheses may contain anything (proc_pid_stat(5)).
			stat, _ := os.ReadFile(path)
			pid, _, _ := bytes.Cut(stat, []byte(" "))
			if end := bytes.LastIndexByte(stat, ')'); end > 0 {
				if f := bytes.Fields(stat[end+1:]); len(f) > 1 {
					out = fmt.Appendf(out, "%s %s\n", pid, f[1])
				}
			}
		}
	}
	for line := range bytes.Lines(out) {
		var pid, ppid int
		if _, err := fmt.Sscan(string(line), &pid, &ppid); err == nil && ppid == parent {
			children = append(children, pid)
		}
	}
	return children
}
