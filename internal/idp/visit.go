package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
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
