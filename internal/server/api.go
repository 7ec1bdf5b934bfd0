package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery"
)

// call is a request on its way through the house.
type call struct {
	*route
	r        *http.Request
	event    *audit.Event
	recorded audit.Event // what event points to: one allocation for both
	body     []byte
	caller   awsapi.Caller
	// large says that the body is one of those beyond MaxBody.
	large bool
	// rated says that the request was taken from its operation's rate.
	rated bool
	// hold is the memory that the body has, and room where a small one is.
	hold *hold
	room *room
}

// api is the way of every request. Its order is the security argument: nothing
// is decoded for a caller who has not proven who they are, nothing is done for
// one who may not, and nothing is answered that is not recorded.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	c := s.call(r)
	ctx := s.context(r, c.event)
	if r.Method == http.MethodOptions {
		if a := s.recorded(ctx, c, awsapi.Answer{Status: http.StatusOK}); a.Status != http.StatusOK {
			s.send(w, c, a)
			return
		}
		preflight(w)
		return
	}
	a := s.respond(ctx, w, c)
	if a.Stream != nil {
		defer func() { _ = a.Stream.Body.Close() }() // it has been read
	}
	sent := s.recorded(ctx, c, a)
	if errors.Is(c.event.Err, errCut) {
		panic(http.ErrAbortHandler)
	}
	s.send(w, c, sent)
}

// recorded records a request to the API and gives the answer to send. That it was
// refused because it cannot be recorded is told without a record: nothing was done.
func (s *Server) recorded(ctx context.Context, c *call, a awsapi.Answer) awsapi.Answer {
	return s.record(ctx, c.event, a, func(err error) awsapi.Answer {
		if c.event.Cause == string(causeAuditUnavailable) {
			return a
		}
		return s.fail(c, c.speaks().Refuse(awsapi.Internal, "").Because(causeNotRecorded, err))
	})
}

// record offers the event of a request to each sink and gives the answer to
// send: the one that it is given, or what fail makes of it where a sink does not
// accept the event. What the request has changed stays changed, but nobody is told, and no
// credentials go out, without a record. The sinks behind the one that refuses
// are told of the failure. That the client has gone away does not stop them.
func (s *Server) record(ctx context.Context, e *audit.Event, a awsapi.Answer, fail func(error) awsapi.Answer) awsapi.Answer {
	ctx = context.WithoutCancel(ctx)
	e.Status, e.Duration = a.Status, s.now().Sub(e.Start)
	for _, sink := range s.Sinks {
		if err := guard(func() error { return sink.Record(ctx, e) }); err != nil {
			a = fail(errors.Join(err, e.Err))
			e.Status = a.Status
		}
	}
	return a
}

// call opens the record of a request to the API.
func (s *Server) call(r *http.Request) *call {
	c := &call{r: r}
	c.event = &c.recorded
	s.begin(c.event, r)
	return c
}

// event opens the record of another request.
func (s *Server) event(r *http.Request) *audit.Event {
	e := &audit.Event{}
	s.begin(e, r)
	return e
}

func (s *Server) begin(e *audit.Event, r *http.Request) {
	ip, err := s.sourceIP(r)
	e.RequestID, e.Start, e.SourceIP, e.UserAgent = s.requestID(), s.now(), ip, r.UserAgent()
	if err != nil {
		e.Warning, e.WarningErr = string(warningForwardedFor), err
	}
}

// facts are how a request came, for policies. Its region is the server's own
// until the signature or the operation says which it is.
func (s *Server) facts(r *http.Request, e *audit.Event) awsapi.Request {
	facts := awsapi.Request{
		SourceIP: e.SourceIP, Transport: awsapi.Plain, Region: cmp.Or(s.Region, "us-east-1"),
		UserAgent: r.Header.Get("User-Agent"), Referer: r.Header.Get("Referer"),
	}
	if s.secure(r) {
		facts.Transport = awsapi.Encrypted
	}
	return facts
}

// respond finds the answer to a request.
func (s *Server) respond(ctx context.Context, w http.ResponseWriter, c *call) (a awsapi.Answer) {
	err := guard(func() (err error) {
		a, err = s.answer(ctx, w, c)
		return err
	})
	if err != nil {
		return s.fail(c, err)
	}
	return a
}

func (s *Server) answer(ctx context.Context, w http.ResponseWriter, c *call) (awsapi.Answer, error) {
	defer s.release(c)
	err := s.readBody(ctx, w, c)
	if c.route == nil {
		return awsapi.Answer{}, err
	}
	if c.row != nil {
		c.event.Service, c.event.Operation, c.event.Row = c.row.Service.Name, c.row.Name, c.row
	}
	if err != nil {
		return awsapi.Answer{}, err
	}
	out, err := s.output(ctx, w, c)
	if err != nil {
		return awsapi.Answer{}, err
	}
	c.event.Output = out
	a, err := c.protocol.Encode(c.row, out, c.event.RequestID)
	if stream, ok := out.(*awsapi.Stream); ok {
		a.Stream, a.ContentType = stream, stream.ContentType
	}
	return a, err
}

// guard turns a panic into an error, so that one request does not end the
// others and its event is still written.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// attend handles a request, of the API or to a side, by one state of what is kept in
// memory.
func (s *Server) attend(ctx context.Context, e *audit.Event, do func(context.Context) error) error {
	if s.Attend == nil {
		return do(ctx)
	}
	return s.Attend(ctx, func(ctx context.Context) error {
		e.Restart()
		return do(ctx)
	})
}

// output finds the output of a request, by one state of what is kept in memory.
func (s *Server) output(ctx context.Context, w http.ResponseWriter, c *call) (any, error) {
	if s.Attend == nil { // most servers; what a function needs that may be called again takes memory
		return s.handle(ctx, w, c)
	}
	var out any
	err := s.attend(ctx, c.event, func(ctx context.Context) (err error) {
		c.caller = awsapi.Caller{}
		out, err = s.handle(ctx, w, c)
		return err
	})
	return out, err
}

// handle takes a request from its route to its output.
func (s *Server) handle(ctx context.Context, w http.ResponseWriter, c *call) (any, error) {
	if c.row == nil {
		return nil, c.unknown
	}
	c.caller.Request = s.facts(c.r, c.event)
	if err := s.authenticate(ctx, c); err != nil {
		return nil, err
	}
	in, err := c.decode()
	if err != nil {
		return nil, err
	}
	c.event.Input = in
	if c.row.Auth != awsapi.Public && s.Authorize != nil {
		if err = s.Authorize(ctx, c.row, c.caller, in); err != nil {
			return nil, err
		}
	}
	if c.rated = c.rated || s.Rates.allow(c.row, s.now()); !c.rated {
		return nil, c.protocol.Refuse(awsapi.Throttled, "").Because(causeRequestRate, nil)
	}
	if err := s.Faults.strike(ctx, c.row); err != nil {
		return nil, err
	}
	if !c.row.ReadOnly && s.MayChange != nil {
		if err := s.MayChange(); err != nil {
			return nil, c.protocol.Refuse(awsapi.Unavailable, "").Because(causeAuditUnavailable, err)
		}
	}
	if c.row.Streams() {
		takeTime(w)
	}
	return c.row.Call(ctx, c.caller, in)
}

// decode makes the operation's input and gives the protocol's code to what is
// wrong with it.
func (c *call) decode() (any, error) {
	n, err := c.protocol.Decode(c.row, c.input(c.body))
	if err == nil && c.sharedParameter() {
		return nil, c.protocol.Refuse(awsapi.Malformed, "").Because(causeQueryAndBody, errors.New("a parameter is in both"))
	}
	if err == nil {
		var in any
		if in, err = c.row.Bind(n); err == nil {
			return in, nil
		}
	}
	var s *awsapi.SerializationError
	if errors.As(err, &s) {
		return nil, c.protocol.Refuse(awsapi.Malformed, s.Message).Because(c.unreadable(causeMalformed, s.Err))
	}
	var v *awsapi.ValidationError
	if errors.As(err, &v) {
		return nil, c.protocol.Refuse(awsapi.Invalid, v.Error()).Because(causeValidation, errors.New(v.Members()))
	}
	return nil, err
}

// fail makes the answer of an error and puts it into the event.
func (s *Server) fail(c *call, err error) awsapi.Answer {
	e := s.edge(c, err)
	c.event.Code, c.event.Message, c.event.Cause, c.event.Err = e.Code, e.Message, string(e.Cause), e.Err
	switch {
	case c.route == nil && e.Code == unknownOperation:
		return notAService(c.event.RequestID)
	case c.route == nil:
		return unrouted.EncodeError(nil, e, c.event.RequestID)
	}
	return c.protocol.EncodeError(c.service, e, c.event.RequestID)
}

// unrouted is the protocol of failures where the request speaks none.
var unrouted = awsquery.Protocol{}

// speaks is the protocol of a request, whether it has found its route or not.
func (c *call) speaks() refuser {
	if c.route == nil {
		return unrouted
	}
	return c.protocol
}

// edge makes what the client sees of an error of the API.
func (s *Server) edge(c *call, err error) *awsapi.Error {
	e := s.refusal(c.speaks(), c.r, err)
	if s.Undeclared == nil || c.route == nil || c.row == nil {
		return e
	}
	if _, typed := awsapi.AsError(err); typed && !c.row.Declares(e.Code) && !c.frame(e) {
		s.Undeclared(c.row, e)
	}
	return e
}

// refusal is the one place where an error becomes what the client sees: typed
// errors as they are, refusals as the protocol words them, all others without
// their text. What could not be found out is no answer, whatever was made of it.
func (s *Server) refusal(protocol refuser, r *http.Request, err error) *awsapi.Error {
	unavailable := s.Unavailable != nil && s.Unavailable(err)
	if e, typed := awsapi.AsError(err); typed && !unavailable {
		return e
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		e := protocol.Refuse(awsapi.Internal, "")
		e.Status = statusClientGone
		return e.Because(causeClientGone, err)
	}
	if unavailable {
		return protocol.Refuse(awsapi.Unavailable, "").Because(causeDatabase, err)
	}
	if refused, ok := awsapi.AsRefused(err); ok {
		return protocol.Refuse(refused.Refusal, refused.Message).Because(refused.Cause, refused.Err)
	}
	return protocol.Refuse(awsapi.Internal, "").Because(causeInternal, err)
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

// These headers are the same in every answer, which is why the lists are: nobody
// changes one.
var (
	noStore   = []string{"no-store"}
	anyOrigin = []string{"*"}
)

// canonical are the headers of the protocols as net/http spells them.
var canonical = map[string]string{
	"x-amzn-RequestId":    "X-Amzn-Requestid",
	"x-amzn-ErrorType":    "X-Amzn-Errortype",
	"x-amzn-ErrorMessage": "X-Amzn-Errormessage",
}

func (s *Server) send(w http.ResponseWriter, c *call, a awsapi.Answer) {
	h := w.Header()
	values := make([]string, 0, len(a.Header)/2+2) // one allocation for those of all headers
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	for i := 0; i+1 < len(a.Header); i += 2 {
		name, known := canonical[a.Header[i]]
		if !known {
			name = http.CanonicalHeaderKey(a.Header[i])
		}
		set(name, a.Header[i+1])
	}
	set("Content-Type", a.ContentType) // also of an empty body, as AWS does
	length := int64(len(a.Body))
	if a.Stream != nil {
		length = a.Stream.Length
	}
	set("Content-Length", strconv.FormatInt(length, 10))
	h["Cache-Control"] = noStore
	if s.secure(c.r) {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	s.allowOrigin(h, c)
	w.WriteHeader(a.Status)
	if a.Stream != nil {
		stream(w, a.Stream)
		return
	}
	_, _ = w.Write(a.Body) // a client that has gone away needs no answer
}

// requestID makes a lower-case version 4 UUID, as AWS's request IDs are.
func (s *Server) requestID() string {
	b, err := s.random()
	if err != nil {
		return "00000000-0000-4000-8000-000000000000" // an ID for the log must not stop an answer
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var id [36]byte
	hex.Encode(id[0:8], b[0:4])
	hex.Encode(id[9:13], b[4:6])
	hex.Encode(id[14:18], b[6:8])
	hex.Encode(id[19:23], b[8:10])
	hex.Encode(id[24:36], b[10:16])
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	return string(id[:])
}

// random is what a request ID is made of. What crypto/rand fills stays on the
// stack; what another reader fills cannot.
func (s *Server) random() (b [16]byte, err error) {
	if s.Rand == nil {
		_, _ = rand.Read(b[:]) // never fails
		return b, nil
	}
	read := make([]byte, len(b))
	_, err = io.ReadFull(s.Rand, read)
	copy(b[:], read)
	return b, err
}
