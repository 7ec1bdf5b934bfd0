package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// visit is an authorization request on its way: what the client asked for and, once somebody signed in, who and when.
// It is never changed; signing in makes another one.
type visit struct {
	id      string
	request *oidc.AuthRequest

	account *account // nil until signed in
	signed  time.Time
	shift   func() time.Duration
}

// visit implements op.AuthRequest.

func (v *visit) GetID() string                      { return v.id }
func (v *visit) GetACR() string                     { return "" }
func (v *visit) GetAudience() []string              { return []string{v.request.ClientID} }
func (v *visit) GetClientID() string                { return v.request.ClientID }
func (v *visit) GetNonce() string                   { return v.request.Nonce }
func (v *visit) GetRedirectURI() string             { return v.request.RedirectURI }
func (v *visit) GetResponseType() oidc.ResponseType { return v.request.ResponseType }
func (v *visit) GetResponseMode() oidc.ResponseMode { return v.request.ResponseMode }
func (v *visit) GetScopes() []string                { return v.request.Scopes }
func (v *visit) GetState() string                   { return v.request.State }
func (v *visit) GetAMR() []string                   { return v.account.methods() }
func (v *visit) GetSubject() string                 { return v.account.subject }
func (v *visit) Done() bool                         { return v.account != nil }

// GetAuthTime is on the real clock, because the library takes the client's skew off it again; see application.ClockSkew.
func (v *visit) GetAuthTime() time.Time { return v.signed.Add(-v.shift()) }

func (v *visit) GetCodeChallenge() *oidc.CodeChallenge {
	if v.request.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: v.request.CodeChallenge, Method: v.request.CodeChallengeMethod}
}

// renewal is a visit that is redeemed once more, by refresh token. It is no authorization request: its ID token has no
// nonce (OpenID Connect Core 1.0, section 12.2).
type renewal struct {
	visit  *visit
	scopes []string // those of the visit, or fewer
}

// renewal implements op.RefreshTokenRequest.

func (r *renewal) GetAMR() []string                 { return r.visit.GetAMR() }
func (r *renewal) GetAudience() []string            { return r.visit.GetAudience() }
func (r *renewal) GetAuthTime() time.Time           { return r.visit.GetAuthTime() }
func (r *renewal) GetClientID() string              { return r.visit.GetClientID() }
func (r *renewal) GetScopes() []string              { return r.scopes }
func (r *renewal) GetSubject() string               { return r.visit.GetSubject() }
func (r *renewal) SetCurrentScopes(scopes []string) { r.scopes = scopes }

// visitOf is the visit that a token request goes back to; nil for a request of another kind.
func visitOf(request op.TokenRequest) *visit {
	switch r := request.(type) {
	case *visit:
		return r
	case *renewal:
		return r.visit
	}
	return nil
}
