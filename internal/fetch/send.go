package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// maxSendURLBytes is the longest URL of a Request: providers take whole tokens
// in queries.
const maxSendURLBytes = 16 << 10

// Request is a request that carries something: a token in its query or its
// headers, or a body.
type Request struct {
	Method string
	// URL is where it goes. Its query is a secret: no error shows it.
	URL string
	// Header are its headers, secrets too.
	Header http.Header
	Body   []byte
}

// Send makes a request under the same rules as Get, but for redirects, which it
// refuses: what the request carries is for the host that it names. The error is
// always an *Error, and with the kind BadStatus the answer is returned beside
// it.
func (c *Client) Send(ctx context.Context, r *Request) (*Response, error) {
	if err := c.Check(); err != nil {
		return nil, &Error{Kind: Refused, Err: err}
	}
	u, err := parseURLWithin(r.URL, maxSendURLBytes)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	resp, next, err := c.hop(ctx, r, u)
	if err == nil && next != nil {
		err = &Error{Kind: Refused, URL: printable(u), Err: errors.New("redirect of a request that carries secrets")}
	}
	return resp, err
}

// roundTrip makes one request, at the provider's endpoint if it has one.
func (c *Client) roundTrip(ctx context.Context, r *Request, u *url.URL) (*http.Response, error) {
	req := &http.Request{Method: r.Method, URL: u, Header: http.Header{"User-Agent": {"daypass"}}}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if len(r.Body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	}
	transport := c.tls
	if u.Scheme == "http" {
		transport = c.nontls
	}
	if base := c.endpoint(u); base != nil {
		req.URL, req.Host, transport = rebase(base, u), u.Host, c.fixed
	}
	return transport.RoundTrip(req.WithContext(ctx))
}
