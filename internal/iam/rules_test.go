package iam

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

func TestParseRoleARN(t *testing.T) {
	tests := []struct {
		arn           string
		account, name string
	}{
		{"arn:aws:iam::111122223333:role/AppAuth", "111122223333", "AppAuth"},
		{"arn:aws:iam::111122223333:role/service-role/x/AppAuth", "111122223333", "AppAuth"},

		{"", "", ""},
		{"AppAuth", "", ""},
		{"arn:aws:iam::111122223333:role/", "", ""},
		{"arn:aws:iam::111122223333:role/path/", "", ""},
		{"arn:aws:iam::111122223333:role", "", ""},
		{"arn:aws:iam::111122223333:roles/AppAuth", "", ""},
		{"arn:aws:iam::111122223333:user/AppAuth", "", ""},
		{"arn:aws:iam:us-east-1:111122223333:role/AppAuth", "", ""},
		{"arn:aws-cn:iam::111122223333:role/AppAuth", "", ""},
		{"arn:aws:sts::111122223333:role/AppAuth", "", ""},
		{"arn:aws:iam::aws:role/AppAuth", "", ""},
		{"arn:aws:iam::11112222333:role/AppAuth", "", ""},
		{"arn:aws:iam::11112222333x:role/AppAuth", "", ""},
	}
	for _, test := range tests {
		account, name, ok := ParseRoleARN(test.arn)
		if account != test.account || name != test.name || ok != (test.account != "") {
			t.Errorf("ParseRoleARN(%q) = %q, %q, %v", test.arn, account, name, ok)
		}
	}
}

// A role ARN is what roleARN makes of its parts, and nothing else is one.
func FuzzParseRoleARN(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:role/service-role/AppAuth")
	f.Add("arn:aws:iam::111122223333:role//")
	f.Add("arn:aws:sts::111122223333:assumed-role/AppAuth/app1")
	f.Fuzz(func(t *testing.T, s string) {
		account, name, ok := ParseRoleARN(s)
		if !ok {
			return
		}
		path, found := strings.CutPrefix(s, "arn:aws:iam::"+account+":role")
		if !found || !strings.HasSuffix(path, "/"+name) || strings.Contains(name, "/") {
			t.Fatalf("ParseRoleARN(%q) = %q, %q", s, account, name)
		}
		path = strings.TrimSuffix(path, name)
		if again := roleARN(account, PathType(path), RoleNameType(name)); string(again) != s {
			t.Errorf("%q becomes %q", s, again)
		}
	})
}

func TestCheckIssuer(t *testing.T) {
	const (
		host  = "InvalidInput: Invalid Open ID Connect Provider URL. (the host, or what stands before or behind it)"
		path  = "InvalidInput: Invalid Open ID Connect Provider URL. (the path, or a query or fragment behind it)"
		whole = "ValidationError: Invalid Open ID Connect Provider URL"
		https = "InvalidInput: Invalid Open ID Connect Provider URL. The URL must begin with https://."
		own   = "InvalidInput: %s is the issuer of this service's own tokens, which need no OpenID Connect provider."
	)
	tests := []struct {
		url  string
		want string // host[:port][/path], or the error
	}{
		{"https://oidc.example.com", "oidc.example.com"},
		{"https://oidc.example.com/", "oidc.example.com"},
		{"https://oidc.example.com/realms/x", "oidc.example.com/realms/x"},
		{"https://oidc.example.com/realms/x/", "oidc.example.com/realms/x"},
		{"https://OIDC.example.com/Realms/X", "OIDC.example.com/Realms/X"},
		{"https://oidc.example.com:8443/a~b_c-d.e", "oidc.example.com:8443/a~b_c-d.e"},
		{"https://localhost", "localhost"},
		{"https://192.0.2.1", "192.0.2.1"},
		{"https://[2001:db8::1]:8443", "[2001:db8::1]:8443"},
		{"http://localhost:5556/dex", "localhost:5556/dex"},
		{"http://127.0.0.1:5556", "127.0.0.1:5556"},
		{"http://127.8.9.10", "127.8.9.10"},
		{"http://[::1]:5556", "[::1]:5556"},
		{"https://id.example.com", "id.example.com"},
		{"https://id.example.com/daypass/other", "id.example.com/daypass/other"},
		{"https://cognito-identity.amazonaws.com.example.com", "cognito-identity.amazonaws.com.example.com"},

		{"", whole},
		{"oidc.example.com", whole},
		{"https://", whole},
		{"https:/oidc.example.com", whole},
		{"http://oidc.example.com", https},
		{"http://192.0.2.1", https},
		{"http://localhost.example.com", https},
		{"http://127.0.0.1.example.com", https},
		{"http://[2001:db8::1]", https},
		{"HTTPS://oidc.example.com", https},
		{"ftp://oidc.example.com", https},
		{"javascript://oidc.example.com", https},
		{"https:///path", host},
		{"https://user@oidc.example.com", host},
		{"https://user:pass@oidc.example.com", host},
		{"https://oidc.example.com?x=1", host},
		{"https://oidc.example.com/?x=1", path},
		{"https://oidc.example.com#x", host},
		{"https://oidc.example.com/a#x", path},
		{"https://oidc_example.com", host},
		{"https://oidc.example.com.", host},
		{"https://-oidc.example.com", host},
		{"https://oidc..example.com", host},
		{"https://" + strings.Repeat("a", 64) + ".com", host},
		{"https://oidc.example.com:", host},
		{"https://oidc.example.com:0", host},
		{"https://oidc.example.com:port", host},
		{"https://oidc.example.com:8443:1", host},
		{"https://[::1", host},
		{"https://[fe80::1%25eth0]", host},
		{"https://[192.0.2.1]", host},
		{"https://oidc.example.com//", path},
		{"https://oidc.example.com//a", path},
		{"https://oidc.example.com/a//b", path},
		{"https://oidc.example.com/a/../b", path},
		{"https://oidc.example.com/./b", path},
		{"https://oidc.example.com/a%2fb", path},
		{"https://oidc.example.com/a b", path},
		{"https://oidc.example.com/a*", path},
		{"https://oidc.example.com\\a", host},
		{"https://oidc.example.com/a\nb", path},
		{" https://oidc.example.com", https},
		{"https://oidc.example.com ", host},
		{"https://ó.example.com", host},

		{"https://id.example.com/daypass", own},
		{"https://id.example.com/daypass/", own},
		{"https://ID.example.com/Daypass", own},
		{"https://id.example.com:443/daypass", own},
		{"https://127.0.0.1:4600", own},
		{"http://127.0.0.1:4600/", own},
		{"https://plain.example.com", own},
		{"https://cognito-identity.amazonaws.com", own},
		{"https://Cognito-Identity.amazonaws.com/", own},
		{"https://cognito-identity.amazonaws.com:443", own},
		{"https://cognito-identity.amazonaws.com:8443/x", own},
	}
	s := &Service{PlainIssuer: func(u *url.URL) bool {
		return strings.EqualFold(u.Hostname(), "localhost") || net.ParseIP(u.Hostname()).IsLoopback()
	}, OwnIssuers: []string{
		"https://id.example.com/daypass", "http://127.0.0.1:4600", "http://plain.example.com:80/", "not a URL",
	}}
	for _, test := range tests {
		u, err := s.checkIssuer(OpenIDConnectProviderUrlType(test.url))
		got := strings.TrimSuffix(u.name(), "/")
		if err != nil {
			got = err.Error()
		}
		if want := strings.ReplaceAll(test.want, "%s", test.url); got != want {
			t.Errorf("checkIssuer(%q)\n got %s\nwant %s", test.url, got, want)
		}
	}
}

func TestLoopbackOnlyInDevelopment(t *testing.T) {
	for _, u := range []OpenIDConnectProviderUrlType{"http://localhost:5556", "http://127.0.0.1", "http://[::1]"} {
		if _, err := (&Service{}).checkIssuer(u); causeOf(err) != causeIssuerNotHTTPS {
			t.Errorf("checkIssuer(%q): %v, want cause %s", u, err, causeIssuerNotHTTPS)
		}
	}
}

func causeOf(err error) awsapi.Cause {
	if e, ok := awsapi.AsError(err); ok {
		return e.Cause
	}
	return ""
}

// Whatever is accepted as an issuer is a URL to others as well, and its ARN
// tells it from every other issuer but for its scheme.
func FuzzIssuer(f *testing.F) {
	for _, seed := range []string{"https://oidc.example.com/realms/x", "http://[::1]:5556/", "https://a:1", "https://a/", "https://a//", "https://a/b/", "https://a/b?c", "https://a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		issuer, err := parseIssuer(OpenIDConnectProviderUrlType(s))
		if err != nil {
			return
		}
		u, parseErr := url.Parse(s)
		if parseErr != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || u.Host == "" {
			t.Fatalf("%q is an issuer but no plain URL: %v", s, parseErr)
		}
		if u.String() != s {
			t.Errorf("%q is written %q by others", s, u)
		}
		arn := issuer.arn("111122223333")
		if err := parseProviderARN(arn); err != nil {
			t.Errorf("%q has the ARN %q: %v", s, arn, err)
		}
		if name := providerName(arn); u.Scheme+"://"+name != s {
			t.Errorf("%q has the name %q", s, name)
		}
		other := issuer.otherForm()
		if other.bare() != issuer.bare() || other.otherForm() != issuer || other.arn("111122223333") == arn {
			t.Errorf("%q has the other form %+v", s, other)
		}
	})
}

func TestIssuerARN(t *testing.T) {
	for url, want := range map[OpenIDConnectProviderUrlType]ArnType{
		"https://oidc.example.com":           "arn:aws:iam::111122223333:oidc-provider/oidc.example.com",
		"https://oidc.example.com/":          "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/",
		"https://oidc.example.com/realms/x":  "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/realms/x",
		"https://oidc.example.com/realms/x/": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/realms/x/",
		"https://oidc.example.com:8443/":     "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:8443/",
	} {
		u, err := parseIssuer(url)
		if got := u.arn("111122223333"); err != nil || got != want {
			t.Errorf("%s: %s, %v", url, got, err)
		}
		if got := newOIDCProvider(awsapi.Caller{Account: "111122223333"}, string(url)); got != string(want) {
			t.Errorf("%s: CreateOpenIDConnectProvider is about %s", url, got)
		}
	}
	for _, bad := range []OpenIDConnectProviderUrlType{"", "oidc.example.com", "https://a?b", "https://a//", "https://a/b//", "https://a//b"} {
		if u, err := parseIssuer(bad); err == nil {
			t.Errorf("%q is the issuer %+v", bad, u)
		}
	}
}

func TestParseProviderARN(t *testing.T) {
	const good = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
	if err := parseProviderARN(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []ArnType{
		"", "oidc.example.com/01234567890", "arn:aws:iam::111122223333:oidc-provider/", "arn:aws:iam::111122223333:saml-provider/x",
		"arn:aws:iam::1111:oidc-provider/oidc.example.com", "arn:aws:sts::111122223333:oidc-provider/x",
		"arn:aws:iam:us-east-1:111122223333:oidc-provider/x", "arn:aws-cn:iam::111122223333:oidc-provider/x",
	} {
		want := &awsapi.Error{Code: "ValidationError", Message: "Invalid ARN:  Could not be parsed!", Cause: causeArn}
		if diff := cmp.Diff(want, parseProviderARN(bad)); diff != "" {
			t.Errorf("%q: %s", bad, diff)
		}
	}
}

func TestURLEncoded(t *testing.T) {
	got := urlEncoded("{\"a b\": \"+~-._é\"}\n*")
	if want := PolicyDocumentType("%7B%22a%20b%22%3A%20%22%2B~-._%C3%A9%22%7D%0A%2A"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Every reader of URL encoding gets the document back.
func FuzzURLEncoded(f *testing.F) {
	f.Add("{\"a b\": \"+~-._é\"}\n*")
	f.Fuzz(func(t *testing.T, s string) {
		encoded := string(urlEncoded(PolicyDocumentType(s)))
		if got, err := url.PathUnescape(encoded); err != nil || got != s {
			t.Errorf("%q is read back from a path as %q, %v", s, got, err)
		}
		if got, err := url.QueryUnescape(encoded); err != nil || got != s {
			t.Errorf("%q is read back from a query as %q, %v", s, got, err)
		}
	})
}

func TestCheckTags(t *testing.T) {
	const (
		duplicate = "InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive. (the tag %q)"
		reserved  = "InvalidInput: aws: prefixed tag key names are not allowed for external use. (the tag %q)"
	)
	tests := []struct {
		tags TagListType
		want string
	}{
		{nil, ""},
		{TagListType{{"a", "1"}, {"b", "1"}}, ""},
		{TagListType{{"awsome", ""}, {"x:aws:", ""}}, ""},
		{TagListType{{"a", "1"}, {"a", "1"}}, fmt.Sprintf(duplicate, "a")},
		{TagListType{{"Dept", "1"}, {"dEPT", "2"}}, fmt.Sprintf(duplicate, "dEPT")},
		{TagListType{{"aws:x", "1"}}, fmt.Sprintf(reserved, "aws:x")},
		{TagListType{{"AWS:x", "1"}}, fmt.Sprintf(reserved, "AWS:x")},
	}
	for _, test := range tests {
		got := ""
		if err := checkTags(test.tags); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%v: got %q, want %q", test.tags, got, test.want)
		}
	}
}

// Entities belong to everybody: what is made of one leaves it as it was.
func TestChangesMakeOthers(t *testing.T) {
	tags := func() TagListType { return TagListType{{"a", "1"}, {"b", "2"}, {"c", "3"}} }
	was := tags()
	for _, change := range []retag{adding(TagListType{{"B", "4"}, {"d", "5"}}, "TagsPerRole"), removing(TagKeyListType{"A"})} {
		if _, err := change(was); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tags(), was); diff != "" {
			t.Error(diff)
		}
	}
	p := &OIDCProvider{URL: "https://a.example", Tags: was}
	if changed := p.with(func(p *OIDCProvider) { p.URL = "https://b.example" }); changed == p || p.URL != "https://a.example" {
		t.Errorf("the provider of before: %+v", p)
	}
	r := &RoleEntity{Account: "111122223333", Role: Role{RoleName: "r"}}
	if changed := r.with(func(r *Role) { r.Description = "d" }); changed == r || r.Description != "" || changed.Account != r.Account {
		t.Errorf("the role of before: %+v, the changed one %+v", r, changed)
	}
}

func TestPolicyName(t *testing.T) {
	account, path, name, ok := policyName("arn:aws:iam::111122223333:policy/a/b/Read")
	if account != "111122223333" || path != "/a/b/" || name != "Read" || !ok {
		t.Errorf("%s %s %s %v", account, path, name, ok)
	}
	for _, bad := range []ArnType{
		"", "arn:aws:iam::111122223333:policy", "arn:aws:iam::111122223333:policy/", "arn:aws:iam::111122223333:policy/a/", "arn:aws:iam::111122223333:policya/b",
		"arn:aws:iam::111122223333:Policy/a", "arn:aws:iam:::policy/a", "arn:aws:iam::aws-cn:policy/a", "arn:aws:iam::１１１１２２２２３３３３:policy/a",
		"arn:aws:iam::111122223333:role/a", " arn:aws:iam::111122223333:policy/a",
	} {
		if account, path, name, ok := policyName(bad); ok {
			t.Errorf("%q: %s %s %s", bad, account, path, name)
		}
	}
}

// A policy has one ARN: what is read from one makes the same again.
func FuzzPolicyName(f *testing.F) {
	for _, seed := range []string{"arn:aws:iam::aws:policy/x", "arn:aws:iam::111122223333:policy/a//b", "arn:aws:iam::111122223333:policy/a:b", "arn:aws:iam::111122223333:policy/ä"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		account, path, name, ok := policyName(ArnType(s))
		if ok && string(policyARN(account, path, name)) != s {
			t.Errorf("%q is read as %q %q %q", s, account, path, name)
		}
	})
}

func TestVersionNumber(t *testing.T) {
	for id, want := range map[PolicyVersionIdType]int{"v1": 1, "v12": 12, "v0": 0, "v01": 0, "1": 0, "v": 0, "v+1": 0, "v1.a": 0, "V1": 0, "v99999999999999999999": 0, "v-1": 0, "v１": 0} {
		n, ok := versionNumber(id)
		if ok != (want > 0) || ok && n != want {
			t.Errorf("%s: %d, %v", id, n, ok)
		}
	}
}

// Other names for principals change the principals of a trust policy and nothing
// else of it.
func FuzzRenamePrincipals(f *testing.F) {
	const old, current = "arn:aws:iam::111122223333:user/anna", "AIDAEXAMPLE"
	for _, seed := range []string{
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + old + `"},"Action":"sts:AssumeRole"}}`,
		`{"Version":"2012-10-17","Id":"` + old + `","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + old + `","arn:aws:iam::111122223333:user/\u0061nna","111122223333"]},"Action":"sts:AssumeRole",` +
			`"Condition":{"StringEquals":{"` + old + `":"` + old + `"}}},{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		before, err := policy.Parse(policy.Trust, document)
		if err != nil {
			return
		}
		renamed := renamePrincipals(document, map[string]string{old: current})
		back := renamePrincipals(renamed, map[string]string{current: old})
		after, err := policy.Parse(policy.Trust, back)
		if err != nil {
			t.Fatalf("%s\nbecomes %s\nand then %s: %v", document, renamed, back, err)
		}
		if diff := cmp.Diff(before.Principals(), after.Principals()); diff != "" {
			t.Errorf("%s", diff)
		}
		named := false
		for _, p := range before.Principals() {
			named = named || p.Value == old
		}
		if !named && renamed != document {
			t.Errorf("%s names nobody and becomes %s", document, renamed)
		}
		if named && (policyNames(renamed, old) || !strings.Contains(renamed, current)) {
			t.Errorf("%s is not renamed: %s", document, renamed)
		}
	})
}

// policyNames says whether a trust policy still names a principal.
func policyNames(document, principal string) bool {
	return renamePrincipals(document, map[string]string{principal: ""}) != document
}
