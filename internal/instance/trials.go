package instance

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/server"
)

// Clock is the clock of a server, which tests can put forward. It goes on where it is
// when another server takes it over.
type Clock struct {
	// Base is the clock of the server's clients; nil means time.Now.
	Base func() time.Time

	ahead atomic.Int64
}

// Clients is the time of the server's clients, by which signatures are judged: a test
// that moves the server's time cannot move that of an SDK.
func (c *Clock) Clients() time.Time {
	if c.Base == nil {
		return time.Now()
	}
	return c.Base()
}

// Now is the server's time.
func (c *Clock) Now() time.Time { return c.Clients().Add(time.Duration(c.ahead.Load())) }

// maxAhead is how far a clock goes forward in all. What counts nanoseconds overflows some
// 290 years from now, and a clock that wraps around makes good again what has expired.
const maxAhead = 100 * 365 * 24 * time.Hour

// Advance puts the server's time forward.
func (c *Clock) Advance(d time.Duration) error {
	for {
		was := c.ahead.Load()
		if d < 0 || d > maxAhead-time.Duration(was) {
			return errors.New("the clock goes forward, and by 100 years at most in all")
		}
		if c.ahead.CompareAndSwap(was, was+int64(d)) {
			return nil
		}
	}
}

// trials are what tests can have the server do on purpose.
type trials struct {
	handler *server.Server
	clock   *Clock
}

// SetFault implements admin.Trials.
func (t trials) SetFault(operation string, kind admin.Fault, delay time.Duration, times int) error {
	return t.handler.SetFault(operation, Fault{Kind: server.FaultKind(kind), Delay: delay, Times: times})
}

// ClearFaults implements admin.Trials.
func (t trials) ClearFaults() { t.handler.ClearFaults() }

// Advance implements admin.Trials.
func (t trials) Advance(d time.Duration) (time.Time, error) {
	err := t.clock.Advance(d)
	return t.clock.Now(), err
}
