package sts

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// AssumeRole gives a caller temporary credentials of a role that trusts them.
func (s *Service) AssumeRole(ctx context.Context, c awsapi.Caller, in *AssumeRoleRequest) (*AssumeRoleResponse, error) {
	audit.From(ctx).Set("role", string(in.RoleArn))
	if err := in.check(c); err != nil {
		return nil, err
	}
	a, err := in.assumption(c)
	if err != nil {
		return nil, err
	}
	role, err := s.authorizeCaller(ctx, c, a, string(in.ExternalId))
	if err != nil {
		return nil, err
	}
	lasts, err := chainedDuration(c, in.DurationSeconds, role)
	if err != nil {
		return nil, err
	}
	session, err := s.newSession(ctx, role, a.name, lasts)
	if err != nil {
		return nil, err
	}
	session.Tags, session.SourceIdentity, session.Lineage = a.tags, a.sourceIdentity, lineageOf(c)
	if err := s.narrow(ctx, session, string(in.Policy), in.PolicyArns); err != nil {
		return nil, err
	}
	made, err := s.issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleResponse{
		Credentials:      made,
		AssumedRoleUser:  &AssumedRoleUser{Arn: session.ARN(), AssumedRoleId: session.UserID()},
		PackedPolicySize: session.packedSize(),
		SourceIdentity:   session.SourceIdentity,
	}, nil
}

// check refuses what nobody can be granted.
func (in *AssumeRoleRequest) check(c awsapi.Caller) error {
	_, _, ok := iam.ParseRoleARN(string(in.RoleArn))
	switch {
	case !ok:
		return invalidARN(in.RoleArn)
	case c.Root:
		return rootRefused()
	case in.SerialNumber != "" || in.TokenCode != "":
		return noMFA()
	case len(in.ProvidedContexts) > 0:
		return providedContextsUnsupported()
	}
	return nil
}

// assumption is what the role's trust policy is asked. A source identity stays
// through a chain of roles, and nothing can replace it.
func (in *AssumeRoleRequest) assumption(c awsapi.Caller) (*assumption, error) {
	tags, err := chosenTags(c, in.Tags, in.TransitiveTagKeys)
	if err != nil {
		return nil, err
	}
	a := &assumption{
		action: actionAssumeRole, role: string(in.RoleArn), name: string(in.RoleSessionName),
		principal: policy.Principal{ARNs: []string{c.ARN, c.PrincipalARN}, Account: c.Account},
		tags:      tags, sourceIdentity: string(in.SourceIdentity),
	}
	if c.Session == nil || c.Session.SourceIdentity == "" {
		return a, nil
	}
	if a.sourceIdentity != "" && a.sourceIdentity != c.Session.SourceIdentity {
		return nil, callerRefused(c, actionSetSourceIdentity, a.role, causeSourceIdentityFixed)
	}
	a.sourceIdentity = c.Session.SourceIdentity
	return a, nil
}

// authorizeCaller finds the role and asks whether the caller may assume it: the
// trust policy, and the caller's own policies.
func (s *Service) authorizeCaller(ctx context.Context, c awsapi.Caller, a *assumption, externalID string) (*iam.RoleEntity, error) {
	role, cause, err := s.roleOf(ctx, a.role)
	if err != nil {
		return nil, err
	}
	if cause != "" {
		return nil, callerRefused(c, a.action, a.role, cause)
	}
	trust, err := role.Trust()
	if err != nil {
		return nil, err
	}
	a.principal.ARNs = role.NamesOf(a.principal.ARNs, c.PrincipalID)
	facts := trustContext(role, a)
	if externalID != "" {
		facts.Set("sts:externalid", externalID)
	}
	for _, action := range a.actions() {
		own, err := s.IAM.Authorize(ctx, c, action, a.role, facts) // which adds what caller and request bring
		if err != nil {
			return nil, err
		}
		trusted, named := askTrust(trust, a.request(action, facts))
		audit.From(ctx).DecideTrust(trusted)
		if cause, why := callerRefusal(c, trusted, named.Named, own); cause != "" {
			return nil, callerRefused(c, action, a.role, cause).Because(cause, why)
		}
	}
	return role, nil
}

// callerRefusal is why a caller may not assume a role; empty if they may. Where
// the trust policy names the caller, that is enough; where it names the
// account, the caller's own policies must allow it as well. What they deny is
// refused in both cases, and so is what session policies leave out; what the
// boundary leaves out, unless the trust policy names the user or the session itself
// ("Policy evaluation logic" in the IAM User Guide).
func callerRefusal(c awsapi.Caller, trusted *decision.Trust, named policy.Naming, own *iam.Decision) (awsapi.Cause, error) {
	switch {
	case own.Gone:
		return causeCallerGone, nil
	case trusted.Outcome != decision.Allow:
		return awsapi.Cause(trusted.Cause), decision.Why{Stringer: trusted}
	case own.Effect == policy.ExplicitDeny, own.Layer == policy.SessionLayer,
		own.Layer == policy.BoundaryLayer && named != policy.ByName:
		return causeCallerDenied, own.Why()
	case named != policy.ByAccount:
		return "", nil
	case trusted.Role == c.PrincipalARN:
		return causeOwnRole, nil
	case !own.Allowed():
		return causeCallerRefused, own.Why()
	}
	return "", nil
}

// maxChained is how long a session may last that another role's session makes.
const maxChained = time.Hour

func chainedDuration(c awsapi.Caller, seconds *RoleDurationSecondsType, role *iam.RoleEntity) (time.Duration, error) {
	chained := c.Session != nil && c.Session.Name != ""
	if chained && seconds != nil && time.Duration(*seconds)*time.Second > maxChained {
		return 0, chainTooLong()
	}
	return durationOf(seconds, role)
}
