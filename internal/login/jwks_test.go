package login

import (
	"crypto/rsa"
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
		want           []string
		err            string
	}{
		{"RSA and EC", keySet(good, jwkOf("e1", p256Key()), jwkOf("e2", p384Key()), jwkOf("e3", p521Key())).String(), []string{"k1", "e1", "e2", "e3"}, ""},
		{"no keys", `{"keys":[]}`, nil, ""},
		{"members besides", `{"x":1,"keys":[` + good.with("x5c", []string{"nonsense"}, "x5t", 1, "ext", true).String() + `]}`, []string{"k1"}, ""},
		{"judged later", keySet(good.with("use", "enc", "kid", "enc"), jwkOf("small", smallRSAKey())).String(), []string{"enc", "small"}, ""},
		{"no kid", keySet(good.with("kid", nil)).String(), []string{""}, ""},
		{"others between", keySet(object{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, object{"kty": "oct", "k": "AA"}, object{}, good).String(), []string{"k1"}, ""},
		{"not objects", `{"keys":[1,null,"k",[],` + good.String() + `]}`, []string{"k1"}, ""},
		{"private", keySet(good.with("d", "AA")).String(), nil, ""},
		{"padded modulus", keySet(good.with("n", good["n"].(string)+"=")).String(), nil, ""},
		{"modulus missing", keySet(good.with("n", nil)).String(), nil, ""},
		{"exponent missing", keySet(good.with("e", nil)).String(), nil, ""},
		{"modulus endless", keySet(good.with("n", strings.Repeat("A", 4000))).String(), nil, ""},
		{"exponent of 32 bits", keySet(good.with("e", "gAAAAA")).String(), nil, ""},
		{"exponent not base64", keySet(good.with("e", "!")).String(), nil, ""},
		{"point not on the curve", keySet(jwkOf("e1", p256Key()).with("x", strings.Repeat("A", 43))).String(), nil, ""},
		{"coordinates of another curve", keySet(jwkOf("e1", p384Key()).with("crv", "P-256")).String(), nil, ""},
		{"coordinate not base64", keySet(jwkOf("e1", p256Key()).with("y", "!")).String(), nil, ""},
		{"unknown curve", keySet(jwkOf("e1", p256Key()).with("crv", "secp256k1")).String(), nil, ""},
		{"kid is a number", keySet(good.with("kid", 1)).String(), nil, ""},
		{"a name twice in a key", `{"keys":[{"kty":"RSA","kty":"EC"}]}`, nil, "key set: malformed JSON"},
		{"keys twice", `{"keys":[],"keys":[]}`, nil, "key set: malformed JSON"},
		{"no object", `[]`, nil, "key set: malformed JSON"},
		{"nothing", ``, nil, "key set: malformed JSON"},
		{"HTML", `<html>`, nil, "key set: malformed JSON"},
		{"no keys member", `{}`, nil, "key set: no keys member"},
		{"keys is null", `{"keys":null}`, nil, "key set: no keys member"},
		{"keys is an object", `{"keys":{}}`, nil, "key set: malformed JSON"},
		{"100 of each", strings.Replace(many("RSA", 100)+many("EC", 100), `]}{"keys":[`, ",", 1), nil, ""},
		{"101 RSA keys", many("RSA", 101), nil, "key set: more than 100 RSA keys"},
		{"101 EC keys", many("EC", 101), nil, "key set: more than 100 EC keys"},
		{"10,000 keys", many("RSA", 10_000), nil, "key set: more than 100 RSA keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := parseKeySet([]byte(tt.document))
			if message := errorText(err); message != tt.err {
				t.Errorf("error %q, want %q", message, tt.err)
			}
			var got []string
			for _, k := range keys {
				got = append(got, k.KeyID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("key ids (-want +got):\n%s", diff)
			}
		})
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
	signedIt := func(k jose.JSONWebKey) bool {
		public, ok := k.Key.(*rsa.PublicKey)
		return ok && public.Equal(&rsaKey().PublicKey)
	}
	token := must(Parse(goodToken(), maxTest))
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := parseKeySet(document)
		if err != nil {
			return
		}
		if len(keys) > 2*maxKeysPerType {
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
