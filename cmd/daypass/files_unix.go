//go:build unix

package main

import (
	"math"
	"syscall"
)

// openFiles is how many files the process may have open, 0 if there is no limit.
func openFiles() int64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > math.MaxInt32 {
		return 0
	}
	return int64(l.Cur)
}
