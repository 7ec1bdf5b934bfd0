package main

import (
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memory is how much memory the process may have: the least of what its control
// group and the machine say. A system that says nothing has no limit.
func memory() int64 {
	least := int64(math.MaxInt64)
	for _, ask := range []memlimit.Provider{memlimit.FromCgroup, memlimit.FromSystem} {
		if n, err := ask(); err == nil && n > 0 && n < uint64(least) {
			least = int64(n)
		}
	}
	return least
}
