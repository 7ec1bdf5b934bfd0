package decision

import (
	"testing"

	"github.com/go-json-experiment/json"
)

// What an operator reads, as text and as JSON. Both are stable.
func TestTrust(t *testing.T) {
	named := Check{Statement: 1, Sid: "Own", Result: Applies}
	for name, test := range map[string]struct {
		trust Trust
		text  string
		json  string
	}{
		"allowed": {
			Trust{Outcome: Allow, Action: "sts:AssumeRole", Role: "r", Principal: "p", Checks: []Check{{Statement: 1, Result: OtherAction}, {Statement: 2, Sid: "Own", Result: Applies}}},
			`statement 2 ("Own") allows it`,
			`{"Outcome":"allow","Action":"sts:AssumeRole","Role":"r","Principal":"p","Checks":[{"Statement":1,"Result":"action"},{"Statement":2,"Sid":"Own","Result":"applies"}]}`,
		},
		"denied": {
			Trust{Outcome: Deny, Cause: "trust-denied", Action: "a", Checks: []Check{named, {Statement: 2, Deny: true, Result: Applies}}, Hint: "there is no such key"},
			"statement 2 denies it; there is no such key",
			`{"Outcome":"deny","Cause":"trust-denied","Action":"a","Role":"","Principal":"","Checks":[{"Statement":1,"Sid":"Own","Result":"applies"},` +
				`{"Statement":2,"Deny":true,"Result":"applies"}],"Hint":"there is no such key"}`,
		},
		"others": {Trust{Outcome: Refuse, Principal: "accounts.google.com", Checks: []Check{{Statement: 1, Result: OtherPrincipal}}}, `no statement allows anything to "accounts.google.com"`, ""},
		"nobody": {Trust{Outcome: Refuse, Principal: "p", Checks: []Check{{Statement: 1, Deny: true, Result: ConditionUnmet}}}, `no statement allows anything to "p"`, ""},
		"another action": {
			Trust{Outcome: Refuse, Action: "sts:TagSession", Checks: []Check{{Statement: 1, Result: OtherPrincipal}, {Statement: 2, Result: OtherAction}}},
			"statement 2 comes nearest, which does not allow sts:TagSession", "",
		},
		"fewer conditions": {
			Trust{Outcome: Refuse, Checks: []Check{{Statement: 1, Result: ConditionUnmet, Keys: []string{"a", "b"}}, {Statement: 2, Result: ConditionUnmet, Keys: []string{"b"}}}},
			"statement 2 comes nearest, whose conditions are not met: b", "",
		},
		"an audience": {
			Trust{Outcome: Refuse, Checks: []Check{{Statement: 1, Result: ConditionUnmet, Keys: []string{"x:aud"}}}, Seen: &Value{"x:aud", []string{"pool"}}},
			`statement 1 comes nearest, whose conditions are not met: x:aud; aud is ["pool"]`, "",
		},
		"a kind of user": {
			Trust{Outcome: Refuse, Checks: []Check{{Statement: 1, Result: ConditionUnmet, Keys: []string{"x:amr"}}}, Seen: &Value{"x:amr", []string{"unauthenticated"}}},
			`statement 1 comes nearest, whose conditions are not met: x:amr; amr begins with "unauthenticated"`, "",
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, &test.trust, test.text, test.json) })
	}
}

func TestPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		policies Policies
		text     string
		json     string
	}{
		"root": {Policies{Outcome: Allow, Root: true}, "", `{"Outcome":"allow","Root":true}`},
		"gone": {Policies{Outcome: Refuse, Cause: "principal-gone", Gone: true, Layers: []Layer{{Layer: "identity", Outcome: Refuse}}}, "", ""},
		"allowed": {
			Policies{Outcome: Allow, Action: "s3:GetObject", Resource: "*", Layers: []Layer{
				{"session", Allow, []Check{{Statement: 1, Result: Applies}}},
				{"boundary", Allow, []Check{{Statement: 2, Sid: "B", Result: Applies}}},
				{"identity", Allow, []Check{{Statement: 1, Result: Applies}, {Statement: 3, Result: Applies}}},
			}},
			`session: statement 1; boundary: statement 2 ("B"); identity: statement 1, statement 3`,
			`{"Outcome":"allow","Action":"s3:GetObject","Resource":"*","Layers":[{"Layer":"session","Outcome":"allow","Checks":[{"Statement":1,"Result":"applies"}]},` +
				`{"Layer":"boundary","Outcome":"allow","Checks":[{"Statement":2,"Sid":"B","Result":"applies"}]},` +
				`{"Layer":"identity","Outcome":"allow","Checks":[{"Statement":1,"Result":"applies"},{"Statement":3,"Result":"applies"}]}]}`,
		},
		"denied": {
			Policies{Outcome: Deny, Action: "a:B", Layers: []Layer{
				{"session", Allow, []Check{{Statement: 9, Result: Applies}}}, {"boundary", Deny, []Check{{Policy: "managed policy m", Statement: 2, Deny: true, Result: Applies}}},
			}},
			"statement 2 of managed policy m denies a:B", "",
		},
		"nothing near": {Policies{Outcome: Refuse, Action: "a:B", Layers: []Layer{{"identity", Refuse, nil}}}, "no statement allows a:B", ""},
		"another resource": {
			Policies{Outcome: Refuse, Action: "a:B", Resource: "r", Layers: []Layer{{"session", Allow, nil}, {"identity", Refuse, []Check{{Policy: "p", Statement: 1, Result: OtherResource}}}}},
			"statement 1 of p comes nearest, which is about other resources than r", "",
		},
		"conditions": {
			Policies{Outcome: Refuse, Layers: []Layer{{"identity", Refuse, []Check{{Policy: "p", Statement: 1, Result: ConditionUnmet, Keys: []string{"a", "b"}}}}}},
			"statement 1 of p comes nearest, which has conditions that are not met: a, b", "",
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, &test.policies, test.text, test.json) })
	}
}

func check(t *testing.T, part interface{ String() string }, text, want string) {
	t.Helper()
	if got := (Why{part}).Error(); got != text {
		t.Errorf("text %q, want %q", got, text)
	}
	got, err := json.Marshal(part)
	if err != nil || want != "" && string(got) != want {
		t.Errorf("JSON %s\nwant %s (%v)", got, want, err)
	}
}
