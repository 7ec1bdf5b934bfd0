package policy_test

import (
	"fmt"
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

// FuzzParse: parsing is deterministic, an accepted document keeps its text and
// has the structure that the grammar demands, and a document read again from
// that text, as well as the reference evaluator, answers every probe alike.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"wellformed.json", "malformed.json"} {
		for _, c := range corpus[documentCase](f, name) {
			f.Add(uint8(kindOf(f, c.Kind)), string(c.Policy))
		}
	}
	f.Fuzz(func(t *testing.T, number uint8, text string) {
		kind := policy.Kind(number % 4)
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
		stored, err := policy.ParseStored(kind, text)
		if err != nil {
			t.Fatalf("ParseStored(%q): %v, which Parse accepts", text, err)
		}
		if d.Text() != text {
			t.Fatalf("Text() = %q, want %q", d.Text(), text)
		}
		if err := naiveStructure(kind, text); err != nil {
			t.Errorf("Parse(%q) is accepted: %v", text, err)
		}
		if d.Size() > len(text) || d.Size() < 2 {
			t.Errorf("Size() = %d of %d bytes", d.Size(), len(text))
		}
		for i, probe := range probes {
			one, two := d.Evaluate(probe), again.Evaluate(probe)
			if diff := cmp.Diff([]any{one.Effect, one.Named, indices(one)}, []any{two.Effect, two.Named, indices(two)}); diff != "" {
				t.Errorf("%s: probe %d: %s", text, i, diff)
			}
			if three := stored.Evaluate(probe); three.Effect != one.Effect || three.Named != one.Named {
				t.Errorf("%s: probe %d: %v, stored %v", text, i, one.Effect, three.Effect)
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
