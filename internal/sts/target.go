package sts

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/target"
)

// TargetFailure says that a target gave no credentials, because of itself.
type TargetFailure struct {
	// Cause is the stable code of the true cause.
	Cause awsapi.Cause

	err error
}

func (f *TargetFailure) Error() string { return f.err.Error() }

// Unwrap gives what the target package says of it.
func (f *TargetFailure) Unwrap() error { return f.err }

// issueAtTarget gives the credentials of the target that a role is linked to, for a
// session that it may have here. The session's own policies, which are those of the
// role and the limits of guests, go along.
func (s *Service) issueAtTarget(ctx context.Context, role *iam.RoleEntity, session *Session, claims *openid.Claims) (*Credentials, error) {
	d := &decision.Target{Outcome: decision.Refuse, Target: role.Settings.Target, Role: role.Settings.TargetRole, Seconds: int(session.Expires.Sub(session.Issued).Seconds())}
	made, err := s.askTarget(ctx, role, session, claims, d)
	if e, ok := errors.AsType[*target.Error](err); ok {
		d.Cause = string(e.Cause)
		err = &TargetFailure{Cause: e.Cause, err: e}
		if e.Ours {
			err = &awsapi.Error{Code: invalidParameterValue, Message: "The role cannot be assumed at its target.", Cause: e.Cause, Err: e.Err}
		}
	}
	audit.From(ctx).DecideTarget(d)
	return made, err
}

func (s *Service) askTarget(ctx context.Context, role *iam.RoleEntity, session *Session, claims *openid.Claims, d *decision.Target) (*Credentials, error) {
	t, err := s.Targets.Get(role.Settings.Target)
	if err != nil {
		return nil, err
	}
	d.Way = string(t.Way())
	rendered, err := s.IAM.Rendered(ctx, session.caller(), t.Dialect)
	if err != nil {
		return nil, err
	}
	made, err := s.Targets.Assume(ctx, t, &target.Session{
		Role: role.Settings.TargetRole, Name: targetSession(claims.Subject), Lasts: session.Expires.Sub(session.Issued),
		Claims: claims, Region: regionOf(claims.Audience), Policy: rendered,
	})
	if err != nil {
		return nil, err
	}
	d.Outcome = decision.Allow
	event := audit.From(ctx)
	event.Set("issued_key", made.AccessKeyID)
	event.SetIssued(made.AccessKeyID, made.Expires)
	return &Credentials{
		AccessKeyId: made.AccessKeyID, SecretAccessKey: made.SecretAccessKey, SessionToken: made.SessionToken, Expiration: made.Expires,
	}, nil
}

// targetSession is the name of an identity's session at a target: the identity's
// hash, as the log has it, by which the target's own log can be read together with
// ours. The ID itself is a guest's secret.
func targetSession(identity string) string { return "daypass-" + audit.Hash(identity) }
