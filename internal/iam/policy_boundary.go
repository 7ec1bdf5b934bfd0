package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// boundaryType is the kind of all permissions boundaries, as answers name it. The
// API model's word for it, PermissionsBoundaryPolicy, is on no wire.
const boundaryType PermissionsBoundaryAttachmentType = "Policy"

// boundary is a permissions boundary on the wire; nil for none.
func boundary(policy ArnType) *AttachedPermissionsBoundary {
	if policy == "" {
		return nil
	}
	return &AttachedPermissionsBoundary{PermissionsBoundaryType: boundaryType, PermissionsBoundaryArn: policy}
}

// policy is the managed policy that a boundary is; empty for none.
func (b *AttachedPermissionsBoundary) policy() ArnType {
	if b == nil {
		return ""
	}
	return b.PermissionsBoundaryArn
}

// setBoundary replaces the permissions boundary of a user or role, either of
// which may be nil for none.
func setBoundary(tx Tx, c awsapi.Caller, principal IdType, was, is *AttachedPermissionsBoundary) error {
	if was != nil {
		if _, err := tx.DropPolicy(principal, was.PermissionsBoundaryArn, PermissionsBoundary); err != nil {
			return err
		}
	}
	if is == nil {
		return nil
	}
	_, ok, err := findPolicy(tx, c, is.PermissionsBoundaryArn)
	if err != nil {
		return err
	}
	if !ok {
		return boundaryNotFound(is.PermissionsBoundaryArn)
	}
	return tx.UsePolicy(c.Account, principal, is.PermissionsBoundaryArn, PermissionsBoundary)
}

// PutRolePermissionsBoundary sets or replaces the permissions boundary of a role.
// Sessions that have begun are held to it from then on.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, c awsapi.Caller, in *PutRolePermissionsBoundaryRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PermissionsBoundary))
	return s.boundRole(ctx, c, in.RoleName, boundary(in.PermissionsBoundary))
}

// DeleteRolePermissionsBoundary removes the permissions boundary of a role, which
// need not have one.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, c awsapi.Caller, in *DeleteRolePermissionsBoundaryRequest) (*awsapi.None, error) {
	return s.boundRole(ctx, c, in.RoleName, nil)
}

func (s *Service) boundRole(ctx context.Context, c awsapi.Caller, name RoleNameType, is *AttachedPermissionsBoundary) (*awsapi.None, error) {
	err := s.changeRole(ctx, c, name, func(tx Tx, role *RoleEntity) error {
		if err := setBoundary(tx, c, role.RoleId, role.PermissionsBoundary, is); err != nil {
			return err
		}
		return tx.ReplaceRole(role.with(func(r *Role) { r.PermissionsBoundary = is }))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// PutUserPermissionsBoundary sets or replaces the permissions boundary of a user,
// who is held to it from then on.
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, c awsapi.Caller, in *PutUserPermissionsBoundaryRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PermissionsBoundary))
	return s.boundUser(ctx, c, in.UserName, boundary(in.PermissionsBoundary))
}

// DeleteUserPermissionsBoundary removes the permissions boundary of a user, who
// need not have one.
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, c awsapi.Caller, in *DeleteUserPermissionsBoundaryRequest) (*awsapi.None, error) {
	return s.boundUser(ctx, c, in.UserName, nil)
}

func (s *Service) boundUser(ctx context.Context, c awsapi.Caller, name UserNameType, is *AttachedPermissionsBoundary) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, ExistingUserNameType(name), func(tx Tx, user *UserEntity) error {
		if err := setBoundary(tx, c, user.UserId, user.PermissionsBoundary, is); err != nil {
			return err
		}
		return tx.ReplaceUser(user, user.with(func(u *User) { u.PermissionsBoundary = is }))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
