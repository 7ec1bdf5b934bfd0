package sts

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
)

// AssumeRoleWithWebIdentity gives the bearer of an OpenID token temporary
// credentials of a role that trusts it.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, c awsapi.Caller, in *AssumeRoleWithWebIdentityRequest) (*AssumeRoleWithWebIdentityResponse, error) {
	audit.From(ctx).Set("role", string(in.RoleArn))
	f, err := s.identify(ctx, c, in)
	if err != nil {
		return nil, err
	}
	event := audit.From(ctx)
	event.Set("provider", f.provider)
	event.Set("subject", audit.Hash(f.subject))
	f.record(event)
	name := string(in.RoleSessionName)
	role, err := s.authorize(ctx, c.Request, string(in.RoleArn), name, f)
	if err != nil {
		return nil, err
	}
	lasts, err := durationOf(in.DurationSeconds, role)
	if err != nil {
		return nil, err
	}
	session, err := f.session(ctx, s, role, name, lasts)
	if err != nil {
		return nil, err
	}
	if err := s.narrow(ctx, session, string(in.Policy), in.PolicyArns); err != nil {
		return nil, err
	}
	made, err := s.issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return answer(session, f, made), nil
}

// identify verifies the token.
func (s *Service) identify(ctx context.Context, c awsapi.Caller, in *AssumeRoleWithWebIdentityRequest) (*federated, error) {
	if _, _, ok := iam.ParseRoleARN(string(in.RoleArn)); !ok {
		return nil, badRoleARN()
	}
	// Clients send the file of a token as it is, and files end with a line end.
	token := strings.Trim(string(in.WebIdentityToken), " \t\r\n")
	if in.ProviderId != "" {
		return s.verifyAccessToken(ctx, c.Network().String(), string(in.ProviderId), token)
	}
	return s.verify(ctx, string(in.RoleArn), token)
}

func answer(session *Session, f *federated, made *Credentials) *AssumeRoleWithWebIdentityResponse {
	return &AssumeRoleWithWebIdentityResponse{
		SubjectFromWebIdentityToken: f.subject,
		Audience:                    f.audience,
		AssumedRoleUser:             &AssumedRoleUser{Arn: session.ARN(), AssumedRoleId: session.UserID()},
		Credentials:                 made,
		Provider:                    session.Provider,
		SourceIdentity:              session.SourceIdentity,
		PackedPolicySize:            session.packedSize(),
	}
}

// AssumeRoleForIdentity assumes a role for an identity of an identity pool, by
// the claims that its token would have. It is the enhanced flow: no token is
// signed or verified, the session lasts an hour unless a tag of the role says
// otherwise, and guests have limits of their own. A role that is linked to a target
// gives the target's credentials. Whatever the role refuses is a *[Refusal], and
// what went wrong at a target a *[TargetFailure].
func (s *Service) AssumeRoleForIdentity(ctx context.Context, r awsapi.Request, role string, claims *openid.Claims, sessionName string) (*Credentials, error) {
	audit.From(ctx).Set("role", role)
	made, err := s.assumeForIdentity(ctx, r, role, claims, sessionName)
	if err != nil {
		return nil, refusalOf(err)
	}
	return made, nil
}

func (s *Service) assumeForIdentity(ctx context.Context, r awsapi.Request, roleARN string, claims *openid.Claims, sessionName string) (*Credentials, error) {
	session, role, err := s.sessionOfIdentity(ctx, r, roleARN, claims, sessionName)
	if err != nil {
		return nil, err
	}
	if role.Settings.SessionSeconds > 0 {
		audit.From(ctx).Set("session_duration", session.Expires.Sub(session.Issued).String())
	}
	if role.Settings.Target != "" {
		return s.issueAtTarget(ctx, role, session, claims)
	}
	return s.issue(ctx, session)
}

// sessionOfIdentity is the session of a role that an identity may assume. It has no
// key yet.
func (s *Service) sessionOfIdentity(ctx context.Context, r awsapi.Request, roleARN string, claims *openid.Claims, sessionName string) (*Session, *iam.RoleEntity, error) {
	f, err := fromClaims(claims)
	if err != nil {
		return nil, nil, err
	}
	role, err := s.authorize(ctx, r, roleARN, sessionName, f)
	if err != nil {
		return nil, nil, err
	}
	session, err := s.enhanced(ctx, f, role, claims, sessionName)
	return session, role, err
}

// enhanced is the session that the enhanced flow makes of a role for an identity of
// these claims. Whether the role lets it is another question.
func (s *Service) enhanced(ctx context.Context, f *federated, role *iam.RoleEntity, claims *openid.Claims, name string) (*Session, error) {
	if claims.Authenticated() {
		return f.session(ctx, s, role, name, role.SessionDuration())
	}
	session, err := f.session(ctx, s, role, name, min(role.SessionDuration(), maxGuestDuration))
	if err == nil {
		session.Kind = GuestSession
	}
	return session, err
}

// BearerOfIdentity is the caller that the credentials of [Service.AssumeRoleForIdentity]
// would have, for whoever shows a token with these claims in place of credentials:
// nothing is issued, and the session is as old as the token and ends with it. So a
// revocation of the role reaches tokens from before it. Whatever the role refuses is
// a *[Refusal]; that the token itself holds is for the caller to know.
func (s *Service) BearerOfIdentity(ctx context.Context, r awsapi.Request, role string, claims *openid.Claims, sessionName string) (awsapi.Caller, error) {
	audit.From(ctx).Set("role", role)
	session, _, err := s.sessionOfIdentity(ctx, r, role, claims, sessionName)
	if err == nil {
		session.Issued, session.Expires = time.Unix(claims.IssuedAt, 0).UTC(), time.Unix(claims.Expires, 0).UTC()
		session.Change = claims.Change
		err = cmp.Or(s.checkBearer(ctx, session), session.checkPacked())
	}
	if err != nil {
		return awsapi.Caller{}, refusalOf(err)
	}
	return session.caller(), nil
}
