package sts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/revocation"
)

// CognitoProvider is the principal of our own tokens and the prefix of their
// condition keys, whatever their issuer is.
const CognitoProvider = "cognito-identity.amazonaws.com"

// maxWebIdentityToken is the most characters of a token.
const maxWebIdentityToken = 20000

// tokenKeys are the condition keys that the sessions of all OpenID tokens have.
func tokenKeys(audience, subject string, amr []string) []Key {
	values := []string{audience, subject}
	keys := append(make([]Key, 0, 3), Key{"aud", values[:1:1]}, Key{"sub", values[1:]})
	if len(amr) > 0 {
		keys = append(keys, Key{"amr", amr})
	}
	return keys
}

// fromClaims is the web identity of a token of ours that need not be signed,
// since it never leaves the house.
func fromClaims(c *openid.Claims) (*federated, error) {
	f := &federated{
		action: actionWebIdentity, provider: CognitoProvider, audience: c.Audience, subject: c.Subject, authTime: time.Unix(c.IssuedAt, 0).UTC(), authChange: c.Change,
		lasting: tokenKeys(c.Audience, c.Subject, c.AMR), region: regionOf(c.Audience),
	}
	for key, value := range c.Tags {
		f.tags = append(f.tags, SessionTag{Key: key, Value: value})
	}
	slices.SortFunc(f.tags, byKey)
	return f, checkTags(f.tags)
}

// regionOf is the region of an identity pool, REGION:GUID.
func regionOf(pool string) string {
	region, _, _ := strings.Cut(pool, ":")
	return region
}

func fromLogin(provider string, l *login.Login) (*federated, error) {
	f := &federated{action: actionWebIdentity, provider: provider, audience: l.Audience, subject: l.Subject}
	amr, _ := l.Claims.Texts("amr")
	f.lasting = tokenKeys(l.Audience, l.Subject, amr)
	if party, _ := l.Claims.Text("azp"); party != "" {
		f.passing = []Key{{"azp", []string{party}}}
	}
	f.passing = append(f.passing, claimKeys(provider, l.Claims)...)
	var err error
	if f.sourceIdentity, err = sourceIdentityOf(l.Claims); err != nil {
		return nil, err
	}
	if f.tags, err = tagsOf(l.Claims); err != nil {
		return nil, err
	}
	return f, checkTags(f.tags)
}

// verify finds out whose token it is: one of ours, which our own keys verify
// and nobody else's, one of Google's, or one of a provider in the account of the
// role.
func (s *Service) verify(ctx context.Context, role, token string) (*federated, error) {
	t, err := login.Parse(token, maxWebIdentityToken)
	if err != nil {
		return nil, tokenRefused(err)
	}
	switch iss := t.Issuer(); {
	case iss == "":
		return nil, tokenRefused(&login.Error{Kind: login.Rejected, Cause: login.ClaimMissing, Claim: "iss"})
	case iss == s.issuer():
		return s.verifyOwn(ctx, t)
	case isGoogle(iss):
		inIAM, err := s.trustsGoogleInIAM(ctx, role, iss)
		if err != nil {
			return nil, err
		}
		if !inIAM {
			return s.verifyGoogle(ctx, token)
		}
	}
	return s.verifyOIDC(ctx, role, t.Issuer(), t)
}

// issuer is the iss of our own tokens.
func (s *Service) issuer() string { return cmp.Or(s.OpenID.Issuer, s.OpenID.PublicURL) }

// verifyOwn checks one of our tokens. Which pool it is for is a matter of the
// role's trust policy.
func (s *Service) verifyOwn(ctx context.Context, t *login.Token) (*federated, error) {
	l, err := login.VerifyWith(ctx, s.OpenID, login.OwnRules(s.issuer(), openid.TargetAudience), s.now(), t)
	if e, ok := errors.AsType[*login.Error](err); ok && e.Kind != login.Rejected {
		return nil, fmt.Errorf("the keys of our own tokens: %w", e.Err) // our failure, not the token's
	}
	if err != nil {
		return nil, tokenRefused(err)
	}
	f, err := fromLogin(CognitoProvider, l)
	if err != nil {
		return nil, err
	}
	claims := &openid.Claims{}
	if err := json.Unmarshal(t.Payload(), claims); err != nil {
		return nil, fmt.Errorf("a token of ours: %w", err) // we have signed it
	}
	f.authTime, f.authChange, f.region = time.Unix(claims.IssuedAt, 0).UTC(), claims.Change, regionOf(f.audience)
	alive, err := s.alive(ctx, f.subject)
	if err != nil {
		return nil, err
	}
	void, is, err := s.TokenVoid(ctx, claims)
	switch {
	case err != nil:
		return nil, err
	case is:
		return nil, s.tokenVoid(void)
	case !alive:
		return nil, s.tokenVoid(revocation.Void{Before: s.now()})
	}
	return f, nil
}

// tokenVoid tells the bearer of a void token that it has ended: to get another one
// is what clients then do, and all that can help.
func (s *Service) tokenVoid(v revocation.Void) *awsapi.Error {
	now := s.now().Unix()
	if v.Lost {
		return exception(expiredToken, causeTokenLost, "%s", tokenExpired(now, now))
	}
	return exception(expiredToken, causeTokenRevoked, "%s", tokenExpired(now, min(now, v.Before.Unix())))
}

// checkBearer refuses a session that stands for a token which is void.
func (s *Service) checkBearer(ctx context.Context, session *Session) error {
	void, is, err := s.voids(ctx, session)
	if err == nil && is {
		err = s.tokenVoid(void)
	}
	return err
}

// verifyOIDC checks a token of an OpenID Connect provider in IAM.
func (s *Service) verifyOIDC(ctx context.Context, role, issuer string, t *login.Token) (*federated, error) {
	if account, _, _ := iam.ParseRoleARN(role); account != s.Account {
		return nil, notAuthorized(actionWebIdentity, causeRoleForeign)
	}
	p, err := s.providerOf(ctx, role, issuer)
	if err != nil {
		return nil, err
	}
	arn := string(p.ARN)
	l, err := s.OIDC.Verify(ctx, login.Provider{
		Name: p.Name(), ARN: arn, Issuer: issuer, ClientIDs: p.Audiences(), SingleAudience: true,
	}, t)
	if err != nil {
		return nil, tokenRefused(err)
	}
	return fromLogin(arn, l)
}

// providerOf finds the account's provider of an issuer, to the character. One that
// keeps its name without the slash at the end counts where there is no other, or
// where the role names it and not the other: to make a provider takes nothing from
// the roles that trust an older one.
func (s *Service) providerOf(ctx context.Context, role, issuer string) (*iam.OIDCProvider, error) {
	of, near, err := s.IAM.OIDCProvidersOf(ctx, s.Account, issuer)
	if err != nil {
		return nil, err
	}
	if len(of) == 0 {
		return nil, issuerUnknown(issuer, near)
	}
	if len(of) == 1 {
		return of[0], nil
	}
	names, err := s.principalsOf(ctx, role)
	if err != nil {
		return nil, err
	}
	for _, p := range of {
		if slices.Contains(names, string(p.ARN)) {
			return p, nil
		}
	}
	return of[0], nil
}

const (
	// msgNoKey has two spaces, as AWS's.
	msgNoKey = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
	msgSlow  = "The identity provider did not answer in time."
	msgNoJWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)

func loginError(err error) (*login.Error, bool) { return errors.AsType[*login.Error](err) }

// tokenRefused gives AWS's code and sentence to what is wrong with a token.
func tokenRefused(err error) error {
	e, ok := loginError(err)
	if !ok {
		return err
	}
	answer := exception(invalidIdentityToken, "login-"+awsapi.Cause(e.Cause), msgNoKey)
	answer.Err = err
	switch e.Cause {
	case login.NotAJWT, login.TokenBearer, login.TokenWhiteSpace, login.TokenTooLarge, login.TokenTypeRefused, login.LogoutToken, login.HeaderRefused, login.HeaderMalformed:
		answer.Message = msgNoJWT
	case login.ClaimMissing, login.AccessToken:
		answer.Message = "Missing a required claim: " + e.Claim
	case login.ClaimInvalid:
		answer.Message = "Invalid claim: " + e.Claim
	case login.TokenNotYetValid:
		answer.Message = "Token is not yet valid: " + e.Claim
	case login.TokenExpired:
		answer.Code = expiredToken
		answer.Message = tokenExpired(e.Now, e.Expires)
	case login.AudienceMismatch, login.AudienceAmbiguous:
		answer.Message = "Incorrect token audience"
	case login.CertificateUntrusted:
		answer.Message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
	case login.KeysUnavailable:
		if timedOut(err) {
			answer.Code, answer.Message = idpCommunicationError, msgSlow
		}
	}
	return answer
}

// timedOut says that a provider was too slow, which trying again may help.
func timedOut(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
