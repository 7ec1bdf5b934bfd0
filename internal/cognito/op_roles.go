package cognito

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
)

// SetIdentityPoolRoles replaces the roles and the role mappings of a pool. Each
// role must exist in the pool's account, and the caller may pass it.
func (s *Service) SetIdentityPoolRoles(ctx context.Context, c awsapi.Caller, in *SetIdentityPoolRolesInput) (*awsapi.None, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	if err := p.checkRoleMappings(in.RoleMappings, s.Limits); err != nil {
		return nil, err
	}
	for _, role := range rolesIn(in) {
		if err := s.checkRole(ctx, c, p, role); err != nil {
			return nil, err
		}
	}
	_, err = s.changePool(ctx, c, in.IdentityPoolId, editing, func(p *Pool) error {
		// The pool may have lost a provider since it was looked at.
		if err := p.checkRoleMappings(in.RoleMappings, s.Limits); err != nil {
			return err
		}
		p.Roles, p.RoleMappings = in.Roles, in.RoleMappings
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// rolesIn lists the roles that a request names, in a fixed order, each once.
func rolesIn(in *SetIdentityPoolRolesInput) []ARNString {
	var roles []ARNString
	for _, kind := range slices.Sorted(maps.Keys(in.Roles)) {
		roles = append(roles, in.Roles[kind])
	}
	for _, name := range slices.Sorted(maps.Keys(in.RoleMappings)) {
		if rules := in.RoleMappings[name].RulesConfiguration; rules != nil {
			for _, r := range rules.Rules {
				if !slices.Contains(roles, r.RoleARN) {
					roles = append(roles, r.RoleARN)
				}
			}
		}
	}
	return roles
}

// checkRole says whether a caller may have a pool of their account hand out a
// role.
func (s *Service) checkRole(ctx context.Context, c awsapi.Caller, p *Pool, role ARNString) error {
	a, err := arn.Parse(string(role))
	path, isRole := strings.CutPrefix(a.Resource, "role/")
	switch {
	case err != nil || !isRole || a.Service != "iam":
		return roleForbidden(role, causeRoleARN)
	case a.Account != c.Account:
		return roleForbidden(role, causeRoleForeign)
	}
	found, ok, err := s.IAM.Role(ctx, c.Account, path[strings.LastIndexByte(path, '/')+1:])
	if err != nil {
		return err
	}
	if !ok || string(found.Arn) != string(role) {
		return roleForbidden(role, causeRoleMissing)
	}
	decision, err := s.IAM.MayPass(ctx, c, found, ownProvider, p.ARN())
	if err != nil {
		return err
	}
	if !decision.Allowed() {
		return roleForbidden(role, causePassRole).Because(causePassRole, decision.Why())
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

// GetPrincipalTagAttributeMap shows which claims become the principal tags of a
// provider's users.
func (s *Service) GetPrincipalTagAttributeMap(ctx context.Context, c awsapi.Caller, in *GetPrincipalTagAttributeMapInput) (*PrincipalTagAttributeMap, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	if !p.takesTagsFrom(in.IdentityProviderName) {
		return nil, exception(resourceNotFound, "Identity provider '%s' is not a provider of this identity pool.", in.IdentityProviderName).Because(causeTagProvider, nil)
	}
	return p.tagAttributeMap(in.IdentityProviderName), nil
}

// SetPrincipalTagAttributeMap replaces the map of a provider.
func (s *Service) SetPrincipalTagAttributeMap(ctx context.Context, c awsapi.Caller, in *SetPrincipalTagAttributeMapInput) (*PrincipalTagAttributeMap, error) {
	if err := checkTagAttributes(in.PrincipalTags); err != nil {
		return nil, err
	}
	p, err := s.changePool(ctx, c, in.IdentityPoolId, throttled, func(p *Pool) error {
		if !p.takesTagsFrom(in.IdentityProviderName) {
			return exception(invalidParameter, "Identity provider '%s' is not a provider of this identity pool.", in.IdentityProviderName).Because(causeTagProvider, nil)
		}
		if p.PrincipalTagMaps == nil {
			p.PrincipalTagMaps = map[IdentityProviderName]PrincipalTagMap{}
		}
		p.PrincipalTagMaps[in.IdentityProviderName] = PrincipalTagMap{UseDefaults: in.UseDefaults, PrincipalTags: in.PrincipalTags}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.tagAttributeMap(in.IdentityProviderName), nil
}
