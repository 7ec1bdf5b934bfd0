package login

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/seal"
)

// FacebookName is the key of Facebook's logins.
const FacebookName = "graph.facebook.com"

const facebookGraph = "https://" + FacebookName

// Facebook checks user access tokens of Facebook by asking the Graph API which
// app and which user they are of. Without an app's secret that is all it can
// do, as AWS, which is told no secret either. With the secret it asks for the
// particulars of the token too (debug_token) and proves to be the app
// (appsecret_proof), which apps can require.
type Facebook struct {
	Tokens *OIDC
	// Secrets are those of apps, by app ID.
	Secrets map[string]seal.Secret
	// LimitedLogin accepts the ID tokens of Limited Login as well, which AWS does
	// not.
	LimitedLogin bool
}

// Verify implements Verifier.
func (f Facebook) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	if t, err := v.Token(); err == nil {
		return f.limitedLogin(ctx, p, t)
	}
	token, err := v.opaque()
	if err != nil {
		return nil, err
	}
	return f.Tokens.askAboutToken(p, v, func() (*Login, error) { return facebookCheck{Facebook: f, ctx: ctx, token: token}.login(p) })
}

// login finds out for which app and of which user the token is.
func (c facebookCheck) login(p Provider) (*Login, error) {
	app, vouched, err := c.app(p)
	if err != nil {
		return nil, err
	}
	if !p.AnyClient && !slices.Contains(p.ClientIDs, app) {
		return nil, reject(AudienceMismatch, nil)
	}
	user, err := c.user(app)
	if err != nil {
		return nil, err
	}
	if vouched != "" && vouched != user {
		return nil, answerInvalid("debug_token and /me name different users")
	}
	return opaqueLogin(FacebookName, app, user, "app_id", app, "user_id", user)
}

// otherFacebookIssuer is the second spelling of the issuer of Limited Login.
const otherFacebookIssuer = "https://www.facebook.com"

// limitedLogin checks an ID token of Limited Login. Facebook has used both
// spellings of its issuer; the keys of both are in one place.
func (f Facebook) limitedLogin(ctx context.Context, p Provider, t *Token) (*Login, error) {
	p.Name, p.Issuer = FacebookName, "https://limited.facebook.com"
	if !f.LimitedLogin {
		if iss := t.Issuer(); iss != p.Issuer && iss != otherFacebookIssuer {
			return nil, reject(IssuerMismatch, fmt.Errorf("iss is %.255q, which is not Facebook's", iss))
		}
		return nil, reject(LimitedLoginOff, nil)
	}
	l, err := f.Tokens.verify(ctx, Rules{
		Provider: p, Algorithms: onlyRS256, ExpirySkew: Skew, OtherIssuer: otherFacebookIssuer,
	}, source{issuer: p.Issuer, keySet: "https://limited.facebook.com/.well-known/oauth/openid/jwks/"}, t)
	if err != nil {
		return nil, err
	}
	return social(FacebookName, l), nil
}

// facebookCheck is the checking of one access token.
type facebookCheck struct {
	Facebook
	ctx   context.Context
	token string
}

// app finds the app that a token was made for, and where there is a secret the
// user too.
func (c facebookCheck) app(p Provider) (app, user string, err error) {
	for _, id := range p.ClientIDs {
		if secret, ok := c.Secrets[id]; ok {
			user, err = c.debug(id, secret)
			return id, user, err
		}
	}
	app, err = c.id("/app", url.Values{"access_token": {c.token}})
	return app, "", err
}

// debug asks for the particulars of a token in the name of the app that it must
// be for, and gives its user.
func (c facebookCheck) debug(app string, secret seal.Secret) (string, error) {
	var answer struct {
		Data struct {
			AppID   string `json:"app_id"`
			Type    string `json:"type"`
			Valid   bool   `json:"is_valid"`
			Expires int64  `json:"expires_at"` // 0: never
			UserID  string `json:"user_id"`
		} `json:"data"`
	}
	d := &answer.Data
	if err := c.ask("/debug_token", url.Values{"input_token": {c.token}, "access_token": {app + "|" + secret.Reveal()}}, &answer); err != nil {
		return "", err
	}
	now := c.Tokens.now().Unix()
	switch {
	case !d.Valid:
		return "", refusedBy("debug_token: not valid")
	case d.AppID != app:
		return "", reject(AudienceMismatch, nil)
	case d.Type != "USER":
		return "", refusedBy("debug_token: a token of type %.20q", d.Type)
	case d.Expires != 0 && d.Expires <= now:
		e := reject(TokenExpired, nil)
		e.Now, e.Expires = now, d.Expires
		return "", e
	}
	if d.UserID == "" {
		return "", answerInvalid("debug_token: no user_id")
	}
	return d.UserID, nil
}

// user finds the user that a token is of.
func (c facebookCheck) user(app string) (string, error) {
	q := url.Values{"access_token": {c.token}, "fields": {"id"}}
	if secret, ok := c.Secrets[app]; ok {
		proof := hmac.New(sha256.New, []byte(secret.Reveal()))
		proof.Write([]byte(c.token))
		q.Set("appsecret_proof", hex.EncodeToString(proof.Sum(nil)))
	}
	return c.id("/me", q)
}

// id asks for the id of an object of the graph.
func (c facebookCheck) id(path string, q url.Values) (string, error) {
	var object struct {
		ID string `json:"id"`
	}
	if err := c.ask(path, q, &object); err != nil {
		return "", err
	}
	if object.ID == "" {
		return "", answerInvalid(path + ": no id")
	}
	return object.ID, nil
}

// ask asks the Graph API. The query is secret; it shows in no error.
func (c facebookCheck) ask(path string, q url.Values, into any) error {
	answer, err := c.Tokens.client().Send(c.ctx, &fetch.Request{Method: "GET", URL: facebookGraph + path + "?" + q.Encode()})
	if err != nil {
		return facebookError(path, answer, err)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return answerInvalid(path + ": malformed JSON")
	}
	return nil
}

// facebookError reads an error of the Graph API: those of its codes that its
// documentation says to try again after are its own, all others the token's.
func facebookError(path string, answer *fetch.Response, err error) *Error {
	if answer == nil {
		return providerError(err)
	}
	var body struct {
		Error struct {
			Code    int `json:"code"`
			Subcode int `json:"error_subcode"`
		} `json:"error"`
	}
	malformed := json.Unmarshal(answer.Body, &body) != nil
	switch code := body.Error.Code; {
	case atFault(answer), code == 1, code == 2, code == 4, code == 17:
		return unavailable("%s: status %d, code %d", path, answer.Status, code)
	case malformed || code == 0:
		return answerInvalid(path + ": an error without a code")
	}
	return refusedBy("%s: code %d, subcode %d", path, body.Error.Code, body.Error.Subcode)
}
