package awsapi_test

import (
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// A body may be as long as the largest legal input: ten tokens of 50,000
// characters for GetId, and no more than the server's most.
func TestBodyLimit(t *testing.T) {
	c, s, i := cognito.Operations(nil).Compile(), sts.Operations(nil).Compile(), iam.Operations(nil).Compile()
	const most = 1 << 20
	for _, test := range []struct {
		table       *awsapi.Table
		operation   string
		least, most int64
	}{
		{c, "GetId", 10 * 50000, 530 << 10},
		{c, "GetCredentialsForIdentity", 10 * 50000, 560 << 10},
		{c, "DescribeIdentityPool", 16 << 10, 16 << 10},
		{c, "ListIdentities", most * 3 / 4, most}, // a token of 65,535 characters, whichever they are
		{c, "SetIdentityPoolRoles", most, most},
		{s, "AssumeRoleWithSAML", most, most}, // policies without a limit to their number
		{s, "GetCallerIdentity", 16 << 10, 16 << 10},
		{i, "GetRole", 16 << 10, 16 << 10},
		{i, "PutRolePolicy", most, most},
		{i, "CreateSAMLProvider", 32 << 20, 32 << 20},
	} {
		if got := test.table.Row(test.operation).BodyLimit(most); got < test.least || got > test.most {
			t.Errorf("%s takes %d bytes, want %d to %d", test.operation, got, test.least, test.most)
		}
	}
}

// The values of an input are counted from its shapes.
func TestOutlineValues(t *testing.T) {
	c := cognito.Operations(nil).Compile()
	for operation, want := range map[string][2]int{"GetId": {10, 20}, "SetIdentityPoolRoles": {20000, 25000}, "DescribeIdentityPool": {2, 2}} {
		if got := c.Row(operation).Outline().Values(); got < want[0] || got > want[1] {
			t.Errorf("%s has %d values, want %d to %d", operation, got, want[0], want[1])
		}
	}
}
