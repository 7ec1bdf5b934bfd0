package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// RoundTrip is [Client.Send] for libraries that bring their own protocol and want an
// http.Client: the same rules, and the whole answer, bounded, whatever its status.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	send := &Request{Method: r.Method, URL: r.URL.String(), Header: r.Header}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		send.Body = body
	}
	answer, err := c.Send(r.Context(), send)
	if answer == nil {
		if cause := context.Cause(r.Context()); cause != nil {
			return nil, cause // the caller's own deadline, which it may look for
		}
		return nil, err
	}
	return &http.Response{
		Status: strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status), StatusCode: answer.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}
