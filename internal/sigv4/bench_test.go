package sigv4

import "testing"

// benchRequest is what the AWS CLI sends for a JSON operation with temporary
// credentials.
func benchRequest(b *testing.B) *Request {
	r := jsonRequest()
	if err := Sign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime); err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkVerify is what a signed request costs: parsing and verifying, with
// the signing key derived for each request or remembered.
func BenchmarkVerify(b *testing.B) {
	for _, bench := range []struct {
		name string
		keys *KeyCache
	}{{"derive", nil}, {"cached", new(KeyCache)}} {
		b.Run(bench.name, func(b *testing.B) {
			r, o := benchRequest(b), testOptions()
			o.Keys = bench.keys
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(r, testCredentials.SecretAccessKey, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyPresigned is the same for a signature in the query.
func BenchmarkVerifyPresigned(b *testing.B) {
	r := &Request{Method: "GET", Path: "/", Host: "127.0.0.1:4600", RawQuery: "Action=GetCallerIdentity&Version=2011-06-15"}
	if err := Presign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime, MaxExpires); err != nil {
		b.Fatal(err)
	}
	o := testOptions()
	o.Keys = new(KeyCache)
	b.ReportAllocs()
	for b.Loop() {
		if err := verify(r, testCredentials.SecretAccessKey, o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	r := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	r := jsonRequest()
	b.ReportAllocs()
	for b.Loop() {
		if err := Sign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime); err != nil {
			b.Fatal(err)
		}
	}
}
