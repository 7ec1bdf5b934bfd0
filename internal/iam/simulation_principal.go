package iam

import (
	"context"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// principal is a user or role as a simulation asks about it: the policies that
// say what it may do, and the condition keys that it brings to each of its
// requests.
type principal struct {
	id IdType
	// prefix begins the names of its inline policies: user_NAME_ or role_NAME_.
	prefix   string
	facts    policy.Context
	policies policy.Policies
	// names are what the identity-based policies are called, boundary is what the
	// permissions boundary is.
	names    map[*policy.Document]PolicyIdentifierType
	boundary PolicyIdentifierType
}

// SimulatePrincipalPolicy says what the policies of a user or role allow.
func (s *Service) SimulatePrincipalPolicy(ctx context.Context, c awsapi.Caller, in *SimulatePrincipalPolicyRequest) (*SimulatePolicyResponse, error) {
	audit.From(ctx).Set("principal", string(in.PolicySourceArn))
	sim, err := newSimulation(c, simulated{
		in.PolicyInputList, in.PermissionsBoundaryPolicyInputList, in.ActionNames, in.ResourceArns,
		in.ResourcePolicy, in.ResourceOwner, in.ResourceHandlingOption,
	})
	if err != nil {
		return nil, err
	}
	var p *principal
	err = s.Store.View(ctx, func(tx Tx) (err error) {
		p, err = s.principal(tx, c, in.PolicySourceArn)
		return err
	})
	if err != nil {
		return nil, err
	}
	sim.ask(p)
	if in.CallerArn == "" || in.CallerArn == ResourceNameType(in.PolicySourceArn) {
		sim.facts, sim.account = p.facts, c.Account
	} else if err := sim.callAs(c, in.CallerArn); err != nil {
		return nil, err
	}
	if err := sim.enter(in.ContextEntries); err != nil {
		return nil, err
	}
	return s.answer(ctx, sim, page{"SimulatePrincipalPolicy", string(in.PolicySourceArn), in.Marker, in.MaxItems})
}

// ask adds the policies of a user or role to those of the input. A permissions
// boundary of the input stands in place of its own.
func (sim *simulation) ask(p *principal) {
	sim.policies.Identity = append(p.policies.Identity[:len(p.policies.Identity):len(p.policies.Identity)], sim.policies.Identity...)
	for d, name := range p.names {
		sim.names[d] = name
	}
	if sim.policies.Boundary == nil {
		sim.policies.Boundary, sim.boundary = p.policies.Boundary, p.boundary
	}
}

// principal finds a user or role with its policies, by the function that finds
// those of a caller.
func (s *Service) principal(tx Tx, c awsapi.Caller, source ArnType) (*principal, error) {
	p, err := findPrincipal(tx, c, source)
	if err != nil {
		return nil, err
	}
	if p.policies, err = s.permissionsOf(tx, c, p.id); err != nil {
		return nil, err
	}
	return p, p.nameAll(tx, c)
}

// findPrincipal finds a user or role of the account by its whole ARN.
func findPrincipal(tx Tx, c awsapi.Caller, source ArnType) (*principal, error) {
	a, err := arn.Parse(string(source))
	kind, path, _ := strings.Cut(a.Resource, "/")
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || lastSegment(path) == "" {
		return nil, badEntityARN(source)
	}
	own := a.Account == c.Account
	switch kind {
	case userResource:
		return findUserPrincipal(tx, c, source, own, ExistingUserNameType(lastSegment(path)))
	case roleResource:
		return findRolePrincipal(tx, c, source, own, lastSegment(path))
	case "group":
		return nil, groupNotFound(GroupNameType(lastSegment(path)))
	}
	return nil, badEntityARN(source)
}

func findUserPrincipal(tx Tx, c awsapi.Caller, source ArnType, own bool, name ExistingUserNameType) (*principal, error) {
	user, ok, err := tx.User(c.Account, UserNameType(name))
	if err != nil {
		return nil, err
	}
	if !ok || !own || user.Arn != source {
		return nil, userNotFound(name)
	}
	p := &principal{id: user.UserId, prefix: "user_" + string(user.UserName) + "_", facts: policy.Context{}}
	setTags(p.facts, "aws:principaltag/", user.Tags)
	SetCallerFacts(p.facts, user.caller(""))
	return p, nil
}

// findRolePrincipal finds a role. What its sessions would bring (their name, what
// their provider said, their tags) is for the caller to enter.
func findRolePrincipal(tx Tx, c awsapi.Caller, source ArnType, own bool, name RoleNameType) (*principal, error) {
	role, ok, err := tx.Role(c.Account, name)
	if err != nil {
		return nil, err
	}
	if !ok || !own || role.Arn != source {
		return nil, roleNotFound(name)
	}
	p := &principal{id: role.RoleId, prefix: "role_" + string(role.RoleName) + "_", facts: policy.Context{}}
	setTags(p.facts, "aws:principaltag/", role.Tags)
	p.facts.Set("aws:principalaccount", c.Account)
	p.facts.Set("aws:principalarn", string(role.Arn))
	p.facts.Set("aws:principaltype", "AssumedRole")
	p.facts.Set("aws:principalisawsservice", "false")
	return p, nil
}

// nameAll finds out what the policies are called: a managed policy by its name,
// an inline one by its owner's and its own. Documents are kept by their text, so
// that one which is there twice may be called the one or the other.
func (p *principal) nameAll(tx Tx, c awsapi.Caller) error {
	held, err := tx.Permissions(p.id)
	if err != nil {
		return err
	}
	names, err := p.inlineNames(tx, len(held.Inline))
	if err != nil {
		return err
	}
	for _, a := range held.Attached {
		text, ok, err := managedDocument(tx, c, a)
		if err != nil {
			return err
		}
		if ok {
			names[string(text)] = managedName(a)
		}
	}
	p.names = map[*policy.Document]PolicyIdentifierType{}
	for _, d := range p.policies.Identity {
		p.names[d] = names[d.Text()]
	}
	p.boundary = managedName(held.Boundary)
	return nil
}

// inlineNames are the names of the inline policies by their texts.
func (p *principal) inlineNames(tx Tx, count int) (map[string]PolicyIdentifierType, error) {
	names := map[string]PolicyIdentifierType{}
	inline, err := tx.InlinePolicyNames(p.id, "", count)
	if err != nil {
		return nil, err
	}
	for _, name := range inline {
		text, _, err := tx.InlinePolicy(p.id, name)
		if err != nil {
			return nil, err
		}
		names[string(text)] = PolicyIdentifierType(p.prefix + string(name))
	}
	return names, nil
}

func managedName(policy ArnType) PolicyIdentifierType {
	_, _, name, _ := policyName(policy)
	return PolicyIdentifierType(name)
}
