package cognito

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
)

// ownToken verifies an OpenID token of our own, with our own keys only, and
// gives what it says.
func (s *Service) ownToken(ctx context.Context, text string) (*openid.Claims, error) {
	token, err := login.Parse(text, maxLoginToken)
	if err != nil || token.Issuer() != s.OpenID.Issuer {
		return nil, notOwnToken(err)
	}
	_, err = login.VerifyWith(ctx, s.OpenID, login.OwnRules(s.OpenID.Issuer, openid.TargetAudience), s.now(), token)
	var refused *login.Error
	switch {
	case errors.As(err, &refused):
		return nil, loginError(err)
	case err != nil:
		return nil, err
	}
	claims := &openid.Claims{}
	return claims, json.Unmarshal(token.Payload(), claims)
}

// notOwnToken refuses the token of somebody else and, by the cause that its reader
// gives, what is no token at all.
func notOwnToken(err error) *awsapi.Error {
	cause := causeNotOwnToken
	if unreadable, ok := errors.AsType[*login.Error](err); ok {
		cause = "login-" + awsapi.Cause(unreadable.Cause)
	}
	return invalidLoginToken(cause, err, "Not a Cognito token.")
}

// checkRevoked refuses a token of ours that was revoked, in the words for one
// that has expired: clients then get another one, which is all that can help.
func (s *Service) checkRevoked(ctx context.Context, c *openid.Claims) error {
	void, is, err := s.STS.TokenVoid(ctx, c)
	if err != nil || !is {
		return err
	}
	now := s.now().Unix()
	if void.Lost {
		return invalidLoginToken(causeTokenLost, nil, "Token expired: %d >= %d", now, now)
	}
	return invalidLoginToken(causeTokenRevoked, nil, "Token expired: %d >= %d", now, min(now, void.Before.Unix()))
}
