package hostile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// connections is how many each attack opens.
const connections = 1000

// attack is a kind of attack. It says how many requests, connections or frames it
// has sent.
type attack struct {
	name   string
	secure bool
	run    func(ctx context.Context, t *testing.T, s *server) int64
}

var attacks = []attack{
	{"64 KB of zeros", false, bodies(func(string) string { return `{"a":[0` + strings.Repeat(",0", 32<<10) + `]}` })},
	{"309 KB of members", false, bodies(func(string) string { return members(32000) })},
	{"960 KB, zeros and a text", false, bodies(func(string) string {
		return `{"a":[0` + strings.Repeat(",0", 30000) + `],"b":"` + strings.Repeat("x", 900<<10) + `"}`
	})},
	{"500 KB of good form", false, bodies(logins)},
	{"bodies of 1 MiB, stalled", false, stalled(func(s *server) []byte { return post(s.pool, strings.Repeat(" ", 1<<20)) })},
	{"bodies of 500 KB, stalled", false, stalled(func(s *server) []byte { return post(s.pool, logins(s.pool)) })},
	{"bodies of 4 KB, stalled", false, stalled(func(s *server) []byte { return post(s.pool, strings.Repeat(" ", 4<<10)) })},
	{"headers, stalled", false, stalled(func(*server) []byte {
		return []byte("GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Header: "+strings.Repeat("x", 1000)+"\r\n", 60) + "X-Last: ")
	})},
	{"many small headers, stalled", false, stalled(func(*server) []byte {
		var b strings.Builder
		for i := range 6000 {
			fmt.Fprintf(&b, "h%d:\r\n", i)
		}
		return []byte("GET / HTTP/1.1\r\nHost: localhost\r\n" + b.String() + "X-Last: ")
	})},
	{"TLS handshakes, stalled", true, stalled(func(*server) []byte {
		return []byte("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + strings.Repeat("x", 16000)) // a long ClientHello, not all of it
	})},
	{"HTTP/2 streams", true, streams},
	{"HTTP/2 headers", true, streamHeaders},
	{"HTTP/2 resets", true, resets},
	{"HTTP/2 closed windows", true, closedWindows},
}

// members is an object of so many members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// logins is the largest body that GetId takes: ten tokens, of nobody.
func logins(pool string) string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, `,"login%d.example.com":"%s"`, i, strings.Repeat("eyJ", 50000/3))
	}
	return `{"IdentityPoolId":"` + pool + `","Logins":{` + b.String()[1:] + `}}`
}

// post is a call of GetId.
func post(_, body string) []byte {
	return fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"+
		"X-Amz-Target: AWSCognitoIdentityService.GetId\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// each runs a piece of work for every connection, again and again until ctx ends,
// but not more often than in an interval: this process has the same processors as
// the server, which attackers elsewhere have not.
func each(ctx context.Context, interval time.Duration, work func(ctx context.Context)) {
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			pause(ctx, interval*time.Duration(i)/connections)
			for ctx.Err() == nil {
				next := time.Now().Add(interval)
				work(ctx)
				pause(ctx, time.Until(next))
			}
		})
	}
	all.Wait()
}

// dial opens a connection that closes when ctx ends.
func dial(ctx context.Context, s *server) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

// bodies sends whole bodies: in the first half of the time the last bytes of all
// at once, then each connection for itself in a loop.
func bodies(make func(pool string) string) func(context.Context, *testing.T, *server) int64 {
	return func(ctx context.Context, _ *testing.T, s *server) int64 {
		request := post(s.pool, make(s.pool))
		var sent atomic.Int64
		for half := time.Now().Add(attackTime / 2); time.Now().Before(half) && ctx.Err() == nil; {
			burst(ctx, s, request, &sent)
		}
		each(ctx, 100*time.Millisecond, func(ctx context.Context) {
			c, err := dial(ctx, s)
			if err != nil {
				return
			}
			defer c.Close()
			for r := bufio.NewReader(c); ctx.Err() == nil; sent.Add(1) {
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				if _, err := c.Write(request); err != nil || !answered(r) {
					return
				}
			}
		})
		return sent.Load()
	}
}

// burst sends all of a body but its last byte, on every connection, and then the
// last bytes.
func burst(ctx context.Context, s *server, request []byte, sent *atomic.Int64) {
	var ready, all sync.WaitGroup
	ready.Add(connections)
	for range connections {
		all.Go(func() {
			c, err := dial(ctx, s)
			if err == nil {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(3 * time.Second))
				_, err = c.Write(request[:len(request)-1])
			}
			ready.Done()
			if err != nil {
				return
			}
			ready.Wait()
			if _, err := c.Write(request[len(request)-1:]); err == nil && answered(bufio.NewReader(c)) {
				sent.Add(1)
			}
		})
	}
	all.Wait()
}

func answered(r *bufio.Reader) bool {
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		return false
	}
	defer a.Body.Close()
	_, err = io.Copy(io.Discard, a.Body)
	return err == nil && !a.Close
}

// stalled sends all but the last byte of something and waits.
func stalled(what func(*server) []byte) func(context.Context, *testing.T, *server) int64 {
	return func(ctx context.Context, _ *testing.T, s *server) int64 {
		request := what(s)
		var sent atomic.Int64
		each(ctx, 100*time.Millisecond, func(ctx context.Context) {
			c, err := dial(ctx, s)
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := c.Write(request[:len(request)-1]); err != nil {
				return
			}
			sent.Add(1)
			_, _ = io.Copy(io.Discard, c) // until the server closes it
		})
		return sent.Load()
	}
}

// h2 is an HTTP/2 connection whose frames are written by hand.
type h2 struct {
	net.Conn
	*http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	next    uint32
	closed  chan struct{}
}

// dialH2 opens an HTTP/2 connection and reads all that comes.
func dialH2(ctx context.Context, s *server, settings ...http2.Setting) (*h2, error) {
	c, err := dial(ctx, s)
	if err != nil {
		return nil, err
	}
	config := s.tls.Clone()
	config.ServerName, config.NextProtos = "127.0.0.1", []string{"h2"}
	k := tls.Client(c, config)
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if err := k.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	w := bufio.NewWriter(k)
	h := &h2{Conn: c, Framer: http2.NewFramer(flusher{w}, k), next: 1, closed: make(chan struct{})}
	h.encoder = hpack.NewEncoder(&h.block)
	if _, err := k.Write([]byte(http2.ClientPreface)); err != nil {
		return nil, err
	}
	if err := h.WriteSettings(settings...); err != nil {
		return nil, err
	}
	go func() {
		defer close(h.closed)
		defer c.Close()
		_, _ = io.Copy(io.Discard, k)
	}()
	return h, nil
}

type flusher struct{ *bufio.Writer }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

// open begins a request and gives the number of its stream.
func (h *h2) open(end bool, more ...hpack.HeaderField) (uint32, error) {
	h.block.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: "/"}, {Name: ":authority", Value: "localhost"},
		{Name: "content-type", Value: "application/x-amz-json-1.1"}, {Name: "x-amz-target", Value: "AWSCognitoIdentityService.GetId"},
	}, more...) {
		if err := h.encoder.WriteField(f); err != nil {
			return 0, err
		}
	}
	id := h.next
	h.next += 2
	first, rest := h.block.Bytes(), []byte(nil)
	if len(first) > 16000 {
		first, rest = first[:16000], first[16000:]
	}
	err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: first, EndStream: end, EndHeaders: len(rest) == 0})
	for len(rest) > 0 && err == nil {
		n := min(len(rest), 16000)
		err = h.WriteContinuation(id, n == len(rest), rest[:n])
		rest = rest[n:]
	}
	return id, err
}

// overH2 opens connections and does something on each, at most so often.
func overH2(work func(ctx context.Context, h *h2) int64, settings ...http2.Setting) func(context.Context, *testing.T, *server) int64 {
	return func(ctx context.Context, _ *testing.T, s *server) int64 {
		var sent atomic.Int64
		each(ctx, 4*time.Second, func(ctx context.Context) {
			h, err := dialH2(ctx, s, settings...)
			if err != nil {
				return
			}
			defer h.Close()
			sent.Add(work(ctx, h))
		})
		return sent.Load()
	}
}

// wait waits until the server closes the connection.
func (h *h2) wait(ctx context.Context) {
	select {
	case <-h.closed:
	case <-ctx.Done():
	}
}

// streams opens as many requests as a connection may have, with bodies that stop
// before their end.
var streams = overH2(func(ctx context.Context, h *h2) (sent int64) {
	for range 250 {
		id, err := h.open(false)
		if err != nil || h.WriteData(id, false, bytes.Repeat([]byte(" "), 8<<10)) != nil {
			return sent
		}
		sent++
	}
	h.wait(ctx)
	return sent
})

// streamHeaders opens requests with headers that are short on the wire and long in
// memory.
var streamHeaders = overH2(func(ctx context.Context, h *h2) (sent int64) {
	var long []hpack.HeaderField
	for range 400 { // all but the first are one byte
		long = append(long, hpack.HeaderField{Name: "x-long", Value: strings.Repeat("v", 60)})
	}
	for range 250 {
		if _, err := h.open(false, long...); err != nil {
			return sent
		}
		sent++
	}
	h.wait(ctx)
	return sent
})

// resets opens requests and takes each back at once.
var resets = overH2(func(ctx context.Context, h *h2) (sent int64) {
	for ctx.Err() == nil && sent < 5000 {
		if sent%50 == 0 {
			pause(ctx, 250*time.Millisecond)
		}
		id, err := h.open(true)
		if err != nil || h.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			return sent
		}
		sent++
	}
	return sent
})

// closedWindows makes requests whose answers it takes no byte of.
var closedWindows = overH2(func(ctx context.Context, h *h2) (sent int64) {
	for range 250 {
		if _, err := h.open(true); err != nil {
			return sent
		}
		sent++
	}
	h.wait(ctx)
	return sent
}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
