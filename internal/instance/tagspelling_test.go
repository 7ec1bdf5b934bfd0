package instance_test

import (
	"testing"
)

// Tags are condition keys, whose case does not matter. Nobody gets past a policy
// by giving a tag twice, in two spellings, of which it sees one.
func TestTagsInTwoSpellings(t *testing.T) {
	s := newTeam(t)
	const twice = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	red := equals("aws:RequestTag/team", "red")
	two := map[string]string{"team": "red", "Team": "blue"}
	s.may(allow(`"cognito-identity:*"`, `"*"`, red))
	for range 20 { // which spelling the policy sees is chance: it refuses, or the operation does
		for operation, in := range map[string]map[string]any{
			"CreateIdentityPool": {"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "IdentityPoolTags": two},
			"TagResource":        {"ResourceArn": poolARN(s.other), "Tags": two},
			"UpdateIdentityPool": {"IdentityPoolId": s.other, "IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "IdentityPoolTags": two},
		} {
			if _, err := call(s.alice, operation, in); err == nil {
				t.Fatalf("%s was allowed", operation)
			}
		}
	}
	_, err := call(s.clientOf("us-east-1"), "TagResource", map[string]any{"ResourceArn": poolARN(s.pool), "Tags": map[string]string{"Team": "blue"}})
	wantError(t, err, "InvalidParameterException", twice)
}
