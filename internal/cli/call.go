package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/daypass/daypass/internal/awsapi"
)

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 64 << 20

// caller calls one operation.
type caller struct {
	cli      *CLI
	globals  *globals
	settings *settings
	op       *operation
	http     *http.Client
}

// serviceError is a refusal by the service.
type serviceError struct {
	Code, Message, Operation, RequestID string
	Status                              int
	// retries is how often the call was tried again, in vain.
	retries int
}

func (e *serviceError) Error() string {
	again := ""
	if e.retries > 0 {
		again = fmt.Sprintf(" (reached max retries: %d)", e.retries)
	}
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation%s: %s", e.Code, e.Operation, again, e.Message)
}

// ErrorCode and HTTPStatusCode are what the retryer of the AWS SDK asks.
func (e *serviceError) ErrorCode() string   { return e.Code }
func (e *serviceError) HTTPStatusCode() int { return e.Status }

// call does the operation once, again where that may help, and reads the answer.
func (c *caller) call(ctx context.Context, in awsapi.Node) (awsapi.Node, error) {
	request, err := c.op.service.Wire.EncodeInput(c.op.row, in)
	if err != nil {
		return awsapi.Node{}, err
	}
	c.debug("%s of %s, region %s, input %s", c.op.row.Name, c.settings.endpoint, c.settings.region, inJSON(withoutSecrets(in, c.op.row.Input())))
	retry := c.settings.retryer()
	for attempt := 1; ; attempt++ {
		out, err := c.try(ctx, request)
		if err == nil || ctx.Err() != nil || !retry.IsErrorRetryable(err) || attempt >= retry.MaxAttempts() {
			var refused *serviceError
			if errors.As(err, &refused) {
				if retry.IsErrorRetryable(err) {
					refused.retries = attempt - 1
				}
				return out, c.refused(refused)
			}
			return out, err
		}
		delay, delayErr := retry.RetryDelay(attempt, err)
		if delayErr != nil {
			return out, err
		}
		c.debug("waiting %v before attempt %d: %v", delay, attempt+1, err)
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(delay):
		}
	}
}

// refused is the error that a refusal ends the command with. The ID of the
// request is told where somebody looks who can find its cause with it.
func (c *caller) refused(e *serviceError) error {
	err := error(e)
	if e.RequestID != "" && (c.cli.Width > 0 || c.globals.has("debug")) {
		err = fmt.Errorf("%w\nRequest ID: %s", e, e.RequestID)
	}
	return &exitError{exitService, err}
}

// request is a call, signed.
func (c *caller) request(ctx context.Context, request awsapi.Post) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.settings.endpoint.url, "/")+"/", bytes.NewReader(request.Body))
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(request.Header); i += 2 {
		r.Header[http.CanonicalHeaderKey(request.Header[i])] = []string{request.Header[i+1]}
	}
	r.Header.Set("User-Agent", c.cli.Name+"/"+c.cli.Version)
	if c.op.row.Auth != awsapi.Public && !c.globals.has("no-sign-request") {
		if err := c.sign(ctx, r, request.Body); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// try sends the request once.
func (c *caller) try(ctx context.Context, request awsapi.Post) (awsapi.Node, error) {
	r, err := c.request(ctx, request)
	if err != nil {
		return awsapi.Node{}, err
	}
	began := time.Now()
	response, err := c.client().Do(r)
	if err != nil {
		return awsapi.Node{}, c.unreached(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	id := visible(response.Header.Get("x-amzn-RequestId"))
	c.debug("POST %s %s: status %d, request ID %s, %d bytes after %v", c.settings.endpoint.url, c.op.row.Name, response.StatusCode, id, len(body), time.Since(began).Round(time.Microsecond))
	switch {
	case err != nil:
		return awsapi.Node{}, c.unreached(ctx, fmt.Errorf("the answer ended early: %w", err))
	case len(body) > maxAnswer:
		return awsapi.Node{}, fmt.Errorf("the answer of %s is longer than %d bytes", c.settings.endpoint, maxAnswer)
	case response.StatusCode != http.StatusOK:
		return awsapi.Node{}, c.refusal(response, body)
	}
	out, err := c.op.service.Wire.DecodeOutput(c.op.row, body)
	if err != nil {
		return out, fmt.Errorf("unexpected answer of %s: %w", c.settings.endpoint, err)
	}
	local := c.op.row.Service.Target != "" // JSON's seconds have no zone; the AWS CLI shows them in the local one
	return printed(documents(out, c.op.row.Output()), local), nil
}

// refusal is what an answer says that is not a success.
func (c *caller) refusal(response *http.Response, body []byte) error {
	code, message := c.op.service.Wire.DecodeError(body)
	if code == "" {
		return fmt.Errorf("unexpected answer of %s: status %d, and no error of the %s service; check the endpoint", c.settings.endpoint, response.StatusCode, c.op.service.Word)
	}
	return &serviceError{
		Code: visible(code), Message: visible(message), Operation: c.op.row.Name,
		RequestID: visible(response.Header.Get("x-amzn-RequestId")), Status: response.StatusCode,
	}
}

// documents puts the policy documents of an answer, which travel URL-encoded, in
// their place as what they are.
func documents(n awsapi.Node, t awsapi.Type) awsapi.Node {
	switch n.Kind {
	case awsapi.Text:
		if t.Shape().IsDocument() {
			if plain, err := url.QueryUnescape(strings.ReplaceAll(n.Text, "+", "%2B")); err == nil {
				if document, err := awsapi.ParseJSON([]byte(plain)); err == nil {
					return document
				}
			}
		}
	case awsapi.List:
		for i := range n.List {
			n.List[i] = documents(n.List[i], t.Elem())
		}
	case awsapi.Map:
		for i, m := range n.Members {
			if t.Kind() == awsapi.MapType {
				n.Members[i].Value = documents(m.Value, t.Elem())
			} else if member, ok := t.Member(m.Name); ok {
				n.Members[i].Value = documents(m.Value, member.Type)
			}
		}
	}
	return n
}

func (c *caller) sign(ctx context.Context, r *http.Request, body []byte) error {
	credentials, err := c.settings.credentials(ctx)
	if err != nil {
		return err
	}
	c.debug("signed with the access key %s (%s)", credentials.AccessKeyID, credentials.Source)
	hash := sha256.Sum256(body)
	return signer.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(hash[:]), c.op.row.Service.Name, c.settings.region, time.Now())
}

func (c *caller) client() *http.Client {
	if c.http != nil {
		return c.http
	}
	dial := &net.Dialer{Timeout: c.globals.connectTimeout}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial.DialContext, TLSHandshakeTimeout: c.globals.connectTimeout,
		ResponseHeaderTimeout: c.globals.readTimeout, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: c.settings.roots, InsecureSkipVerify: c.globals.has("no-verify-ssl")}, //nolint:gosec // asked for by name
	}
	c.http = &http.Client{
		Timeout:       c.globals.connectTimeout + c.globals.readTimeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.globals.readTimeout == 0 || c.globals.connectTimeout == 0 {
		c.http.Timeout = 0
	}
	if c.op != nil && c.op.row.Streams() { // it begins when it is made, and takes as long as it takes
		c.http.Timeout, transport.ResponseHeaderTimeout = 0, 0
	}
	return c.http
}

func (c *caller) close() {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}

// connectionError is a server that was not reached, or stopped in the middle.
type connectionError struct {
	text string
	err  error
}

func (e *connectionError) Error() string { return e.text }
func (e *connectionError) Unwrap() error { return e.err }

// unreached says why there is no answer, naming the endpoint and where it came
// from.
func (c *caller) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	at := fmt.Sprintf("%q", strings.TrimSuffix(c.settings.endpoint.url, "/")+"/")
	from := " (" + c.settings.endpoint.from + ")"
	var authority *tls.CertificateVerificationError
	var timeout net.Error
	text := "Connection was closed before we received a valid response from endpoint URL: " + at + "." + from
	switch {
	case errors.As(err, &authority):
		text = "SSL validation failed for " + at + " " + authority.Err.Error() + from
	case errors.As(err, &timeout) && timeout.Timeout():
		text = "Read timeout on endpoint URL: " + at + from
		if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
			text = "Connect timeout on endpoint URL: " + at + from
		}
	case errors.Is(err, syscall.ECONNREFUSED), isDial(err):
		text = "Could not connect to the endpoint URL: " + at + from
	}
	return &connectionError{text, err}
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func (c *caller) debug(format string, args ...any) {
	if c.globals.has("debug") {
		fmt.Fprintf(c.cli.Stderr, "%s %s\n", time.Now().Format("2006-01-02 15:04:05,000"), fmt.Sprintf(format, args...))
	}
}

var _ aws.Retryer = aws.NopRetryer{}
