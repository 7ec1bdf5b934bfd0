package revocation

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Index holds the revocations that are in force, each in some 70 bytes however
// long its target's name is: by a hash of the target. The zero value has none.
// It may be used by several goroutines.
type Index struct {
	size  atomic.Int64 // so that asking costs nothing where nothing is revoked
	mu    sync.RWMutex
	seeds [2]maphash.Seed
	by    map[key]entry
	swept time.Time
}

// key stands for a target. With 128 bits of hashes whose seeds nobody knows, no
// two targets share one.
type key [2]uint64

// entry is a revocation without its target: the seconds since 1970 up to which
// what was issued is void, and those from which on it is forgotten.
type entry struct{ before, ends int64 }

// sweepEvery is how often what has ended is dropped.
const sweepEvery = time.Hour

// Add puts a revocation in force. One of the same target stays if it voids
// more; the later end counts.
func (x *Index) Add(r Revocation) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.by == nil {
		x.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
		x.by = map[key]entry{}
	}
	k := x.key(r.Target)
	old := x.by[k]
	ends := r.Ends().Add(time.Second - 1).Unix() // rounded up
	x.by[k] = entry{before: max(old.before, r.Before.Unix()), ends: max(old.ends, ends)}
	if r.Created.Sub(x.swept) >= sweepEvery {
		x.sweep(r.Created)
	}
	x.size.Store(int64(len(x.by)))
}

func (x *Index) key(t Target) key {
	return key{maphash.Comparable(x.seeds[0], t), maphash.Comparable(x.seeds[1], t)}
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
	for k, e := range x.by {
		if e.ends <= now.Unix() {
			delete(x.by, k)
		}
	}
}

// Len is how many targets are revoked. A nil Index has none.
func (x *Index) Len() int {
	if x == nil {
		return 0
	}
	return int(x.size.Load())
}

// Voids finds out whether something that bears the marks is void, and up to
// which moment what stems from the revoked target is. A nil Index voids nothing.
func (x *Index) Voids(marks ...Mark) (before time.Time, void bool) {
	if x.Len() == 0 {
		return time.Time{}, false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, m := range marks {
		if e, ok := x.by[x.key(m.Target)]; ok && m.At.Unix() <= e.before {
			return time.Unix(e.before, 0), true
		}
	}
	return time.Time{}, false
}
