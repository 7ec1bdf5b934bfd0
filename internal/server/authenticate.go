package server

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// authenticate finds out who makes a request. Public operations have anonymous
// callers, and a signature on them is ignored, right or wrong.
func (s *Server) authenticate(ctx context.Context, c *call) error {
	if c.row.Auth == awsapi.Public {
		return nil
	}
	if err := s.refusePage(c); err != nil {
		return err
	}
	sig, err := sigv4.Parse(signedRequest(c))
	if err != nil {
		return c.refuseSignature(err)
	}
	if err := c.refusePresigned(sig); err != nil {
		return err
	}
	caller, secret, err := s.holder(ctx, c.event, sig)
	if err != nil {
		return err
	}
	caller.Request = c.caller.Request
	if c.caller, err = s.prove(c.event, sig, caller, secret, s.signatureOptions(c.row.Service.Name, c.protocol.MaxSkew())); err != nil {
		return s.refuseMismatch(c, secret, err)
	}
	return nil
}

// holder finds who has the key of a signature, and the key's secret. It is the one
// way to a caller: keys that are inactive, sessions that are revoked or over and
// identities that are no more are refused here, for every service and every side.
func (s *Server) holder(ctx context.Context, e *audit.Event, sig *sigv4.Signature) (awsapi.Caller, seal.Secret, error) {
	e.AccessKeyID = sig.AccessKeyID
	return s.Credentials(ctx, sig.AccessKeyID, sig.SessionToken)
}

// prove verifies the signature of whoever has its key, and gives the caller that
// has proven it, of whom the event knows from then on.
func (s *Server) prove(e *audit.Event, sig *sigv4.Signature, caller awsapi.Caller, secret seal.Secret, o sigv4.Options) (awsapi.Caller, error) {
	if err := sig.Verify(secret.Reveal(), o); err != nil {
		return awsapi.Caller{}, err
	}
	caller.AccessKeyID, caller.Region = sig.AccessKeyID, sig.Region
	if s.Used != nil {
		s.Used(caller, o.Service)
	}
	e.Caller, e.Region, e.Who = caller.ARN, caller.Region, caller
	return caller, nil
}

// signatureOptions say which signatures are good for a service.
func (s *Server) signatureOptions(service string, skew time.Duration) sigv4.Options {
	now := s.now
	if s.SignatureNow != nil {
		now = s.SignatureNow
	}
	return sigv4.Options{Service: service, ValidRegion: s.ValidRegion, Now: now(), Skew: skew, Keys: &s.signingKeys}
}

func signedRequest(c *call) *sigv4.Request {
	return &sigv4.Request{
		Method: c.r.Method, Path: c.r.URL.EscapedPath(), RawQuery: c.r.URL.RawQuery,
		Host: c.r.Host, Header: c.r.Header, Body: c.body,
	}
}

// refuseMismatch refuses a signature that does not verify. Proxies that rewrite the
// Host header are what most often breaks one, so the log says over which host it
// was verified, and whether it would be right for the public one: for that it is
// verified again, and refused all the same.
func (s *Server) refuseMismatch(c *call, secret seal.Secret, err error) error {
	refusal := c.refuseSignature(err)
	e, typed := awsapi.AsError(refusal)
	if !typed || e.Cause != awsapi.Cause(sigv4.CauseMismatch) {
		return refusal
	}
	if s.PublicHost != "" && s.PublicHost != c.r.Host {
		r := signedRequest(c)
		r.Host = s.PublicHost
		again, err := sigv4.Parse(r)
		if err == nil && again.Verify(secret.Reveal(), s.signatureOptions(c.row.Service.Name, c.protocol.MaxSkew())) == nil {
			return e.Because(causeSignatureHost, errors.New("Host: "+Clip(c.r.Host)+", and the client signed "+s.PublicHost))
		}
	}
	return e.Because(e.Cause, errors.New("Host: "+Clip(c.r.Host)))
}

// refuseSignature gives the protocol's code to what is wrong with a signature.
func (c *call) refuseSignature(err error) error {
	return refuseSignature(c.protocol, err)
}

// refuser has an error of its own for each refusal.
type refuser interface {
	Refuse(r awsapi.Refusal, message string) *awsapi.Error
}

func refuseSignature(protocol refuser, err error) error {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		return err
	}
	refusal, message := awsapi.BadSignature, e.Message
	switch e.Kind {
	case sigv4.Missing:
		refusal, message = awsapi.Unsigned, ""
	case sigv4.Incomplete:
		refusal = awsapi.IncompleteSignature
	}
	return protocol.Refuse(refusal, message).Because(awsapi.Cause(e.Cause), nil)
}
