package login

import "context"

// OpenID checks logins of OpenID Connect providers in IAM.
type OpenID struct {
	Tokens *OIDC
}

// Verify implements Verifier.
func (o OpenID) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	t, err := v.Token()
	if err != nil {
		return nil, err
	}
	l, err := o.Tokens.Verify(ctx, p, t)
	if err != nil {
		return nil, err
	}
	l.Qualified, l.Source = p.ARN+":OIDC:"+l.Subject, p.ARN
	return l, nil
}
