package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// roundTimeout ends a round that hangs.
const roundTimeout = 2 * time.Minute

// request is a request as it goes over the wire, and the check of its answer,
// which may not keep the body.
type request struct {
	wire  []byte
	check func(body []byte) error
}

// holds is the check that a body has a text in it.
func holds(text string) func(body []byte) error {
	return func(body []byte) error {
		if !bytes.Contains(body, []byte(text)) {
			return fmt.Errorf("an answer without %q: %q", text, body)
		}
		return nil
	}
}

// A caller keeps connections to a server open. It does as little as it can, so
// that it is the server that is measured: requests are made before, of an answer
// it reads the status and the length, and it never sleeps, since waking it would
// be on the server's bill.
type caller []*conn

// dial opens n connections.
func dial(b *testing.B, addr string, n int) caller {
	b.Helper()
	c := make(caller, n)
	for i := range c {
		c[i] = &conn{in: make([]byte, 64<<10)}
		if err := c[i].dial(addr); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c[i].Close() })
	}
	return c
}

func (c *conn) dial(addr string) error {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	c.Conn, c.closed = nc, false
	c.raw, err = nc.(*net.TCPConn).SyscallConn()
	return err
}

// send sends the requests that next gives for the numbers from 0 up, n of them or,
// when n is zero, as many as begin before the time is over, at any time one on each
// connection. Every answer must be a success and pass its check. It says how long
// each took.
func (c caller) send(n int, lasts time.Duration, next func(i int) request) ([]time.Duration, error) {
	return c.paced(n, lasts, 0, next)
}

// paced does so with a gap between the beginnings of the requests. One that has to
// wait for a connection has begun when its time had come.
func (c caller) paced(n int, lasts, gap time.Duration, next func(i int) request) ([]time.Duration, error) {
	took := make([]time.Duration, 0, max(n, 1<<16))
	began := time.Now()
	more := func(sent int) bool { return sent < n || n == 0 && time.Since(began) < lasts }
	for sent, end := 0, began.Add(roundTimeout); more(sent) || len(took) < sent; {
		for _, k := range c {
			if k.busy {
				body, err := k.poll()
				if err == nil && body != nil {
					took = append(took, time.Since(k.began))
					err = k.request.check(body)
				}
				if err != nil {
					return nil, err
				}
			}
			due := time.Now()
			if gap > 0 {
				due = began.Add(time.Duration(sent) * gap)
			}
			if !k.busy && more(sent) && !due.After(time.Now()) {
				if err := k.start(next(sent)); err != nil {
					return nil, err
				}
				k.began = due
				sent++
			}
		}
		if time.Now().After(end) {
			return nil, errors.New("the server does not answer")
		}
	}
	return took, nil
}

// conn is a connection that speaks as much HTTP as the servers here do.
type conn struct {
	net.Conn
	raw     syscall.RawConn
	request request   // the last one
	began   time.Time // when it was sent
	busy    bool      // it has not been answered
	closed  bool      // the server closes connections behind an answer
	in      []byte    // room for an answer
	have    int       // bytes of it that have come
}

func (c *conn) start(r request) error {
	c.request, c.began, c.busy, c.have = r, time.Now(), true, 0
	if c.closed {
		c.Close()
		if err := c.dial(c.RemoteAddr().String()); err != nil {
			return err
		}
	}
	_, err := c.Write(r.wire)
	return err
}

// poll gives the body of the answer, nil if it has not come yet. It is there
// until the next request.
func (c *conn) poll() ([]byte, error) {
	n, err := c.readNow(c.in[c.have:])
	if c.have += n; err != nil {
		return nil, err
	}
	header, rest, complete := bytes.Cut(c.in[:c.have], []byte("\r\n\r\n"))
	if !complete {
		return nil, nil
	}
	_, value, _ := bytes.Cut(header, []byte("\r\nContent-Length: "))
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	length, err := strconv.Atoi(string(value))
	switch {
	case err != nil || !bytes.HasPrefix(header, []byte("HTTP/1.1 200 ")):
		return nil, fmt.Errorf("no success: %q", c.in[:c.have])
	case len(rest) < length:
		return nil, nil
	}
	c.busy, c.closed = false, bytes.Contains(header, []byte("\r\nConnection: close"))
	return rest, nil
}
