package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/policy"
)

// allowing gives the statements of a document that allow something.
func allowing(t testing.TB, text string) []policy.Statement {
	t.Helper()
	d := mustParse(t, policy.Identity, text)
	return d.Evaluate(&policy.Request{
		Action: "dynamodb:CreateBackup", Resource: "*", Context: policy.Context{"aws:currenttime": {"2019-04-25T11:00:00Z"}},
	}).Statements
}

// The first three are what AWS's simulator says of such documents ("Examples" of
// simulate-custom-policy in the AWS CLI reference).
func TestSpan(t *testing.T) {
	type span struct{ Start, End policy.Position }
	const statement = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for name, test := range map[string]struct {
		text string
		want []span
	}{
		"a statement without a list": {
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`,
			[]span{{policy.Position{Line: 1, Column: 38}, policy.Position{Line: 1, Column: 167}}},
		},
		"AdministratorAccess": {
			"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}",
			[]span{{policy.Position{Line: 3, Column: 17}, policy.Position{Line: 8, Column: 6}}},
		},
		"spaces": {
			`{"Version": "2012-10-17", "Statement": [` + statement + `]}`,
			[]span{{policy.Position{Line: 1, Column: 41}, policy.Position{Line: 1, Column: 41 + len(statement)}}},
		},
		"several, the later ones beginning where the one before ends": {
			`{"Version":"2012-10-17","Statement":[` + statement + "\r\n, " + statement + "\n\r" + "\t ," + statement + `]}`,
			[]span{
				{policy.Position{Line: 1, Column: 38}, policy.Position{Line: 1, Column: 84}},
				{policy.Position{Line: 1, Column: 84}, policy.Position{Line: 2, Column: 49}},
				{policy.Position{Line: 2, Column: 49}, policy.Position{Line: 4, Column: 50}},
			},
		},
		"elements in another order": {
			`{"Id":"\"Statement\":[{é}]","\u0053tatement":[` + statement + `],"Version":"2012-10-17"}`,
			[]span{{policy.Position{Line: 1, Column: 47}, policy.Position{Line: 1, Column: 93}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []span
			for _, s := range allowing(t, test.text) {
				start, end := s.Span()
				got = append(got, span{start, end})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What stands between the positions is the statement, for all documents of the
// corpus, however they are written.
func TestSpansOfTheCorpus(t *testing.T) {
	spaced := func(text document) string {
		var b strings.Builder
		for i, line := range strings.SplitAfter(string(text), ",") {
			b.WriteString(line + strings.Repeat(" ", i%3) + [...]string{"", "\n", "\r\n", "\r"}[i%4])
		}
		return b.String()
	}
	checked := 0
	for _, file := range decisionFiles {
		for _, c := range corpus[decisionCase](t, file) {
			for _, text := range append(append(c.Identity, c.Session...), c.Boundary) {
				for _, text := range []string{string(text), spaced(text)} {
					d, err := policy.Parse(policy.Identity, text)
					if err != nil {
						continue // commas in strings, the other kind of document
					}
					for _, s := range d.Evaluate(c.Request.request()).Statements {
						checkSpan(t, text, s)
						checked++
					}
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d statements", checked)
	}
}

func checkSpan(t *testing.T, text string, s policy.Statement) {
	t.Helper()
	start, end := s.Span()
	cut := strings.TrimLeft(text[offset(text, start):offset(text, end)], ", \t\r\n")
	var whole struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	want := string(whole.Statement)
	var list []json.RawMessage
	if json.Unmarshal(whole.Statement, &list) == nil {
		want = string(list[s.Index])
	} else {
		cut = text[offset(text, start)-1 : offset(text, end)]
	}
	if cut != want {
		t.Errorf("statement %d of %s: %s", s.Index, text, cut)
	}
}

// offset finds a position in a text.
func offset(text string, p policy.Position) int {
	at := 0
	for ; p.Line > 1; p.Line-- {
		at += strings.IndexAny(text[at:], "\r\n")
		if strings.HasPrefix(text[at:], "\r\n") {
			at++
		}
		at++
	}
	for i := range text[at:] {
		if p.Column--; p.Column == 0 {
			return at + i
		}
	}
	return len(text)
}

func TestKeys(t *testing.T) {
	const statement = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	for text, want := range map[string][]string{
		`{"Version":"2012-10-17","Statement":` + statement + `}`: nil,
		`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::${aws:username}/${$}${*}","arn:aws:s3:::${aws:PrincipalTag/Team, 'a,b'}/*"],` +
			`"Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":["${AWS:UserName}*","${t:x}"]},"Null":{"t:X":"true"}}},` +
			`{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::${aws:userid}","Condition":{"NumericLessThan":{"s3:max-keys":10},` +
			`"IpAddress":{"aws:SourceIp":"2001:db8::/32"},"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:${t:y}"}}}]}`: {
			"aws:username", "aws:PrincipalTag/Team", "aws:TagKeys", "t:x", "aws:userid", "s3:max-keys", "aws:SourceIp", "aws:SourceArn", "t:y",
		},
	} {
		if diff := cmp.Diff(want, mustParse(t, policy.Identity, text).Keys()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	// Variables of a document of 2008 are text.
	old := `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"${aws:username}"}}}}`
	if diff := cmp.Diff([]string{"sts:ExternalId"}, mustParse(t, policy.Trust, old).Keys()); diff != "" {
		t.Error(diff)
	}
}

// Keys are all that an answer can depend on: without the others it is the same.
func TestKeysAreAllThatCount(t *testing.T) {
	for _, file := range decisionFiles {
		for _, c := range corpus[decisionCase](t, file) {
			for _, text := range append(append(c.Identity, c.Session...), c.Boundary) {
				if text == "" {
					continue
				}
				d, req := mustParse(t, policy.Identity, string(text)), c.Request.request()
				want := d.Evaluate(req)
				fewer := policy.Context{}
				for _, key := range d.Keys() {
					if values, ok := req.Context[strings.ToLower(key)]; ok {
						fewer.Set(key, values...)
					}
				}
				req.Context = fewer
				if got := d.Evaluate(req); got.Effect != want.Effect {
					t.Errorf("%s: %s: %v, with all keys %v", c.Name, text, got.Effect, want.Effect)
				}
			}
		}
	}
}
