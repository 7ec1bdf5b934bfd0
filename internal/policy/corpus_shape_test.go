package policy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/policy"
)

// The tests here are about the corpus itself.

// Every file is run, every case has a name of its own in its file, and no case
// says what another one says.
func TestCorpusHasNoDuplicates(t *testing.T) {
	known := slices.Concat(conditionFiles, decisionFiles, []string{"malformed.json", "wellformed.json", "README.md"})
	entries, err := os.ReadDir("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	count, said := 0, map[string]string{}
	for _, entry := range entries {
		if !slices.Contains(known, entry.Name()) {
			t.Errorf("no test runs %s", entry.Name())
		}
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		names := map[string]bool{}
		for _, c := range corpus[map[string]jsontext.Value](t, entry.Name()) {
			name := string(c["name"])
			delete(c, "name")
			if name == "" || names[name] {
				t.Errorf("%s: name %s is empty or given twice", entry.Name(), name)
			}
			names[name] = true
			body, err := json.Marshal(c, json.Deterministic(true))
			must(err)
			text := jsontext.Value(body)
			must(text.Canonicalize())
			if other, twice := said[string(text)]; twice {
				t.Errorf("%s: %s says what %s says", entry.Name(), name, other)
			}
			said[string(text)] = entry.Name() + ": " + name
			count++
		}
	}
	t.Logf("%d cases", count)
}

// The operators of the user guide; all but Null have a suffix and two prefixes.
var baseOperators = strings.Fields(`
	StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
	NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
	DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals
	Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnNotEquals ArnLike ArnNotLike`)

// Every form of every operator has a case for a key that is missing, and cases
// that hold or fail for one value and for several.
func TestCorpusCoversOperators(t *testing.T) {
	type cell struct {
		operator string
		values   int // 2: several
	}
	covered := map[cell]bool{}
	for _, file := range conditionFiles {
		for _, c := range corpus[conditionCase](t, file) {
			var condition map[string]map[string]jsontext.Value
			must(json.Unmarshal(c.Condition, &condition))
			ctx := contextOf(c.Context)
			for operator, keys := range condition {
				for key := range keys {
					covered[cell{operator, min(2, len(ctx[strings.ToLower(key)]))}] = true
				}
			}
		}
	}
	for _, name := range append(operatorForms(), "Null") {
		for values := range 3 {
			if !covered[cell{name, values}] {
				t.Errorf("no case has %s and %d values", name, values)
			}
		}
	}
}

// Every sentence about malformed documents that IAM is known to answer with has
// a case.
func TestCorpusCoversSentences(t *testing.T) {
	sentences := map[string][]string{
		"identity": {
			"Syntax errors in policy.", "Policy document must be version 2012-10-17 or greater.", "The policy failed legacy parsing",
			"Statement IDs (SID) in a single policy must be unique.", "Statement IDs (SID) must be alpha-numeric.",
			"Policy statement must contain actions.", "Policy statement must contain resources.",
			`must be in ARN format or "*".`, `is not valid for resource "arn:`, "Resource vendor must be fully qualified and cannot contain regexes.",
			"IAM resource ", "can not contain region information.",
			`IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, ` +
				"server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
			"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", "Actions/Condition can contain only one colon.",
			"Vendor a a is not valid", "Vendor ", "Policy document should not specify a principal.",
		},
		"trust": {
			"This policy contains invalid Json", "Syntax error in policy.", "The policy must contain a valid version string",
			"Could not parse the policy: Statement is empty!", "The Statement Ids in the policy are not unique", "Statement IDs (SID) must be alpha-numeric.",
			"Missing required field Effect", "Missing required field Principal", "Missing required field Action",
			"Missing required field Principal cannot be empty!", "Invalid effect: ", "Principal must be a JSON object.",
			"Allow with NotPrincipal is not allowed.", "AssumeRole policy must not contain NotPrincipal field.",
			"AssumeRole policy may only specify STS AssumeRole actions.", "Has prohibited field Resource", "AssumeRole policy must not contain resources.",
			`Invalid principal in policy: "AWS":"`, `Invalid principal in policy: "SERVICE":"`, `Invalid principal in policy: "CanonicalUser":"`, "Invalid principal in policy: ",
			"Federated principals must be valid domain names or SAML metadata ARNs", "A condition block must be present for the Cognito provider",
			"Invalid Condition type : ", "Trust policy with trusted principal ",
		},
	}
	cases := corpus[documentCase](t, "malformed.json")
	for i := range cases {
		if kindOf(t, cases[i].Kind) != policy.Trust {
			cases[i].Kind = "identity" // which share their sentences
		}
	}
	for kind, list := range sentences {
		for _, sentence := range list {
			if !slices.ContainsFunc(cases, func(c documentCase) bool { return c.Kind == kind && strings.Contains(c.Message, sentence) }) {
				t.Errorf("%s: no case is answered %q", kind, sentence)
			}
		}
	}
	for _, c := range cases {
		if !slices.ContainsFunc(sentences[c.Kind], func(s string) bool { return strings.Contains(c.Message, s) }) {
			t.Errorf("%s: unknown sentence %q", c.Name, c.Message)
		}
	}
}
