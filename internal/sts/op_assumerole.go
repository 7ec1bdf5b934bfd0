package sts

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
)

// defaultDuration is how long a session lasts where nobody says.
const defaultDuration = time.Hour

// AssumeRoleWithWebIdentity gives the bearer of an OpenID token temporary
// credentials of a role that trusts it.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, _ awsapi.Caller, in *AssumeRoleWithWebIdentityRequest) (*AssumeRoleWithWebIdentityResponse, error) {
	audit.From(ctx).Set("role", string(in.RoleArn))
	w, err := s.identify(ctx, in)
	if err != nil {
		return nil, err
	}
	event := audit.From(ctx)
	event.Set("provider", w.provider)
	event.Set("subject", audit.Hash(w.subject))
	name := string(in.RoleSessionName)
	role, err := s.authorize(ctx, string(in.RoleArn), name, w)
	if err != nil {
		return nil, err
	}
	lasts := defaultDuration
	if in.DurationSeconds != nil {
		lasts = time.Duration(*in.DurationSeconds) * time.Second
	}
	session := s.newSession(role, name, w, lasts)
	if session.Policy, err = sessionPolicy(in); err != nil {
		return nil, err
	}
	if lasts > time.Duration(role.MaxSession())*time.Second {
		return nil, durationTooLong()
	}
	made, err := s.issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return answer(session, w, made), nil
}

// identify verifies the token.
func (s *Service) identify(ctx context.Context, in *AssumeRoleWithWebIdentityRequest) (*webIdentity, error) {
	account, _, ok := iam.ParseRoleARN(string(in.RoleArn))
	switch {
	case !ok:
		return nil, badRoleARN()
	case in.ProviderId != "":
		return nil, providerIDUnsupported()
	}
	return s.verify(ctx, account, string(in.WebIdentityToken))
}

// sessionPolicy reads the session policy. It is stored as it was sent, and must
// mean something when it is evaluated.
func sessionPolicy(in *AssumeRoleWithWebIdentityRequest) (string, error) {
	if len(in.PolicyArns) > 0 {
		return "", policyArnsUnsupported(in.PolicyArns[0].Arn)
	}
	if in.Policy == "" {
		return "", nil
	}
	d, err := policy.Parse(policy.Identity, string(in.Policy))
	if malformed, ok := errors.AsType[*policy.Error](err); ok {
		return "", malformedPolicy(malformed)
	}
	if err != nil {
		return "", err
	}
	return d.Text(), nil
}

// issue checks that a session fits into a token and makes its credentials.
func (s *Service) issue(ctx context.Context, session *Session) (*Credentials, error) {
	if err := session.checkPacked(); err != nil {
		return nil, err
	}
	made, err := s.mint(session)
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("issued_key", made.AccessKeyId)
	return made, nil
}

func answer(session *Session, w *webIdentity, made *Credentials) *AssumeRoleWithWebIdentityResponse {
	out := &AssumeRoleWithWebIdentityResponse{
		SubjectFromWebIdentityToken: w.subject,
		Audience:                    w.audience,
		AssumedRoleUser:             &AssumedRoleUser{Arn: session.ARN(), AssumedRoleId: session.UserID()},
		Credentials:                 made,
		Provider:                    session.Provider,
		SourceIdentity:              session.SourceIdentity,
	}
	if size := NonNegativeIntegerType(session.packed()); size > 0 {
		out.PackedPolicySize = &size
	}
	return out
}

// AssumeRoleForIdentity assumes a role for an identity of an identity pool, by
// the claims that its token would have. It is the enhanced flow: no token is
// signed or verified, the role's MaxSessionDuration does not count, and guests
// have limits of their own. Whatever the role refuses is a *[Refusal].
func (s *Service) AssumeRoleForIdentity(ctx context.Context, role string, claims *openid.Claims, sessionName string, lasts time.Duration) (*Credentials, error) {
	audit.From(ctx).Set("role", role)
	made, err := s.assumeForIdentity(ctx, role, claims, sessionName, lasts)
	if e, ok := awsapi.AsError(err); ok {
		return nil, &Refusal{Cause: e.Cause, answer: e}
	}
	return made, err
}

func (s *Service) assumeForIdentity(ctx context.Context, roleARN string, claims *openid.Claims, sessionName string, lasts time.Duration) (*Credentials, error) {
	w, err := fromClaims(claims)
	if err != nil {
		return nil, err
	}
	role, err := s.authorize(ctx, roleARN, sessionName, w)
	if err != nil {
		return nil, err
	}
	session := s.newSession(role, sessionName, w, lasts)
	if len(claims.AMR) == 0 || claims.AMR[0] != "authenticated" {
		session.Kind = GuestSession
	}
	return s.issue(ctx, session)
}
