//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockFile takes the exclusive lock of a file, which is made if it is missing and
// never removed. The system releases the lock when the process ends,
// however it ends. The file holds the process ID, for people.
//
// Whoever deletes the file deletes its lock, so the directory is locked as well:
// it is there as long as what is in it. The file is what earlier versions look at.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		if len(pid) == 0 {
			return nil, ErrInUse // the message is good without it
		}
		return nil, fmt.Errorf("%w (process %s): stop it first", ErrInUse, strings.TrimSpace(string(pid)))
	}
	dir, err := lockDir(filepath.Dir(path))
	if err != nil {
		f.Close()
		return nil, err
	}
	if err := f.Truncate(0); err == nil {
		_ = writePID(f) // a disk may have no room even for that
	}
	return locks{f, dir}, nil
}

// lockDir locks a directory. Where the file system has no locks for directories,
// as network file systems do not, that of the file must do.
func lockDir(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := flock(d); errors.Is(err, syscall.EWOULDBLOCK) {
		d.Close()
		return nil, ErrInUse
	}
	return d, nil
}

// locks are the open files that hold locks.
type locks [2]*os.File

// Close releases them.
func (l locks) Close() error { return errors.Join(l[1].Close(), l[0].Close()) }

func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
