package pgtest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between clients and a server, on a port of its own. It begins by
// passing everything. It understands the conversation, and declines to
// have it encrypted: it knows which statement is sent, and when it is answered.
type Proxy struct {
	addr string

	mu         sync.Mutex
	target     string
	listener   net.Listener // nil: it refuses
	links      map[*link]bool
	stalled    chan struct{} // closed: bytes pass
	delay      time.Duration
	hook       func(Moment) Fault
	roundTrips int64
	statements int64
	cancels    int64
	wg         sync.WaitGroup
}

// A Moment is a point of the conversation at which a test may act.
type Moment struct {
	// SQL is the text of the statement, as it was prepared or sent.
	SQL string
	// Answered says that the server has carried the statement out and that its answer
	// has come as far as the proxy; else the statement has come so far, and the server
	// knows nothing of it.
	Answered bool
}

// A Fault is what a proxy does at a moment.
type Fault int

const (
	Pass Fault = iota
	// Stall passes nothing any more, in both directions of this connection, and keeps
	// it open.
	Stall
	// Cut passes the first half of the message, and then nothing any more, as Stall.
	Cut
	// Reset resets the connection, to both sides.
	Reset
)

// NewProxy makes a proxy before the server at an address.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{target: target, links: map[*link]bool{}, stalled: make(chan struct{})}
	close(p.stalled)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	p.listen(l)
	t.Cleanup(func() {
		p.Refuse()
		p.wg.Wait()
	})
	return p
}

// Proxied makes an empty database for a test, and a proxy before its server. It gives the
// URL of the database, and that of the same one through the proxy.
func Proxied(t testing.TB) (direct string, p *Proxy, through string) {
	t.Helper()
	direct = Database(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	p = NewProxy(t, u.Host)
	u.Host = p.Addr()
	return direct, p, u.String()
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.addr }

// To has new connections go to another server.
func (p *Proxy) To(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Delay has every message of both directions wait.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// At has the proxy ask, at each moment, what to do. The function is called by the
// goroutines of the connections; nil asks nobody any more.
func (p *Proxy) At(hook func(Moment) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// StallAll stops the bytes of all connections, those to come too, until Resume.
func (p *Proxy) StallAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stalled:
		p.stalled = make(chan struct{})
	default:
	}
}

// ResetAll resets the connections that there are.
func (p *Proxy) ResetAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

// Refuse resets the connections that there are, and refuses new ones until Resume.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	l := p.listener
	p.listener = nil
	p.mu.Unlock()
	if l != nil {
		_ = l.Close()
	}
	p.ResetAll()
}

// Resume has the proxy pass everything, as in the beginning. What was stalled
// at a moment stays so.
func (p *Proxy) Resume(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.hook = 0, nil
	select {
	case <-p.stalled:
	default:
		close(p.stalled)
	}
	if p.listener == nil {
		l, err := net.Listen("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		p.listen(l)
	}
}

// RoundTrips is how often a client has spoken and waited for the answer, without the
// beginnings of connections.
func (p *Proxy) RoundTrips() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roundTrips
}

// Statements is how many statements were run.
func (p *Proxy) Statements() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.statements
}

// Cancels is how many requests to cancel a statement were sent.
func (p *Proxy) Cancels() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cancels
}

// listen accepts connections until the listener is closed.
func (p *Proxy) listen(l net.Listener) {
	p.listener = l
	p.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(l, client.(*net.TCPConn)) })
		}
	})
}

// serve joins a client with the server.
func (p *Proxy) serve(from net.Listener, client *net.TCPConn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	c, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	l := &link{proxy: p, client: client, server: c.(*net.TCPConn), ended: make(chan struct{}), prepared: map[string]string{}, portals: map[string]string{}}
	p.mu.Lock()
	if p.listener != from { // refused meanwhile
		l.reset()
	}
	p.links[l] = true
	p.mu.Unlock()
	p.wg.Go(func() { l.end(l.fromServer()) })
	l.end(l.fromClient())
}

// A link is a client's connection and the one to the server that belongs to it.
type link struct {
	proxy          *Proxy
	client, server *net.TCPConn
	once           sync.Once
	ended          chan struct{} // closed when the connections are

	mu       sync.Mutex
	frozen   bool // by a moment: nothing passes any more
	pending  []step
	prepared map[string]string // by the statement's name
	portals  map[string]string
}

// A step is what the server will answer: a statement, or a synchronization.
type step struct {
	sql  string
	sync bool
}

// errReset ends a link with a reset rather than in good order.
var errReset = errors.New("reset")

func (l *link) end(err error) {
	l.once.Do(func() {
		if errors.Is(err, errReset) {
			_, _ = l.client.SetLinger(0), l.server.SetLinger(0)
		}
		_, _ = l.client.Close(), l.server.Close()
		close(l.ended)
		go func() {
			l.proxy.mu.Lock()
			defer l.proxy.mu.Unlock()
			delete(l.proxy.links, l)
		}()
	})
}

// reset ends the link at once. The caller has the proxy's lock.
func (l *link) reset() { l.end(errReset) }

// pass waits as long as the proxy holds bytes back, and then writes.
func (l *link) pass(to *net.TCPConn, message []byte) error {
	l.proxy.mu.Lock()
	open, delay := l.proxy.stalled, l.proxy.delay
	l.proxy.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-l.ended:
		}
	}
	for {
		select {
		case <-open:
		case <-l.ended:
			return net.ErrClosed
		}
		l.proxy.mu.Lock()
		again := l.proxy.stalled
		l.proxy.mu.Unlock()
		if again == open {
			break
		}
		open = again
	}
	l.mu.Lock()
	frozen := l.frozen
	l.mu.Unlock()
	if frozen {
		<-l.ended
		return net.ErrClosed
	}
	_, err := to.Write(message)
	return err
}

// at asks the test what to do at a moment, and does it; what is left of the message
// is passed by the caller.
func (l *link) at(m Moment, to *net.TCPConn, message []byte) error {
	l.proxy.mu.Lock()
	hook := l.proxy.hook
	l.proxy.mu.Unlock()
	if hook == nil {
		return nil
	}
	switch fault := hook(m); fault {
	case Pass:
		return nil
	case Reset:
		return errReset
	default:
		if fault == Cut {
			_ = l.pass(to, message[:len(message)/2])
		}
		l.mu.Lock()
		l.frozen = true
		l.mu.Unlock()
		<-l.ended
		return net.ErrClosed
	}
}

// The messages are described in PostgreSQL's manual, "Message Formats".

// fromClient passes what the client sends.
func (l *link) fromClient() error {
	for starting := true; ; {
		message, err := read(l.client, starting)
		if err != nil {
			return err
		}
		if starting {
			switch binary.BigEndian.Uint32(message[4:]) {
			case 80877103, 80877104: // a request for encryption, which we decline
				if err := l.pass(l.client, []byte("N")); err != nil {
					return err
				}
				continue
			case 80877102:
				l.proxy.mu.Lock()
				l.proxy.cancels++
				l.proxy.mu.Unlock()
			}
			starting = false
			if err := l.pass(l.server, message); err != nil {
				return err
			}
			continue
		}
		if sql, runs := l.asked(message); runs {
			if err := l.at(Moment{SQL: sql}, l.server, message); err != nil {
				return err
			}
		}
		if err := l.pass(l.server, message); err != nil {
			return err
		}
	}
}

// asked notes what the server will have to answer, and says whether the message runs
// a statement.
func (l *link) asked(message []byte) (sql string, runs bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind, rest := message[0], message[5:]
	speaks := len(l.pending) == 0
	switch kind {
	case 'P':
		name, rest := text(rest)
		l.prepared[name], _ = text(rest)
	case 'B':
		portal, rest := text(rest)
		name, _ := text(rest)
		l.portals[portal] = l.prepared[name]
	case 'E':
		portal, _ := text(rest)
		sql, runs = l.portals[portal], true
		l.pending = append(l.pending, step{sql: sql})
	case 'S':
		l.pending = append(l.pending, step{sync: true})
	case 'Q':
		sql, _ = text(rest)
		runs = true
		l.pending = append(l.pending, step{sql: sql}, step{sync: true})
	}
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	if speaks && len(l.pending) > 0 {
		l.proxy.roundTrips++
	}
	if runs {
		l.proxy.statements++
	}
	return sql, runs
}

// fromServer passes what the server answers.
func (l *link) fromServer() error {
	for {
		message, err := read(l.server, false)
		if err != nil {
			return err
		}
		if sql, done := l.answered(message[0]); done {
			if err := l.at(Moment{SQL: sql, Answered: true}, l.client, message); err != nil {
				return err
			}
		}
		if err := l.pass(l.client, message); err != nil {
			return err
		}
	}
}

// answered says whether a message ends a statement.
func (l *link) answered(kind byte) (sql string, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch kind {
	case 'C', 'I', 's', 'E': // complete, empty, suspended, failed
		if len(l.pending) > 0 && !l.pending[0].sync {
			sql, done = l.pending[0].sql, true
			l.pending = l.pending[1:]
		}
	case 'Z': // ready: what was skipped after a failure will not be answered
		for n, s := range l.pending {
			if s.sync {
				l.pending = l.pending[n+1:]
				break
			}
		}
	}
	return sql, done
}

// text reads a string that ends with a zero byte.
func text(b []byte) (string, []byte) {
	s, rest, _ := strings.Cut(string(b), "\x00")
	return s, []byte(rest)
}

// read reads a message: a byte that says what it is, unless it begins the
// conversation, and a length that counts itself.
func read(from io.Reader, starting bool) ([]byte, error) {
	head := make([]byte, 5)
	if starting {
		head = head[:4]
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[len(head)-4:])
	if size < 4 || starting && size < 8 || size > 64<<20 {
		return nil, errors.New("this is not PostgreSQL's protocol")
	}
	message := append(head, make([]byte, size-4)...)
	_, err := io.ReadFull(from, message[len(head):])
	return message, err
}
