package sts

import (
	"context"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// The actions that a trust policy must allow.
const (
	actionAssume            = "sts:AssumeRoleWithWebIdentity"
	actionTag               = "sts:TagSession"
	actionSetSourceIdentity = "sts:SetSourceIdentity"
)

// authorize finds the role and asks its trust policy whether the bearer of a
// web identity may assume it under this session name.
func (s *Service) authorize(ctx context.Context, roleARN, sessionName string, w *webIdentity) (*iam.RoleEntity, error) {
	account, name, ok := iam.ParseRoleARN(roleARN)
	if !ok {
		return nil, badRoleARN()
	}
	if account != s.Account {
		return nil, notAuthorized(causeRoleForeign)
	}
	role, ok, err := s.IAM.Role(ctx, account, name)
	if err != nil {
		return nil, err
	}
	if !ok || string(role.Arn) != roleARN {
		return nil, notAuthorized(causeRoleMissing)
	}
	trust, err := role.Trust()
	if err != nil {
		return nil, err
	}
	req := &policy.Request{
		Principal: policy.Principal{Federated: w.provider},
		Resource:  roleARN,
		Context:   s.trustContext(ctx, role, sessionName, w),
	}
	if err := ask(trust, req, actionAssume, causeTrustRefused); err != nil {
		return nil, err
	}
	if len(w.tags) > 0 {
		if err := ask(trust, req, actionTag, causeTagSessionRefused); err != nil {
			return nil, err
		}
	}
	if w.sourceIdentity != "" {
		if err := ask(trust, req, actionSetSourceIdentity, causeSourceIdentityRefused); err != nil {
			return nil, err
		}
	}
	return role, nil
}

// ask asks for one action. A refusal that a statement made is told from one for
// want of a statement in the log only.
func ask(trust *policy.Document, req *policy.Request, action string, refused awsapi.Cause) error {
	req.Action = action
	switch trust.Evaluate(req).Effect {
	case policy.Allow:
		return nil
	case policy.ExplicitDeny:
		return notAuthorized(causeTrustDenied)
	}
	return notAuthorized(refused)
}

// trustContext is what a trust policy's conditions can look at: the facts of
// any request, and those of the token ("Available keys for AWS web identity
// federation" in the IAM User Guide).
func (s *Service) trustContext(ctx context.Context, role *iam.RoleEntity, sessionName string, w *webIdentity) policy.Context {
	prefix := KeyPrefix(w.provider)
	c := s.IAM.RequestFacts(ctx)
	for _, list := range [][]Key{w.lasting, w.passing} {
		for _, k := range list {
			c.Set(prefix+":"+k.Name, k.Values...)
		}
	}
	c.Set("aws:federatedprovider", w.provider)
	c.Set("sts:rolesessionname", sessionName)
	if w.sourceIdentity != "" {
		c.Set("sts:sourceidentity", w.sourceIdentity)
	}
	setTags(c, w.tags)
	for _, t := range role.Tags {
		c.Set("aws:resourcetag/"+string(t.Key), string(t.Value))
		c.Set("iam:resourcetag/"+string(t.Key), string(t.Value))
	}
	return c
}

func setTags(c policy.Context, tags []Tag) {
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
func (s *Service) newSession(role *iam.RoleEntity, name string, w *webIdentity, lasts time.Duration) *Session {
	issued := s.now().UTC().Truncate(time.Second)
	authTime := w.authTime
	if authTime.IsZero() {
		authTime = issued
	}
	return &Session{
		AuthTime:    authTime,
		Account:     role.Account,
		Path:        strings.TrimPrefix(string(role.Arn), "arn:aws:iam::"+role.Account+":role"),
		PrincipalID: string(role.RoleId),
		Name:        name,
		Issued:      issued, Expires: issued.Add(lasts),
		Provider: w.provider, Keys: w.lasting,
		Tags: w.tags, SourceIdentity: w.sourceIdentity,
	}
}
