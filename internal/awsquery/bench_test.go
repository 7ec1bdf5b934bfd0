package awsquery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// The shapes of AssumeRoleWithWebIdentity.
type (
	roleARN     string
	sessionName string
	webToken    string

	assumeInput struct {
		RoleArn          roleARN     `aws:"required"`
		RoleSessionName  sessionName `aws:"required"`
		WebIdentityToken webToken    `aws:"required"`
		DurationSeconds  int32
	}
	assumedRole struct {
		AssumedRoleId string `aws:"required"`
		Arn           string `aws:"required"`
	}
	stsCredentials struct {
		AccessKeyId     string    `aws:"required"`
		SecretAccessKey string    `aws:"required"`
		SessionToken    string    `aws:"required"`
		Expiration      time.Time `aws:"required"`
	}
	assumeOutput struct {
		Credentials     *stsCredentials
		AssumedRoleUser *assumedRole
		Audience        string
		Provider        string
	}
)

func benchmarkRow() *awsapi.Row {
	do := func(context.Context, awsapi.Caller, *assumeInput) (*assumeOutput, error) { return nil, nil }
	return awsapi.Service{
		Name: "bench", Namespace: "https://bench.example.com/",
		Shapes: awsapi.Shapes(
			awsapi.String[roleARN](20, 2048, `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD]+`),
			awsapi.String[sessionName](2, 64, `[\w+=,.@-]*`),
			awsapi.String[webToken](4, 20000, "").Sensitive(),
		),
		Operations: []awsapi.Operation{awsapi.Op("Assume", awsapi.Public, awsapi.Unasked, "", do)},
	}.Compile().Row("Assume")
}

func BenchmarkDecodeBind(b *testing.B) {
	row := benchmarkRow()
	form := []byte("Action=Assume&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FAppAuth&RoleSessionName=app1" +
		"&DurationSeconds=3600&WebIdentityToken=" + strings.Repeat("a", 900))
	b.ReportAllocs()
	for b.Loop() {
		n, err := Protocol{}.Decode(row, form)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := row.Bind(n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	row := benchmarkRow()
	out := &assumeOutput{
		&stsCredentials{"ASIAIOSFODNN7EXAMPLE", strings.Repeat("s", 40), strings.Repeat("t", 700), time.Unix(1515115602, 0)},
		&assumedRole{"AROARTX3GSDSQABCDEFGH:app1", "arn:aws:sts::123456789012:assumed-role/AppAuth/app1"},
		"us-east-1:12345678-dead-beef-cafe-123456790ab", "cognito-identity.amazonaws.com",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Protocol{}).Encode(row, out, "ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE"); err != nil {
			b.Fatal(err)
		}
	}
}

// hostileForms are the worst forms of a mebibyte that we could think of.
func hostileForms() map[string][]byte {
	var deep, wide, same strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&wide, "%s%04d=&", strings.Repeat("x", 124), i)
		fmt.Fprintf(&same, "a.b.c.d.e.f.g.%s%04d=&", strings.Repeat("x", 110), i)
	}
	deep.WriteString(strings.Repeat("a.", 1<<19))
	return map[string][]byte{
		"names of one length":   []byte(wide.String()),
		"names of one length 8": []byte(same.String()),
		"one name of dots":      []byte(deep.String() + "=1"),
		"ampersands":            []byte(strings.Repeat("&", 1<<20)),
		"short names":           []byte(strings.Repeat("a=&", 1<<18)),
		"one escaped value":     []byte("a=" + strings.Repeat("%41", 1<<18)),
	}
}

func BenchmarkDecodeHostile(b *testing.B) {
	row := benchmarkRow()
	for name, form := range hostileForms() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Protocol{}.Decode(row, form)
			}
		})
	}
}
