package login

import (
	"context"

	"github.com/daypass/daypass/internal/jws"
)

// GoogleName is the key of Google's logins.
const GoogleName = "accounts.google.com"

// onlyRS256 is what Google, Apple, Facebook and Cognito user pools sign with.
var onlyRS256 = []jws.Algorithm{jws.RS256}

// Google checks ID tokens of Google for the one OAuth client that a pool names.
// An Android app's token has the web client for aud and its own for azp: either
// may be the one that the pool names.
type Google struct {
	Tokens *OIDC
}

// Verify implements Verifier.
func (g Google) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	t, err := v.Token()
	if err != nil {
		return nil, err
	}
	p.Name, p.Issuer = GoogleName, "https://accounts.google.com"
	l, err := g.Tokens.verify(ctx, Rules{
		Provider:       p,
		Algorithms:     onlyRS256,
		ExpirySkew:     Skew,
		OtherIssuer:    "accounts.google.com", // Google's documentation of ID tokens has both
		EitherAudience: true,
	}, source{issuer: p.Issuer}, t)
	if err != nil {
		return nil, err
	}
	return social(GoogleName, l), nil
}
