package server

import (
	"context"
	"errors"

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
	caller, secret, err := s.holder(ctx, c, sig)
	if err != nil {
		return err
	}
	if err := sig.Verify(secret.Reveal(), s.signatureOptions(c, c.row.Service.Name)); err != nil {
		return s.refuseMismatch(c, secret, err)
	}
	caller.AccessKeyID, caller.Request = sig.AccessKeyID, c.caller.In(sig.Region)
	c.caller = caller
	if s.Used != nil {
		s.Used(caller, c.row.Service.Name)
	}
	c.event.Caller, c.event.Region = caller.ARN, caller.Region
	return nil
}

// holder finds who has the key of a signature, and the key's secret.
func (s *Server) holder(ctx context.Context, c *call, sig *sigv4.Signature) (awsapi.Caller, seal.Secret, error) {
	c.event.AccessKeyID = sig.AccessKeyID
	return s.Credentials(ctx, sig.AccessKeyID, sig.SessionToken)
}

// signatureOptions say which signatures are good for a service.
func (s *Server) signatureOptions(c *call, service string) sigv4.Options {
	return sigv4.Options{
		Service: service, ValidRegion: s.ValidRegion, Now: s.now(), Skew: c.protocol.MaxSkew(), Keys: &s.signingKeys,
	}
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
		if err == nil && again.Verify(secret.Reveal(), s.signatureOptions(c, c.row.Service.Name)) == nil {
			return e.Because(causeSignatureHost, errors.New("Host: "+clip(c.r.Host)+", and the client signed "+s.PublicHost))
		}
	}
	return e.Because(e.Cause, errors.New("Host: "+clip(c.r.Host)))
}

// refuseSignature gives the protocol's code to what is wrong with a signature.
func (c *call) refuseSignature(err error) error {
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
	return c.protocol.Refuse(refusal, message).Because(awsapi.Cause(e.Cause), nil)
}
