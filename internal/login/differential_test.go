package login

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/jws"
)

var everyAlgorithm = []jws.Algorithm{
	jws.RS256, jws.RS384, jws.RS512, jws.ES256, jws.ES384, jws.ES512, jws.PS256, jws.PS384, jws.PS512, jws.EdDSA, "HS256", "none",
}

// ways are what can be done to a signature; each knows the signing input, for
// those that sign anew.
var ways = []func(key any, alg, input string, signature, more []byte) []byte{
	func(_ any, _, _ string, s, _ []byte) []byte { return s },
	func(_ any, _, _ string, _, more []byte) []byte { return more },
	func(_ any, _, _ string, s, more []byte) []byte { return append(s, more...) },
	func(_ any, _, _ string, s, more []byte) []byte { return append(more[:len(more):len(more)], s...) },
	func(_ any, _, _ string, s, more []byte) []byte { return s[:len(s)-min(len(s), len(more))] },
	func(_ any, _, _ string, s, more []byte) []byte { return s[min(len(s), len(more)):] },
	func(_ any, _, _ string, s, more []byte) []byte { // some bits changed
		for i, b := range more[:min(len(s), len(more))] {
			s[i] ^= b
		}
		return s
	},
	func(key any, _, _ string, s, _ []byte) []byte { // other numbers that mean the same, where the range is not checked
		switch k := key.(type) {
		case *ecdsa.PrivateKey:
			half := len(s) / 2
			r := new(big.Int).Add(new(big.Int).SetBytes(s[:half]), k.Params().N).Bytes()
			return append(append(make([]byte, max(0, half-len(r))), r...), s[half:]...)
		case *rsa.PrivateKey:
			return new(big.Int).Add(new(big.Int).SetBytes(s), k.N).Bytes()
		}
		return s
	},
	func(key any, _, _ string, s, _ []byte) []byte { // n-s verifies as s does: both are the key's
		if k, ok := key.(*ecdsa.PrivateKey); ok {
			half := len(s) / 2
			new(big.Int).Sub(k.Params().N, new(big.Int).SetBytes(s[half:])).FillBytes(s[half:])
		}
		return s
	},
	func(key any, _, _ string, s, _ []byte) []byte { // as X.509 has it
		if _, ok := key.(*ecdsa.PrivateKey); ok {
			half := len(s) / 2
			return must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(s[:half]), new(big.Int).SetBytes(s[half:])}))
		}
		return s
	},
	func(key any, alg, input string, s, more []byte) []byte { // another salt
		k, ok := key.(*rsa.PrivateKey)
		if hash, pss := saltOf[alg]; ok && pss {
			h := hash.New()
			h.Write([]byte(input))
			return must(rsa.SignPSS(rand.Reader, k, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: 1 + len(more)%100}))
		}
		return s
	},
}

var saltOf = map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512}

// joseVerdict is what go-jose says of a token, which reads it by itself: that it
// reads the same payload is part of the proof. It lets the length of a salt be found
// out, so that is looked at here.
func joseVerdict(t *Token, key any) error {
	signed, err := jose.ParseSignedCompact(t.raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.header.Algorithm)})
	if err != nil {
		return fmt.Errorf("%s: %w", HeaderMalformed, err)
	}
	payload, err := signed.Verify(key)
	parts := strings.Split(t.raw, ".")
	if err != nil || !bytes.Equal(payload, must(decodePart(parts[1]))) {
		return fmt.Errorf("%s: %v", SignatureInvalid, err)
	}
	if hash, ok := saltOf[string(t.header.Algorithm)]; ok {
		h := hash.New()
		h.Write([]byte(parts[0] + "." + parts[1]))
		if rsa.VerifyPSS(key.(*rsa.PublicKey), hash, h.Sum(nil), must(decodePart(parts[2])), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) != nil {
			return fmt.Errorf("%s: salt", SignatureInvalid)
		}
	}
	return nil
}

// comparison is a token to be made and verified: signed with any key by any
// algorithm, spoilt in any way, verified with any key. Numbers wrap around.
type comparison struct {
	alg, signer, signAlg, verifier, way uint8
	extra, payload                      string // extra are members of the header
	more                                []byte // for the way
}

var comparedSigners = sync.OnceValue(func() []any {
	return []any{
		rsaKey(), otherRSAKey(), makeRSA(3072), p256Key(), p384Key(), p521Key(), edKey(), []byte("0123456789abcdef0123456789abcdef"),
		makeRSA(2049),
	}
})

// comparedKeys are the public halves of comparedSigners, and some that nobody has.
var comparedKeys = sync.OnceValue(func() []any {
	keys := []any{}
	for _, s := range comparedSigners() {
		if k, ok := s.(crypto.Signer); ok {
			s = k.Public()
		}
		keys = append(keys, s)
	}
	return append(keys, &smallRSAKey().PublicKey, &rsa.PublicKey{N: rsaKey().N, E: 1}, &rsa.PublicKey{N: new(big.Int).Add(rsaKey().N, big.NewInt(1)), E: 65537}, ed25519.PublicKey(make([]byte, 32)))
})

// compare demands go-jose's verdict and cause. There is one exception, in which we
// refuse more: go-jose follows b64 without crit.
func (c comparison) compare(t *testing.T) {
	t.Helper()
	alg := string(everyAlgorithm[int(c.alg)%len(everyAlgorithm)])
	with := string(everyAlgorithm[int(c.signAlg)%len(everyAlgorithm)])
	if with == "none" {
		with = "RS256"
	}
	private := comparedSigners()[int(c.signer)%len(comparedSigners())]
	public := comparedKeys()[int(c.verifier)%len(comparedKeys())]
	input := encode(`{"alg":"`+alg+`"`+c.extra+`}`) + "." + encode(c.payload)
	spoilt := ways[int(c.way)%len(ways)](private, with, input, signature(with, private, input), c.more)
	token, err := Parse(input+"."+base64.RawURLEncoding.EncodeToString(spoilt), maxTest)
	if err != nil || token.header.check(everyAlgorithm) != nil {
		return // of another type, or with crit or b64
	}
	got := token.checkSignature([]jose.JSONWebKey{{Key: public}})
	if token.header.Algorithm.Fits(public) != nil {
		if causeOf(got) != KeyUnsuitable {
			t.Fatalf("with a key that does not fit: %v", got)
		}
		return
	}
	switch want := joseVerdict(token, public); {
	case want == nil && got == nil:
	case want == nil || got == nil || !strings.HasPrefix(want.Error(), string(causeOf(got))):
		t.Fatalf("we say %v, go-jose %v\n%s", got, want, token.raw)
	}
}

// signerFor says which of comparedSigners is of an algorithm; RSA is the first.
var signerFor = map[jws.Algorithm]uint8{"ES256": 3, "ES384": 4, "ES512": 5, "EdDSA": 6, "HS256": 7}

// Every algorithm with everything that can be done to a signature, signed in every
// other way, and verified with every key.
func TestVerifyAgainstJose(t *testing.T) {
	for a, alg := range everyAlgorithm {
		c := comparison{alg: uint8(a), signer: signerFor[alg], signAlg: uint8(a), verifier: signerFor[alg], payload: `{}`}
		for w := range ways {
			for _, more := range []string{"", "\x00", "\x80\xff", strings.Repeat("\x00", 64)} {
				c := c
				c.way, c.more = uint8(w), []byte(more)
				c.compare(t)
			}
		}
		for other := range everyAlgorithm {
			c := c
			c.signAlg = uint8(other)
			c.compare(t)
		}
		for k := range comparedKeys() {
			c := c
			c.verifier = uint8(k)
			c.compare(t)
		}
	}
	for _, extra := range comparedMembers() {
		comparison{extra: extra, payload: goodClaims.String()}.compare(t)
		comparison{alg: 3, signer: 3, signAlg: 3, verifier: 3, extra: extra, payload: `{"b":"\u00e9"} `}.compare(t)
	}
}

// comparedMembers are members that go-jose reads, or stumbles over.
func comparedMembers() []string {
	public := jwkOf("k1", otherRSAKey())
	return []string{
		`,"typ":"JWT"`, `,"x5t":"abc"`, `,"jku":"https://evil.example/"`, `,"cty":{"a":[true,null,"1\"2"]}`, `,"x":1`, `,"x":["\"",1e999]`, `,"x":["\\",1e999]`, `,"x":[-1e999]`, `,"x":{"y":"z","n":1e400}`,
		`,"x":123456789012345678901234567890`, `,"nonce":"n"`, `,"nonce":null`, `,"nonce":1`, `,"nonce":{}`, `,"b64":true`, `,"b64":false`, `,"b64":null`, `,"b64":"false"`,
		`,"x5c":[]`, `,"x5c":null`, `,"x5c":["AA=="]`, `,"x5c":"AA"`, `,"x5c":[null]`, `,"jwk":null`, `,"jwk":{}`, `,"jwk":[]`, `,"jwk":{"kty":"oct","k":"AA"}`,
		`,"jwk":` + public.String(), `,"jwk":` + public.with("p", "AA").String(), `,"jwk":` + public.with("d", "AA").String(), `,"jwk":` + public.with("e", "").String(),
		`,"jwk":` + jwkOf("k1", p256Key()).String(), `,"jwk":` + jwkOf("k1", p256Key()).with("x", strings.Repeat("A", 43)).String(), `,"jwk":` + jwkOf("k1", edKey()).String(),
		`,"crit":["b64"]`, `,"crit":null`, `,"ALG":"none"`, `,"Jwk":1`, `,"X5C":1e999`, `,"":""`, ` `,
	}
}

// FuzzVerifyAgainstJose compares with whatever header and payload. Its seeds are few,
// since a seed is signed and costs the fuzzer time; TestVerifyAgainstJose has them all.
func FuzzVerifyAgainstJose(f *testing.F) {
	for a, alg := range everyAlgorithm {
		f.Add(uint8(a), signerFor[alg], uint8(a), signerFor[alg], uint8(a), "", `{}`, []byte("\x00"))
	}
	for _, extra := range []string{`,"x":["\"",1e999]`, `,"nonce":1`, `,"x5c":["AA=="]`, `,"jwk":` + jwkOf("k1", p256Key()).String(), `,"b64":true`} {
		f.Add(uint8(3), uint8(3), uint8(3), uint8(3), uint8(0), extra, `{"a":1}`, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, alg, signer, signAlg, verifier, way uint8, extra, payload string, more []byte) {
		comparison{alg: alg, signer: signer, signAlg: signAlg, verifier: verifier, way: way, extra: extra, payload: payload, more: more}.compare(t)
	})
}

// A header that says that the payload is signed as it is (RFC 7797) is of no JWT,
// whether the signature covers the one form or the other.
func TestVerifyRefusesUnencodedPayloads(t *testing.T) {
	header, payload := encode(goodHeader.with("b64", false).String()), goodClaims.String()
	for _, input := range []string{header + "." + payload, header + "." + encode(payload)} {
		s := base64.RawURLEncoding.EncodeToString(signature("RS256", rsaKey(), input))
		check(t, testRules(), header+"."+encode(payload)+"."+s, "login rejected: header-refused: b64")
	}
	check(t, testRules(), sign("RS256", rsaKey(), goodHeader.with("b64", true).String(), payload), "ok client-1")
}
