package login

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is read as plain reads the same to the reader of all JSON, which refuses
// none of it.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{
		goodHeader.String(), goodClaims.String(), `{}`, ` {"alg" : "RS256","typ":"JWT"} `, `{"alg":"RS256","alg":"none"}`, `{"alg":["RS256"]}`, `{"kid":null}`, `{"alg":"RS256","jwk":{}}`,
		`{"crit":["b64"],"b64":false}`, `{"KID":"1"}`, `{"kid":"\u0061"}`, `{"kid":"é"}`, `{"a":{"b":1,"b":2}}`, `{"a":1.5}`, `{"a":[1,"b",{"c":null}],"b":-0}`, `{"a":1}{`, `[]`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, plain := plainHeader([]byte(encode(string(text)))); plain {
			var want header
			if err := decodeObject(text, &want); err != nil {
				t.Fatalf("the header %s: %v", text, err)
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got.KeyID) > maxKeyIDBytes {
				t.Errorf("the header %s (-want +got):\n%s", text, diff)
			}
		}
		before := slices.Clone(text)
		if got, plain := plainClaims(text); plain {
			var want Claims
			if err := decodeObject(text, &want); err != nil {
				t.Fatalf("the payload %s: %v", text, err)
			}
			if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(text, before) {
				t.Errorf("the payload %s (-want +got):\n%s", text, diff)
			}
		}
	})
}

// What providers send is plain, and nothing that has to be looked at closely.
func TestPlain(t *testing.T) {
	for text, want := range map[string]bool{
		`{"alg":"RS256","kid":"1","typ":"JWT"}`: true, `{"alg":"RS256"}`: true, `{}`: true,
		`{"alg":"RS256","jwk":{}}`: false, `{"alg":"RS256","crit":["x"]}`: false, `{"alg":"RS256","b64":false}`: false, `{"alg":"RS256","nonce":"n"}`: false, `{"alg":"RS256","x5t":"x"}`: false,
		`{"alg":["RS256"]}`: false, `{"alg":"RS256","alg":"none"}`: false, `{"alg":"RS\u0032"}`: false, `{"alg":"RS256"} x`: false,
		`{"kid":"` + strings.Repeat("k", 200) + `"}`: false,
	} {
		if _, got := plainHeader([]byte(encode(text))); got != want {
			t.Errorf("the header %s: %v, want %v", text, got, want)
		}
	}
	many := `{"a":0`
	for i := range 32 {
		many += `,"` + strings.Repeat("b", i+1) + `":0`
	}
	for text, want := range map[string]bool{
		goodClaims.String(): true, `{"firebase":{"identities":{"email":["a@example.com"]},"sign_in_provider":"password"},"email_verified":true,"aud":["a","b"]}`: true,
		`{"name":"Zoë"}`: true, "{\"name\":\"Zo\xc3\"}": false, `{"name":"\u00eb"}`: false, `{"a":1,"a":2}`: false, `{"a":{"b":1,"b":2}}`: false, `{"a":1.5}`: false, many + `}`: false, `[]`: false,
	} {
		if _, got := plainClaims([]byte(text)); got != want {
			t.Errorf("the payload %s: %v, want %v", text, got, want)
		}
	}
}
