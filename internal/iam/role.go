package iam

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/policy"
)

// DefaultMaxSessionDuration is how long a role's sessions may last, in seconds,
// where the role does not say.
const DefaultMaxSessionDuration RoleMaxSessionDurationType = 3600

// RoleEntity is a role as it is kept: the Role of the wire, with what the wire
// does not show. It is made once, never changed and never copied.
type RoleEntity struct {
	// Role is as the caller sent it: the trust policy is not URL-encoded, and
	// MaxSessionDuration is nil where it was left out.
	Role
	// Account owns the role.
	Account string
	// Principals are the unique IDs of the users and roles that the trust policy
	// names, by the names, as they were when it was stored.
	Principals map[string]IdType
	// Settings are what tags of the role say to daypass itself.
	Settings RoleSettings

	compile sync.Once
	trust   *policy.Document
	err     error
}

// with is the role after a change of what the wire shows of it.
func (r *RoleEntity) with(change func(*Role)) *RoleEntity {
	changed := &RoleEntity{Account: r.Account, Role: r.Role, Principals: r.Principals, Settings: r.Settings}
	change(&changed.Role)
	return changed
}

// Trust gives the role's trust policy, compiled on first use. The error is for
// a document that no version has accepted.
func (r *RoleEntity) Trust() (*policy.Document, error) {
	r.compile.Do(func() {
		r.trust, r.err = policy.ParseStored(policy.Trust, string(r.AssumeRolePolicyDocument))
		if r.err != nil {
			r.err = fmt.Errorf("the stored trust policy of %s: %w", r.Arn, r.err)
		}
	})
	return r.trust, r.err
}

// MaxSession is how long the role's sessions may last, in seconds.
func (r *RoleEntity) MaxSession() RoleMaxSessionDurationType {
	if r.MaxSessionDuration == nil {
		return DefaultMaxSessionDuration
	}
	return *r.MaxSessionDuration
}

// RoleKey is what makes the name of a role unique: the name ignoring case.
func RoleKey(name RoleNameType) string { return strings.ToLower(string(name)) }

// Role finds a role by its name, ignoring case.
func (s *Service) Role(ctx context.Context, account, name string) (*RoleEntity, bool, error) {
	var found struct { // one variable for the transaction to fill
		role *RoleEntity
		ok   bool
	}
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		found.role, found.ok, err = tx.Role(account, RoleNameType(name))
		return err
	})
	return found.role, found.ok, err
}

// RoleExists says whether there is a role of an ARN, with this path and in this case.
func (s *Service) RoleExists(ctx context.Context, arn string) (bool, error) {
	account, name, ok := ParseRoleARN(arn)
	if !ok {
		return false, nil
	}
	role, ok, err := s.Role(ctx, account, name)
	return ok && string(role.Arn) == arn, err
}

// created is the role as CreateRole shows it: what was sent.
func (r *RoleEntity) created() Role {
	shown := r.Role
	shown.AssumeRolePolicyDocument = urlEncoded(r.AssumeRolePolicyDocument)
	return shown
}

// described is the role as GetRole shows it. Nobody records yet when a role is
// used, and an empty RoleLastUsed says so.
func (r *RoleEntity) described() Role {
	shown := r.created()
	longest := r.MaxSession()
	shown.MaxSessionDuration = &longest
	shown.RoleLastUsed = &RoleLastUsed{}
	return shown
}

// listed is the role as ListRoles shows it.
func (r *RoleEntity) listed() Role {
	shown := r.described()
	shown.PermissionsBoundary, shown.RoleLastUsed, shown.Tags = nil, nil, nil
	return shown
}

func rootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

const roleResource = "role"

func roleARN(account string, path PathType, name RoleNameType) ArnType {
	return ArnType(arn.ARN{Partition: "aws", Service: "iam", Account: account, Resource: roleResource + string(path) + string(name)}.String())
}

// ParseRoleARN takes the ARN of a role apart; false if it is none. Whether
// there is such a role is another question, and so is whether this is its path.
func ParseRoleARN(s string) (account, name string, ok bool) {
	return parseEntityARN(s, roleResource)
}

// parseEntityARN takes the ARN of a user or role apart; false if it is none.
func parseEntityARN(s, kind string) (account, name string, ok bool) {
	a, err := arn.Parse(s)
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || !isAccount(a.Account) {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(a.Resource, kind)
	if name = string(lastSegment(rest)); !ok || !strings.HasPrefix(rest, "/") || name == "" {
		return "", "", false
	}
	return a.Account, name, true
}

func isAccount(s string) bool {
	if len(s) != accountDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
