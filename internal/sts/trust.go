package sts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	if err := ask(trust, req, actionAssume, ""); err != nil {
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

// ask asks for one action. Who is refused learns nothing of the reason; the log
// has it, by its own cause if there is none for the action.
func ask(trust *policy.Document, req *policy.Request, action string, cause awsapi.Cause) error {
	req.Action = action
	decision := trust.Evaluate(req)
	switch decision.Effect {
	case policy.Allow:
		return nil
	case policy.ExplicitDeny:
		return notAuthorized(causeTrustDenied).Because(causeTrustDenied, errors.New(statementName(decision.Statements[0])+" denies it"))
	}
	why, detail := whyRefused(trust, req)
	cause = cmp.Or(cause, why)
	return notAuthorized(cause).Because(cause, errors.New(detail))
}

// whyRefused finds what to change in a trust policy none of whose statements
// allows.
func whyRefused(trust *policy.Document, req *policy.Request) (awsapi.Cause, string) {
	miss, ok := trust.Nearest(req)
	name := statementName(miss.Statement)
	switch {
	case !ok || miss.Part == policy.PrincipalPart:
		return causeTrustPrincipal, fmt.Sprintf("no statement allows anything to %q", req.Principal.Federated)
	case miss.Part == policy.ActionPart:
		return causeTrustAction, name + " comes nearest, which does not allow " + req.Action
	}
	prefix := KeyPrefix(req.Principal.Federated)
	detail := name + " comes nearest, whose conditions are not met: " + strings.Join(miss.Keys, ", ")
	switch {
	case slices.Contains(miss.Keys, prefix+":aud"):
		return causeTrustAudience, fmt.Sprintf("%s; aud is %q", detail, req.Context[prefix+":aud"])
	case slices.Contains(miss.Keys, prefix+":amr"):
		return causeTrustAMR, fmt.Sprintf("%s; amr begins with %q", detail, first(req.Context[prefix+":amr"]))
	}
	return causeTrustCondition, detail
}

// first is the entry of amr that names nobody.
func first(amr []string) string {
	if len(amr) == 0 {
		return ""
	}
	return amr[0]
}

// statementName is how people count statements.
func statementName(s policy.Statement) string {
	if s.Sid == "" {
		return fmt.Sprintf("statement %d", s.Index+1)
	}
	return fmt.Sprintf("statement %d (%q)", s.Index+1, s.Sid)
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
