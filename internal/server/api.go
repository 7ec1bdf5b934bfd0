package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// call is a request on its way through the house.
type call struct {
	*route
	r      *http.Request
	event  *audit.Event
	body   []byte
	caller awsapi.Caller
}

// api is the way of every request. Its order is the security argument: nothing
// is decoded for a caller who has not proven who they are, nothing is done for
// one who may not, and nothing is answered that was not recorded.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	e := &audit.Event{RequestID: s.requestID(), Start: s.now(), SourceIP: s.sourceIP(r)}
	ctx := audit.NewContext(r.Context(), e)
	defer s.record(ctx, e)

	if r.Method == http.MethodOptions {
		e.Status = preflight(w)
		return
	}
	c := &call{r: r, event: e}
	out, err := s.handle(ctx, w, c)
	if c.route == nil {
		e.Status = notAService(w, e.RequestID)
		return
	}
	s.answer(ctx, w, c, out, err)
}

// handle takes a request from its bytes to its output.
func (s *Server) handle(ctx context.Context, w http.ResponseWriter, c *call) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if c.body, err = readBody(w, c.r); err != nil {
		c.route = s.routeOf(c.r, nil)
		return nil, c.refuseBody(err)
	}
	if c.route = s.routeOf(c.r, c.body); c.route == nil {
		return nil, nil
	}
	if c.row == nil {
		return nil, c.unknown
	}
	c.event.Service, c.event.Operation = c.row.Service.Name, c.row.Name
	if err = s.authenticate(ctx, c); err != nil {
		return nil, err
	}
	in, err := c.decode()
	if err != nil {
		return nil, err
	}
	if c.row.Auth == awsapi.Signed && s.Authorize != nil {
		if err = s.Authorize(ctx, c.row, c.caller, in); err != nil {
			return nil, c.denied(err)
		}
	}
	return c.row.Call(ctx, c.caller, in)
}

// decode makes the operation's input and gives the protocol's code to what is
// wrong with it.
func (c *call) decode() (any, error) {
	n, err := c.protocol.Decode(c.input(c.body))
	if err == nil {
		var in any
		if in, err = c.row.Bind(n); err == nil {
			return in, nil
		}
	}
	var s *awsapi.SerializationError
	if errors.As(err, &s) {
		return nil, c.protocol.Refuse(awsapi.Malformed, s.Message).Because(causeMalformed, nil)
	}
	var v *awsapi.ValidationError
	if errors.As(err, &v) {
		return nil, c.protocol.Refuse(awsapi.Invalid, v.Error()).Because(causeValidation, nil)
	}
	return nil, err
}

func (c *call) denied(err error) error {
	e := c.protocol.Refuse(awsapi.Denied, err.Error())
	return e.Because(causeAccessDenied, nil)
}

func (c *call) refuseBody(err error) error {
	if c.route == nil {
		return nil
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return c.protocol.Refuse(awsapi.TooLarge, "").Because(causeBodyTooLarge, nil)
	}
	return c.protocol.Refuse(awsapi.Malformed, "").Because(causeBodyUnreadable, err)
}

// answer writes what became of a request and closes its event.
func (s *Server) answer(ctx context.Context, w http.ResponseWriter, c *call, out any, err error) {
	var a awsapi.Answer
	if err == nil {
		a, err = c.protocol.Encode(c.row, out, c.event.RequestID)
	}
	if err != nil {
		e := s.edge(c, err)
		c.event.Code, c.event.Cause, c.event.Err = e.Code, string(e.Cause), e.Err
		a = c.protocol.EncodeError(c.service, e, c.event.RequestID)
	}
	c.event.Status = a.Status
	s.send(w, c, a)
}

// edge is the one place where an error becomes what the client sees: typed
// errors as they are, all others without their text.
func (s *Server) edge(c *call, err error) *awsapi.Error {
	e, typed := awsapi.AsError(err)
	if !typed {
		return c.protocol.Refuse(awsapi.Internal, "").Because(causeInternal, err)
	}
	if s.Undeclared != nil && c.row != nil && !c.row.Declares(e.Code) && !c.frame(e) {
		s.Undeclared(c.row, e)
	}
	return e
}

// frame says that an error belongs to the protocol's frame, which every
// operation may answer with.
func (c *call) frame(e *awsapi.Error) bool {
	for r := awsapi.UnknownOperation; r <= awsapi.Internal; r++ {
		if c.protocol.Refuse(r, "").Code == e.Code {
			return true
		}
	}
	return false
}

func (s *Server) send(w http.ResponseWriter, c *call, a awsapi.Answer) {
	h := w.Header()
	for i := 0; i+1 < len(a.Header); i += 2 {
		h.Set(a.Header[i], a.Header[i+1])
	}
	h.Set("Content-Type", a.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	h.Set("Cache-Control", "no-store")
	if s.secure(c.r) {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	s.allowOrigin(h, c)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a client that has gone away needs no answer
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return nil, &http.MaxBytesError{Limit: MaxBody}
	}
	body := http.MaxBytesReader(w, r.Body, MaxBody)
	if r.ContentLength < 0 {
		return io.ReadAll(body)
	}
	buf := make([]byte, r.ContentLength)
	_, err := io.ReadFull(body, buf)
	return buf, err
}

// requestID makes a lower-case version 4 UUID, as AWS's request IDs are.
func (s *Server) requestID() string {
	var b [16]byte
	if _, err := io.ReadFull(s.rand(), b[:]); err != nil {
		return "00000000-0000-4000-8000-000000000000" // an ID for the log must not stop an answer
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
