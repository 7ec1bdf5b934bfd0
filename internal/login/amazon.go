package login

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
)

// AmazonName is the key of Login with Amazon's logins.
const AmazonName = "www.amazon.com"

const amazonAPI = "https://api.amazon.com"

// Amazon checks access tokens of Login with Amazon: the token's particulars say
// which app it was made for, the profile who the user is (Login with Amazon
// developer guide, "Access tokens" and "Customer profile").
type Amazon struct {
	Tokens *OIDC
}

// Verify implements Verifier. The pool's value is a client ID or an app ID:
// AWS's console has taken either.
func (a Amazon) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	token, err := v.opaque()
	if err != nil {
		return nil, err
	}
	return a.Tokens.askAboutToken(p, v, func() (*Login, error) { return a.login(ctx, p, token) })
}

// login finds out for which app and of which user a token is.
func (a Amazon) login(ctx context.Context, p Provider, token string) (*Login, error) {
	info, err := a.tokenInfo(ctx, token)
	if err != nil {
		return nil, err
	}
	app := info.Audience
	accepted := func(app string) bool { return app != "" && (p.AnyClient || slices.Contains(p.ClientIDs, app)) }
	if !accepted(app) {
		if app = info.AppID; !accepted(app) {
			return nil, reject(AudienceMismatch, nil)
		}
	}
	further, err := a.profile(ctx, token, info.UserID)
	if err != nil {
		return nil, err
	}
	return opaqueLogin(AmazonName, app, info.UserID, append(further, "user_id", info.UserID, "app_id", info.AppID)...)
}

type amazonToken struct {
	Issuer   string `json:"iss"`
	UserID   string `json:"user_id"`
	Audience string `json:"aud"`
	AppID    string `json:"app_id"`
	// Left is called exp and is the number of seconds left, not a time.
	Left int64 `json:"exp"`
}

func (a Amazon) tokenInfo(ctx context.Context, token string) (*amazonToken, error) {
	info := &amazonToken{}
	q := url.Values{"access_token": {token}}
	r := &fetch.Request{Method: "GET", URL: amazonAPI + "/auth/o2/tokeninfo?" + q.Encode()}
	refused, err := a.ask(ctx, r, info)
	switch {
	case err != nil:
		return nil, err
	case refused:
		return nil, refusedBy("tokeninfo: refused")
	case info.Issuer != "https://"+AmazonName:
		return nil, answerInvalid("tokeninfo: another issuer")
	case info.Left <= 0:
		return nil, refusedBy("tokeninfo: no time left")
	}
	return info, nil
}

// profile asks for the customer's profile, which must be that of the token's
// user. Tokens of apps that did not ask for the profile give none.
func (a Amazon) profile(ctx context.Context, token, user string) (further []string, err error) {
	var profile struct {
		UserID     string `json:"user_id"`
		Name       string `json:"name"`
		Email      string `json:"email"`
		PostalCode string `json:"postal_code"`
	}
	r := &fetch.Request{Method: "GET", URL: amazonAPI + "/user/profile", Header: http.Header{"Authorization": {"bearer " + token}}}
	refused, err := a.ask(ctx, r, &profile)
	if err != nil || refused {
		return nil, err
	}
	if profile.UserID != user {
		return nil, answerInvalid("tokeninfo and profile name different users")
	}
	for name, value := range map[string]string{"name": profile.Name, "email": profile.Email, "postal_code": profile.PostalCode} {
		if value != "" {
			further = append(further, name, value)
		}
	}
	return further, nil
}

// ask asks Login with Amazon. It reports whether the token was refused.
func (a Amazon) ask(ctx context.Context, r *fetch.Request, into any) (refused bool, err error) {
	answer, err := a.Tokens.client().Send(ctx, r)
	switch {
	case err == nil:
	case answer == nil:
		return false, providerError(err)
	case answer.Status == http.StatusBadRequest, answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden:
		return true, nil
	default:
		return false, unavailable("status %d", answer.Status)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return false, answerInvalid("malformed JSON")
	}
	return false, nil
}
