package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the CPU time that the process has used; zero where the system does not
// say.
func (p *process) cpuTime() time.Duration {
	// The clock of the CPU time of another process, as clock_getcpuclockid(3) has it.
	const scheduler = 2
	var t unix.Timespec
	if unix.ClockGettime(int32(^p.cmd.Process.Pid)<<3|scheduler, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
