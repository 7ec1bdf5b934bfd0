package faults

import (
	"os/exec"
	"syscall"
)

// endWithUs has a process end when this one does, however it ends.
func endWithUs(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
