package instance_test

import (
	"testing"

	"github.com/daypass/daypass/internal/admin"
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

// What is revoked is so in all regions. A denial by the tags of a pool holds in
// whatever region the request is signed for.
func TestRevocationsOfOtherRegions(t *testing.T) {
	s := newTeam(t)
	s.may(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"daypass:*","Resource":"*"},
		{"Effect":"Deny","Action":"daypass:*","Resource":"*","Condition":` + equals("aws:ResourceTag/team", "blue") + `}]}`)
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		s.alice.Region = region
		for _, in := range []map[string]any{
			{"IdentityPoolId": s.other},
			{"Login": map[string]any{"ProviderName": "dev", "UserIdentifier": "bob", "IdentityPoolId": s.other}},
		} {
			_, err := s.alice.JSON(t.Context(), admin.API, "RevokeSessions", in)
			wantError(t, err, "AccessDeniedException", "User: "+aliceARN+" is not authorized to perform: daypass:RevokeSessions on resource: "+poolARN(s.other)+
				" with an explicit deny in an identity-based policy")
		}
		_, err := s.alice.JSON(t.Context(), admin.API, "RevokeSessions", map[string]any{"IdentityId": s.his})
		wantError(t, err, "AccessDeniedException", "User: "+aliceARN+" is not authorized to perform: daypass:RevokeSessions on resource: * with an explicit deny in an identity-based policy")
	}
	s.may(allow(`"daypass:*"`, `"*"`, equals("cognito-identity:IdentityPoolArn", poolARN(s.other))))
	if _, err := s.alice.JSON(t.Context(), admin.API, "RevokeSessions", map[string]any{"IdentityId": s.his}); err != nil {
		t.Error(err)
	}
}
