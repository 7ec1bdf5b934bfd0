package cognito

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/openid"
)

// Bearer is who bears an OpenID token of ours: the caller that the credentials
// would have which GetCredentialsForIdentity gives for the token, and to guests for
// their identity. It is the same role, chosen and assumed by the same rules, and the
// same identity that must be alive; nothing is issued. The session is as old as the
// token and ends with it.
//
// A token whose audience is not the pool of its identity is refused: that of a
// target, for one, which no client is given.
func (s *Service) Bearer(ctx context.Context, r awsapi.Request, token string) (awsapi.Caller, error) {
	claims, err := s.ownToken(ctx, token)
	if err != nil {
		return awsapi.Caller{}, err
	}
	i, p, err := s.identityAndPool(ctx, IdentityId(claims.Subject))
	if err != nil {
		return awsapi.Caller{}, err
	}
	role, err := s.bearerRole(ctx, i, p, claims)
	if err != nil {
		return awsapi.Caller{}, err
	}
	caller, err := s.STS.BearerOfIdentity(ctx, r, string(role), claims, sessionName)
	if err != nil {
		return awsapi.Caller{}, roleNotAssumed(err)
	}
	return caller, nil
}

// bearerRole is the role of whoever bears a token of an identity.
func (s *Service) bearerRole(ctx context.Context, i *Identity, p *Pool, claims *openid.Claims) (ARNString, error) {
	guest := len(claims.AMR) == 1 && claims.AMR[0] == "unauthenticated"
	if !guest {
		return s.developerRoleOf(ctx, i, p, claims, "")
	}
	if claims.Subject != string(i.ID(p)) || claims.Audience != string(p.IdentityPoolId) {
		return "", loginsDontMatch(causeNoProofForIdentity)
	}
	if err := guestOf(i, p); err != nil {
		return "", err
	}
	if err := s.checkRevoked(ctx, claims); err != nil {
		return "", err
	}
	resolved := p.resolveRole(nil, "")
	audit.From(ctx).DecideRole(resolved.answer)
	return resolved.role(), resolved.refusal()
}
