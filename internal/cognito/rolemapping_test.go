package cognito

import "testing"

func TestRules(t *testing.T) {
	tests := []struct {
		match  MappingRuleMatchType
		value  ClaimValue
		claims string
		want   RuleOutcome
	}{
		{"Equals", "blue", `{"c":"blue"}`, RuleMatched},
		{"Equals", "blue", `{"c":"Blue"}`, RuleUnmatched},
		{"Equals", "blue", `{"c":" blue"}`, RuleUnmatched},
		{"Equals", "blue", `{"c":["red","blue"]}`, RuleMatched},
		{"Equals", "true", `{"c":true}`, RuleMatched},
		{"Equals", "True", `{"c":true}`, RuleUnmatched},
		{"Equals", "false", `{"c":false}`, RuleMatched},
		{"Equals", "7", `{"c":7}`, RuleMatched},
		{"Equals", "7", `{"c":7.0}`, RuleUnmatched},
		{"Equals", "-12345678901234567890", `{"c":-12345678901234567890}`, RuleMatched},
		{"Equals", "7", `{"c":["x",7]}`, RuleMatched},
		{"Equals", "blue", `{"c":{"blue":"blue"}}`, RuleClaimUnusable},
		{"Equals", "blue", `{"c":[["blue"]]}`, RuleClaimUnusable},
		{"Equals", "blue", `{"c":[{"blue":1},"blue"]}`, RuleMatched},
		{"Equals", "blue", `{"c":[]}`, RuleClaimUnusable},
		{"Equals", "blue", `{"c":null}`, RuleClaimAbsent},
		{"Equals", "blue", `{"C":"blue"}`, RuleClaimAbsent},
		{"Equals", "blue", `{}`, RuleClaimAbsent},
		{"StartsWith", "bl", `{"c":"blue"}`, RuleMatched},
		{"StartsWith", "lu", `{"c":"blue"}`, RuleUnmatched},
		{"StartsWith", "b", `{"c":["x","blue"]}`, RuleMatched},
		{"StartsWith", "b", `{}`, RuleClaimAbsent},
		{"Contains", "lu", `{"c":"blue"}`, RuleMatched},
		{"Contains", "admin", `{"c":["not-admin"]}`, RuleMatched},
		{"Contains", "x,y", `{"c":["x","y"]}`, RuleUnmatched},
		{"Contains", "x", `{"c":["blue"]}`, RuleUnmatched},
		{"Contains", "*", `{"c":"blue"}`, RuleUnmatched},
		{"Contains", "x", `{}`, RuleClaimAbsent},
		{"NotEqual", "blue", `{"c":"red"}`, RuleMatched},
		{"NotEqual", "blue", `{"c":"Blue"}`, RuleMatched},
		{"NotEqual", "blue", `{"c":["red","green"]}`, RuleMatched},
		{"NotEqual", "blue", `{"c":["red","blue"]}`, RuleUnmatched},
		{"NotEqual", "blue", `{"c":[]}`, RuleClaimUnusable},
		{"NotEqual", "blue", `{"c":{}}`, RuleClaimUnusable},
		{"NotEqual", "blue", `{"c":null}`, RuleClaimAbsent},
		{"NotEqual", "blue", `{}`, RuleClaimAbsent},
	}
	for _, test := range tests {
		f := claimed(t, "x", test.claims)
		var claim readClaim
		claim.read(f.claims, "c")
		if got := (MappingRule{"c", test.match, test.value, role("r")}).test(claim); got != test.want {
			t.Errorf("%s %q over %s: %s, want %s", test.match, test.value, test.claims, got, test.want)
		}
	}
}
