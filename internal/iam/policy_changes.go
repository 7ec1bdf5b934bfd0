package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// PolicyChange is something that a stored policy means otherwise than it did in
// the version that stored it.
type PolicyChange struct {
	// Policy says which policy it is.
	Policy string
	// Change says what changed, and in which statement.
	Change string
}

// PolicyChanges looks through everything that is stored after the policy language
// has changed. It finds nothing when all was told before, for which
// PolicyChangesTold is there. It reads a page at a time: what changes meanwhile is
// written by this version, and means what it says.
func (s *Service) PolicyChanges(ctx context.Context) ([]PolicyChange, error) {
	told := false
	err := s.Store.View(ctx, func(tx Tx) error {
		language, err := tx.PolicyLanguage(s.Account)
		told = language >= policy.Language
		return err
	})
	if err != nil || told {
		return nil, err
	}
	r := review{service: s, bounded: map[string]ArnType{}}
	for _, look := range []func(*review, Tx) (more bool, err error){(*review).users, (*review).roles, (*review).policies, (*review).boundaries} {
		for more := true; more; {
			var page review
			err := s.Store.View(ctx, func(tx Tx) (err error) {
				page = r // as it was, should this run again
				more, err = look(&page, tx)
				return err
			})
			if err != nil {
				return nil, err
			}
			r = page
		}
	}
	return r.changes, nil
}

// PolicyChangesTold writes down that the operator was told.
func (s *Service) PolicyChangesTold(ctx context.Context) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if language, err := tx.PolicyLanguage(s.Account); err != nil || language >= policy.Language {
			return err
		}
		return tx.SetPolicyLanguage(s.Account, policy.Language)
	})
}

// reviewPage is how many users, roles or policies are read at a time.
const reviewPage = 200

// review is one look through all stored policies.
type review struct {
	service *Service
	changes []PolicyChange
	user    UserNameType // where the next page begins
	role    RoleNameType
	policy  PolicyNameType
	// bounded are the boundaries of users by their ARNs, and of roles by the
	// beginning of the ARNs of their sessions.
	bounded map[string]ArnType
	// trusts are the trust policies that let in callers beyond their boundaries.
	trusts []trustBeyond
}

// trustBeyond is a role whose trust policy names users, sessions, or everybody by
// the ARN.
type trustBeyond struct {
	role      ArnType
	name      RoleNameType
	arns      []string
	everybody bool
}

// document adds what changed in a document.
func (r *review) document(name string, kind policy.Kind, text PolicyDocumentType) *policy.Document {
	d, err := policy.ParseStored(kind, string(text))
	if err != nil {
		r.add(name, "it cannot be read: "+err.Error())
		return nil
	}
	for _, change := range d.Changes() {
		r.add(name, change)
	}
	return d
}

func (r *review) add(name, change string) { r.changes = append(r.changes, PolicyChange{name, change}) }

func (r *review) users(tx Tx) (more bool, err error) {
	page, err := tx.Users(r.service.Account, "/", r.user, reviewPage)
	if err != nil {
		return false, err
	}
	for _, user := range page {
		if b := user.PermissionsBoundary.policy(); b != "" {
			r.bounded[string(user.Arn)] = b
		}
		if err := r.inline(tx, user.UserId, "user "+string(user.UserName)); err != nil {
			return false, err
		}
		r.user = user.UserName
	}
	return len(page) == reviewPage, nil
}

func (r *review) roles(tx Tx) (more bool, err error) {
	page, err := tx.Roles(r.service.Account, "/", r.role, reviewPage)
	if err != nil {
		return false, err
	}
	for _, role := range page {
		if b := role.PermissionsBoundary.policy(); b != "" {
			r.bounded[sessionsOf(role)] = b
		}
		name := "role " + string(role.RoleName)
		if d := r.document("trust policy of "+name, policy.Trust, role.AssumeRolePolicyDocument); d != nil {
			if arns, everybody := d.NamesBeyondBoundary(); len(arns) > 0 || everybody {
				r.trusts = append(r.trusts, trustBeyond{role.Arn, role.RoleName, arns, everybody})
			}
		}
		if err := r.inline(tx, role.RoleId, name); err != nil {
			return false, err
		}
		r.role = role.RoleName
	}
	return len(page) == reviewPage, nil
}

// sessionsOf is what the ARNs of a role's sessions begin with.
func sessionsOf(role *RoleEntity) string {
	return arn.ARN{Partition: "aws", Service: "sts", Account: role.Account, Resource: "assumed-role/" + string(role.RoleName) + "/"}.String()
}

func (r *review) inline(tx Tx, owner IdType, of string) error {
	for after := PolicyNameType(""); ; {
		names, err := tx.InlinePolicyNames(owner, after, reviewPage)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, ok, err := tx.InlinePolicy(owner, name)
			if err != nil {
				return err
			}
			if ok {
				r.document(fmt.Sprintf("inline policy %s of %s", name, of), policy.Identity, text)
			}
			after = name
		}
		if len(names) < reviewPage {
			return nil
		}
	}
}

func (r *review) policies(tx Tx) (more bool, err error) {
	page, err := tx.Policies(r.service.Account, PolicyQuery{PathPrefix: "/", After: r.policy, Limit: reviewPage})
	if err != nil {
		return false, err
	}
	for _, p := range page {
		versions, err := tx.PolicyVersions(p.PolicyId)
		if err != nil {
			return false, err
		}
		for _, v := range versions {
			v, ok, err := tx.PolicyVersion(p.PolicyId, v.Number)
			if err != nil {
				return false, err
			}
			if ok {
				r.document(fmt.Sprintf("version v%d of managed policy %s", v.Number, p.Arn), policy.Identity, v.Document)
			}
		}
		r.policy = p.PolicyName
	}
	return len(page) == reviewPage, nil
}

// boundaries looks at the trust policies that name callers whose boundaries leave
// out assuming the role: until now such a boundary stopped them.
func (r *review) boundaries(tx Tx) (more bool, err error) {
	for _, trust := range r.trusts {
		var callers []string
		for _, caller := range slices.Sorted(maps.Keys(r.bounded)) {
			if !trust.means(caller) {
				continue
			}
			leavesOut, err := r.leavesOut(tx, r.bounded[caller], trust.role)
			if err != nil {
				return false, err
			}
			if leavesOut {
				callers = append(callers, strings.TrimSuffix(caller, "/"))
			}
		}
		if n := len(callers); n > 0 {
			r.add("trust policy of role "+string(trust.name), fmt.Sprintf(
				"it names callers whose permissions boundary leaves out sts:AssumeRole, which no longer stops them: %d, the first %s", n, callers[0]))
		}
	}
	return false, nil
}

// means says whether the trust policy names a user, or a session of a role.
func (t *trustBeyond) means(caller string) bool {
	if t.everybody {
		return true
	}
	for _, name := range t.arns {
		if name == caller || strings.HasSuffix(caller, "/") && strings.HasPrefix(name, caller) {
			return true
		}
	}
	return false
}

// leavesOut says whether a boundary neither allows nor denies that a role is
// assumed, as far as that does not depend on the request.
func (r *review) leavesOut(tx Tx, boundary, role ArnType) (bool, error) {
	document, ok, err := managedDocument(tx, awsapi.Caller{Account: r.service.Account}, boundary)
	if err != nil || !ok {
		return false, err
	}
	d, err := r.service.compiled.get(string(document))
	if err != nil {
		return false, nil //nolint:nilerr // said when the policy was looked at
	}
	decision := d.Evaluate(&policy.Request{Action: "sts:AssumeRole", Resource: string(role)})
	return decision.Effect == policy.ImplicitDeny, nil
}
