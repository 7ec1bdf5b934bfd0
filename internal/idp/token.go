package idp

import (
	"net/http"

	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// token exchanges a code or a refresh token for tokens (OpenID Connect Core 1.0, sections 3.1.3 and 12).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // RFC 6749, section 5.1
	response, err := p.exchange(r)
	if err != nil {
		p.refused(r.Context(), r.URL.Path, err)
		refuseExchange(w, r, err)
		return
	}
	httphelper.MarshalJSON(w, response)
}

func (p *Provider) exchange(r *http.Request) (*oidc.AccessTokenResponse, error) {
	if r.URL.RawQuery != "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("parameters belong in the body") // addresses end up in logs
	}
	if err := r.ParseForm(); err != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("the body is not a form")
	}
	if err := once(r.PostForm); err != nil {
		return nil, err
	}
	switch r.PostForm.Get("grant_type") {
	case string(oidc.GrantTypeCode):
	case string(oidc.GrantTypeRefreshToken):
		return p.renew(r)
	case "":
		return nil, oidc.ErrInvalidRequest().WithDescription("grant_type is missing")
	default:
		return nil, oidc.ErrUnsupportedGrantType().WithDescription("grant_type must be authorization_code or refresh_token")
	}
	request, err := op.ParseAccessTokenRequest(r, p.library.Decoder())
	if err != nil {
		return nil, err
	}
	v, client, err := op.ValidateAccessTokenRequest(r.Context(), request, p.library)
	if err != nil {
		return nil, err
	}
	return op.CreateTokenResponse(r.Context(), v, client, p.library, true, request.Code, "")
}

// renew exchanges a refresh token.
func (p *Provider) renew(r *http.Request) (*oidc.AccessTokenResponse, error) {
	request, err := op.ParseRefreshTokenRequest(r, p.library.Decoder())
	if err != nil {
		return nil, err
	}
	again, client, err := op.ValidateRefreshTokenRequest(r.Context(), request, p.library)
	if err != nil {
		return nil, err
	}
	return op.CreateTokenResponse(r.Context(), again, client, p.library, true, "", request.RefreshToken)
}

// refuseExchange answers as RFC 6749, section 5.2, says.
func refuseExchange(w http.ResponseWriter, r *http.Request, err error) {
	e := oidc.DefaultToServerError(err, "the request could not be processed")
	status := http.StatusBadRequest
	switch e.ErrorType {
	case oidc.InvalidClient:
		status = http.StatusUnauthorized
		if r.Header.Get("Authorization") != "" {
			w.Header().Set("WWW-Authenticate", "Basic")
		}
	case oidc.ServerError:
		status = http.StatusInternalServerError
	}
	httphelper.MarshalJSONWithStatus(w, e, status)
}
