package cognito_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/policy"
)

// What an input says about tags is in the condition keys, whichever operation
// it is of: the members are found by their names.
func TestInputFacts(t *testing.T) {
	r := newRig(t)
	service := cognito.Operations(r.service)
	table := service.Compile()
	for _, op := range service.Operations {
		if op.Auth != awsapi.Signed {
			continue
		}
		in := reflect.New(op.In)
		want := policy.Context{}
		for _, member := range []string{"Tags", "IdentityPoolTags"} {
			if m := in.Elem().FieldByName(member); m.IsValid() {
				m.Set(reflect.ValueOf(cognito.IdentityPoolTagsType{"B": "c", "A": "b"}))
				want = policy.Context{"aws:requesttag/a": {"b"}, "aws:requesttag/b": {"c"}, "aws:tagkeys": {"A", "B"}}
			}
		}
		if m := in.Elem().FieldByName("TagKeys"); m.IsValid() {
			m.Set(reflect.ValueOf(cognito.IdentityPoolTagsListType{"B", "A"}))
			want["aws:tagkeys"] = []string{"B", "A"}
		}
		got := policy.Context{}
		if _, err := table.Row(op.Name).About(t.Context(), awsapi.Caller{Account: "123456789012", Request: awsapi.Request{Region: "us-east-1"}}, in.Interface(), got); err != nil {
			t.Errorf("%s: %v", op.Name, err)
		}
		delete(got, "cognito-identity:identitypoolarn") // of the input, not about tags
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", op.Name, diff)
		}
	}
}
