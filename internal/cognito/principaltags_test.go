package cognito

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/decision"
)

func TestPrincipalTagKeysCountIgnoringCase(t *testing.T) {
	if err := checkTagAttributes(PrincipalTags{"dept": "a", "Dept": "b"}); messageOf(err) != "Duplicate tag keys found. Please note that Tag keys are case insensitive." {
		t.Errorf("error %v", err)
	}
	p := &Pool{PrincipalTagMaps: map[IdentityProviderName]PrincipalTagMap{
		"one": {PrincipalTags: PrincipalTags{"dept": "c"}}, "two": {PrincipalTags: PrincipalTags{"Dept": "c"}},
	}}
	proofs := []proof{claimed(t, "one", `{"c":"1"}`), claimed(t, "two", `{"c":"2"}`)}
	for decided, want := range map[int]map[string]string{-1: {"dept": "1"}, 1: {"Dept": "2"}} {
		if diff := cmp.Diff(want, tagsOnly(p.sessionTags(proofs, decided))); diff != "" {
			t.Errorf("%d (-want +got)\n%s", decided, diff)
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
		if diff := cmp.Diff(test.want, tagsOnly(p.sessionTags(test.proofs, test.decided))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

// From a claim to a tag's value ("Using attributes for access control" in the
// Amazon Cognito Developer Guide, which is silent on lists, numbers and objects).
func TestTagValues(t *testing.T) {
	p := &Pool{PrincipalTagMaps: map[IdentityProviderName]PrincipalTagMap{mappedARN: {PrincipalTags: PrincipalTags{"k": "c"}}}}
	for claims, want := range map[string]map[string]string{
		`{"c":"blue"}`:         {"k": "blue"},
		`{"c":""}`:             {"k": ""},
		`{"c":"a|b;*?${x}"}`:   {"k": "a|b;*?${x}"},
		`{"c":7}`:              {"k": "7"},
		`{"c":true}`:           {"k": "true"},
		`{"c":["blue"]}`:       {"k": "blue"},
		`{"c":[7]}`:            {"k": "7"},
		`{"c":["blue","red"]}`: {},
		`{"c":[]}`:             {},
		`{"c":{"x":"y"}}`:      {},
		`{"c":null}`:           {},
		`{"C":"blue"}`:         {},
		`{}`:                   {},
	} {
		if diff := cmp.Diff(want, tagsOnly(p.sessionTags([]proof{claimed(t, mappedARN, claims)}, 0))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", claims, diff)
		}
	}
}

// The defaults of each kind of provider, and which of two maps counts.
func TestTagMaps(t *testing.T) {
	const pool, client = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a", "cognito-idp.us-east-1.amazonaws.com/us-east-1_a:c1"
	defaults := PrincipalTagMap{UseDefaults: true, PrincipalTags: PrincipalTags{"ignored": "sub"}}
	custom := func(claim PrincipalTagValue) PrincipalTagMap {
		return PrincipalTagMap{PrincipalTags: PrincipalTags{"dept": claim}}
	}
	const openID = `{"aud":"c1","sub":"u","user_id":"amzn1","name":"n","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier":["id"]}`
	for _, test := range []struct {
		name, source, login string
		maps                map[IdentityProviderName]PrincipalTagMap
		want                map[string]string
	}{
		{"Google", "accounts.google.com", "accounts.google.com", map[IdentityProviderName]PrincipalTagMap{"accounts.google.com": defaults}, map[string]string{"client": "c1", "username": "u"}},
		{"Facebook", "graph.facebook.com", "graph.facebook.com", map[IdentityProviderName]PrincipalTagMap{"graph.facebook.com": defaults}, map[string]string{"client": "c1", "username": "u"}},
		{"Amazon", "www.amazon.com", "www.amazon.com", map[IdentityProviderName]PrincipalTagMap{"www.amazon.com": defaults}, map[string]string{"client": "c1", "username": "amzn1"}},
		{"SAML", samlARN, samlARN, map[IdentityProviderName]PrincipalTagMap{samlARN: defaults}, map[string]string{"username": "id"}},
		{"OpenID Connect", mappedARN, "a.example", map[IdentityProviderName]PrincipalTagMap{mappedARN: defaults}, map[string]string{"client": "c1", "username": "u"}},
		{"OpenID Connect, by the login's name", mappedARN, "a.example", map[IdentityProviderName]PrincipalTagMap{"a.example": defaults}, map[string]string{"client": "c1", "username": "u"}},
		{"a user pool", client, pool, map[IdentityProviderName]PrincipalTagMap{pool: custom("name")}, map[string]string{"dept": "n"}},
		{"a user pool's client", client, pool, map[IdentityProviderName]PrincipalTagMap{client: custom("name")}, map[string]string{"dept": "n"}},
		{"both: the client", client, pool, map[IdentityProviderName]PrincipalTagMap{pool: custom("name"), client: custom("sub")}, map[string]string{"dept": "u"}},
		{"both: the client, though it maps nothing", client, pool, map[IdentityProviderName]PrincipalTagMap{pool: custom("name"), client: {}}, map[string]string{}},
		{"another client", client, pool, map[IdentityProviderName]PrincipalTagMap{pool + ":c2": custom("name")}, map[string]string{}},
	} {
		f := claimed(t, test.source, openID)
		f.name = test.login
		if diff := cmp.Diff(test.want, tagsOnly((&Pool{PrincipalTagMaps: test.maps}).sessionTags([]proof{f}, 0))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

// The log says which claims became tags, and not what they say.
func TestTagsDecided(t *testing.T) {
	p := &Pool{PrincipalTagMaps: map[IdentityProviderName]PrincipalTagMap{
		mappedARN: {PrincipalTags: PrincipalTags{"a": "sub", "b": "groups", "c": "dept", "d": "gone", "e": "null", "f": "sub"}},
		"y":       {PrincipalTags: PrincipalTags{"F": "sub"}},
	}}
	other, second := claimed(t, "x", `{}`), claimed(t, "y", `{"sub":"secret"}`)
	other.name, second.name = "b.example", "c.example"
	proofs := []proof{claimed(t, mappedARN, `{"sub":"secret","groups":["x","y"],"Dept":"z","null":null}`), other, second}
	const head = `login a.example: tag map ` + mappedARN + `; "a" from "sub"; "b" from "groups": skipped, 2 values; "c" from "dept": absent, there is "Dept"; ` +
		`"d" from "gone": absent; "e" from "null": skipped, 0 values; `
	for decided, want := range map[int]string{
		0: head + `"f" from "sub"; login b.example: no tag map; login c.example: tag map y; "F" from "sub": overridden, another login's counts`,
		2: head + `"f" from "sub": overridden, another login's counts; login b.example: no tag map; login c.example: tag map y; "F" from "sub"`,
	} {
		_, logins := p.sessionTags(proofs, decided)
		if got := decision.TagsText(logins); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		text, err := json.Marshal(logins)
		if err != nil || strings.Contains(string(text), "secret") || !strings.HasPrefix(string(text),
			`[{"Login":"a.example","Map":"`+mappedARN+`","Tags":[{"Key":"a","Claim":"sub","Outcome":"set"},{"Key":"b","Claim":"groups","Outcome":"skipped","Values":2},`+
				`{"Key":"c","Claim":"dept","Outcome":"absent","Spelled":"Dept"},`) {
			t.Errorf("JSON %s, %v", text, err)
		}
	}
}

// tagsOnly are the tags alone.
func tagsOnly(tags map[string]string, _ []decision.LoginTags) map[string]string { return tags }
