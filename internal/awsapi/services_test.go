package awsapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/sts"
)

// The sentences of the real services, as they were captured from AWS or are
// made as those were.
func TestServiceViolations(t *testing.T) {
	const failed = " failed to satisfy constraint: Member must "
	json := cognito.Operations(nil).Compile()
	for _, test := range []struct{ operation, body, want string }{
		{"GetId", `{"IdentityPoolId":"us-east-1_abc"}`, `Value 'us-east-1_abc' at 'identityPoolId'` + failed + `satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		{"GetId", `{}`, `Value null at 'identityPoolId'` + failed + `not be null`},
		{
			"CreateIdentityPool", `{"IdentityPoolName":"pool#name","AllowUnauthenticatedIdentities":true}`,
			`Value 'pool#name' at 'identityPoolName'` + failed + `satisfy regular expression pattern: [\w\s+=,.@-]+`,
		},
		{"ListIdentityPools", `{"MaxResults":61}`, `Value '61' at 'maxResults'` + failed + `have value less than or equal to 60`},
		{
			"GetId", `{"IdentityPoolId":"us-east-1:0","Logins":{"login.example.com":""}}`,
			`Value at 'logins' failed to satisfy constraint: Map value must satisfy constraint: ` +
				`[Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]`,
		},
		{
			"SetIdentityPoolRoles", `{"IdentityPoolId":"us-east-1:0","Roles":{"guest":"arn:aws:iam::123456789012:role/x"}}`,
			`Value '{guest=arn:aws:iam::123456789012:role/x}' at 'roles' failed to satisfy constraint: Map keys must satisfy constraint: ` +
				`[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, ` +
				`Member must satisfy regular expression pattern: (un)?authenticated]`,
		},
		{
			"SetIdentityPoolRoles",
			`{"IdentityPoolId":"us-east-1:0","Roles":{},"RoleMappings":{"x":{"Type":"Rules","RulesConfiguration":{"Rules":[` +
				`{"Claim":"a b","MatchType":"Equals","Value":"v","RoleARN":"arn:aws:iam::123456789012:role/x"}]}}}}`,
			`Value 'a b' at 'roleMappings.x.member.rulesConfiguration.rules.1.member.claim'` + failed +
				`satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`,
		},
		{
			"SetIdentityPoolRoles", `{"IdentityPoolId":"us-east-1:0","Roles":{},"RoleMappings":{"x":{"Type":"Role"}}}`,
			`Value 'Role' at 'roleMappings.x.member.type'` + failed + `satisfy enum value set: [Rules, Token]`,
		},
	} {
		n, err := awsjson.Protocol{}.Decode(json.Row(test.operation), []byte(test.body))
		if err != nil {
			t.Fatal(err)
		}
		_, err = json.Row(test.operation).Bind(n)
		wantViolations(t, err, "1 validation error detected: "+test.want)
	}
	for _, test := range []struct {
		table           *awsapi.Table
		operation, form string
		want            string
	}{
		{
			sts.Operations(nil).Compile(), "AssumeRoleWithWebIdentity",
			"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&WebIdentityToken=aaaa&RoleSessionName=Session1%3A2",
			`Value 'Session1:2' at 'roleSessionName'` + failed + `satisfy regular expression pattern: [\w+=,.@-]*`,
		},
		{
			sts.Operations(nil).Compile(), "AssumeRoleWithWebIdentity",
			"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=aa&WebIdentityToken=" + strings.Repeat("a", 20001),
			`Value at 'webIdentityToken'` + failed + `have length less than or equal to 20000`,
		},
		{
			iam.Operations(nil).Compile(), "CreateRole", "RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a%2Fb%2A&Tags.member.1.Value=",
			`Value 'a/b*' at 'tags.1.member.key'` + failed + `satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`,
		},
	} {
		n, err := awsquery.Protocol{}.Decode(test.table.Row(test.operation), []byte(test.form))
		if err != nil {
			t.Fatal(err)
		}
		_, err = test.table.Row(test.operation).Bind(n)
		wantViolations(t, err, "1 validation error detected: "+test.want)
	}
}

// Every operation of every service takes the empty request, or tells what is
// missing.
func TestServicesBindNothing(t *testing.T) {
	for _, s := range instance.Services() {
		table := s.Compile()
		for _, op := range s.Operations {
			for _, kind := range []awsapi.Kind{awsapi.Map, awsapi.Form} {
				_, err := table.Row(op.Name).Bind(awsapi.Node{Kind: kind})
				if err != nil && !strings.Contains(err.Error(), "failed to satisfy constraint: Member must not be null") {
					t.Errorf("%s: %v", op.Name, err)
				}
			}
		}
	}
}

// A row says what it is about, as the input has it: a table in which one does not
// cannot be compiled.
func TestCompileSubject(t *testing.T) {
	type tag struct{ Key, Value string }
	type input struct {
		Name  string
		Count int
		Tags  []tag
		Map   map[string]string
		Keys  []string
		Other []int
	}
	type another struct{ Name string }
	onName := awsapi.OnARN("thing", "Name")
	findIn := func(context.Context, awsapi.Caller, *another, *awsapi.Resource, map[string][]string) error {
		return nil
	}
	for name, test := range map[string]struct {
		auth    awsapi.Auth
		subject awsapi.Subject
		want    string
	}{
		"nothing of what it is about":    {awsapi.Signed, awsapi.Unasked, "awsapi: Do must say what it is about if it is signed, and only then"},
		"public, and about something":    {awsapi.Public, onName, "awsapi: Do must say what it is about if it is signed, and only then"},
		"decides itself":                 {awsapi.Identified, onName, "awsapi: Do must say what it is about if it is signed, and only then"},
		"a member that is not there":     {awsapi.Signed, awsapi.OnARN("thing", "Arn"), "awsapi: Do is about its member Arn, which awsapi_test.input lacks or has as something else"},
		"a name that is a number":        {awsapi.Signed, awsapi.OnARN("thing", "Count"), "awsapi: Do is about its member Count, which awsapi_test.input lacks or has as something else"},
		"a key that is a list":           {awsapi.Signed, onName.Key("x:Keys", "Keys"), "awsapi: Do is about its member Keys, which awsapi_test.input lacks or has as something else"},
		"tags that are keys":             {awsapi.Signed, onName.Tags("Keys"), "awsapi: Do is about its member Keys, which awsapi_test.input lacks or has as something else"},
		"keys that are tags":             {awsapi.Signed, onName.TagKeys("Tags"), "awsapi: Do is about its member Tags, which awsapi_test.input lacks or has as something else"},
		"keys that are numbers":          {awsapi.Signed, onName.TagKeys("Other"), "awsapi: Do is about its member Other, which awsapi_test.input lacks or has as something else"},
		"found in another input":         {awsapi.Signed, awsapi.FoundIn(onName, findIn), "awsapi: what Do is about is found in a awsapi_test.another"},
		"the name and all kinds of keys": {awsapi.Signed, onName.Key("x:Name", "Name").Tags("Tags").Tags("Map").TagKeys("Keys"), ""},
		"a name":                         {awsapi.Signed, onName, ""},
		"nothing in particular":          {awsapi.Signed, awsapi.OnNothing("Name"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want && (got != nil || test.want != "") {
					t.Errorf("%v, want %s", got, test.want)
				}
			}()
			do := func(context.Context, awsapi.Caller, *input) (*awsapi.None, error) { return nil, nil }
			awsapi.Service{Operations: []awsapi.Operation{awsapi.Op("Do", test.auth, test.subject, "", do)}}.Compile()
		})
	}
}

// What a row says it is about comes out of the input.
func TestRowAbout(t *testing.T) {
	type tag struct{ Key, Value string }
	type input struct {
		Path, Name string
		Tags       []tag
		Map        map[string]string
		Keys       []string
	}
	do := func(context.Context, awsapi.Caller, *input) (*awsapi.None, error) { return nil, nil }
	arn := func(c awsapi.Caller, members ...string) string { return c.Account + members[0] + members[1] }
	find := func(_ context.Context, _ awsapi.Caller, r *awsapi.Resource, facts map[string][]string, members ...string) error {
		r.Name = "thing " + members[1]
		facts["found"] = []string{r.ARN}
		return nil
	}
	change := func(_ context.Context, _ awsapi.Caller, in *input, r *awsapi.Resource, _ map[string][]string) error {
		if in.Name == "bad" {
			return errors.New("no disk")
		}
		r.ARN += "!"
		return nil
	}
	subject := awsapi.FoundIn(awsapi.On("thing", arn, "Path", "Name").Key("x:Name", "Name").Tags("Tags").Tags("Map").TagKeys("Keys").Found(find, "x:Found"), change)
	row := awsapi.Service{Operations: []awsapi.Operation{awsapi.Op("Do", awsapi.Signed, subject, "", do)}}.Compile().Row("Do")
	if want := []string{"x:Name", "aws:RequestTag/${TagKey}", "aws:TagKeys", "aws:RequestTag/${TagKey}", "aws:TagKeys", "aws:TagKeys", "x:Found"}; !cmp.Equal(row.Subject.Keys, want) {
		t.Errorf("keys %v", row.Subject.Keys)
	}
	c := awsapi.Caller{Account: "1"}
	facts := map[string][]string{}
	got, err := row.About(t.Context(), c, &input{
		Path: "/p/", Name: "n", Tags: []tag{{"Team", "red"}}, Map: map[string]string{"b": "2", "a": "1"}, Keys: []string{"k"},
	}, facts)
	if want := (awsapi.Resource{ARN: "1/p/n!", Name: "thing n"}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	want := map[string][]string{
		"x:name": {"n"}, "aws:requesttag/team": {"red"}, "aws:requesttag/a": {"1"}, "aws:requesttag/b": {"2"},
		"aws:tagkeys": {"Team", "a", "b", "k"}, "found": {"1/p/n"},
	}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	empty := map[string][]string{}
	if _, err := row.About(t.Context(), c, &input{}, empty); err != nil || len(empty) != 1 {
		t.Errorf("of an empty input: %v, %v", empty, err)
	}
	if _, err := row.About(t.Context(), c, &input{Name: "bad"}, empty); err == nil || err.Error() != "no disk" {
		t.Errorf("error %v", err)
	}
}
