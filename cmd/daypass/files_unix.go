//go:build unix

package main

import (
	"errors"
	"io/fs"
	"math"
	"net"
	"os"
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

// modesCount says whether the modes of files say who may read them.
const modesCount = true

// ownedByUser says whether a file is this user's.
func ownedByUser(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int64(s.Uid) == int64(os.Geteuid())
}

// alive says whether a process runs.
func alive(process int) bool {
	err := syscall.Kill(process, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// privately makes a socket that its owner and group can use, and nobody else. The
// mask is the whole process's, so it is for the start alone.
func privately(listen func() (net.Listener, error)) (net.Listener, error) {
	defer syscall.Umask(syscall.Umask(0o117))
	return listen()
}
