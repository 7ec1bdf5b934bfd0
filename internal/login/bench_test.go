package login

import (
	"testing"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/seal"
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
			i.set, i.fetched = newPublished(&jwks{keys: testKeys()}, nil, fetch.MaxLifetime), c.Now()
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

// Each kind of login, with the provider a double on loopback: ID tokens are of one
// user, so their signatures are remembered, and about opaque ones the double is
// asked each time.
func BenchmarkKinds(b *testing.B) {
	d, o, _ := doubles(b)
	d.AddFacebook("EAAalice", logintest.FacebookToken{App: "1", User: "2"})
	d.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "c", AppID: "a", User: "u", Left: 3600})
	d.AddTwitter("alice", logintest.TwitterToken{Secret: "secret", ID: "123"})
	for _, k := range []struct {
		name  string
		kind  Verifier
		p     Provider
		token string
	}{
		{"google", Google{o}, Provider{ClientIDs: []string{"1-web.apps.googleusercontent.com"}}, d.GoogleToken()},
		{"apple", Apple{o}, Provider{ClientIDs: []string{"com.example.app"}}, d.AppleToken()},
		{"userpool", UserPool{Tokens: o}, Provider{Name: logintest.Pool, ClientIDs: []string{"3n4b5urk1ft4fl3mg5e62d9ado"}}, d.PoolToken()},
		{"facebook", Facebook{Tokens: o}, Provider{ClientIDs: []string{"1"}}, "EAAalice"},
		{"amazon", Amazon{Tokens: o}, Provider{ClientIDs: []string{"c"}}, "Atza|alice"},
		{"twitter", Twitter{Tokens: o}, Provider{ClientIDs: []string{logintest.ConsumerKey}, Secret: seal.NewSecret(logintest.ConsumerSecret)}, "alice;secret"},
	} {
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.kind.Verify(b.Context(), k.p, Present(k.token, maxTest)); err != nil {
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
