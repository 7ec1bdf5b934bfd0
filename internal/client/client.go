// Package client calls AWS operations over both protocols, as an SDK would,
// with inputs and outputs as plain JSON or form values.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/sigv4"
)

// maxAnswer is the longest answer that a client reads, in bytes.
const maxAnswer = 8 << 20

// Client calls one endpoint.
type Client struct {
	// Endpoint is the URL of the service, http://127.0.0.1:4600 for example.
	Endpoint string
	// Region and Credentials sign calls. Without an access key ID calls go
	// unsigned.
	Region      string
	Credentials Credentials
	// HTTP carries the calls; nil means a client with a timeout of a minute.
	HTTP *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Credentials sign calls.
type Credentials = sigv4.Credentials

// Wire is a client's side of the protocol that a service speaks.
func Wire(s awsapi.Service) awsapi.Wire {
	if s.Target != "" {
		return awsjson.Protocol{}
	}
	return awsquery.Protocol{}
}

// Error is an answer that is not a success.
type Error struct {
	Status        int
	Code, Message string
}

// ErrorCode is the code of the error.
func (e *Error) ErrorCode() string { return e.Code }

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Message) }

// JSON calls an operation of a service of the AWS JSON protocol and gives the
// JSON of its answer.
func (c *Client) JSON(ctx context.Context, s awsapi.Service, operation string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {awsjson.ContentType}, "X-Amz-Target": {s.Target + "." + operation}}
	answer, status, err := c.post(ctx, s.Name, header, body)
	if err != nil || status == http.StatusOK {
		return answer, err
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(answer, &e) // the status says enough
	return answer, &Error{status, e.Type, e.Message}
}

// Query calls an operation of a service of the AWS Query protocol and gives the XML of its answer.
// Parameters are names and values in turn.
func (c *Client) Query(ctx context.Context, s awsapi.Service, action string, parameters ...string) ([]byte, error) {
	form := url.Values{"Action": {action}, "Version": {s.Version}}
	for i := 0; i+1 < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	header := http.Header{"Content-Type": {awsquery.ContentType}}
	answer, status, err := c.post(ctx, s.Name, header, []byte(form.Encode()))
	if err != nil || status == http.StatusOK {
		return answer, err
	}
	var e struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	_ = xml.Unmarshal(answer, &e) // the status says enough
	return answer, &Error{status, e.Code, e.Message}
}

// Call calls an operation with an input, and gives its output, as trees.
func (c *Client) Call(ctx context.Context, row *awsapi.Row, in awsapi.Node) (awsapi.Node, error) {
	wire := Wire(*row.Service)
	request, err := wire.EncodeInput(row, in)
	if err != nil {
		return awsapi.Node{}, err
	}
	header := http.Header{}
	for i := 0; i+1 < len(request.Header); i += 2 {
		header.Set(request.Header[i], request.Header[i+1])
	}
	answer, status, err := c.post(ctx, row.Service.Name, header, request.Body)
	if err != nil {
		return awsapi.Node{}, err
	}
	if status != http.StatusOK {
		code, message := wire.DecodeError(answer)
		return awsapi.Node{}, &Error{status, code, message}
	}
	return wire.DecodeOutput(row, answer)
}

func (c *Client) post(ctx context.Context, service string, header http.Header, body []byte) ([]byte, int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	r.Header = header
	if c.Credentials.AccessKeyID != "" {
		if err := c.sign(r, service, body); err != nil {
			return nil, 0, err
		}
	}
	hc := c.HTTP
	if hc == nil {
		hc = &http.Client{Timeout: time.Minute}
	}
	answer, err := hc.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	return text, answer.StatusCode, err
}

func (c *Client) sign(r *http.Request, service string, body []byte) error {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	signed := &sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), Host: r.URL.Host, Header: r.Header, Body: body}
	return sigv4.Sign(signed, c.Credentials, c.Region, service, now())
}
