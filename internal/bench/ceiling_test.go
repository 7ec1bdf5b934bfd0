package bench

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// The ceiling does the cryptography: it takes what is good, and nothing in which a
// single character is another.
func TestCeilingVerifies(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.CreateFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	c := &ceiling{login: &key.PublicKey, signing: key, tokens: master.Box(sts.TokenPurpose), secret: []byte("secret")}
	w := &world{crowd: &crowd{key: key, issuer: "https://idp.example", name: "idp.example"}, daypass: &process{addr: "daypass.example"}}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"sub":"alice"}`))
	if err != nil {
		t.Fatal(err)
	}
	u := &user{}
	u.token, _ = signed.CompactSerialize()
	if u.saml, err = w.samlMint().Response(); err != nil {
		t.Fatal(err)
	}
	w.iam = sigv4.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}
	// As sts seals it: a version, a kind, five texts, five numbers, the secret.
	plain := append([]byte{3, 0, 1, 'a', 1, 'b', 1, 'c', 1, 'd', 0, 1, 2, 3, 4, 5}, bytes.Repeat([]byte{9}, 30)...)
	u.credentials = sigv4.Credentials{AccessKeyID: "ASIA", SecretAccessKey: base64.StdEncoding.EncodeToString(plain[16:]),
		SessionToken: base64.StdEncoding.EncodeToString(c.tokens.Seal(nil, plain, []byte("ASIA")))}
	for name, test := range map[string]struct {
		request request
		change  string // the character behind it; empty for one in the middle of the body
	}{
		"a token's signature":     {w.getID(u), "."},
		"a token's payload":       {w.getCredentials(u), "eyJz"},
		"a response":              {w.getIDWithSAML(u), ""},
		"a signed body":           {w.describePool(u), `IdentityPoolId":`},
		"a signature":             {w.describePool(u), "Signature="},
		"a session's signature":   {w.getCallerIdentity(u), "Signature="},
		"a session token":         {w.getCallerIdentity(u), "X-Amz-Security-Token: "},
		"a token for OpenIdToken": {w.getOpenIDToken(u), "."},
	} {
		t.Run(name, func(t *testing.T) {
			ask := func(wire []byte) int {
				r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
				if err != nil {
					t.Fatal(err)
				}
				answer := httptest.NewRecorder()
				c.ServeHTTP(answer, r)
				return answer.Code
			}
			if code := ask(test.request.wire); code != http.StatusOK {
				t.Fatalf("a good one: %d", code)
			}
			_, body, _ := strings.Cut(string(test.request.wire), "\r\n\r\n")
			text := string(test.request.wire)
			from := 0
			if strings.Contains(body, test.change) {
				from = len(text) - len(body)
			}
			at := from + strings.LastIndex(text[from:], test.change) + len(test.change)
			if test.change == "" {
				at = len(text) - len(body)/2
			}
			other := "A"
			if text[at] == 'A' {
				other = "B"
			}
			if code := ask([]byte(text[:at] + other + text[at+1:])); code != http.StatusInternalServerError {
				t.Errorf("with another character: %d", code)
			}
		})
	}
}
