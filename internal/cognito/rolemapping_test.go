package cognito

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/login"
)

const mappedARN = "arn:aws:iam::123456789012:oidc-provider/a.example"

func role(name string) ARNString { return ARNString("arn:aws:iam::123456789012:role/" + name) }

// claimed is the proof of a login whose token has these claims.
func claimed(t *testing.T, source, claims string) proof {
	t.Helper()
	f := proof{name: "a.example", source: source, claims: login.Claims{}}
	if err := json.Unmarshal([]byte(claims), &f.claims); err != nil {
		t.Fatal(err)
	}
	return f
}

func rulesOf(ambiguous AmbiguousRoleResolutionType, rules ...MappingRule) RoleMapping {
	return RoleMapping{Type: "Rules", AmbiguousRoleResolution: ambiguous, RulesConfiguration: &RulesConfigurationType{Rules: rules}}
}

func TestChooseRole(t *testing.T) {
	const denied = "NotAuthorizedException: The ambiguous role mapping rules for: " + mappedARN + " denied this request."
	token := func(a AmbiguousRoleResolutionType) RoleMapping {
		return RoleMapping{Type: "Token", AmbiguousRoleResolution: a}
	}
	admin := MappingRule{"groups", "Contains", "admin", role("admin")}
	staff := MappingRule{"groups", "Contains", "staff", role("staff")}
	const a, b = `"arn:aws:iam::123456789012:role/a"`, `"arn:aws:iam::123456789012:role/b"`
	tests := []struct {
		name    string
		mapping *RoleMapping
		claims  string
		custom  ARNString
		want    ARNString
		err     string
	}{
		{"no mapping", nil, `{}`, "", role("standard"), ""},
		{"no mapping and a custom role", nil, `{}`, role("a"), role("standard"), ""},
		{"token: preferred role", new(token("Deny")), `{"cognito:roles":[` + a + `,` + b + `],"cognito:preferred_role":` + b + `}`, "", role("b"), ""},
		{"token: a lone role", new(token("Deny")), `{"cognito:roles":[` + a + `]}`, "", role("a"), ""},
		{"token: several roles, deny", new(token("Deny")), `{"cognito:roles":[` + a + `,` + b + `]}`, "", "", denied},
		{"token: several roles, default", new(token("AuthenticatedRole")), `{"cognito:roles":[` + a + `,` + b + `]}`, "", role("standard"), ""},
		{"token: no roles, deny", new(token("Deny")), `{}`, "", "", denied},
		{"token: a list with commas", new(token("Deny")), `{"cognito:roles":"arn:aws:iam::123456789012:role/a, arn:aws:iam::123456789012:role/b"}`, role("b"), role("b"), ""},
		{"token: a comma in a role's name", new(token("Deny")), `{"cognito:roles":["arn:aws:iam::123456789012:role/a,b"]}`, "", role("a,b"), ""},
		{"token: custom role overrides the preference", new(token("Deny")), `{"cognito:roles":[` + a + `,` + b + `],"cognito:preferred_role":` + b + `}`, role("a"), role("a"), ""},
		{"token: custom role that is not offered", new(token("AuthenticatedRole")), `{"cognito:roles":[` + a + `]}`, role("c"), "",
			"NotAuthorizedException: Access to Role 'arn:aws:iam::123456789012:role/c' is forbidden."},
		{"rules: the first match wins", new(rulesOf("Deny", admin, staff)), `{"groups":["staff","admin"]}`, "", role("admin"), ""},
		{"rules: custom role among the matches", new(rulesOf("Deny", admin, staff)), `{"groups":["staff","admin"]}`, role("staff"), role("staff"), ""},
		{"rules: custom role of a rule that does not match", new(rulesOf("Deny", admin, staff)), `{"groups":["admin"]}`, role("staff"), "",
			"NotAuthorizedException: Access to Role 'arn:aws:iam::123456789012:role/staff' is forbidden."},
		{"rules: no match, default", new(rulesOf("AuthenticatedRole", admin)), `{"groups":["x"]}`, "", role("standard"), ""},
		{"rules: no match, deny", new(rulesOf("Deny", admin)), `{"groups":["x"]}`, "", "", denied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &Pool{Roles: RolesMap{"authenticated": role("standard"), "unauthenticated": role("guest")}}
			if test.mapping != nil {
				p.RoleMappings = RoleMappingMap{mappedARN: *test.mapping}
			}
			got, _, err := p.chooseRole([]proof{claimed(t, mappedARN, test.claims)}, test.custom)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got != test.want || text != test.err {
				t.Errorf("role %q, error %q, want %q, %q", got, text, test.want, test.err)
			}
		})
	}
}

func TestGuestsGetTheirRoleWhateverTheMappings(t *testing.T) {
	p := &Pool{Roles: RolesMap{"unauthenticated": role("guest")}, RoleMappings: RoleMappingMap{mappedARN: rulesOf("Deny")}}
	if got, decided, err := p.chooseRole(nil, role("a")); got != role("guest") || decided != -1 || err != nil {
		t.Errorf("%q, %d, %v", got, decided, err)
	}
}

// With several logins the first that leads to a role counts; a denial counts
// only if none does.
func TestChooseRoleOfSeveralLogins(t *testing.T) {
	p := &Pool{Roles: RolesMap{"authenticated": role("standard")}, RoleMappings: RoleMappingMap{
		"one": rulesOf("Deny", MappingRule{"sub", "Equals", "x", role("x")}),
		"two": rulesOf("Deny", MappingRule{"sub", "Equals", "y", role("y")}),
	}}
	unmapped, denied, found := claimed(t, "three", `{}`), claimed(t, "one", `{"sub":"y"}`), claimed(t, "two", `{"sub":"y"}`)
	if got, decided, err := p.chooseRole([]proof{unmapped, denied, found}, ""); got != role("y") || decided != 2 || err != nil {
		t.Errorf("%q, %d, %v", got, decided, err)
	}
	if _, _, err := p.chooseRole([]proof{unmapped, denied}, ""); err == nil || err.Message != "The ambiguous role mapping rules for: one denied this request." {
		t.Errorf("error %v", err)
	}
}

// A mapping that falls back to a default role that the pool does not have
// leads to none, and the next one is asked.
func TestChooseRoleWithoutDefault(t *testing.T) {
	p := &Pool{RoleMappings: RoleMappingMap{
		"one": rulesOf("AuthenticatedRole"), "two": rulesOf("Deny", MappingRule{"sub", "Equals", "y", role("y")}),
	}}
	if got, decided, err := p.chooseRole([]proof{claimed(t, "one", `{}`), claimed(t, "two", `{"sub":"y"}`)}, ""); got != role("y") || decided != 1 || err != nil {
		t.Errorf("%q, %d, %v", got, decided, err)
	}
}

func TestPrincipalTagKeysCountIgnoringCase(t *testing.T) {
	if err := checkTagAttributes(PrincipalTags{"dept": "a", "Dept": "b"}); err == nil || err.Message != "Duplicate tag keys found. Please note that Tag keys are case insensitive." {
		t.Errorf("error %v", err)
	}
	p := &Pool{PrincipalTagMaps: map[IdentityProviderName]PrincipalTagMap{
		"one": {PrincipalTags: PrincipalTags{"dept": "c"}}, "two": {PrincipalTags: PrincipalTags{"Dept": "c"}},
	}}
	proofs := []proof{claimed(t, "one", `{"c":"1"}`), claimed(t, "two", `{"c":"2"}`)}
	for decided, want := range map[int]map[string]string{-1: {"dept": "1"}, 1: {"Dept": "2"}} {
		if diff := cmp.Diff(want, p.sessionTags(proofs, decided)); diff != "" {
			t.Errorf("%d (-want +got)\n%s", decided, diff)
		}
	}
}

func TestRuleMatches(t *testing.T) {
	tests := []struct {
		match  MappingRuleMatchType
		value  ClaimValue
		claims string
		want   bool
	}{
		{"Equals", "blue", `{"c":"blue"}`, true},
		{"Equals", "blue", `{"c":"Blue"}`, false},
		{"Equals", "blue", `{"c":["red","blue"]}`, true},
		{"Equals", "true", `{"c":true}`, true},
		{"Equals", "7", `{"c":7}`, true},
		{"Equals", "blue", `{"c":{"blue":"blue"}}`, false},
		{"Equals", "blue", `{"c":null}`, false},
		{"Equals", "blue", `{}`, false},
		{"StartsWith", "bl", `{"c":"blue"}`, true},
		{"StartsWith", "lu", `{"c":"blue"}`, false},
		{"Contains", "lu", `{"c":"blue"}`, true},
		{"Contains", "admin", `{"c":["not-admin"]}`, true},
		{"Contains", "x", `{"c":["blue"]}`, false},
		{"Contains", "*", `{"c":"blue"}`, false},
		{"NotEqual", "blue", `{"c":"red"}`, true},
		{"NotEqual", "blue", `{"c":["red","blue"]}`, false},
		{"NotEqual", "blue", `{}`, false},
	}
	for _, test := range tests {
		f := claimed(t, "x", test.claims)
		if got := (MappingRule{"c", test.match, test.value, role("r")}).matches(claimTexts(f.claims["c"])); got != test.want {
			t.Errorf("%s %q over %s: %v", test.match, test.value, test.claims, got)
		}
	}
}

func TestSessionTags(t *testing.T) {
	p := &Pool{PrincipalTagMaps: map[IdentityProviderName]PrincipalTagMap{
		mappedARN:   {PrincipalTags: PrincipalTags{"dept": "custom:dept", "one": "list", "many": "two", "gone": "absent", "n": "number"}},
		"b.example": {UseDefaults: true, PrincipalTags: PrincipalTags{"ignored": "sub"}},
	}}
	first := claimed(t, mappedARN, `{"custom:dept":"blue","list":["x"],"two":["x","y"],"number":7.0}`)
	second := claimed(t, "arn:b", `{"sub":"bob","aud":["app"],"custom:dept":"red"}`)
	second.name = "b.example"
	third := claimed(t, mappedARN, `{"custom:dept":"red"}`)
	unmapped := claimed(t, "none", `{"sub":"x"}`)
	unmapped.name = "none"
	for _, test := range []struct {
		name    string
		proofs  []proof
		decided int
		want    map[string]string
	}{
		{"a map", []proof{first}, -1, map[string]string{"dept": "blue", "one": "x", "n": "7.0"}},
		{"the defaults", []proof{second}, -1, map[string]string{"client": "app", "username": "bob"}},
		{"no map", []proof{unmapped}, -1, map[string]string{}},
		{"a clash: the first", []proof{first, third}, -1, map[string]string{"dept": "blue", "one": "x", "n": "7.0"}},
		{"a clash: the one that decided the role", []proof{first, third}, 1, map[string]string{"dept": "red", "one": "x", "n": "7.0"}},
	} {
		if diff := cmp.Diff(test.want, p.sessionTags(test.proofs, test.decided)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}
