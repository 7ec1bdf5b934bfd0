package login

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/jws"
)

// testKeys are an issuer's keys: one of each type, and some that must not be
// used.
func testKeys() keyList {
	return keyList{
		{KeyID: "k1", Key: &rsaKey().PublicKey, Use: "sig"},
		{KeyID: "k9", Key: &spareRSAKey().PublicKey},
		{KeyID: "small", Key: &smallRSAKey().PublicKey},
		{KeyID: "e1", Key: &rsa.PublicKey{N: rsaKey().N, E: 1}},
		{KeyID: "e4", Key: &rsa.PublicKey{N: rsaKey().N, E: 4}},
		{KeyID: "huge", Key: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 3}},
		{KeyID: "enc", Key: &rsaKey().PublicKey, Use: "enc"},
		{KeyID: "rs512", Key: &rsaKey().PublicKey, Algorithm: "RS512"},
		{KeyID: "p256", Key: &p256Key().PublicKey},
		{KeyID: "p384", Key: &p384Key().PublicKey},
		{KeyID: "p521", Key: &p521Key().PublicKey},
		{KeyID: "secret", Key: []byte("0123456789abcdef0123456789abcdef")},
	}
}

func testRules() Rules {
	return Rules{
		Provider: Provider{
			Name: testIssuer[len("https://"):], ARN: "arn:aws:iam::111122223333:oidc-provider/issuer.example.com/realms/demo",
			Issuer: testIssuer, ClientIDs: []string{"client-1", "client-2"},
		},
		Algorithms: oidcAlgorithms,
		ExpirySkew: Skew,
	}
}

func TestVerify(t *testing.T) {
	token := parse(t, goodToken("aud", []string{"other", "client-2"}, "email", "jane@example.com", "n", 12345678901234567))
	got, err := VerifyWith(t.Context(), testKeys(), testRules(), testNow, token)
	if err != nil {
		t.Fatal(err)
	}
	want := &Login{
		Provider:  "issuer.example.com/realms/demo",
		ARN:       "arn:aws:iam::111122223333:oidc-provider/issuer.example.com/realms/demo",
		Issuer:    testIssuer,
		Subject:   "jane",
		Audience:  "client-2",
		ExpiresAt: 1_760_003_600,
		Claims: Claims{
			"iss": []byte(`"https://issuer.example.com/realms/demo"`), "aud": []byte(`["other","client-2"]`), "sub": []byte(`"jane"`),
			"exp": []byte(`1760003600`), "iat": []byte(`1759999990`),
			"email": []byte(`"jane@example.com"`), "n": []byte(`12345678901234567`),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// textOf is an error's text, without what it says of both sides of a mismatch.
func textOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && (e.Cause == IssuerMismatch || e.Cause == AudienceMismatch) {
		return (&Error{Kind: e.Kind, Cause: e.Cause}).Error()
	}
	return err.Error()
}

// The log says what a token has and what is configured.
func TestMismatchDetail(t *testing.T) {
	for _, test := range []struct{ claim, value, want string }{
		{"iss", "https://evil.example", `login rejected: issuer-mismatch: iss is "https://evil.example", and not "https://issuer.example.com/realms/demo"`},
		{"aud", "client-3", `login rejected: audience-mismatch: the token is for ["client-3"], and not for ["client-1" "client-2"]`},
	} {
		_, err := VerifyWith(t.Context(), testKeys(), testRules(), testNow, parse(t, goodToken(test.claim, test.value)))
		if errorText(err) != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

// check verifies a token by the test rules and compares what comes out:
// "ok AUDIENCE" or the error's text.
func check(t *testing.T, rules Rules, token, want string) {
	t.Helper()
	login, err := VerifyWith(t.Context(), testKeys(), rules, testNow, parse(t, token))
	got := ""
	if err != nil {
		got = textOf(err)
		if _, ok := errors.AsType[*Error](err); !ok || login != nil {
			t.Errorf("login %v, error %T; want none, *Error", login, err)
		}
	} else {
		got = "ok " + login.Audience
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestVerifyClaims(t *testing.T) {
	now := testNow.Unix()
	for _, tt := range []struct {
		name   string
		claims []any
		want   string
	}{
		{"good", nil, "ok client-1"},
		{"everything missing", []any{"aud", nil, "iss", nil, "sub", nil, "exp", nil, "iat", nil}, "login rejected: claim-missing aud"},
		{"aud missing, as in access tokens of user pools", []any{"aud", nil, "client_id", "client-1"}, "login rejected: claim-missing aud"},
		{"aud missing, azp there", []any{"aud", nil, "azp", "client-1"}, "login rejected: claim-missing aud"},
		{"aud null", []any{"aud", rawJSON("null")}, "login rejected: claim-missing aud"},
		{"iss missing", []any{"iss", nil, "sub", nil}, "login rejected: claim-missing iss"},
		{"sub missing", []any{"sub", nil, "exp", nil}, "login rejected: claim-missing sub"},
		{"exp missing", []any{"exp", nil, "iat", nil}, "login rejected: claim-missing exp"},
		{"iat missing", []any{"iat", nil}, "login rejected: claim-missing iat"},
		{"iat missing, iss wrong", []any{"iat", nil, "iss", "https://evil.example"}, "login rejected: claim-missing iat"},

		{"aud number", []any{"aud", 1}, "login rejected: claim-invalid aud"},
		{"aud object", []any{"aud", object{"client-1": true}}, "login rejected: claim-invalid aud"},
		{"aud empty", []any{"aud", ""}, "login rejected: claim-invalid aud"},
		{"aud empty list", []any{"aud", []string{}}, "login rejected: claim-invalid aud"},
		{"aud list with a number", []any{"aud", []any{"client-1", 1}}, "login rejected: claim-invalid aud"},
		{"aud list with nothing", []any{"aud", []any{"client-1", ""}}, "login rejected: claim-invalid aud"},
		{"aud list in a list", []any{"aud", []any{[]string{"client-1"}}}, "login rejected: claim-invalid aud"},
		{"iss list", []any{"iss", []string{testIssuer}}, "login rejected: claim-invalid iss"},
		{"sub empty", []any{"sub", ""}, "login rejected: claim-invalid sub"},
		{"sub number", []any{"sub", 42}, "login rejected: claim-invalid sub"},
		{"sub as long as may be", []any{"sub", strings.Repeat("s", 255)}, "ok client-1"},
		{"sub too long", []any{"sub", strings.Repeat("s", 256)}, "login rejected: claim-invalid sub"},
		{"sub with a line end", []any{"sub", "jane\nadmin"}, "login rejected: claim-invalid sub"},
		{"sub with NUL", []any{"sub", "jane\x00"}, "login rejected: claim-invalid sub"},
		{"exp string", []any{"exp", fmt.Sprint(now + 3600)}, "login rejected: claim-invalid exp"},
		{"exp fraction", []any{"exp", rawJSON("1760003600.0")}, "login rejected: claim-invalid exp"},
		{"exp exponent", []any{"exp", rawJSON("176e7")}, "login rejected: claim-invalid exp"},
		{"exp negative", []any{"exp", -1}, "login rejected: claim-invalid exp"},
		{"exp minus nothing", []any{"exp", rawJSON("-0")}, "login rejected: claim-invalid exp"},
		{"exp after the year 9999", []any{"exp", 253402300800}, "login rejected: claim-invalid exp"},
		{"exp beyond 64 bits", []any{"exp", rawJSON("99999999999999999999")}, "login rejected: claim-invalid exp"},
		{"exp at the end of 64 bits", []any{"exp", rawJSON("9223372036854775807")}, "login rejected: claim-invalid exp"},
		{"exp true", []any{"exp", true}, "login rejected: claim-invalid exp"},
		{"iat fraction", []any{"iat", rawJSON("1759999990.5")}, "login rejected: claim-invalid iat"},
		{"nbf string", []any{"nbf", "1"}, "login rejected: claim-invalid nbf"},
		{"nbf null", []any{"nbf", rawJSON("null")}, "ok client-1"},
		{"azp number", []any{"azp", 1}, "login rejected: claim-invalid azp"},
		{"azp empty", []any{"azp", ""}, "login rejected: claim-invalid azp"},

		{"iss with a slash", []any{"iss", testIssuer + "/"}, "login rejected: issuer-mismatch"},
		{"iss in other case", []any{"iss", "https://Issuer.example.com/realms/demo"}, "login rejected: issuer-mismatch"},
		{"iss without scheme", []any{"iss", testIssuer[8:]}, "login rejected: issuer-mismatch"},
		{"iss over http", []any{"iss", "http" + testIssuer[5:]}, "login rejected: issuer-mismatch"},
		{"iss of another, expired too", []any{"iss", "https://evil.example", "exp", 1}, "login rejected: issuer-mismatch"},

		{"just expired", []any{"exp", now - 1}, "ok client-1"},
		{"expired, within skew", []any{"exp", now - 299}, "ok client-1"},
		{"expired", []any{"exp", now - 300}, "login rejected: token-expired 1760000000 >= 1759999700"},
		{"nbf ahead, within skew", []any{"nbf", now + 300}, "ok client-1"},
		{"nbf ahead", []any{"nbf", now + 301}, "login rejected: token-not-yet-valid nbf"},
		{"iat ahead, within skew", []any{"iat", now + 300}, "ok client-1"},
		{"iat ahead", []any{"iat", now + 301}, "login rejected: token-not-yet-valid iat"},
		{"iat far ahead", []any{"iat", 253402300799}, "login rejected: token-not-yet-valid iat"},

		{"aud of another", []any{"aud", "client-3"}, "login rejected: audience-mismatch"},
		{"aud in other case", []any{"aud", "Client-1"}, "login rejected: audience-mismatch"},
		{"aud list, one good", []any{"aud", []string{"evil", "client-2"}}, "ok client-2"},
		{"aud list, none good", []any{"aud", []string{"evil", "client-3"}}, "login rejected: audience-mismatch"},
		{"azp good, aud of another", []any{"aud", "api", "azp", "client-2"}, "ok client-2"},
		{"azp of another, aud good", []any{"aud", "client-1", "azp", "evil"}, "login rejected: audience-mismatch"},
	} {
		t.Run(tt.name, func(t *testing.T) { check(t, testRules(), goodToken(tt.claims...), tt.want) })
	}
}

// rawJSON is JSON as it stands.
type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func TestVerifyRules(t *testing.T) {
	several := []any{"aud", []string{"client-1", "client-2"}}
	for _, tt := range []struct {
		name   string
		change func(*Rules)
		claims []any
		want   string
	}{
		{"no skew", func(r *Rules) { r.ExpirySkew = 0 }, []any{"exp", testNow.Unix()}, "login rejected: token-expired 1760000000 >= 1760000000"},
		{"no skew, a second left", func(r *Rules) { r.ExpirySkew = 0 }, []any{"exp", testNow.Unix() + 1}, "ok client-1"},
		{"single audience", func(r *Rules) { r.Provider.SingleAudience = true }, several, "login rejected: audience-ambiguous"},
		{"single audience, list of one", func(r *Rules) { r.Provider.SingleAudience = true }, []any{"aud", []string{"client-1"}}, "ok client-1"},
		{"single audience, azp", func(r *Rules) { r.Provider.SingleAudience = true }, append(several, "azp", "client-1"), "ok client-1"},
		{"any audience", func(r *Rules) { r.AnyAudience, r.Provider.ClientIDs = true, nil }, []any{"aud", "us-east-1:pool"}, "ok us-east-1:pool"},
		{"any client, azp alone counts", func(r *Rules) { r.EitherAudience, r.Provider.AnyClient, r.Provider.ClientIDs = true, true, nil }, append(several, "azp", "other"), "ok other"},
		{"any client, several", func(r *Rules) { r.Provider.AnyClient = true }, several, "login rejected: audience-ambiguous"},
		{"any audience but those of others", func(r *Rules) { r.AnyAudience, r.OtherAudiences = true, "other:" }, []any{"aud", "us-east-1:pool"}, "ok us-east-1:pool"},
		{"an audience of others", func(r *Rules) { r.AnyAudience, r.OtherAudiences = true, "other:" }, []any{"aud", "other:pool"}, "login rejected: audience-mismatch"},
		{"an audience of others as the azp", func(r *Rules) { r.AnyAudience, r.OtherAudiences = true, "other:" }, []any{"azp", "other:pool"}, "login rejected: audience-mismatch"},
		{"an audience of others with a client id", func(r *Rules) { r.OtherAudiences = "client" }, nil, "login rejected: audience-mismatch"},
		{"any audience, several", func(r *Rules) { r.AnyAudience = true }, several, "login rejected: audience-ambiguous"},
		{"no client ids", func(r *Rules) { r.Provider.ClientIDs = nil }, nil, "login rejected: audience-mismatch"},
		{"no algorithms", func(r *Rules) { r.Algorithms = nil }, nil, `login rejected: algorithm-refused: alg "RS256"`},
		{"own tokens", func(r *Rules) { r.Algorithms = []jws.Algorithm{jws.RS512} }, nil, `login rejected: algorithm-refused: alg "RS256"`},
		{"no issuer", func(r *Rules) { r.Provider.Issuer = "" }, []any{"iss", ""}, "login rejected: claim-invalid iss"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules := testRules()
			tt.change(&rules)
			check(t, rules, goodToken(tt.claims...), tt.want)
		})
	}
}

func TestVerifySignature(t *testing.T) {
	public := must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	attacker := jwkOf("k1", otherRSAKey())
	claims := goodClaims.String()
	for _, tt := range []struct {
		name   string
		header object
		alg    string // signed with
		key    any
		want   string
	}{
		{"RS256", goodHeader, "RS256", rsaKey(), "ok client-1"},
		{"RS384", goodHeader.with("alg", "RS384"), "RS384", rsaKey(), "ok client-1"},
		{"RS512", goodHeader.with("alg", "RS512"), "RS512", rsaKey(), "ok client-1"},
		{"ES256", goodHeader.with("alg", "ES256", "kid", "p256"), "ES256", p256Key(), "ok client-1"},
		{"ES384", goodHeader.with("alg", "ES384", "kid", "p384"), "ES384", p384Key(), "ok client-1"},
		{"ES512", goodHeader.with("alg", "ES512", "kid", "p521"), "ES512", p521Key(), "ok client-1"},
		{"no typ", goodHeader.with("typ", nil), "RS256", rsaKey(), "ok client-1"},
		{"typ of our own tokens", goodHeader.with("typ", "JWS"), "RS256", rsaKey(), "ok client-1"},
		{"no kid, one EC key on the curve", object{"alg": "ES384"}, "ES384", p384Key(), "ok client-1"},

		{"none", goodHeader.with("alg", "none"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "none"`},
		{"None", goodHeader.with("alg", "None"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "None"`},
		{"NONE", goodHeader.with("alg", "NONE"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "NONE"`},
		{"empty alg", goodHeader.with("alg", ""), "RS256", rsaKey(), `login rejected: algorithm-refused: alg ""`},
		{"no alg", goodHeader.with("alg", nil), "RS256", rsaKey(), `login rejected: algorithm-refused: alg ""`},
		{"null alg", goodHeader.with("alg", rawJSON("null")), "RS256", rsaKey(), `login rejected: algorithm-refused: alg ""`},
		{"rs256", goodHeader.with("alg", "rs256"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "rs256"`},
		{"RS256 and a space", goodHeader.with("alg", "RS256 "), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "RS256 "`},
		{"RS1", goodHeader.with("alg", "RS1"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "RS1"`},
		{"PS256", goodHeader.with("alg", "PS256"), "PS256", rsaKey(), `login rejected: algorithm-refused: alg "PS256"`},
		{"EdDSA", goodHeader.with("alg", "EdDSA"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "EdDSA"`},
		{"ES256K", goodHeader.with("alg", "ES256K"), "RS256", rsaKey(), `login rejected: algorithm-refused: alg "ES256K"`},
		{"HS256 keyed with the public key in PEM", goodHeader.with("alg", "HS256"), "HS256", publicPEM, `login rejected: algorithm-refused: alg "HS256"`},
		{"HS256 keyed with the public key in DER", goodHeader.with("alg", "HS256"), "HS256", public, `login rejected: algorithm-refused: alg "HS256"`},
		{"HS256 keyed with the modulus", goodHeader.with("alg", "HS256"), "HS256", rsaKey().N.Bytes(), `login rejected: algorithm-refused: alg "HS256"`},
		{"HS256 with a published secret", goodHeader.with("alg", "HS256", "kid", "secret"), "HS256", []byte("0123456789abcdef0123456789abcdef"), `login rejected: algorithm-refused: alg "HS256"`},
		{"HMAC in an RS256 token", goodHeader, "HS256", publicPEM, "login rejected: signature-invalid"},
		{"PSS in an RS256 token", goodHeader, "PS256", rsaKey(), "login rejected: signature-invalid"},
		{"RS512 in an RS256 token", goodHeader, "RS512", rsaKey(), "login rejected: signature-invalid"},
		{"another's key", goodHeader, "RS256", otherRSAKey(), "login rejected: signature-invalid"},

		{"jwk of an attacker", goodHeader.with("jwk", attacker), "RS256", otherRSAKey(), "login rejected: signature-invalid"},
		{"jwk of an attacker, no kid", goodHeader.with("jwk", attacker, "kid", nil), "RS256", otherRSAKey(), "login rejected: key-ambiguous: no kid and 2 keys for RS256"},
		{"jwk beside a good signature", goodHeader.with("jwk", attacker), "RS256", rsaKey(), "ok client-1"},
		{"x5c of an attacker", goodHeader.with("x5c", []string{base64.StdEncoding.EncodeToString(public)}), "RS256", otherRSAKey(), "login rejected: header-malformed: x5c"},
		{"x5c that is no list, beside a good signature", goodHeader.with("x5c", "AA"), "RS256", rsaKey(), "login rejected: header-malformed: x5c"},
		{"jwk that is no key", goodHeader.with("jwk", object{"kty": "RSA"}), "RS256", rsaKey(), "login rejected: header-malformed: jwk"},
		{"both", goodHeader.with("jwk", attacker, "x5c", []string{"!"}), "RS256", rsaKey(), "login rejected: header-malformed: jwk or x5c"},
		{"crit", goodHeader.with("crit", []string{"exp"}), "RS256", rsaKey(), "login rejected: header-refused: crit"},
		{"crit, empty", goodHeader.with("crit", []string{}), "RS256", rsaKey(), "login rejected: header-refused: crit"},
		{"crit, null", goodHeader.with("crit", rawJSON("null")), "RS256", rsaKey(), "login rejected: header-refused: crit"},
		{"crit with b64", goodHeader.with("crit", []string{"b64"}, "b64", false), "RS256", rsaKey(), "login rejected: header-refused: crit"},
		{"access token", goodHeader.with("typ", "at+jwt"), "RS256", rsaKey(), `login rejected: token-type-refused: typ "at+jwt"`},
		{"logout token", goodHeader.with("typ", "application/logout+JWT"), "RS256", rsaKey(), `login rejected: token-type-refused: typ "application/logout+JWT"`},

		{"unknown kid", goodHeader.with("kid", "k2"), "RS256", rsaKey(), `login rejected: key-unknown: kid "k2"`},
		{"kid in other case", goodHeader.with("kid", "K1"), "RS256", rsaKey(), `login rejected: key-unknown: kid "K1"`},
		{"kid is a path", goodHeader.with("kid", "../../../../dev/null"), "RS256", rsaKey(), `login rejected: key-unknown: kid "../../../../dev/null"`},
		{"kid is a statement", goodHeader.with("kid", "k1' OR '1'='1"), "RS256", rsaKey(), `login rejected: key-unknown: kid "k1' OR '1'='1"`},
		{"kid with a line end", goodHeader.with("kid", "k1\n"), "RS256", rsaKey(), `login rejected: key-unknown: kid "k1\n"`},
		{"long kid", goodHeader.with("kid", strings.Repeat("k", 1000)), "RS256", rsaKey(), `login rejected: key-unknown: kid "` + strings.Repeat("k", 80) + `"`},
		{"no kid, two RSA keys", goodHeader.with("kid", nil), "RS256", rsaKey(), "login rejected: key-ambiguous: no kid and 2 keys for RS256"},
		{"empty kid", goodHeader.with("kid", ""), "RS256", rsaKey(), "login rejected: key-ambiguous: no kid and 2 keys for RS256"},

		{"RSA of 1024 bits", goodHeader.with("kid", "small"), "RS256", smallRSAKey(), "login rejected: key-unsuitable: RSA key of 1024 bits"},
		{"RSA of 8193 bits", goodHeader.with("kid", "huge"), "RS256", rsaKey(), "login rejected: key-unsuitable: RSA key of 8193 bits"},
		{"RSA exponent 1", goodHeader.with("kid", "e1"), "RS256", rsaKey(), "login rejected: key-unsuitable: RSA exponent 1"},
		{"RSA exponent 4", goodHeader.with("kid", "e4"), "RS256", rsaKey(), "login rejected: key-unsuitable: RSA exponent 4"},
		{"key for encryption", goodHeader.with("kid", "enc"), "RS256", rsaKey(), `login rejected: key-unsuitable: key is for use "enc"`},
		{"key for RS512 only", goodHeader.with("kid", "rs512"), "RS256", rsaKey(), `login rejected: key-unsuitable: key is for "RS512", not RS256`},
		{"P-256 key in an ES384 token", goodHeader.with("alg", "ES384", "kid", "p256"), "ES384", p256Key(), "login rejected: key-unsuitable: key is on P-256, not P-384"},
		{"P-521 key in an ES256 token", goodHeader.with("alg", "ES256", "kid", "p521"), "ES256", p521Key(), "login rejected: key-unsuitable: key is on P-521, not P-256"},
		{"RSA key in an ES256 token", goodHeader.with("alg", "ES256"), "RS256", rsaKey(), "login rejected: key-unsuitable: key is *rsa.PublicKey, not EC"},
		{"EC key in an RS256 token", goodHeader.with("kid", "p256"), "ES256", p256Key(), "login rejected: key-unsuitable: key is *ecdsa.PublicKey, not RSA"},
		{"secret in an RS256 token", goodHeader.with("kid", "secret"), "RS256", rsaKey(), "login rejected: key-unsuitable: key is []uint8, not RSA"},
	} {
		t.Run(tt.name, func(t *testing.T) { check(t, testRules(), sign(tt.alg, tt.key, tt.header.String(), claims), tt.want) })
	}

	t.Run("signature lengths", func(t *testing.T) {
		es := sign("ES256", p256Key(), goodHeader.with("alg", "ES256", "kid", "p256").String(), claims)
		input := es[:strings.LastIndexByte(es, '.')+1]
		raw := must(decodePart(es[len(input):]))
		for _, s := range [][]byte{nil, raw[:63], append(raw[:64:64], 0), append([]byte{0}, raw...), make([]byte, 64), make([]byte, 96)} {
			check(t, testRules(), input+base64.RawURLEncoding.EncodeToString(s), "login rejected: signature-invalid")
		}
	})
	t.Run("none without a signature", func(t *testing.T) {
		check(t, testRules(), encode(`{"alg":"none"}`)+"."+encode(claims)+".", `login rejected: algorithm-refused: alg "none"`)
	})
	t.Run("HS256 listed by mistake", func(t *testing.T) {
		rules := testRules()
		rules.Algorithms = append(rules.Algorithms[:6:6], "HS256")
		check(t, rules, sign("HS256", publicPEM, goodHeader.with("alg", "HS256").String(), claims), `login rejected: key-unsuitable: no keys are used with "HS256"`)
	})
}

// Keys that a token points to are never fetched.
func TestVerifyFetchesNothingForTheToken(t *testing.T) {
	asked := false
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer evil.Close()
	s := newIssuerServer(t)
	o, _ := newOIDC(t)
	header := goodHeader.with("jku", evil.URL+"/keys", "x5u", evil.URL+"/chain", "kid", evil.URL+"/key")
	token := parse(t, sign("RS256", otherRSAKey(), header.String(), goodClaims.with("iss", s.URL).String()))
	_, err := o.Verify(t.Context(), s.provider(), token)
	if causeOf(err) != KeyUnknown || asked {
		t.Errorf("error %v, evil server asked: %t", err, asked)
	}
}

// No key is asked for before everything else about the token is good.
func TestVerifyAsksForKeysLast(t *testing.T) {
	for name, token := range map[string]string{
		"claim missing":   goodToken("sub", nil),
		"another issuer":  goodToken("iss", "https://evil.example"),
		"expired":         goodToken("exp", 1),
		"not yet valid":   goodToken("nbf", testNow.Unix()+10_000),
		"algorithm":       sign("HS256", []byte("x"), goodHeader.with("alg", "HS256").String(), goodClaims.String()),
		"another client":  goodToken("aud", "client-3"),
		"issued later":    goodToken("iat", testNow.Unix()+10_000),
		"logout token":    goodToken("events", logout),
		"critical header": sign("RS256", rsaKey(), goodHeader.with("crit", []string{"x"}).String(), goodClaims.String()),
	} {
		if _, err := VerifyWith(t.Context(), noKeys{t}, testRules(), testNow, parse(t, token)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

var logout = object{"http://schemas.openid.net/event/backchannel-logout": object{}}

// A logout token (OpenID Connect Back-Channel Logout, section 2.4) has everything
// that an ID token has, and need not say otherwise in its header.
func TestVerifyLogoutTokens(t *testing.T) {
	const refused = "login rejected: logout-token"
	check(t, testRules(), goodToken("events", logout), refused)
	check(t, testRules(), goodToken("events", logout, "jti", "1", "sid", "s"), refused)
	check(t, testRules(), goodToken("events", object{"https://schemas.openid.net/secevent/risc/event-type/account-disabled": object{}}), refused)
	check(t, testRules(), goodToken("events", object{}), refused)
	check(t, testRules(), goodToken("events", []string{"conference"}), "ok client-1") // a claim of somebody's own
	check(t, testRules(), goodToken("events", rawJSON("null")), "ok client-1")
}

type noKeys struct{ t *testing.T }

func (n noKeys) Keys(_ context.Context, kid string) ([]jose.JSONWebKey, error) {
	n.t.Errorf("asked for key %q", kid)
	return nil, nil
}

func TestVerifySameKeyID(t *testing.T) {
	other := jose.JSONWebKey{KeyID: "k1", Key: &otherRSAKey().PublicKey}
	right := jose.JSONWebKey{KeyID: "k1", Key: &rsaKey().PublicKey}
	curve := jose.JSONWebKey{KeyID: "k1", Key: &p256Key().PublicKey}
	token := parse(t, goodToken())
	for name, tt := range map[string]struct {
		keys keyList
		want Cause
	}{
		"second":              {keyList{other, right}, ""},
		"beside another type": {keyList{curve, curve, curve, curve, curve, right}, ""},
		"fourth":              {keyList{other, other, other, right}, ""},
		"fifth":               {keyList{other, other, other, other, right}, SignatureInvalid},
		"without a kid":       {keyList{{Key: &rsaKey().PublicKey}}, ""},
		"fourth without":      {keyList{{Key: other.Key}, {Key: other.Key}, {Key: curve.Key}, {Key: other.Key}, {Key: right.Key}}, ""},
		"fifth without":       {keyList{{Key: other.Key}, {Key: other.Key}, {Key: other.Key}, {Key: other.Key}, {Key: right.Key}}, SignatureInvalid},
		"with another kid":    {keyList{{KeyID: "k2", Key: right.Key}}, KeyUnknown},
		"without, beside one": {keyList{other, {Key: right.Key}}, SignatureInvalid},
	} {
		if _, err := VerifyWith(t.Context(), tt.keys, testRules(), testNow, token); causeOf(err) != tt.want {
			t.Errorf("%s: %v, want cause %q", name, err, tt.want)
		}
	}
}

// The log says that keys were not tried.
func TestVerifyTellsOfKeysNotTried(t *testing.T) {
	other := jose.JSONWebKey{KeyID: "k1", Key: &otherRSAKey().PublicKey}
	_, err := VerifyWith(t.Context(), keyList{other, other, other, other, other, other}, testRules(), testNow, parse(t, goodToken()))
	if want := `login rejected: signature-invalid: of 6 keys that kid "k1" may mean, 4 were tried`; errorText(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A PS signature has a salt as long as its hash (RFC 7518, section 3.5): no other,
// though it is as good a proof.
func TestVerifySalt(t *testing.T) {
	rules := testRules()
	rules.Algorithms = []jws.Algorithm{jws.PS256, jws.PS384, jws.PS512}
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		input := encode(goodHeader.with("alg", alg).String()) + "." + encode(goodClaims.String())
		digest := hash.New()
		digest.Write([]byte(input))
		for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, hash.Size(), 1, hash.Size() - 1, hash.Size() + 1, rsa.PSSSaltLengthAuto} {
			signature := must(rsa.SignPSS(rand.Reader, rsaKey(), hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: salt}))
			want := "login rejected: signature-invalid"
			if salt == rsa.PSSSaltLengthEqualsHash || salt == hash.Size() {
				want = "ok client-1"
			}
			t.Run(fmt.Sprintf("%s, %d", alg, salt), func(t *testing.T) {
				check(t, rules, input+"."+base64.RawURLEncoding.EncodeToString(signature), want)
			})
		}
	}
}

type brokenKeys struct{ err error }

func (b brokenKeys) Keys(context.Context, string) ([]jose.JSONWebKey, error) { return nil, b.err }

func TestVerifyTypesErrorsOfKeySets(t *testing.T) {
	store := errors.New("disk on fire")
	_, err := VerifyWith(t.Context(), brokenKeys{store}, testRules(), testNow, parse(t, goodToken()))
	want := &Error{Kind: Unavailable, Cause: KeysUnavailable, Err: store}
	if diff := cmp.Diff(want, err, cmp.Comparer(func(a, b error) bool { return a == b || a.Error() == b.Error() })); diff != "" || !errors.Is(err, store) {
		t.Errorf("(-want +got):\n%s", diff)
	}
	typed := misconfigured(KeySetInvalid, nil)
	if _, err := VerifyWith(t.Context(), brokenKeys{typed}, testRules(), testNow, parse(t, goodToken())); err != error(typed) {
		t.Errorf("got %v, want the key set's own error", err)
	}
}

// FuzzTamper changes one byte of a signed token to another: nothing that
// results may verify.
func FuzzTamper(f *testing.F) {
	tokens := []string{
		goodToken(),
		sign("ES256", p256Key(), goodHeader.with("alg", "ES256", "kid", "p256").String(), goodClaims.String()),
		sign("PS256", rsaKey(), goodHeader.with("alg", "PS256").String(), goodClaims.String()),
	}
	keys := testKeys()
	for _, token := range tokens {
		for _, at := range []int{0, strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.'), len(token) - 1} {
			f.Add(uint8(0), uint16(at), byte('A'))
			f.Add(uint8(1), uint16(at), byte('='))
			f.Add(uint8(2), uint16(at), byte('B'))
		}
	}
	rules := testRules()
	rules.Algorithms = append(rules.Algorithms[:len(rules.Algorithms):len(rules.Algorithms)], jws.PS256)
	f.Fuzz(func(t *testing.T, which uint8, at uint16, c byte) {
		token := tokens[int(which)%len(tokens)]
		i := int(at) % len(token)
		if token[i] == c {
			return
		}
		parsed, err := Parse(token[:i]+string([]byte{c})+token[i+1:], maxTest)
		if err != nil {
			return
		}
		if login, err := VerifyWith(t.Context(), keys, rules, testNow, parsed); err == nil {
			t.Errorf("byte %d changed to %q verifies as %+v", i, c, login)
		}
	})
}

// Every single byte, not only those that fuzzing happens upon.
func TestTamperEveryByte(t *testing.T) {
	token := sign("ES256", p256Key(), goodHeader.with("alg", "ES256", "kid", "p256").String(), goodClaims.String())
	for i := range len(token) {
		for _, c := range []byte("A_.") {
			if token[i] == c {
				continue
			}
			parsed, err := Parse(token[:i]+string([]byte{c})+token[i+1:], maxTest)
			if err != nil {
				continue
			}
			if _, err := VerifyWith(t.Context(), testKeys(), testRules(), testNow, parsed); err == nil {
				t.Errorf("byte %d changed to %q verifies", i, c)
			}
		}
	}
}
