package login

import (
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestParseKeySet(t *testing.T) {
	good := jwkOf("k1", rsaKey())
	many := func(kind string, n int) string {
		return `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"`+kind+`"},`, n), ",") + `]}`
	}
	// What comes out is told by key ids.
	for _, tt := range []struct {
		name, document string
		want, skipped  []string
		err            string
	}{
		{"RSA and EC", keySet(good, jwkOf("e1", p256Key()), jwkOf("e2", p384Key()), jwkOf("e3", p521Key())).String(), []string{"k1", "e1", "e2", "e3"}, nil, ""},
		{"no keys", `{"keys":[]}`, nil, nil, ""},
		{"members besides", `{"x":1,"keys":[` + good.with("x5c", []string{"nonsense"}, "x5t", 1, "ext", true).String() + `]}`, []string{"k1"}, nil, ""},
		{"judged later", keySet(good.with("use", "enc", "kid", "enc"), jwkOf("small", smallRSAKey())).String(), []string{"enc", "small"}, nil, ""},
		{"no kid", keySet(good.with("kid", nil)).String(), []string{""}, nil, ""},
		{"others between", keySet(object{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, object{"kty": "oct", "k": "AA"}, object{}, good).String(), []string{"k1"},
			[]string{`: crv is "Ed25519", or x is not 32 bytes`, `: kty is "oct"`, `: kty is ""`}, ""},
		{"not objects", `{"keys":[1,null,"k",[],` + good.String() + `]}`, []string{"k1"},
			[]string{": the key has the wrong type", `: kty is ""`, ": the key has the wrong type", ": the key has the wrong type"}, ""},
		{"private", keySet(good.with("d", "AA")).String(), nil, []string{"k1: a private key was published"}, ""},
		{"padded", keySet(padded(good), padded(jwkOf("e1", p256Key())), padded(jwkOf("o1", edKey()))).String(), []string{"k1", "e1", "o1"}, nil, ""},
		{"the other alphabet, and a leading zero", keySet(good.with("n", otherBase64(0, rsaKey().N.Bytes()...))).String(), []string{"k1"}, nil, ""},
		{"key_ops", keySet(good.with("key_ops", []string{"verify"}), good.with("kid", "k2", "use", nil, "key_ops", []string{"sign", "verify"})).String(), []string{"k1", "k2"}, nil, ""},
		{"key_ops for another purpose", keySet(good.with("key_ops", []string{"encrypt"}), good.with("kid", "k2", "key_ops", []string{}), good.with("kid", "k3", "key_ops", []string{"Verify"})).String(), nil,
			[]string{"k1: key_ops does not have verify", "k2: key_ops does not have verify", "k3: key_ops does not have verify"}, ""},
		{"key_ops that is no list", keySet(good.with("key_ops", "verify")).String(), nil, []string{"k1: key_ops has the wrong type"}, ""},
		{"key_ops is null", keySet(good.with("key_ops", rawJSON("null"))).String(), []string{"k1"}, nil, ""},
		{"modulus missing", keySet(good.with("n", nil)).String(), nil, []string{"k1: n is no usable modulus"}, ""},
		{"exponent missing", keySet(good.with("e", nil)).String(), nil, []string{"k1: e is no usable exponent"}, ""},
		{"modulus endless", keySet(good.with("n", strings.Repeat("A", 4000))).String(), nil, []string{"k1: n is no usable modulus"}, ""},
		{"modulus of padding", keySet(good.with("n", "==")).String(), nil, []string{"k1: n is no usable modulus"}, ""},
		{"exponent of 32 bits", keySet(good.with("e", "gAAAAA")).String(), nil, []string{"k1: e is no usable exponent"}, ""},
		{"exponent not base64", keySet(good.with("e", "!")).String(), nil, []string{"k1: e is no usable exponent"}, ""},
		{"point not on the curve", keySet(jwkOf("e1", p256Key()).with("x", strings.Repeat("A", 43))).String(), nil, []string{"e1: x and y are no point on P-256"}, ""},
		{"coordinates of another curve", keySet(jwkOf("e1", p384Key()).with("crv", "P-256")).String(), nil, []string{"e1: x and y are not two times 32 bytes"}, ""},
		{"coordinate not base64", keySet(jwkOf("e1", p256Key()).with("y", "!")).String(), nil, []string{"e1: x and y are not two times 32 bytes"}, ""},
		{"unknown curve", keySet(jwkOf("e1", p256Key()).with("crv", "secp256k1")).String(), nil, []string{`e1: crv is "secp256k1"`}, ""},
		{"kid is a number", keySet(good.with("kid", 1)).String(), nil, []string{": kid has the wrong type"}, ""},
		{"a long kid on a key that is skipped", keySet(good.with("n", nil, "kid", strings.Repeat("k", maxKeyIDBytes+1))).String(), nil, nil, ""},
		{"a name twice in a key", `{"keys":[{"kty":"RSA","kty":"EC"}]}`, nil, nil, "key set: malformed JSON"},
		{"keys twice", `{"keys":[],"keys":[]}`, nil, nil, "key set: malformed JSON"},
		{"no object", `[]`, nil, nil, "key set: malformed JSON"},
		{"nothing", ``, nil, nil, "key set: malformed JSON"},
		{"HTML", `<html>`, nil, nil, "key set: malformed JSON"},
		{"no keys member", `{}`, nil, nil, "key set: no keys member"},
		{"keys is null", `{"keys":null}`, nil, nil, "key set: no keys member"},
		{"keys is an object", `{"keys":{}}`, nil, nil, "key set: malformed JSON"},
		{"100 of each", strings.Replace(many("RSA", 100)+many("EC", 100), `]}{"keys":[`, ",", 1), nil, slices.Repeat([]string{": n is no usable modulus"}, 100), ""},
		{"101 RSA keys", many("RSA", 101), nil, nil, "key set: more than 100 RSA keys"},
		{"101 EC keys", many("EC", 101), nil, nil, "key set: more than 100 EC keys"},
		{"10,000 keys", many("RSA", 10_000), nil, nil, "key set: more than 100 RSA keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := parseKeySet([]byte(tt.document))
			if message := errorText(err); message != tt.err {
				t.Errorf("error %q, want %q", message, tt.err)
			}
			if err != nil {
				return
			}
			var got, skipped []string
			for _, k := range set.keys {
				got = append(got, k.KeyID)
			}
			for _, k := range set.skipped {
				skipped = append(skipped, k.keyID+": "+k.err.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("key ids (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.skipped, skipped); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		})
	}
}

// padded pads the numbers of a key, as base64 has it elsewhere.
func padded(key object) object {
	key = key.with()
	for _, name := range []string{"n", "e", "x", "y"} {
		if part, ok := key[name].(string); ok {
			key[name] = part + strings.Repeat("=", (4-len(part)%4)%4)
		}
	}
	return key
}

// otherBase64 is a number as the key set of identity pools has it.
func otherBase64(first byte, more ...byte) string {
	return base64.StdEncoding.EncodeToString(append([]byte{first}, more...))
}

// However a key is written down, it is the same key.
func TestParseKeySetReadsTheSameKey(t *testing.T) {
	set := must(parseKeySet([]byte(keySet(
		padded(jwkOf("r1", rsaKey())), jwkOf("r2", rsaKey()).with("n", otherBase64(0, rsaKey().N.Bytes()...)),
	).String())))
	for _, k := range set.keys {
		if public, ok := k.Key.(*rsa.PublicKey); !ok || !public.Equal(&rsaKey().PublicKey) {
			t.Errorf("%s is another key", k.KeyID)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzParseKeySet checks that whatever is read as a key is safe to hand to the
// verifier: of a known type, public, and with a verdict for every algorithm.
func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(keySet(jwkOf("k1", rsaKey()), jwkOf("e1", p256Key())).String()))
	f.Add([]byte(keySet(jwkOf("k1", rsaKey()).with("n", "", "e", "")).String()))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}`))
	f.Add([]byte(keySet(padded(jwkOf("", rsaKey())), jwkOf("k1", rsaKey()).with("key_ops", []string{"encrypt"})).String()))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":1},{"kid":"k1"},3]}`))
	signedIt := func(k jose.JSONWebKey) bool {
		public, ok := k.Key.(*rsa.PublicKey)
		return ok && public.Equal(&rsaKey().PublicKey)
	}
	token := must(Parse(goodToken(), maxTest))
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := parseKeySet(document)
		if err != nil {
			return
		}
		keys := set.keys
		if len(set.skipped) > maxSkipped {
			t.Fatalf("%d skipped keys", len(set.skipped))
		}
		for _, kid := range []string{"", "k1"} {
			if cause := causeOf(set.missing(kid)); cause != KeyUnknown && cause != KeySkipped {
				t.Fatalf("a missing key is %q", cause)
			}
		}
		if len(keys) > 3*maxKeysPerType {
			t.Fatalf("%d keys", len(keys))
		}
		for i := range keys {
			if !keys[i].IsPublic() {
				t.Fatalf("%T is no public key", keys[i].Key)
			}
			for _, alg := range oidcAlgorithms {
				if fits(&keys[i], alg) == nil && !keys[i].Valid() {
					t.Fatalf("key %d fits %s and is invalid", i, alg)
				}
			}
		}
		rules := testRules()
		if _, err := VerifyWith(t.Context(), keyList(keys), rules, testNow, token); err == nil && !slices.ContainsFunc(keys, signedIt) {
			t.Error("a token verifies with keys that did not sign it")
		}
	})
}
