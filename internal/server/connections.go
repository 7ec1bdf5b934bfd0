package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// freeHeader is how much of a header comes with the price of the connection.
const freeHeader = 4 << 10

// Bound bounds what the connections of an HTTP server can hold, and gives the
// listener to serve, of the one that it is given: below TLS where that is secure.
// So many files may be open, 0 for any number.
func (s *Server) Bound(h *http.Server, l net.Listener, secure bool, files int64) net.Listener {
	h.HTTP2 = http2Config()
	if s.Budget == nil {
		return l
	}
	s.Budget.Connections = files / 4 * 3 // the others are the database's, and of calls to login providers
	h.ConnState, h.ConnContext = s.Budget.State, s.Budget.Context
	return s.Budget.Listen(l, secure)
}

// Listen bounds the connections of a listener. Those that wait for their first
// request or for the next, or have sent part of one, are closed when others need
// their room. The server must tell of its connections by State and Context.
func (b *Budget) Listen(l net.Listener, secure bool) net.Listener {
	cost := int64(plainCost)
	if secure {
		cost = tlsCost
	}
	if b.Connections > 0 {
		cost = max(cost, b.Bytes/b.Connections)
	}
	return &listener{l, b, cost}
}

type listener struct {
	net.Listener
	budget *Budget
	cost   int64
}

// Accept waits for a connection that there is room for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		k := &conn{Conn: c, cost: l.cost}
		k.counts.Store(true)
		addr, _ := netip.ParseAddrPort(c.RemoteAddr().String())
		h, ok := l.budget.open(addr.Addr(), l.cost, true, func() { _ = k.Close() })
		if !ok {
			_ = c.Close()
			continue
		}
		k.hold = h
		h.waits(true)
		return k, nil
	}
}

// conn is a connection within the budget.
type conn struct {
	net.Conn
	hold *hold
	cost int64
	// counts says that what is read is a header that is not whole yet, and read how
	// much of it there is.
	counts atomic.Bool
	read   atomic.Int64
}

// Read reads, and pays for long headers as they come in.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.counts.Load() {
		if more := min(c.read.Add(int64(n))-freeHeader, int64(n)); more > 0 && !c.hold.grow(more*headerCost) {
			_ = c.Close() // an error alone would be answered
			return 0, net.ErrClosed
		}
	}
	return n, err
}

// Close closes the connection and gives its memory back.
func (c *conn) Close() error {
	c.hold.close()
	return c.Conn.Close()
}

// State is the server's ConnState.
func (b *Budget) State(nc net.Conn, state http.ConnState) {
	c := connOf(nc)
	if c == nil {
		return
	}
	switch state {
	case http.StateActive:
		c.counts.Store(false)
		c.hold.waits(false)
	case http.StateIdle:
		c.read.Store(0)
		c.counts.Store(true)
		c.hold.shrink(c.cost)
		c.hold.waits(true)
	}
}

// connOf finds the connection below TLS.
func connOf(nc net.Conn) *conn {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	c, _ := nc.(*conn)
	return c
}

// holdKey is the key of a context under which a request finds the hold that it
// keeps up while it waits for its body: its connection's, or its own where a
// connection has many.
type holdKey struct{}

// Context is the server's ConnContext.
func (b *Budget) Context(ctx context.Context, nc net.Conn) context.Context {
	if c := connOf(nc); c != nil {
		return context.WithValue(ctx, holdKey{}, c.hold)
	}
	return ctx
}

func holdOf(r *http.Request) *hold {
	h, _ := r.Context().Value(holdKey{}).(*hold)
	return h
}

// http2Config keeps what one connection can have under way small.
func http2Config() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          64,
		MaxReadFrameSize:              16 << 10,
		MaxReceiveBufferPerConnection: 64 << 10,
		MaxReceiveBufferPerStream:     32 << 10,
		MaxDecoderHeaderTableSize:     4 << 10,
		MaxEncoderHeaderTableSize:     4 << 10,
		WriteByteTimeout:              10 * time.Second,
		SendPingTimeout:               30 * time.Second,
		PingTimeout:                   10 * time.Second,
	}
}

// enter takes what a request of HTTP/2 costs; of HTTP/1 its connection has paid.
// The function that it gives returns that, once the answer has gone out: a client
// that takes no byte of its answer keeps the server waiting. The request is nil if
// there is no room for it.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) (*http.Request, func()) {
	if s.Budget == nil || r.ProtoMajor < 2 {
		return r, func() {}
	}
	cost := int64(streamCost)
	for name, values := range r.Header {
		for _, v := range values {
			cost += int64(len(name) + len(v) + fieldCost)
		}
	}
	h, ok := s.Budget.openRequest(w, s.client(r), cost, true)
	if !ok {
		return nil, nil
	}
	return r.WithContext(context.WithValue(r.Context(), holdKey{}, h)), func() {
		h.waits(true)
		_ = http.NewResponseController(w).Flush()
		h.close()
	}
}

// client is whose memory a request takes.
func (s *Server) client(r *http.Request) netip.Addr {
	ip, err := s.sourceIP(r)
	if a, bad := netip.ParseAddr(ip); err == nil && bad == nil {
		return a
	}
	a, _ := s.peer(r) // the event says what is wrong with the other
	return a
}
