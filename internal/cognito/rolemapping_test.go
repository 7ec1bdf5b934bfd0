package cognito

import (
	"testing"

	"github.com/daypass/daypass/internal/decision"
)

func TestRules(t *testing.T) {
	tests := []struct {
		match  MappingRuleMatchType
		value  ClaimValue
		claims string
		want   decision.RuleOutcome
	}{
		{"Equals", "blue", `{"c":"blue"}`, decision.RuleMatched},
		{"Equals", "blue", `{"c":"Blue"}`, decision.RuleUnmatched},
		{"Equals", "blue", `{"c":" blue"}`, decision.RuleUnmatched},
		{"Equals", "blue", `{"c":["red","blue"]}`, decision.RuleMatched},
		{"Equals", "true", `{"c":true}`, decision.RuleMatched},
		{"Equals", "True", `{"c":true}`, decision.RuleUnmatched},
		{"Equals", "false", `{"c":false}`, decision.RuleMatched},
		{"Equals", "7", `{"c":7}`, decision.RuleMatched},
		{"Equals", "7", `{"c":7.0}`, decision.RuleUnmatched},
		{"Equals", "-12345678901234567890", `{"c":-12345678901234567890}`, decision.RuleMatched},
		{"Equals", "7", `{"c":["x",7]}`, decision.RuleMatched},
		{"Equals", "blue", `{"c":{"blue":"blue"}}`, decision.RuleClaimUnusable},
		{"Equals", "blue", `{"c":[["blue"]]}`, decision.RuleClaimUnusable},
		{"Equals", "blue", `{"c":[{"blue":1},"blue"]}`, decision.RuleMatched},
		{"Equals", "blue", `{"c":[]}`, decision.RuleClaimUnusable},
		{"Equals", "blue", `{"c":null}`, decision.RuleClaimAbsent},
		{"Equals", "blue", `{"C":"blue"}`, decision.RuleClaimAbsent},
		{"Equals", "blue", `{}`, decision.RuleClaimAbsent},
		{"StartsWith", "bl", `{"c":"blue"}`, decision.RuleMatched},
		{"StartsWith", "lu", `{"c":"blue"}`, decision.RuleUnmatched},
		{"StartsWith", "b", `{"c":["x","blue"]}`, decision.RuleMatched},
		{"StartsWith", "b", `{}`, decision.RuleClaimAbsent},
		{"Contains", "lu", `{"c":"blue"}`, decision.RuleMatched},
		{"Contains", "admin", `{"c":["not-admin"]}`, decision.RuleMatched},
		{"Contains", "x,y", `{"c":["x","y"]}`, decision.RuleUnmatched},
		{"Contains", "x", `{"c":["blue"]}`, decision.RuleUnmatched},
		{"Contains", "*", `{"c":"blue"}`, decision.RuleUnmatched},
		{"Contains", "x", `{}`, decision.RuleClaimAbsent},
		{"NotEqual", "blue", `{"c":"red"}`, decision.RuleMatched},
		{"NotEqual", "blue", `{"c":"Blue"}`, decision.RuleMatched},
		{"NotEqual", "blue", `{"c":["red","green"]}`, decision.RuleMatched},
		{"NotEqual", "blue", `{"c":["red","blue"]}`, decision.RuleUnmatched},
		{"NotEqual", "blue", `{"c":[]}`, decision.RuleClaimUnusable},
		{"NotEqual", "blue", `{"c":{}}`, decision.RuleClaimUnusable},
		{"NotEqual", "blue", `{"c":null}`, decision.RuleClaimAbsent},
		{"NotEqual", "blue", `{}`, decision.RuleClaimAbsent},
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
