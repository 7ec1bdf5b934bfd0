package limit

import (
	"sync"
	"sync/atomic"
)

// Recent remembers what was of use lately, in bounded memory: what weighs Most,
// and as much again. What is asked for stays; of the rest the older half goes when
// there is no room. It may be used by several goroutines.
type Recent[K comparable, V any] struct {
	// Most is how much half of what is remembered may weigh. It is set before the
	// memory is used.
	Most int

	missed atomic.Uint64

	mu         sync.RWMutex
	young, old half[K, V]
}

// half is one of two generations. The young one is filled up and then becomes the
// old one; what is found in the old one moves. So what is in use stays, without
// bookkeeping for each use.
type half[K comparable, V any] struct {
	entries map[K]remembered[V]
	weight  int
}

type remembered[V any] struct {
	value  V
	weight int
}

// Get finds what was put under a key.
func (r *Recent[K, V]) Get(key K) (V, bool) {
	v, stays, ok := r.Find(key)
	if ok && !stays {
		r.mu.Lock()
		defer r.mu.Unlock()
		if e, ok := r.old.entries[key]; ok {
			r.put(key, e)
		}
	}
	return v, ok
}

// Find is Get for keys that have yet to be proven worth it: what was found stays
// only if it was put not long ago, as stays says, or is put again.
func (r *Recent[K, V]) Find(key K) (v V, stays, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, stays := r.young.entries[key]
	if ok = stays; !ok {
		if e, ok = r.old.entries[key]; !ok {
			r.missed.Add(1)
		}
	}
	return e.value, stays, ok
}

// Missed is how often nothing was found. Hits are not counted, so that they cost
// nothing more.
func (r *Recent[K, V]) Missed() uint64 { return r.missed.Load() }

// Put remembers a value, in place of the one that the key had.
func (r *Recent[K, V]) Put(key K, v V) { r.PutHeavy(key, v, 1) }

// PutHeavy is Put for what does not weigh 1.
func (r *Recent[K, V]) PutHeavy(key K, v V, weight int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, remembered[V]{v, weight})
}

func (r *Recent[K, V]) put(key K, e remembered[V]) {
	was := r.young.entries[key].weight
	if r.young.entries == nil || r.young.weight-was+e.weight > r.Most {
		r.old, r.young = r.young, half[K, V]{entries: map[K]remembered[V]{}}
		was = 0
	}
	r.young.entries[key] = e
	r.young.weight += e.weight - was
}

// Weight is what everything weighs that is remembered.
func (r *Recent[K, V]) Weight() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.young.weight + r.old.weight
}
