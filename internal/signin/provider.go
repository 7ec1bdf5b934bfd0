package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

const (
	// browserPatience and devicePatience are how long a person may take.
	browserPatience = 5 * time.Minute
	devicePatience  = 15 * time.Minute
	// leeway is how far the clocks of the provider and this machine may be apart, and how long a token must still be good.
	leeway = time.Minute
	// maxAnswer is the longest answer that is read of a provider, in bytes.
	maxAnswer = 1 << 20
	// maxQuoted is how much of a provider's own words an error repeats, in bytes.
	maxQuoted = 200
)

// DefaultRedirectURI is where the browser comes back to, on a port that the system chooses (RFC 8252, section 7.3).
const DefaultRedirectURI = "http://127.0.0.1/callback"

// Provider is an OpenID provider, as one of its clients.
type Provider struct {
	// Issuer is the provider's URL.
	Issuer string
	// ClientID is this program's at the provider. ClientSecret is empty for a public client.
	ClientID, ClientSecret string
	// Scopes are asked for beside openid.
	Scopes []string
	// RedirectURI is an http URL on this machine, with the port that is registered at the provider or, where the
	// provider takes every port, without one. Empty means DefaultRedirectURI.
	RedirectURI string
	// HTTP calls the provider.
	HTTP *http.Client
	// Browse opens a page in the person's browser.
	Browse func(url string) error
	// Tell shows a line to the person.
	Tell func(text string)
}

// Tokens are the outcome of a sign-in, to be kept where nobody else can read them.
type Tokens struct {
	// ID is the ID token, good until Expires. It says that Subject signed in.
	ID      string    `json:"id_token"`
	Subject string    `json:"sub"`
	Expires time.Time `json:"expires"`
	// Refresh gets the next ID token; empty where the provider gave none.
	Refresh string `json:"refresh_token"`
}

// Good says whether the ID token can still be used.
func (t *Tokens) Good(now time.Time) bool { return t.ID != "" && now.Add(leeway).Before(t.Expires) }

// Refusal is a sign-in that did not succeed for a reason that trying again does not change: the provider or the person
// said no, or an answer cannot be trusted.
type Refusal struct{ text string }

func (r *Refusal) Error() string { return r.text }

func refusal(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Check says what is wrong with the fields of the provider.
func (p *Provider) Check() error {
	if err := plainOrHere(p.Issuer); err != nil {
		return fmt.Errorf("the issuer %w", err)
	}
	u, err := url.Parse(p.redirectURI())
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("the redirect URI must be an http URL on this machine, such as " + DefaultRedirectURI)
	}
	return nil
}

func (p *Provider) redirectURI() string { return cmp.Or(p.RedirectURI, DefaultRedirectURI) }

// plainOrHere refuses URLs that tokens must not travel to: all but https, and http on this machine.
func plainOrHere(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("is not a URL such as https://login.example.com")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be an https URL")
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// session is what one sign-in knows of the provider.
type session struct {
	*Provider
	metadata *oidc.DiscoveryConfiguration
	config   oauth2.Config
	http     *http.Client
}

// begin reads the provider's metadata (OpenID Connect Discovery 1.0, section 4).
func (p *Provider) begin(ctx context.Context) (*session, error) {
	if err := p.Check(); err != nil {
		return nil, &Refusal{err.Error()}
	}
	bounded := *p.HTTP
	bounded.Transport = &boundedTransport{cmp.Or[http.RoundTripper](bounded.Transport, http.DefaultTransport)}
	metadata, err := client.Discover(ctx, p.Issuer, &bounded)
	switch {
	case errors.Is(err, oidc.ErrIssuerInvalid):
		return nil, refusal("the discovery document of %s names another issuer", p.Issuer)
	case err != nil:
		return nil, fmt.Errorf("the discovery document of %s cannot be read: %w", p.Issuer, reason(err))
	}
	for name, at := range map[string]string{
		"authorization_endpoint": metadata.AuthorizationEndpoint, "token_endpoint": metadata.TokenEndpoint,
		"jwks_uri": metadata.JwksURI, "device_authorization_endpoint": cmp.Or(metadata.DeviceAuthorizationEndpoint, p.Issuer),
	} {
		if err := plainOrHere(at); err != nil {
			return nil, refusal("the discovery document of %s: %s %v", p.Issuer, name, err)
		}
	}
	s := &session{Provider: p, metadata: metadata, http: &bounded, config: oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: p.scopes(metadata),
		Endpoint: oauth2.Endpoint{AuthURL: metadata.AuthorizationEndpoint, DeviceAuthURL: metadata.DeviceAuthorizationEndpoint, TokenURL: metadata.TokenEndpoint},
	}}
	if p.ClientSecret == "" {
		s.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return s, nil
}

// scopes asks for a refresh token where the provider has the scope for that.
func (p *Provider) scopes(metadata *oidc.DiscoveryConfiguration) []string {
	all := []string{oidc.ScopeOpenID}
	for s := range strings.FieldsSeq(strings.Join(p.Scopes, " ")) { // one word may have several
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if slices.Contains(metadata.ScopesSupported, oidc.ScopeOfflineAccess) && !slices.Contains(all, oidc.ScopeOfflineAccess) {
		all = append(all, oidc.ScopeOfflineAccess)
	}
	return all
}

func (s *session) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, s.http)
}

// algorithms are those that ID tokens may be signed by: the provider's, of the ones that need a private key.
func (s *session) algorithms() []string {
	var all []string
	for _, a := range s.metadata.IDTokenSigningAlgValuesSupported {
		if slices.Contains([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}, a) {
			all = append(all, a)
		}
	}
	if all == nil {
		return []string{"RS256"}
	}
	return all
}

// tokens verifies what the token endpoint answered. A sign-in by browser has a nonce.
func (s *session) tokens(ctx context.Context, answer *oauth2.Token, nonce string) (*Tokens, error) {
	raw, ok := answer.Extra("id_token").(string)
	if !ok || raw == "" {
		return nil, refusal("%s gave no ID token", s.Issuer)
	}
	verifier := rp.NewIDTokenVerifier(s.Issuer, s.ClientID, rp.NewRemoteKeySet(s.http, s.metadata.JwksURI),
		rp.WithSupportedSigningAlgorithms(s.algorithms()...), rp.WithIssuedAtOffset(leeway),
		rp.WithNonce(func(context.Context) string { return nonce }))
	if nonce == "" {
		verifier.Nonce = nil // a renewed token has none, or the old one
	}
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](ctx, answer.AccessToken, raw, verifier)
	switch {
	case errors.Is(err, oidc.ErrNonceInvalid):
		return nil, refusal("the ID token of %s does not belong to this sign-in: its nonce is another one", s.Issuer)
	case err != nil:
		return nil, refusal("the ID token of %s cannot be verified: %v", s.Issuer, reason(err))
	}
	return &Tokens{ID: raw, Subject: claims.Subject, Expires: claims.GetExpiration(), Refresh: answer.RefreshToken}, nil
}

// Refresh gets a new ID token for who signed in before. A [Refusal] means that the person must sign in again.
func (p *Provider) Refresh(ctx context.Context, old *Tokens) (*Tokens, error) {
	s, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := s.config.TokenSource(s.context(ctx), &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		return nil, s.refused("renew the sign-in", err)
	}
	renewed, err := s.tokens(ctx, answer, "")
	if err != nil {
		return nil, err
	}
	if renewed.Subject != old.Subject {
		return nil, refusal("%s answered with the ID token of somebody else", s.Issuer)
	}
	renewed.Refresh = cmp.Or(renewed.Refresh, old.Refresh)
	return renewed, nil
}

// refused is the error of a token endpoint. What the provider says of it is quoted; the rest of its answer, which may
// repeat what was sent, is not.
func (s *session) refused(what string, err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if e.Response != nil && e.Response.StatusCode < http.StatusInternalServerError {
			return refusal("%s does not %s: %s", s.Issuer, what, words(e.ErrorCode, e.ErrorDescription, e.Response.Status))
		}
		return fmt.Errorf("%s does not %s: it answers with an error", s.Issuer, what)
	}
	return fmt.Errorf("%s does not %s: %w", s.Issuer, what, reason(err))
}

// words are a provider's words for a refusal.
func words(code, description, otherwise string) string {
	switch {
	case code == "":
		return otherwise
	case description == "":
		return quoted(code)
	}
	return quoted(code) + " (" + quoted(description) + ")"
}

// quoted is a stranger's text as an error shows it: short, and without characters that a terminal obeys.
func quoted(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), maxQuoted)]
}

// reason is an error without what it may quote: addresses with queries, and answers.
func reason(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return errors.New(quoted(strings.ReplaceAll(err.Error(), "\n", ": ")))
}

// boundedTransport cuts answers that are too long.
type boundedTransport struct{ http.RoundTripper }

func (t *boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}
