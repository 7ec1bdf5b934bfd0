package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// What things are taken to cost, in bytes of memory. The attacks of package
// hostile show whether that is enough.
const (
	// plainCost is what a connection costs with a small request on it: buffers,
	// two stacks, headers and a body of a few KiB.
	plainCost = 32 << 10
	// tlsCost is the same over TLS, which may turn out to speak HTTP/2.
	tlsCost = 80 << 10
	// streamCost is a request of HTTP/2, of which a connection has many.
	streamCost = 24 << 10
	// bodyCost is how often a body is in memory: as it came, decoded, and while
	// the tokens in it are taken apart.
	bodyCost = 4
	// headerCost is how much memory a byte of headers makes: the worst are names
	// of three bytes without values.
	headerCost = 32
	// fieldCost is what a field of a header costs besides its text.
	fieldCost = 128
)

// Budget bounds the memory that strangers hold between them: connections, headers
// and bodies that come in. What does not fit is refused, or makes room for itself
// at the cost of whoever holds most and keeps the server waiting. An address gets
// no more than it leaves to the others, so that nobody is kept out by one; the
// addresses of IPv6 count by their network of 64 bits, which is what one customer
// has.
//
// A nil Budget refuses nothing.
type Budget struct {
	// Bytes is how much there is.
	Bytes int64
	// Connections is how many connections there may be, where descriptors are
	// scarcer than memory; 0 for no limit.
	Connections int64
	// Proxies are addresses whose connections are those of many.
	Proxies []netip.Prefix
	// Log is told now and then that there was no room; nil for nobody.
	Log *slog.Logger

	told   atomic.Int64 // when the log was told last, in Unix seconds
	turned atomic.Int64 // away, since then

	mu    sync.Mutex
	held  int64
	by    map[netip.Prefix]int64
	holds map[*hold]bool
	clock uint64
}

// hold is memory that an address has. A nil hold is of no budget, and has room for
// everything.
type hold struct {
	budget  *Budget
	network netip.Prefix
	bytes   int64
	// since is when the server began to wait for the other side, as a number that
	// grows; 0 while it does not wait.
	since uint64
	// end makes the holder give up soon.
	end func()
	// response is that of a request which holds this; nil for a connection.
	response *response
}

// response ends what a request waits for, as long as there is a request. Who holds
// too much is found by others, who may come when its handler has just returned; a
// response is over then, and that of HTTP/2 panics.
type response struct {
	control *http.ResponseController
	writes  bool // writing ends too

	mu   sync.Mutex
	over bool
}

func (r *response) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	past := time.Unix(1, 0)
	_ = r.control.SetReadDeadline(past)
	if r.writes {
		_ = r.control.SetWriteDeadline(past)
	}
}

func (r *response) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// openRequest takes memory for a request; false if there is none. It has to be
// closed before the handler returns.
func (b *Budget) openRequest(w http.ResponseWriter, addr netip.Addr, n int64, writes bool) (*hold, bool) {
	r := &response{control: http.NewResponseController(w), writes: writes}
	h, ok := b.open(addr, n, false, r.end)
	if h != nil {
		h.response = r
	}
	return h, ok
}

// open takes memory for an address; false if there is none. Whoever holds most may
// have to end for it, the address itself if yields says so.
func (b *Budget) open(addr netip.Addr, n int64, yields bool, end func()) (*hold, bool) {
	if b == nil {
		return nil, true
	}
	h := &hold{budget: b, network: awsapi.NetworkOf(addr), end: end}
	if !h.take(n, yields) {
		return nil, false
	}
	return h, true
}

// grow takes more memory; false if there is none.
func (h *hold) grow(n int64) bool { return h == nil || h.take(n, false) }

// take takes memory, and has others end until there is enough, but not many: they
// give theirs back a little later.
func (h *hold) take(n int64, yields bool) bool {
	const attempts = 8
	b := h.budget
	for range attempts {
		b.mu.Lock()
		if b.room(h.network, n) {
			b.put(h, n)
			b.mu.Unlock()
			return true
		}
		victim := b.victim(h, n, yields)
		b.mu.Unlock()
		b.full()
		if victim == nil {
			return false
		}
		victim.end()
	}
	return false
}

// full notes that there was no room, and tells the log of it now and then: one line
// for each would be an attack of its own.
func (b *Budget) full() {
	b.turned.Add(1)
	if b.Log == nil {
		return
	}
	if last, now := b.told.Load(), time.Now().Unix(); (now-last >= 10 || now < last) && b.told.CompareAndSwap(last, now) {
		b.Log.Warn("the memory that is set apart for clients is in use: connections and requests are closed or refused",
			slog.Int64("bytes", b.Bytes), slog.Int64("closed_or_refused", b.turned.Swap(0)))
	}
}

// room says whether an address may have more: it leaves as much as it has then, or
// a third of that if it stands for many.
func (b *Budget) room(network netip.Prefix, n int64) bool {
	left := b.Bytes - b.held - n
	if slices.ContainsFunc(b.Proxies, func(p netip.Prefix) bool { return p.Contains(network.Addr()) }) {
		left *= 3
	}
	return b.by[network]+n <= left
}

// put adds to what a hold has, or takes away from it.
func (b *Budget) put(h *hold, n int64) {
	if b.by == nil {
		b.by, b.holds = map[netip.Prefix]int64{}, map[*hold]bool{}
	}
	b.holds[h] = true
	h.bytes += n
	b.held += n
	if b.by[h.network] += n; b.by[h.network] == 0 {
		delete(b.by, h.network)
	}
}

// victim finds who is to end: of the address that holds most, and more than the
// asker would, the one that has kept the server waiting longest.
func (b *Budget) victim(asker *hold, n int64, yields bool) *hold {
	var found *hold
	for h := range b.holds {
		own := h.network == asker.network
		switch {
		case h.since == 0 || h == asker, own && !yields, !own && b.by[h.network] <= b.by[asker.network]+n:
		case found == nil, b.by[h.network] > b.by[found.network], b.by[h.network] == b.by[found.network] && h.since < found.since:
			found = h
		}
	}
	if found != nil {
		found.since = 0 // once is enough
	}
	return found
}

// shrink gives back what is beyond so many bytes.
func (h *hold) shrink(to int64) {
	if h == nil {
		return
	}
	h.budget.mu.Lock()
	defer h.budget.mu.Unlock()
	if h.budget.holds[h] && h.bytes > to {
		h.budget.put(h, to-h.bytes)
	}
}

// waits says whether the server waits for the other side from now on.
func (h *hold) waits(yes bool) {
	if h == nil {
		return
	}
	h.budget.mu.Lock()
	defer h.budget.mu.Unlock()
	h.since = 0
	if yes {
		h.budget.clock++
		h.since = h.budget.clock
	}
}

// close gives everything back. Closing again does nothing.
func (h *hold) close() {
	if h == nil {
		return
	}
	if h.response != nil {
		h.response.leave()
	}
	h.budget.mu.Lock()
	defer h.budget.mu.Unlock()
	if h.budget.holds[h] {
		h.budget.put(h, -h.bytes)
		delete(h.budget.holds, h)
	}
}

// NewBudget makes a budget for a process that may use so much memory: what is left
// of it beside the work itself and the garbage.
func NewBudget(memory int64) *Budget {
	const least, most, work = 16 << 20, 1 << 30, 48 << 20
	return &Budget{Bytes: min(max((memory-work)/3*2, least), most)}
}
