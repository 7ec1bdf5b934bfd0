package cognito

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/login"
)

// What a client sends as the key of a login may be a token. It is not for the log,
// neither as the name of the login nor in a detail.
func TestLoggedNames(t *testing.T) {
	p := &Pool{Providers: map[string]int32{"idp.example.com": 1}}
	p.DeveloperProviderName = "Login.Example"
	for _, name := range []string{
		"graph.facebook.com", "cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123", "127.0.0.1:8080/realms/A", "idp.example.com", "other.example.com/",
		"https://other.example.com", "arn:aws:iam::123456789012:saml-provider/Corp", "Login.Example", "us-east-1_Abc123",
	} {
		if got := p.loggedName(name); got != name {
			t.Errorf("%s is %q in the log", name, got)
		}
	}
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.AAAA" // iss: https://a
	for _, token := range []string{
		"EAAtoken", "MTAxMjM0NTY3ODkw.Gabcde.S3CRET", "ya29.a0AfH6SMBx", "c1234.0.abcXYZ", "eyJhbGciOiJub25lIn0.e30.", "token;secret", "x:saml-provider/y", "a.b c", ".", "",
	} {
		if got := p.loggedName(token); got != "not a provider's name" {
			t.Errorf("%q is %q in the log", token, got)
		}
		err := p.notConfigured(login.Present(jwt, maxLoginToken), token, false)
		if len(token) > 1 && strings.Contains(err.Error(), token) {
			t.Errorf("%q is in the log: %v", token, err)
		}
	}
}
