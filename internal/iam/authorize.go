package iam

import (
	"cmp"
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

// Open says that the answer is no for one reason alone: no identity-based policy
// allows, and neither a limit nor a deny stands against it. A policy of the
// resource may still allow then, where the resource has one.
func (d *Decision) Open() bool {
	return !d.Allowed() && !d.Gone && d.Effect == policy.ImplicitDeny && d.layer() == policy.IdentityLayer
}

// Err is a no as an *awsapi.Refused about a resource, shown by this name; nil for
// a yes.
func (d *Decision) Err(c awsapi.Caller, action, resource string) error {
	if d.Allowed() {
		return nil
	}
	return &awsapi.Refused{Refusal: awsapi.Denied, Message: d.Refusal(c, action, resource), Cause: d.Cause(), Err: d.Why()}
}

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
	held, err := s.knownOf(tx, c, facts)
	if err != nil {
		return nil, err
	}
	d, req := judge(held, c, action, resource, facts)
	if !d.Allowed() {
		d.explained, err = s.explain(tx, c, held, req, d)
	}
	return d, err
}

// knownOf finds what a caller has, and adds what is known of the caller and of the
// caller's request to the facts.
func (s *Service) knownOf(tx Tx, c awsapi.Caller, facts policy.Context) (holding, error) {
	held, err := s.callerOf(tx, c, facts)
	if err != nil {
		return holding{}, err
	}
	return held, SetRequestFacts(facts, c.Request, s.now())
}

// callerOf finds what a caller has, and adds what is known of the caller to the
// facts.
func (s *Service) callerOf(tx Tx, c awsapi.Caller, facts policy.Context) (holding, error) {
	held, err := s.holdingOf(tx, c)
	if err != nil {
		return holding{}, err
	}
	setTags(facts, "aws:principaltag/", held.tags)
	SetCallerFacts(facts, c)
	return held, nil
}

// judge answers one question from what the caller has.
func judge(held holding, c awsapi.Caller, action, resource string, facts policy.Context) (*Decision, *policy.Request) {
	SetResourceAccount(facts, c.Account, resource)
	req := &policy.Request{Action: action, Resource: resource, Context: facts}
	return &Decision{Verdict: policy.Decide(held.Policies, req), Gone: held.gone, action: action, resource: resource}, req
}

// Question is one of several about the same caller and the same request.
type Question struct {
	Action, Resource string
	// Shown is the resource as records have it, where the resource itself is not for
	// them.
	Shown string
}

// AuthorizeAll answers several questions as [Service.Authorize] does, from policies
// of one moment. It stops with an error when the context ends: questions may be
// many, and policies and resources long. Of the refusals the first alone is
// explained.
func (s *Service) AuthorizeAll(ctx context.Context, c awsapi.Caller, questions []Question, facts policy.Context) ([]*Decision, error) {
	decisions := make([]*Decision, 0, len(questions))
	if Unlimited(c) {
		for range questions {
			decisions = append(decisions, &Decision{Root: true})
		}
		return decisions, nil
	}
	err := s.Store.View(ctx, func(tx Tx) error {
		decisions = decisions[:0]
		held, err := s.knownOf(tx, c, facts)
		if err != nil {
			return err
		}
		explained := false
		for _, q := range questions {
			if err := ctx.Err(); err != nil {
				return err
			}
			d, req := judge(held, c, q.Action, q.Resource, facts)
			d.resource = cmp.Or(q.Shown, q.Resource)
			if !d.Allowed() && !explained {
				if d.explained, err = s.explain(tx, c, held, req, d); err != nil {
					return err
				}
				explained = true
			}
			decisions = append(decisions, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, d := range notable(decisions) {
		audit.From(ctx).DecidePolicies(d)
	}
	return decisions, nil
}

// maxRecorded is how many of the decisions about one request its record has.
const maxRecorded = 16

// notable are the decisions that the record has: of too many of them the refusals
// before the others.
func notable(decisions []*Decision) []*Decision {
	if len(decisions) <= maxRecorded {
		return decisions
	}
	var all []*Decision
	for _, allowed := range []bool{false, true} {
		for _, d := range decisions {
			if d.Allowed() == allowed && len(all) < maxRecorded {
				all = append(all, d)
			}
		}
	}
	return all
}

// Allow is Authorize for those who go on only after a yes: a no is an
// *awsapi.Refused, with its reasons for the log.
func (s *Service) Allow(ctx context.Context, c awsapi.Caller, action, resource string, facts policy.Context) error {
	d, err := s.Authorize(ctx, c, action, resource, facts)
	if err != nil {
		return err
	}
	return d.Err(c, action, resource)
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
