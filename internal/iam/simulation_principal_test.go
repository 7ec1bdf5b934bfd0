package iam_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

func TestSimulatePrincipalPolicyRefusals(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app", "Path", "/x/")
	createUser(t, s, "anna", "Path", "/x/")
	entity := func(arn string) refusal {
		return refusal{400, "InvalidInput", "Invalid Entity Arn: " + arn + " does not clearly define entity type and name."}
	}
	missing := func(kind, name string) refusal {
		return refusal{404, "NoSuchEntity", "The " + kind + " with name " + name + " cannot be found."}
	}
	for arn, want := range map[string]refusal{
		"arn:aws:iam::111122223333:role/x/app":            {},
		"arn:aws:iam::111122223333:user/x/anna":           {},
		"arn:aws:iam::111122223333:role/app":              missing("role", "app"),
		"arn:aws:iam::111122223333:role/x/APP":            missing("role", "APP"),
		"arn:aws:iam::999988887777:role/x/app":            missing("role", "app"),
		"arn:aws:iam::111122223333:user/anna":             missing("user", "anna"),
		"arn:aws:iam::999988887777:user/x/anna":           missing("user", "anna"),
		"arn:aws:iam::111122223333:user/x/app":            missing("user", "app"),
		"arn:aws:iam::111122223333:group/staff":           missing("group", "staff"),
		"arn:aws:iam::111122223333:policy/x/app":          entity("arn:aws:iam::111122223333:policy/x/app"),
		"arn:aws:iam::111122223333:role/x/":               entity("arn:aws:iam::111122223333:role/x/"),
		"arn:aws:iam::111122223333:root":                  entity("arn:aws:iam::111122223333:root"),
		"arn:aws:sts::111122223333:assumed-role/app/s":    entity("arn:aws:sts::111122223333:assumed-role/app/s"),
		"arn:aws-cn:iam::111122223333:role/x/app":         entity("arn:aws-cn:iam::111122223333:role/x/app"),
		"arn:aws:iam:us-east-1:111122223333:role/x/app":   entity("arn:aws:iam:us-east-1:111122223333:role/x/app"),
		"role/x/app, which is no ARN, though long enough": entity("role/x/app, which is no ARN, though long enough"),
	} {
		wantRefused(t, do(t, s, "SimulatePrincipalPolicy", "PolicySourceArn", arn, "ActionNames.member.1", "s3:GetObject"), want)
	}
}

// A role with its own policies is asked with those of the input, under a boundary
// of the input if there is one.
func TestSimulatePrincipalPolicy(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app", "Path", "/x/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	const arn = "arn:aws:iam::111122223333:role/x/app"
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "read", "PolicyDocument", allowRead)
	deny := createPolicy(t, s, "Deny", strings.Replace(denyRead, "s3:*", "s3:DeleteObject", 1))
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", deny)
	boundary := createPolicy(t, s, "Boundary", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}`)
	must(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", boundary)

	const object = "arn:aws:s3:::box/red/1"
	for _, test := range []struct {
		action   string
		more     []string
		decision string
		matched  string // the policy's name and kind
	}{
		{"s3:GetObject", nil, "allowed", "role_app_read IAM Policy"},
		{"s3:DeleteObject", nil, "explicitDeny", "Deny IAM Policy"},
		{"s3:PutObject", nil, "explicitDeny", "Boundary Permissions Boundary Policy"},
		{"s3:ListBucket", nil, "implicitDeny", ""},
		{"s3:ListBucket", []string{"PolicyInputList.member.1", allowList}, "allowed", "PolicyInputList.1 IAM Policy"},
		{"s3:GetObject", []string{"PermissionsBoundaryPolicyInputList.member.1", allowList}, "implicitDeny", ""},
		{"s3:PutObject", []string{"PermissionsBoundaryPolicyInputList.member.1", denyRead}, "explicitDeny", "PermissionsBoundaryPolicyInputList.1 Permissions Boundary Policy"},
		{"s3:GetObject", []string{"CallerArn", arn}, "allowed", "role_app_read IAM Policy"},
		{"s3:GetObject", []string{"CallerArn", "arn:aws:iam::111122223333:user/anna"}, "implicitDeny", ""},
		{
			"s3:GetObject", []string{"ContextEntries.member.1.ContextKeyName", "aws:principaltag/team", "ContextEntries.member.1.ContextKeyType", "string", "ContextEntries.member.1.ContextKeyValues.member.1", "blue"},
			"implicitDeny", "",
		},
	} {
		body := must(t, s, "SimulatePrincipalPolicy", append(test.more, "PolicySourceArn", arn, "ActionNames.member.1", test.action, "ResourceArns.member.1", object)...)
		if got := element(t, body, "EvalDecision"); got != test.decision {
			t.Errorf("%s %q: %s, want %s", test.action, test.more, got, test.decision)
		}
		if got := strings.TrimSpace(element(t, body, "SourcePolicyId") + " " + element(t, body, "SourcePolicyType")); got != test.matched {
			t.Errorf("%s %q: matched %s, want %s", test.action, test.more, got, test.matched)
		}
	}
}

// principals are a user and a session of a role, with the ARNs that simulations
// know them by.
func principals(t testing.TB, s *iam.Service) map[string]awsapi.Caller {
	t.Helper()
	createRole(t, s, "app", "Path", "/x/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	createUser(t, s, "anna", "Path", "/x/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	role, user := must(t, s, "GetRole", "RoleName", "app"), must(t, s, "GetUser", "UserName", "anna")
	roleARN, roleID, userARN, userID := element(t, role, "Arn"), element(t, role, "RoleId"), element(t, user, "Arn"), element(t, user, "UserId")
	return map[string]awsapi.Caller{
		userARN: {Account: account, ARN: userARN, UserID: userID, PrincipalARN: userARN, PrincipalID: userID},
		roleARN: {
			Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/app/s", UserID: roleID + ":s",
			PrincipalARN: roleARN, PrincipalID: roleID, Session: &awsapi.Session{Name: "s", Issued: time.Unix(1, 0)},
		},
	}
}

// sessionKeys are the condition keys of a caller that a simulation has to be
// told, since they are a session's and not a role's.
func sessionKeys(c awsapi.Caller) policy.Context {
	facts := policy.Context{}
	if c.Session != nil {
		facts.Set("aws:userid", c.UserID)
		facts.Set("aws:tokenissuetime", "1970-01-01T00:00:01Z")
		facts.Set("aws:multifactorauthpresent", "false")
	}
	return facts
}

// agree says whether a simulation and an authorization answer alike.
func agree(t *testing.T, s *iam.Service, arn string, c awsapi.Caller, action, resource string, facts policy.Context) policy.Effect {
	t.Helper()
	d, err := s.Authorize(t.Context(), wiretest.From(c), action, resource, maps.Clone(facts))
	if err != nil {
		t.Fatal(err)
	}
	told := decisionCase{}
	told.Request.Context = maps.Clone(facts)
	maps.Copy(told.Request.Context, sessionKeys(c))
	out, err := s.SimulatePrincipalPolicy(t.Context(), root, &iam.SimulatePrincipalPolicyRequest{
		PolicySourceArn: iam.ArnType(arn), ActionNames: iam.ActionNameListType{iam.ActionNameType(action)},
		ResourceArns: iam.ResourceNameListType{iam.ResourceNameType(resource)}, ContextEntries: told.entries(),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, want := out.EvaluationResults[0].EvalDecision, evalDecisions[d.Effect.String()]
	if got != want {
		t.Errorf("%s, %s on %s with %v: simulated %s, authorized %s", arn, action, resource, facts, got, want)
	}
	if n := len(out.EvaluationResults[0].MatchedStatements); n != len(d.Statements) {
		t.Errorf("%s, %s on %s: simulated by %d statements, authorized by %d", arn, action, resource, n, len(d.Statements))
	}
	return d.Effect
}

// Simulations agree with authorization, for users and sessions of roles, on
// policies and requests made by chance.
func TestSimulationAgrees(t *testing.T) {
	s := newService(t)
	all := principals(t, s)
	boundaries := []string{"", admin, createPolicy(t, s, "b1", randomPolicy(rand.New(rand.NewPCG(1, 1)))), createPolicy(t, s, "b2", randomPolicy(rand.New(rand.NewPCG(2, 2))))}
	seen := map[policy.Effect]int{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 0))
		for _, p := range []string{"p", "q"} {
			must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", p, "PolicyDocument", randomPolicy(r))
			must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", p, "PolicyDocument", randomPolicy(r))
		}
		if b := pick(r, boundaries); b != "" {
			must(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", b)
		} else {
			must(t, s, "DeleteRolePermissionsBoundary", "RoleName", "app")
		}
		for range 20 {
			facts := policy.Context{}
			for _, key := range randomKeys {
				if r.IntN(2) == 0 && strings.HasPrefix(key, "test:") {
					facts.Set(key, pick(r, randomValues))
				}
			}
			for arn, c := range all {
				seen[agree(t, s, arn, c, pick(r, randomActions), pick(r, randomResources), facts)]++
			}
		}
	}
	for _, e := range []policy.Effect{policy.Allow, policy.ExplicitDeny, policy.ImplicitDeny} {
		if seen[e] < 100 {
			t.Errorf("%v was the answer %d times only", e, seen[e])
		}
	}
}

var (
	randomActions   = []string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage", "S3:LISTBUCKET"}
	randomPatterns  = []string{"*", "s3:*", "s3:Get*", "S3:P?tObject", "sqs:SendMessage"}
	randomResources = []string{"*", "arn:aws:s3:::b/red", "arn:aws:s3:::b/blue", "arn:aws:sqs:us-east-1:111122223333:anna"}
	randomGlobs     = []string{"*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:PrincipalTag/team}", "arn:aws:sqs:*:*:${aws:username, 'nobody'}", "arn:aws:s3:::b/${test:a}"}
	randomKeys      = []string{"test:a", "test:b", "aws:principaltag/team", "aws:principaltype", "aws:principalarn", "aws:userid"}
	randomValues    = []string{"red", "blue", "User", "AssumedRole", "*"}
	randomOperators = []string{"StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringLike"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// randomPolicy makes a policy of one to three statements.
func randomPolicy(r *rand.Rand) string {
	var statements []string
	for range 1 + r.IntN(3) {
		effect := "Allow"
		if r.IntN(4) == 0 {
			effect = "Deny"
		}
		condition := ""
		if r.IntN(2) == 0 {
			condition = fmt.Sprintf(`,"Condition":{%q:{%q:%q}}`, pick(r, randomOperators), pick(r, randomKeys), pick(r, randomValues))
		}
		statements = append(statements, fmt.Sprintf(`{"Effect":%q,"%sAction":%q,"%sResource":%q%s}`,
			effect, pick(r, []string{"", "", "", "Not"}), pick(r, randomPatterns), pick(r, []string{"", "", "", "Not"}), pick(r, randomGlobs), condition))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// brought begin the condition keys that a caller or any request brings.
var brought = []string{
	"aws:principal", "aws:user", "aws:token", "aws:multifactor", "aws:currenttime", "aws:epochtime", "aws:viaawsservice",
	"aws:securetransport", "aws:requestedregion", "aws:sourceip", "aws:referer",
}

// They agree on the corpus too.
func TestSimulationAgreesOnTheCorpus(t *testing.T) {
	s := newService(t)
	s.Limits.RolePoliciesSize, s.Limits.UserPoliciesSize, s.Limits.ManagedPolicySize = 1e6, 1e6, 1e6
	all := principals(t, s)
	compared := 0
	for i, c := range decisionCases(t) {
		if slices.ContainsFunc(brought, c.about) || len(c.Identity) > 1 || len(c.Identity) == 0 || i%3 != 0 {
			continue // what caller and request bring is not what the case says
		}
		text := string(simulationText(c.Identity[0]))
		if strings.ContainsFunc(text, func(r rune) bool { return r > '\u00FF' }) {
			continue // which no policy of IAM can have
		}
		must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", text)
		for arn, caller := range all {
			if caller.Session != nil || c.Boundary != nil {
				continue
			}
			facts := policy.Context{}
			for key, values := range c.Request.Context {
				facts.Set(key, values...)
			}
			if got := agree(t, s, arn, caller, c.Request.Action, c.Request.Resource, facts); got.String() != c.Want {
				t.Errorf("%s: %v, want %s", c.Name, got, c.Want)
			}
			compared++
		}
	}
	if compared < 300 {
		t.Errorf("%d cases only", compared)
	}
}

// about says whether a case is about a condition key.
func (c decisionCase) about(prefix string) bool {
	texts := c.Identity
	for key := range c.Request.Context {
		texts = append(texts[:len(texts):len(texts)], []byte(key))
	}
	for _, text := range texts {
		if strings.Contains(strings.ToLower(string(text)), prefix) {
			return true
		}
	}
	return false
}

// Who may not simulate learns nothing of the path.
func TestSimulationResource(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app", "Path", "/secret/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	for named, want := range map[string]awsapi.Resource{
		"arn:aws:iam::111122223333:role/x/app":      {ARN: "arn:aws:iam::111122223333:role/x/app", Name: "arn:aws:iam::111122223333:role/x/app"},
		"arn:aws:iam::111122223333:role/app":        {ARN: "arn:aws:iam::111122223333:role/secret/app", Name: "arn:aws:iam::111122223333:role/app"},
		"arn:aws:iam::111122223333:role/secret/app": {ARN: "arn:aws:iam::111122223333:role/secret/app", Name: "arn:aws:iam::111122223333:role/secret/app"},
		"arn:aws:iam::111122223333:role/x/other":    {ARN: "arn:aws:iam::111122223333:role/x/other", Name: "arn:aws:iam::111122223333:role/x/other"},
	} {
		facts := policy.Context{}
		got, err := about(t, s, root, &iam.SimulatePrincipalPolicyRequest{PolicySourceArn: iam.ArnType(named)}, facts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if tagged := len(facts["aws:resourcetag/team"]) == 1; tagged != strings.Contains(want.ARN, "secret") {
			t.Errorf("%s: facts %v", named, facts)
		}
	}
}
