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

// FuzzVerifyAgainstJose signs whatever header and payload with any key, does
// something to the signature, and verifies with any key: the verdict, and the cause
// of a refusal, must be go-jose's. There is one exception, in which we refuse more:
// go-jose follows b64 without crit.
func FuzzVerifyAgainstJose(f *testing.F) {
	signers := []any{
		rsaKey(), otherRSAKey(), smallRSAKey(), p256Key(), p384Key(), p521Key(), edKey(), []byte("0123456789abcdef0123456789abcdef"),
		makeRSA(2049), makeRSA(3072),
	}
	var keys []any
	for _, s := range signers {
		switch k := s.(type) {
		case *rsa.PrivateKey:
			keys = append(keys, &k.PublicKey)
		case *ecdsa.PrivateKey:
			keys = append(keys, &k.PublicKey)
		case ed25519.PrivateKey:
			keys = append(keys, k.Public())
		default:
			keys = append(keys, k)
		}
	}
	keys = append(keys, &rsa.PublicKey{N: rsaKey().N, E: 1}, &rsa.PublicKey{N: new(big.Int).Add(rsaKey().N, big.NewInt(1)), E: 65537}, ed25519.PublicKey(make([]byte, 32)))

	signerFor := map[jws.Algorithm]uint8{"ES256": 3, "ES384": 4, "ES512": 5, "EdDSA": 6, "HS256": 7}
	for a, alg := range everyAlgorithm {
		for w := range ways {
			for _, more := range []string{"", "\x00", "\x80\xff", strings.Repeat("\x00", 64)} {
				f.Add(uint8(a), signerFor[alg], uint8(a), signerFor[alg], "", goodClaims.String(), uint8(w), []byte(more))
			}
		}
		for other := range everyAlgorithm { // signed in another way than the header says
			f.Add(uint8(a), signerFor[alg], uint8(other), signerFor[alg], "", `{}`, uint8(0), []byte(nil))
		}
		for k := range keys { // verified with another key
			f.Add(uint8(a), signerFor[alg], uint8(a), uint8(k), "", `{}`, uint8(0), []byte(nil))
		}
	}
	public := jwkOf("k1", otherRSAKey())
	for _, extra := range []string{
		`,"typ":"JWT"`, `,"x5t":"abc"`, `,"jku":"https://evil.example/"`, `,"cty":{"a":[true,null,"1\"2"]}`, `,"x":1`, `,"x":["\"",1e999]`, `,"x":["\\",1e999]`, `,"x":[-1e999]`, `,"x":{"y":"z","n":1e400}`,
		`,"x":123456789012345678901234567890`, `,"nonce":"n"`, `,"nonce":null`, `,"nonce":1`, `,"nonce":{}`, `,"b64":true`, `,"b64":false`, `,"b64":null`, `,"b64":"false"`,
		`,"x5c":[]`, `,"x5c":null`, `,"x5c":["AA=="]`, `,"x5c":"AA"`, `,"x5c":[null]`, `,"jwk":null`, `,"jwk":{}`, `,"jwk":[]`, `,"jwk":{"kty":"oct","k":"AA"}`,
		`,"jwk":` + public.String(), `,"jwk":` + public.with("p", "AA").String(), `,"jwk":` + public.with("d", "AA").String(), `,"jwk":` + public.with("e", "").String(),
		`,"jwk":` + jwkOf("k1", p256Key()).String(), `,"jwk":` + jwkOf("k1", p256Key()).with("x", strings.Repeat("A", 43)).String(), `,"jwk":` + jwkOf("k1", edKey()).String(),
		`,"crit":["b64"]`, `,"crit":null`, `,"ALG":"none"`, `,"Jwk":1`, `,"X5C":1e999`, `,"":""`, ` `,
	} {
		f.Add(uint8(0), uint8(0), uint8(0), uint8(0), extra, goodClaims.String(), uint8(0), []byte(nil))
		f.Add(uint8(3), uint8(3), uint8(3), uint8(3), extra, `{"b":"\u00e9"} `, uint8(0), []byte(nil))
	}

	f.Fuzz(func(t *testing.T, headerAlg, signer, signAlg, verifier uint8, extra, payload string, way uint8, more []byte) {
		alg := string(everyAlgorithm[int(headerAlg)%len(everyAlgorithm)])
		with := string(everyAlgorithm[int(signAlg)%len(everyAlgorithm)])
		if with == "none" {
			with = "RS256"
		}
		private, public := signers[int(signer)%len(signers)], keys[int(verifier)%len(keys)]
		input := encode(`{"alg":"`+alg+`"`+extra+`}`) + "." + encode(payload)
		signed := ways[int(way)%len(ways)](private, with, input, signature(with, private, input), more)
		token, err := Parse(input+"."+base64.RawURLEncoding.EncodeToString(signed), maxTest)
		if err != nil {
			return
		}
		got := token.header.check(everyAlgorithm)
		if got != nil {
			return // of another type, or with crit or b64
		}
		got = token.checkSignature([]jose.JSONWebKey{{Key: public}})
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
