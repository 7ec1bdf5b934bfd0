package instance

import (
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

// Advance puts the server's time forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

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
func (t trials) Advance(d time.Duration) time.Time {
	t.clock.Advance(d)
	return t.clock.Now()
}
