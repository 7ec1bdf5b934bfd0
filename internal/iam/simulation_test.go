package iam_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
)

func TestSimulateCustomPolicyRefusals(t *testing.T) {
	invalid := func(message string) refusal { return refusal{400, "InvalidInput", message} }
	unsupported := func(member string) refusal {
		return invalid("Simulating with " + member + " is not supported by this version.")
	}
	entry := func(key, kind string, values ...string) []string {
		all := []string{"ContextEntries.member.1.ContextKeyName", key, "ContextEntries.member.1.ContextKeyType", kind}
		for i, v := range values {
			all = append(all, fmt.Sprintf("ContextEntries.member.1.ContextKeyValues.member.%d", i+1), v)
		}
		return all
	}
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"malformed policy", []string{"PolicyInputList.member.1", "{}"}, invalid("Syntax errors in policy.")},
		{"policy with a principal", []string{"PolicyInputList.member.1", strings.Replace(allowS3, `"Action"`, `"Principal":"*","Action"`, 1)}, invalid("Policy document should not specify a principal.")},
		{"malformed boundary", []string{"PermissionsBoundaryPolicyInputList.member.1", strings.Replace(allowS3, "2012", "2008", 1)}, invalid("Policy document must be version 2012-10-17 or greater.")},
		{"two boundaries", []string{"PermissionsBoundaryPolicyInputList.member.1", allowS3, "PermissionsBoundaryPolicyInputList.member.2", allowS3}, invalid("Only one permissions boundary policy can be simulated at a time.")},
		{"much text", []string{"PolicyInputList.member.2", strings.Replace(allowS3, ",", strings.Repeat(" ", 130950)+",", 1)}, invalid("The policies must not have more than 131072 characters in all.")},
		{"action without service", []string{"ActionNames.member.1", "GetObject"}, invalid("Invalid Action: GetObject")},
		{"action with wildcard", []string{"ActionNames.member.1", "s3:Get*"}, invalid("Invalid Action: s3:Get*")},
		{"resource", []string{"ResourceArns.member.1", "box"}, invalid("Invalid Resource: box")},
		{"resource policy", []string{"ResourcePolicy", allowS3}, unsupported("ResourcePolicy")},
		{"other owner", []string{"ResourceOwner", "arn:aws:iam::999988887777:root"}, unsupported("ResourceOwner of another account")},
		{"scenario", []string{"ResourceHandlingOption", "EC2-VPC"}, unsupported("ResourceHandlingOption")},
		{"caller", []string{"CallerArn", "arn:aws:iam::111122223333:role/app"}, invalid("Invalid CallerArn: arn:aws:iam::111122223333:role/app is not the ARN of a user of the account.")},
		{"caller of another account", []string{"CallerArn", "arn:aws:iam::999988887777:user/anna"}, invalid("Invalid CallerArn: arn:aws:iam::999988887777:user/anna is not the ARN of a user of the account.")},
		{"entry without name", []string{"ContextEntries.member.1.ContextKeyType", "string"}, invalid("A context entry has no ContextKeyName.")},
		{"entry without type", []string{"ContextEntries.member.1.ContextKeyName", "aws:userid"}, invalid("The context entry aws:userid has no ContextKeyType.")},
		{"entry with another type", entry("aws:userid", "text"), refusal{400, "ValidationError", "1 validation error detected: Value 'text' at 'contextEntries.1.member.contextKeyType' failed to satisfy constraint: Member must satisfy enum value set: [binary, binaryList, boolean, booleanList, date, dateList, ip, ipList, numeric, numericList, string, stringList]"}},
		{"two values", entry("aws:userid", "string", "a", "b"), invalid("The context entry aws:userid is not a list and has more than one value.")},
		{"no number", entry("s3:max-keys", "numericList", "1", "two"), invalid("Invalid value of type numeric for the context entry s3:max-keys: two")},
		{"entry twice", append(entry("aws:userid", "string", "a"), "ContextEntries.member.2.ContextKeyName", "AWS:UserId", "ContextEntries.member.2.ContextKeyType", "string"), invalid("There is more than one context entry AWS:UserId.")},
		{"marker", []string{"Marker", "x"}, refusal{400, "ValidationError", "Invalid Marker."}},

		{"own account", []string{"ResourceOwner", "arn:aws:iam::111122223333:root"}, refusal{}},
		{"no policy", []string{"PolicyInputList", ""}, refusal{}},
	}
	s := newService(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := map[string]string{"PolicyInputList.member.1": allowS3, "ActionNames.member.1": "s3:GetObject"}
			if slices.Contains(test.parameters, "PolicyInputList") {
				delete(all, "PolicyInputList.member.1")
			}
			for i := 0; i < len(test.parameters); i += 2 {
				all[test.parameters[i]] = test.parameters[i+1]
			}
			var flat []string
			for name, value := range all {
				flat = append(flat, name, value)
			}
			wantRefused(t, do(t, s, "SimulateCustomPolicy", flat...), test.want)
		})
	}
}

// Of several policies the log says which one cannot be read, and why.
func TestSimulationNamesThePolicy(t *testing.T) {
	s := newService(t)
	bad := iam.PolicyDocumentType(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*"}}`)
	policies := iam.SimulationPolicyListType{allowS3, bad}
	actions := iam.ActionNameListType{"s3:GetObject"}
	_, inList := s.SimulateCustomPolicy(t.Context(), awsapi.Caller{}, &iam.SimulateCustomPolicyRequest{PolicyInputList: policies, ActionNames: actions})
	_, inBoundary := s.SimulateCustomPolicy(t.Context(), awsapi.Caller{}, &iam.SimulateCustomPolicyRequest{
		PolicyInputList: policies[:1], PermissionsBoundaryPolicyInputList: policies[1:], ActionNames: actions,
	})
	_, inKeys := s.GetContextKeysForCustomPolicy(t.Context(), awsapi.Caller{}, &iam.GetContextKeysForCustomPolicyRequest{PolicyInputList: policies})
	for _, test := range []struct {
		err  error
		want string
	}{
		{inList, "PolicyInputList.2: statement 1: no Resource"},
		{inBoundary, "PermissionsBoundaryPolicyInputList.1: statement 1: no Resource"},
		{inKeys, "PolicyInputList.2: statement 1: no Resource"},
	} {
		if e, ok := awsapi.AsError(test.err); !ok || e.Err == nil || e.Err.Error() != test.want || e.Message != "Policy statement must contain resources." {
			t.Errorf("%+v, want %s", e, test.want)
		}
	}
}

// Every action is simulated on every resource, in this order, page by page.
func TestSimulationPages(t *testing.T) {
	s := newService(t)
	parameters := []string{"PolicyInputList.member.1", allowS3, "MaxItems", "2",
		"ActionNames.member.1", "s3:GetObject", "ActionNames.member.2", "s3:PutObject", "ActionNames.member.3", "S3:getobject"}
	for i := range 3 {
		parameters = append(parameters, fmt.Sprintf("ResourceArns.member.%d", i+1), fmt.Sprintf("arn:aws:s3:::b/%d", i))
	}
	var got []string
	for i, names := range walk(t, s, "EvalActionName", "SimulateCustomPolicy", parameters...) {
		if want := min(2, 9-2*i); len(names) != want {
			t.Errorf("page %d has %d results, want %d", i, len(names), want)
		}
		got = append(got, names...)
	}
	if got, want := strings.Join(got, " "), strings.Repeat("s3:GetObject ", 3)+strings.Repeat("s3:PutObject ", 3)+"S3:getobject S3:getobject S3:getobject"; got != want {
		t.Errorf("actions %s", got)
	}
	body := must(t, s, "SimulateCustomPolicy", parameters...)
	if got := strings.Join(elements(t, body, "EvalDecision"), " "); got != "allowed allowed" {
		t.Errorf("decisions %s", got)
	}
	// The marker is for these actions and resources alone.
	other := slices.Clone(parameters)
	other[len(other)-1] = "arn:aws:s3:::b/other"
	wantRefused(t, do(t, s, "SimulateCustomPolicy", append(other, "Marker", element(t, body, "Marker"))...), refusal{400, "ValidationError", "Invalid Marker."})
}

// A page that would be too large, or too much work, ends before it has as many
// results as it could; what would be too much for one result is refused.
func TestSimulationEffort(t *testing.T) {
	s := newService(t)
	long := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}}`
	}
	keys := make([]string, 9000)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"a:%x":""`, i)
	}
	mentions := long(`"StringEquals":{` + strings.Join(keys, ",") + `}`)
	compares := long(`"StringLike":{"aws:b":"*` + strings.Repeat("?", 100_000) + `x*"}`)
	simulate := func(document string, more ...string) []string {
		in := append([]string{"PolicyInputList.member.1", document, "ActionNames.member.1", "s3:GetObject"}, more...)
		for i := range 10 {
			in = append(in, fmt.Sprintf("ResourceArns.member.%d", i+1), fmt.Sprintf("arn:aws:s3:::b/%d", i))
		}
		return in
	}
	ofLength := func(n int) []string {
		return []string{"ContextEntries.member.1.ContextKeyName", "aws:b", "ContextEntries.member.1.ContextKeyType", "string",
			"ContextEntries.member.1.ContextKeyValues.member.1", strings.Repeat("e", n)}
	}
	for name, test := range map[string]struct {
		in   []string
		want string
	}{
		"little":            {simulate(allowS3), "10"},
		"many missing keys": {simulate(mentions), "3 3 3 1"},
		"long patterns":     {simulate(compares, ofLength(2000)...), "3 3 3 1"},
		"short texts":       {simulate(compares, ofLength(20)...), "10"},
	} {
		t.Run(name, func(t *testing.T) {
			var pages []string
			for _, page := range walk(t, s, "EvalActionName", "SimulateCustomPolicy", test.in...) {
				pages = append(pages, fmt.Sprint(len(page)))
			}
			if got := strings.Join(pages, " "); got != test.want {
				t.Errorf("pages of %s results, want %s", got, test.want)
			}
		})
	}
	wantRefused(t, do(t, s, "SimulateCustomPolicy", simulate(compares, ofLength(3000)...)...),
		refusal{400, "InvalidInput", "The policies and the context entries are too large to be simulated together."})
}

// What the policies mention and nobody has given is missing; values of all types
// are compared as in a request, and the caller has a name.
func TestSimulationContext(t *testing.T) {
	s := newService(t)
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*","Condition":{` +
		`"NumericLessThan":{"s3:max-keys":"11"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:SecureTransport":"true"},` +
		`"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"},"BinaryEquals":{"test:bytes":"AAE="},"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}}}`
	parameters := []string{"PolicyInputList.member.1", document, "ActionNames.member.1", "s3:GetObject",
		"ResourceArns.member.1", "arn:aws:s3:::b/anna/1"}
	simulate := func(want string, missing ...string) {
		t.Helper()
		body := must(t, s, "SimulateCustomPolicy", parameters...)
		if got := element(t, body, "EvalDecision"); got != want {
			t.Errorf("decision %s, want %s", got, want)
		}
		var result struct {
			Missing []string `xml:"SimulateCustomPolicyResult>EvaluationResults>member>MissingContextValues>member"`
		}
		unmarshal(t, body, &result)
		if diff := cmp.Diff(missing, result.Missing); diff != "" {
			t.Errorf("missing: %s", diff)
		}
	}
	simulate("implicitDeny", "aws:username", "s3:max-keys", "aws:SourceIp", "aws:SecureTransport", "aws:CurrentTime", "test:bytes", "aws:TagKeys")
	entries := []struct {
		key, kind string
		values    []string
	}{
		{"S3:Max-Keys", "numeric", []string{"10"}},
		{"aws:sourceip", "ip", []string{"203.0.113.7"}},
		{"aws:SecureTransport", "boolean", []string{"true"}},
		{"aws:CurrentTime", "date", []string{"2026-01-01T00:00:00Z"}},
		{"test:bytes", "binary", []string{"AAE="}},
		{"aws:TagKeys", "stringList", []string{"b", "a"}},
	}
	for i, e := range entries {
		n := fmt.Sprintf("ContextEntries.member.%d.", i+1)
		parameters = append(parameters, n+"ContextKeyName", e.key, n+"ContextKeyType", e.kind)
		for j, v := range e.values {
			parameters = append(parameters, fmt.Sprintf("%sContextKeyValues.member.%d", n, j+1), v)
		}
	}
	simulate("implicitDeny", "aws:username")
	parameters = append(parameters, "CallerArn", "arn:aws:iam::111122223333:user/staff/anna")
	simulate("allowed")
	parameters[5] = "arn:aws:s3:::b/bert/1"
	simulate("implicitDeny")
}

func TestGetContextKeysForCustomPolicy(t *testing.T) {
	s := newService(t)
	body := must(t, s, "GetContextKeysForCustomPolicy",
		"PolicyInputList.member.1", allowS3,
		"PolicyInputList.member.2", strings.Replace(allowS3, `"*"`, `"arn:aws:s3:::b/${aws:username}"`, 1),
		"PolicyInputList.member.3", trustPool,
		"PolicyInputList.member.4", strings.Replace(allowS3, `}]}`, `,"Condition":{"StringEquals":{"AWS:UserName":"x","aws:userid":"y"}}}]}`, 1))
	want := []string{"aws:username", "cognito-identity.amazonaws.com:aud", "cognito-identity.amazonaws.com:amr", "aws:userid"}
	if diff := cmp.Diff(want, elements(t, body, "member")); diff != "" {
		t.Error(diff)
	}
	wantRefused(t, do(t, s, "GetContextKeysForCustomPolicy", "PolicyInputList.member.1", "{"), refusal{400, "InvalidInput", "Syntax errors in policy."})
}

// decisionCase is a case of the policy corpus (its README says what it means)
// without session policies, which are not simulated.
type decisionCase struct {
	Name     string
	Identity []json.RawMessage
	Boundary json.RawMessage
	Session  []json.RawMessage
	Trust    json.RawMessage
	Request  struct {
		Action, Resource string
		Context          map[string][]string
	}
	Want       string
	Statements []string
}

// decisionCases are those of the corpus that can be simulated: about actions and
// resources as services have them.
func decisionCases(t testing.TB) (all []decisionCase) {
	for _, file := range []string{"actions.json", "layers.json", "resources.json", "statements.json"} {
		for _, c := range corpus[decisionCase](t, file) {
			c.Name = file + ": " + c.Name
			if c.Trust == nil && c.Session == nil && action.MatchString(c.Request.Action) && resource.MatchString(c.Request.Resource) {
				all = append(all, c)
			}
		}
	}
	for _, file := range []string{"conditions.json", "operators.json", "values.json", "variables.json"} {
		for _, c := range corpus[conditionCase](t, file) {
			if c.Version == "" {
				all = append(all, c.decision(file))
			}
		}
	}
	if len(all) < 1000 {
		t.Fatalf("only %d cases", len(all))
	}
	return all
}

func corpus[Case any](t testing.TB, file string) (cases []Case) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "policy", "testdata", "cases", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// conditionCase is a case about a condition.
type conditionCase struct {
	Name, Version string
	Condition     json.RawMessage
	Context       map[string][]string
	Want          bool
}

// decision is the case of an Allow with the condition.
func (c conditionCase) decision(file string) decisionCase {
	d := decisionCase{Name: file + ": " + c.Name, Want: "ImplicitDeny"}
	d.Identity = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":` + string(c.Condition) + `}}`)}
	d.Request.Action, d.Request.Resource, d.Request.Context = "s3:GetObject", "*", c.Context
	if c.Want {
		d.Want, d.Statements = "Allow", []string{"identity/0/0"}
	}
	return d
}

var (
	action   = regexp.MustCompile(`\A[A-Za-z0-9-]+:[A-Za-z0-9]+\z`)
	resource = regexp.MustCompile(`\A(\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+)\z`)
)

// simulationText is a policy of the corpus: JSON, or a string with its text.
func simulationText(raw json.RawMessage) iam.PolicyDocumentType {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return iam.PolicyDocumentType(s)
	}
	return iam.PolicyDocumentType(raw)
}

func (c decisionCase) entries() (list iam.ContextEntryListType) {
	for key, values := range c.Request.Context {
		e := iam.ContextEntry{ContextKeyName: iam.ContextKeyNameType(key), ContextKeyType: "stringList"}
		for _, v := range values {
			e.ContextKeyValues = append(e.ContextKeyValues, iam.ContextKeyValueType(v))
		}
		list = append(list, e)
	}
	return list
}

var evalDecisions = map[string]iam.PolicyEvaluationDecisionType{"Allow": "allowed", "ExplicitDeny": "explicitDeny", "ImplicitDeny": "implicitDeny"}

// A simulation answers every case of the corpus as the evaluator must, and names
// the policies that made the decision.
func TestSimulateCorpus(t *testing.T) {
	s := newService(t)
	for _, c := range decisionCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			in := &iam.SimulateCustomPolicyRequest{
				ActionNames: iam.ActionNameListType{iam.ActionNameType(c.Request.Action)}, ContextEntries: c.entries(),
				ResourceArns: iam.ResourceNameListType{iam.ResourceNameType(c.Request.Resource)},
			}
			for _, d := range c.Identity {
				in.PolicyInputList = append(in.PolicyInputList, simulationText(d))
			}
			if c.Boundary != nil {
				in.PermissionsBoundaryPolicyInputList = iam.SimulationPolicyListType{simulationText(c.Boundary)}
			}
			out, err := s.SimulateCustomPolicy(t.Context(), root, in)
			if err != nil {
				t.Fatal(err)
			}
			r := out.EvaluationResults[0]
			if want := evalDecisions[c.Want]; r.EvalDecision != want || r.ResourceSpecificResults[0].EvalResourceDecision != want {
				t.Errorf("%s, want %s", r.EvalDecision, want)
			}
			var got, want []string
			for _, m := range r.MatchedStatements {
				got = append(got, string(m.SourcePolicyId))
			}
			for _, place := range c.Statements {
				layer, rest, _ := strings.Cut(place, "/")
				id := "PermissionsBoundaryPolicyInputList.1"
				if layer == "identity" {
					n, _, _ := strings.Cut(rest, "/")
					id = "PolicyInputList." + map[string]string{"0": "1", "1": "2", "2": "3"}[n]
				}
				want = append(want, id)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("matched: %s", diff)
			}
		})
	}
}
