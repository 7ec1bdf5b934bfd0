package idp

import (
	"errors"
	"sync"
	"time"
)

// errFull says that too many tickets are out. It protects memory: the authorization endpoint needs no credentials.
var errFull = errors.New("too many sign-ins are under way, try again later")

// tickets is a bounded set of things known by an unguessable name, each for a limited time.
type tickets[T any] struct {
	now      func() time.Time
	lifetime time.Duration
	limit    int

	mu   sync.Mutex
	held map[string]ticket[T]
}

type ticket[T any] struct {
	value   T
	expires time.Time
}

func newTickets[T any](now func() time.Time, lifetime time.Duration, limit int) *tickets[T] {
	return &tickets[T]{now: now, lifetime: lifetime, limit: limit, held: map[string]ticket[T]{}}
}

// put keeps value under name and returns when it expires.
func (t *tickets[T]) put(name string, value T) (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) >= t.limit {
		t.sweep()
	}
	if len(t.held) >= t.limit {
		return time.Time{}, errFull
	}
	expires := t.now().Add(t.lifetime)
	t.held[name] = ticket[T]{value, expires}
	return expires, nil
}

// peek returns the value under name and leaves it there.
func (t *tickets[T]) peek(name string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(name)
}

// take returns the value under name and removes it, so that of several takers one succeeds.
func (t *tickets[T]) take(name string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	value, ok := t.find(name)
	delete(t.held, name)
	return value, ok
}

func (t *tickets[T]) find(name string) (T, bool) {
	found, ok := t.held[name]
	if !ok || !t.now().Before(found.expires) {
		var none T
		return none, false
	}
	return found.value, true
}

func (t *tickets[T]) sweep() {
	now := t.now()
	for name, held := range t.held {
		if !now.Before(held.expires) {
			delete(t.held, name)
		}
	}
}
