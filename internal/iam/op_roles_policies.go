package iam

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// PutRolePolicy adds or replaces an inline policy of a role.
func (s *Service) PutRolePolicy(ctx context.Context, c awsapi.Caller, in *PutRolePolicyRequest) (*awsapi.None, error) {
	document, err := parsePolicy(policy.Identity, in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	err = s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		limit := s.Limits.RolePoliciesSize
		return putInline(tx, role.RoleId, in.PolicyName, document, limit, rolePoliciesTooLarge(role.RoleName, limit))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// GetRolePolicy shows an inline policy of a role.
func (s *Service) GetRolePolicy(ctx context.Context, c awsapi.Caller, in *GetRolePolicyRequest) (*GetRolePolicyResponse, error) {
	var out GetRolePolicyResponse
	err := s.viewRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		document, ok, err := tx.InlinePolicy(role.RoleId, in.PolicyName)
		if err != nil {
			return err
		}
		if !ok {
			return rolePolicyNotFound(in.PolicyName)
		}
		out = GetRolePolicyResponse{RoleName: role.RoleName, PolicyName: in.PolicyName, PolicyDocument: urlEncoded(document)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// ListRolePolicies lists the names of a role's inline policies.
func (s *Service) ListRolePolicies(ctx context.Context, c awsapi.Caller, in *ListRolePoliciesRequest) (*ListRolePoliciesResponse, error) {
	out := &ListRolePoliciesResponse{}
	err := s.viewRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) (err error) {
		p := page{"ListRolePolicies", string(role.RoleId), in.Marker, in.MaxItems}
		out.PolicyNames, out.Marker, err = s.inline(tx, role.RoleId, p)
		out.IsTruncated = out.Marker != ""
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteRolePolicy deletes an inline policy of a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, c awsapi.Caller, in *DeleteRolePolicyRequest) (*awsapi.None, error) {
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		was, err := tx.DeleteInlinePolicy(role.RoleId, in.PolicyName)
		if err == nil && !was {
			return rolePolicyNotFound(in.PolicyName)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
