package awsjson

import (
	"context"
	"fmt"
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
		Operations: []awsapi.Operation{awsapi.Op("Do", awsapi.Public, awsapi.Unasked, "", do)},
	}.Compile().Row("Do")
}

func BenchmarkDecodeBind(b *testing.B) {
	row := benchmarkRow()
	body := []byte(`{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","Logins":{"login.example.com":"` + strings.Repeat("a", 900) + `"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		n, err := Protocol{}.Decode(row, body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := row.Bind(n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	row := benchmarkRow()
	body := []byte(`{"IdentityId":"us-east-1:0123abcd-0123-4567-89ab-0123456789ab","Logins":{"login.example.com":"` + strings.Repeat("a", 900) + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Protocol{}).Decode(row, body); err != nil {
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

// hostileBodies are the worst bodies of a mebibyte that we could think of.
func hostileBodies() map[string][]byte {
	var names, mappings strings.Builder
	for i := range 32000 {
		fmt.Fprintf(&names, `"%s%05d":1,`, strings.Repeat("x", 22), i)
		fmt.Fprintf(&mappings, `"%05d":{"a":{}},`, i)
	}
	object := func(b *strings.Builder) []byte { return []byte("{" + strings.TrimSuffix(b.String(), ",") + "}") }
	return map[string][]byte{
		"numbers":  []byte(`{"a":[1` + strings.Repeat(",1", 1<<19) + `]}`),
		"names":    object(&names),
		"objects":  object(&mappings),
		"escapes":  []byte(`{"a":"` + strings.Repeat(`\u0041`, 170000) + `"}`),
		"a text":   []byte(`{"a":"` + strings.Repeat("a", 1<<20) + `"}`),
		"a number": []byte(`{"a":` + strings.Repeat("1", 1<<20) + `}`),
		"brackets": []byte(`{"a":` + strings.Repeat("[", 1<<20)),
	}
}

func BenchmarkDecodeHostile(b *testing.B) {
	row := benchmarkRow()
	for name, body := range hostileBodies() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Protocol{}.Decode(row, body)
			}
		})
	}
}
