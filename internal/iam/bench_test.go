package iam_test

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
)

// benchSession is a session as the enhanced flow makes them, of a role with an
// inline and a managed policy, on a pool that the policies know by a tag.
func benchSession(t testing.TB, s *iam.Service) awsapi.Caller {
	t.Helper()
	must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount,
		"Tags.member.1.Key", "team", "Tags.member.1.Value", "red", "Tags.member.2.Key", "stage", "Tags.member.2.Value", "test")
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument", allowRead)
	must(t, s, "CreatePolicy", "PolicyName", "m", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:Describe*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}]}`)
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", "arn:aws:iam::111122223333:policy/m")
	c := sessionOf(t, s, "app")
	c.Request = awsapi.Request{SourceIP: "192.0.2.7", Transport: awsapi.Encrypted, UserAgent: "aws-cli/2", Region: "us-east-1"}
	c.Session = &awsapi.Session{
		Name: "s", Issued: time.Unix(1767265200, 0), Provider: "cognito-identity.amazonaws.com", Policies: []string{allowAnything},
		Tags: []awsapi.SessionTag{{Key: "dept", Value: "x"}},
		Keys: map[string][]string{
			"cognito-identity.amazonaws.com:aud": {"us-east-1:1"}, "cognito-identity.amazonaws.com:sub": {"us-east-1:2"},
			"cognito-identity.amazonaws.com:amr": {"authenticated", "idp", "idp:OIDC:1"},
		},
	}
	return c
}

const (
	allowAnything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	benchPool     = "arn:aws:cognito-identity:us-east-1:111122223333:identitypool/us-east-1:1"
)

// What the authorization of a signed call costs: the condition keys of the
// request and of the caller, and the decision.
func BenchmarkAuthorize(b *testing.B) {
	for name, effect := range map[string]string{"allow": "red", "refuse": "blue"} {
		b.Run(name, func(b *testing.B) {
			s := newService(b)
			c := benchSession(b, s)
			b.ReportAllocs()
			for b.Loop() {
				facts := iam.NewFacts()
				facts.Set("aws:resourcetag/team", effect)
				d, err := s.Authorize(b.Context(), wiretest.From(c), "cognito-identity:DescribeIdentityPool", benchPool, facts)
				if err != nil || d.Allowed() != (name == "allow") {
					b.Fatal(d, err)
				}
			}
		})
	}
}

// A role's policies and its tags are in memory, so that most decisions do not
// go to the database; what they do take is bounded here.
func TestAuthorizeAllocations(t *testing.T) {
	s := newService(t)
	c := benchSession(t, s)
	ask := func() {
		facts := iam.NewFacts()
		facts.Set("aws:resourcetag/team", "red")
		if d, err := s.Authorize(t.Context(), wiretest.From(c), "cognito-identity:DescribeIdentityPool", benchPool, facts); err != nil || !d.Allowed() {
			t.Fatal(d, err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n > maxAuthorizeAllocations {
		t.Errorf("%v allocations, want no more than %d", n, maxAuthorizeAllocations)
	}
}

const maxAuthorizeAllocations = 30

// What it costs to know who has signed with a user's key.
func BenchmarkAccessKey(b *testing.B) {
	s := newService(b)
	createUser(b, s, "anna")
	id, _ := keyOf(b, s, "anna")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.AccessKey(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
