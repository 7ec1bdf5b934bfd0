package iam_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// What an input says about tags, policies and boundaries is in the condition
// keys, whichever operation it is of: the members are found by their names.
func TestInputFacts(t *testing.T) {
	s := newService(t)
	service := iam.Operations(s)
	table := service.Compile()
	for _, op := range service.Operations {
		if op.Auth != awsapi.Signed {
			continue
		}
		in := reflect.New(op.In)
		want := policy.Context{}
		names := func(member string) bool { return in.Elem().FieldByName(member).IsValid() }
		if names("Tags") {
			in.Elem().FieldByName("Tags").Set(reflect.ValueOf(iam.TagListType{{Key: "A", Value: "b"}}))
			want["aws:requesttag/a"], want["aws:tagkeys"] = []string{"b"}, []string{"A"}
		}
		if names("TagKeys") {
			keys := in.Elem().FieldByName("TagKeys")
			keys.Set(reflect.MakeSlice(keys.Type(), 1, 1))
			keys.Index(0).SetString("A")
			want["aws:tagkeys"] = []string{"A"}
		}
		if names("PermissionsBoundary") {
			in.Elem().FieldByName("PermissionsBoundary").SetString("arn:b")
			want["iam:permissionsboundary"] = []string{"arn:b"}
		}
		if names("PolicyArn") && (names("RoleName") || names("UserName")) {
			in.Elem().FieldByName("PolicyArn").SetString("arn:p")
			want["iam:policyarn"] = []string{"arn:p"}
		}
		got := policy.Context{}
		if _, err := table.Row(op.Name).About(t.Context(), root, in.Interface(), got); err != nil {
			t.Errorf("%s: %v", op.Name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", op.Name, diff)
		}
	}
}

// Whoever may change the rights of those within a boundary only is asked about the
// boundary that the user or role has, not about one that the request could name.
func TestBoundaryFacts(t *testing.T) {
	s := newService(t)
	bounds := element(t, must(t, s, "CreatePolicy", "PolicyName", "bounds", "PolicyDocument", allowS3), "Arn")
	createUser(t, s, "bound", "PermissionsBoundary", bounds)
	createUser(t, s, "free")
	createRole(t, s, "bound", "PermissionsBoundary", bounds)
	createRole(t, s, "free")
	has := []string{bounds}
	for _, test := range []struct {
		in   any
		want []string
	}{
		{&iam.PutUserPolicyRequest{UserName: "bound"}, has},
		{&iam.PutUserPolicyRequest{UserName: "free"}, nil},
		{&iam.PutUserPolicyRequest{UserName: "nobody"}, nil},
		{&iam.DeleteUserPolicyRequest{UserName: "bound"}, has},
		{&iam.AttachUserPolicyRequest{UserName: "bound"}, has},
		{&iam.DetachUserPolicyRequest{UserName: "bound"}, has},
		{&iam.PutRolePolicyRequest{RoleName: "BOUND"}, has},
		{&iam.PutRolePolicyRequest{RoleName: "free"}, nil},
		{&iam.DeleteRolePolicyRequest{RoleName: "bound"}, has},
		{&iam.AttachRolePolicyRequest{RoleName: "bound"}, has},
		{&iam.DetachRolePolicyRequest{RoleName: "bound"}, has},
		{&iam.DeleteRolePermissionsBoundaryRequest{RoleName: "bound"}, has},
		{&iam.PutRolePermissionsBoundaryRequest{RoleName: "bound", PermissionsBoundary: "arn:b"}, []string{"arn:b"}},
		{&iam.DeleteUserPermissionsBoundaryRequest{UserName: "bound"}, has},
		{&iam.PutUserPermissionsBoundaryRequest{UserName: "bound", PermissionsBoundary: "arn:b"}, []string{"arn:b"}},
		{&iam.GetRoleRequest{RoleName: "bound"}, nil},
	} {
		facts := policy.Context{}
		if _, err := about(t, s, root, test.in, facts); err != nil {
			t.Errorf("%T: %v", test.in, err)
		}
		if got := facts["iam:permissionsboundary"]; !cmp.Equal(got, test.want) {
			t.Errorf("%T %+v: %v, want %v", test.in, test.in, got, test.want)
		}
	}
}

// about is what a row says that it is about.
func about(t testing.TB, s *iam.Service, c awsapi.Caller, in any, facts policy.Context) (awsapi.Resource, error) {
	t.Helper()
	table := iam.Operations(s).Compile()
	for _, op := range table.Operations {
		if op.In == reflect.TypeOf(in).Elem() {
			return table.Row(op.Name).About(t.Context(), c, in, facts)
		}
	}
	t.Fatalf("no operation takes %T", in)
	return awsapi.Resource{}, nil
}
