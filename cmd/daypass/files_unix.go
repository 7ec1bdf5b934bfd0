//go:build unix

package main

import (
	"errors"
	"io/fs"
	"math"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFiles is how many files the process may have open, 0 if there is no limit.
func openFiles() int64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > math.MaxInt32 {
		return 0
	}
	return int64(l.Cur)
}

// atOnce is what a pipe that has any room takes without waiting (PIPE_BUF).
const atOnce = 4 << 10

// room gives a function that says whether a file, pipe or socket takes so many bytes
// now. It is for one goroutine at a time.
func room(f *os.File) func(n int) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	poll, ready := make([]unix.PollFd, 1), false
	ask := func(fd uintptr) {
		poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
		n, err := unix.Poll(poll, 0)
		ready = n == 1 && err == nil && poll[0].Revents == unix.POLLOUT
	}
	return func(n int) bool {
		ready = false
		return n <= atOnce && raw.Control(ask) == nil && ready
	}
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
