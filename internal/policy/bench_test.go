package policy_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

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

// The usual role of those who have signed in: a prefix of their own in a bucket,
// rows of their own in a table, and no plain HTTP.
const usualIdentity = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket","Condition":{"StringLike":{"s3:prefix":["cognito/app/${cognito-identity.amazonaws.com:sub}/*"]}}},
 {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::bucket/cognito/app/${cognito-identity.amazonaws.com:sub}/*"]},
 {"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:*:*:table/MyTable","Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["${cognito-identity.amazonaws.com:sub}"]}}},
 {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T00:00:00Z"}}}]}`

func usualRequest() *policy.Request {
	req := cognitoRequest()
	req.Action, req.Resource = "s3:GetObject", "arn:aws:s3:::bucket/cognito/app/us-east-1:6f0a6ec6-ccd5-4b7f-8d4e-6f8f2c1f5c3a/photo"
	req.Context.Set("aws:SecureTransport", "true")
	req.Context.Set("aws:SourceIp", "203.0.113.7")
	req.Context.Set("aws:TokenIssueTime", "2026-06-01T00:00:00Z")
	return req
}

func usualPolicies(tb testing.TB) policy.Policies {
	session := mustParse(tb, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["dynamodb:*","logs:*","s3:*","sqs:*"],"Resource":"*"}}`)
	return policy.Policies{
		Identity: []*policy.Document{mustParse(tb, policy.Identity, usualIdentity)},
		Boundary: session, Session: []*policy.Document{session},
	}
}

// Evaluating allocates nothing, but for the copy of the action in lower case
// that wildcard actions are compared with.
func TestEvaluateAllocations(t *testing.T) {
	trust, trusted := mustParse(t, policy.Trust, cognitoTrust), cognitoRequest()
	identity, all, req := mustParse(t, policy.Identity, usualIdentity), usualPolicies(t), usualRequest()
	tests := []struct {
		name string
		most float64
		run  func() policy.Effect
	}{
		{"Cognito's trust policy", 0, func() policy.Effect { return trust.Evaluate(trusted).Effect }},
		{"identity policy", 0, func() policy.Effect { return identity.Evaluate(req).Effect }},
		{"identity policy, boundary and session policy", 1, func() policy.Effect { return policy.Decide(all, req).Effect }},
	}
	for _, tt := range tests {
		if n := testing.AllocsPerRun(100, func() {
			if tt.run() != policy.Allow {
				t.Fatal("not allowed")
			}
		}); n > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, n, tt.most)
		}
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
	in, req := usualPolicies(b), usualRequest()
	b.ReportAllocs()
	for b.Loop() {
		if policy.Decide(in, req).Effect != policy.Allow {
			b.Fatal("not allowed")
		}
	}
}

// hostile are patterns that make backtracking matchers exponential, and those
// that cost the most here; with values that almost match.
var hostile = []struct{ name, pattern, value string }{
	{"asterisks", strings.Repeat("*a", 30) + "*b", "a"},
	{"asterisks-and-end", strings.Repeat("*a", 30) + "*b*", "a"},
	{"far-apart", "*" + strings.Repeat("ab*", 30) + "c*", "ab"},
	{"questions", strings.Repeat("*a?", 20) + "*b*", "a"},
	{"late", "*" + strings.Repeat("a", 60) + "b*", "a"},
	{"late-question", "*" + strings.Repeat("a", 30) + "?" + strings.Repeat("a", 30) + "b*", "a"},
	{"only-questions", "*" + strings.Repeat("?", 60) + "b*", "a"},
	{"variables", "*" + strings.Repeat("${t:v}?", 30) + "b*", "a"},
}

func hostileCase(tb testing.TB, operator, pattern, value string, length int) (*policy.Document, *policy.Request) {
	d := mustParse(tb, policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"`+operator+`":{"t:a":"`+pattern+`"}}}}`)
	text := strings.Repeat(value, length/len(value))
	return d, &policy.Request{Action: "s3:x", Resource: "*", Context: policy.Context{"t:a": {text}, "t:v": {"a"}}}
}

// BenchmarkEvaluateHostile: ns/byte must not grow with the value's length.
func BenchmarkEvaluateHostile(b *testing.B) {
	for _, h := range hostile {
		for _, length := range []int{1 << 10, 1 << 13, 1 << 16} {
			b.Run(fmt.Sprintf("%s/%d", h.name, length), func(b *testing.B) {
				d, req := hostileCase(b, "StringLike", h.pattern, h.value, length)
				b.ReportAllocs()
				for b.Loop() {
					if d.Evaluate(req).Effect != policy.ImplicitDeny {
						b.Fatal("matched")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(length), "ns/byte")
			})
		}
	}
}

// A value sixteen times as long takes some sixteen times as long, not the square
// of it. What else the machine does may spoil a measurement, so there are a few.
func TestHostileIsLinear(t *testing.T) {
	const attempts, short, factor = 5, 1 << 11, 16
	for _, h := range hostile {
		fastest := func(length int) time.Duration {
			d, req := hostileCase(t, "StringLike", h.pattern, h.value, length)
			best := time.Hour
			for range 5 {
				start := time.Now()
				if d.Evaluate(req).Effect != policy.ImplicitDeny {
					t.Fatal("matched")
				}
				best = min(best, time.Since(start))
			}
			return best
		}
		linear := func() bool { return fastest(short*factor) < 5*factor*max(fastest(short), time.Microsecond) }
		for i := 0; !linear(); i++ {
			if i == attempts {
				t.Errorf("%s: time grows faster than the value", h.name)
				break
			}
		}
	}
}

// BenchmarkStatements: time in proportion to the number of statements.
func BenchmarkStatements(b *testing.B) {
	const most = 1000 // in one document
	one := `{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b%d/*"},`
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var in policy.Policies
			for from := 0; from < n; from += most {
				var text strings.Builder
				for i := from; i < min(n, from+most); i++ {
					fmt.Fprintf(&text, one, i)
				}
				in.Identity = append(in.Identity, mustParse(b, policy.Identity, `{"Version":"2012-10-17","Statement":[`+strings.TrimSuffix(text.String(), ",")+`]}`))
			}
			req := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/x", Context: policy.Context{}}
			b.ReportAllocs()
			for b.Loop() {
				if policy.Decide(in, req).Effect != policy.ImplicitDeny {
					b.Fatal("matched")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/statement")
		})
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
