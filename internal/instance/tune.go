package instance

import (
	"runtime"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times what is in use before it is
// collected. What is in use is little and a request leaves some 20 KB behind:
// docs/performance.md says what this saves, and what it costs.
const gcPercent = 400

// Tune sets up the Go runtime of a process that runs an instance and little
// else. It changes nothing that the operator has set with GOGC.
func Tune() {
	if was := debug.SetGCPercent(gcPercent); was != 100 {
		debug.SetGCPercent(was)
	}
	// On one core too: a commit that waits for the disk would else stop
	// everything.
	if runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2)
	}
}
