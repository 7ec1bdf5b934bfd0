//lint:file-ignore SA1019 keys that are not on their curve have to be made by hand

package jws

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
)

var input = []byte("eyJhbGciOiJ4In0.eyJzdWIiOiJqYW5lIn0")

var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	oddRSA   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2049)) }) // its signatures begin with 0 or 1
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	p256     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	p384     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	p521     = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
	edKey    = ed25519.NewKeyFromSeed(make([]byte, 32))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hashed(hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(input)
	return h.Sum(nil)
}

// raw is r and s, each padded to size.
func raw(r, s *big.Int, size int) []byte {
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
}

type vector struct {
	name      string
	signature []byte
	want      bool
}

func verifyAll(t *testing.T, alg Algorithm, key any, vectors []vector) {
	t.Helper()
	for _, v := range vectors {
		if got := alg.Verify(key, input, v.signature); got != v.want {
			t.Errorf("%s, %s: %t, want %t", alg, v.name, got, v.want)
		}
	}
}

func cut(b []byte, n int) []byte { return b[: len(b)-n : len(b)-n] }

func with(front []byte, b []byte, behind ...byte) []byte {
	return append(append(bytes.Clone(front), b...), behind...)
}

func TestECDSA(t *testing.T) {
	for alg, tt := range map[Algorithm]struct {
		key  *ecdsa.PrivateKey
		hash crypto.Hash
		size int
	}{ES256: {p256(), crypto.SHA256, 32}, ES384: {p384(), crypto.SHA384, 48}, ES512: {p521(), crypto.SHA512, 66}} {
		n, zero, one := tt.key.Params().N, big.NewInt(0), big.NewInt(1)
		r, s, err := ecdsa.Sign(rand.Reader, tt.key, hashed(tt.hash))
		if err != nil {
			t.Fatal(err)
		}
		size, good := tt.size, raw(r, s, tt.size)
		wide := with(r.FillBytes(make([]byte, size+1)), s.FillBytes(make([]byte, size+1)))
		der := must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))
		vectors := []vector{
			{"good", good, true},
			{"n-s, which is as good", raw(r, new(big.Int).Sub(n, s), size), true},
			{"nothing", nil, false},
			{"all zero", make([]byte, 2*size), false},
			{"r zero", raw(zero, s, size), false},
			{"s zero", raw(r, zero, size), false},
			{"r one, s one", raw(one, one, size), false},
			{"r is n", raw(n, s, size), false},
			{"s is n", raw(r, n, size), false},
			{"r and s are n", raw(n, n, size), false},
			{"r and s are n-1", raw(new(big.Int).Sub(n, one), new(big.Int).Sub(n, one), size), false},
			{"all ones", bytes.Repeat([]byte{0xff}, 2*size), false},
			{"r and s changed places", raw(s, r, size), false},
			{"DER", der, false},
			{"DER, padded to the length", append(bytes.Clone(der), make([]byte, max(0, 2*size-len(der)))...), false},
			{"a leading zero to each", wide, false},
			{"a leading zero", with([]byte{0}, good), false},
			{"a zero behind", with(nil, good, 0), false},
			{"a zero between", with(good[:size], []byte{0}, good[size:]...), false},
			{"twice", with(good, good), false},
			{"a byte short", cut(good, 1), false},
			{"two bytes short", cut(good, 2), false},
			{"r alone", good[:size], false},
			{"without its first byte", good[1:], false},
		}
		if size == 32 { // r+n, which is r where ranges are not looked at, needs a byte more than there is
			vectors = append(vectors, vector{"r+n, in a byte more", with(new(big.Int).Add(r, n).Bytes(), s.FillBytes(make([]byte, size))), false})
		}
		verifyAll(t, alg, &tt.key.PublicKey, vectors)
		if alg.Verify(&tt.key.PublicKey, with(nil, input, 'x'), good) {
			t.Errorf("%s verifies another input", alg)
		}
	}
}

// r and s that are short numbers keep their leading zeros, and only so.
func TestECDSALeadingZeros(t *testing.T) {
	key, seen := p256(), 0
	for range 2000 {
		r, s, err := ecdsa.Sign(rand.Reader, key, hashed(crypto.SHA256))
		if err != nil {
			t.Fatal(err)
		}
		if r.BitLen() > 248 && s.BitLen() > 248 {
			continue
		}
		seen++
		if !ES256.Verify(&key.PublicKey, input, raw(r, s, 32)) {
			t.Errorf("r of %d and s of %d bits: refused", r.BitLen(), s.BitLen())
		}
		if ES256.Verify(&key.PublicKey, input, append(r.Bytes(), s.Bytes()...)) {
			t.Errorf("r of %d and s of %d bits: accepted without the zeros", r.BitLen(), s.BitLen())
		}
	}
	if seen == 0 {
		t.Error("no signature with a leading zero")
	}
}

func TestPKCS1(t *testing.T) {
	for alg, hash := range map[Algorithm]crypto.Hash{RS256: crypto.SHA256, RS384: crypto.SHA384, RS512: crypto.SHA512} {
		for _, key := range []*rsa.PrivateKey{rsaKey(), oddRSA()} {
			good := must(rsa.SignPKCS1v15(nil, key, hash, hashed(hash)))
			sha1Of := sha1.Sum(input)
			number := new(big.Int).SetBytes(good)
			vectors := []vector{
				{"good", good, true},
				{"nothing", nil, false},
				{"zero", make([]byte, len(good)), false},
				{"one", big.NewInt(1).FillBytes(make([]byte, len(good))), false},
				{"n", key.N.FillBytes(make([]byte, len(good))), false},
				{"n-1", new(big.Int).Sub(key.N, big.NewInt(1)).FillBytes(make([]byte, len(good))), false},
				{"plus n", new(big.Int).Add(number, key.N).Bytes(), false},
				{"negative", new(big.Int).Sub(key.N, number).FillBytes(make([]byte, len(good))), false},
				{"all ones", bytes.Repeat([]byte{0xff}, len(good)), false},
				{"a leading zero", with([]byte{0}, good), false},
				{"a zero behind", with(nil, good, 0), false},
				{"a byte short", cut(good, 1), false},
				{"without its first byte", good[1:], false},
				{"twice", with(good, good), false},
				{"of another key", must(rsa.SignPKCS1v15(nil, otherRSA(), hash, hashed(hash))), false},
				{"of SHA-1", must(rsa.SignPKCS1v15(nil, key, crypto.SHA1, sha1Of[:])), false},
				{"of a bare hash", must(rsa.SignPKCS1v15(nil, key, 0, hashed(hash))), false},
				{"PSS", must(rsa.SignPSS(rand.Reader, key, hash, hashed(hash), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})), false},
				{"the padded hash itself", padded(key, hash), false},
				{"hash at the wrong end", root(t, key, forged(key, hash)), false},
				{"padding too short", root(t, key, shortPadding(key, hash)), false},
				{"no NULL in the digest's name", root(t, key, withoutNull(key, hash)), false},
			}
			verifyAll(t, alg, &key.PublicKey, vectors)
			if !alg.Verify(&key.PublicKey, input, root(t, key, padded(key, hash))) {
				t.Errorf("%s: the forgeries are made in a way that makes no signatures", alg)
			}
		}
	}
}

// names are DigestInfo before the hash (RFC 8017, section 9.2).
var names = map[crypto.Hash]string{
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// padded is the message of a PKCS #1 v1.5 signature.
func padded(key *rsa.PrivateKey, hash crypto.Hash) []byte {
	tail := append([]byte(names[hash]), hashed(hash)...)
	em := bytes.Repeat([]byte{0xff}, key.Size())
	em[0], em[1] = 0, 1
	em[len(em)-len(tail)-1] = 0
	copy(em[len(em)-len(tail):], tail)
	return em
}

// forged has the hash behind eight bytes of padding, and garbage after it, as
// Bleichenbacher's forgery of 2006 has.
func forged(key *rsa.PrivateKey, hash crypto.Hash) []byte {
	em := make([]byte, key.Size())
	copy(em, "\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00"+names[hash]+string(hashed(hash)))
	return em
}

func shortPadding(key *rsa.PrivateKey, hash crypto.Hash) []byte {
	em := padded(key, hash)
	em[len(em)-len(names[hash])-hash.Size()-2] = 0
	return em
}

func withoutNull(key *rsa.PrivateKey, hash crypto.Hash) []byte {
	name := []byte(names[hash])
	name = append(name[:15:15], name[17:]...)
	name[1], name[3] = name[1]-2, name[3]-2
	tail := append(name, hashed(hash)...)
	em := bytes.Repeat([]byte{0xff}, key.Size())
	em[0], em[1] = 0, 1
	em[len(em)-len(tail)-1] = 0
	copy(em[len(em)-len(tail):], tail)
	return em
}

// root signs a message without padding it.
func root(t *testing.T, key *rsa.PrivateKey, em []byte) []byte {
	t.Helper()
	return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, key.Size()))
}

func TestPSS(t *testing.T) {
	for alg, hash := range map[Algorithm]crypto.Hash{PS256: crypto.SHA256, PS384: crypto.SHA384, PS512: crypto.SHA512} {
		for _, key := range []*rsa.PrivateKey{rsaKey(), oddRSA()} {
			sign := func(salt int) []byte {
				return must(rsa.SignPSS(rand.Reader, key, hash, hashed(hash), &rsa.PSSOptions{SaltLength: salt}))
			}
			good := sign(hash.Size())
			vectors := []vector{
				{"good", good, true},
				{"nothing", nil, false},
				{"zero", make([]byte, len(good)), false},
				{"n", key.N.FillBytes(make([]byte, len(good))), false},
				{"plus n", new(big.Int).Add(new(big.Int).SetBytes(good), key.N).Bytes(), false},
				{"a leading zero", with([]byte{0}, good), false},
				{"a zero behind", with(nil, good, 0), false},
				{"a byte short", cut(good, 1), false},
				{"without its first byte", good[1:], false},
				{"PKCS #1 v1.5", must(rsa.SignPKCS1v15(nil, key, hash, hashed(hash))), false},
			}
			for _, salt := range []int{1, 20, hash.Size() - 1, hash.Size() + 1, key.Size() - hash.Size() - 3} {
				vectors = append(vectors, vector{fmt.Sprintf("salt of %d bytes", salt), sign(salt), false})
			}
			verifyAll(t, alg, &key.PublicKey, vectors)
		}
	}
}

func TestEd25519(t *testing.T) {
	good := ed25519.Sign(edKey, input)
	verifyAll(t, EdDSA, edKey.Public(), []vector{
		{"good", good, true},
		{"nothing", nil, false},
		{"zero", make([]byte, 64), false},
		{"S+order", plusOrder(good), false},
		{"a byte short", cut(good, 1), false},
		{"a zero behind", with(nil, good, 0), false},
		{"a leading zero", with([]byte{0}, good), false},
		{"of the hash (Ed25519ph)", must(edKey.Sign(nil, hashed(crypto.SHA512), crypto.SHA512)), false},
		{"of the hash alone", ed25519.Sign(edKey, hashed(crypto.SHA512)), false},
	})
}

// plusOrder adds the order of the group to S (RFC 8032, section 5.1), which is S
// again where its range is not looked at.
func plusOrder(signature []byte) []byte {
	order, ok := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	if !ok {
		panic("no number")
	}
	s := bytes.Clone(signature[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(bytes.Clone(signature[:32]), sum...)
}

// Every algorithm with every key: all that fits is what is meant for it.
func TestFits(t *testing.T) {
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	keys := []struct {
		name string
		key  any
		fits string
	}{
		{"RSA", &rsaKey().PublicKey, "RS256 RS384 RS512 PS256 PS384 PS512"},
		{"P-256", &p256().PublicKey, "ES256"},
		{"P-384", &p384().PublicKey, "ES384"},
		{"P-521", &p521().PublicKey, "ES512"},
		{"Ed25519", edKey.Public(), "EdDSA"},
		{"RSA, private", rsaKey(), ""},
		{"P-256, private", p256(), ""},
		{"Ed25519, private", edKey, ""},
		{"RSA, no pointer", rsaKey().PublicKey, ""},
		{"no key", nil, ""},
		{"no RSA key", (*rsa.PublicKey)(nil), ""},
		{"no modulus", &rsa.PublicKey{E: 65537}, ""},
		{"no EC key", (*ecdsa.PublicKey)(nil), ""},
		{"no curve", &ecdsa.PublicKey{X: big.NewInt(1), Y: big.NewInt(1)}, ""},
		{"P-224", &must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).PublicKey, ""},
		{"no Ed25519 key", ed25519.PublicKey(nil), ""},
		{"Ed25519, a byte short", ed25519.PublicKey(make([]byte, 31)), ""},
		{"Ed25519, a byte more", ed25519.PublicKey(make([]byte, 33)), ""},
		{"secret", []byte("0123456789abcdef0123456789abcdef"), ""},
		{"RSA of 2047 bits", &rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2047), big.NewInt(1)), E: 65537}, ""},
		{"RSA of 8193 bits", &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 8192), big.NewInt(1)), E: 65537}, ""},
		{"RSA, e is 1", &rsa.PublicKey{N: rsaKey().N, E: 1}, ""},
		{"RSA, e is 2", &rsa.PublicKey{N: rsaKey().N, E: 2}, ""},
		{"RSA, e is 65536", &rsa.PublicKey{N: rsaKey().N, E: 65536}, ""},
		{"RSA, e is negative", &rsa.PublicKey{N: rsaKey().N, E: -3}, ""},
		{"off the curve", off, "ES256"}, // found out when it verifies
		{"RSA, even", &rsa.PublicKey{N: new(big.Int).Add(rsaKey().N, big.NewInt(1)), E: 65537}, "RS256 RS384 RS512 PS256 PS384 PS512"},
	}
	algorithms := []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, "HS256", "none", "None", "", "rs256", "RS1", "ES256K", "Ed25519"}
	for _, k := range keys {
		for _, alg := range algorithms {
			want := slices.Contains(strings.Fields(k.fits), string(alg))
			if err := alg.Fits(k.key); (err == nil) != want {
				t.Errorf("%s and %q: %v, want it to fit: %t", k.name, alg, err, want)
			}
			for _, size := range []int{0, 32, 64, 96, 132, 256, 257} {
				if alg.Verify(k.key, input, make([]byte, size)) {
					t.Errorf("%s and %q verify %d zeros", k.name, alg, size)
				}
			}
		}
	}
}

// Keys that differ from the right one in what makes them keys.
func TestVerifyWithAnotherKey(t *testing.T) {
	r, s, err := ecdsa.Sign(rand.Reader, p256(), hashed(crypto.SHA256))
	if err != nil {
		t.Fatal(err)
	}
	public := p256().PublicKey
	if !ES256.Verify(&public, input, raw(r, s, 32)) {
		t.Error("the right key does not verify")
	}
	minus := new(big.Int).Sub(public.Params().P, public.Y)
	for name, key := range map[string]*ecdsa.PublicKey{
		"-Q":                 {Curve: public.Curve, X: public.X, Y: minus},
		"off the curve":      {Curve: public.Curve, X: public.X, Y: new(big.Int).Add(public.Y, big.NewInt(1))},
		"infinity":           {Curve: public.Curve, X: new(big.Int), Y: new(big.Int)},
		"x beyond the field": {Curve: public.Curve, X: new(big.Int).Add(public.X, public.Params().P), Y: public.Y},
		"negative":           {Curve: public.Curve, X: public.X, Y: new(big.Int).Neg(public.Y)},
	} {
		if ES256.Verify(key, input, raw(r, s, 32)) {
			t.Errorf("%s verifies", name)
		}
	}
	if good := ed25519.Sign(edKey, input); EdDSA.Verify(ed25519.PublicKey(make([]byte, 32)), input, good) {
		t.Error("a key of small order verifies what another signed")
	}
	for alg, hash := range map[Algorithm]crypto.Hash{RS256: crypto.SHA256, RS384: crypto.SHA384, RS512: crypto.SHA512} {
		good := must(rsa.SignPKCS1v15(nil, rsaKey(), hash, hashed(hash)))
		for name, key := range map[string]*rsa.PublicKey{
			"another":          &otherRSA().PublicKey,
			"exponent 3":       {N: rsaKey().N, E: 3},
			"n+2":              {N: new(big.Int).Add(rsaKey().N, big.NewInt(2)), E: rsaKey().E},
			"n+1, an even one": {N: new(big.Int).Add(rsaKey().N, big.NewInt(1)), E: rsaKey().E},
		} {
			if alg.Verify(key, input, good) {
				t.Errorf("%s verifies with %s", alg, name)
			}
		}
		for _, other := range []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512} {
			if other != alg && other.Verify(&rsaKey().PublicKey, input, good) {
				t.Errorf("%s verifies what is signed by %s", other, alg)
			}
		}
	}
}

// The examples of RFC 7515, appendix A.3, and RFC 8037, appendix A.4: others wrote
// them down.
func TestExamples(t *testing.T) {
	b := func(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s)) }
	point := append(append([]byte{4}, b("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")...), b("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")...)
	for _, tt := range []struct {
		alg              Algorithm
		key              any
		input, signature string
	}{
		{ES256, must(ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)),
			"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
			"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
		{EdDSA, ed25519.PublicKey(b("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
	} {
		if !tt.alg.Verify(tt.key, []byte(tt.input), b(tt.signature)) {
			t.Errorf("%s: refused", tt.alg)
		}
		if tt.alg.Verify(tt.key, []byte(tt.input[1:]), b(tt.signature)) {
			t.Errorf("%s: another input accepted", tt.alg)
		}
	}
}

func TestAllocations(t *testing.T) {
	rs := must(rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA256, hashed(crypto.SHA256)))
	if n := testing.AllocsPerRun(20, func() { RS256.Verify(&rsaKey().PublicKey, input, rs) }); n > 12 {
		t.Errorf("%v allocations to verify RS256", n)
	}
}
