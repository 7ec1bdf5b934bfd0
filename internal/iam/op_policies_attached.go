package iam

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// AttachRolePolicy gives a role a managed policy. One that it has it keeps.
func (s *Service) AttachRolePolicy(ctx context.Context, c awsapi.Caller, in *AttachRolePolicyRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PolicyArn))
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		return attach(tx, c, role.RoleId, in.PolicyArn, quota{causeLimitAttachedPolicies, "PoliciesPerRole", s.Limits.PoliciesPerRole})
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// quota is how many there may be of something.
type quota struct {
	cause awsapi.Cause
	name  string
	limit int
}

// attach gives a user or role a managed policy.
func attach(tx Tx, c awsapi.Caller, principal IdType, policy ArnType, q quota) error {
	_, ok, err := findPolicy(tx, c, policy)
	if err != nil {
		return err
	}
	if !ok {
		return cannotAttach(policy)
	}
	held, err := tx.Permissions(principal)
	if err != nil || slices.Contains(held.Attached, policy) {
		return err
	}
	if len(held.Attached) >= q.limit {
		return quotaExceeded(q.cause, q.name, q.limit)
	}
	return tx.UsePolicy(c.Account, principal, policy, PermissionsPolicy)
}

// DetachRolePolicy takes a managed policy from a role.
func (s *Service) DetachRolePolicy(ctx context.Context, c awsapi.Caller, in *DetachRolePolicyRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PolicyArn))
	err := s.changeRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) error {
		return detach(tx, role.RoleId, in.PolicyArn)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// detach takes a managed policy from a user or role that has it.
func detach(tx Tx, principal IdType, policy ArnType) error {
	if _, _, _, ok := policyName(policy); !ok {
		return badARN()
	}
	was, err := tx.DropPolicy(principal, policy, PermissionsPolicy)
	if err == nil && !was {
		return policyNotFound(policy)
	}
	return err
}

// ListAttachedRolePolicies lists the managed policies of a role by name, ignoring
// case.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, c awsapi.Caller, in *ListAttachedRolePoliciesRequest) (*ListAttachedRolePoliciesResponse, error) {
	out := &ListAttachedRolePoliciesResponse{}
	err := s.viewRole(ctx, c, in.RoleName, func(tx Tx, role *RoleEntity) (err error) {
		p := page{"ListAttachedRolePolicies", string(role.RoleId), in.Marker, in.MaxItems}
		out.AttachedPolicies, out.Marker, err = s.attached(tx, role.RoleId, in.PathPrefix, p)
		out.IsTruncated = out.Marker != ""
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// attached is a page of the managed policies of a user or role. There are few, so
// all are read. Names may be the same, but not places.
func (s *Service) attached(tx Tx, principal IdType, pathPrefix PolicyPathType, p page) (AttachedPoliciesListType, ResponseMarkerType, error) {
	after, err := s.after(p)
	if err != nil {
		return nil, "", err
	}
	held, err := tx.Permissions(principal)
	if err != nil {
		return nil, "", err
	}
	type entry struct {
		place string
		AttachedPolicy
	}
	var found []entry
	for _, arn := range held.Attached {
		account, path, name, _ := policyName(arn)
		e := entry{PolicyKey(name) + "\x00" + account, AttachedPolicy{name, arn}}
		if e.place > after && strings.HasPrefix(string(path), string(pathPrefix)) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.place, b.place) })
	found, more := cut(found, p.limit())
	list := make(AttachedPoliciesListType, len(found))
	for i, e := range found {
		list[i] = e.AttachedPolicy
	}
	if !more {
		return list, "", nil
	}
	return list, s.marker(p, found[len(found)-1].place), nil
}
