package cognito_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/idp"
)

// samlKey is dear to make, so transcripts share it.
var samlKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func (w *wire) samlMint() idp.SAMLMint {
	return idp.SAMLMint{Issuer: "https://idp.example", Key: samlKey(), Lifetime: 5 * time.Minute, Now: w.now, Attributes: map[string][]string{}}
}

func (w *wire) metadata() string {
	w.t.Helper()
	document, err := w.samlMint().Metadata()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.ReplaceAll(string(document), "\n", "")
}

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
			name, value = idp.RoleAttribute, "arn:aws:iam::123456789012:role/"+value+",arn:aws:iam::123456789012:saml-provider/dev"
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
