package login

import "context"

// AppleName is the key of Sign in with Apple's logins.
const AppleName = "appleid.apple.com"

// Apple checks ID tokens of Sign in with Apple for the one bundle ID or services
// ID that a pool names.
type Apple struct {
	Tokens *OIDC
}

// Verify implements Verifier.
func (a Apple) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	t, err := v.Token()
	if err != nil {
		return nil, err
	}
	p.Name, p.Issuer = AppleName, "https://appleid.apple.com"
	l, err := a.Tokens.verify(ctx, Rules{Provider: p, Algorithms: onlyRS256, ExpirySkew: Skew}, source{issuer: p.Issuer}, t)
	if err != nil {
		return nil, err
	}
	return social(AppleName, l), nil
}
