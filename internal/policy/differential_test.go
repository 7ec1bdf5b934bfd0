package policy_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/policy"
)

// The evaluator and the reference evaluator are asked the same questions: made
// documents, in all layers or in a trust policy, and made requests. Everything
// is made of few letters, so that much of it matches.

// TestDecideAgainstReference makes two thousand cases, or as many as
// -rapid.checks says.
func TestDecideAgainstReference(t *testing.T) {
	quietly(t)
	rapid.Check(t, decideAgainstReference)
}

// quietly has rapid try two thousand times unless somebody asks for a number,
// and print what fails rather than write it to the tree.
func quietly(t *testing.T) { quietlyTrying(t, "2000") }

func quietlyTrying(t *testing.T, times string) {
	set := map[string]string{"rapid.nofailfile": "true"}
	if flag.Lookup("rapid.checks").Value.String() == "100" { // rapid's own default
		set["rapid.checks"] = times
	}
	for name, value := range set {
		was := flag.Lookup(name).Value.String()
		must(flag.Set(name, value))
		t.Cleanup(func() { must(flag.Set(name, was)) })
	}
}

// FuzzDecideAgainstReference makes cases from the fuzzer's bytes.
func FuzzDecideAgainstReference(f *testing.F) {
	f.Add([]byte(strings.Repeat("\x05\x13\x2a\x71\xc4\x08\x00\xff", 2000))) // long enough for a whole case
	f.Fuzz(rapid.MakeFuzz(decideAgainstReference))
}

func decideAgainstReference(t *rapid.T) {
	c := drawCase(t)
	got, err := c.decide()
	if err != nil {
		t.Fatalf("what was made is refused: %v", err)
	}
	for kind, texts := range map[policy.Kind][]document{policy.Identity: c.Identity, policy.Session: c.Session, policy.Managed: {c.Boundary}} {
		for _, text := range texts {
			if err := naiveStructure(kind, string(text)); err != nil && text != "" {
				t.Fatalf("%s is accepted: %v", text, err)
			}
		}
	}
	if diff := cmp.Diff(c.naiveDecide(), got); diff != "" {
		c.Name = "found"
		text, err := json.Marshal(c) // ready for the corpus
		must(err)
		t.Fatalf("%s\n(-reference +got):\n%s", text, diff)
	}
}

// A drawer makes the parts of one case.
type drawer struct {
	*rapid.T
	variables bool // of the document in the making
}

func drawCase(t *rapid.T) decisionCase {
	d := drawer{T: t}
	var c decisionCase
	switch {
	case d.chance(3):
		c.Identity = []document{d.oneCondition()}
	case d.chance(3):
		c.Trust = d.document(policy.Trust)
	default:
		list := func(kind policy.Kind, least, most int) (documents []document) {
			for range rapid.IntRange(least, most).Draw(t, "documents") {
				documents = append(documents, d.document(kind))
			}
			return documents
		}
		c.Identity = list(policy.Identity, 1, 2)
		if d.chance(4) {
			c.Boundary = d.document(policy.Managed)
		}
		if d.chance(4) {
			c.Session = list(policy.Session, 1, 3)
		}
	}
	c.Request = d.request()
	return c
}

// oneCondition is a document in which one condition decides.
func (d drawer) oneCondition() document {
	d.variables = true
	operator := d.of(append(operatorForms(), "Null")...)
	condition := map[string]any{operator: map[string]any{"t:a": d.some(1, 3, func() string { return d.conditionValue(operator) })}}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition,
	}})
	must(err)
	return document(text)
}

// chance is true once in n times.
func (d drawer) chance(n int) bool { return rapid.IntRange(1, n).Draw(d.T, "chance") == 1 }

func (d drawer) of(choices ...string) string { return rapid.SampledFrom(choices).Draw(d.T, "choice") }

// some makes between least and most strings.
func (d drawer) some(least, most int, one func() string) []string {
	list := []string{}
	for range rapid.IntRange(least, most).Draw(d.T, "number") {
		list = append(list, one())
	}
	return list
}

// elements is the value of an element: a string or a list.
func (d drawer) elements(one func() string) any {
	list := d.some(1, 3, one)
	if len(list) == 1 && d.chance(2) {
		return list[0]
	}
	return list
}

func (d drawer) document(kind policy.Kind) document {
	d.variables = true
	doc := map[string]any{"Version": "2012-10-17"}
	if kind != policy.Managed && d.chance(3) {
		d.variables = false
		doc["Version"] = "2008-10-17"
		if d.chance(2) {
			delete(doc, "Version")
		}
	}
	var statements []any
	for range rapid.IntRange(1, 3).Draw(d.T, "statements") {
		statements = append(statements, d.statement(kind))
	}
	doc["Statement"] = statements
	if len(statements) == 1 && d.chance(2) {
		doc["Statement"] = statements[0]
	}
	text, err := json.Marshal(doc, json.Deterministic(true))
	must(err)
	return document(text)
}

func (d drawer) statement(kind policy.Kind) map[string]any {
	s := map[string]any{"Effect": d.of("Allow", "Allow", "Deny"), "Condition": d.condition()}
	not := func(name string) string { return d.of("", "", "", "Not") + name }
	if kind == policy.Trust {
		s[not("Action")] = d.elements(func() string {
			return d.of("sts:*", "sts:AssumeRole", "STS:assume*", "sts:TagSession", "sts:?ssumeRole", "sts:AssumeRole*", "Sts:*Session")
		})
		s["Principal"] = d.principal()
		return s
	}
	s[not("Action")] = d.elements(d.action)
	s[not("Resource")] = d.elements(func() string { return d.resource(kind) })
	return s
}

func (d drawer) principal() any {
	if d.chance(5) {
		return "*"
	}
	types := map[string]any{}
	for range rapid.IntRange(1, 2).Draw(d.T, "types") {
		switch kind := d.of("AWS", "AWS", "Federated", "Service"); kind {
		case "AWS":
			types[kind] = d.elements(func() string {
				return d.of("*", "111122223333", "arn:aws:iam::111122223333:root", "999999999999", "arn:aws:iam::111122223333:role/app",
					"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::999999999999:user/me", "arn:aws:iam::111122223333:user/me")
			})
		case "Federated":
			types[kind] = d.elements(func() string {
				return d.of("accounts.google.com", "www.amazon.com", "arn:aws:iam::111122223333:saml-provider/x")
			})
		default:
			types[kind] = "ec2.amazonaws.com"
		}
	}
	return types
}

func (d drawer) action() string {
	if d.chance(6) {
		return d.of("*", "*", "*:*")
	}
	return d.of("s3:", "S3:", "sqs:") + d.of("*", "", "") + d.join(1, 4, "a", "B", "b", "*", "?", "A")
}

// join makes a text of pieces.
func (d drawer) join(least, most int, pieces ...string) string {
	return strings.Join(d.some(least, most, func() string { return d.of(pieces...) }), "")
}

// pattern is text with wildcards and, where the document knows them, variables.
func (d drawer) pattern(most int) string {
	pieces := []string{"a", "b", "ab", "é", "*", "*", "?", "/", "$", "{", "}", ":", "K", "ſ"}
	if d.variables {
		// A dollar before a brace would begin a variable.
		pieces = append(pieces[:8], "${t:a}", "${t:b}", "${T:B}", "${t:c, 'a*'}", "${t:c,''}", "${*}", "${?}", "${$}", "$", "K")
	}
	return d.join(0, most, pieces...)
}

func (d drawer) resource(kind policy.Kind) string {
	service := "arn:" + d.of("aws", "aws", "*") + ":sqs"
	switch {
	case d.chance(6):
		return "*"
	case kind != policy.Session && d.chance(6):
		return service + d.of("", ":a", ":*", ":a:1", ":b*:?")
	}
	region, account := d.join(0, 2, "a", "b", "*", "?"), d.join(0, 2, "1", "2", "*", "?")
	return service + ":" + region + ":" + account + ":" + d.pattern(5)
}

// arnPattern may have wildcards and variables in all components.
func (d drawer) arnPattern() string {
	switch {
	case d.chance(8):
		return "*"
	case d.variables && d.chance(8):
		return d.of("${t:a}", "${t:b, 'arn:aws:sqs:a:1:a'}")
	}
	component := func() string { return strings.ReplaceAll(d.pattern(2), ":", "") }
	return d.of("arn", "*") + ":" + d.of("aws", "a*", "?ws") + ":" + d.of("sqs", "*", "s?s") + ":" + component() + ":" + component() + ":" + d.pattern(4)
}

var drawnKeys = []string{"t:a", "t:b", "T:C", "t:d", "aws:PrincipalArn"}

func (d drawer) condition() map[string]map[string]any {
	block := map[string]map[string]any{}
	for range rapid.IntRange(0, 2).Draw(d.T, "operators") {
		operator := d.of(append(operatorForms(), "Null")...)
		keys := map[string]any{}
		for range rapid.IntRange(1, 2).Draw(d.T, "keys") {
			keys[d.of(drawnKeys...)] = d.some(0, 3, func() string { return d.conditionValue(operator) })
		}
		block[operator] = keys
	}
	return block
}

func (d drawer) conditionValue(operator string) string {
	switch {
	case strings.Contains(operator, "String"):
		return d.pattern(4)
	case strings.Contains(operator, "Numeric"):
		return d.number()
	case strings.Contains(operator, "Date"):
		return d.date()
	case strings.Contains(operator, "Bool") && d.variables && d.chance(5):
		return d.of("${t:a}", "${t:b, 'true'}")
	case strings.Contains(operator, "Bool"):
		return d.of("true", "false", "TRUE", "False")
	case strings.Contains(operator, "Binary"):
		return d.of("", "YQ==", "YWI=", "w6k=", "Kg==")
	case strings.Contains(operator, "IpAddress"):
		return d.address() + d.of("", "/0", "/1", "/8", "/15", "/31", "/32")
	case strings.Contains(operator, "Arn"):
		return d.arnPattern()
	}
	return d.of("true", "false")
}

func (d drawer) number() string {
	digits := func(least int) string { return d.join(least, 3, "0", "1", "9") }
	text := d.of("", "-") + digits(1)
	if d.chance(2) {
		text += "." + digits(1)
	}
	return text
}

func (d drawer) date() string {
	if d.chance(4) {
		return d.of("0", "1780272000", "1780272001", "2026")
	}
	text := d.of("2026", "2025", "2026", "12026", "-2025", "+2026") + "-" + d.of("01", "06", "12", "6")
	if d.chance(4) {
		return text
	}
	text += d.of("-01", "-30")
	if d.chance(3) {
		return text
	}
	text += d.of("T", "T", "t") + d.of("00", "23", "2")
	if !d.chance(6) {
		text += ":" + d.of("00", "59") + d.of("", ":00", ":59", ":00.5", ":00.000000001")
	}
	return text + d.of("Z", "+00:00", "-01:00", "+05:30", "-23:59", "", "z", "+0530", "-23")
}

func (d drawer) address() string {
	if d.chance(3) {
		return d.of("::", "2001:db8::", "2001:DB8:0::1", "::ffff:1.2.3.4", "::1", "::1.2.3.4", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
	}
	octet := func() string { return d.of("0", "1", "10", "127", "128", "255") }
	return octet() + "." + octet() + "." + octet() + "." + octet()
}

// value is what a request may have under a key.
func (d drawer) value() string {
	switch rapid.IntRange(0, 8).Draw(d.T, "kind of value") {
	case 0:
		return d.number()
	case 1:
		return d.date()
	case 2:
		return d.address() + d.of("", "", "%x")
	case 3:
		return d.of("true", "false", "True", "")
	case 4, 5:
		return d.arn()
	case 6:
		return d.of("x", "-", ".", "1.", "2026-02-30", "1.2.3", "\xff", "a\xff", "${t:a}", "K", "s", "S")
	}
	return d.join(0, 4, "a", "b", "A", "é", "*", "?", "/", "$", ":", "{", "K")
}

func (d drawer) arn() string {
	component := func(pieces ...string) string { return d.join(0, 2, pieces...) }
	return "arn:aws:sqs:" + component("a", "b") + ":" + component("1", "2") + ":" + d.join(0, 4, "a", "b", "/", ":", "é", "*", "?")
}

func (d drawer) request() request {
	r := request{
		Action:   d.of("s3:", "S3:", "sqs:") + d.join(1, 4, "a", "b", "A", "B"),
		Resource: d.of("*", d.arn(), d.arn(), d.arn(), d.arn()),
		Context:  map[string][]string{},
	}
	if d.chance(3) {
		r.Action = d.of("sts:AssumeRole", "sts:assumerole", "sts:TagSession", "sts:AssumeRoleWithSAML")
	}
	switch d.of("session", "user", "federated", "nobody") {
	case "session":
		r.Principal.ARNs = []string{"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/app"}
		r.Principal.Account = "111122223333"
	case "user":
		r.Principal.ARNs, r.Principal.Account = []string{"arn:aws:iam::999999999999:user/me"}, "999999999999"
	case "federated":
		r.Principal.Federated = d.of("accounts.google.com", "arn:aws:iam::111122223333:saml-provider/x")
	}
	for _, key := range drawnKeys {
		if values := d.some(0, 3, d.value); len(values) > 0 || d.chance(2) {
			r.Context[key] = values
		}
	}
	return r
}
