package revocation

import (
	"hash/maphash"
	"math"
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
	all   entry // that of Everything, which every mark is judged by
	swept time.Time
}

// key stands for a target. With 128 bits of hashes whose seeds nobody knows, no
// two targets share one.
type key [2]uint64

// entry is a revocation without its target.
type entry struct {
	change              int64
	before, asked, ends seconds
}

// seconds are those since 1970, in few bytes. Times that do not fit are the
// nearest that do, in 1970 and in 2106.
type seconds uint32

func secondsOf(t time.Time) seconds {
	return seconds(min(max(t.Unix(), 0), math.MaxUint32))
}

// sweepEvery is how often what has ended is dropped.
const sweepEvery = time.Hour

// Add puts a revocation in force. Of the same target both hold; the later end
// counts.
func (x *Index) Add(r Revocation) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.by == nil {
		x.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
		x.by = map[key]entry{}
	}
	k := x.key(r.Target)
	e := x.by[k]
	e.change = max(e.change, r.Change)
	e.before, e.asked = max(e.before, secondsOf(r.Before)), max(e.asked, secondsOf(r.Asked))
	e.ends = max(e.ends, secondsOf(r.Ends().Add(time.Second-1))) // rounded up
	x.by[k] = e
	if r.Kind == Everything {
		x.all = e
	}
	if r.Created.Sub(x.swept) >= sweepEvery {
		x.sweep(r.Created)
	}
	x.size.Store(int64(len(x.by)))
}

func (x *Index) key(t Target) key {
	return key{maphash.Comparable(x.seeds[0], t), maphash.Comparable(x.seeds[1], t)}
}

func (x *Index) sweep(now time.Time) {
	x.swept = now
	for k, e := range x.by {
		if e.ends <= secondsOf(now) {
			delete(x.by, k)
		}
	}
	if x.all.ends <= secondsOf(now) {
		x.all = entry{}
	}
}

// Len is how many targets are revoked. A nil Index has none.
func (x *Index) Len() int {
	if x == nil {
		return 0
	}
	return int(x.size.Load())
}

// Voids finds out whether something that bears the marks is void, and why. A nil
// Index voids nothing.
func (x *Index) Voids(marks ...Mark) (Void, bool) {
	if x.Len() == 0 {
		return Void{}, false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, m := range marks {
		if x.all.ends > 0 && x.all.voids(m) {
			return Void{By: Everything, Before: x.all.before.time()}, true
		}
		if e, ok := x.by[x.key(m.Target)]; ok && e.voids(m) {
			return Void{By: m.Kind, Before: e.before.time()}, true
		}
	}
	return Void{}, false
}

// voids says whether what bears a mark is void. What has a number is judged by it,
// and by the time that somebody asked for; what has none, by the time alone.
func (e entry) voids(m Mark) bool {
	if m.Change == 0 {
		return secondsOf(m.At) <= e.before
	}
	return m.Change < e.change || e.asked > 0 && secondsOf(m.At) <= e.asked
}

func (s seconds) time() time.Time { return time.Unix(int64(s), 0) }
