package revocation

import (
	"sync"
	"sync/atomic"
	"time"
)

// Index holds the revocations that are in force. The zero value has none. It
// may be used by several goroutines.
type Index struct {
	size  atomic.Int64 // so that asking costs nothing where nothing is revoked
	mu    sync.RWMutex
	by    map[Target]Revocation
	asked int // how many of them somebody asked for
	swept time.Time
}

// sweepEvery is how often what has ended is dropped.
const sweepEvery = time.Hour

// Add puts a revocation in force. One of the same target stays if it voids
// more; the later end counts.
func (x *Index) Add(r Revocation) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.by == nil {
		x.by = map[Target]Revocation{}
	}
	old, had := x.by[r.Target]
	if had {
		x.drop(old)
	}
	r = Merge(old, r)
	x.by[r.Target] = r
	if !r.gone() {
		x.asked++
	}
	if r.Created.Sub(x.swept) >= sweepEvery {
		x.sweep(r.Created)
	}
	x.size.Store(int64(len(x.by)))
}

// Merge is what two revocations of one target void together. The first may be
// the zero value.
func Merge(old, r Revocation) Revocation {
	if old.Before.After(r.Before) {
		r.Before = old.Before
	}
	if old.Created.After(r.Created) {
		r.Created = old.Created
	}
	return r
}

func (x *Index) sweep(now time.Time) {
	x.swept = now
	for _, r := range x.by {
		if !now.Before(r.Ends()) {
			x.drop(r)
		}
	}
}

func (x *Index) drop(r Revocation) {
	delete(x.by, r.Target)
	if !r.gone() {
		x.asked--
	}
}

// Asked is how many targets are revoked because somebody asked for it. What
// goes by itself is not counted: whoever can sign in can make guests and merge
// them, and must not use up the room for revocations by that.
func (x *Index) Asked() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.asked
}

// Len is how many targets are revoked. A nil Index has none.
func (x *Index) Len() int {
	if x == nil {
		return 0
	}
	return int(x.size.Load())
}

// Voids finds the revocation that voids something that bears the marks. A nil
// Index has none.
func (x *Index) Voids(marks ...Mark) (Revocation, bool) {
	if x.Len() == 0 {
		return Revocation{}, false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, m := range marks {
		if r, ok := x.by[m.Target]; ok && r.voids(m.At) {
			return r, true
		}
	}
	return Revocation{}, false
}
