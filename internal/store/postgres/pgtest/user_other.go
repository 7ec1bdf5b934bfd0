//go:build !unix

package pgtest

import (
	"os"
	"os/exec"
)

func give(string) error { return nil }

func drop(*exec.Cmd) error { return nil }

func apart(*exec.Cmd) {}

// signal has the server end: nothing gentler is common to all systems.
func (p *process) signal(ending) { _ = p.cmd.Process.Kill() }

func killAll(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func childrenOf(int) []int { return nil }
