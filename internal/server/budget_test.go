package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

func take(t *testing.T, b *Budget, addr string, n int64, yields bool, end func()) *hold {
	t.Helper()
	h, ok := b.open(netip.MustParseAddr(addr), n, yields, end)
	if !ok {
		return nil
	}
	return h
}

// An address gets as much as it leaves to others: half where it is alone, a third
// beside another that does the same.
func TestBudgetShares(t *testing.T) {
	for _, test := range []struct {
		name  string
		addrs []string
		each  int64
	}{
		{"alone", []string{"192.0.2.1"}, 50},
		{"two", []string{"192.0.2.1", "192.0.2.2"}, 33},
		{"three", []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"}, 25},
		{"a network of IPv6", []string{"2001:db8::1", "2001:db8::ffff:2", "2001:db8::3"}, 16},
		{"mapped", []string{"::ffff:192.0.2.1", "192.0.2.1"}, 25},
		{"a proxy", []string{"10.1.2.3"}, 75},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &Budget{Bytes: 100, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
			var holds []*hold
			for _, addr := range test.addrs {
				holds = append(holds, take(t, b, addr, 0, false, nil))
			}
			for grew := true; grew; {
				grew = false
				for _, h := range holds {
					grew = h.grow(1) || grew
				}
			}
			for i, h := range holds {
				if h.bytes < test.each || h.bytes > test.each+1 {
					t.Errorf("%s has %d, want %d", test.addrs[i], h.bytes, test.each)
				}
			}
			for _, h := range holds {
				h.close()
				h.close()
			}
			if b.held != 0 || len(b.by) != 0 || len(b.holds) != 0 {
				t.Errorf("%d bytes are held by %v at the end", b.held, b.by)
			}
		})
	}
}

// Who holds most and keeps the server waiting longest makes room for others, and
// for its own next connection; nobody makes room for one who holds more.
func TestBudgetMakesRoom(t *testing.T) {
	b := &Budget{Bytes: 100}
	var ended []string
	holds := map[string]*hold{}
	open := func(name, addr string, n int64, yields bool) bool {
		h := take(t, b, addr, n, yields, func() {
			ended = append(ended, name)
			holds[name].close()
		})
		holds[name] = h
		return h != nil
	}
	for _, name := range []string{"a1", "a2", "a3", "a4"} {
		open(name, "192.0.2.1", 10, true)
	}
	open("b1", "192.0.2.2", 10, true)
	for _, name := range []string{"a3", "a2", "b1", "a1"} { // a4 is at work
		holds[name].waits(true)
	}
	wantEnded := func(want ...string) {
		t.Helper()
		if got := strings.Join(ended, " "); got != strings.Join(want, " ") {
			t.Errorf("ended %s, want %s", got, want)
		}
	}
	if open("a5", "192.0.2.1", 20, false) {
		t.Error("an address beyond its share gets more")
	}
	wantEnded()
	if !open("a6", "192.0.2.1", 10, true) {
		t.Error("no new connection in place of the oldest")
	}
	wantEnded("a3")
	if !open("c1", "192.0.2.3", 30, false) {
		t.Error("others get no share")
	}
	wantEnded("a3", "a2")
	if !holds["b1"].budget.room(awsapi.NetworkOf(netip.MustParseAddr("192.0.2.4")), 1) {
		t.Error("nothing is left")
	}
	if open("c2", "192.0.2.3", 40, false) {
		t.Error("one who would hold most takes from those who hold less")
	}
	wantEnded("a3", "a2")
	holds["a1"].waits(false)
	if open("d1", "192.0.2.4", 25, false) {
		t.Error("what is at work makes room")
	}
	wantEnded("a3", "a2")
}

// startWithin serves within a budget and gives the address.
func startWithin(t *testing.T, s *Server) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: s}
	l = s.Bound(h, l, false, 0)
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	t.Cleanup(func() {
		h.Close()
		<-done
	})
	return l.Addr()
}

// rawClient is a connection, and what comes back on it.
type rawClient struct {
	net.Conn
	*bufio.Reader
}

func dial(t *testing.T, addr net.Addr, parts ...string) rawClient {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	for _, part := range parts {
		_, _ = io.WriteString(c, part) // the server may have closed it
	}
	return rawClient{c, bufio.NewReader(c)}
}

// closed says whether the server closes the connection without an answer.
func (c rawClient) closed() bool {
	_, err := c.Reader.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// answer gives the status of the answer and its body.
func (c rawClient) answer(t *testing.T) (int, string) {
	t.Helper()
	a, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(body)
}

// once sends a request on a connection of its own.
func once(t *testing.T, addr net.Addr, call string) (int, string) {
	t.Helper()
	c := dial(t, addr, call)
	defer c.Close()
	return c.answer(t)
}

const callHead = "POST / HTTP/1.1\r\nHost: 127.0.0.1:4600\r\nContent-Type: application/x-amz-json-1.1\r\n"

func call1(operation, body string) string {
	return callHead + "X-Amz-Target: AWSZooService." + operation + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// One address has four connections. The next closes the one that has kept the
// server waiting longest: before the first request, between two, in the middle of
// a header or of a body.
func TestConnectionsMakeRoom(t *testing.T) {
	hello := call1("Hello", `{"Name":"world"}`)
	for name, sent := range map[string]string{
		"nothing":          "",
		"part of a header": "POST / HTTP/1.1\r\nHost: x\r\nX-",
		"a request":        hello,
		"part of a body":   hello[:len(hello)-1],
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer()
			s.Rand, s.Budget = nil, &Budget{Bytes: 8 * plainCost}
			addr := startWithin(t, s)
			first := dial(t, addr, sent)
			if sent == hello {
				if status, _ := first.answer(t); status != 200 {
					t.Errorf("status %d", status)
				}
			}
			// It has waited for the header, the body and the next header.
			for begun := map[string]uint64{"part of a body": 2, "a request": 3}[name]; !s.Budget.waited(begun); {
				runtime.Gosched()
			}
			for range 3 {
				// An answer shows that the server knows of the connection, and of the one
				// before.
				c := dial(t, addr, hello)
				if status, _ := c.answer(t); status != 200 {
					t.Errorf("status %d", status)
				}
			}
			c := dial(t, addr, hello)
			if status, body := c.answer(t); status != 200 || body != helloJSON {
				t.Errorf("answer %d %s", status, body)
			}
			if !first.closed() {
				t.Error("the oldest connection stays")
			}
		})
	}
}

// waited says whether the server has begun to wait so often.
func (b *Budget) waited(times uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock >= times
}

// waiting says whether the server waits for so many.
func (b *Budget) waiting(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for h := range b.holds {
		if h.since > 0 {
			n--
		}
	}
	return n <= 0
}

// Connections whose requests are being done are not closed for others.
func TestConnectionsAtWork(t *testing.T) {
	s, _ := newServer()
	began := make(chan bool)
	s.Credentials = func(ctx context.Context, _, _ string) (awsapi.Caller, seal.Secret, error) {
		began <- true
		<-ctx.Done()
		return awsapi.Caller{}, seal.Secret{}, ctx.Err()
	}
	s.Rand, s.Budget = nil, &Budget{Bytes: 8 * plainCost}
	addr := startWithin(t, s)
	r := signedJSON(t, root, "Who", "{}")
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		dial(t, addr, wire.String())
		<-began
	}
	if !dial(t, addr, call1("Hello", `{"Name":"world"}`)).closed() {
		t.Error("a connection beyond the share is served")
	}
}

// A header that takes more than there is closes its connection.
func TestHeadersWithinBudget(t *testing.T) {
	s, _ := newServer()
	s.Rand, s.Budget = nil, &Budget{Bytes: 20 * plainCost}
	addr := startWithin(t, s)
	long := func(n int) string {
		return strings.Replace(call1("Hello", `{"Name":"world"}`), "\r\nHost", "\r\nX-Long: "+strings.Repeat("x", n)+"\r\nHost", 1)
	}
	if status, _ := dial(t, addr, long(8000)).answer(t); status != 200 {
		t.Errorf("a header of 8 KB: status %d", status)
	}
	if !dial(t, addr, long(20000)).closed() {
		t.Error("a header that takes more memory than there is gets an answer")
	}
}

// A body for which there is no memory is refused in the protocol's form, to the
// address that has too much and not to others.
func TestBodiesWithinBudget(t *testing.T) {
	s, log := newServer()
	s.Rand, s.Budget, s.TrustedProxies = nil, &Budget{Bytes: 1450 << 10}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s.Budget.Proxies = s.TrustedProxies
	addr := startWithin(t, s)
	from := func(client, call string) string {
		return strings.Replace(call, "\r\nHost", "\r\nX-Forwarded-For: "+client+"\r\nHost", 1)
	}
	big := call1("Hello", `{"Name":"world","Note":"`+strings.Repeat("x", 100<<10)+`"}`)
	stalled := dial(t, addr, from("192.0.2.1", big[:len(big)-1]))
	for !s.Budget.waiting(1) || !s.Budget.holdsOf("192.0.2.1", 90<<10*bodyCost) {
		runtime.Gosched()
	}
	form := "POST / HTTP/1.1\r\nHost: 127.0.0.1:4600\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100055\r\n\r\n" +
		"Action=Hello&Version=2011-06-15&Name=world&Token=abc&Note=" + strings.Repeat("x", 100000)
	form = strings.Replace(form, "100055", strconv.Itoa(len(form)-strings.Index(form, "Action=")), 1)
	status, body := once(t, addr, from("192.0.2.1", big))
	if want := jsonError("TooManyRequestsException", "message", "The service is busy. Try again later."); status != 503 || body != want {
		t.Errorf("answer %d %s, want 503 %s", status, body, want)
	}
	status, body = once(t, addr, from("192.0.2.1", form))
	if status != 503 || !strings.Contains(body, "<Code>ServiceUnavailable</Code><Message>The service is busy. Try again later.</Message>") {
		t.Errorf("answer %d %s", status, body)
	}
	if !strings.Contains(log.String(), "cause=busy") {
		t.Errorf("the log does not tell why: %s", log)
	}
	for _, call := range []string{from("192.0.2.1", call1("Hello", `{"Name":"world"}`)), from("192.0.2.2", big), from("192.0.2.2", form)} {
		if status, body := once(t, addr, call); status != 200 {
			t.Errorf("answer %d %s", status, body)
		}
	}
	_, _ = io.WriteString(stalled, big[len(big)-1:])
	if status, body := stalled.answer(t); status != 200 {
		t.Errorf("the stalled body: %d %s", status, body)
	}
	if status, body := once(t, addr, from("192.0.2.1", big)); status != 200 {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

// holdsOf says whether an address has so much.
func (b *Budget) holdsOf(addr string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.by[awsapi.NetworkOf(netip.MustParseAddr(addr))] >= n
}

// Requests of HTTP/2 pay for themselves, and are reset where there is no room.
func TestStreamsWithinBudget(t *testing.T) {
	s, _ := newServer()
	began := make(chan bool)
	s.Credentials = func(ctx context.Context, _, _ string) (awsapi.Caller, seal.Secret, error) {
		began <- true
		<-ctx.Done()
		return awsapi.Caller{}, seal.Secret{}, ctx.Err()
	}
	s.Rand, s.Budget = nil, &Budget{Bytes: 5 * (streamCost + 4<<10)}
	h := httptest.NewUnstartedServer(s)
	h.EnableHTTP2 = true
	h.StartTLS()
	defer h.Close()
	send := func(ctx context.Context, r *http.Request) (int, error) {
		out, err := http.NewRequestWithContext(ctx, "POST", h.URL, r.Body)
		if err != nil {
			return 0, err
		}
		out.Header, out.Host = r.Header, r.Host
		a, err := h.Client().Do(out)
		if err != nil {
			return 0, err
		}
		defer a.Body.Close()
		if a.ProtoMajor != 2 {
			t.Errorf("HTTP/%d", a.ProtoMajor)
		}
		return a.StatusCode, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { _, _ = send(ctx, signedJSON(t, root, "Who", "{}")) })
		<-began
	}
	if status, err := send(t.Context(), jsonCall("Hello", `{"Name":"world"}`)); err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") {
		t.Errorf("status %d, %v, want a stream that is reset", status, err)
	}
	cancel()
	all.Wait()
	for s.Budget.holdsOf("127.0.0.1", 1) {
		runtime.Gosched()
	}
	if status, err := send(t.Context(), jsonCall("Hello", `{"Name":"world"}`)); status != 200 {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

// Somebody who needs memory may have found a request whose handler has returned
// meanwhile. Its response is not there any more.
func TestBudgetLeavesResponsesThatAreOver(t *testing.T) {
	b := &Budget{Bytes: 1 << 20}
	over := make(chan *hold, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h, ok := b.openRequest(w, netip.MustParseAddr("192.0.2.1"), 1, true)
		if !ok {
			t.Error("no room")
		}
		h.close()
		over <- h
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	var holds []*hold
	for range 20 {
		answer, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		if answer.ProtoMajor != 2 {
			t.Fatal(answer.Proto)
		}
		_ = answer.Body.Close()
		holds = append(holds, <-over)
	}
	for _, h := range holds {
		h.end()
	}
	if answer, err := s.Client().Get(s.URL); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", answer, err)
	} else {
		_ = answer.Body.Close()
	}
}
