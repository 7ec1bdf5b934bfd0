package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/iam"
)

// What is absent stays, and what is empty becomes empty.
func TestUpdateRole(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth", "Path", "/x/", "Description", "first", "Tags.member.1.Key", "env", "Tags.member.1.Value", "dev")
	must(t, s, "PutRolePolicy", "RoleName", "AppAuth", "PolicyName", "p", "PolicyDocument", allowS3)
	first := findRole(t, s, "AppAuth")
	duration := func(seconds iam.RoleMaxSessionDurationType) *iam.RoleMaxSessionDurationType { return &seconds }
	for _, step := range []struct {
		parameters  []string
		description iam.RoleDescriptionType
		duration    *iam.RoleMaxSessionDurationType
	}{
		{[]string{"UpdateRole"}, "first", nil},
		{[]string{"UpdateRole", "MaxSessionDuration", "7200"}, "first", duration(7200)},
		{[]string{"UpdateRole", "Description", "second"}, "second", duration(7200)},
		{[]string{"UpdateRole", "Description", ""}, "", duration(7200)},
		{[]string{"UpdateRoleDescription", "Description", "third"}, "third", duration(7200)},
		{[]string{"UpdateRole", "Description", "fourth", "MaxSessionDuration", "3600"}, "fourth", duration(3600)},
		{[]string{"UpdateRoleDescription", "Description", ""}, "", duration(3600)},
	} {
		must(t, s, step.parameters[0], append([]string{"RoleName", "appauth"}, step.parameters[1:]...)...)
		want := &iam.RoleEntity{Account: first.Account, Role: first.Role}
		want.Description, want.MaxSessionDuration = step.description, step.duration
		if diff := cmp.Diff(want, findRole(t, s, "AppAuth"), cmpopts.IgnoreUnexported(iam.RoleEntity{})); diff != "" {
			t.Errorf("%q: %s", step.parameters, diff)
		}
	}
	if first.Description != "first" || first.MaxSessionDuration != nil {
		t.Errorf("the role of before is now %+v", first.Role)
	}
	if got := element(t, must(t, s, "GetRolePolicy", "RoleName", "AppAuth", "PolicyName", "p"), "PolicyDocument"); got == "" {
		t.Error("the role lost its policy")
	}
}

// A trust policy is held to the same rules when it changes as when the role is
// made.
func TestUpdateAssumeRolePolicy(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth")
	s.Limits.TrustPolicySize = len(trustPool)
	malformed := func(message string) refusal { return refusal{400, "MalformedPolicyDocument", message} }
	for document, want := range map[string]refusal{
		"allow": malformed("This policy contains invalid Json"),
		allowS3: malformed("Missing required field Principal"),
		trustAWS("arn:aws:iam::111122223333:role/Nobody"):                malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/Nobody"`),
		strings.Replace(trustPool, "authenticated", "authenticated*", 1): {409, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for ACLSizePerRole: %d", len(trustPool))},
	} {
		wantRefused(t, do(t, s, "UpdateAssumeRolePolicy", "RoleName", "AppAuth", "PolicyDocument", document), want)
	}
	first := findRole(t, s, "AppAuth")
	if trust, err := first.Trust(); err != nil || trust.Text() != trustPool {
		t.Fatalf("trust policy after refusals: %v, %v", trust, err)
	}
	itself := trustAWS("arn:aws:iam::111122223333:role/AppAuth")
	must(t, s, "UpdateAssumeRolePolicy", "RoleName", "APPAUTH", "PolicyDocument", itself)
	second := findRole(t, s, "AppAuth")
	if trust, err := second.Trust(); err != nil || trust.Text() != itself {
		t.Errorf("trust policy: %v, %v", trust, err)
	}
	if trust, _ := first.Trust(); trust.Text() != trustPool {
		t.Errorf("the role of before trusts %s", trust.Text())
	}
	if second.RoleId != first.RoleId {
		t.Errorf("unique ID %s, was %s", second.RoleId, first.RoleId)
	}
}

func TestListInstanceProfilesForRole(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth")
	if got := elements(t, must(t, s, "ListInstanceProfilesForRole", "RoleName", "AppAuth", "MaxItems", "1"), "member"); got != nil {
		t.Errorf("instance profiles %q", got)
	}
	wantRefused(t, do(t, s, "ListInstanceProfilesForRole", "RoleName", "AppAuth", "Marker", "x"), refusal{400, "ValidationError", "Invalid Marker."})
}
