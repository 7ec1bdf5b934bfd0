package cognito

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/login"
)

const (
	mappedARN = "arn:aws:iam::123456789012:oidc-provider/a.example"
	samlARN   = "arn:aws:iam::123456789012:saml-provider/corp"
)

func role(name string) ARNString { return ARNString("arn:aws:iam::123456789012:role/" + name) }

// claimed is the proof of a login whose token has these claims.
func claimed(t testing.TB, source, claims string) proof {
	t.Helper()
	f := proof{name: "a.example", source: source, claims: login.Claims{}}
	if err := json.Unmarshal([]byte(claims), &f.claims); err != nil {
		t.Fatal(err)
	}
	return f
}

func rulesOf(ambiguous AmbiguousRoleResolutionType, rules ...MappingRule) *RoleMapping {
	return &RoleMapping{Type: "Rules", AmbiguousRoleResolution: ambiguous, RulesConfiguration: &RulesConfigurationType{Rules: rules}}
}

func tokenOf(ambiguous AmbiguousRoleResolutionType) *RoleMapping {
	return &RoleMapping{Type: "Token", AmbiguousRoleResolution: ambiguous}
}

const (
	deniedText  = "NotAuthorizedException: The ambiguous role mapping rules for: " + mappedARN + " denied this request."
	forbidden   = "NotAuthorizedException: Access to Role 'arn:aws:iam::123456789012:role/%s' is forbidden."
	rolesAB     = `"cognito:roles":["arn:aws:iam::123456789012:role/a","arn:aws:iam::123456789012:role/b"]`
	rolesA      = `"cognito:roles":["arn:aws:iam::123456789012:role/a"]`
	preferredB  = `"cognito:preferred_role":"arn:aws:iam::123456789012:role/b"`
	standardARN = "arn:aws:iam::123456789012:role/standard"
)

// The resolution of one login, over the whole table of "Role-based access
// control" in the Amazon Cognito Developer Guide and where that is silent.
func TestResolveRole(t *testing.T) {
	admin := MappingRule{"groups", "Contains", "admin", role("admin")}
	staff := MappingRule{"groups", "Contains", "staff", role("staff")}
	others := MappingRule{"groups", "NotEqual", "admin", role("others")}
	none := ARNString("")
	tests := []struct {
		name    string
		mapping *RoleMapping
		claims  string
		custom  ARNString
		want    ARNString
		why     string // the reason, or the cause
		err     string
	}{
		{"no mapping", nil, `{` + rolesAB + `}`, none, role("standard"), "unmapped", ""},
		{"no mapping, a custom role", nil, `{` + rolesAB + `}`, role("a"), role("standard"), "unmapped", ""},

		{"token, several roles: default", tokenOf("AuthenticatedRole"), `{` + rolesAB + `}`, none, role("standard"), "ambiguous", ""},
		{"token, several roles: deny", tokenOf("Deny"), `{` + rolesAB + `}`, none, none, "role-ambiguous", deniedText},
		{"token, several roles: default, custom a", tokenOf("AuthenticatedRole"), `{` + rolesAB + `}`, role("a"), role("a"), "custom", ""},
		{"token, several roles: deny, custom a", tokenOf("Deny"), `{` + rolesAB + `}`, role("a"), role("a"), "custom", ""},
		{"token, several roles: default, custom c", tokenOf("AuthenticatedRole"), `{` + rolesAB + `}`, role("c"), none, "role-not-offered", fmt.Sprintf(forbidden, "c")},
		{"token, several roles: deny, custom c", tokenOf("Deny"), `{` + rolesAB + `}`, role("c"), none, "role-not-offered", fmt.Sprintf(forbidden, "c")},
		{"token, several roles: custom is the default", tokenOf("AuthenticatedRole"), `{` + rolesAB + `}`, role("standard"), none, "role-not-offered", fmt.Sprintf(forbidden, "standard")},
		{"token, a preferred role", tokenOf("Deny"), `{` + rolesAB + `,` + preferredB + `}`, none, role("b"), "preferred", ""},
		{"token, a preferred role: custom a", tokenOf("Deny"), `{` + rolesAB + `,` + preferredB + `}`, role("a"), role("a"), "custom", ""},
		{"token, a preferred role that is not in the list", tokenOf("Deny"), `{` + rolesA + `,` + preferredB + `}`, none, role("b"), "preferred", ""},
		{"token, a preferred role that is not in the list: custom b", tokenOf("Deny"), `{` + rolesA + `,` + preferredB + `}`, role("b"), none, "role-not-offered", fmt.Sprintf(forbidden, "b")},
		{"token, a preferred role and no list", tokenOf("Deny"), `{` + preferredB + `}`, none, role("b"), "preferred", ""},
		{"token, an empty preference", tokenOf("Deny"), `{` + rolesAB + `,"cognito:preferred_role":""}`, none, none, "role-ambiguous", deniedText},
		{"token, two preferences", tokenOf("Deny"), `{` + rolesAB + `,"cognito:preferred_role":["x","y"]}`, none, none, "role-ambiguous", deniedText},
		{"token, a lone role", tokenOf("Deny"), `{` + rolesA + `}`, none, role("a"), "alone", ""},
		{"token, the same role twice", tokenOf("Deny"), `{"cognito:roles":["arn:aws:iam::123456789012:role/a","arn:aws:iam::123456789012:role/a"]}`, none, role("a"), "alone", ""},
		{"token, a list with commas: custom b", tokenOf("Deny"), `{"cognito:roles":"arn:aws:iam::123456789012:role/a, arn:aws:iam::123456789012:role/b"}`, role("b"), role("b"), "custom", ""},
		{"token, a comma in a role's name", tokenOf("Deny"), `{"cognito:roles":["arn:aws:iam::123456789012:role/a,b"]}`, none, role("a,b"), "alone", ""},
		{"token, no roles: deny", tokenOf("Deny"), `{}`, none, none, "role-not-in-token", deniedText},
		{"token, no roles: default", tokenOf("AuthenticatedRole"), `{}`, none, role("standard"), "ambiguous", ""},
		{"token, an empty list: deny", tokenOf("Deny"), `{"cognito:roles":[]}`, none, none, "role-not-in-token", deniedText},
		{"token, roles in another case: deny", tokenOf("Deny"), `{"Cognito:Roles":["` + standardARN + `"]}`, none, none, "role-not-in-token", deniedText},
		{"token, no roles: custom", tokenOf("AuthenticatedRole"), `{}`, role("a"), none, "role-not-offered", fmt.Sprintf(forbidden, "a")},

		{"rules, the first match wins", rulesOf("Deny", admin, staff), `{"groups":["staff","admin"]}`, none, role("admin"), "rule", ""},
		{"rules, two matches: custom is the second", rulesOf("Deny", admin, staff), `{"groups":["staff","admin"]}`, role("staff"), role("staff"), "custom", ""},
		{"rules, custom of a rule that does not match", rulesOf("Deny", admin, staff), `{"groups":["admin"]}`, role("staff"), none, "role-not-offered", fmt.Sprintf(forbidden, "staff")},
		{"rules, custom that no rule has, default", rulesOf("AuthenticatedRole", admin), `{"groups":["admin"]}`, role("standard"), none, "role-not-offered", fmt.Sprintf(forbidden, "standard")},
		{"rules, no match: default", rulesOf("AuthenticatedRole", admin), `{"groups":["x"]}`, none, role("standard"), "ambiguous", ""},
		{"rules, no match: deny", rulesOf("Deny", admin), `{"groups":["x"]}`, none, none, "role-no-match", deniedText},
		{"rules, NotEqual over an absent claim: deny", rulesOf("Deny", others), `{}`, none, none, "role-claim-absent", deniedText},
		{"rules, NotEqual over an absent claim: default", rulesOf("AuthenticatedRole", others), `{}`, none, role("standard"), "ambiguous", ""},
		{"rules, NotEqual over an empty list: deny", rulesOf("Deny", others), `{"groups":[]}`, none, none, "role-no-match", deniedText},
		{"rules, NotEqual over another value", rulesOf("Deny", others), `{"groups":"x"}`, none, role("others"), "rule", ""},
		{"rules, a claim in another case", rulesOf("Deny", admin), `{"Groups":["admin"]}`, none, none, "role-claim-case", deniedText},
		{"rules, one claim absent, one different", rulesOf("Deny", admin, MappingRule{"sub", "Equals", "x", role("x")}), `{"sub":"y"}`, none, none, "role-no-match", deniedText},
		{"rules, none at all", rulesOf("Deny"), `{}`, none, none, "role-claim-absent", deniedText},
		{"rules, roles in the token are nothing to them", rulesOf("Deny", admin), `{` + rolesA + `}`, none, none, "role-claim-absent", deniedText},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &Pool{Roles: RolesMap{"authenticated": role("standard"), "unauthenticated": role("guest")}}
			if test.mapping != nil {
				p.RoleMappings = RoleMappingMap{mappedARN: *test.mapping}
			}
			checkResolution(t, p, []proof{claimed(t, mappedARN, test.claims)}, test.custom, test.want, test.why, test.err)
		})
	}
}

// checkResolution resolves twice, which must agree.
func checkResolution(t *testing.T, p *Pool, proofs []proof, custom, want ARNString, why, wantErr string) {
	t.Helper()
	answer := p.resolveRole(proofs, custom)
	trace := answer.answer
	if other := p.resolveRole(proofs, custom); !cmp.Equal(other.answer, trace) || other.decided != answer.decided {
		t.Errorf("%+v, then %+v", trace, other.answer)
	}
	text := ""
	if err, ok := awsapi.AsError(answer.refusal()); ok {
		text = err.Error()
		if string(err.Cause) != why {
			t.Errorf("cause %q, want %q", err.Cause, why)
		}
	}
	if got := string(trace.Reason) + string(trace.Cause); text != wantErr || got != why || answer.role() != want {
		t.Errorf("role %q because of %q, error %q, want %q because of %q, %q\n%s", answer.role(), got, text, want, why, wantErr, trace)
	}
}

// An assertion's roles count where the provider has no mapping, or one of type
// Token; rules are above them.
func TestResolveRoleOfAssertion(t *testing.T) {
	const denied = "NotAuthorizedException: The ambiguous role mapping rules for: " + samlARN + " denied this request."
	for _, test := range []struct {
		name    string
		mapping *RoleMapping
		roles   []ARNString
		custom  ARNString
		want    ARNString
		why     string
		err     string
	}{
		{"no roles", nil, nil, "", role("standard"), "unmapped", ""},
		{"one role", nil, []ARNString{role("a")}, "", role("a"), "alone", ""},
		{"two roles", nil, []ARNString{role("a"), role("b")}, "", "", "role-ambiguous", denied},
		{"two roles, one asked for", nil, []ARNString{role("a"), role("b")}, role("b"), role("b"), "custom", ""},
		{"two roles, another asked for", nil, []ARNString{role("a"), role("b")}, role("c"), "", "role-not-offered", fmt.Sprintf(forbidden, "c")},
		{"a mapping of type Token", tokenOf("AuthenticatedRole"), []ARNString{role("a"), role("b")}, "", role("standard"), "ambiguous", ""},
		{"rules", rulesOf("Deny", MappingRule{"sub", "Equals", "x", role("x")}), []ARNString{role("a")}, "", role("x"), "rule", ""},
		{"rules, and a role of the assertion asked for", rulesOf("Deny", MappingRule{"sub", "Equals", "x", role("x")}), []ARNString{role("a")}, role("a"), "", "role-not-offered", fmt.Sprintf(forbidden, "a")},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &Pool{Roles: RolesMap{"authenticated": role("standard")}}
			if test.mapping != nil {
				p.RoleMappings = RoleMappingMap{samlARN: *test.mapping}
			}
			f := claimed(t, samlARN, `{"sub":"x"}`)
			f.roles = texts(test.roles)
			checkResolution(t, p, []proof{f}, test.custom, test.want, test.why, test.err)
		})
	}
}

// With several logins the first that leads to a role counts; a denial counts
// only if none does.
func TestResolveRoleOfSeveralLogins(t *testing.T) {
	full := &Pool{Roles: RolesMap{"authenticated": role("standard"), "unauthenticated": role("guest")}, RoleMappings: RoleMappingMap{
		"one":   *rulesOf("Deny", MappingRule{"sub", "Equals", "x", role("x")}),
		"two":   *rulesOf("Deny", MappingRule{"sub", "Equals", "y", role("y")}),
		"three": *tokenOf("AuthenticatedRole"),
	}}
	noDefault := &Pool{RoleMappings: full.RoleMappings}
	login := func(source, claims string) proof { return claimed(t, source, claims) }
	const denied = "NotAuthorizedException: The ambiguous role mapping rules for: one denied this request."
	const unset = "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."
	for _, test := range []struct {
		name   string
		pool   *Pool
		proofs []proof
		custom ARNString
		want   ARNString
		why    string
		err    string
	}{
		{"guest", full, nil, "", role("guest"), "guest", ""},
		{"guest with a custom role", full, nil, role("x"), role("guest"), "guest", ""},
		{"guest without a role", noDefault, nil, "", "", "role-not-set", unset},
		{"no login is mapped", full, []proof{login("a", `{}`), login("b", `{}`)}, "", role("standard"), "unmapped", ""},
		{"no login is mapped, no default", noDefault, []proof{login("a", `{}`)}, "", "", "role-not-set", unset},
		{"one denies, the next has a role", full, []proof{login("a", `{}`), login("one", `{"sub":"y"}`), login("two", `{"sub":"y"}`)}, "", role("y"), "rule", ""},
		{"one denies, the next falls back", full, []proof{login("one", `{}`), login("three", `{}`)}, "", role("standard"), "ambiguous", ""},
		{"one falls back before one has a role", full, []proof{login("three", `{}`), login("two", `{"sub":"y"}`)}, "", role("standard"), "ambiguous", ""},
		{"a fallback to nothing, the next has a role", noDefault, []proof{login("three", `{}`), login("two", `{"sub":"y"}`)}, "", role("y"), "rule", ""},
		{"a fallback to nothing alone", noDefault, []proof{login("three", `{}`)}, "", "", "role-not-set", unset},
		{"a fallback to nothing and a denial", noDefault, []proof{login("three", `{}`), login("one", `{"sub":"y"}`)}, "", "", "role-no-match", denied},
		{"both deny: the first says why", full, []proof{login("one", `{}`), login("two", `{"sub":"x"}`)}, "", "", "role-claim-absent", denied},
		{"one is not mapped, the other denies", full, []proof{login("a", `{}`), login("one", `{"sub":"y"}`)}, "", "", "role-no-match", denied},
		{"the custom role fits the second", full, []proof{login("one", `{"sub":"x"}`), login("two", `{"sub":"y"}`)}, role("y"), role("y"), "custom", ""},
		{"the custom role fits none", full, []proof{login("one", `{"sub":"x"}`), login("two", `{"sub":"y"}`)}, role("z"), "", "role-not-offered", fmt.Sprintf(forbidden, "z")},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkResolution(t, test.pool, test.proofs, test.custom, test.want, test.why, test.err)
		})
	}
}

// Google may be in IAM too. The mapping of the ARN comes before that of the name,
// and a refusal names the one that refused.
func TestResolveRoleByNameOrARN(t *testing.T) {
	f := claimed(t, mappedARN, `{"sub":"x"}`)
	byName := *rulesOf("Deny", MappingRule{"sub", "Equals", "y", role("name")})
	byARN := *rulesOf("Deny", MappingRule{"sub", "Equals", "x", role("arn")})
	both := &Pool{RoleMappings: RoleMappingMap{"a.example": byName, mappedARN: byARN}}
	checkResolution(t, both, []proof{f}, "", role("arn"), "rule", "")
	checkResolution(t, &Pool{RoleMappings: RoleMappingMap{"a.example": byName}}, []proof{f}, "", "", "role-no-match",
		"NotAuthorizedException: The ambiguous role mapping rules for: a.example denied this request.")
}

// Developer users have the pool's role, whatever is mapped.
func TestDeveloperRole(t *testing.T) {
	p := &Pool{Roles: RolesMap{"authenticated": role("standard")}, RoleMappings: RoleMappingMap{"one": *rulesOf("Deny")}}
	if a := p.developerRole(role("x")); a.role() != role("standard") || a.answer.String() !=
		"custom role arn:aws:iam::123456789012:role/x is not looked at; role "+standardARN+": developer" {
		t.Errorf("%s", a.answer)
	}
}

// drawing of what role resolution looks at: few names, so that they meet.
var (
	drawRole  = rapid.Map(rapid.SampledFrom([]string{"a", "b", "c"}), role)
	drawClaim = rapid.SampledFrom([]string{"sub", "groups", "Groups"})
	drawValue = rapid.SampledFrom([]string{"x", "y", "xy"})
	drawRule  = rapid.Custom(func(t *rapid.T) MappingRule {
		return MappingRule{
			ClaimName(drawClaim.Draw(t, "claim")), rapid.SampledFrom([]MappingRuleMatchType{"Equals", "Contains", "StartsWith", "NotEqual"}).Draw(t, "match"),
			ClaimValue(drawValue.Draw(t, "value")), drawRole.Draw(t, "role"),
		}
	})
	drawMapping = rapid.Custom(func(t *rapid.T) RoleMapping {
		ambiguous := rapid.SampledFrom([]AmbiguousRoleResolutionType{"AuthenticatedRole", "Deny"}).Draw(t, "ambiguous")
		if rapid.Bool().Draw(t, "rules") {
			return *rulesOf(ambiguous, rapid.SliceOfN(drawRule, 0, 4).Draw(t, "rules")...)
		}
		return *tokenOf(ambiguous)
	})
	drawJSON = rapid.Custom(func(t *rapid.T) jsontext.Value {
		return jsontext.Value(rapid.SampledFrom([]string{`"x"`, `"y"`, `["x","y"]`, `[]`, `7`, `true`, `null`, `{"x":1}`}).Draw(t, "json"))
	})
)

// drawnProviders are the providers, n the one of SAML.
const drawnProviders = "klmn"

func drawPool(t *rapid.T) *Pool {
	p := &Pool{Roles: RolesMap{}, RoleMappings: RoleMappingMap{}}
	for _, kind := range []RoleType{"authenticated", "unauthenticated"} {
		if rapid.Bool().Draw(t, "has a role") {
			p.Roles[kind] = role(string(kind))
		}
	}
	for _, name := range drawnProviders {
		if rapid.Bool().Draw(t, "is mapped") {
			if name == 'n' {
				p.RoleMappings[samlARN] = drawMapping.Draw(t, "mapping")
				continue
			}
			p.RoleMappings[IdentityProviderName(name)] = drawMapping.Draw(t, "mapping")
		}
	}
	return p
}

func drawProofs(t *rapid.T) []proof {
	var proofs []proof
	for _, name := range drawnProviders {
		if !rapid.Bool().Draw(t, "logs in") {
			continue
		}
		f := proof{name: string(name), source: string(name), claims: rapid.MapOfN(drawClaim, drawJSON, 0, 3).Draw(t, "claims")}
		if rapid.Bool().Draw(t, "has roles") {
			f.claims["cognito:roles"], _ = json.Marshal(rapid.SliceOfN(drawRole, 0, 3).Draw(t, "roles"))
		}
		if rapid.Bool().Draw(t, "has a preferred role") {
			f.claims["cognito:preferred_role"], _ = json.Marshal(drawRole.Draw(t, "preferred"))
		}
		if name == 'n' {
			f.name, f.source = samlARN, samlARN
			f.roles = texts(rapid.SliceOfN(drawRole, 0, 2).Draw(t, "asserted roles"))
		}
		proofs = append(proofs, f)
	}
	return proofs
}

// Whatever is configured and claimed: the same question has the same answer,
// from maps that were filled in another order too; a role comes from the pool or
// from a token; where all that is heard denies there is none; a role that was
// asked for is the one, or nothing is; and the trace agrees.
func TestResolveRoleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, proofs := drawPool(t), drawProofs(t)
		var custom ARNString
		if rapid.Bool().Draw(t, "asks") {
			custom = drawRole.Draw(t, "custom")
		}
		answer := p.resolveRole(proofs, custom)
		trace := answer.answer
		if again := refilled(p).resolveRole(proofs, custom); !cmp.Equal(again.answer, trace) || again.decided != answer.decided {
			t.Fatalf("%+v, then %+v", trace, again.answer)
		}
		if answer.role() != "" && !slices.Contains(nameable(p, proofs), answer.role()) {
			t.Fatalf("nobody named %s", answer.role())
		}
		if (trace.Role == "") != (trace.Cause != "") || (trace.Role == "") != (trace.Reason == "") {
			t.Fatalf("%+v", trace)
		}
		checkHeard(t, p, proofs, custom, answer)
	})
}

// checkHeard holds an answer to what those logins say that have a say, in words
// of its own.
func checkHeard(t *rapid.T, p *Pool, proofs []proof, custom ARNString, answer roleAnswer) {
	heard, lenient, offers := 0, 0, 0
	for _, f := range proofs {
		m, mapped := p.RoleMappings[IdentityProviderName(f.name)]
		if !mapped && len(f.roles) == 0 {
			continue
		}
		heard++
		if m.AmbiguousRoleResolution == "AuthenticatedRole" {
			lenient++
		}
		if len(offered(m, f)) > 0 {
			offers++
		}
	}
	switch {
	case len(proofs) == 0 && answer.role() != p.Roles["unauthenticated"]:
		t.Fatalf("a guest gets %s", answer.role())
	case len(proofs) > 0 && heard == 0 && answer.role() != p.Roles["authenticated"]:
		t.Fatalf("who is not mapped gets %s", answer.role())
	case heard > 0 && offers == 0 && lenient == 0 && answer.role() != "":
		t.Fatalf("everybody denies, and there is %s", answer.role())
	case heard > 0 && custom != "" && answer.role() != "" && answer.role() != custom:
		t.Fatalf("asked for %s, got %s", custom, answer.role())
	}
}

// texts are roles as logins have them.
func texts(roles []ARNString) []string {
	var list []string
	for _, r := range roles {
		list = append(list, string(r))
	}
	return list
}

// offered are the roles that a login could lead to but for the default.
func offered(m RoleMapping, f proof) []ARNString {
	if m.Type != "Rules" {
		roles, preferred := rolesOf(f)
		if preferred != "" {
			roles = append(slices.Clone(roles), preferred)
		}
		var arns []ARNString
		for _, r := range roles {
			arns = append(arns, ARNString(r))
		}
		return arns
	}
	var roles []ARNString
	for _, r := range m.RulesConfiguration.Rules {
		var claim readClaim
		if claim.read(f.claims, r.Claim); r.test(claim) == decision.RuleMatched {
			roles = append(roles, r.RoleARN)
		}
	}
	return roles
}

// nameable are all roles that the pool or a token names.
func nameable(p *Pool, proofs []proof) []ARNString {
	roles := slices.Collect(maps.Values(p.Roles))
	for _, m := range p.RoleMappings {
		if m.RulesConfiguration != nil {
			for _, r := range m.RulesConfiguration.Rules {
				roles = append(roles, r.RoleARN)
			}
		}
	}
	for _, f := range proofs {
		roles = append(roles, offered(RoleMapping{}, f)...)
	}
	return roles
}

// refilled is the same pool with maps that were filled in the reverse order.
func refilled(p *Pool) *Pool {
	c := &Pool{Roles: RolesMap{}, RoleMappings: RoleMappingMap{}}
	for _, kind := range slices.Backward(slices.Sorted(maps.Keys(p.Roles))) {
		c.Roles[kind] = p.Roles[kind]
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(p.RoleMappings))) {
		c.RoleMappings[name] = p.RoleMappings[name]
	}
	return c
}

// The reasons cost little: the role, its login, its rules and the values of a claim.
func TestResolveRoleAllocations(t *testing.T) {
	p := &Pool{RoleMappings: RoleMappingMap{mappedARN: *rulesOf("Deny", MappingRule{"sub", "Equals", "y", role("y")})}}
	proofs := []proof{claimed(t, mappedARN, `{"sub":"y"}`)}
	var answer roleAnswer
	if n := testing.AllocsPerRun(100, func() { answer = p.resolveRole(proofs, "") }); n > 6 {
		t.Errorf("%v allocations", n)
	}
	if answer.answer.Cause != "" || answer.role() != role("y") {
		t.Errorf("%+v", answer.answer)
	}
}
