package cognito

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// What an operator reads, as lines and as JSON. Both are stable.
func TestRoleDecided(t *testing.T) {
	rules := *rulesOf("Deny",
		MappingRule{"groups", "Contains", "admin", role("admin")},
		MappingRule{"custom:dept", "Equals", "blue", role("blue")},
		MappingRule{"address", "NotEqual", "x", role("x")},
		MappingRule{"sub", "StartsWith", "al", role("al")},
	)
	pool := &Pool{Roles: RolesMap{"authenticated": role("standard")}, RoleMappings: RoleMappingMap{
		"arn:rules": rules, "arn:token": *tokenOf("Deny"), "arn:lenient": *tokenOf("AuthenticatedRole"),
	}}
	google := claimed(t, "accounts.google.com", `{}`)
	google.name = "accounts.google.com"
	alice := claimed(t, "arn:rules", `{"groups":["a","b","c","d","e","f"],"Custom:Dept":"blue","address":{},"sub":"alice"}`)
	for _, test := range []struct {
		name   string
		proofs []proof
		custom ARNString
		lines  string
		json   string
	}{
		{
			"guest", nil, "", `
no role: role-not-set`,
			`{"Cause":"role-not-set"}`,
		},
		{
			"rules", []proof{google, alice}, "", `
login accounts.google.com: no mapping
login a.example: mapping arn:rules of type Rules
rule 1: "groups" Contains "admin": unmatched, seen "a" "b" "c" "d" and 2 more
rule 2: "custom:dept" Equals "blue": absent, there is "Custom:Dept"
rule 3: "address" NotEqual "x": unusable
rule 4: "sub" StartsWith "al": matched, seen "alice"
role arn:aws:iam::123456789012:role/al: rule`,
			`{"Role":"arn:aws:iam::123456789012:role/al","Reason":"rule","Login":"a.example","Logins":[{"Login":"accounts.google.com"},` +
				`{"Login":"a.example","Mapping":"arn:rules","Type":"Rules","AmbiguousRoleResolution":"Deny","Rules":[` +
				`{"Rule":1,"Claim":"groups","MatchType":"Contains","Value":"admin","RoleARN":"arn:aws:iam::123456789012:role/admin","Outcome":"unmatched","Seen":["a","b","c","d"],"More":2},` +
				`{"Rule":2,"Claim":"custom:dept","MatchType":"Equals","Value":"blue","RoleARN":"arn:aws:iam::123456789012:role/blue","Outcome":"absent","Spelled":"Custom:Dept"},` +
				`{"Rule":3,"Claim":"address","MatchType":"NotEqual","Value":"x","RoleARN":"arn:aws:iam::123456789012:role/x","Outcome":"unusable"},` +
				`{"Rule":4,"Claim":"sub","MatchType":"StartsWith","Value":"al","RoleARN":"arn:aws:iam::123456789012:role/al","Outcome":"matched","Seen":["alice"]}],` +
				`"Role":"arn:aws:iam::123456789012:role/al","Reason":"rule"}]}`,
		},
		{
			"a role that is not offered", []proof{claimed(t, "arn:token", `{`+rolesA+`}`)}, role("c"), `
login a.example: mapping arn:token of type Token
roles offered: "arn:aws:iam::123456789012:role/a"
it leads to no role: role-not-offered
custom role arn:aws:iam::123456789012:role/c is not offered
no role: role-not-offered`,
			`{"Cause":"role-not-offered","CustomRoleArn":"arn:aws:iam::123456789012:role/c","Logins":[{"Login":"a.example","Mapping":"arn:token","Type":"Token","AmbiguousRoleResolution":"Deny",` +
				`"Roles":["arn:aws:iam::123456789012:role/a"],"Cause":"role-not-offered"}]}`,
		},
		{
			"a preferred role of nobody's list", []proof{claimed(t, "arn:token", `{`+rolesA+`,`+preferredB+`}`)}, "", `
login a.example: mapping arn:token of type Token
roles offered: "arn:aws:iam::123456789012:role/a", preferred: "arn:aws:iam::123456789012:role/b", which is not among them
role arn:aws:iam::123456789012:role/b: preferred`,
			`{"Role":"arn:aws:iam::123456789012:role/b","Reason":"preferred","Login":"a.example","Logins":[{"Login":"a.example","Mapping":"arn:token","Type":"Token","AmbiguousRoleResolution":"Deny",` +
				`"Roles":["arn:aws:iam::123456789012:role/a"],"PreferredRole":"arn:aws:iam::123456789012:role/b","Role":"arn:aws:iam::123456789012:role/b","Reason":"preferred"}]}`,
		},
		{
			"the default, and a custom role nobody looks at", []proof{google}, role("c"), `
login accounts.google.com: no mapping
custom role arn:aws:iam::123456789012:role/c is not looked at
role arn:aws:iam::123456789012:role/standard: unmapped`,
			`{"Role":"arn:aws:iam::123456789012:role/standard","Reason":"unmapped","CustomRoleArn":"arn:aws:iam::123456789012:role/c","Logins":[{"Login":"accounts.google.com"}]}`,
		},
		{
			"a mapping that falls back", []proof{claimed(t, "arn:lenient", `{}`)}, "", `
login a.example: mapping arn:lenient of type Token
no roles offered
AmbiguousRoleResolution AuthenticatedRole
role arn:aws:iam::123456789012:role/standard: ambiguous`,
			`{"Role":"arn:aws:iam::123456789012:role/standard","Reason":"ambiguous","Login":"a.example","Logins":[{"Login":"a.example","Mapping":"arn:lenient","Type":"Token",` +
				`"AmbiguousRoleResolution":"AuthenticatedRole","Role":"arn:aws:iam::123456789012:role/standard","Reason":"ambiguous"}]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			trace := pool.resolveRole(test.proofs, test.custom).answer
			if diff := cmp.Diff(test.lines, "\n"+strings.Join(trace.Lines(), "\n")); diff != "" {
				t.Errorf("lines (-want +got)\n%s", diff)
			}
			text, err := json.Marshal(trace)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.json, string(text)); diff != "" {
				t.Errorf("JSON (-want +got)\n%s", diff)
			}
		})
	}
}

// A trace is bounded whatever the claims and the rules are, and shows no token.
func TestRoleDecidedIsBounded(t *testing.T) {
	many := make([]MappingRule, 400)
	for n := range many {
		many[n] = MappingRule{"sub", "Equals", ClaimValue(strings.Repeat("v", 128)), role("r")}
	}
	p := &Pool{RoleMappings: RoleMappingMap{mappedARN: *rulesOf("Deny", many...)}}
	trace := p.resolveRole([]proof{claimed(t, mappedARN, `{"sub":"`+strings.Repeat("é", 10000)+`"}`)}, "").answer
	if text := trace.String(); len(text) > 4<<10+3 || !strings.HasSuffix(text, "...") {
		t.Errorf("%d bytes", len(text))
	}
	if seen := trace.Logins[0].Rules[0].Seen[0]; seen != strings.Repeat("é", 32)+"..." {
		t.Errorf("seen %q", seen)
	}
	p = &Pool{RoleMappings: RoleMappingMap{mappedARN: *rulesOf("Deny", MappingRule{"upstream", "Equals", "x", role("r")})}}
	trace = p.resolveRole([]proof{claimed(t, mappedARN, `{"upstream":["eyJhbGciOi.J9.x","opaque"]}`)}, "").answer
	if diff := cmp.Diff([]string{"[token]", "opaque"}, trace.Logins[0].Rules[0].Seen); diff != "" {
		t.Errorf("seen (-want +got)\n%s", diff)
	}
}

// Whatever a token claims, resolution comes to an answer, and its trace is text
// of bounded length that agrees with it.
func FuzzRoleTrace(f *testing.F) {
	f.Add([]byte(`{"c":["x",1,true,null,{"a":1},["y"]],"C":"x","cognito:roles":"a, b,,a","cognito:preferred_role":["b"]}`), "Equals", "x", "a")
	f.Add([]byte(`{"c":"\u0000\ud83d\ude00;\n","cognito:roles":[1,""],"cognito:preferred_role":""}`), "NotEqual", "", "")
	f.Fuzz(func(t *testing.T, text []byte, match, value, custom string) {
		proofs := []proof{{name: "one", source: "one"}, {name: "two", source: "two"}}
		for n := range proofs {
			if json.Unmarshal(text, &proofs[n].claims) != nil {
				return
			}
		}
		p := &Pool{RoleMappings: RoleMappingMap{
			"one": *rulesOf("Deny", MappingRule{"c", MappingRuleMatchType(match), ClaimValue(value), role("r")}, MappingRule{"C", "Contains", "x", role("s")}),
			"two": *tokenOf("Deny"),
		}}
		answer := p.resolveRole(proofs, ARNString(custom))
		trace := answer.answer
		if (trace.Role == "") != (trace.Cause != "") || (trace.Role == "") != (answer.refusal() != nil) {
			t.Errorf("%+v", trace)
		}
		line := trace.String()
		if len(line) > 4<<10+3 || utf8.ValidString(custom) && utf8.ValidString(match) && !utf8.ValidString(line) {
			t.Errorf("%q", line)
		}
		if roles, _ := rolesOf(proofs[1]); slices.ContainsFunc(roles, func(r string) bool { return r == "" || strings.TrimSpace(r) != r }) {
			t.Errorf("roles %q", roles)
		}
	})
}
