package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/policy"
)

const (
	allowRead    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/${aws:PrincipalTag/team}/*"}}`
	denyRead     = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`
	trustAccount = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`
	allowList    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:List*","Resource":"*"}}`
)

// A role's session may do what the role's policies and the session's own allow.
func TestAuthorizeSession(t *testing.T) {
	const object = "arn:aws:s3:::box/red/1"
	for name, test := range map[string]struct {
		policies map[string]string
		change   func(*awsapi.Caller)
		refusal  string // empty: allowed
	}{
		"no policy": {nil, nil, "because no identity-based policy allows the s3:GetObject action"},
		"allowed":   {map[string]string{"p": allowRead}, nil, ""},
		"denied":    {map[string]string{"p": allowRead, "q": denyRead}, nil, "with an explicit deny in an identity-based policy"},
		"another tag": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.Session.Tags = []awsapi.SessionTag{{Key: "team", Value: "*"}} },
			"because no identity-based policy allows the s3:GetObject action",
		},
		"a session policy that does not allow": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.Session.Policies = []string{allowList} },
			"because no session policy allows the s3:GetObject action",
		},
		"a session policy that denies": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.Session.Policies = []string{denyRead} },
			"with an explicit deny in a session policy",
		},
		"one of two session policies allows": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.Session.Policies = []string{allowList, allowRead} },
			"",
		},
		"another role of the same name": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.PrincipalID = "AROAOTHER" },
			"because no identity-based policy allows the s3:GetObject action",
		},
		"a role of another account": {
			map[string]string{"p": allowRead},
			func(c *awsapi.Caller) { c.PrincipalARN = "arn:aws:iam::999988887777:role/app" },
			"because no identity-based policy allows the s3:GetObject action",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount)
			for name, document := range test.policies {
				must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", name, "PolicyDocument", document)
			}
			role, _, err := s.Role(t.Context(), account, "app")
			if err != nil {
				t.Fatal(err)
			}
			c := awsapi.Caller{
				Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/app/s", UserID: string(role.RoleId) + ":s",
				PrincipalARN: string(role.Arn), PrincipalID: string(role.RoleId),
				Session: &awsapi.Session{Name: "s", Issued: time.Unix(0, 0), Tags: []awsapi.SessionTag{{Key: "Team", Value: "red"}}},
			}
			if test.change != nil {
				test.change(&c)
			}
			d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", object, policy.Context{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Allowed() != (test.refusal == "") {
				t.Fatalf("allowed %v", d.Allowed())
			}
			if want := strings.Contains(name, "another role") || strings.Contains(name, "another account"); d.Gone != want {
				t.Errorf("gone %v", d.Gone)
			}
			if test.refusal == "" {
				return
			}
			want := "User: " + c.ARN + " is not authorized to perform: s3:GetObject on resource: " + object + " " + test.refusal
			if got := d.Refusal(c, "s3:GetObject", object); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
