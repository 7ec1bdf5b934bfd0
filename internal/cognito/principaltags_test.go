package cognito

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
