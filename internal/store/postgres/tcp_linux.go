package postgres

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// unanswered is how long, in milliseconds, what was sent may stay without the peer's
// acknowledgement before the connection is given up.
const unanswered = 8000

// control tells the system to give up on a peer that is gone sooner than after a
// quarter of an hour.
func control(network, _ string, c syscall.RawConn) (err error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	err2 := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, unanswered)
	})
	if err2 != nil {
		return err2
	}
	return err
}
