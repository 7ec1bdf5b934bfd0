package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// CreateRole makes a role.
func (s *Service) CreateRole(ctx context.Context, c awsapi.Caller, in *CreateRoleRequest) (*CreateRoleResponse, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	trust, err := s.parseTrust(in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	role, err := s.newRole(c.Account, in)
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("role", string(role.Arn))
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.addRole(tx, role, trust); err != nil {
			return err
		}
		return setBoundary(tx, c, role.RoleId, nil, role.PermissionsBoundary)
	})
	if err != nil {
		return nil, err
	}
	return &CreateRoleResponse{Role: role.created()}, nil
}

// parseTrust reads the trust policy of a new or changed role.
func (s *Service) parseTrust(document PolicyDocumentType) (*policy.Document, error) {
	trust, err := parsePolicy(policy.Trust, document)
	if err != nil {
		return nil, err
	}
	if trust.Size() > s.Limits.TrustPolicySize {
		return nil, quotaExceeded(causeLimitTrustPolicy, "ACLSizePerRole", s.Limits.TrustPolicySize)
	}
	return trust, nil
}

func (s *Service) newRole(account string, in *CreateRoleRequest) (*RoleEntity, error) {
	id, err := NewID(RolePrefix, account, s.rand())
	if err != nil {
		return nil, err
	}
	path := in.Path
	if path == "" {
		path = "/"
	}
	settings, err := RoleSettings{}.set(in.Tags)
	if err != nil {
		return nil, err
	}
	return &RoleEntity{Account: account, Settings: settings, Role: Role{
		Path: path, RoleName: in.RoleName, RoleId: IdType(id),
		Arn: roleARN(account, path, in.RoleName), CreateDate: s.now(),
		AssumeRolePolicyDocument: in.AssumeRolePolicyDocument,
		Description:              in.Description,
		MaxSessionDuration:       in.MaxSessionDuration,
		PermissionsBoundary:      boundary(in.PermissionsBoundary),
		Tags:                     in.Tags,
	}}, nil
}

func (s *Service) addRole(tx Tx, role *RoleEntity, trust *policy.Document) error {
	principals, err := findPrincipals(tx, role.Account, trust)
	if err != nil {
		return err
	}
	role.Principals = principals
	_, exists, err := tx.Role(role.Account, role.RoleName)
	if err != nil {
		return err
	}
	if exists {
		return roleExists(role.RoleName)
	}
	n, err := tx.CountRoles(role.Account)
	if err != nil {
		return err
	}
	if n >= s.Limits.RolesPerAccount {
		return quotaExceeded(causeLimitRoles, "RolesPerAccount", s.Limits.RolesPerAccount)
	}
	return tx.AddRole(role)
}

// findRole finds a role of the caller's account that must be there.
func findRole(tx Tx, c awsapi.Caller, name RoleNameType) (*RoleEntity, error) {
	role, ok, err := tx.Role(c.Account, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, roleNotFound(name)
	}
	return role, nil
}

// viewRole does something with a role that must be there.
func (s *Service) viewRole(ctx context.Context, c awsapi.Caller, name RoleNameType, read func(Tx, *RoleEntity) error) error {
	return s.Store.View(ctx, withRole(ctx, c, name, read))
}

// changeRole changes something about a role that must be there.
func (s *Service) changeRole(ctx context.Context, c awsapi.Caller, name RoleNameType, change func(Tx, *RoleEntity) error) error {
	return s.Store.Update(ctx, withRole(ctx, c, name, change))
}

func withRole(ctx context.Context, c awsapi.Caller, name RoleNameType, do func(Tx, *RoleEntity) error) func(Tx) error {
	audit.From(ctx).Set("role", string(name))
	return func(tx Tx) error {
		role, err := findRole(tx, c, name)
		if err != nil {
			return err
		}
		return do(tx, role)
	}
}

// GetRole shows a role.
func (s *Service) GetRole(ctx context.Context, c awsapi.Caller, in *GetRoleRequest) (*GetRoleResponse, error) {
	var out GetRoleResponse
	err := s.viewRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		current, err := withCurrentNames(tx, role)
		if err != nil {
			return err
		}
		out.Role = current.described()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// ListRoles lists the account's roles by name, ignoring case.
func (s *Service) ListRoles(ctx context.Context, c awsapi.Caller, in *ListRolesRequest) (*ListRolesResponse, error) {
	p := page{"ListRoles", c.Account, in.Marker, in.MaxItems}
	after, err := s.after(p)
	if err != nil {
		return nil, err
	}
	var roles []*RoleEntity
	err = s.Store.View(ctx, func(tx Tx) (err error) {
		roles, err = tx.Roles(c.Account, string(in.PathPrefix), RoleNameType(after), p.limit()+1)
		for i := 0; err == nil && i < len(roles); i++ {
			roles[i], err = withCurrentNames(tx, roles[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	roles, more := cut(roles, p.limit())
	out := &ListRolesResponse{Roles: make(RoleListType, 0, len(roles)), IsTruncated: BooleanType(more)}
	for _, role := range roles {
		out.Roles = append(out.Roles, role.listed())
	}
	if more {
		out.Marker = s.marker(p, string(roles[len(roles)-1].RoleName))
	}
	return out, nil
}

// DeleteRole deletes a role. Its sessions lose their rights with it.
func (s *Service) DeleteRole(ctx context.Context, c awsapi.Caller, in *DeleteRoleRequest) (*awsapi.None, error) {
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		held, err := tx.Permissions(role.RoleId)
		switch {
		case err != nil:
			return err
		case len(held.Attached) > 0:
			return roleHasAttached()
		case len(held.Inline) > 0:
			return roleHasPolicies()
		}
		if err := setBoundary(tx, c, role.RoleId, role.PermissionsBoundary, nil); err != nil {
			return err
		}
		return tx.DeleteRole(role)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
