package sinks

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"time"
)

// Syslog gives records to the syslog daemon of the machine, one message each, in the
// form of syslog(3): what every such daemon reads on its local socket, which few do of
// RFC 5424. The facility is local0, the severity info.
type Syslog struct {
	path   string
	conn   net.Conn
	stream bool // a record ends with a line end there
}

// priority is that of facility local0 (16) and severity info (6).
const priority = 16<<3 | 6

// OpenSyslog connects to a socket; empty means /dev/log.
func OpenSyslog(path string) (*Syslog, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("Windows has no syslog: give a file or a URL")
	}
	s := &Syslog{path: cmp.Or(path, "/dev/log")}
	return s, s.connect()
}

func (s *Syslog) connect() error {
	var err error
	for _, network := range []string{"unixgram", "unix"} {
		var failed error
		if s.conn, failed = (&net.Dialer{Timeout: writeTimeout}).Dial(network, s.path); failed == nil {
			s.stream = network == "unix"
			return nil
		}
		err = cmp.Or(err, failed)
	}
	var at *net.OpError
	if errors.As(err, &at) {
		err = at.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return fmt.Errorf("no syslog daemon answers at %s: %w", s.path, err)
}

// Kind implements [Sink].
func (s *Syslog) Kind() string { return "syslog" }

// Name implements [Sink].
func (s *Syslog) Name() string { return "syslog (" + s.path + ")" }

// Write implements [Sink].
func (s *Syslog) Write(ctx context.Context, records []byte) (done int, err error) {
	if s.conn == nil {
		if err := s.connect(); err != nil {
			return 0, err
		}
	}
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return 0, s.broken(err)
	}
	var message []byte
	for done < len(records) {
		end := done + bytes.IndexByte(records[done:], '\n') + 1
		message = time.Now().AppendFormat(append(strconv.AppendInt(append(message[:0], '<'), priority, 10), '>'), time.Stamp)
		message = append(strconv.AppendInt(append(message, " daypass["...), int64(os.Getpid()), 10), "]: "...)
		message = append(message, records[done:end]...)
		if !s.stream {
			message = message[:len(message)-1]
		}
		if _, err := s.conn.Write(message); err != nil {
			if isTooLong(err) {
				return done, &Unfit{Bytes: end - done, Err: fmt.Errorf("the daemon takes no message of %d bytes", len(message))}
			}
			return done, s.broken(err)
		}
		done = end
	}
	return done, nil
}

// broken gives up a connection that has failed: the daemon may have been restarted.
func (s *Syslog) broken(err error) error {
	_ = s.conn.Close()
	s.conn = nil
	return err
}

// Close implements [Sink].
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}
