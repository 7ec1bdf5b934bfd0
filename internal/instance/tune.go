package instance

import (
	"math"
	"runtime"
	"runtime/debug"
)

const (
	// gcPercent lets the heap grow to five times what is in use before it is
	// collected. What is in use is little, and each request leaves garbage behind:
	// collecting later saves work. Near the memory limit the heap is collected as
	// often as it takes (docs/performance.md).
	gcPercent = 400
	// uncounted is memory that Go does not count: the program's own pages, and the
	// page caches of SQLite, which has an allocator of its own.
	uncounted = 48 << 20
)

// Tune sets up the Go runtime of a process that runs an instance and little
// else, and says how much memory Go may use: what there is, less what Go does not
// count. It changes nothing that the operator has set with GOGC or GOMEMLIMIT.
func Tune(there int64) (memory int64) {
	if was := debug.SetGCPercent(gcPercent); was != 100 {
		debug.SetGCPercent(was)
	}
	memory = debug.SetMemoryLimit(-1)
	if memory == math.MaxInt64 && there < math.MaxInt64 {
		memory = part(there)
		debug.SetMemoryLimit(memory)
	}
	// On one core too: a commit that waits for the disk would else stop
	// everything.
	if runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2)
	}
	return memory
}

// part is how much of the memory that is there Go may use.
func part(there int64) int64 { return max(there/2, there/4*3-uncounted) }
