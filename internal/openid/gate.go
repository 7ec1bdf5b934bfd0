package openid

import (
	"context"
	"sync"
)

// gates lets one goroutine at a time through each gate. Unlike with a mutex,
// those that wait give up with their context; unlike with a shared call, a
// goroutine that gives up inside takes nobody with it: the next one goes in.
// A gate stays once it was used, so names must come from a bounded set.
type gates struct {
	mu     sync.Mutex
	byName map[string]chan struct{}
}

// enter waits for a gate. The caller leaves by calling leave.
func (g *gates) enter(ctx context.Context, name string) (leave func(), err error) {
	gate := g.gate(name)
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gates) gate(name string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byName == nil {
		g.byName = map[string]chan struct{}{}
	}
	if g.byName[name] == nil {
		g.byName[name] = make(chan struct{}, 1)
	}
	return g.byName[name]
}
