package cognito_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/mint"
)

// samlKey is dear to make, so transcripts share it.
var samlKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// shortKey is one that is not accepted.
var shortKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return key
})

func (w *wire) samlMint() mint.SAML {
	return mint.SAML{Issuer: "https://idp.example", Key: samlKey(), Lifetime: 5 * time.Minute, Now: w.now, Attributes: map[string][]string{}}
}

// metadata are the provider's: as they are, "expired" with a certificate that has,
// or "short" with a key of 1,024 bits.
func (w *wire) metadata(how []string) string {
	w.t.Helper()
	m := w.samlMint()
	if slices.Contains(how, "short") {
		m.Key = shortKey()
	}
	document, err := m.Metadata()
	if err != nil {
		w.t.Fatal(err)
	}
	text := strings.ReplaceAll(string(document), "\n", "")
	if slices.Contains(how, "expired") {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
		der, err := x509.CreateCertificate(nil, c, c, m.Key.Public(), m.Key)
		if err != nil {
			w.t.Fatal(err)
		}
		text = certificate.ReplaceAllString(text, "${1}"+base64.StdEncoding.EncodeToString(der))
	}
	return text
}

var certificate = regexp.MustCompile(`(<ds:X509Certificate>)[^<]+`)

// saml makes a response for somebody: "alice role=user groups=a groups=b", or a
// bad one: "alice bad=expired". The names session, duration, age and lifetime are
// short for the session's attributes and for the response's own times.
func (w *wire) saml(words []string) string {
	w.t.Helper()
	m, bad := w.samlMint(), ""
	m.Subject = words[0]
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "bad":
			bad = value
			continue
		case "age":
			at := w.now().Add(-w.duration(value))
			m.Now = func() time.Time { return at }
			continue
		case "lifetime":
			m.Lifetime = w.duration(value)
			continue
		case "session":
			name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
		case "duration":
			name = "https://aws.amazon.com/SAML/Attributes/SessionDuration"
		case "role":
			name, value = mint.RoleAttribute, "arn:aws:iam::123456789012:role/"+value+",arn:aws:iam::123456789012:saml-provider/dev"
		}
		m.Attributes[name] = append(m.Attributes[name], value)
	}
	mint := m.Response
	if bad != "" {
		mint = func() (string, error) { return m.Bad(bad) }
	}
	text, err := mint()
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}
