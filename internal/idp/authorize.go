package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authorize begins a visit and sends the person to the login page (OpenID Connect Core 1.0, section 3.1.2). A request that
// does not prove where it came from is answered here; other mistakes are reported to the client's redirect URI.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	request, err := op.ParseAuthorizeRequest(r, p.library.Decoder())
	if err == nil {
		err = once(r.Form)
	}
	if err != nil {
		p.refuseHere(w, r, err)
		return
	}
	client, err := p.knownClient(r.Context(), request)
	if err != nil {
		p.refuseHere(w, r, err)
		return
	}
	if err := p.checkRequest(r.Context(), request, client); err != nil {
		p.refuseToClient(w, r, request, err)
		return
	}
	v, err := p.storage.begin(request)
	if err != nil {
		p.refused(r.Context(), "authorize", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, p.path(loginPath)+"?"+url.Values{"request": {v.id}}.Encode(), http.StatusFound)
}

// knownClient returns the client of a request whose redirect URI belongs to it.
func (p *Provider) knownClient(ctx context.Context, request *oidc.AuthRequest) (op.Client, error) {
	client, err := p.storage.GetClientByClientID(ctx, request.ClientID)
	if err != nil {
		return nil, err
	}
	if err := plainRedirectURI(request.RedirectURI); err != nil {
		return nil, oidc.ErrInvalidRequestRedirectURI().WithDescription("the redirect_uri %v", err)
	}
	return client, op.ValidateAuthReqRedirectURI(client, request.RedirectURI, request.ResponseType)
}

// checkRequest holds the rest of the request to the library's rules and to what this provider offers.
func (p *Provider) checkRequest(ctx context.Context, request *oidc.AuthRequest, client op.Client) error {
	if _, err := op.ValidateAuthRequestClient(ctx, request, client, p.library.IDTokenHintVerifier(ctx)); err != nil {
		return err
	}
	switch {
	case request.RequestParam != "":
		return oidc.ErrRequestNotSupported()
	case request.ResponseMode != "" && request.ResponseMode != oidc.ResponseModeQuery:
		return oidc.ErrInvalidRequest().WithDescription("response_mode must be query")
	case !slices.Contains(request.Scopes, oidc.ScopeOpenID):
		return oidc.ErrInvalidScope().WithDescription("the scope must contain openid")
	case slices.Contains(request.Prompt, oidc.PromptNone):
		return oidc.ErrLoginRequired().WithDescription("there are no sessions here, so somebody always has to sign in")
	case request.CodeChallenge == "" && client.AuthMethod() == oidc.AuthMethodNone:
		return oidc.ErrInvalidRequest().WithDescription("a public client must send a code_challenge")
	case request.CodeChallenge != "" && request.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return oidc.ErrInvalidRequest().WithDescription("code_challenge_method must be S256")
	}
	return nil
}

// callback ends a visit: it sends the person back to the client with a code.
func (p *Provider) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	v, ok := p.storage.signedIn.peek(r.URL.Query().Get("id"))
	if !ok {
		p.refuseHere(w, r, errVisitGone)
		return
	}
	back, err := op.BuildAuthResponseCallbackURL(r.Context(), v, p.library)
	if err != nil {
		p.refuseHere(w, r, err)
		return
	}
	http.Redirect(w, r, back, http.StatusFound)
}

// errVisitGone is shown to a person who returns to a page of a finished or expired visit.
var errVisitGone = errors.New("this sign-in is finished or has expired; go back to the application and start again")

// refuseHere answers a request that must not be redirected, because its redirect URI cannot be trusted.
func (p *Provider) refuseHere(w http.ResponseWriter, r *http.Request, err error) {
	p.refused(r.Context(), r.URL.Path, err)
	message := err.Error()
	var known *oidc.Error
	if errors.As(err, &known) {
		message = known.Description
	}
	http.Error(w, message, http.StatusBadRequest)
}

// refuseToClient reports an error to the client's redirect URI (RFC 6749, section 4.1.2.1).
func (p *Provider) refuseToClient(w http.ResponseWriter, r *http.Request, request *oidc.AuthRequest, err error) {
	e := oidc.DefaultToServerError(err, "the request could not be processed")
	e.State = request.State
	back, urlErr := op.AuthResponseURL(request.RedirectURI, oidc.ResponseTypeCode, oidc.ResponseModeQuery, e, p.library.Encoder())
	if e.IsRedirectDisabled() || urlErr != nil {
		p.refuseHere(w, r, err)
		return
	}
	p.refused(r.Context(), r.URL.Path, err)
	http.Redirect(w, r, back, http.StatusFound)
}

// once refuses repeated parameters (RFC 6749, sections 3.1 and 3.2).
func once(form url.Values) error {
	for _, values := range form {
		if len(values) > 1 {
			return oidc.ErrInvalidRequest().WithDescription("a parameter is repeated")
		}
	}
	return nil
}
