package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/sigv4"
)

// MaxBody is the most bytes that a request's body may have, but for the forms of
// rows that say more (awsapi.Operation.WithBody). Most operations take less.
const MaxBody = 1 << 20

const (
	// atOnce is how much of a body is read before anything is known of it but the
	// header. Most are smaller.
	atOnce = 8 << 10
	// maxLarge is how many bodies beyond MaxBody there are at a time, and one where
	// the budget is below roomy: each takes several times its length while it is read.
	maxLarge, roomy = 2, 128 << 20
)

// body is a request's body as it comes in.
type body struct {
	io.Reader
	bytes []byte
	// room is where the first bytes go if they are few; nil for anywhere.
	room *room
	// hold is the memory that it has been given beyond the first bytes.
	hold *hold
}

// room is memory for a small body. It is used again, so nothing may keep a part of a
// body beyond the request: what decoders make of one are copies.
type room [4 << 10]byte

var rooms = sync.Pool{New: func() any { return new(room) }}

// readBody reads the body of a request and finds its route. A body of a few bytes
// is read at once. Before more is read it must be clear that the operation takes as
// much, and that whoever signed it has a key that is good; for a form, whose
// operation is in its first bytes, that is asked twice. What it reads is all of the
// body or nothing.
func (s *Server) readBody(ctx context.Context, w http.ResponseWriter, c *call) (err error) {
	b := body{Reader: c.r.Body}
	if 0 < c.r.ContentLength && c.r.ContentLength <= int64(len(room{})) {
		c.room = rooms.Get().(*room)
		b.room = c.room
	}
	if c.r.ContentLength > atOnce {
		if c.route, err = s.routeOf(c.r, emptyForm); err != nil {
			return err
		}
		limit, err := s.admit(ctx, c, nil)
		if err != nil {
			return err
		}
		if c.r.ContentLength > limit {
			return c.tooLarge(limit)
		}
	}
	whole, err := b.await(holdOf(c.r), atOnce, c.r.ContentLength)
	var lost error
	if c.route, lost = s.routeOf(c.r, b.look(whole)); lost != nil {
		return lost
	}
	if err != nil {
		return c.unread(err)
	}
	if !whole {
		limit, err := s.admit(ctx, c, b.look(false))
		if err != nil {
			return err
		}
		if err := s.readRest(w, c, &b, limit); err != nil {
			return err
		}
		if c.route, lost = s.routeOf(c.r, b.bytes); lost != nil {
			return lost
		}
	}
	c.body = b.bytes
	return nil
}

// emptyForm stands for a body that is there and has not been read.
var emptyForm = []byte("&")

// look is what can be read of a form: whole parameters.
func (b *body) look(whole bool) []byte {
	if whole {
		return b.bytes
	}
	if i := bytes.LastIndexByte(b.bytes, '&'); i >= 0 {
		return b.bytes[:i+1]
	}
	return emptyForm
}

// readRest reads what is behind the first bytes, up to a limit.
func (s *Server) readRest(w http.ResponseWriter, c *call, b *body, limit int64) error {
	if c.r.ContentLength > limit {
		return c.tooLarge(limit)
	}
	if !c.large {
		var ok bool
		if c.hold, ok = s.Budget.openRequest(w, s.client(c.r), 0, false); !ok {
			return c.busy()
		}
		b.hold = c.hold
	}
	return b.rest(c.r.ContentLength, limit, c)
}

// bodyRefuser refuses a request because of its body, in the words of its protocol.
type bodyRefuser interface {
	busy() error
	tooLarge(limit int64) error
	unread(err error) error
}

// rest reads on until all is there, up to a limit. The length is the client's claim,
// so memory is taken as bytes come in.
func (b *body) rest(length, limit int64, refuse bodyRefuser) error {
	for next := int64(max(atOnce, 2*len(b.bytes))); ; next *= 2 {
		most := min(next, limit+1)
		if length > 0 {
			most = min(most, length)
		}
		if !b.hold.grow((most - int64(len(b.bytes))) * bodyCost) {
			return refuse.busy()
		}
		whole, err := b.await(b.hold, most, length)
		switch {
		case err != nil:
			return refuse.unread(err)
		case int64(len(b.bytes)) > limit:
			return refuse.tooLarge(limit)
		case whole:
			return nil
		}
	}
}

// await reads on, as read does, while a hold may be ended.
func (b *body) await(h *hold, most, length int64) (whole bool, err error) {
	if length == 0 {
		return true, nil
	}
	h.waits(true)
	defer h.waits(false)
	return b.read(most, length)
}

// read reads on until there are so many bytes, or all that there are.
func (b *body) read(most, length int64) (whole bool, err error) {
	if length >= 0 && length <= most {
		most = length
	}
	var grown []byte
	if b.room != nil && b.bytes == nil && most <= int64(len(b.room)) {
		grown = b.room[:most:most]
	} else {
		grown = make([]byte, most)
	}
	have := copy(grown, b.bytes)
	n, err := io.ReadFull(b.Reader, grown[have:])
	b.bytes = grown[:have+n]
	switch {
	case err == io.EOF && length < 0, err == io.ErrUnexpectedEOF && length < 0:
		return true, nil
	case err == io.EOF && length > int64(len(b.bytes)):
		return false, io.ErrUnexpectedEOF
	case err != nil:
		return false, err
	}
	return int64(len(b.bytes)) == length, nil
}

// admit says how long a body may be of which there are more than the first bytes:
// as long as the operation takes. Where that takes a signature there has to be one
// whose key and date are good; the signature itself can only be verified when all
// is there. A form whose operation is not among the first bytes, or has not been
// looked for since none were read, may be as long as that of any operation that
// its signature, or the lack of one, is enough for.
func (s *Server) admit(ctx context.Context, c *call, first []byte) (limit int64, err error) {
	row, late := c.row, false
	if row == nil {
		row, late = s.expected(c, first)
	}
	switch {
	case row == nil && !late:
		return 0, c.unknown
	case row != nil && row.Auth == awsapi.Public:
		return row.BodyLimit(MaxBody), nil
	}
	table, err := s.signer(ctx, c, row)
	switch public := s.publicLimit(); {
	case late && err != nil && c.r.ContentLength <= public, late && isUnsigned(err):
		return public, nil // the operation may be one that does not ask for a signature
	case err != nil:
		return 0, err
	case late && first == nil && table.Takes(c.r.ContentLength):
		return c.r.ContentLength, nil
	case late:
		return MaxBody, nil
	}
	limit = row.BodyLimit(MaxBody)
	if !c.form || limit <= MaxBody || c.r.ContentLength <= MaxBody {
		return min(limit, MaxBody), nil
	}
	allowed := int32(maxLarge)
	if s.Budget != nil && s.Budget.Bytes < roomy {
		allowed = 1
	}
	if !c.large && s.large.Add(1) > allowed {
		s.large.Add(-1)
		return 0, c.protocol.Refuse(awsapi.Throttled, "").Because(causeLargeBodies, nil)
	}
	c.large = true
	return limit, nil
}

// expected is the operation that the first bytes of a form name where the version
// of its API is behind them; late says that they name none of ours.
func (s *Server) expected(c *call, first []byte) (row *awsapi.Row, late bool) {
	if !c.form || c.inQuery {
		return nil, false
	}
	action, version, err := awsquery.Action(first)
	if err != nil || version != "" && action != "" {
		return nil, false
	}
	for _, table := range s.Query {
		if row := table.Row(action); row != nil {
			return row, false
		}
	}
	return nil, true
}

// signer looks at the form, key and date of a signature, and finds the table that
// it is for.
func (s *Server) signer(ctx context.Context, c *call, row *awsapi.Row) (*awsapi.Table, error) {
	sig, err := sigv4.Parse(signedRequest(c))
	if err != nil {
		return nil, c.refuseSignature(err)
	}
	service := sig.Service
	if row != nil {
		service = row.Service.Name
	}
	if err := sig.Check(s.signatureOptions(service, c.protocol.MaxSkew())); err != nil {
		return nil, c.refuseSignature(err)
	}
	if _, _, err := s.holder(ctx, c.event, sig); err != nil {
		return nil, err
	}
	for _, table := range slices.Concat(s.JSON, s.Query) {
		if table.Name == service {
			return table, nil
		}
	}
	return nil, c.refuseSignature(&sigv4.Error{Kind: sigv4.WrongService})
}

// isUnsigned says whether a request was refused because nobody signed it.
func isUnsigned(err error) bool {
	e, ok := awsapi.AsError(err)
	return ok && e.Cause == awsapi.Cause(sigv4.CauseMissing)
}

// publicLimit is the most that a public operation of a form takes.
func (s *Server) publicLimit() (limit int64) {
	for _, table := range s.Query {
		for _, o := range table.Operations {
			if o.Auth == awsapi.Public {
				limit = max(limit, table.Row(o.Name).BodyLimit(MaxBody))
			}
		}
	}
	return limit
}

// busy refuses a request for which there is no memory.
func (c *call) busy() error {
	return c.protocol.Refuse(awsapi.Busy, "").Because(causeBusy, nil)
}

// release gives back what the body of a request took.
func (s *Server) release(c *call) {
	c.hold.close()
	if c.room != nil {
		rooms.Put(c.room)
		c.room, c.body = nil, nil
	}
	if c.large {
		s.large.Add(-1)
	}
}

// tooLarge refuses a body that is longer than it may be.
func (c *call) tooLarge(limit int64) error {
	return c.protocol.Refuse(awsapi.TooLarge, fmt.Sprintf("Request size exceeded the limit of %d bytes", limit)).Because(causeBodyTooLarge, nil)
}

// unread refuses a body that ended early.
func (c *call) unread(err error) error {
	return c.protocol.Refuse(awsapi.Malformed, "").Because(causeBodyUnreadable, err)
}
