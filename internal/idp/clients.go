package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Client is an application that may send people here to sign in.
type Client struct {
	// ID is the client_id, and the aud of its ID tokens.
	ID string
	// RedirectURIs are the addresses to which people may be sent back: https, http on loopback, or an application's own
	// scheme. A public client's loopback address matches on any port (RFC 8252, section 7.3); all others match exactly.
	RedirectURIs []string
	// Secret makes the client confidential: it must be presented at the token endpoint. Without one the client is public
	// and must use PKCE.
	Secret string
}

// application is a Client as the library wants to see it, with its times bound to one reading of the clock.
type application struct {
	id           string
	redirectURIs []string
	confidential bool
	secret       [sha256.Size]byte

	lifetime time.Duration
	shift    time.Duration
}

// newApplications checks the clients and keys them by ID.
func newApplications(clients []Client, lifetime time.Duration) (map[string]*application, error) {
	if len(clients) == 0 {
		return nil, errors.New("idp: no clients")
	}
	byID := make(map[string]*application, len(clients))
	for _, c := range clients {
		if c.ID == "" {
			return nil, errors.New("idp: a client has no ID")
		}
		if byID[c.ID] != nil {
			return nil, fmt.Errorf("idp: client %q is listed twice", c.ID)
		}
		if len(c.RedirectURIs) == 0 {
			return nil, fmt.Errorf("idp: client %q has no redirect URI", c.ID)
		}
		for _, uri := range c.RedirectURIs {
			if err := checkRedirectURI(uri); err != nil {
				return nil, fmt.Errorf("idp: client %q: redirect URI %q: %w", c.ID, uri, err)
			}
		}
		byID[c.ID] = &application{
			id: c.ID, redirectURIs: slices.Clone(c.RedirectURIs), lifetime: lifetime,
			confidential: c.Secret != "", secret: sha256.Sum256([]byte(c.Secret)),
		}
	}
	return byID, nil
}

func checkRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs():
		return errors.New("not an absolute URL")
	case u.Fragment != "" || u.User != nil:
		return errors.New("must have no fragment and no user")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("plain http is for loopback hosts only")
	case slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob"}, u.Scheme):
		return errors.New("a browser would run it instead of visiting it")
	}
	return plainRedirectURI(uri)
}

// plainRedirectURI refuses addresses that change when unescaped. The library compares the unescaped form with the
// registered one but sends people to the original, so the two must be the same.
func plainRedirectURI(uri string) error {
	if plain, err := url.QueryUnescape(uri); err != nil || plain != uri {
		return errors.New("must not contain escaped characters")
	}
	return nil
}

// at returns the application as seen at a clock that differs from the real one by shift.
func (a *application) at(shift time.Duration) *application {
	seen := *a
	seen.shift = shift
	return &seen
}

// hasSecret reports whether secret is the client's.
func (a *application) hasSecret(secret string) bool {
	given := sha256.Sum256([]byte(secret))
	return a.confidential && subtle.ConstantTimeCompare(given[:], a.secret[:]) == 1
}

// The methods below implement op.Client.

func (a *application) GetID() string                    { return a.id }
func (a *application) RedirectURIs() []string           { return a.redirectURIs }
func (a *application) PostLogoutRedirectURIs() []string { return nil }
func (a *application) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (a *application) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
}

// LoginURL is not asked for: the authorize handler makes the redirect itself.
func (a *application) LoginURL(string) string { return "" }

// AccessTokenType is opaque, so that an access token can never pass for an ID token.
func (a *application) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (a *application) IsScopeAllowed(string) bool           { return false }
func (a *application) IDTokenUserinfoClaimsAssertion() bool { return true }

// DevMode lifts the library's ban on plain http; newApplications lets it through on loopback hosts only.
func (a *application) DevMode() bool { return true }

// ApplicationType selects the library's rules for redirect URIs.
func (a *application) ApplicationType() op.ApplicationType {
	if a.confidential {
		return op.ApplicationTypeWeb
	}
	return op.ApplicationTypeNative
}

func (a *application) AuthMethod() oidc.AuthMethod {
	if a.confidential {
		return oidc.AuthMethodBasic
	}
	return oidc.AuthMethodNone
}

// ClockSkew and IDTokenLifetime carry our clock into the library, which has none to set: it makes a token's iat the real
// time less the skew, and its exp the real time plus the skew plus the lifetime.
func (a *application) ClockSkew() time.Duration       { return -a.shift }
func (a *application) IDTokenLifetime() time.Duration { return a.lifetime + 2*a.shift }

func (a *application) RestrictAdditionalIdTokenScopes() func([]string) []string { return allScopes }

func (a *application) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return allScopes
}

func allScopes(scopes []string) []string { return scopes }
