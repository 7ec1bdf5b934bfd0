package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/policy"
)

const cognitoTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},
 "Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
 "Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:12345678-dead-beef-cafe-123456790ab"},
  "ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`

func cognitoRequest() *policy.Request {
	req := &policy.Request{
		Principal: policy.Principal{Federated: "cognito-identity.amazonaws.com"},
		Action:    "sts:AssumeRoleWithWebIdentity",
		Context:   policy.Context{},
	}
	req.Context.Set("cognito-identity.amazonaws.com:aud", "us-east-1:12345678-dead-beef-cafe-123456790ab")
	req.Context.Set("cognito-identity.amazonaws.com:sub", "us-east-1:6f0a6ec6-ccd5-4b7f-8d4e-6f8f2c1f5c3a")
	req.Context.Set("cognito-identity.amazonaws.com:amr", "authenticated", "id.example.com", "id.example.com:OIDC:42")
	return req
}

// The most frequent evaluation of all must not allocate.
func TestEvaluateCognitoTrustAllocations(t *testing.T) {
	d, req := mustParse(t, policy.Trust, cognitoTrust), cognitoRequest()
	if n := testing.AllocsPerRun(100, func() { d.Evaluate(req) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEvaluateCognitoTrust(b *testing.B) {
	d, req := mustParse(b, policy.Trust, cognitoTrust), cognitoRequest()
	b.ReportAllocs()
	for b.Loop() {
		if d.Evaluate(req).Effect != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	role := mustParse(b, policy.Identity, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket","Condition":{"StringLike":{"s3:prefix":["cognito/app/${cognito-identity.amazonaws.com:sub}/*"]}}},
		{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::bucket/cognito/app/${cognito-identity.amazonaws.com:sub}/*"]},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	session := mustParse(b, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["dynamodb:*","logs:*","s3:*","sqs:*"],"Resource":"*"}}`)
	in := policy.Policies{Identity: []*policy.Document{role}, Session: []*policy.Document{session}}
	req := cognitoRequest()
	req.Action, req.Resource = "s3:GetObject", "arn:aws:s3:::bucket/cognito/app/us-east-1:6f0a6ec6-ccd5-4b7f-8d4e-6f8f2c1f5c3a/photo"
	req.Context.Set("aws:SecureTransport", "true")
	b.ReportAllocs()
	for b.Loop() {
		if policy.Decide(in, req).Effect != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

// BenchmarkEvaluateHostile: patterns that make backtracking matchers
// exponential, against values of growing length. ns/op must grow in proportion.
func BenchmarkEvaluateHostile(b *testing.B) {
	patterns := []struct{ name, pattern string }{
		{"asterisks", strings.Repeat("*a", 30) + "*b"},
		{"questions", strings.Repeat("*a?", 20) + "b"},
		{"late", "*" + strings.Repeat("a", 60) + "b*"},
		{"late-question", "*" + strings.Repeat("a", 30) + "?" + strings.Repeat("a", 30) + "b*"},
	}
	for _, p := range patterns {
		d := mustParse(b, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"t:a":"`+p.pattern+`"}}}}`)
		for _, length := range []int{1 << 10, 2 << 10, 4 << 10, 8 << 10} {
			b.Run(fmt.Sprintf("%s/%d", p.name, length), func(b *testing.B) {
				req := &policy.Request{Action: "s3:x", Resource: "*", Context: policy.Context{"t:a": {strings.Repeat("a", length)}}}
				b.ReportAllocs()
				for b.Loop() {
					if d.Evaluate(req).Effect != policy.ImplicitDeny {
						b.Fatal("matched")
					}
				}
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(cognitoTrust)))
	for b.Loop() {
		if _, err := policy.Parse(policy.Trust, cognitoTrust); err != nil {
			b.Fatal(err)
		}
	}
}

// The longest documents of the dearest kinds are read in time proportional to
// their length: a quadratic step would take seconds here, not milliseconds.
func BenchmarkParseLongest(b *testing.B) {
	values := map[string]string{
		"dollars":   strings.Repeat("$", 100_000),
		"questions": strings.Repeat("?", 100_000),
		"variables": strings.Repeat("${a}", 25_000),
		"asterisks": strings.Repeat("*a", 50_000),
		"values":    strings.Repeat(`a","`, 25_000),
	}
	for name, value := range values {
		text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"a:b":["` + value + `"]}}}}`
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := policy.Parse(policy.Identity, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
