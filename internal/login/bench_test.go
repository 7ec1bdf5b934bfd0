package login

import (
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/fetch"
)

func BenchmarkParse(b *testing.B) {
	token := realisticToken("RS256", "k1", rsaKey())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(token, maxTest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, bb := range []struct {
		name, alg, kid string
		key            any
		version        uint64 // of the key set; 0 means that nothing is remembered
	}{{"RS256", "RS256", "k1", rsaKey(), 0}, {"ES256", "ES256", "p256", p256Key(), 0}, {"remembered", "RS256", "k1", rsaKey(), 1}} {
		b.Run(bb.name, func(b *testing.B) {
			o, c := newOIDC(b)
			i := o.issuer(source{issuer: testIssuer}, c.Now())
			i.set, i.fetched = newPublished([]jose.JSONWebKey(testKeys()), nil, fetch.MaxLifetime), c.Now()
			i.set.version = bb.version
			provider := testRules().Provider
			token := realisticToken(bb.alg, bb.kid, bb.key)
			b.ReportAllocs()
			for b.Loop() {
				parsed, err := Parse(token, maxTest)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := o.Verify(b.Context(), provider, parsed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// realisticToken has the claims that a common provider sends.
func realisticToken(alg, kid string, key any) string {
	return sign(alg, key, object{"alg": alg, "kid": kid, "typ": "JWT"}.String(), goodClaims.with(
		"azp", "client-1", "sub", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "email", "u@example.com", "email_verified", true,
		"name", "U Ser", "groups", []string{"a", "b"}, "nonce", "abcdefgh", "auth_time", 1759990000, "jti", "0123456789abcdef",
	).String())
}
