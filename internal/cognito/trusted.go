package cognito

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/login"
)

// trust is a provider that a pool accepts logins from, as it is configured
// there, with the kind of login that it is.
type trust struct {
	kind     login.Verifier
	provider login.Provider
}

// trusted finds the providers of the pool that a Logins key names. There can be
// two: Google and Apple are public providers with one client ID, and OpenID
// Connect providers in IAM with many. None is no error.
func (s *Service) trusted(ctx context.Context, p *Pool, name string) ([]trust, error) {
	var all []trust
	if value, ok := p.SupportedLoginProviders[IdentityProviderName(name)]; ok {
		if kind := s.Logins.Public[name]; kind != nil {
			all = append(all, trust{kind, publicProvider(name, string(value))})
		}
	}
	if u, ok := p.userPool(name); ok {
		all = append(all, trust{s.Logins.UserPool, u})
	}
	if isSAML(name) {
		m, ok, err := s.samlProvider(ctx, p, name)
		if ok {
			all = append(all, trust{s.Logins.SAML, m})
		}
		return all, err
	}
	o, ok, err := s.openIDProvider(ctx, p, name)
	if ok {
		all = append(all, trust{s.Logins.OpenID, o})
	}
	return all, err
}

// isSAML says whether the name of a provider is the ARN of a SAML provider.
func isSAML(name string) bool {
	return strings.HasPrefix(name, "arn:") && strings.Contains(name, ":saml-provider/")
}

// samlProvider finds a SAML provider of the pool by its ARN; false if the pool has
// none of that name, or IAM no longer has it.
func (s *Service) samlProvider(ctx context.Context, p *Pool, name string) (login.Provider, bool, error) {
	if !slices.Contains(p.SamlProviderARNs, ARNString(name)) {
		return login.Provider{}, false, nil
	}
	found, ok, err := s.IAM.SAMLProvider(ctx, name)
	if err != nil || !ok {
		return login.Provider{}, false, err
	}
	m, err := found.Metadata()
	return login.Provider{Name: name, ARN: name, Metadata: m}, err == nil, err
}

// consumerProviders are the public providers whose value is a consumer key and a
// consumer secret with a semicolon between.
var consumerProviders = []string{login.TwitterName, login.DigitsName}

// publicProvider is a provider of SupportedLoginProviders. The secret that some
// have never becomes an audience, a claim or a tag.
func publicProvider(name, value string) login.Provider {
	p := login.Provider{Name: name}
	if slices.Contains(consumerProviders, name) {
		key, secret, _ := strings.Cut(value, ";")
		value, p.Secret = key, login.NewSecret(secret)
	}
	p.ClientIDs = []string{value}
	return p
}

// userPool is a user pool with those of its clients that the pool accepts.
func (p *Pool) userPool(name string) (login.Provider, bool) {
	u := login.Provider{Name: name}
	for _, c := range p.CognitoIdentityProviders {
		if string(c.ProviderName) != name {
			continue
		}
		u.ClientIDs = append(u.ClientIDs, string(c.ClientId))
		if c.ServerSideTokenCheck != nil && *c.ServerSideTokenCheck {
			u.Vouched = append(u.Vouched, string(c.ClientId))
		}
	}
	return u, len(u.ClientIDs) > 0
}

// openIDProvider finds the OpenID Connect provider of the pool that a Logins key
// names; false if the pool has none of that name, or IAM no longer has it.
func (s *Service) openIDProvider(ctx context.Context, p *Pool, name string) (login.Provider, bool, error) {
	for _, a := range p.OpenIdConnectProviderARNs {
		if oidcProviderName(a) != name {
			continue
		}
		found, ok, err := s.IAM.OIDCProvider(ctx, string(a))
		if err != nil {
			return login.Provider{}, false, err
		}
		if ok {
			return login.Provider{Name: name, ARN: string(a), Issuer: found.Issuer(), ClientIDs: found.Audiences()}, true, nil
		}
	}
	return login.Provider{}, false, nil
}

// verify checks what was presented against providers of one name: acceptable to
// either is acceptable. If it is to none, the first that knows the token as its
// own says why.
func verify(ctx context.Context, trusted []trust, v login.Presented) (*login.Login, error) {
	var refused error
	for _, t := range trusted {
		l, err := t.kind.Verify(ctx, t.provider, v)
		if err == nil {
			return l, nil
		}
		if refused == nil || meantForOthers(refused) {
			refused = err
		}
	}
	return nil, refused
}

// meantForOthers says that a token is genuine, but for other clients.
func meantForOthers(err error) bool {
	e, ok := errors.AsType[*login.Error](err)
	return ok && e.Cause == login.AudienceMismatch
}
