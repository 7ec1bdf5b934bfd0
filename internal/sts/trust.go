package sts

import (
	"context"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// The actions that a trust policy must allow.
const (
	actionAssumeRole        = "sts:AssumeRole"
	actionSAML              = "sts:AssumeRoleWithSAML"
	actionWebIdentity       = "sts:AssumeRoleWithWebIdentity"
	actionTag               = "sts:TagSession"
	actionSetSourceIdentity = "sts:SetSourceIdentity"
)

// assumption is somebody's wish to assume a role, as its trust policy is asked
// about it.
type assumption struct {
	// action is the operation.
	action string
	// role is the ARN of the role, as the request has it.
	role string
	// name is that of the session to be.
	name string
	// principal is who wishes.
	principal policy.Principal
	// tags and sourceIdentity are those of the session to be.
	tags           []SessionTag
	sourceIdentity string
}

// actions are all that must be allowed, in the order in which they are asked
// for. Tags and a source identity need a permission of their own.
func (a *assumption) actions() []string {
	actions := append(make([]string, 0, 3), a.action)
	if len(a.tags) > 0 {
		actions = append(actions, actionTag)
	}
	if a.sourceIdentity != "" {
		actions = append(actions, actionSetSourceIdentity)
	}
	return actions
}

// roleOf finds the role of an ARN, which must be a role's; the cause says why
// there is none.
func (s *Service) roleOf(ctx context.Context, roleARN string) (*iam.RoleEntity, awsapi.Cause, error) {
	account, name, _ := iam.ParseRoleARN(roleARN)
	if account != s.Account {
		return nil, causeRoleForeign, nil
	}
	role, ok, err := s.IAM.Role(ctx, account, name)
	if err != nil {
		return nil, "", err
	}
	if !ok || string(role.Arn) != roleARN {
		if ok { // the path or the case is wrong
			audit.From(ctx).Set("role_of_this_name", string(role.Arn))
		}
		return nil, causeRoleMissing, nil
	}
	return role, "", nil
}

// authorize finds the role and asks its trust policy whether a federated user
// may assume it under this session name.
func (s *Service) authorize(ctx context.Context, r awsapi.Request, roleARN, sessionName string, f *federated) (*iam.RoleEntity, error) {
	if _, _, ok := iam.ParseRoleARN(roleARN); !ok {
		return nil, badRoleARN()
	}
	role, cause, err := s.roleOf(ctx, roleARN)
	if err != nil {
		return nil, err
	}
	if cause != "" {
		return nil, notAuthorized(f.action, cause)
	}
	trust, err := role.Trust()
	if err != nil {
		return nil, err
	}
	a := &assumption{
		action: f.action, role: roleARN, name: sessionName,
		principal: policy.Principal{Federated: f.provider}, tags: f.tags, sourceIdentity: f.sourceIdentity,
	}
	facts := trustContext(role, a)
	f.setKeys(facts)
	iam.SetResourceAccount(facts, role.Account, roleARN)
	if f.region != "" {
		r = r.In(f.region)
	}
	if err := iam.SetRequestFacts(facts, r, s.now()); err != nil {
		return nil, err
	}
	for _, action := range a.actions() {
		req := a.request(action, facts)
		t, _ := askTrust(trust, req)
		audit.From(ctx).DecideTrust(t)
		if t.Outcome != decision.Allow {
			cause := awsapi.Cause(t.Cause)
			return nil, notAuthorized(f.action, cause).Because(cause, decision.Why{Stringer: t})
		}
	}
	return role, nil
}

// request asks a trust policy for one action.
func (a *assumption) request(action string, facts policy.Context) *policy.Request {
	return &policy.Request{Principal: a.principal, Action: action, Resource: a.role, Context: facts}
}

// trustContext is what a trust policy's conditions can look at beyond the facts
// of any request, whoever wishes to assume the role ("IAM and AWS STS condition
// context keys" in the IAM User Guide).
func trustContext(role *iam.RoleEntity, a *assumption) policy.Context {
	c := make(policy.Context, 14) // as many as most have, and as fit into 16 places
	c.Set("sts:rolesessionname", a.name)
	if a.sourceIdentity != "" {
		c.Set("sts:sourceidentity", a.sourceIdentity)
	}
	setTags(c, a.tags)
	for _, t := range role.Tags {
		c.Set("aws:resourcetag/"+string(t.Key), string(t.Value))
		c.Set("iam:resourcetag/"+string(t.Key), string(t.Value))
	}
	return c
}

func setTags(c policy.Context, tags []SessionTag) {
	if len(tags) == 0 {
		return
	}
	var keys, transitive []string
	for _, t := range tags {
		c.Set("aws:requesttag/"+t.Key, t.Value)
		keys = append(keys, t.Key)
		if t.Transitive {
			transitive = append(transitive, t.Key)
		}
	}
	c.Set("aws:tagkeys", keys...)
	if len(transitive) > 0 {
		c.Set("sts:transitivetagkeys", transitive...)
	}
}

// newSession makes the session of a role that may be assumed. It has no key yet.
func (s *Service) newSession(ctx context.Context, role *iam.RoleEntity, name string, lasts time.Duration) (*Session, error) {
	change, err := s.Change(ctx)
	if err != nil {
		return nil, err
	}
	issued := s.now().UTC().Truncate(time.Second)
	return &Session{
		AuthTime:    issued,
		Change:      change,
		AuthChange:  change,
		Account:     role.Account,
		Path:        strings.TrimPrefix(string(role.Arn), "arn:aws:iam::"+role.Account+":role"),
		PrincipalID: string(role.RoleId),
		Name:        name,
		Issued:      issued, Expires: issued.Add(lasts),
	}, nil
}
