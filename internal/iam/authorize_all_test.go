package iam_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// Several questions have the answers that each has alone, and a no is open only
// where a policy of the resource could still make a yes of it.
func TestAuthorizeAll(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app")
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::box/*"},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}`)
	const object = "arn:aws:s3:::box/1"
	questions := []iam.Question{{"s3:GetObject", object, ""}, {"s3:PutObject", object, ""}, {"s3:ListBucket", "arn:aws:s3:::box", ""}, {"s3:GetObject", "arn:aws:s3:::other/1", ""}}
	type answer struct{ allowed, open bool }
	allow, deny, open := answer{allowed: true}, answer{}, answer{open: true}
	for name, test := range map[string]struct {
		change func(*awsapi.Caller)
		want   [4]answer
	}{
		"a session":               {nil, [4]answer{allow, deny, open, open}},
		"a limit that allows":     {func(c *awsapi.Caller) { c.Session.Policies = []string{allowS3} }, [4]answer{allow, deny, deny, open}},
		"a limit that does not":   {func(c *awsapi.Caller) { c.Session.Policies = []string{allowList} }, [4]answer{deny, deny, open, deny}},
		"a limit that denies":     {func(c *awsapi.Caller) { c.Session.Policies = []string{denyRead} }, [4]answer{deny, deny, deny, deny}},
		"a limit that is gone":    {func(c *awsapi.Caller) { c.Session.PolicyARNs = []string{policyARN("gone")} }, [4]answer{deny, deny, deny, deny}},
		"another role, same name": {func(c *awsapi.Caller) { c.PrincipalID = "AROAOTHER" }, [4]answer{deny, deny, deny, deny}},
		"root":                    {func(c *awsapi.Caller) { *c = root }, [4]answer{allow, allow, allow, allow}},
	} {
		t.Run(name, func(t *testing.T) {
			c := sessionOf(t, s, "app")
			if test.change != nil {
				test.change(&c)
			}
			c = wiretest.From(c)
			decisions, err := s.AuthorizeAll(t.Context(), c, questions, policy.Context{})
			if err != nil || len(decisions) != len(questions) {
				t.Fatal(decisions, err)
			}
			for i, d := range decisions {
				if got := (answer{d.Allowed(), d.Open()}); got != test.want[i] {
					t.Errorf("%v: %+v, want %+v", questions[i], got, test.want[i])
				}
				alone, err := s.Authorize(t.Context(), c, questions[i].Action, questions[i].Resource, policy.Context{})
				if err != nil || alone.Allowed() != d.Allowed() || alone.Open() != d.Open() || alone.Cause() != d.Cause() {
					t.Errorf("%v: alone %+v, %v", questions[i], alone, err)
				}
			}
		})
	}
}

// A boundary's silence is final too.
func TestAuthorizeAllBoundary(t *testing.T) {
	s := newService(t)
	createPolicy(t, s, "bounds", allowList)
	createRole(t, s, "app", "PermissionsBoundary", policyARN("bounds"))
	d, err := s.AuthorizeAll(t.Context(), wiretest.From(sessionOf(t, s, "app")), []iam.Question{{"s3:GetObject", "*", ""}, {"s3:ListBucket", "*", ""}}, policy.Context{})
	if err != nil || d[0].Open() || d[0].Allowed() || !d[1].Open() {
		t.Error(d, err)
	}
}

// The questions end with their context, and the record has some of many.
func TestAuthorizeAllIsBounded(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app")
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument", allowS3)
	c := wiretest.From(sessionOf(t, s, "app"))
	questions := make([]iam.Question, 1000)
	for i := range questions {
		questions[i] = iam.Question{"s3:GetObject", "arn:aws:s3:::box/1", "some object"}
	}
	questions[999].Action = "iam:GetUser"
	var e audit.Event
	if _, err := s.AuthorizeAll(audit.NewContext(t.Context(), &e), c, questions, policy.Context{}); err != nil {
		t.Fatal(err)
	}
	if d := e.Decision().Policies; len(d) != 16 || d[0].Action != "iam:GetUser" || d[0].Cause == "" || d[0].Resource != "some object" {
		t.Errorf("recorded %d: %s", len(d), slog.AnyValue(d))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AuthorizeAll(ctx, c, questions, policy.Context{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
