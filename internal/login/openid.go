package login

import (
	"context"
	"strings"
)

// OpenID checks logins of OpenID Connect providers in IAM.
type OpenID struct {
	Tokens *OIDC
}

// spelledAs is a provider's issuer as a token spells it. A provider without a
// slash at the end forgives exactly one: Auth0's tokens have it in their iss, and
// Auth0's guide for identity pools leaves it out of the provider. One with the
// slash forgives nothing. From here on the token's spelling is the issuer: it is
// what the discovery document must say, and what keys are kept under.
func spelledAs(iss, issuer string) string {
	if iss == issuer+"/" && !strings.HasSuffix(issuer, "/") {
		return iss
	}
	return issuer
}

// Verify implements Verifier.
func (o OpenID) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	t, err := v.Token()
	if err != nil {
		return nil, err
	}
	p.Issuer = spelledAs(t.Issuer(), p.Issuer)
	l, err := o.Tokens.Verify(ctx, p, t)
	if err != nil {
		return nil, err
	}
	l.Qualified, l.Source = p.ARN+":OIDC:"+l.Subject, p.ARN
	return l, nil
}
