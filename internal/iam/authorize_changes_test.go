package iam_test

import (
	"context"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// What a user or role may do is what the last change has left, whatever was asked
// and remembered before it.
func TestAuthorizeFollowsChanges(t *testing.T) {
	const (
		action, object = "s3:GetObject", "arn:aws:s3:::box/red/1"

		allowed  = ""
		none     = "because no identity-based policy allows the s3:GetObject action"
		denied   = "with an explicit deny in an identity-based policy"
		bound    = "because no permissions boundary allows the s3:GetObject action"
		unbound  = "with an explicit deny in a permissions boundary"
		managed  = "PolicyArn"
		document = "PolicyDocument"
		gone     = "gone"
	)
	p, bounds := policyARN("p"), policyARN("bounds")
	steps := []struct {
		action string
		in     []string
		want   string
	}{
		{"Put*Policy", []string{"PolicyName", "p", document, allowRead}, none}, // which is for the tag's team
		{"Tag*", []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "red"}, allowed},
		{"Tag*", []string{"Tags.member.1.Key", "TEAM", "Tags.member.1.Value", "blue"}, none},
		{"Tag*", []string{"Tags.member.1.Key", "team", "Tags.member.1.Value", "red"}, allowed},
		{"Untag*", []string{"TagKeys.member.1", "team"}, none},
		{"Put*Policy", []string{"PolicyName", "p", document, allowS3}, allowed},
		{"Put*Policy", []string{"PolicyName", "q", document, denyRead}, denied},
		{"Delete*Policy", []string{"PolicyName", "q"}, allowed},
		{"Delete*Policy", []string{"PolicyName", "p"}, none},
		{"Attach*Policy", []string{managed, p}, none},
		{"CreatePolicyVersion", []string{managed, p, document, allowS3}, none},
		{"SetDefaultPolicyVersion", []string{managed, p, "VersionId", "v2"}, allowed},
		{"CreatePolicyVersion", []string{managed, p, document, denyRead, "SetAsDefault", "true"}, denied},
		{"DeletePolicyVersion", []string{managed, p, "VersionId", "v1"}, denied},
		{"SetDefaultPolicyVersion", []string{managed, p, "VersionId", "v2"}, allowed},
		{"DeletePolicyVersion", []string{managed, p, "VersionId", "v3"}, allowed},
		{"Put*PermissionsBoundary", []string{"PermissionsBoundary", bounds}, bound},
		{"CreatePolicyVersion", []string{managed, bounds, document, denyRead, "SetAsDefault", "true"}, unbound},
		{"Put*PermissionsBoundary", []string{"PermissionsBoundary", admin}, allowed},
		{"Put*PermissionsBoundary", []string{"PermissionsBoundary", bounds}, unbound},
		{"Delete*PermissionsBoundary", nil, allowed},
		{"UpdateUser", []string{"NewPath", "/elsewhere/"}, allowed},
		{"Detach*Policy", []string{managed, p}, none},
		{"Attach*Policy", []string{managed, admin}, allowed},
		{"Detach*Policy", []string{managed, admin}, none},
		{"Put*Policy", []string{"PolicyName", "p", document, allowS3}, allowed},
		{"Delete*Policy", []string{"PolicyName", "p"}, none},
		{"Delete*", nil, gone},
		{"Create*", []string{"AssumeRolePolicyDocument", trustPool}, gone},
		{"Attach*Policy", []string{managed, admin}, gone}, // for the one who has the name now
	}
	for kind, other := range map[string]string{"User": "Role", "Role": "User"} {
		t.Run(kind, func(t *testing.T) {
			s := newService(t)
			createPolicy(t, s, "p", allowList)
			createPolicy(t, s, "bounds", allowList)
			must(t, s, "Create"+kind, kind+"Name", "x", "AssumeRolePolicyDocument", trustPool)
			c := awsapi.Caller{}
			if kind == "Role" {
				c = sessionOf(t, s, "x")
			} else {
				id, _ := keyOf(t, s, "x")
				c = callerOf(t, s, id)
				must(t, s, "DeleteAccessKey", "UserName", "x", "AccessKeyId", id)
			}
			for _, step := range steps {
				if strings.Contains(step.action, other) {
					continue
				}
				name := strings.Replace(step.action, "*", kind, 1)
				must(t, s, name, append([]string{kind + "Name", "x"}, step.in...)...)
				for range 2 { // from the database, and from memory
					d, err := s.Authorize(t.Context(), wiretest.From(c), action, object, policy.Context{})
					if err != nil {
						t.Fatal(err)
					}
					got := ""
					switch {
					case d.Gone:
						got = gone
					case !d.Allowed():
						_, got, _ = strings.Cut(d.Refusal(c, action, object), object+" ")
					}
					if got != step.want {
						t.Errorf("after %s %q: got %q, want %q", name, step.in, got, step.want)
					}
				}
			}
		})
	}
}

// overtaken is a store in which something happens between the moment that a view
// finds a managed policy and the moment that it looks for the version in force.
type overtaken struct {
	iam.Store
	by func()
}

func (o overtaken) View(ctx context.Context, read func(iam.Tx) error) error {
	return o.Store.View(ctx, func(tx iam.Tx) error { return read(overtakenTx{tx, o.by}) })
}

type overtakenTx struct {
	iam.Tx
	by func()
}

func (o overtakenTx) PolicyVersion(policy iam.IdType, number int) (*iam.PolicyVersionEntity, bool, error) {
	o.by()
	return o.Tx.PolicyVersion(policy, number)
}

// A view has the policy from memory and the version from the database, which may
// be later. That the version is gone then is no reason to leave out what every
// version denies.
func TestAuthorizeOvertaken(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app")
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument", allowS3)
	deny := createPolicy(t, s, "deny", denyRead)
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", deny)
	c := sessionOf(t, s, "app")
	for _, remember := range [][]string{{"GetRole", "RoleName", "app"}, {"ListAttachedRolePolicies", "RoleName", "app"}, {"GetPolicy", "PolicyArn", deny}} {
		must(t, s, remember[0], remember[1:]...)
	}
	asked := iam.Service{Account: account, Store: overtaken{s.Store, func() {
		must(t, s, "CreatePolicyVersion", "PolicyArn", deny, "PolicyDocument", denyRead, "SetAsDefault", "true")
		must(t, s, "DeletePolicyVersion", "PolicyArn", deny, "VersionId", "v1")
	}}}
	d, err := asked.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", "*", policy.Context{})
	if want := "policy " + deny + " has no version v1"; err == nil || err.Error() != want {
		t.Errorf("got %+v, %v, want %s", d, err, want)
	}
	if d, err = s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", "*", policy.Context{}); err != nil || d.Effect != policy.ExplicitDeny {
		t.Errorf("asked again: %+v, %v", d, err)
	}
}
