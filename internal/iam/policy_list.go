package iam

import (
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// PolicyQuery asks for managed policies of an account.
type PolicyQuery struct {
	// PathPrefix is what their paths begin with.
	PathPrefix PolicyPathType
	// Used leaves out those that no user or role has for Purpose.
	Used    bool
	Purpose Purpose
	// After is the name, ignoring case, that they come after.
	After PolicyNameType
	// Limit is how many there may be.
	Limit int
}

// query reads what a listing asks for. A filter by usage is for policies that
// are used in this way.
func (in *ListPoliciesRequest) query(limit int) PolicyQuery {
	return PolicyQuery{
		PathPrefix: in.PathPrefix, Limit: limit,
		Used: bool(in.OnlyAttached) || in.PolicyUsageFilter != "", Purpose: purposeOf(in.PolicyUsageFilter),
	}
}

// A policy of the account may have the name of one of AWS's, so a place in the
// listing says whose it is.
const (
	localPlace = "l"
	awsPlace   = "w"
)

// place is where a policy stands in the listing of all.
func place(p *PolicyEntity) string {
	if p.Account == awsAccount {
		return awsPlace + PolicyKey(p.PolicyName)
	}
	return localPlace + PolicyKey(p.PolicyName)
}

// listPolicies lists the policies behind a place: first the account's, then
// AWS's.
func listPolicies(tx Tx, c awsapi.Caller, in *ListPoliciesRequest, after string, limit int) (found []*PolicyEntity, err error) {
	q := in.query(limit)
	if in.Scope != "AWS" && !strings.HasPrefix(after, awsPlace) {
		q.After = PolicyNameType(strings.TrimPrefix(after, localPlace))
		if found, err = tx.Policies(c.Account, q); err != nil {
			return nil, err
		}
	}
	if in.Scope == "Local" || len(found) == limit {
		return found, nil
	}
	theirs, err := listAWSPolicies(tx, c, q, after)
	if err != nil {
		return nil, err
	}
	found = append(found, theirs...)
	return found[:min(limit, len(found))], nil
}

func listAWSPolicies(tx Tx, c awsapi.Caller, q PolicyQuery, after string) (found []*PolicyEntity, err error) {
	for _, p := range awsPolicies {
		if place(&p.PolicyEntity) <= after || !strings.HasPrefix(string(p.Path), string(q.PathPrefix)) {
			continue
		}
		used := true
		if q.Used {
			if used, err = isUsed(tx, c.Account, p.Arn, q.Purpose); err != nil {
				return nil, err
			}
		}
		if used {
			found = append(found, &p.PolicyEntity)
		}
	}
	slices.SortFunc(found, func(a, b *PolicyEntity) int { return strings.Compare(place(a), place(b)) })
	return found, nil
}

func isUsed(tx Tx, account string, policy ArnType, purpose Purpose) (bool, error) {
	attached, bounds, err := tx.CountPolicyUses(account, policy)
	switch purpose {
	case PermissionsPolicy:
		return attached > 0, err
	case PermissionsBoundary:
		return bounds > 0, err
	}
	return attached+bounds > 0, err
}
