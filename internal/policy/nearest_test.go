package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// The statement that comes nearest to allowing says what is wrong.
func TestNearest(t *testing.T) {
	const (
		others    = `{"Sid":"others","Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`
		tagging   = `{"Sid":"tagging","Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:TagSession","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"x"}}}`
		both      = `{"Sid":"both","Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"x"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"y"}}}`
		amr       = `{"Sid":"amr","Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"pool"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"y"}}}`
		forbidden = `{"Sid":"forbidden","Effect":"Deny","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"x"}}}`
	)
	type miss struct {
		Sid   string
		Index int
		Part  policy.Part
		Keys  []string
	}
	const prefix = "cognito-identity.amazonaws.com:"
	for _, test := range []struct {
		statements string
		want       *miss
	}{
		{forbidden, nil},
		{others, &miss{"others", 0, policy.PrincipalPart, nil}},
		{others + "," + tagging, &miss{"tagging", 1, policy.ActionPart, nil}},
		{tagging + "," + others, &miss{"tagging", 0, policy.ActionPart, nil}},
		{tagging + "," + both, &miss{"both", 1, policy.ConditionPart, []string{prefix + "aud", prefix + "amr"}}},
		{both + "," + amr + "," + forbidden, &miss{"amr", 1, policy.ConditionPart, []string{prefix + "amr"}}},
	} {
		d, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":[`+test.statements+`]}`)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := d.Nearest(&policy.Request{
			Principal: policy.Principal{Federated: "cognito-identity.amazonaws.com"}, Action: "sts:AssumeRoleWithWebIdentity",
			Context: policy.Context{prefix + "aud": {"pool"}, prefix + "amr": {"authenticated"}},
		})
		if ok != (test.want != nil) {
			t.Errorf("%s: found %v", test.statements, ok)
		}
		if ok {
			if diff := cmp.Diff(test.want, &miss{got.Statement.Sid, got.Statement.Index, got.Part, got.Keys}); diff != "" {
				t.Errorf("%s (-want +got)\n%s", test.statements, diff)
			}
		}
	}
}

// Of an identity policy, a statement about other resources is nearer than one
// about other actions, and farther than one with conditions.
func TestNearestOfIdentity(t *testing.T) {
	const (
		action    = `{"Effect":"Allow","Action":"s3:Put*","Resource":"*"}`
		resource  = `{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::other/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`
		condition = `{"Effect":"Allow","NotAction":"s3:Put*","NotResource":"arn:aws:s3:::other/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`
		denies    = `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`
	)
	for statements, want := range map[string]policy.Miss{
		action:                  {Part: policy.ActionPart},
		action + "," + resource: {Part: policy.ResourcePart},
		condition + "," + resource + "," + denies: {Part: policy.ConditionPart, Keys: []string{"aws:securetransport"}},
		resource + "," + condition + "," + action: {Part: policy.ConditionPart, Keys: []string{"aws:securetransport"}},
	} {
		d, err := policy.Parse(policy.Identity, `{"Version":"2012-10-17","Statement":[`+statements+`]}`)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := d.Nearest(&policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::box/1"})
		got.Statement = policy.Statement{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", statements, diff)
		}
	}
}
