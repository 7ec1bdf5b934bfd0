package openid

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"slices"
	"testing"
	"time"
)

// member returns the claims of an authenticated identity's token.
func member(c *clock) *Claims {
	claims := c.claims("us-east-1")
	claims.AMR = []string{"authenticated", "login.example.com", "arn:aws:iam::111122223333:oidc-provider/login.example.com:OIDC:alice"}
	claims.IdentityPoolARN = "arn:aws:cognito-identity:us-east-1:111122223333:identitypool/us-east-1:0f1e2d3c-4b5a-4697-8877-665544332211"
	return claims
}

func BenchmarkSign(b *testing.B) {
	c := newClock()
	p := newProvider(b, &memory{}, c, "1")
	mustEnsure(b, p, "us-east-1")
	claims := member(c)
	b.ReportAllocs()
	for b.Loop() {
		mustSign(b, p, "us-east-1", claims)
	}
}

// BenchmarkSignAgainstRaw makes tokens and bare RSA signatures in turn, so that
// both see the same machine, and reports the ratio of the medians: 1 would be a
// token that costs nothing but its signature.
func BenchmarkSignAgainstRaw(b *testing.B) {
	c := newClock()
	p := newProvider(b, &memory{}, c, "1")
	mustEnsure(b, p, "us-east-1")
	private, claims, digest := fixtureKey(b, "1"), member(c), sha512.Sum512([]byte("header.payload"))
	var raw, sign []time.Duration
	for b.Loop() {
		begin := time.Now()
		if _, err := rsa.SignPKCS1v15(nil, private, crypto.SHA512, digest[:]); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		mustSign(b, p, "us-east-1", claims)
		raw, sign = append(raw, middle.Sub(begin)), append(sign, time.Since(middle))
	}
	slices.Sort(raw)
	slices.Sort(sign)
	n := len(raw) / 2
	b.ReportMetric(float64(raw[n])/float64(sign[n]), "raw/sign")
	b.ReportMetric(float64(raw[n].Nanoseconds()), "raw-ns")
	b.ReportMetric(float64(sign[n].Nanoseconds()), "sign-ns")
}

// BenchmarkLoad measures what the keys of thirty regions add to a start.
func BenchmarkLoad(b *testing.B) {
	store := &memory{}
	p := newProvider(b, store, newClock())
	for _, area := range []string{"us-east-", "us-west-", "eu-west-", "eu-north-", "sa-east-", "ap-south-"} {
		for number := range 5 {
			store.keys = append(store.keys, stored(b, p.Box, area+string(rune('1'+number)), 1, start, "1"))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		p.set.Store(nil)
		mustLoad(b, p)
	}
}
