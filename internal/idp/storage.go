package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/daypass/daypass/internal/mint"
)

// Lifetimes and bounds of what is held in memory.
const (
	loginLifetime    = 10 * time.Minute // a person may have to look the password up
	callbackLifetime = time.Minute      // one redirect
	codeLifetime     = time.Minute      // RFC 6749, section 4.1.2, asks for ten at most
	refreshLifetime  = 24 * time.Hour   // from its last use
	maxVisits        = 10_000
	maxAccessTokens  = 100_000
	maxRefreshTokens = 100_000
)

// storage is everything the provider remembers, in the form the library asks for it. A visit is in exactly one of
// waiting, signedIn and codes.
type storage struct {
	now      func() time.Time
	clients  map[string]*application
	accounts map[string]*account
	keys     *keyring

	waiting  *tickets[*visit] // by the name in the login page's address
	signedIn *tickets[*visit] // by the name in the callback's address
	codes    *tickets[*visit] // by authorization code
	tokens   *tickets[*grant] // by access token ID
	renewals *tickets[*visit] // by refresh token
}

// grant is what an access token stands for.
type grant struct {
	account *account
	scopes  []string
}

func newStorage(cfg Config) (*storage, error) {
	clients, err := newApplications(cfg.Clients, cfg.IDTokenLifetime)
	if err != nil {
		return nil, err
	}
	accounts, err := newAccounts(cfg.Users)
	if err != nil {
		return nil, err
	}
	key, err := newSigningKey(cfg.Key)
	if err != nil {
		return nil, err
	}
	return &storage{
		now: cfg.Now, clients: clients, accounts: accounts, keys: &keyring{keys: []signingKey{key}},
		waiting:  newTickets[*visit](cfg.Now, loginLifetime, maxVisits),
		signedIn: newTickets[*visit](cfg.Now, callbackLifetime, maxVisits),
		codes:    newTickets[*visit](cfg.Now, codeLifetime, maxVisits),
		tokens:   newTickets[*grant](cfg.Now, mint.DefaultLifetime, maxAccessTokens),
		renewals: newTickets[*visit](cfg.Now, refreshLifetime, maxRefreshTokens),
	}, nil
}

// shift is how far our clock is ahead of the real one, which is the only one the library knows.
func (s *storage) shift() time.Duration { return time.Until(s.now()) }

// begin keeps a validated request until somebody signs in.
func (s *storage) begin(request *oidc.AuthRequest) (*visit, error) {
	v := &visit{id: rand.Text(), request: request, shift: s.shift}
	_, err := s.waiting.put(v.id, v)
	return v, err
}

// complete turns a waiting visit into a signed-in one with a new name, or returns nil if the visit is gone by now.
func (s *storage) complete(id string, who *account) (*visit, error) {
	v, ok := s.waiting.take(id)
	if !ok {
		return nil, nil
	}
	done := &visit{id: rand.Text(), request: v.request, account: who, signed: s.now(), shift: s.shift}
	_, err := s.signedIn.put(done.id, done)
	return done, err
}

var (
	errNoClient = errors.New("unknown client")
	errNoCode   = errors.New("unknown, used or expired code")
	errNoToken  = errors.New("unknown or expired access token")
	errNoRenew  = errors.New("unknown, used or expired refresh token")
)

// GetClientByClientID returns the client bound to the present time.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, errNoClient
	}
	return c.at(s.shift()), nil
}

// AuthorizeClientIDSecret checks a confidential client's secret.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if c, ok := s.clients[id]; !ok || !c.hasSecret(secret) {
		return errNoClient
	}
	return nil
}

// SaveAuthCode exchanges the callback's name of a visit for a code; the name does not work again.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	v, ok := s.signedIn.take(id)
	if !ok {
		return errNoCode
	}
	_, err := s.codes.put(code, v)
	return err
}

// AuthRequestByCode redeems a code. It is used up even if the exchange fails afterwards (RFC 6749, section 4.1.2).
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	v, ok := s.codes.take(code)
	if !ok {
		return nil, errNoCode
	}
	return v, nil
}

// DeleteAuthRequest has nothing left to do: redeeming the code removed the visit.
func (s *storage) DeleteAuthRequest(context.Context, string) error { return nil }

// CreateAccessToken makes an access token ID for a redeemed visit. The ID has no colon, which the library uses to join
// it with the subject.
func (s *storage) CreateAccessToken(_ context.Context, request op.TokenRequest) (string, time.Time, error) {
	v := visitOf(request)
	if v == nil {
		return "", time.Time{}, errNotOffered
	}
	id := rand.Text()
	expires, err := s.tokens.put(id, &grant{account: v.account, scopes: request.GetScopes()})
	return id, expires, err
}

// CreateAccessAndRefreshTokens makes an access token ID and the refresh token that follows: on a visit's first, and on
// one that was just used up (RFC 9700, section 2.2.2: those of public clients rotate).
func (s *storage) CreateAccessAndRefreshTokens(ctx context.Context, request op.TokenRequest, _ string) (string, string, time.Time, error) {
	id, expires, err := s.CreateAccessToken(ctx, request)
	if err != nil {
		return "", "", time.Time{}, err
	}
	refresh := rand.Text()
	_, err = s.renewals.put(refresh, visitOf(request))
	return id, refresh, expires, err
}

// TokenRequestByRefreshToken redeems a refresh token. It is used up even if the exchange fails afterwards, as a code is.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	v, ok := s.renewals.take(token)
	if !ok {
		return nil, errNoRenew
	}
	return &renewal{visit: v, scopes: v.GetScopes()}, nil
}

// SetUserinfoFromScopes is deprecated in the library; SetUserinfoFromRequest does its work.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest fills the ID token.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	v := visitOf(request)
	if v == nil {
		return errNotOffered
	}
	v.account.describe(info, scopes)
	return nil
}

// SetUserinfoFromToken fills the userinfo answer. The token's ID alone says whose it is.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, _, _ string) error {
	g, ok := s.tokens.peek(tokenID)
	if !ok {
		return errNoToken
	}
	g.account.describe(info, g.scopes)
	return nil
}

// SigningKey returns the key for the next token.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.keys.signing(), nil }

// KeySet returns the published keys.
func (s *storage) KeySet(context.Context) ([]op.Key, error) { return s.keys.published(), nil }

// SignatureAlgorithms returns the one algorithm in use.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// Health is always good: there is nothing to lose touch with.
func (s *storage) Health(context.Context) error { return nil }

// sealedBearer seals access tokens and codes as the library does, but drops the subject from an opened access token
// ("id:subject"). The library splits at every colon and would refuse subjects that contain one; the ID is all we need.
type sealedBearer struct{ op.Crypto }

// Decrypt returns the token's ID and a colon.
func (c sealedBearer) Decrypt(sealed string) (string, error) {
	opened, err := c.Crypto.Decrypt(sealed)
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(opened, ":")
	return id + ":", nil
}
