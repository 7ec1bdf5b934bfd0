package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/seal"
)

// Verifier checks the logins of one kind of provider.
type Verifier interface {
	// Verify decides whether what was presented proves who its bearer is, to a
	// provider that is configured as p says. The error is an *Error.
	Verify(ctx context.Context, p Provider, v Presented) (*Login, error)
}

// Kinds are the verifiers of all kinds of login of identity pools, but for the
// developer provider, whose users a signed caller vouches for.
type Kinds struct {
	// OpenID is for OpenID Connect providers in IAM.
	OpenID Verifier
	// UserPool is for Cognito user pools.
	UserPool Verifier
	// SAML is for SAML providers in IAM.
	SAML Verifier
	// Public are the kinds that a pool configures by SupportedLoginProviders, by
	// their key there and in Logins.
	Public map[string]Verifier
}

// Presented is the value of a login as it was presented. It never prints it.
type Presented struct {
	text   string
	client string
	token  *Token
	notJWT error
}

// Present reads a login's value of at most maxLen bytes. Whether it has to be a
// JWT depends on the kind of login.
func Present(value string, maxLen int) Presented {
	token, err := Parse(value, maxLen)
	return Presented{text: value, token: token, notJWT: err}
}

// By says which client presented the login, as clients are counted where what they
// may have asked of providers is bounded. A value that nobody is said to have
// presented counts for its provider only: it is for callers who are trusted with
// any number of users.
func (v Presented) By(client string) Presented {
	v.client = client
	return v
}

// Token returns the value as a JWT, if it is one. The error is an *Error.
func (v Presented) Token() (*Token, error) { return v.token, v.notJWT }

// Format keeps the value out of whatever it is printed to.
func (v Presented) Format(f fmt.State, _ rune) { f.Write([]byte("[login]")) }

// maxOpaque is the longest opaque token that a provider is asked about, in
// bytes. Login with Amazon documents 2,048; others make shorter ones.
const maxOpaque = 4096

// opaque returns the value as a token that only its provider can read: printable
// ASCII without spaces, as RFC 6749, appendix A.12, and RFC 5849 have it, less
// the space.
func (v Presented) opaque() (string, error) {
	if len(v.text) > maxOpaque {
		return "", reject(TokenTooLarge, fmt.Errorf("%d bytes, at most %d are accepted of opaque tokens", len(v.text), maxOpaque))
	}
	if v.text == "" {
		return "", reject(NotAToken, errors.New("empty"))
	}
	for _, c := range []byte(v.text) {
		if c <= ' ' || c >= 0x7f {
			e := reject(cmp.Or(wrapping(v.text), NotAToken), errors.New("a character that no token has"))
			e.Opaque = true
			return "", e
		}
	}
	return v.text, nil
}

// social is the login of a public provider: its name, the app and the user are
// its qualified subject.
func social(name string, l *Login) *Login {
	l.Provider, l.Source = name, name
	l.Qualified = name + ":" + l.Audience + ":" + l.Subject
	return l
}

// NewSecret is the consumer secret of a [Provider].
func NewSecret(secret string) seal.Secret { return seal.NewSecret(secret) }
