package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/sigv4"
)

// Side is a protocol beside the API, one that others have made, on a listener of
// its own. [Server.Beside] serves it; what all requests have in common is done
// there and not by the side: an event for each, which every sink accepts before
// the answer goes out, the guard against panics, and who has signed.
type Side interface {
	// Name names the side in events, as a service's name does.
	Name() string
	// Answer answers a request. A refusal is an error, as services of the API have
	// them: an *awsapi.Refused, an *awsapi.Error, or any other for the side's own
	// failure.
	Answer(ctx context.Context, v *Visit) (awsapi.Answer, error)
	// Refuse makes the side's own error for a refusal. An empty message means the
	// side's usual sentence.
	Refuse(r awsapi.Refusal, message string) *awsapi.Error
	// EncodeError writes an error.
	EncodeError(e *awsapi.Error, requestID string) awsapi.Answer
}

// Visit is a request to a side.
type Visit struct {
	// Request is the request as it came. Its body is for [Visit.Body].
	Request *http.Request

	server *Server
	side   Side
	event  *audit.Event
	w      http.ResponseWriter
	hold   *hold
	body   []byte // once it is read
}

// Beside serves a side.
func (s *Server) Beside(side Side) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, leave := s.enter(w, r)
		if r == nil {
			panic(http.ErrAbortHandler) // an answer would take memory, for as long as the client likes
		}
		defer leave()
		v := &Visit{Request: r, server: s, side: side, event: s.event(r), w: w}
		v.event.Service = side.Name()
		ctx := s.context(r, v.event)
		v.send(s.record(ctx, v.event, v.answer(ctx), func(err error) awsapi.Answer {
			return v.fail(side.Refuse(awsapi.Internal, "").Because(causeNotRecorded, err))
		}))
	})
}

func (v *Visit) answer(ctx context.Context) (a awsapi.Answer) {
	defer func() { v.hold.close() }()
	err := guard(func() (err error) {
		return v.server.attend(ctx, v.event, func(ctx context.Context) error {
			a, err = v.side.Answer(ctx, v)
			return err
		})
	})
	if err != nil {
		return v.fail(v.server.refusal(v.side, v.Request, err))
	}
	return a
}

// fail makes the answer of an error and puts it into the event.
func (v *Visit) fail(e *awsapi.Error) awsapi.Answer {
	v.event.Code, v.event.Message, v.event.Cause, v.event.Err = e.Code, e.Message, string(e.Cause), e.Err
	return v.side.EncodeError(e, v.event.RequestID)
}

func (v *Visit) send(a awsapi.Answer) {
	h := v.w.Header()
	for i := 0; i+1 < len(a.Header); i += 2 {
		h.Set(a.Header[i], a.Header[i+1])
	}
	if a.ContentType != "" {
		h.Set("Content-Type", a.ContentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	h.Set("Cache-Control", "no-store")
	v.w.WriteHeader(a.Status)
	_, _ = v.w.Write(a.Body) // a client that has gone away needs no answer
}

// Operation says what the request asks for, once that is known.
func (v *Visit) Operation(name string) { v.event.Operation = name }

// Note says why the answer is a no, where the protocol says no in an answer that
// is none of its errors.
func (v *Visit) Note(cause awsapi.Cause, err error) { v.event.Cause, v.event.Err = string(cause), err }

// Warn says what the operator should look at, whatever becomes of the request.
func (v *Visit) Warn(cause awsapi.Cause, err error) {
	v.event.Warning, v.event.WarningErr = string(cause), err
}

// Now is the server's clock.
func (v *Visit) Now() time.Time { return v.server.now() }

// Facts are how the request came, for policies.
func (v *Visit) Facts() awsapi.Request { return v.server.facts(v.Request, v.event) }

// Trusted says whether the request comes from one of the server's trusted proxies,
// or from this machine.
func (v *Visit) Trusted() bool {
	peer, ok := v.server.peer(v.Request)
	return ok && (peer.IsLoopback() || v.server.trusted(peer))
}

// Forwarded is how a request came that the visitor asks about, a proxy whose word
// counts: from the client that the proxy tells of, over the connection that it tells
// of. It is in the record too, in place of the proxy's own address. What the proxy
// does not tell is not known; a connection of which it says nothing is not encrypted.
func (v *Visit) Forwarded() awsapi.Request {
	ip, err := v.server.clientOf(v.Request)
	v.event.SourceIP = ip
	if err != nil {
		v.Warn(warningForwardedFor, err)
	}
	facts := v.Facts()
	facts.Transport = awsapi.Plain
	if forwardedSecurely(v.Request) {
		facts.Transport = awsapi.Encrypted
	}
	return facts
}

// Proven says who makes the request, where that is proven by something other than a
// signature ([Visit.Signer]).
func (v *Visit) Proven(c awsapi.Caller) {
	v.event.Caller, v.event.Region, v.event.Who = c.ARN, c.Region, c
}

// Body reads the whole body, of at most so many bytes, which belongs to the visit. What
// it takes comes out of the server's budget until the answer is made.
func (v *Visit) Body(limit int64) ([]byte, error) {
	if v.body != nil && int64(len(v.body)) <= limit { // the side answers again
		return v.body, nil
	}
	length := v.Request.ContentLength
	if length > limit {
		return nil, v.tooLarge(limit)
	}
	if v.hold == nil {
		var ok bool
		if v.hold, ok = v.server.Budget.openRequest(v.w, v.server.client(v.Request), 0, false); !ok {
			return nil, v.busy()
		}
	}
	b := body{Reader: v.Request.Body, hold: v.hold}
	if err := b.rest(length, limit, v); err != nil {
		return nil, err
	}
	v.body = b.bytes
	return b.bytes, nil
}

func (v *Visit) tooLarge(int64) error {
	return v.side.Refuse(awsapi.TooLarge, "").Because(causeBodyTooLarge, nil)
}

func (v *Visit) unread(err error) error {
	return v.side.Refuse(awsapi.Malformed, "").Because(causeBodyUnreadable, err)
}

func (v *Visit) busy() error { return v.side.Refuse(awsapi.Busy, "").Because(causeBusy, nil) }

// Signer finds who has made a signature, for a service, within so many minutes of
// now: that of the visit's request, or of another that it tells of. It is the way of
// the API: the same keys and sessions are good, and the same are refused. Once it is
// clear that the key and the date are good, admit is told who claims to have signed.
// It may refuse, and is the place to put the body into the request, so that nobody
// without a key has a long one read; nil admits all.
//
// The caller's request is that of the visit; whoever decides about another request
// says how that one came.
func (v *Visit) Signer(ctx context.Context, sig *sigv4.Signature, service string, skew time.Duration, admit func(claimed awsapi.Caller) error) (awsapi.Caller, error) {
	o := v.server.signatureOptions(service, skew)
	if err := sig.Check(o); err != nil {
		return awsapi.Caller{}, v.RefuseSignature(err)
	}
	caller, secret, err := v.server.holder(ctx, v.event, sig)
	if err != nil {
		return awsapi.Caller{}, err
	}
	if admit != nil {
		if err := admit(caller); err != nil {
			return awsapi.Caller{}, err
		}
	}
	caller.Request = v.Facts()
	if caller, err = v.server.prove(v.event, sig, caller, secret, o); err != nil {
		return awsapi.Caller{}, v.RefuseSignature(err)
	}
	return caller, nil
}

// RefuseSignature makes the side's error of what package sigv4 says is wrong with a
// signature.
func (v *Visit) RefuseSignature(err error) error { return refuseSignature(v.side, err) }

// Signed is the request of the visit as its signature covers it, without its body.
func (v *Visit) Signed() *sigv4.Request {
	r := v.Request
	return &sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host, Header: r.Header}
}
