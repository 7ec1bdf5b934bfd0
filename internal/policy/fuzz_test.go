package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// probes are requests that between them reach most of a document.
var probes = []*policy.Request{
	{},
	{Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/home/me/x", Context: policy.Context{}},
	{
		Action: "sts:AssumeRole", Resource: "*",
		Principal: policy.Principal{ARNs: []string{"arn:aws:iam::111122223333:user/me"}, Account: "111122223333"},
		Context: policy.Context{
			"aws:username": {"me"}, "aws:sourceip": {"203.0.113.7"}, "aws:securetransport": {"true"}, "a:b": {"1"}, "a": {"2026-06-01"},
			"aws:currenttime": {"2026-06-01T00:00:00Z"}, "aws:principaltag/team": {"red*"}, "aws:tagkeys": {"x", "y", ""}, "test:key": {"10", "read"},
		},
	},
	{
		Action: "sts:AssumeRoleWithWebIdentity", Resource: "arn:aws:iam::111122223333:role/app",
		Principal: policy.Principal{Federated: "cognito-identity.amazonaws.com"},
		Context: policy.Context{
			"cognito-identity.amazonaws.com:aud": {"us-east-1:12345678-dead-beef-cafe-123456790ab"},
			"cognito-identity.amazonaws.com:amr": {"authenticated", "id.example.com"},
			"cognito-identity.amazonaws.com:sub": {"us-east-1:1234"},
		},
	},
}

// FuzzParse: parsing is deterministic, an accepted document keeps its text, and
// a document read again from that text, as well as the reference evaluator,
// answers every probe alike.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"wellformed.json", "malformed.json"} {
		for _, c := range corpus[documentCase](f, name) {
			f.Add(kindOf(f, c.Kind) == policy.Trust, string(c.Policy))
		}
	}
	f.Fuzz(func(t *testing.T, trust bool, text string) {
		kind := policy.Identity
		if trust {
			kind = policy.Trust
		}
		d, err := policy.Parse(kind, text)
		again, errAgain := policy.Parse(kind, text)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("Parse(%q): %v, then %v", text, err, errAgain)
		}
		if err != nil {
			if message := err.(*policy.Error).Message; message == "" {
				t.Errorf("Parse(%q): no message", text)
			}
			return
		}
		if d.Text() != text {
			t.Fatalf("Text() = %q, want %q", d.Text(), text)
		}
		if d.Size() > len(text) || d.Size() < 2 {
			t.Errorf("Size() = %d of %d bytes", d.Size(), len(text))
		}
		for i, probe := range probes {
			one, two := d.Evaluate(probe), again.Evaluate(probe)
			if diff := cmp.Diff([]any{one.Effect, one.ByAccount, indices(one)}, []any{two.Effect, two.ByAccount, indices(two)}); diff != "" {
				t.Errorf("%s: probe %d: %s", text, i, diff)
			}
			if len(text) > 2000 {
				continue
			}
			if want := naiveEvaluate(text, kind, probe).effect(); one.Effect != want {
				t.Errorf("%s: probe %d: %v, the reference says %v", text, i, one.Effect, want)
			}
		}
	})
}

// FuzzEvaluate makes a document and a request from the fuzzer's bytes and
// compares the answer with the reference evaluator's.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Add([]byte("The quick brown fox jumps over the lazy dog, and then does it again and again."))
	f.Add([]byte(strings.Repeat("\x05\x13\x2a\x71\xc4\x08", 40)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 400 {
			return
		}
		m := &maker{data: data}
		kind, text := m.document()
		req := m.request()
		d, err := policy.Parse(kind, text)
		if err != nil {
			t.Fatalf("the made document is refused: %s: %v", text, err)
		}
		got, want := d.Evaluate(req), naiveEvaluate(text, kind, req).effect()
		if got.Effect != want {
			t.Errorf("%s\non %+v: %v, the reference says %v", text, *req, got.Effect, want)
		}
	})
}

// maker makes choices from bytes; when they run out it chooses the first.
type maker struct {
	data []byte
	old  bool // the document's version knows no variables
}

func (m *maker) n(limit int) int {
	if len(m.data) == 0 {
		return 0
	}
	b := m.data[0]
	m.data = m.data[1:]
	return int(b) % limit
}

func (m *maker) of(choices ...string) string { return choices[m.n(len(choices))] }

// some makes up to limit choices.
func (m *maker) some(limit int, choices ...string) []string {
	list := []string{}
	for range m.n(limit + 1) {
		list = append(list, m.of(choices...))
	}
	return list
}

func (m *maker) atLeastOne(choices ...string) []string {
	return append([]string{m.of(choices...)}, m.some(2, choices...)...)
}

func (m *maker) document() (policy.Kind, string) {
	doc := map[string]any{"Version": "2012-10-17"}
	kind := policy.Identity
	if m.n(3) == 0 {
		kind = policy.Trust
		doc["Version"] = m.of("2012-10-17", "2008-10-17")
		m.old = doc["Version"] == "2008-10-17"
	}
	var statements []any
	for range 1 + m.n(3) {
		statements = append(statements, m.statement(kind))
	}
	doc["Statement"] = statements
	text, err := json.Marshal(doc)
	must(err)
	return kind, string(text)
}

func (m *maker) statement(kind policy.Kind) map[string]any {
	s := map[string]any{"Effect": m.of("Allow", "Deny"), "Condition": m.condition()}
	not := func(name string) string { return m.of("", "", "Not") + name }
	if kind == policy.Trust {
		s[not("Action")] = m.atLeastOne("sts:*", "sts:AssumeRole", "STS:assume*", "sts:TagSession", "sts:?ssumeRole")
		s["Principal"] = map[string]any{
			m.of("AWS", "AWS", "Federated"): "accounts.google.com", "AWS": m.atLeastOne("*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/app", "arn:aws:iam::999999999999:user/me"),
		}
		return s
	}
	s[not("Action")] = m.atLeastOne("*", "s3:*", "s3:GetObject", "S3:get*", "sts:*", "s3:?etObject", "s3:*Object*")
	s[not("Resource")] = m.atLeastOne("*", "arn:aws:s3:::*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${t:a}", "arn:aws:s3:::b/${t:a, 'd*'}?", "arn:aws:s3:::${*}/*",
		"arn:aws:sqs:*:111122223333:q*", "arn:aws:sqs:us-?ast-1:*:${t:b}*", "arn:aws:s3:::b/*${t:a}*x")
	return s
}

var fuzzKeys = []string{"t:a", "t:b", "T:C", "aws:PrincipalTag/Team"}

func (m *maker) condition() map[string]map[string]any {
	block := map[string]map[string]any{}
	for range m.n(3) {
		family := m.of("String", "Numeric", "Date", "Bool", "BinaryEquals", "IpAddress", "Arn", "Null")
		operator, values := m.operator(family)
		if m.old {
			// As text they are neither booleans nor ARNs.
			values = slices.DeleteFunc(values, func(v string) bool { return family != "String" && v == "${t:b}" })
		}
		if family != "Null" {
			operator = m.of("", "", "ForAnyValue:", "ForAllValues:") + operator + m.of("", "", "IfExists")
		}
		keys := map[string]any{}
		for range 1 + m.n(2) {
			keys[m.of(fuzzKeys...)] = m.some(2, values...)
		}
		block[operator] = keys
	}
	return block
}

func (m *maker) operator(family string) (operator string, values []string) {
	order := []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"}
	switch family {
	case "String":
		return family + m.of("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"), []string{
			"", "*", "?", "a*", "A", "a?c", "*b*", "${t:b}", "${T:A}*", "x${t:c, 'a*'}", "${*}", "${?}x", "${$}{t:a}", "$", "é?", "*a*a*b", "ſK",
		}
	case "Numeric":
		return family + m.of(order...), []string{"0", "1", "-1", "1.50", "10", "007", "-0.0", "99999999999999999999.5"}
	case "Date":
		return family + m.of(order...), []string{"2026-06-01", "2026-06", "2026-06-01T00:00:00Z", "2026-06-01T02:00+02:00", "1780272000", "0", "2026-06-01T00:00:00.5Z"}
	case "Bool":
		return family, []string{"true", "false", "TRUE", "${t:b}"}
	case "BinaryEquals":
		return family, []string{"", "YQ==", "YWJj", "w6k="}
	case "IpAddress":
		return m.of("", "Not") + family, []string{"203.0.113.0/24", "0.0.0.0/0", "203.0.113.7", "2001:db8::/32", "::/0", "::ffff:203.0.113.0/120", "::1"}
	case "Arn":
		return family + m.of("Equals", "NotEquals", "Like", "NotLike"), []string{
			"*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/app", "arn:aws:iam::${t:b}:role/*", "${t:b}", "arn:aws:*:role/app:*:x", "arn:?ws:s3:::${t:a, '*'}",
		}
	}
	return family, []string{"true", "false"}
}

func (m *maker) request() *policy.Request {
	req := &policy.Request{
		Action: m.of("s3:GetObject", "s3:getobject", "S3:PutObjectAcl", "sts:AssumeRole", "sts:TagSession", "sqs:SendMessage", ""),
		Resource: m.of("arn:aws:s3:::b/a", "arn:aws:s3:::b/x", "*", "arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:us-east-1:111122223333:a:b",
			"arn:aws:s3:::*/x", "arn:aws:s3:::b/d*x", "arn:aws:s3:::b/*", "", "b/a"),
		Context: policy.Context{},
	}
	switch m.n(4) {
	case 0:
		req.Principal = policy.Principal{ARNs: []string{"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/app"}, Account: "111122223333"}
	case 1:
		req.Principal = policy.Principal{ARNs: []string{"arn:aws:iam::999999999999:user/me"}, Account: "999999999999"}
	case 2:
		req.Principal = policy.Principal{Federated: "accounts.google.com"}
	}
	for _, key := range fuzzKeys {
		req.Context.Set(key, m.some(3,
			"a", "", "A", "abc", "*", "?", "a*", "${t:b}", "xa*", "${t:a}", "é", "éx", "aab", "ſk", "1", "1.5", "-1", "10.0", "7", "99999999999999999999.50", "one",
			"2026-06-01T00:00:00Z", "1780272000", "2026-06", "2026-05-31", "true", "False", "203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "::1", "111122223333",
			"arn:aws:iam::111122223333:role/app", "arn:aws:iam::999999999999:role/app:x", "arn:aws:s3:::*", "\xff")...)
	}
	return req
}
