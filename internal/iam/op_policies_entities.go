package iam

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
)

// EntityQuery asks for the users and roles of an account that have a managed
// policy.
type EntityQuery struct {
	// Prefix is that of their unique IDs; empty for users and roles.
	Prefix Prefix
	// PathPrefix is what their paths begin with.
	PathPrefix PathType
	// Purpose is what they have the policy for.
	Purpose Purpose
	// After is the unique ID that they come after.
	After IdType
	// Limit is how many there may be.
	Limit int
}

// PolicyHolders are users and roles that have a managed policy.
type PolicyHolders struct {
	Users []PolicyUser
	Roles []PolicyRole
}

// filtered says which entities a filter leaves; false for none. There are no
// groups, and policies have no policies.
func (f EntityType) filtered() (Prefix, bool) {
	switch f {
	case "":
		return "", true
	case "User":
		return UserPrefix, true
	case "Role":
		return RolePrefix, true
	}
	return "", false
}

// ListEntitiesForPolicy lists the users and roles that have a managed policy, by
// unique ID, users first.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, c awsapi.Caller, in *ListEntitiesForPolicyRequest) (*ListEntitiesForPolicyResponse, error) {
	p := page{"ListEntitiesForPolicy", string(in.PolicyArn), in.Marker, in.MaxItems}
	after, err := s.after(p)
	if err != nil {
		return nil, err
	}
	var found PolicyHolders
	err = s.Store.View(ctx, withPolicy(ctx, c, in.PolicyArn, func(tx Tx, managed *PolicyEntity) (err error) {
		prefix, any := in.EntityFilter.filtered()
		if !any {
			return nil
		}
		found, err = tx.PolicyHolders(c.Account, managed.Arn, EntityQuery{
			Prefix: prefix, PathPrefix: in.PathPrefix, Purpose: purposeOf(in.PolicyUsageFilter), After: IdType(after), Limit: p.limit() + 1,
		})
		return err
	}))
	if err != nil {
		return nil, err
	}
	users, moreUsers := cut(found.Users, p.limit())
	roles, moreRoles := cut(found.Roles, p.limit()-len(users))
	out := &ListEntitiesForPolicyResponse{
		PolicyGroups: PolicyGroupListType{}, PolicyUsers: append(PolicyUserListType{}, users...), PolicyRoles: append(PolicyRoleListType{}, roles...),
		IsTruncated: BooleanType(moreUsers || moreRoles),
	}
	if out.IsTruncated {
		out.Marker = s.marker(p, lastHolder(users, roles))
	}
	return out, nil
}

// lastHolder is the unique ID at which a page ends.
func lastHolder(users []PolicyUser, roles []PolicyRole) string {
	if len(roles) > 0 {
		return string(roles[len(roles)-1].RoleId)
	}
	return string(users[len(users)-1].UserId)
}
