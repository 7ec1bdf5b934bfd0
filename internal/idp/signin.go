package idp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/go-json-experiment/json"
)

const (
	signInTimeout  = 10 * time.Second
	maxHops        = 10
	maxAnswer      = 1 << 20 // bytes
	maxRefusalText = 200     // bytes of an error page that an error repeats
)

// RelyingParty is an application at which people sign in with a provider of this package. It stands in for the
// application and for the person's browser at once.
type RelyingParty struct {
	// Issuer is the provider's URL; as passwords go there, it must be on a loopback host.
	Issuer string
	// ClientID is the client's ID at the provider.
	ClientID string
	// ClientSecret is empty for a public client.
	ClientSecret string
	// RedirectURI is one of the client's redirect URIs. Nobody has to listen there.
	RedirectURI string
	// Scopes to ask for; empty means openid, profile and email.
	Scopes []string
	// HTTP makes the requests; nil means a client of our own with a deadline and no proxy. Its redirect policy is ignored.
	HTTP *http.Client
}

// Tokens is the outcome of a sign-in.
type Tokens struct {
	// IDToken says who signed in; this is what daypass takes as a login.
	IDToken string `json:"id_token"`
	// AccessToken opens the provider's userinfo endpoint.
	AccessToken string `json:"access_token"`
	// ExpiresIn is the access token's lifetime in seconds.
	ExpiresIn int64 `json:"expires_in"`
}

// ErrWrongPassword is returned by [RelyingParty.SignIn] when the provider shows its login form again.
var ErrWrongPassword = errors.New("idp: wrong username or password")

// Error is a provider's refusal in the protocol's terms (RFC 6749, sections 4.1.2.1 and 5.2).
type Error struct {
	// Code is the protocol's word, such as invalid_request.
	Code string `json:"error"`
	// Description is for people; may be empty.
	Description string `json:"error_description"`
}

func (e *Error) Error() string {
	if e.Description == "" {
		return "idp: " + e.Code
	}
	return "idp: " + e.Code + ": " + e.Description
}

// SignIn signs a person in by the authorization code flow with PKCE (RFC 7636), all of it over HTTP: discovery, the
// authorization endpoint, the login form, the way back to the redirect URI (which is read, not visited), and the token
// endpoint. The ID token's issuer, audience and nonce are checked; its signature is left to whoever the token is for.
//
// It fails with [ErrWrongPassword], with an [*Error] when the provider refuses the request, or otherwise.
func (rp RelyingParty) SignIn(ctx context.Context, username, password string) (*Tokens, error) {
	issuer, err := parseIssuer(rp.Issuer, false)
	if err != nil {
		return nil, err
	}
	browser, done := rp.browser()
	defer done()
	a := attempt{
		rp: rp, issuer: issuer, browser: browser,
		state: rand.Text(), nonce: rand.Text(), verifier: rand.Text() + rand.Text(), // 52 characters; RFC 7636 asks for 43 to 128
	}
	provider, err := a.discover(ctx)
	if err != nil {
		return nil, err
	}
	code, err := a.code(ctx, provider.AuthorizationEndpoint, username, password)
	if err != nil {
		return nil, err
	}
	tokens, err := a.redeem(ctx, provider.TokenEndpoint, code)
	if err != nil {
		return nil, err
	}
	if err := a.check(tokens.IDToken); err != nil {
		return nil, err
	}
	return tokens, nil
}

// browser returns a client that shows redirects instead of following them.
func (rp RelyingParty) browser() (client *http.Client, done func()) {
	shown := &http.Client{Transport: &http.Transport{}, Timeout: signInTimeout}
	done = shown.CloseIdleConnections
	if rp.HTTP != nil {
		copied := *rp.HTTP
		shown, done = &copied, func() {}
	}
	shown.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return shown, done
}

// attempt is one sign-in under way.
type attempt struct {
	rp                     RelyingParty
	issuer                 *url.URL
	browser                *http.Client
	state, nonce, verifier string
}

// metadata is the part of a discovery document that a sign-in needs.
type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
}

func (a *attempt) discover(ctx context.Context) (metadata, error) {
	var found metadata
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(a.rp.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return found, err
	}
	res, body, err := a.do(req)
	if err != nil {
		return found, err
	}
	if res.StatusCode != http.StatusOK {
		return found, unexpected("discovery", res, body)
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, fmt.Errorf("idp: discovery: %w", err)
	}
	if found.Issuer != a.rp.Issuer {
		return found, fmt.Errorf("idp: discovery: the issuer is %q, not %q", found.Issuer, a.rp.Issuer)
	}
	return found, nil
}

// code visits the provider as a browser does and comes back with the authorization code.
func (a *attempt) code(ctx context.Context, endpoint, username, password string) (string, error) {
	start, err := a.authorizationRequest(endpoint)
	if err != nil {
		return "", err
	}
	form, err := a.visit(ctx, http.MethodGet, start, "")
	if err != nil {
		return "", err
	}
	if form.callback != nil {
		return a.read(form.callback)
	}
	filled := url.Values{"username": {username}, "password": {password}}
	end, err := a.visit(ctx, http.MethodPost, form.page, filled.Encode())
	if err != nil {
		return "", err
	}
	if end.callback == nil {
		return "", ErrWrongPassword
	}
	return a.read(end.callback)
}

func (a *attempt) authorizationRequest(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("idp: authorization endpoint: %w", err)
	}
	scopes := a.rp.Scopes
	if len(scopes) == 0 {
		scopes = []string{"openid", "profile", "email"}
	}
	challenge := sha256.Sum256([]byte(a.verifier))
	u.RawQuery = url.Values{
		"response_type":         {"code"},
		"client_id":             {a.rp.ClientID},
		"redirect_uri":          {a.rp.RedirectURI},
		"scope":                 {strings.Join(scopes, " ")},
		"state":                 {a.state},
		"nonce":                 {a.nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}.Encode()
	return u, nil
}

// place is where a visit ended: at a page of the provider, or about to go to the redirect URI.
type place struct {
	page     *url.URL
	callback *url.URL
}

// visit makes a request and follows redirects, on the provider's own origin only, until there is a page to show or the
// redirect URI is reached.
func (a *attempt) visit(ctx context.Context, method string, to *url.URL, form string) (place, error) {
	for range maxHops {
		if to.Scheme != a.issuer.Scheme || to.Host != a.issuer.Host {
			return place{}, fmt.Errorf("idp: the provider leads away from itself, to %s://%s", to.Scheme, to.Host)
		}
		req, err := http.NewRequestWithContext(ctx, method, to.String(), strings.NewReader(form))
		if err != nil {
			return place{}, err
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, body, err := a.do(req)
		if err != nil {
			return place{}, err
		}
		switch {
		case res.StatusCode == http.StatusFound || res.StatusCode == http.StatusSeeOther:
			next, err := res.Location()
			if err != nil {
				return place{}, fmt.Errorf("idp: redirect: %w", err)
			}
			if a.isCallback(next) {
				return place{callback: next}, nil
			}
			method, to, form = http.MethodGet, next, ""
		case strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && (res.StatusCode == http.StatusOK || res.StatusCode == http.StatusForbidden):
			return place{page: to}, nil
		default:
			return place{}, unexpected(to.Path, res, body)
		}
	}
	return place{}, errors.New("idp: too many redirects")
}

func (a *attempt) isCallback(u *url.URL) bool {
	want, err := url.Parse(a.rp.RedirectURI)
	return err == nil && u.Scheme == want.Scheme && u.Host == want.Host && u.Path == want.Path
}

// read takes the code out of the address that the provider sends the browser to.
func (a *attempt) read(callback *url.URL) (string, error) {
	answer := callback.Query()
	if answer.Get("state") != a.state {
		return "", errors.New("idp: the answer's state is not the request's")
	}
	if code := answer.Get("error"); code != "" {
		return "", &Error{Code: code, Description: answer.Get("error_description")}
	}
	if answer.Get("code") == "" {
		return "", errors.New("idp: the answer has no code")
	}
	return answer.Get("code"), nil
}

// redeem exchanges the code for tokens.
func (a *attempt) redeem(ctx context.Context, endpoint, code string) (*Tokens, error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {a.rp.RedirectURI},
		"code_verifier": {a.verifier},
	}
	if a.rp.ClientSecret == "" {
		form.Set("client_id", a.rp.ClientID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("idp: token endpoint: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.rp.ClientSecret != "" {
		req.SetBasicAuth(url.QueryEscape(a.rp.ClientID), url.QueryEscape(a.rp.ClientSecret)) // RFC 6749, section 2.3.1
	}
	res, body, err := a.do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		refusal := new(Error)
		if json.Unmarshal(body, refusal) == nil && refusal.Code != "" {
			return nil, refusal
		}
		return nil, unexpected("token endpoint", res, body)
	}
	tokens := new(Tokens)
	if err := json.Unmarshal(body, tokens); err != nil {
		return nil, fmt.Errorf("idp: token endpoint: %w", err)
	}
	return tokens, nil
}

// check makes sure that the ID token answers this very request (OpenID Connect Core 1.0, section 3.1.3.7).
func (a *attempt) check(idToken string) error {
	token, err := jwt.ParseSigned(idToken, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return fmt.Errorf("idp: ID token: %w", err)
	}
	var claims struct {
		jwt.Claims
		Nonce string `json:"nonce"`
	}
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return fmt.Errorf("idp: ID token: %w", err)
	}
	if claims.Issuer != a.rp.Issuer || !slices.Contains(claims.Audience, a.rp.ClientID) || claims.Nonce != a.nonce {
		return errors.New("idp: the ID token is not for this sign-in")
	}
	return nil
}

// do makes a request and reads the answer, which may not be longer than maxAnswer.
func (a *attempt) do(req *http.Request) (*http.Response, []byte, error) {
	res, err := a.browser.Do(req)
	if err != nil {
		return nil, nil, withoutQuery(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("idp: %s: %w", req.URL.Path, err)
	}
	return res, body, nil
}

// withoutQuery drops the address's query from an error of net/http: names of visits and codes are secrets.
func withoutQuery(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err
	}
	where, _, _ := strings.Cut(failed.URL, "?")
	return fmt.Errorf("idp: %s %q: %w", failed.Op, where, failed.Err)
}

func unexpected(where string, res *http.Response, body []byte) error {
	text := strings.TrimSpace(string(body[:min(len(body), maxRefusalText)]))
	return fmt.Errorf("idp: %s: %s: %q", where, res.Status, text)
}
