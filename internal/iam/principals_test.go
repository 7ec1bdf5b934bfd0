package iam_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/iam"
)

// trustOf is the trust policy that GetRole and ListRoles show.
func trustOf(t *testing.T, s *iam.Service, role string) string {
	t.Helper()
	text, err := url.PathUnescape(element(t, must(t, s, "GetRole", "RoleName", role), "AssumeRolePolicyDocument"))
	if err != nil {
		t.Fatal(err)
	}
	body := must(t, s, "ListRoles")
	i := slices.Index(elements(t, body, "RoleName"), role)
	if listed, err := url.PathUnescape(elements(t, body, "AssumeRolePolicyDocument")[i]); err != nil || listed != text {
		t.Errorf("ListRoles shows %s, %v", listed, err)
	}
	return text
}

// A trust policy means those who had the names when it was stored.
func TestPrincipalsAreThemselves(t *testing.T) {
	s := newService(t)
	const arns = "arn:aws:iam::111122223333:"
	anna := element(t, createUser(t, s, "anna", "Path", "/x/"), "UserId")
	app := element(t, createRole(t, s, "app"), "RoleId")
	const session, other = "arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:sts::111122223333:assumed-role/app/t"
	// The names also stand where they are no principals, and with an escape.
	trust := `{ "Version":"2012-10-17", "Id":"` + arns + `user/x/anna", "Statement":[{"Effect":"Allow","Principal":{"AWS":["` + arns + `user/x/\u0061nna","` + arns + `role/app" , "` + session + `","111122223333"]},` +
		"\n" + `"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalArn":["` + arns + `user/x/anna","` + arns + `role/app"]}}}]}`
	must(t, s, "CreateRole", "RoleName", "one", "AssumeRolePolicyDocument", trust)
	must(t, s, "CreateRole", "RoleName", "two", "AssumeRolePolicyDocument", trustPool)
	must(t, s, "UpdateAssumeRolePolicy", "RoleName", "two", "PolicyDocument", trustAWS(arns+"user/x/anna"))

	names := func(role string, caller string, arns ...string) []string {
		return findRole(t, s, role).NamesOf(arns, caller)
	}
	want := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("names %q, want %q", got, want)
		}
	}
	shows := func(role, want string) {
		t.Helper()
		if diff := cmp.Diff(want, trustOf(t, s, role)); diff != "" {
			t.Errorf("%s: %s", role, diff)
		}
	}
	shows("one", trust)
	want(names("one", anna, arns+"user/x/anna"), arns+"user/x/anna")
	want(names("one", app, session, arns+"role/app"), session, arns+"role/app")
	want(names("one", app, other, arns+"role/app"), other, arns+"role/app")
	want(names("one", "AIDAOTHER", arns+"user/other"), arns+"user/other")

	// Another name: still the same user.
	must(t, s, "UpdateUser", "UserName", "anna", "NewUserName", "berta", "NewPath", "/")
	shows("two", trustAWS(arns+"user/berta"))
	shows("one", strings.Replace(trust, `"AWS":["`+arns+`user/x/\u0061nna"`, `"AWS":["`+arns+`user/berta"`, 1))
	want(names("two", anna, arns+"user/berta"), arns+"user/berta", arns+"user/x/anna")

	// Whoever takes the name is another one.
	second := element(t, createUser(t, s, "anna", "Path", "/x/"), "UserId")
	shows("two", trustAWS(arns+"user/berta"))
	want(names("two", second, arns+"user/x/anna"))
	must(t, s, "UpdateRoleDescription", "RoleName", "two", "Description", "two")
	want(names("two", second, arns+"user/x/anna"))
	want(names("two", anna, arns+"user/berta"), arns+"user/berta", arns+"user/x/anna")

	// Who is gone is called by the unique ID, and nobody takes the place.
	must(t, s, "DeleteUser", "UserName", "berta")
	must(t, s, "DeleteRole", "RoleName", "app")
	gone := strings.Replace(trust, `"AWS":["`+arns+`user/x/\u0061nna","`+arns+`role/app" , "`+session, `"AWS":["`+anna+`","`+app+`" , "`+app+`:s`, 1)
	shows("one", gone)
	shows("two", trustAWS(anna))
	again := element(t, createRole(t, s, "app"), "RoleId")
	shows("one", gone)
	want(names("one", again, session, arns+"role/app"))
	want(names("one", again, other), other)

	// Until the trust policy is stored again.
	must(t, s, "UpdateAssumeRolePolicy", "RoleName", "two", "PolicyDocument", trustAWS(arns+"user/x/anna"))
	shows("two", trustAWS(arns+"user/x/anna"))
	want(names("two", second, arns+"user/x/anna"), arns+"user/x/anna")
	wantRefused(t, do(t, s, "UpdateAssumeRolePolicy", "RoleName", "two", "PolicyDocument", trustAWS(anna)),
		refusal{400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"` + anna + `"`})
}
