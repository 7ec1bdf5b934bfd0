package idp

import (
	"net/http"

	"github.com/go-jose/go-jose/v4"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// discovery answers with the provider's metadata (OpenID Connect Discovery 1.0, section 3): what is served, and no more.
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	httphelper.MarshalJSON(w, &oidc.DiscoveryConfiguration{
		Issuer:                            p.name,
		AuthorizationEndpoint:             p.url(authorizePath),
		TokenEndpoint:                     p.url(tokenPath),
		UserinfoEndpoint:                  p.url(userinfoPath),
		JwksURI:                           p.url(keysPath),
		ScopesSupported:                   []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, oidc.ScopeOfflineAccess},
		ResponseTypesSupported:            []string{string(oidc.ResponseTypeCode)},
		ResponseModesSupported:            []string{string(oidc.ResponseModeQuery)},
		GrantTypesSupported:               []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken},
		SubjectTypesSupported:             []string{"public"},
		IDTokenSigningAlgValuesSupported:  []string{string(jose.RS256)},
		TokenEndpointAuthMethodsSupported: []oidc.AuthMethod{oidc.AuthMethodNone, oidc.AuthMethodBasic, oidc.AuthMethodPost},
		CodeChallengeMethodsSupported:     []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		ClaimsSupported: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "azp", "at_hash", "name", "email", "email_verified",
		},
	})
}

// keys answers with the published keys (RFC 7517, section 5).
func (p *Provider) keys(w http.ResponseWriter, r *http.Request) { op.Keys(w, r, p.storage) }

// userinfo answers with the claims that an access token gives access to (OpenID Connect Core 1.0, section 5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	op.Userinfo(w, r, p.library)
}
