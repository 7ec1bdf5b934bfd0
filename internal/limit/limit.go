// Package limit is what strangers cannot exceed: the one rate limiter there is
// ([Keyed]: a budget for each key, of a pool, an address, a login or an operation)
// and the one memory of what was of use lately ([Recent]).
//
// In the rate limiter each key has a bucket of Burst tokens that fills up at PerSecond. A bucket is
// kept as one moment, when it will be full again (the generic cell rate
// algorithm of ITU-T I.371), so a key that was not heard of for a while is as
// good as one that was never heard of, and need not be kept. Where more keys
// have spent something than there is room for, the one that is nearest to a full
// bucket is forgotten: too much is let through then, never too little, and what
// stands behind must bear that.
package limit

import (
	"hash/maphash"
	"sync"
	"time"
)

// Keyed limits how often something happens, key by key. Its fields are set
// before it is used and it may be used by several goroutines. A nil Keyed limits
// nothing.
type Keyed[K comparable] struct {
	// PerSecond is how often it may happen in the long run.
	PerSecond float64
	// Burst is how often it may happen at once.
	Burst int
	// Keys is how many keys are kept; zero means 65,536, some 2 MB.
	Keys int

	mu   sync.Mutex
	seed maphash.Seed
	full map[uint64]int64 // when the bucket of a key, by its hash, is full again: nanoseconds since 1970

	// In a fleet, see Share.
	fleet  *Fleet
	stable func(K) uint64     // the hash of a key, the same at every node
	shared map[uint64]*shared // the keys that the others are told of
}

// defaultKeys is how many keys are kept where nobody says.
const defaultKeys = 1 << 16

// sample is how many keys are looked at to find one to forget.
const sample = 8

// Take takes a token of the key, if there is one.
func (l *Keyed[K]) Take(key K, now time.Time) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hash(key)
	if !l.has(h, now) {
		return false
	}
	l.spend(h, now)
	return true
}

// Has says whether Take would succeed.
func (l *Keyed[K]) Has(key K, now time.Time) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has(l.hash(key), now)
}

// Owe takes a token for what has happened already. What is not there is owed, up
// to one more burst: those who were let in at the same time pay for each other
// later.
func (l *Keyed[K]) Owe(key K, now time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spend(l.hash(key), now)
}

// Forget gives the key a full bucket.
func (l *Keyed[K]) Forget(key K) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.hash(key))
}

// hash stands for a key. The seed is nobody's to know, so nobody can choose keys
// that share a bucket.
func (l *Keyed[K]) hash(key K) uint64 {
	if l.stable != nil {
		return l.stable(key)
	}
	if l.full == nil {
		l.seed, l.full = maphash.MakeSeed(), map[uint64]int64{}
	}
	return maphash.Comparable(l.seed, key)
}

// longest bounds what a bucket can owe, whatever the rate.
const longest = 100 * 365 * 24 * time.Hour

// each is how long a bucket takes for one token, in nanoseconds.
func (l *Keyed[K]) each() int64 {
	return int64(min(float64(time.Second)/l.PerSecond, float64(longest)/float64(2*(l.Burst+maxNodes))))
}

// most is the latest that a bucket can be full, a burst being owed. In a fleet, that is
// enough for what each node lets through before it hears of the others.
func (l *Keyed[K]) most(now time.Time) int64 {
	owed := int64(l.Burst)
	if l.fleet != nil {
		if n := l.fleet.Nodes(); n > 1 {
			owed = max(owed, 2*n)
		}
	}
	return now.UnixNano() + (int64(l.Burst)+owed)*l.each()
}

// setBack is by how much a bucket must owe more than it can for it to be known that the
// clock was set back: those who ask at the same time do not have quite the same one.
const setBack = int64(time.Minute)

// at is when a bucket will be full. What it owed before the clock was set back is not
// known: it may have been nothing.
func (l *Keyed[K]) at(h uint64, now time.Time) int64 {
	at, known := l.full[h]
	if most := l.most(now); known && at > most {
		if at-most > setBack {
			most = now.UnixNano()
		}
		at, l.full[h] = most, most
	}
	return max(at, now.UnixNano())
}

func (l *Keyed[K]) has(h uint64, now time.Time) bool {
	if l.at(h, now)+l.each() <= now.UnixNano()+int64(l.Burst)*l.each() {
		return true
	}
	if l.fleet != nil {
		l.lacks(h)
	}
	return false
}

func (l *Keyed[K]) spend(h uint64, now time.Time) {
	at := l.at(h, now)
	if _, known := l.full[h]; !known {
		l.makeRoom(now)
	}
	l.full[h] = min(at+l.each(), l.most(now))
	if l.fleet != nil {
		l.share(h, now)
	}
}

// makeRoom forgets keys where there are too many, those whose bucket is full
// first.
func (l *Keyed[K]) makeRoom(now time.Time) {
	most := l.Keys
	if most == 0 {
		most = defaultKeys
	}
	if len(l.full) < most {
		return
	}
	var nearest uint64
	var at int64
	seen := 0
	for h, full := range l.full { // begins somewhere else each time
		if full <= now.UnixNano() {
			l.drop(h)
		}
		if seen == 0 || full < at {
			nearest, at = h, full
		}
		if seen++; seen == sample {
			break
		}
	}
	l.drop(nearest)
}

// Len is how many keys are kept.
func (l *Keyed[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.full)
}
