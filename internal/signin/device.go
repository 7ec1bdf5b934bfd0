package signin

import (
	"context"
	"time"
)

// maxInterval is the longest pause between two questions that a provider may ask for, in seconds.
const maxInterval = 300

// Device signs the person in by a code that is entered in a browser of another machine.
func (p *Provider) Device(ctx context.Context) (*Tokens, error) {
	ctx, stop := context.WithTimeoutCause(ctx, devicePatience, refusal("nobody signed in within %v", devicePatience))
	defer stop()
	s, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	if s.metadata.DeviceAuthorizationEndpoint == "" {
		return nil, refusal("%s has no sign-in by device code (RFC 8628)", p.Issuer)
	}
	asked, err := s.config.DeviceAuth(s.context(ctx))
	if err != nil {
		return nil, s.refused("begin a sign-in by device code", err)
	}
	if err := plainOrHere(asked.VerificationURI); err != nil || asked.UserCode == "" || asked.DeviceCode == "" {
		return nil, refusal("the answer of %s to the sign-in by device code has no code, or no page to enter it", p.Issuer)
	}
	asked.Interval = min(max(asked.Interval, 0), maxInterval) // what is not above 0 means the default
	p.Tell("Sign in at " + quoted(asked.VerificationURI) + " and enter the code " + quoted(asked.UserCode))
	answer, err := s.config.DeviceAccessToken(s.context(ctx), asked)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && !asked.Expiry.IsZero() && time.Now().After(asked.Expiry):
		return nil, refusal("nobody signed in before the code expired")
	case err != nil:
		return nil, s.refused("sign in", err)
	}
	return s.tokens(ctx, answer, "")
}
