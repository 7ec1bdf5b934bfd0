//go:build unix

package bench

import (
	"errors"
	"io"
	"syscall"
)

// readNow reads what has come, if anything has.
func (c *conn) readNow(b []byte) (n int, err error) {
	failed := c.raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), b)
		return true
	})
	switch {
	case failed != nil:
		return 0, failed
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, nil
	case err == nil && n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return max(n, 0), err
}
