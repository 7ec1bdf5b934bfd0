package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/policy"
)

// Decision is the answer to a question of authorization, with its reasons.
type Decision struct {
	policy.Verdict
	// Root says that the account's root asked, whom no policy limits.
	Root bool
	// Gone says that the caller's user or role is not there any more. Nothing
	// else may let such a caller in, a trust policy that names them for one.
	Gone bool

	action, resource string
	// explained is a no as plain data, with the names of policies.
	explained *decision.Policies
}

// Allowed says whether the answer is yes.
func (d *Decision) Allowed() bool { return d.Root || d.Effect == policy.Allow }

// Authorize says whether a caller may do an action, service:Name, on a resource,
// an ARN or *. The facts are the condition keys of the operation; those of the
// caller, of the resource's account and of the request are added to them. It is the one place
// that decides: the API's own authorization, iam:PassRole, sts:AssumeRole and the
// simulations ask here ("Policy evaluation logic" in the IAM User Guide).
//
// A caller whose user or role is gone, or is not the one that the credentials
// were made for, may do nothing.
func (s *Service) Authorize(ctx context.Context, c awsapi.Caller, action, resource string, facts policy.Context) (*Decision, error) {
	if Unlimited(c) {
		return &Decision{Root: true}, nil
	}
	var d *Decision
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		d, err = s.decide(tx, c, action, resource, facts)
		return err
	})
	if err != nil {
		return nil, err
	}
	audit.From(ctx).DecidePolicies(d)
	return d, nil
}

// decide is Authorize within a transaction: for operations that must ask again
// about what they find.
func (s *Service) decide(tx Tx, c awsapi.Caller, action, resource string, facts policy.Context) (*Decision, error) {
	if Unlimited(c) {
		return &Decision{Root: true}, nil
	}
	held, err := s.holdingOf(tx, c)
	if err != nil {
		return nil, err
	}
	setTags(facts, "aws:principaltag/", held.tags)
	SetCallerFacts(facts, c)
	SetResourceAccount(facts, c.Account, resource)
	if err := SetRequestFacts(facts, c.Request, s.now()); err != nil {
		return nil, err
	}
	req := &policy.Request{Action: action, Resource: resource, Context: facts}
	d := &Decision{Verdict: policy.Decide(held.Policies, req), Gone: held.gone, action: action, resource: resource}
	if !d.Allowed() {
		d.explained, err = s.explain(tx, c, held, req, d)
	}
	return d, err
}

// Unlimited says that no policy limits a caller: the account's root, and its
// sessions unless they have session policies.
func Unlimited(c awsapi.Caller) bool {
	return c.Root && (c.Session == nil || len(c.Session.Policies)+len(c.Session.PolicyARNs) == 0)
}

// holding is what a caller has: all the documents that say what the caller may
// do, and the tags of the caller's user or role.
type holding struct {
	policy.Policies
	tags TagListType
	// gone says that the user or role that they would come from is not there.
	gone bool
}

func (s *Service) holdingOf(tx Tx, c awsapi.Caller) (held holding, err error) {
	tags, there, err := principalTags(tx, c)
	if err != nil {
		return holding{}, err
	}
	held = holding{tags: tags, gone: !there && !c.Root}
	if there {
		if held.Policies, err = s.permissionsOf(tx, c, IdType(c.PrincipalID)); err != nil {
			return holding{}, err
		}
	}
	held.Session, err = s.sessionPolicies(tx, c)
	return held, err
}

// principalTags are the tags of the user or role that a caller's rights come
// from; false if it is not there, or not the one that the credentials were made
// for.
func principalTags(tx Tx, c awsapi.Caller) (TagListType, bool, error) {
	if isUser(c.PrincipalARN) {
		user, ok, err := tx.UserByID(IdType(c.PrincipalID))
		if err != nil || !ok || user.Account != c.Account {
			return nil, false, err
		}
		return user.Tags, true, nil
	}
	account, name, isRole := ParseRoleARN(c.PrincipalARN)
	if !isRole || account != c.Account {
		return nil, false, nil
	}
	role, ok, err := tx.Role(account, RoleNameType(name))
	if err != nil || !ok || string(role.RoleId) != c.PrincipalID {
		return nil, false, err
	}
	return role.Tags, true, nil
}

// sessionPolicies are those that limit the caller's session.
func (s *Service) sessionPolicies(tx Tx, c awsapi.Caller) ([]*policy.Document, error) {
	if c.Session == nil {
		return nil, nil
	}
	inline, err := compileAll(&s.compiledSessions, c.Session.Policies)
	if err != nil {
		return nil, err
	}
	managed, err := s.limiting(tx, c, c.Session.PolicyARNs)
	return append(inline, managed...), err
}

func compileAll(known *compiled, texts []string) ([]*policy.Document, error) {
	documents := make([]*policy.Document, 0, len(texts))
	for _, text := range texts {
		d, err := known.get(text)
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return documents, nil
}
