package limit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// A Fleet shares limiters between nodes: all nodes together let through about what
// one would. Nobody waits for that. Every node writes down, for all to read, how often
// it has let each key through ([Board]), and takes what the others have let through
// from its own buckets. In between it acts as if each of the others had let
// through as much as itself, which is to say that it takes its share of what is left.
//
// So the long run has the rate that is set. At once, more than a burst may get
// through: of keys that were hardly used each node tells nothing, which is a fourth of a
// burst for all nodes together, and a node hears late, by one exchange, of what others
// let through that do not do as it does. What is let through too much is owed
// and missing later. Less than the rate gets through where a burst is short beside
// the time between exchanges, the nodes are many, and one of them has all to do.
//
// A fleet of one is as if it were none. A nil Fleet shares nothing.
type Fleet struct {
	secret [sha256.Size]byte
	node   [16]byte

	size   atomic.Int64 // the nodes, this one among them
	births atomic.Uint64
	spent  chan struct{} // something was let through
	short  chan struct{} // something was refused that might be let through

	mu       sync.Mutex
	limiters map[uint32]sharing

	exchange sync.Mutex // for what follows, and held for as long as an exchange takes
	number   int64
	read     time.Time
	peers    map[[16]byte]*peer
}

const (
	// exchangeEvery is how long a node that has let something through waits until it
	// tells the others, and exchangeAgain is how long if it has refused something that it
	// might let through.
	exchangeEvery = 250 * time.Millisecond
	exchangeAgain = 100 * time.Millisecond
	// beat is how often a node tells the others that it is there.
	beat = 5 * time.Second
	// silent is after how long a node that tells nothing new is none. Who has not heard
	// the others for so long believes what they say of their buckets.
	silent = 15 * time.Second
	// forgotten is after how long what it told is removed.
	forgotten = 10 * time.Minute
	// maxNodes is how many nodes count.
	maxNodes = 1000
	// mostShared is how many keys of a limiter a node tells of.
	mostShared = 1024
)

// Board is where the nodes of a fleet write for each other.
type Board interface {
	// Exchange puts a node's notice in the place of its last one, removes those of nodes
	// that are gone unless they have changed, and gives those of the others.
	Exchange(ctx context.Context, own Notice, gone []Notice) (others []Notice, err error)
	// Leave removes the notice of a node.
	Leave(ctx context.Context, node [16]byte) error
}

// Notice is what a node says.
type Notice struct {
	Node [16]byte
	// Number is another one each time.
	Number int64
	Body   []byte
}

// sharing is a limiter in a fleet.
type sharing interface {
	uses(now time.Time) []use
	learn(now time.Time, others []use, fresh bool)
}

// use is what a node has let through of a key.
type use struct {
	key   uint64
	birth uint64        // of the count: another one has another birth
	count uint64        // how often it was let through
	owed  time.Duration // until the bucket is full, as the node sees it
}

// peer is another node.
type peer struct {
	number int64
	heard  time.Time // when it last said something new
	counts map[uint32]map[uint64]use
}

// NewFleet is a fleet of one so far. The secret is the fleet's, and nobody else's to
// know, who might choose keys that share a bucket.
func NewFleet(secret [sha256.Size]byte) *Fleet {
	f := &Fleet{
		secret: secret, spent: make(chan struct{}, 1), short: make(chan struct{}, 1),
		limiters: map[uint32]sharing{}, peers: map[[16]byte]*peer{},
	}
	rand.Read(f.node[:])
	f.size.Store(1)
	return f
}

// Share makes a limiter one of the fleet's, before it is used. Its name is the same
// at every node and no other limiter's, and so is the text of a key, which is
// appended to what is given.
func Share[K comparable](f *Fleet, name string, l *Keyed[K], text func(to []byte, key K) []byte) {
	if f == nil || l == nil {
		return
	}
	sum := sha256.Sum256([]byte(name))
	id := binary.BigEndian.Uint32(sum[:])
	l.fleet, l.full, l.shared = f, map[uint64]int64{}, map[uint64]*shared{}
	l.stable = func(key K) uint64 {
		var room [256]byte
		b := append(room[:0], f.secret[:]...)
		b = append(b, sum[:]...)
		sum := sha256.Sum256(text(b, key))
		return binary.BigEndian.Uint64(sum[:])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limiters[id] != nil {
		panic("limit: a fleet has two limiters " + name)
	}
	f.limiters[id] = l
}

// Node is the name of this node in notices.
func (f *Fleet) Node() [16]byte { return f.node }

// Gone are the nodes that say nothing any more, with the numbers of their last notices.
func (f *Fleet) Gone(now time.Time) map[[16]byte]int64 {
	f.exchange.Lock()
	defer f.exchange.Unlock()
	gone := map[[16]byte]int64{}
	for node, p := range f.peers {
		if now.Sub(p.heard) > silent {
			gone[node] = p.number
		}
	}
	return gone
}

// Nodes is how many nodes there are, as far as this one knows.
func (f *Fleet) Nodes() int64 { return f.size.Load() }

// signal lets a channel know, which need not be told twice.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run exchanges notices until ctx ends. It tells failed what goes wrong, once, and nil when
// it works again, and goes on meanwhile: a node that hears nothing keeps to its share.
func (f *Fleet) Run(ctx context.Context, board Board, now func() time.Time, failed func(error)) {
	failing := false
	for ctx.Err() == nil {
		began := time.Now()
		if err := f.Exchange(ctx, board, now()); (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			failed(err)
		}
		f.wait(ctx, began)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := board.Leave(ctx, f.node); err != nil {
		failed(err)
	}
}

// wait waits until it is time for the next exchange.
func (f *Fleet) wait(ctx context.Context, began time.Time) {
	until := time.NewTimer(beat)
	defer until.Stop()
	for {
		var after time.Duration
		select {
		case <-ctx.Done():
			return
		case <-until.C:
			return
		case <-f.spent:
			after = exchangeEvery
		case <-f.short:
			after = exchangeAgain
		}
		until.Reset(min(time.Until(began.Add(after)), time.Until(began.Add(beat))))
		if after == exchangeAgain {
			select {
			case <-ctx.Done():
			case <-until.C:
			}
			return
		}
	}
}

// Exchange tells the other nodes what this one has let through, and learns what they
// have.
func (f *Fleet) Exchange(ctx context.Context, board Board, now time.Time) error {
	f.exchange.Lock()
	defer f.exchange.Unlock()
	f.mu.Lock()
	limiters := maps.Clone(f.limiters)
	f.mu.Unlock()
	f.number++
	own := Notice{Node: f.node, Number: f.number, Body: told(limiters, now)}
	var gone []Notice
	for node, p := range f.peers {
		if now.Sub(p.heard) > forgotten {
			gone = append(gone, Notice{Node: node, Number: p.number})
		}
	}
	others, err := board.Exchange(ctx, own, gone)
	if err != nil {
		return err
	}
	return f.hear(now, limiters, others)
}

// told is what this node says.
func told(limiters map[uint32]sharing, now time.Time) []byte {
	body := []byte{formatVersion}
	for id, l := range limiters {
		if uses := l.uses(now); len(uses) > 0 {
			body = appendUses(body, id, uses)
		}
	}
	return body
}

// hear takes in what the others say.
func (f *Fleet) hear(now time.Time, limiters map[uint32]sharing, others []Notice) error {
	fresh := now.Sub(f.read) > silent || now.Before(f.read)
	peers, heard := map[[16]byte]*peer{}, map[uint32][]use{}
	var unread error
	alive := int64(1)
	for _, n := range others {
		p := f.peers[n.Node]
		if p == nil {
			p = &peer{number: n.Number - 1}
		}
		if p.number != n.Number || now.Before(p.heard) {
			counts, err := readUses(n.Body)
			unread = errors.Join(unread, err)
			for id, uses := range counts {
				for key, u := range uses {
					before := p.counts[id][key]
					if !fresh && before.birth == u.birth {
						u.count -= min(u.count, before.count)
					}
					heard[id] = append(heard[id], use{key, u.birth, u.count, u.owed})
				}
			}
			p = &peer{n.Number, now, counts}
		}
		peers[n.Node] = p
		if now.Sub(p.heard) <= silent {
			alive++
		}
	}
	for id, l := range limiters {
		l.learn(now, heard[id], fresh)
	}
	f.peers, f.read = peers, now
	f.size.Store(min(alive, maxNodes))
	return unread
}

// A notice is a byte that says which form it has, and then for each limiter its
// number, how many keys follow, and of each the key, birth, count and how long it owes,
// in milliseconds.
const formatVersion = 1

// longestOwed is the longest time that is believed.
const longestOwed = 24 * time.Hour

func appendUses(to []byte, id uint32, uses []use) []byte {
	to = binary.BigEndian.AppendUint32(to, id)
	to = binary.AppendUvarint(to, uint64(len(uses)))
	for _, u := range uses {
		to = binary.BigEndian.AppendUint64(to, u.key)
		to = binary.AppendUvarint(to, u.birth)
		to = binary.AppendUvarint(to, u.count)
		to = binary.AppendUvarint(to, uint64(min(u.owed, longestOwed)/time.Millisecond))
	}
	return to
}

var errNotice = errors.New("limit: another node left a notice that cannot be read")

// readUses reads a notice. One of a form that is not known says nothing: there may be
// a newer version of daypass that writes it.
func readUses(body []byte) (map[uint32]map[uint64]use, error) {
	if len(body) == 0 || body[0] != formatVersion {
		return nil, nil
	}
	r := reader{rest: body[1:]}
	all := map[uint32]map[uint64]use{}
	for len(r.rest) > 0 {
		id, n := uint32(r.fixed(4)), r.varint()
		if n > mostShared {
			return nil, errNotice
		}
		uses := make(map[uint64]use, n)
		for range n {
			u := use{key: r.fixed(8), birth: r.varint(), count: r.varint()}
			u.owed = time.Duration(min(r.varint(), uint64(longestOwed/time.Millisecond))) * time.Millisecond
			uses[u.key] = u
		}
		if r.short {
			return nil, errNotice
		}
		all[id] = uses
	}
	return all, nil
}

// reader reads numbers. After the end it gives zeros.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) fixed(size int) (v uint64) {
	if len(r.rest) < size {
		r.rest, r.short = nil, true
		return 0
	}
	for _, b := range r.rest[:size] {
		v = v<<8 | uint64(b)
	}
	r.rest = r.rest[size:]
	return v
}

func (r *reader) varint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.short = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// shared is a key that a node tells of.
type shared struct {
	birth uint64
	count uint64
	told  uint64 // the count that was told last
	// guess is what the others are thought to have let through, in nanoseconds of the
	// bucket, and asked that part of it which will be known after this exchange.
	guess, asked int64
}

// share counts what was let through of a key, once that is enough to tell of, and takes
// from the bucket what the others are thought to have let through.
func (l *Keyed[K]) share(h uint64, now time.Time) {
	n, s, let := l.fleet.Nodes(), l.shared[h], uint64(1)
	if s == nil {
		let = uint64(max(1, (l.full[h]-now.UnixNano()+l.each()-1)/l.each()))
		if float64(let)*4*float64(n) < float64(l.Burst) || len(l.shared) >= mostShared {
			return
		}
		s = &shared{birth: l.fleet.births.Add(1)}
		l.shared[h] = s
	}
	s.count += let
	was := l.full[h]
	l.full[h] = max(was, min(was+int64(let)*(n-1)*l.each(), l.most(now)))
	s.guess += l.full[h] - was
	signal(l.fleet.spent)
}

// lacks hears that there is nothing left of a key. If others are thought to have it,
// it is time to ask them.
func (l *Keyed[K]) lacks(h uint64) {
	if s := l.shared[h]; s != nil && s.guess > 0 {
		signal(l.fleet.short)
	}
}

// uses implements sharing. A key whose bucket is full is not told of, unless what was
// let through was not told yet.
func (l *Keyed[K]) uses(now time.Time) []use {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]use, 0, len(l.shared))
	for h, s := range l.shared {
		owed := time.Duration(l.full[h] - s.guess - now.UnixNano())
		if owed <= 0 && s.told == s.count {
			l.drop(h)
			continue
		}
		s.told, s.asked = s.count, s.guess
		list = append(list, use{h, s.birth, s.count, max(0, owed)})
	}
	return list
}

// learn implements sharing: what the others have let through takes the place of the
// guess. Who has just come, or has heard nothing for long, believes what they say of
// their buckets.
func (l *Keyed[K]) learn(now time.Time, others []use, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h, s := range l.shared {
		l.full[h] -= s.asked
		s.guess, s.asked = s.guess-s.asked, 0
	}
	for _, u := range others {
		at := l.at(u.key, now)
		if _, known := l.full[u.key]; !known {
			l.makeRoom(now)
		}
		if fresh {
			at = max(at, now.Add(u.owed).UnixNano())
		} else {
			at += int64(min(float64(u.count)*float64(l.each()), float64(longest)))
		}
		l.full[u.key] = min(at, l.most(now))
	}
}

// drop forgets a key.
func (l *Keyed[K]) drop(h uint64) {
	delete(l.full, h)
	delete(l.shared, h)
}
