package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/sigv4"
)

// MaxBody is the most bytes that a request's body may have, but for the forms of
// rows that say more (awsapi.Operation.WithBody).
const MaxBody = 1 << 20

const (
	// atOnce is how much of a body is made room for before it comes in. Most are
	// smaller.
	atOnce = 8 << 10
	// maxLarge is how many bodies beyond MaxBody there are at a time. Each takes
	// several times its length while it is read.
	maxLarge = 2
)

// readBody reads a body, all of it or none. Its length is the client's claim, so
// memory is taken as bytes come in.
func (s *Server) readBody(ctx context.Context, w http.ResponseWriter, c *call) ([]byte, error) {
	limit := int64(MaxBody)
	b := bytes.NewBuffer(make([]byte, 0, min(max(c.r.ContentLength, 0), atOnce)+bytes.MinRead))
	if c.r.ContentLength > limit {
		var err error
		if limit, err = s.admit(ctx, c, b); err != nil {
			return nil, err
		}
	}
	if _, err := b.ReadFrom(http.MaxBytesReader(w, c.r.Body, limit)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// admit decides about a body beyond MaxBody: there has to be a signature whose key
// and date are good, and the form has to begin with the name of an operation that
// takes as much. The signature itself can only be verified when all is there. What
// of the form was read is in b.
func (s *Server) admit(ctx context.Context, c *call, b *bytes.Buffer) (limit int64, err error) {
	tooLarge := &http.MaxBytesError{Limit: MaxBody}
	if c.r.Method != http.MethodPost || mediaType(c.r) != awsquery.ContentType {
		return 0, tooLarge
	}
	c.route = &route{protocol: queryProtocol(c.r.Header["Accept"]), r: c.r}
	sig, err := sigv4.Parse(signedRequest(c))
	if unsigned, ok := errors.AsType[*sigv4.Error](err); ok && unsigned.Kind == sigv4.Missing {
		return 0, tooLarge
	}
	if err != nil {
		return 0, c.refuseSignature(err)
	}
	table := s.queryTable(sig.Service)
	if table == nil || !table.Takes(c.r.ContentLength) {
		return 0, tooLarge
	}
	if err := sig.Check(s.signatureOptions(c, table.Name)); err != nil {
		return 0, c.refuseSignature(err)
	}
	if _, _, err := s.holder(ctx, c, sig); err != nil {
		return 0, s.edge(c, err)
	}
	if _, err := io.CopyN(b, c.r.Body, atOnce); err != nil {
		return 0, err
	}
	action, _, err := awsquery.Action(b.Bytes())
	row := table.Row(action)
	if err != nil || row == nil || row.MaxBody < c.r.ContentLength {
		return 0, tooLarge
	}
	if s.large.Add(1) > maxLarge {
		s.large.Add(-1)
		return 0, c.protocol.Refuse(awsapi.Throttled, "").Because(causeLargeBodies, nil)
	}
	c.large = true
	return row.MaxBody - int64(b.Len()), nil
}

// release lets another large body in.
func (s *Server) release(c *call) {
	if c.large {
		s.large.Add(-1)
	}
}

func (s *Server) queryTable(service string) *awsapi.Table {
	for _, table := range s.Query {
		if table.Name == service {
			return table
		}
	}
	return nil
}
