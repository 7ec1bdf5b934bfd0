//go:build unix

package sinks

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes a file for this process, for as long as it is open.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// isTooLong says whether a message was too long for a socket.
func isTooLong(err error) bool { return errors.Is(err, unix.EMSGSIZE) }
