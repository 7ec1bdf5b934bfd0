package sts

import (
	"context"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/target"
)

// TargetRole is what would go to the target of a role.
type TargetRole struct {
	// Target is the target that the role is linked to; nil if the server has none of
	// the name.
	Target *target.Target
	// Name is the target's name, and Role the role there.
	Name, Role string
	// Policy is the session policy.
	Policy policy.Rendering
}

// CheckTarget says what would go to the target of a role for an identity of these
// claims, and asks nobody. It is nil if there is no such role, or none that is
// linked to a target.
func (s *Service) CheckTarget(ctx context.Context, name string, claims *openid.Claims) (*TargetRole, error) {
	role, ok, err := s.IAM.Role(ctx, s.Account, name)
	if err != nil || !ok || role.Settings.Target == "" {
		return nil, err
	}
	checked := &TargetRole{Name: role.Settings.Target, Role: role.Settings.TargetRole}
	if checked.Target, err = s.Targets.Get(role.Settings.Target); err != nil {
		return checked, nil
	}
	f, err := fromClaims(claims)
	if err != nil {
		return nil, err
	}
	session, err := s.enhanced(ctx, f, role, claims, "CognitoIdentityCredentials")
	if err != nil {
		return nil, err
	}
	checked.Policy, err = s.IAM.Rendered(ctx, session.caller(), checked.Target.Dialect)
	return checked, err
}
