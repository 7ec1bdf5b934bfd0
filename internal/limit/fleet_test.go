package limit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// board is one in memory; the one in the database is tested there.
type board struct {
	notices map[[16]byte]Notice
	fail    error
}

func (b *board) Exchange(_ context.Context, own Notice, gone []Notice) (others []Notice, err error) {
	if b.fail != nil {
		return nil, b.fail
	}
	for _, n := range gone {
		if b.notices[n.Node].Number == n.Number {
			delete(b.notices, n.Node)
		}
	}
	b.notices[own.Node] = own
	for node, n := range b.notices {
		if node != own.Node {
			others = append(others, n)
		}
	}
	return others, nil
}

func (b *board) Leave(_ context.Context, node [16]byte) error {
	delete(b.notices, node)
	return b.fail
}

// rig is a fleet whose clock the test moves.
type rig struct {
	t     *testing.T
	board *board
	now   time.Time
	rate  float64
	burst int
	nodes []*node
}

type node struct {
	*Fleet
	*Keyed[string]
	off  time.Duration // its clock
	next time.Time     // when it exchanges
}

func newRig(t *testing.T, rate float64, burst, nodes int) *rig {
	r := &rig{t: t, board: &board{notices: map[[16]byte]Notice{}}, now: noon, rate: rate, burst: burst}
	for range nodes {
		r.add()
	}
	r.pass(time.Second) // they know of each other
	return r
}

func (r *rig) add() *node {
	f := NewFleet(sha256.Sum256([]byte("secret")))
	n := &node{Fleet: f, Keyed: &Keyed[string]{PerSecond: r.rate, Burst: r.burst}, next: r.now.Add(time.Duration(len(r.nodes)) * 37 * time.Millisecond)}
	Share(f, "test", n.Keyed, func(to []byte, key string) []byte { return append(to, key...) })
	r.nodes = append(r.nodes, n)
	return n
}

const step = 10 * time.Millisecond

// pass lets time pass, in which the nodes exchange what they know as Run does, and
// asks in each step for as much as want says of each node. It gives how much each got.
func (r *rig) pass(d time.Duration, want ...int) []int {
	r.t.Helper()
	got := make([]int, len(r.nodes))
	for end := r.now.Add(d); r.now.Before(end); r.now = r.now.Add(step) {
		for i, n := range r.nodes {
			if i < len(want) {
				got[i] += taken(n, "key", r.now.Add(n.off), want[i])
			}
			if since := r.now.Sub(n.next); since >= 0 || -since <= exchangeEvery-exchangeAgain && len(n.short) > 0 {
				select {
				case <-n.short:
				default:
				}
				if err := n.Exchange(context.Background(), r.board, r.now.Add(n.off)); err != nil && !errors.Is(err, r.board.fail) {
					r.t.Fatal(err)
				}
				n.next = r.now.Add(exchangeEvery)
			}
		}
	}
	return got
}

func taken(n *node, key string, now time.Time, want int) (got int) {
	for range want {
		if n.Take(key, now) {
			got++
		}
	}
	return got
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// However the calls come to the nodes, a fleet lets through what one node would: in
// the long run the rate, at once no more than half a burst and a call of each node in
// addition. These are the numbers that the documentation states.
func TestFleetKeepsTheRate(t *testing.T) {
	type kind struct {
		rate  float64
		burst int
	}
	for _, k := range []kind{{25, 1000}, {12.5, 500}, {25, 25}, {1, 1}, {10, 1}, {1.0 / 60, 20}} {
		for _, nodes := range []int{1, 3, 10} {
			even, uneven := make([]int, nodes), make([]int, nodes)
			for n := range nodes {
				even[n], uneven[n] = 3, 1
			}
			uneven[0] = 4
			for name, want := range map[string][]int{"all alike": even, "one": {8}, "most at one": uneven} {
				r := newRig(t, k.rate, k.burst, nodes)
				eager := make([]int, len(want))
				for n := range want {
					eager[n] = 10 * want[n]
				}
				atOnce := float64(sum(r.pass(time.Second, eager...)))
				if most := 1.5*float64(k.burst) + float64(nodes) + k.rate; atOnce > most {
					t.Errorf("%v a second and %d at once, %d nodes, %s: %v at once, want at most %v", k.rate, k.burst, nodes, name, atOnce, most)
				}
				// Two bursts may be owed at first.
				settled := max(20*time.Second, min(time.Minute, time.Duration(2*float64(k.burst)/k.rate*float64(time.Second))))
				r.pass(settled, want...)
				const span = 40 * time.Second
				inTheEnd, right := float64(sum(r.pass(span, want...))), k.rate*span.Seconds()
				if inTheEnd > right*1.02+float64(nodes) || k.rate >= 1 && inTheEnd < right*0.98-float64(nodes) {
					t.Errorf("%v a second and %d at once, %d nodes, %s: %v in %s, want %v", k.rate, k.burst, nodes, name, inTheEnd, span, right)
				}
			}
		}
	}
}

// Who goes from node to node gets no more than who stays.
func TestFleetFromNodeToNode(t *testing.T) {
	r := newRig(t, 25, 1000, 5)
	total, began := 0, r.now
	for n := range r.nodes {
		want := make([]int, len(r.nodes))
		want[n] = 1000
		total += sum(r.pass(time.Second, want...))
	}
	if most := 1000 + int(25*r.now.Sub(began).Seconds()); total > most+most/50 {
		t.Errorf("%d got through, want at most %d", total, most)
	}
}

// A fleet of one is as if it were none.
func TestFleetOfOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.SampledFrom([]float64{0.5, 4, 100}).Draw(t, "rate"), rapid.IntRange(1, 9).Draw(t, "burst")
		alone := &Keyed[string]{PerSecond: rate, Burst: burst}
		r := &rig{board: &board{notices: map[[16]byte]Notice{}}, now: noon, rate: rate, burst: burst}
		n := r.add()
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"); rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				r.now = r.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "passes")) * time.Millisecond)
			case 1:
				if err := n.Exchange(t.Context(), r.board, r.now); err != nil {
					t.Fatal(err)
				}
			case 2:
				alone.Owe(key, r.now)
				n.Owe(key, r.now)
			default:
				if want, got := alone.Take(key, r.now), n.Take(key, r.now); got != want {
					t.Fatalf("%s: %v, want %v", key, got, want)
				}
			}
		}
	})
}

// A node that starts knows what the others have let through, and one that goes away,
// or falls silent, leaves its share to them. Clocks that differ do not matter.
func TestFleetChanges(t *testing.T) {
	r := newRig(t, 1, 600, 2)
	r.nodes[1].off = -time.Hour
	if got := sum(r.pass(time.Second, 100, 100)); got < 600 || got > 910 {
		t.Fatalf("%d got through at once", got)
	}
	late := r.add()
	late.off = time.Hour
	if err := late.Exchange(t.Context(), r.board, r.now.Add(late.off)); err != nil {
		t.Fatal(err)
	}
	if got := sum(r.pass(time.Second, 0, 0, 100)); got > 1 {
		t.Errorf("a node that has just started lets %d through", got)
	}
	r.pass(time.Minute)
	for _, n := range r.nodes {
		if got := n.Nodes(); got != 3 {
			t.Errorf("a node sees %d nodes, want 3", got)
		}
	}
	if err := r.board.Leave(t.Context(), late.node); err != nil {
		t.Fatal(err)
	}
	silenced := r.nodes[1]
	r.nodes = r.nodes[:1]
	r.pass(time.Second)
	if got := r.nodes[0].Nodes(); got != 2 {
		t.Errorf("%d nodes after one has left, want 2", got)
	}
	r.pass(silent)
	if got := r.nodes[0].Nodes(); got != 1 {
		t.Errorf("%d nodes after another has fallen silent, want 1", got)
	}
	r.pass(forgotten)
	if _, there := r.board.notices[silenced.node]; there || len(r.nodes[0].peers) > 0 {
		t.Error("the notice of a node that is gone stays for ever")
	}
}

// A node that hears nothing keeps to its share, and pays for what the others did
// meanwhile no more than they owe.
func TestFleetApart(t *testing.T) {
	r := newRig(t, 10, 100, 2)
	r.pass(20*time.Second, 5, 5)
	apart := r.nodes[1]
	r.nodes = r.nodes[:1]
	if got := taken(apart, "key", r.now, 1000); got > 5 {
		t.Errorf("%d got through at the node that hears nothing", got)
	}
	r.pass(time.Minute, 5)
	apart.next = r.now
	r.nodes = append(r.nodes, apart)
	r.pass(30*time.Second, 5, 5)
	if got := sum(r.pass(20*time.Second, 5, 5)); got < 196 || got > 204 {
		t.Errorf("%d got through in 20 s after a minute apart, want 200", got)
	}

	r.board.fail = errors.New("no database")
	if got := sum(r.pass(10*time.Second, 5, 5)); got > 105 {
		t.Errorf("%d got through in 10 s without a board, want 100", got)
	}
}

// Strangers' keys take a bounded room, in the nodes and on the board.
func TestFleetIsBounded(t *testing.T) {
	r := newRig(t, 0.001, 8, 2)
	for i := range 20 * mostShared {
		taken(r.nodes[0], fmt.Sprint(i), r.now, 8)
	}
	r.pass(time.Second)
	for _, n := range r.board.notices {
		if len(n.Body) > mostShared*40 {
			t.Errorf("a notice has %d bytes", len(n.Body))
		}
	}
	for i, n := range r.nodes {
		if got := len(n.shared); got > mostShared {
			t.Errorf("node %d tells of %d keys", i, got)
		}
	}
	if got := r.nodes[1].Len(); got != mostShared {
		t.Errorf("the other node has heard of %d keys, want %d", got, mostShared)
	}
	r.nodes[1].Keys = 100
	for i := range 1000 {
		taken(r.nodes[1], fmt.Sprint("another ", i), r.now, 8)
	}
	if got := len(r.nodes[1].shared); got > r.nodes[1].Len() {
		t.Errorf("%d keys are shared, of %d", got, r.nodes[1].Len())
	}
}

// What cannot be read says nothing, whatever it is.
func FuzzNotice(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 3})
	f.Add(appendUses([]byte{formatVersion}, 7, []use{{1, 2, 3, time.Second}, {math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxInt64}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &rig{board: &board{notices: map[[16]byte]Notice{{1}: {Node: [16]byte{1}, Number: 5, Body: body}}}, now: noon, rate: 1, burst: 2}
		n := r.add()
		for range 2 {
			if err := n.Exchange(t.Context(), r.board, r.now); err != nil && !errors.Is(err, errNotice) {
				t.Fatal(err)
			}
			r.board.notices[[16]byte{1}] = Notice{Node: [16]byte{1}, Number: 6, Body: body}
		}
		if all, err := readUses(body); err == nil && len(body) > 0 && body[0] == formatVersion {
			again := []byte{formatVersion}
			for id, uses := range all {
				for _, u := range uses {
					again = appendUses(again, id, []use{u})
				}
			}
			if _, err := readUses(again); err != nil {
				t.Error("what was read cannot be written and read again")
			}
		}
		if !n.Take("mine", r.now) {
			t.Error("a key that nobody knows is refused")
		}
	})
}
