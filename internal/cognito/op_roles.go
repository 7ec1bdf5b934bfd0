package cognito

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
)

// SetIdentityPoolRoles replaces the roles of a pool. Each role must exist in
// the pool's account.
func (s *Service) SetIdentityPoolRoles(ctx context.Context, c awsapi.Caller, in *SetIdentityPoolRolesInput) (*awsapi.None, error) {
	if _, err := s.viewPool(ctx, c, in.IdentityPoolId); err != nil {
		return nil, err
	}
	if len(in.RoleMappings) > 0 {
		return nil, exception(invalidParameter, "RoleMappings are not supported by this version.").Because(causeRoleMappingsUnsupported, nil)
	}
	for _, kind := range slices.Sorted(maps.Keys(in.Roles)) {
		if err := s.checkRole(ctx, c, in.Roles[kind]); err != nil {
			return nil, err
		}
	}
	_, err := s.changePool(ctx, c, in.IdentityPoolId, func(p *Pool) error {
		p.Roles, p.RoleMappings = in.Roles, in.RoleMappings
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// checkRole says whether a pool of the caller's account may hand out a role.
func (s *Service) checkRole(ctx context.Context, c awsapi.Caller, role ARNString) error {
	a, err := arn.Parse(string(role))
	path, isRole := strings.CutPrefix(a.Resource, "role/")
	if err != nil || !isRole || a.Service != "iam" || a.Account != c.Account {
		return roleForbidden(role, causeRoleForeign)
	}
	found, ok, err := s.IAM.Role(ctx, c.Account, path[strings.LastIndexByte(path, '/')+1:])
	if err != nil {
		return err
	}
	if !ok || string(found.Arn) != string(role) {
		return roleForbidden(role, causeRoleMissing)
	}
	return nil
}

// GetIdentityPoolRoles shows the roles of a pool.
func (s *Service) GetIdentityPoolRoles(ctx context.Context, c awsapi.Caller, in *GetIdentityPoolRolesInput) (*GetIdentityPoolRolesResponse, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	out := &GetIdentityPoolRolesResponse{IdentityPoolId: p.IdentityPoolId}
	if len(p.Roles) > 0 {
		out.Roles = p.Roles
	}
	if len(p.RoleMappings) > 0 {
		out.RoleMappings = p.RoleMappings
	}
	return out, nil
}
