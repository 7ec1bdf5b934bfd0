package iam

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
)

// UpdateRole changes the description of a role and how long its sessions may
// last; what is absent stays.
func (s *Service) UpdateRole(ctx context.Context, c awsapi.Caller, in *UpdateRoleRequest) (*UpdateRoleResponse, error) {
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		return tx.ReplaceRole(role.with(func(r *Role) {
			if in.Description != nil {
				r.Description = *in.Description
			}
			if in.MaxSessionDuration != nil {
				r.MaxSessionDuration = in.MaxSessionDuration
			}
		}))
	})
	if err != nil {
		return nil, err
	}
	return &UpdateRoleResponse{}, nil
}

// UpdateRoleDescription changes the description of a role and shows the role.
func (s *Service) UpdateRoleDescription(ctx context.Context, c awsapi.Caller, in *UpdateRoleDescriptionRequest) (*UpdateRoleDescriptionResponse, error) {
	var out UpdateRoleDescriptionResponse
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		changed := role.with(func(r *Role) { r.Description = in.Description })
		current, err := withCurrentNames(tx, changed)
		if err != nil {
			return err
		}
		shown := current.described()
		out.Role = &shown
		return tx.ReplaceRole(changed)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// UpdateAssumeRolePolicy replaces the trust policy of a role. Sessions that have
// begun go on.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, c awsapi.Caller, in *UpdateAssumeRolePolicyRequest) (*awsapi.None, error) {
	trust, err := s.parseTrust(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	err = s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		principals, err := findPrincipals(tx, role.Account, trust)
		if err != nil {
			return err
		}
		changed := role.with(func(r *Role) { r.AssumeRolePolicyDocument = in.PolicyDocument })
		changed.Principals = principals
		return tx.ReplaceRole(changed)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListInstanceProfilesForRole lists nothing: there are no instance profiles
// here. Terraform asks before it deletes a role.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, c awsapi.Caller, in *ListInstanceProfilesForRoleRequest) (*ListInstanceProfilesForRoleResponse, error) {
	out := &ListInstanceProfilesForRoleResponse{InstanceProfiles: InstanceProfileListType{}}
	err := s.viewRole(ctx, c, in.RoleName, func(_ Tx, role *RoleEntity) error {
		_, err := s.after(page{"ListInstanceProfilesForRole", string(role.RoleId), in.Marker, in.MaxItems})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
