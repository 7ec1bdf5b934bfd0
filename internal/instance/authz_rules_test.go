package instance_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
)

// allow is a policy of one statement, its elements as JSON.
func allow(action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + action + `,"Resource":` + resource + condition + `}]}`
}

func equals(key, value string) string { return `{"StringEquals":{"` + key + `":"` + value + `"}}` }

// browser adds the headers that a browser sends, which no signature covers.
type browser struct{}

func (browser) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", "browser/1")
	r.Header.Set("Referer", "https://app.example/page")
	return http.DefaultTransport.RoundTrip(r)
}

// team is a story with what the rules are about: Alice's credentials, whose
// role's policies each case sets anew, two pools of which one is her team's,
// identities in both, and roles with paths and tags.
type team struct {
	*story
	alice              *client.Client
	other              string // a pool
	hers, his, unknown string // identities
}

func newTeam(t *testing.T) *team {
	s := &team{story: newStory(t, daypasstest.Config{})}
	token := s.signIn("alice")
	s.hers = s.mustID(token)
	var err error
	if s.alice, err = s.credentials(s.hers, token); err != nil {
		t.Fatal(err)
	}
	s.alice.HTTP = &http.Client{Transport: browser{}}
	s.root("TagResource", map[string]any{"ResourceArn": poolARN(s.pool), "Tags": map[string]string{"team": "red"}})
	s.other = s.root("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "other", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "dev",
		"IdentityPoolTags": map[string]string{"team": "blue"},
	})["IdentityPoolId"].(string)
	s.his = s.root("GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": s.other, "Logins": map[string]string{"dev": "bob"}})["IdentityId"].(string)
	s.unknown = "us-east-1:00000000-0000-4000-8000-000000000000"
	s.query("CreateRole", "RoleName", "app", "Path", "/team/", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"),
		"Tags.member.1.Key", "Team", "Tags.member.1.Value", "red")
	return s
}

func poolARN(pool string) string {
	return "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + pool
}

// may sets the policy of Alice's role.
func (s *team) may(policy string) {
	s.t.Helper()
	s.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", policy)
}

const aliceARN = "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials"

// refusal is how AWS words that no policy of Alice's role allows an action.
func refusal(action, resource string) string {
	return "User: " + aliceARN + " is not authorized to perform: " + action + " on resource: " + resource +
		" because no identity-based policy allows the " + action + " action"
}

// What each kind of operation is about, and the condition keys that it brings.
func TestRulesOfPools(t *testing.T) {
	s := newTeam(t)
	pool, other := poolARN(s.pool), poolARN(s.other)
	const none = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"
	red := equals("aws:ResourceTag/Team", "red")
	ofPool := func(pool string) string { return equals("cognito-identity:IdentityPoolArn", pool) }
	for name, test := range map[string]struct {
		policy    string
		operation string
		in        map[string]any
		refused   string // the resource in the refusal; empty: allowed
		code      string // of another error, from an operation that is allowed
	}{
		"a pool by ARN":           {allow(`"cognito-identity:*"`, `"`+pool+`"`, ""), "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool}, "", ""},
		"another pool":            {allow(`"cognito-identity:*"`, `"`+pool+`"`, ""), "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.other}, other, ""},
		"another action":          {allow(`"cognito-identity:Describe*"`, `"*"`, ""), "ListIdentities", map[string]any{"IdentityPoolId": s.pool, "MaxResults": 1}, pool, ""},
		"a pool by tag":           {allow(`"cognito-identity:LookupDeveloperIdentity"`, `"*"`, equals("aws:ResourceTag/team", "blue")), "LookupDeveloperIdentity", map[string]any{"IdentityPoolId": s.other, "DeveloperUserIdentifier": "bob"}, "", ""},
		"a pool with another tag": {allow(`"cognito-identity:LookupDeveloperIdentity"`, `"*"`, red), "LookupDeveloperIdentity", map[string]any{"IdentityPoolId": s.other, "DeveloperUserIdentifier": "bob"}, other, ""},
		"a pool that is not there, by tag": {
			allow(`"cognito-identity:*"`, `"*"`, red), "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.unknown}, poolARN(s.unknown), "",
		},
		"a pool that is not there": {allow(`"cognito-identity:*"`, `"*"`, ""), "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.unknown}, "", "ResourceNotFoundException"},
		"a pool of another region": {
			allow(`"cognito-identity:*"`, `"`+none+`*"`, ""), "DescribeIdentityPool", map[string]any{"IdentityPoolId": "eu-west-1:" + s.pool[10:]},
			"arn:aws:cognito-identity:eu-west-1:123456789012:identitypool/eu-west-1:" + s.pool[10:], "",
		},

		"list pools":     {allow(`"cognito-identity:DescribeIdentityPool"`, `"*"`, ""), "ListIdentityPools", map[string]any{"MaxResults": 1}, none, ""},
		"create, tagged": {allow(`"cognito-identity:CreateIdentityPool"`, `"*"`, `{"StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`), "CreateIdentityPool", map[string]any{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": false, "IdentityPoolTags": map[string]string{"team": "red"}}, "", ""},
		"create, more tags": {
			allow(`"cognito-identity:CreateIdentityPool"`, `"*"`, `{"StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`), "CreateIdentityPool",
			map[string]any{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": false, "IdentityPoolTags": map[string]string{"team": "red", "x": "y"}}, none, "",
		},
		"create without tags": {allow(`"cognito-identity:CreateIdentityPool"`, `"*"`, equals("aws:RequestTag/team", "red")), "CreateIdentityPool", map[string]any{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": false}, none, ""},
		"update its tags": {
			allow(`"cognito-identity:UpdateIdentityPool"`, `"*"`, `{"Null":{"aws:TagKeys":"true"}}`), "UpdateIdentityPool",
			map[string]any{"IdentityPoolId": s.other, "IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "IdentityPoolTags": map[string]string{"team": "red"}}, other, "",
		},
		"tag":          {allow(`"cognito-identity:TagResource"`, `"`+pool+`"`, equals("aws:RequestTag/Color", "blue")), "TagResource", map[string]any{"ResourceArn": pool, "Tags": map[string]string{"color": "blue"}}, "", ""},
		"tag, other":   {allow(`"cognito-identity:TagResource"`, `"`+pool+`"`, equals("aws:RequestTag/Color", "blue")), "TagResource", map[string]any{"ResourceArn": pool, "Tags": map[string]string{"color": "red"}}, pool, ""},
		"untag":        {allow(`"cognito-identity:UntagResource"`, `"*"`, `{"ForAllValues:StringEquals":{"aws:TagKeys":"color"}}`), "UntagResource", map[string]any{"ResourceArn": pool, "TagKeys": []string{"color"}}, "", ""},
		"untag, other": {allow(`"cognito-identity:UntagResource"`, `"*"`, `{"ForAllValues:StringEquals":{"aws:TagKeys":"color"}}`), "UntagResource", map[string]any{"ResourceArn": pool, "TagKeys": []string{"color", "team"}}, pool, ""},
		"list tags":    {allow(`"cognito-identity:*"`, `"`+pool+`"`, red), "ListTagsForResource", map[string]any{"ResourceArn": pool}, "", ""},
		"an ARN that is none of ours": {
			allow(`"cognito-identity:*"`, `"`+pool+`"`, red), "ListTagsForResource", map[string]any{"ResourceArn": "arn:aws:s3:::bucket-of-somebody"}, "arn:aws:s3:::bucket-of-somebody", "",
		},

		"an identity of the pool":         {allow(`"cognito-identity:DescribeIdentity"`, `"*"`, ofPool(pool)), "DescribeIdentity", map[string]any{"IdentityId": s.hers}, "", ""},
		"an identity of another pool":     {allow(`"cognito-identity:DescribeIdentity"`, `"*"`, ofPool(pool)), "DescribeIdentity", map[string]any{"IdentityId": s.his}, "*", ""},
		"an identity that is not there":   {allow(`"cognito-identity:DescribeIdentity"`, `"*"`, ofPool(pool)), "DescribeIdentity", map[string]any{"IdentityId": s.unknown}, "*", ""},
		"any identity, and it is nowhere": {allow(`"cognito-identity:DescribeIdentity"`, `"*"`, ""), "DescribeIdentity", map[string]any{"IdentityId": s.unknown}, "", "ResourceNotFoundException"},
		"an identity by ARN of its pool":  {allow(`"cognito-identity:DescribeIdentity"`, `"`+pool+`"`, ""), "DescribeIdentity", map[string]any{"IdentityId": s.hers}, "*", ""},
		"delete, no pool of hers":         {allow(`"cognito-identity:DeleteIdentities"`, `"*"`, ofPool(pool)), "DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{s.his, s.unknown}}, "*", ""},
		"delete an unknown one":           {allow(`"cognito-identity:DeleteIdentities"`, `"*"`, ""), "DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{s.unknown}}, "", ""},

		"tag map":                 {allow(`"cognito-identity:SetPrincipalTagAttributeMap"`, `"*"`, red), "SetPrincipalTagAttributeMap", map[string]any{"IdentityPoolId": s.pool, "IdentityProviderName": s.providerName()}, "", ""},
		"tag map of another pool": {allow(`"cognito-identity:SetPrincipalTagAttributeMap"`, `"*"`, red), "SetPrincipalTagAttributeMap", map[string]any{"IdentityPoolId": s.other, "IdentityProviderName": s.providerName()}, "*", ""},
		"roles have no resource":  {allow(`"cognito-identity:SetIdentityPoolRoles"`, `"`+pool+`"`, ""), "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{}}, "*", ""},
		"roles of a pool":         {allow(`"cognito-identity:SetIdentityPoolRoles"`, `"*"`, ofPool(other)), "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.other, "Roles": map[string]string{}}, "", ""},
		"roles of another pool":   {allow(`"cognito-identity:SetIdentityPoolRoles"`, `"*"`, ofPool(other)), "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{}}, "*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s.may(test.policy)
			_, err := call(s.alice, test.operation, test.in)
			switch {
			case test.refused != "":
				wantError(t, err, "AccessDeniedException", refusal("cognito-identity:"+test.operation, test.refused))
			case test.code != "":
				if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != test.code {
					t.Errorf("error %v, want %s", err, test.code)
				}
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// DeleteIdentities deletes what the caller may, and says of the rest no more
// than that: what is not there and what belongs to another pool look the same.
func TestDeleteIdentitiesOfSomePools(t *testing.T) {
	s := newTeam(t)
	guest := s.mustID("")
	s.may(allow(`"cognito-identity:DeleteIdentities"`, `"*"`, equals("cognito-identity:IdentityPoolArn", poolARN(s.pool))))
	out, err := call(s.alice, "DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{s.his, guest, s.unknown}})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(out["UnprocessedIdentityIds"])
	want := `[{"ErrorCode":"AccessDenied","IdentityId":"` + s.his + `"},{"ErrorCode":"AccessDenied","IdentityId":"` + s.unknown + `"}]`
	if string(got) != want {
		t.Errorf("unprocessed %s, want %s", got, want)
	}
	s.root("DescribeIdentity", map[string]any{"IdentityId": s.his})
	if _, err := call(s.clientOf("us-east-1"), "DescribeIdentity", map[string]any{"IdentityId": guest}); err == nil {
		t.Error("the guest was not deleted")
	}
}

// Roles are named without their path; policies are asked about the whole ARN,
// and the refusal calls them what the caller did.
func TestRulesOfRoles(t *testing.T) {
	s := newTeam(t)
	const app, team = `"arn:aws:iam::123456789012:role/team/app"`, `"arn:aws:iam::123456789012:role/team/*"`
	create := []string{"RoleName", "new", "AssumeRolePolicyDocument", trust(s.pool, "authenticated")}
	for name, test := range map[string]struct {
		policy  string
		action  string
		form    []string
		refused string
		code    string
	}{
		"a role by its path":           {allow(`"iam:GetRole"`, team, ""), "GetRole", []string{"RoleName", "app"}, "", ""},
		"in another case":              {allow(`"iam:GetRole"`, app, ""), "GetRole", []string{"RoleName", "APP"}, "", ""},
		"without its path":             {allow(`"iam:GetRole"`, `"arn:aws:iam::123456789012:role/app"`, ""), "GetRole", []string{"RoleName", "app"}, "role app", ""},
		"a role elsewhere":             {allow(`"iam:GetRole"`, team, ""), "GetRole", []string{"RoleName", "guest"}, "role guest", ""},
		"a role that is not there":     {allow(`"iam:GetRole"`, team, ""), "GetRole", []string{"RoleName", "gone"}, "role gone", ""},
		"any role, and it is nowhere":  {allow(`"iam:GetRole"`, `"*"`, ""), "GetRole", []string{"RoleName", "gone"}, "", "NoSuchEntity"},
		"by tag":                       {allow(`"iam:*"`, `"*"`, equals("aws:ResourceTag/team", "red")), "ListRolePolicies", []string{"RoleName", "app"}, "", ""},
		"by iam's name of the tag":     {allow(`"iam:*"`, `"*"`, equals("iam:ResourceTag/team", "red")), "ListRolePolicies", []string{"RoleName", "app"}, "", ""},
		"without the tag":              {allow(`"iam:*"`, `"*"`, equals("aws:ResourceTag/team", "red")), "ListRolePolicies", []string{"RoleName", "guest"}, "role guest", ""},
		"create below a path":          {allow(`"iam:CreateRole"`, team, ""), "CreateRole", append(create, "Path", "/team/", "RoleName", "app"), "", "EntityAlreadyExists"},
		"create elsewhere":             {allow(`"iam:CreateRole"`, team, ""), "CreateRole", create, "arn:aws:iam::123456789012:role/new", ""},
		"create where one has its tag": {allow(`"iam:CreateRole"`, `"*"`, equals("aws:ResourceTag/team", "red")), "CreateRole", append(create, "RoleName", "app"), "arn:aws:iam::123456789012:role/app", ""},
		"create with a tag":            {allow(`"iam:CreateRole"`, `"*"`, equals("aws:RequestTag/team", "red")), "CreateRole", append(create, "RoleName", "app", "Tags.member.1.Key", "Team", "Tags.member.1.Value", "red"), "", "EntityAlreadyExists"},
		"create with another tag":      {allow(`"iam:CreateRole"`, `"*"`, `{"ForAllValues:StringEquals":{"aws:TagKeys":"team"}}`), "CreateRole", append(create, "Tags.member.1.Key", "x", "Tags.member.1.Value", "red"), "arn:aws:iam::123456789012:role/new", ""},
		"list":                         {allow(`"iam:Get*"`, `"*"`, ""), "ListRoles", nil, "arn:aws:iam::123456789012:role/", ""},
		"list below what is a role":    {allow(`"iam:ListRoles"`, app, ""), "ListRoles", []string{"PathPrefix", "/app"}, "arn:aws:iam::123456789012:role/app", ""},
		"a provider":                   {allow(`"iam:*"`, `"`+s.providerARN()+`"`, ""), "GetOpenIDConnectProvider", []string{"OpenIDConnectProviderArn", s.providerARN()}, "", ""},
		"a provider without the tag":   {allow(`"iam:*"`, `"*"`, equals("aws:ResourceTag/team", "red")), "GetOpenIDConnectProvider", []string{"OpenIDConnectProviderArn", s.providerARN()}, s.providerARN(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s.may(test.policy)
			_, err := s.alice.Query(t.Context(), iam.API, test.action, test.form...)
			switch {
			case test.refused != "":
				wantError(t, err, "AccessDenied", refusal("iam:"+test.action, test.refused))
			case test.code != "":
				if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != test.code {
					t.Errorf("error %v, want %s", err, test.code)
				}
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// The condition keys that every request has, as the door fills them.
func TestGlobalKeys(t *testing.T) {
	s := newTeam(t)
	s.root("TagResource", map[string]any{"ResourceArn": poolARN(s.pool), "Tags": map[string]string{"owner": s.hers}})
	yes := func(operator, key, value string) string {
		return `{"` + operator + `":{"` + key + `":"` + value + `"}}`
	}
	for name, condition := range map[string]string{
		"address":          yes("IpAddress", "aws:SourceIp", "127.0.0.0/8"),
		"time":             yes("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
		"epoch time":       yes("NumericGreaterThan", "aws:EpochTime", "1577836800"),
		"transport":        yes("Bool", "aws:SecureTransport", "false"),
		"user agent":       yes("StringEquals", "aws:UserAgent", "browser/1"),
		"referer":          yes("StringLike", "aws:Referer", "https://app.example/*"),
		"region":           yes("StringEquals", "aws:RequestedRegion", "us-east-1"),
		"no service":       yes("Bool", "aws:ViaAWSService", "false"),
		"account":          yes("StringEquals", "aws:PrincipalAccount", "123456789012"),
		"principal":        yes("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/user"),
		"type":             yes("StringEquals", "aws:PrincipalType", "AssumedRole"),
		"no user name":     yes("Null", "aws:username", "true"),
		"user ID":          yes("StringLike", "aws:userid", "AROA*:CognitoIdentityCredentials"),
		"issued":           yes("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z"),
		"no second factor": yes("Bool", "aws:MultiFactorAuthPresent", "false"),
		"provider":         yes("StringEquals", "aws:FederatedProvider", "cognito-identity.amazonaws.com"),
		"identity":         yes("StringEquals", "aws:ResourceTag/owner", "${cognito-identity.amazonaws.com:sub}"),
		"pool":             yes("StringEquals", "cognito-identity.amazonaws.com:aud", s.pool),
		"amr":              yes("ForAnyValue:StringEquals", "cognito-identity.amazonaws.com:amr", "authenticated"),
	} {
		t.Run(name, func(t *testing.T) {
			s.may(allow(`"cognito-identity:DescribeIdentityPool"`, `"*"`, condition))
			if _, err := call(s.alice, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool}); err != nil {
				t.Error(err)
			}
			deny := strings.Replace(allow(`"*"`, `"*"`, condition), "Allow", "Deny", 1)
			s.may(strings.Replace(deny, `"Statement":[`, `"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`, 1))
			if _, err := call(s.alice, "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool}); err == nil {
				t.Error("the denial does not hold")
			}
		})
	}
}

// Whoever sets the roles of a pool must be allowed to pass each of them, in the
// mappings too.
func TestPassRole(t *testing.T) {
	s := newTeam(t)
	const user, app = "arn:aws:iam::123456789012:role/user", "arn:aws:iam::123456789012:role/team/app"
	set := `{"Effect":"Allow","Action":"cognito-identity:SetIdentityPoolRoles","Resource":"*"}`
	pass := func(resource, condition string) string {
		one := allow(`"iam:PassRole"`, resource, condition)
		return strings.Replace(one, `"Statement":[`, `"Statement":[`+set+`,`, 1)
	}
	mapped := map[string]any{s.providerARN(): map[string]any{
		"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": map[string]any{"Rules": []any{
			map[string]any{"Claim": "sub", "MatchType": "Equals", "Value": "alice", "RoleARN": app}}}}}
	const here = "cognito-identity.amazonaws.com"
	for name, test := range map[string]struct {
		policy   string
		roles    map[string]string
		mappings map[string]any
		refused  string // the role
	}{
		"no PassRole":       {allow(`"cognito-identity:*"`, `"*"`, ""), map[string]string{"authenticated": user}, nil, user},
		"no role to pass":   {allow(`"cognito-identity:*"`, `"*"`, ""), map[string]string{}, nil, ""},
		"any role":          {pass(`"*"`, ""), map[string]string{"authenticated": user}, nil, ""},
		"to this service":   {pass(`"*"`, equals("iam:PassedToService", here)), map[string]string{"authenticated": user}, nil, ""},
		"to another":        {pass(`"*"`, equals("iam:PassedToService", "lambda.amazonaws.com")), map[string]string{"authenticated": user}, nil, user},
		"for this pool":     {pass(`"*"`, equals("iam:AssociatedResourceArn", poolARN(s.pool))), map[string]string{"authenticated": user}, nil, ""},
		"one of two":        {pass(`"arn:aws:iam::123456789012:role/team/*"`, ""), map[string]string{"authenticated": app, "unauthenticated": user}, nil, user},
		"by tag":            {pass(`"*"`, equals("iam:ResourceTag/team", "red")), map[string]string{"authenticated": app}, nil, ""},
		"in a mapping":      {pass(`"`+user+`"`, ""), map[string]string{"authenticated": user}, mapped, app},
		"all of a mapping":  {pass(`["`+user+`","`+app+`"]`, ""), map[string]string{"authenticated": user}, mapped, ""},
		"a role not there":  {pass(`"*"`, ""), map[string]string{"authenticated": user + "x"}, nil, user + "x"},
		"a forbidden one":   {pass(`"`+app+`"`, ""), map[string]string{"authenticated": user + "x"}, nil, user + "x"},
		"no right to do it": {allow(`"iam:PassRole"`, `"*"`, ""), map[string]string{"authenticated": user}, nil, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			s.may(test.policy)
			_, err := call(s.alice, "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": test.roles, "RoleMappings": test.mappings})
			switch test.refused {
			case "":
				if err != nil {
					t.Error(err)
				}
			case "*":
				wantError(t, err, "AccessDeniedException", refusal("cognito-identity:SetIdentityPoolRoles", "*"))
			default:
				wantError(t, err, "NotAuthorizedException", "Access to Role '"+test.refused+"' is forbidden.")
			}
		})
	}
}

// What delegated administration rests on: the boundary that is set, or that the
// user or role has; the policy that is attached; both places of a rename.
func TestRulesOfDelegation(t *testing.T) {
	s := newTeam(t)
	const bounds, other = "arn:aws:iam::123456789012:policy/bounds", "arn:aws:iam::123456789012:policy/other"
	s.query("CreatePolicy", "PolicyName", "bounds", "PolicyDocument", allowS3)
	s.query("CreatePolicy", "PolicyName", "other", "PolicyDocument", allowS3)
	s.query("CreateRole", "RoleName", "bounded", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"), "PermissionsBoundary", bounds)
	s.query("CreateUser", "UserName", "carl", "Path", "/team/", "PermissionsBoundary", bounds)
	s.query("CreateUser", "UserName", "dora", "Path", "/team/")
	bounded := equals("iam:PermissionsBoundary", bounds)
	for name, test := range map[string]struct {
		policy  string
		action  string
		form    []string
		refused string
	}{
		"create a bounded user":      {allow(`"iam:CreateUser"`, `"*"`, bounded), "CreateUser", []string{"UserName", "emil", "PermissionsBoundary", bounds}, ""},
		"create a user":              {allow(`"iam:CreateUser"`, `"*"`, bounded), "CreateUser", []string{"UserName", "fred"}, "arn:aws:iam::123456789012:user/fred"},
		"with another boundary":      {allow(`"iam:CreateUser"`, `"*"`, bounded), "CreateUser", []string{"UserName", "fred", "PermissionsBoundary", other}, "arn:aws:iam::123456789012:user/fred"},
		"a policy of a bounded role": {allow(`"iam:PutRolePolicy"`, `"*"`, bounded), "PutRolePolicy", []string{"RoleName", "bounded", "PolicyName", "p", "PolicyDocument", allowS3}, ""},
		"a policy of a role":         {allow(`"iam:PutRolePolicy"`, `"*"`, bounded), "PutRolePolicy", []string{"RoleName", "app", "PolicyName", "p", "PolicyDocument", allowS3}, "role app"},
		"a policy of a bounded user": {allow(`"iam:PutUserPolicy"`, `"*"`, bounded), "PutUserPolicy", []string{"UserName", "carl", "PolicyName", "p", "PolicyDocument", allowS3}, ""},
		"change the boundary":        {allow(`"iam:PutRolePermissionsBoundary"`, `"*"`, bounded), "PutRolePermissionsBoundary", []string{"RoleName", "bounded", "PermissionsBoundary", other}, "role bounded"},
		"keep the boundary":          {allow(`"iam:PutRolePermissionsBoundary"`, `"*"`, bounded), "PutRolePermissionsBoundary", []string{"RoleName", "bounded", "PermissionsBoundary", bounds}, ""},
		"attach a policy":            {allow(`"iam:AttachRolePolicy"`, `"*"`, `{"ArnEquals":{"iam:PolicyARN":"`+other+`"}}`), "AttachRolePolicy", []string{"RoleName", "app", "PolicyArn", other}, ""},
		"attach another":             {allow(`"iam:AttachRolePolicy"`, `"*"`, `{"ArnEquals":{"iam:PolicyARN":"`+other+`"}}`), "AttachRolePolicy", []string{"RoleName", "app", "PolicyArn", bounds}, "role app"},
		"rename within":              {allow(`"iam:UpdateUser"`, `"arn:aws:iam::123456789012:user/team/*"`, ""), "UpdateUser", []string{"UserName", "dora", "NewUserName", "dorothea"}, ""},
		"move away":                  {allow(`"iam:UpdateUser"`, `"arn:aws:iam::123456789012:user/team/*"`, ""), "UpdateUser", []string{"UserName", "carl", "NewPath", "/admin/"}, "arn:aws:iam::123456789012:user/admin/carl"},
		"move away, onto another":    {allow(`"iam:UpdateUser"`, `"arn:aws:iam::123456789012:user/team/*"`, ""), "UpdateUser", []string{"UserName", "carl", "NewPath", "/admin/", "NewUserName", "emil"}, "arn:aws:iam::123456789012:user/admin/emil"},
		"a policy by its ARN":        {allow(`"iam:GetPolicy"`, `"`+bounds+`"`, ""), "GetPolicy", []string{"PolicyArn", bounds}, ""},
		"another policy":             {allow(`"iam:GetPolicy"`, `"`+bounds+`"`, ""), "GetPolicy", []string{"PolicyArn", other}, "policy " + other},
		"a policy in another case":   {allow(`"iam:GetPolicy"`, `"`+bounds+`"`, ""), "GetPolicy", []string{"PolicyArn", strings.ToUpper(bounds[:3]) + bounds[3:]}, "ARN" + bounds[3:]},
		"a user by the path":         {allow(`"iam:GetUser"`, `"arn:aws:iam::123456789012:user/team/*"`, ""), "GetUser", []string{"UserName", "carl"}, ""},
		"a user, as if without it":   {allow(`"iam:GetUser"`, `"arn:aws:iam::123456789012:user/carl"`, ""), "GetUser", []string{"UserName", "carl"}, "user carl"},
		"whose key it is":            {allow(`"iam:GetAccessKeyLastUsed"`, `"arn:aws:iam::123456789012:user/team/*"`, ""), "GetAccessKeyLastUsed", []string{"AccessKeyId", "AKIAIOSFODNN7EXAMPLE"}, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			s.may(test.policy)
			_, err := s.alice.Query(t.Context(), iam.API, test.action, test.form...)
			if test.refused != "" {
				wantError(t, err, "AccessDenied", refusal("iam:"+test.action, test.refused))
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A team may revoke what belongs to it, by the tags of pools and roles.
func TestRulesOfRevocation(t *testing.T) {
	s := newTeam(t)
	s.may(allow(`"daypass:RevokeSessions"`, `"*"`, equals("aws:ResourceTag/team", "red")))
	const app, guest = "arn:aws:iam::123456789012:role/team/app", "arn:aws:iam::123456789012:role/guest"
	for _, test := range []struct {
		name    string
		in      map[string]any
		refused string
	}{
		{"another pool", map[string]any{"IdentityPoolId": s.other}, poolARN(s.other)},
		{"an unknown one", map[string]any{"IdentityPoolId": s.unknown}, poolARN(s.unknown)},
		{"a role", map[string]any{"RoleArn": app}, ""},
		{"another role", map[string]any{"RoleArn": guest}, guest},
		{"an identity", map[string]any{"IdentityId": s.his}, "*"},
		{"a pool", map[string]any{"IdentityPoolId": s.pool}, ""}, // at last, since it is Alice's own
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.alice.JSON(t.Context(), admin.API, "RevokeSessions", test.in)
			if test.refused != "" {
				wantError(t, err, "AccessDeniedException", refusal("daypass:RevokeSessions", test.refused))
			} else if e, ok := errors.AsType[*client.Error](err); ok && refuses(e) {
				t.Error(err)
			}
		})
	}
}
