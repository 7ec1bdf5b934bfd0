package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// DefaultTimeout is the deadline of a whole fetch, redirects included.
	DefaultTimeout = 5 * time.Second
	// DefaultMaxBody is the longest body read, in bytes.
	DefaultMaxBody = 1 << 20

	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
	maxURLBytes    = 2048
)

// Client fetches documents under the rules in the package comment. The zero
// Client reaches public https servers only. Its fields must not change after
// the first call. A Client may be used by many goroutines.
type Client struct {
	// Allow lists hosts, addresses and ranges that may be private or loopback,
	// and those that may be spoken to over plain http.
	Allow []string
	// AllowLoopback permits every loopback address, over http too: for
	// development, where issuers run beside the server.
	AllowLoopback bool
	// Endpoints gives hosts another address: a request for https://host/path goes
	// to the base URL with /path behind it. See "Endpoints" in the package
	// comment.
	Endpoints map[string]string
	// RootCAs are the authorities that servers' certificates must lead to; nil
	// means the system's.
	RootCAs *x509.CertPool
	// Timeout is the deadline of one Get; zero means DefaultTimeout.
	Timeout time.Duration
	// MaxBody is the longest body accepted, in bytes; zero means DefaultMaxBody.
	MaxBody int64
	// Resolver looks up names; nil means net.DefaultResolver.
	Resolver *net.Resolver
	// Observe is told of each request: the host of its URL, what became of it ("ok",
	// or the Kind of its error in a word), and how long it took; nil for nobody.
	Observe func(host, outcome string, took time.Duration)

	once        sync.Once
	err         error
	rules       []rule
	endpoints   map[string]*url.URL
	tls, nontls *http.Transport
	fixed       *http.Transport // to Endpoints
}

// Response is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check reports whether the allow list and the endpoints can be understood, so
// that a typing mistake stops the start of the program instead of its first
// login.
func (c *Client) Check() error {
	c.once.Do(func() {
		var badRules, badEndpoints error
		c.rules, badRules = parseRules(c.Allow)
		c.endpoints, badEndpoints = parseEndpoints(c.Endpoints)
		c.err = errors.Join(badRules, badEndpoints)
		c.tls, c.nontls = c.transport(false), c.transport(true)
		c.fixed = c.transportBy(dialEndpoint(c.Resolver))
	})
	return c.err
}

// Get fetches a document. The error is always an *Error. When the status is
// anything but 200 the error's kind is BadStatus, and the answer is returned
// beside it, because several providers explain a refusal in the body.
func (c *Client) Get(ctx context.Context, rawURL string) (*Response, error) {
	if err := c.Check(); err != nil {
		return nil, &Error{Kind: Refused, Err: err}
	}
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	for range maxRedirects + 1 {
		resp, next, err := c.hop(ctx, &Request{Method: http.MethodGet}, u)
		if err != nil || next == nil {
			return resp, err
		}
		u = next
	}
	return nil, &Error{Kind: Refused, URL: printable(u), Err: fmt.Errorf("more than %d redirects", maxRedirects)}
}

// hop makes one request. It returns either an answer or, for a redirect, where
// to go next.
func (c *Client) hop(ctx context.Context, r *Request, u *url.URL) (*Response, *url.URL, error) {
	if c.Observe == nil {
		return c.exchange(ctx, r, u)
	}
	began := time.Now()
	resp, next, err := c.exchange(ctx, r, u)
	c.Observe(u.Hostname(), outcome(err), time.Since(began))
	return resp, next, err
}

func (c *Client) exchange(ctx context.Context, r *Request, u *url.URL) (*Response, *url.URL, error) {
	resp, err := c.roundTrip(ctx, r, u)
	if err != nil {
		return nil, nil, failure(u, err)
	}
	defer resp.Body.Close()
	if redirect(resp.StatusCode) {
		if c.endpoint(u) != nil {
			return nil, nil, &Error{Kind: Refused, URL: printable(u), Err: errors.New("redirect by a provider endpoint")}
		}
		next, err := follow(u, resp.Header.Get("Location"))
		return nil, next, err
	}
	body, err := c.read(u, resp)
	if err != nil {
		return nil, nil, err
	}
	answer := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if resp.StatusCode != http.StatusOK {
		return answer, nil, &Error{Kind: BadStatus, URL: printable(u), Status: resp.StatusCode}
	}
	return answer, nil, nil
}

func (c *Client) read(u *url.URL, resp *http.Response) ([]byte, error) {
	limit := c.MaxBody
	if limit == 0 {
		limit = DefaultMaxBody
	}
	tooLarge := &Error{Kind: TooLarge, URL: printable(u), Status: resp.StatusCode}
	if resp.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, failure(u, err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge
	}
	return body, nil
}

// transport builds the connection maker for one of the two schemes. There is
// one of each because the rule for http is stricter and is applied at dial
// time, where the scheme is no longer known.
func (c *Client) transport(plain bool) *http.Transport {
	return c.transportBy(func(ctx context.Context, network, address string) (net.Conn, error) {
		return c.dial(ctx, network, address, plain)
	})
}

func (c *Client) transportBy(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  nil, // not http.ProxyFromEnvironment: a proxy would dial unguarded
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    c.timeout(),
		ResponseHeaderTimeout:  c.timeout(),
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		Protocols:              http1,
	}
}

func (c *Client) dial(ctx context.Context, network, address string, plain bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	t := target{host: host, port: port, plain: plain}
	d := net.Dialer{
		Resolver: c.Resolver,
		// Called with each address just before the system connects to it.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return c.permit(t, address)
		},
	}
	return d.DialContext(ctx, network, address)
}

// permit decides whether a connection to an address may be made.
func (c *Client) permit(t target, address string) error {
	addrPort, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusal("not an IP address")
	}
	ip := addrPort.Addr().Unmap().WithZone("")
	kind := classify(ip)
	if kind == never {
		return refusal(fmt.Sprintf("%s is an address that is never fetched from", ip))
	}
	if kind == loopback && c.AllowLoopback {
		return nil
	}
	for _, r := range c.rules {
		if r.covers(t, ip) {
			return nil
		}
	}
	switch {
	case t.plain:
		return refusal("plain http, which the allow list does not permit here")
	case kind == public:
		return nil
	}
	return refusal(fmt.Sprintf("%s is a private address that the allow list does not name", ip))
}

// AllowsPlain says whether plain http to a URL could be permitted, before anybody
// knows the addresses of its host: on loopback where all of that is, or where an
// entry that permits http names the host or addresses.
func (c *Client) AllowsPlain(u *url.URL) bool {
	if c.Check() != nil {
		return false
	}
	if c.AllowLoopback && loopbackHost(u.Hostname()) {
		return true
	}
	t := target{host: u.Hostname(), port: cmp.Or(u.Port(), "80"), plain: true}
	ip, err := netip.ParseAddr(t.host)
	for _, r := range c.rules {
		named := r.prefix.IsValid() && err != nil && r.plain && (r.port == "" || r.port == t.port) // the name may resolve into it
		if named || r.covers(t, ip) {
			return true
		}
	}
	return false
}

// NamesPlain says whether plain http to the host of a URL is permitted by name: on
// loopback where all of that is, or by an entry for that very host, or for its
// address where it is one. A range of addresses names no host.
func (c *Client) NamesPlain(u *url.URL) bool {
	if c.Check() != nil {
		return false
	}
	if c.AllowLoopback && loopbackHost(u.Hostname()) {
		return true
	}
	t := target{host: u.Hostname(), port: cmp.Or(u.Port(), "80"), plain: true}
	ip, _ := netip.ParseAddr(t.host)
	return slices.ContainsFunc(c.rules, func(r rule) bool {
		return r.covers(t, ip.Unmap()) && (r.host != "" || r.prefix.IsSingleIP())
	})
}

func (c *Client) timeout() time.Duration {
	if c.Timeout == 0 {
		return DefaultTimeout
	}
	return c.Timeout
}

// refusal is the error of a rule, found again under what net wraps around it.
type refusal string

func (r refusal) Error() string { return string(r) }

// failure gives an error of the network its kind. Go's text for an answer that
// it cannot read quotes the answer; such errors are kept for errors.Is and
// described in our own words.
func failure(u *url.URL, err error) *Error {
	e := &Error{Kind: Unavailable, URL: printable(u), Err: err}
	var (
		rule refusal
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &rule):
		e.Kind, e.Err = Refused, rule
	case errors.As(err, &cert):
		e.Kind, e.Err = Untrusted, cert
	case !ours(err):
		e.Err = &opaque{err}
	}
	return e
}

// ours reports whether an error's text is made on this side of the connection.
func ours(err error) bool {
	var network net.Error // timeouts, failed look-ups, failed connections
	return errors.As(err, &network) ||
		errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.HasPrefix(err.Error(), "tls: ")
}

// opaque hides the text of an error that may quote the server.
type opaque struct{ err error }

func (*opaque) Error() string   { return "the exchange failed" }
func (o *opaque) Unwrap() error { return o.err }
