package awsjson

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// The shapes of GetCredentialsForIdentity, the busiest operation there is.
type (
	identityID   string
	providerName string
	loginToken   string
	logins       map[providerName]loginToken

	credentialsInput struct {
		IdentityId    identityID `aws:"required"`
		Logins        logins
		CustomRoleArn string
	}
	credentials struct {
		AccessKeyId  string
		SecretKey    string
		SessionToken string
		Expiration   time.Time
	}
	credentialsOutput struct {
		IdentityId  identityID
		Credentials *credentials
	}
)

func benchmarkRow() *awsapi.Row {
	do := func(context.Context, awsapi.Caller, *credentialsInput) (*credentialsOutput, error) { return nil, nil }
	return awsapi.Service{
		Name: "bench", Target: "Bench",
		Shapes: awsapi.Shapes(
			awsapi.String[identityID](1, 55, `[\w-]+:[0-9a-f-]+`),
			awsapi.String[providerName](1, 128, ""),
			awsapi.String[loginToken](1, 50000, "").Sensitive(),
			awsapi.Size[logins](0, 10),
		),
		Operations: []awsapi.Operation{awsapi.Op("Do", awsapi.Public, "", do)},
	}.Compile().Row("Do")
}

func BenchmarkDecodeBind(b *testing.B) {
	row := benchmarkRow()
	body := []byte(`{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","Logins":{"login.example.com":"` + strings.Repeat("a", 900) + `"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		n, err := Protocol{}.Decode(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := row.Bind(n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","Logins":{"login.example.com":"` + strings.Repeat("a", 900) + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Protocol{}).Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	row := benchmarkRow()
	out := &credentialsOutput{"us-east-1:0123abcd-0123-4567-89ab-0123456789ab", &credentials{
		"ASIAIOSFODNN7EXAMPLE", strings.Repeat("s", 40), strings.Repeat("t", 700), time.Unix(1515115602, 0),
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Protocol{}).Encode(row, out, "ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE"); err != nil {
			b.Fatal(err)
		}
	}
}
