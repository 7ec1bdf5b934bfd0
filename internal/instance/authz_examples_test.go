package instance_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
)

// examples are the policies of docs/authorization.md by their titles.
func examples(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/authorization.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for section := range strings.SplitSeq(string(page), "\n### ") {
		title, rest, _ := strings.Cut(section, "\n")
		if _, block, ok := strings.Cut(rest, "```json\n"); ok {
			all[title], _, _ = strings.Cut(block, "```")
		}
	}
	return all
}

// The policies in the documentation do what it says of them.
func TestExamples(t *testing.T) {
	s := newTeam(t)
	all := examples(t)
	// Alice's role is of the team, and makes what it needs below the team's path.
	s.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	const bounds = "arn:aws:iam::123456789012:policy/bounds"
	s.query("CreatePolicy", "PolicyName", "bounds", "PolicyDocument", allowS3)
	s.query("CreateRole", "RoleName", "ours", "Path", "/red/", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
	s.query("CreateUser", "UserName", "free", "Path", "/team/")
	type in = map[string]any
	pools := func(operation string, in in) func() error {
		return func() error { _, err := call(s.alice, operation, in); return err }
	}
	iam := func(action string, form ...string) func() error {
		return func() error { _, err := s.alice.Query(t.Context(), iam.API, action, form...); return err }
	}
	roles := func(role string) in {
		return in{"IdentityPoolId": s.pool, "Roles": in{"authenticated": "arn:aws:iam::123456789012:role/" + role}}
	}
	update := in{"IdentityPoolId": s.pool, "IdentityPoolName": "renamed", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "dev"}
	create := in{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true}
	ours, theirs := in{"IdentityPoolTags": in{"team": "red"}}, in{"IdentityPoolTags": in{"team": "blue"}}
	for k, v := range create {
		ours[k], theirs[k] = v, v
	}
	for _, test := range []struct {
		title string
		may   []func() error
		not   []func() error
	}{
		{
			"A team that keeps its own pools",
			[]func() error{
				pools("CreateIdentityPool", ours), pools("DescribeIdentityPool", in{"IdentityPoolId": s.pool}), pools("UpdateIdentityPool", update),
				pools("TagResource", in{"ResourceArn": poolARN(s.pool), "Tags": in{"stage": "test"}}), pools("SetIdentityPoolRoles", roles("red/ours")),
			},
			[]func() error{
				pools("CreateIdentityPool", create), pools("CreateIdentityPool", theirs), pools("DescribeIdentityPool", in{"IdentityPoolId": s.other}),
				pools("TagResource", in{"ResourceArn": poolARN(s.pool), "Tags": in{"team": "blue"}}), pools("UntagResource", in{"ResourceArn": poolARN(s.pool), "TagKeys": []string{"team"}}),
				pools("TagResource", in{"ResourceArn": poolARN(s.other), "Tags": in{"team": "red"}}),
				pools("SetIdentityPoolRoles", roles("team/app")), iam("GetRole", "RoleName", "ours"),
			},
		},
		{
			"A backend that vouches for its users",
			[]func() error{pools("GetOpenIdTokenForDeveloperIdentity", in{"IdentityPoolId": s.pool, "Logins": in{"dev": "carl"}}), pools("LookupDeveloperIdentity", in{"IdentityPoolId": s.pool, "DeveloperUserIdentifier": "carl"})},
			[]func() error{pools("LookupDeveloperIdentity", in{"IdentityPoolId": s.other, "DeveloperUserIdentifier": "bob"}), pools("DescribeIdentityPool", in{"IdentityPoolId": s.pool})},
		},
		{
			"Support staff who can delete identities of one pool",
			[]func() error{pools("DescribeIdentity", in{"IdentityId": s.hers}), pools("DeleteIdentities", in{"IdentityIdsToDelete": []string{s.mustID("")}})},
			[]func() error{pools("DescribeIdentity", in{"IdentityId": s.his}), pools("DeleteIdentities", in{"IdentityIdsToDelete": []string{s.his}})},
		},
		{
			"Administrators whose users cannot exceed a boundary",
			[]func() error{
				iam("CreateUser", "UserName", "gina", "Path", "/team/", "PermissionsBoundary", bounds),
				iam("PutUserPolicy", "UserName", "gina", "PolicyName", "p", "PolicyDocument", allowAll), iam("CreateAccessKey", "UserName", "gina"),
			},
			[]func() error{
				iam("CreateUser", "UserName", "hans", "Path", "/team/"), iam("CreateUser", "UserName", "hans", "PermissionsBoundary", bounds),
				iam("PutUserPolicy", "UserName", "free", "PolicyName", "p", "PolicyDocument", allowAll),
			},
		},
	} {
		t.Run(test.title, func(t *testing.T) {
			document, ok := all[test.title]
			if !ok {
				t.Fatal("the page has no such example")
			}
			delete(all, test.title)
			s.may(strings.ReplaceAll(document, "POOL", s.pool))
			for i, do := range test.may {
				if err := do(); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
			for i, do := range test.not {
				e, ok := errors.AsType[*client.Error](do())
				if !ok || !refuses(e) && !strings.HasPrefix(e.Message, "Access to Role") {
					t.Errorf("%d: not refused: %v", i, e)
				}
			}
		})
	}
	for title := range all {
		t.Errorf("nobody tries %q", title)
	}
}
