package iam_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// The log tells which layer refused, and which statement of which policy, or
// what comes nearest. Of this the caller sees the layer.
func TestWhy(t *testing.T) {
	const (
		object     = "arn:aws:s3:::box/1"
		managed    = "arn:aws:iam::111122223333:policy/m"
		elsewhere  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::other/*"}]}`
		conditions = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Put*","Resource":"*"},` +
			`{"Sid":"mine","Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"},"Bool":{"aws:SecureTransport":"true"}}}]}`
		allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		denyGet  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"never","Effect":"Deny","Action":"s3:Get*","Resource":"*"}]}`
	)
	for name, test := range map[string]struct {
		inline  map[string]string
		managed string
		session []string
		arns    []string
		cause   awsapi.Cause
		why     string
	}{
		"no policy":     {nil, "", nil, nil, "identity-policy-refused", "no statement allows s3:GetObject"},
		"other actions": {map[string]string{"p": allowList}, "", nil, nil, "identity-policy-refused", "no statement allows s3:GetObject"},
		"other resources": {
			map[string]string{"p": elsewhere, "q": allowList}, "", nil, nil, "identity-policy-refused",
			`statement 1 of inline policy "p" comes nearest, which is about other resources than arn:aws:s3:::box/1`,
		},
		"conditions": {
			map[string]string{"p": elsewhere, "q": conditions}, "", nil, nil, "identity-policy-refused",
			`statement 2 ("mine") of inline policy "q" comes nearest, which has conditions that are not met: aws:resourcetag/team, aws:securetransport`,
		},
		"a managed policy": {
			map[string]string{"p": elsewhere}, conditions, nil, nil, "identity-policy-refused",
			`statement 2 ("mine") of managed policy ` + managed + ` comes nearest, which has conditions that are not met: aws:resourcetag/team, aws:securetransport`,
		},
		"denied":            {map[string]string{"p": allowAll, "q": denyGet}, "", nil, nil, "identity-policy-denied", `statement 2 ("never") of inline policy "q" denies s3:GetObject`},
		"denied by managed": {map[string]string{"p": allowAll}, denyGet, nil, nil, "identity-policy-denied", `statement 2 ("never") of managed policy ` + managed + ` denies s3:GetObject`},
		"the session": {
			map[string]string{"p": allowAll}, "", []string{elsewhere}, nil, "session-policy-refused",
			`statement 1 of the inline session policy comes nearest, which is about other resources than arn:aws:s3:::box/1`,
		},
		"the session denies": {map[string]string{"p": allowAll}, "", []string{denyGet}, nil, "session-policy-denied", `statement 2 ("never") of the inline session policy denies s3:GetObject`},
		"the session denies by a managed policy": {
			map[string]string{"p": allowAll}, denyGet, []string{allowAll}, []string{managed}, "session-policy-denied",
			`statement 2 ("never") of managed policy ` + managed + ` denies s3:GetObject`,
		},
		"a managed session policy that is gone": {
			map[string]string{"p": allowAll}, "", nil, []string{managed}, "session-policy-refused", "no statement allows s3:GetObject",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount)
			for name, document := range test.inline {
				must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", name, "PolicyDocument", document)
			}
			if test.managed != "" {
				must(t, s, "CreatePolicy", "PolicyName", "m", "PolicyDocument", test.managed)
				if test.arns == nil {
					must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", managed)
				}
			}
			c := sessionOf(t, s, "app")
			c.Session.Policies, c.Session.PolicyARNs = test.session, test.arns
			d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", object, policy.Context{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(d.Why()); d.Allowed() || d.Cause() != test.cause || got != test.why {
				t.Errorf("allowed %v, cause %s, why %s\nwant cause %s, why %s", d.Allowed(), d.Cause(), got, test.cause, test.why)
			}
		})
	}
}

// A yes says which statements of every layer made it, and a no what each layer said.
func TestDecisionIsData(t *testing.T) {
	s := newService(t)
	const (
		get      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"Get","Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`
		all      = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		boundary = "arn:aws:iam::111122223333:policy/most"
	)
	must(t, s, "CreatePolicy", "PolicyName", "most", "PolicyDocument", get)
	must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount, "PermissionsBoundary", boundary)
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument", all)
	c := sessionOf(t, s, "app")
	c.Session.Policies = []string{all}
	e := &audit.Event{}
	ctx := audit.NewContext(t.Context(), e)
	for _, action := range []string{"s3:GetObject", "s3:PutObject"} {
		if _, err := s.Authorize(ctx, wiretest.From(c), action, "*", policy.Context{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []*decision.Policies{
		{Outcome: decision.Allow, Action: "s3:GetObject", Resource: "*", Layers: []decision.Layer{
			{Layer: "session", Outcome: decision.Allow, Checks: []decision.Check{{Statement: 1, Result: decision.Applies}}},
			{Layer: "boundary", Outcome: decision.Allow, Checks: []decision.Check{{Statement: 2, Sid: "Get", Result: decision.Applies}}},
			{Layer: "identity", Outcome: decision.Allow, Checks: []decision.Check{{Statement: 1, Result: decision.Applies}}},
		}},
		{Outcome: decision.Refuse, Cause: "boundary-refused", Action: "s3:PutObject", Resource: "*", Layers: []decision.Layer{
			{Layer: "session", Outcome: decision.Allow, Checks: []decision.Check{{Statement: 1, Result: decision.Applies}}},
			{Layer: "boundary", Outcome: decision.Refuse},
			{Layer: "identity", Outcome: decision.Allow, Checks: []decision.Check{{Statement: 1, Result: decision.Applies}}},
		}},
	}
	if diff := cmp.Diff(want, e.Decision().Policies); diff != "" {
		t.Error(diff)
	}
}

// A caller whose role is gone has nothing to explain.
func TestWhyGone(t *testing.T) {
	s := newService(t)
	must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount)
	c := sessionOf(t, s, "app")
	must(t, s, "DeleteRole", "RoleName", "app")
	d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", "*", policy.Context{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Allowed() || d.Cause() != "principal-gone" || d.Why() != nil {
		t.Errorf("allowed %v, cause %s, why %v", d.Allowed(), d.Cause(), d.Why())
	}
}

// sessionOf is a caller in a session of a role.
func sessionOf(t testing.TB, s *iam.Service, name string) awsapi.Caller {
	t.Helper()
	role, ok, err := s.Role(context.Background(), account, name)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return awsapi.Caller{
		Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/s", UserID: string(role.RoleId) + ":s",
		PrincipalARN: string(role.Arn), PrincipalID: string(role.RoleId), Session: &awsapi.Session{Name: "s"},
	}
}
