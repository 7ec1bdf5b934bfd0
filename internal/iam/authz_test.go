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
		if _, err := service.About(t.Context(), root, in.Interface(), got); err != nil {
			t.Errorf("%s: %v", op.Name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", op.Name, diff)
		}
	}
}
