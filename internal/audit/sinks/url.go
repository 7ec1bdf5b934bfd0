package sinks

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/daypass/daypass/internal/fetch"
)

const (
	// maxPost is how many bytes of records one request has, or as many as one record.
	maxPost = 1 << 20
	// lingering is how long records collect for a request.
	lingering = time.Second
)

// URL sends records to a URL, as the lines of POST requests.
type URL struct {
	url    string
	host   string
	header http.Header
	client *fetch.Client
}

// urlTimeout is how long a URL may take to take records.
const urlTimeout = 15 * time.Second

// Outbound says how calls go out, in the words of [fetch.Client].
type Outbound struct {
	Allow         []string
	AllowLoopback bool
	RootCAs       *x509.CertPool
	Observe       func(host, outcome string, took time.Duration)
}

// OpenURL gives records to an https URL. The headers may have secrets in them, and so
// may the query; neither is shown.
func OpenURL(to string, header http.Header, o Outbound) (*URL, error) {
	client := &fetch.Client{Allow: o.Allow, AllowLoopback: o.AllowLoopback, RootCAs: o.RootCAs, Observe: o.Observe, Timeout: urlTimeout}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Host == "" || u.Fragment != "":
		return nil, errors.New("give the whole URL, without a fragment, such as https://logs.example.com/ingest")
	case u.Scheme != "https" && (u.Scheme != "http" || !client.AllowsPlain(u)):
		return nil, fmt.Errorf("give an https URL, not one of %s", u.Scheme)
	case u.User != nil:
		return nil, fmt.Errorf("the URL of %s has credentials in it, and command lines are there for all to see: put a header into a file (--audit-header-file)", u.Host)
	}
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-ndjson")
	return &URL{url: to, host: u.Host, header: h, client: client}, nil
}

// Kind implements [Sink].
func (s *URL) Kind() string { return "https" }

// Name implements [Sink].
func (s *URL) Name() string { return "the URL at " + s.host }

// Linger is how long records collect.
func (s *URL) Linger() time.Duration { return lingering }

// Write implements [Sink].
func (s *URL) Write(ctx context.Context, records []byte) (done int, err error) {
	for done < len(records) {
		end := len(records)
		if end-done > maxPost {
			if cut := bytes.LastIndexByte(records[done:done+maxPost], '\n'); cut >= 0 {
				end = done + cut + 1
			} else {
				end = done + bytes.IndexByte(records[done:], '\n') + 1
			}
		}
		answer, err := s.client.Send(ctx, &fetch.Request{Method: http.MethodPost, URL: s.url, Header: s.header, Body: records[done:end]})
		switch {
		case answer == nil:
			return done, err
		case answer.Status/100 == 2:
		case unfit(answer.Status):
			return done, &Unfit{Bytes: end - done, Err: fmt.Errorf("it answers %d to records, which it will not take", answer.Status)}
		default:
			return done, fmt.Errorf("it answers %d", answer.Status)
		}
		done = end
	}
	return done, nil
}

// unfit says whether a status is about what was sent, so that sending it again is of no
// use.
func unfit(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Close implements [Sink].
func (s *URL) Close() error { return nil }
