package policy_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

func TestParseLimits(t *testing.T) {
	pad := func(text string, length int) string { return text + strings.Repeat(" ", length-len(text)) }
	repeat := func(n int) string {
		one := `{"Effect":"Deny","Action":"*","Resource":"*"}`
		return `{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
	}
	tests := []struct {
		name, text, cause string
	}{
		{"longest", pad(allowAll, 131072), ""},
		{"too long", pad(allowAll, 131073), "longer than 131072 bytes"},
		{"most statements", repeat(1000), ""},
		{"too many statements", repeat(1001), "more than 1000 statements"},
		{"invalid UTF-8", strings.Replace(allowAll, "*", "\xff", 1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse(policy.Identity, tt.text)
			var malformed *policy.Error
			switch {
			case tt.name == "invalid UTF-8":
				if !errors.As(err, &malformed) || malformed.Message != "Syntax errors in policy." {
					t.Errorf("Parse: %v", err)
				}
			case tt.cause == "" && err != nil:
				t.Errorf("Parse: %v", err)
			case tt.cause != "" && (!errors.As(err, &malformed) || malformed.Message != "Syntax errors in policy." || malformed.Err.Error() != tt.cause):
				t.Errorf("Parse: %v, want %s", err, tt.cause)
			}
		})
	}
}

func TestDocument(t *testing.T) {
	const text = "{\"Id\":\"a \\\" b\",\r\n\t\"Statement\" : [\n" +
		`{"Sid":"One","Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/r"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},` +
		`{"Sid":"Two","Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"Bool":{"aws:SecureTransport":false}}}` + "]}"
	d := mustParse(t, policy.Trust, text)
	if d.Kind() != policy.Trust || d.Version() != "2008-10-17" || d.Text() != text {
		t.Errorf("kind %v, version %q, text %q", d.Kind(), d.Version(), d.Text())
	}
	if want := len(text) - len("\r\n\t\n") - len("  "); d.Size() != want {
		t.Errorf("Size() = %d, want %d", d.Size(), want)
	}
	want := []policy.NamedPrincipal{
		{Type: "AWS", Value: "111122223333"},
		{Type: "AWS", Value: "arn:aws:iam::111122223333:role/r"},
		{Type: "Service", Value: "ec2.amazonaws.com"},
		{Type: "AWS", Value: "*"},
	}
	if diff := cmp.Diff(want, d.Principals()); diff != "" {
		t.Errorf("Principals() (-want +got):\n%s", diff)
	}
	req := &policy.Request{Action: "sts:AssumeRole", Principal: policy.Principal{Account: "111122223333"}, Context: policy.Context{}}
	req.Context.Set("aws:SecureTransport", "false")
	got := d.Evaluate(req)
	if got.Effect != policy.ExplicitDeny || len(got.Statements) != 1 {
		t.Fatalf("Evaluate: %+v", got)
	}
	if s := got.Statements[0]; s.Document != d || s.Index != 1 || s.Sid != "Two" {
		t.Errorf("statement %d %q", s.Index, s.Sid)
	}
}

// Size counts characters, not bytes.
func TestSizeOfWideCharacters(t *testing.T) {
	text := `{"Id":"ÄÖ ÿ","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	if got, want := mustParse(t, policy.Identity, text).Size(), len(text)-3; got != want {
		t.Errorf("Size() = %d, want %d", got, want)
	}
}

// For the log: what is wrong, and in which statement, counted as refusals count.
func TestErrorsNameTheStatement(t *testing.T) {
	trusting := func(bad string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"},` + bad + `]}`
	}
	allowing := func(bad string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},` + bad + `]}`
	}
	tests := []struct {
		kind       policy.Kind
		text, want string
	}{
		{policy.Trust, trusting(`{"Principal":"*","Action":"sts:AssumeRole"}`), "statement 2: no Effect"},
		{policy.Trust, trusting(`{"Effect":"allow","Principal":"*","Action":"sts:AssumeRole"}`), `statement 2: Effect is "allow", neither Allow nor Deny`},
		{policy.Trust, trusting(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "statement 2: no Principal"},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole"}`), "statement 2: no principal in Principal"},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":"*"}`), "statement 2: no Action"},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}`), `statement 2: action "s3:GetObject"`},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "statement 2: Resource"},
		{policy.Trust, trusting(`{"Effect":"Allow","NotPrincipal":"*","Action":"sts:AssumeRole"}`), "statement 2: NotPrincipal"},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":{"aws":"*"},"Action":"sts:AssumeRole"}`), `statement 2: principal "*": unknown type of principal`},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`), "statement 2: no Condition for cognito-identity.amazonaws.com"},
		{policy.Trust, trusting(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEqual":{}}}`), `statement 2: unknown condition operator "StringEqual"`},
		{policy.Trust, trusting(`{"effect":"Allow"}`), "statement 2: effect: unknown element"},
		{policy.Trust, `{"Version":"2012-10-17","Statement":[]}`, "no statement"},
		{policy.Identity, allowing(`{"Effect":"Allow","Resource":"*"}`), "statement 2: no Action"},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"s3:*"}`), "statement 2: no Resource"},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}`), "statement 2: Principal or NotPrincipal"},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"GetObject","Resource":"*"}`), `statement 2: action "GetObject"`},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"s3:*","Resource":"box"}`), "statement 2: no colon"},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:sqs","arn:aws:s3::box"]}`), `statement 2: resource "arn:aws:s3::box": fewer than six components`},
		{policy.Managed, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "no Version, which means 2008-10-17"},
		{policy.Managed, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, `version "2008-10-17"`},
		{policy.Identity, allowing(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${a"}`), "statement 2: malformed policy variable: no closing brace"},
		{policy.Identity, allowing(`{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}`), `statement 2: Sid "a b"`},
		{policy.Identity, allowing(`{"Effect":"allow","Action":"s3:*","Resource":"*"}`), "statement 2: Effect in the wrong case"},
	}
	for _, tt := range tests {
		_, err := policy.Parse(tt.kind, tt.text)
		var malformed *policy.Error
		if !errors.As(err, &malformed) || malformed.Err == nil || malformed.Err.Error() != tt.want {
			t.Errorf("%s: %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestInvalidPrincipal(t *testing.T) {
	gone := errors.New("no such role")
	err := policy.NamedPrincipal{Type: "AWS", Value: "arn:aws:iam::111122223333:role/r"}.Invalid(gone)
	if want := `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/r"`; err.Message != want {
		t.Errorf("message %q, want %q", err.Message, want)
	}
	if !errors.Is(err, gone) {
		t.Errorf("%v does not wrap its cause", err)
	}
	if want := "policy: " + err.Message + ` (principal "arn:aws:iam::111122223333:role/r": no such role)`; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
}

// A decision made by several statements must not write into the document.
func TestDecisionsDoNotShareStatements(t *testing.T) {
	d := mustParse(t, policy.Identity, `{"Version":"2012-10-17","Statement":[
		{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Sid":"b","Effect":"Allow","Action":"sqs:*","Resource":"*"},
		{"Sid":"c","Effect":"Allow","Action":"*","Resource":"*"}]}`)
	first := d.Evaluate(&policy.Request{Action: "s3:GetObject", Resource: "*"})
	second := d.Evaluate(&policy.Request{Action: "sqs:SendMessage", Resource: "*"})
	union := policy.Decide(policy.Policies{Identity: []*policy.Document{d, d}}, &policy.Request{Action: "iam:GetUser", Resource: "*"}).Decision
	for _, tt := range []struct {
		decision policy.Decision
		want     []int
	}{{first, []int{0, 2}}, {second, []int{1, 2}}, {union, []int{2, 2}}} {
		if diff := cmp.Diff(tt.want, indices(tt.decision)); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
	}
}

// A request without a context, and values that are no text, harm nobody.
func TestEvaluateOddRequests(t *testing.T) {
	d := mustParse(t, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${t:x}*","Condition":{"StringNotEquals":{"t:y":"1"}}}}`)
	tests := []struct {
		name string
		req  policy.Request
		want policy.Effect
	}{
		{"zero", policy.Request{}, policy.ImplicitDeny},
		{"no context", policy.Request{Action: "s3:x", Resource: "arn:aws:s3:::b/1"}, policy.ImplicitDeny},
		{
			"invalid UTF-8 for a variable",
			policy.Request{Action: "s3:x", Resource: "arn:aws:s3:::b/\xff", Context: policy.Context{"t:x": {"\xff"}}}, policy.ImplicitDeny,
		},
		{
			"invalid UTF-8 in the resource",
			policy.Request{Action: "s3:x", Resource: "arn:aws:s3:::b/\xff", Context: policy.Context{"t:x": {""}}}, policy.Allow,
		},
	}
	for _, tt := range tests {
		if got := d.Evaluate(&tt.req); got.Effect != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Effect, tt.want)
		}
	}
}

// ArnLike without variables compares component by component ("ARN condition
// operators" in the IAM User Guide).
func TestArnLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"arn:aws:s3:::b", "arn:aws:s3:::b", true},
		{"arn:aws:s3:::b", "arn:aws:s3:::B", false},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b", true},
		{"arn:aws:s3:::b?", "arn:aws:s3:::b", false},
		{"arn:aws:s3:::b?", "arn:aws:s3:::bé", true},
		{"arn:aws:s3:::b??", "arn:aws:s3:::b€", false},
		{"arn:aws:s3:::*/x", "arn:aws:s3:::a/b:c/x", true},
		{"arn:*:*:*:*:*", "arn:aws:iam::1:user/x:y", true},
		{"*", "arn:aws:iam::1:user/x", true},
		{"*", "user/x", false},
		{"arn:aws:iam::*:user/x", "arn:aws:iam::1:user/x", true},
		{"arn:aws:iam::?:user/x", "arn:aws:iam:::user/x", false},
		{"*:*:*:*:*:*", "arn:aws:iam::1:user/x", true},
		// The example of the IAM User Guide: the asterisk in the region does
		// not reach across colons, as StringLike would let it.
		{
			"arn:aws:svc:*:111122223333:finance/*",
			"arn:aws:svc:us-east-2:999999999999:store/abc:111122223333:finance/x", false,
		},
		{
			"arn:aws:svc:*:111122223333:finance/*",
			"arn:aws:svc:us-east-2:111122223333:finance/x:y", true,
		},
	} {
		if got := arnLike(t, tt.pattern)(tt.s); got != tt.want {
			t.Errorf("ArnLike %q on %q = %v", tt.pattern, tt.s, got)
		}
		if got := arnMatches(tt.pattern, tt.s); got != tt.want {
			t.Errorf("arnMatches(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

func TestArnLikeIsTheObviousMatch(t *testing.T) {
	patterns := []string{
		"*", "arn:*:*:*:*:*", "arn:aws:iam::*:role/*", "arn:aws:s3:::b?t*", "arn:aws:s3:*:*:*:x", "arn:aws:s?:::**", "a:b:c:d:e:",
	}
	values := []string{
		"", "*", "arn:aws:iam::1:role/x", "arn:aws:iam::1:2:role/x", "arn:aws:s3:::bit", "arn:aws:s3:::bitter:x", "arn:aws:s3:::b", "a:b:c:d:e:", "a:b:c:d:e",
	}
	for _, pattern := range patterns {
		like := arnLike(t, pattern)
		for _, value := range values {
			if got, want := like(value), arnMatches(pattern, value); got != want {
				t.Errorf("ArnLike %q on %q: %v, want %v", pattern, value, got, want)
			}
		}
	}
}

// arnLike is the operator with a pattern.
func arnLike(t *testing.T, pattern string) func(string) bool {
	t.Helper()
	d := mustParse(t, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"t:a":"`+pattern+`"}}}}`)
	return func(value string) bool {
		return d.Evaluate(&policy.Request{Action: "s3:x", Resource: "*", Context: policy.Context{"t:a": {value}}}).Effect == policy.Allow
	}
}

// arnMatches is the obvious matcher: each of six components on its own, and an
// asterisk alone for any ARN.
func arnMatches(pattern, s string) bool {
	have := strings.SplitN(s, ":", 6)
	if pattern == "*" {
		return len(have) == 6
	}
	want := strings.SplitN(pattern, ":", 6)
	if len(want) != 6 || len(have) != 6 {
		return false
	}
	for i := range want {
		if !globMatches(want[i], have[i]) {
			return false
		}
	}
	return true
}

func globMatches(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	_, n := utf8.DecodeRuneInString(s)
	switch pattern[0] {
	case '*':
		return globMatches(pattern[1:], s) || s != "" && globMatches(pattern, s[n:])
	case '?':
		return s != "" && globMatches(pattern[1:], s[n:])
	default:
		return s != "" && s[0] == pattern[0] && globMatches(pattern[1:], s[1:])
	}
}

func TestStrings(t *testing.T) {
	got := []string{
		policy.Identity.String(), policy.Trust.String(),
		policy.ImplicitDeny.String(), policy.Allow.String(), policy.ExplicitDeny.String(),
		policy.NoLayer.String(), policy.IdentityLayer.String(), policy.BoundaryLayer.String(), policy.SessionLayer.String(),
	}
	want := []string{
		"identity policy", "trust policy", "ImplicitDeny", "Allow", "ExplicitDeny",
		"", "identity-based policy", "permissions boundary", "session policy",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
