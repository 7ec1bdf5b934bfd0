package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
)

// pool is the connections that nobody uses at the moment, and how many there may be.
// Views and updates have places of their own, so that an update in whose function a
// view is made does not wait for itself. The connection that was used last is used
// next.
type pool struct {
	views, updates places

	mu       sync.Mutex
	idle     []*conn
	age      uint64 // of connections that are still good
	finished bool
}

// places holds a value for each transaction that may begin.
type places chan struct{}

func (p *pool) init(n int) {
	p.updates = make(places, max(1, n/2))
	p.views = make(places, max(1, n-n/2))
	for _, list := range []places{p.updates, p.views} {
		for range cap(list) {
			list <- struct{}{}
		}
	}
}

// idleFor is how long a connection may be unused, and lifetime how old it may become:
// servers and load balancers like to see new ones now and then.
const (
	idleFor  = 5 * time.Minute
	lifetime = 30 * time.Minute
)

// take waits for a place and gives a connection for it. It is bounded by ctx and by
// how long transactions wait. reused says that the connection was used before, so that
// the server may have ended it meanwhile.
func (e *Engine) take(ctx context.Context, from places) (c *conn, reused bool, err error) {
	if e.closing.Load() {
		return nil, false, engine.ErrClosed
	}
	select {
	case <-from:
	default:
		e.counters.waited.Add(1)
		wait := time.NewTimer(e.opts.Wait)
		defer wait.Stop()
		select {
		case <-from:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-e.closed:
			return nil, false, engine.ErrClosed
		case <-wait.C:
			return nil, false, &unavailable{text: fmt.Sprintf("all %d connections to %s were in use for %v", cap(from), e.database, e.opts.Wait)}
		}
	}
	if e.closing.Load() {
		from <- struct{}{}
		return nil, false, engine.ErrClosed
	}
	if c := e.pool.pop(); c != nil {
		return c, true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, max(e.opts.Wait, time.Duration(len(e.hosts))*e.opts.Connect))
	defer cancel()
	if c, err = e.connect(ctx); err != nil {
		from <- struct{}{}
		return nil, false, err
	}
	return c, false, nil
}

// give returns the place, and the connection if it is still good.
func (e *Engine) give(to places, c *conn) {
	if c != nil {
		e.pool.push(c)
	}
	to <- struct{}{}
}

func (p *pool) pop() *conn {
	for {
		p.mu.Lock()
		last := len(p.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[last]
		p.idle = p.idle[:last]
		good := c.generation == p.age
		p.mu.Unlock()
		if good && time.Since(c.used) < idleFor {
			return c
		}
		c.close()
	}
}

func (p *pool) push(c *conn) {
	c.used = time.Now()
	p.mu.Lock()
	good := c.broken == nil && c.generation == p.age && !p.finished && c.used.Sub(c.made) < lifetime
	if good {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !good {
		c.close()
	}
}

// generation is that of connections that begin to be made now.
func (p *pool) generation() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.age
}

// suspect gives up the connections that were made before something failed on one of
// them: others are likely to fail too, each after its wait.
func (p *pool) suspect(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.generation == p.age {
		p.age++
	}
}

// retire gives up all connections.
func (p *pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age++
}

// drain waits until every place is given back.
func (p *pool) drain() {
	for _, list := range []places{p.views, p.updates} {
		for range cap(list) {
			<-list
		}
	}
}

// close closes the connections that nobody uses.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.finished = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}
