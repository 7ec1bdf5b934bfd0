package sts

import (
	"context"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
)

// Providers that need none of IAM: Google by its ID tokens, Login with Amazon and
// Facebook by access tokens, for which ProviderId says whose they are. Which app
// a token is for is a matter of the role's trust policy ("Available keys for AWS
// web identity federation" in the IAM User Guide).

// isGoogle says whether an issuer is Google, in either of its spellings.
func isGoogle(issuer string) bool {
	return issuer == "https://"+login.GoogleName || issuer == login.GoogleName
}

// trustsGoogleInIAM says whether a role names Google as a provider in IAM. Such
// roles see Google as any other provider.
func (s *Service) trustsGoogleInIAM(ctx context.Context, role, issuer string) (bool, error) {
	if issuer != "https://"+login.GoogleName {
		return false, nil
	}
	names, err := s.principalsOf(ctx, role)
	return slices.Contains(names, "arn:aws:iam::"+s.Account+":oidc-provider/"+login.GoogleName), err
}

// principalsOf are the principals that a role's trust policy names; none if there
// is no such role.
func (s *Service) principalsOf(ctx context.Context, roleARN string) ([]string, error) {
	account, name, _ := iam.ParseRoleARN(roleARN)
	if account != s.Account {
		return nil, nil
	}
	role, ok, err := s.IAM.Role(ctx, account, name)
	if err != nil || !ok {
		return nil, err
	}
	trust, err := role.Trust()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range trust.Principals() {
		names = append(names, p.Value)
	}
	return names, nil
}

// verifyPublic asks the verifier of a public provider about a token.
func (s *Service) verifyPublic(ctx context.Context, name string, presented login.Presented) (*login.Login, error) {
	v, ok := s.Public[name]
	if !ok {
		return nil, badProviderID()
	}
	return v.Verify(ctx, login.Provider{Name: name, AnyClient: true}, presented)
}

// verifyGoogle checks an ID token of Google. The audience is its azp, if it has
// one; aud itself is oaud.
func (s *Service) verifyGoogle(ctx context.Context, token string) (*federated, error) {
	l, err := s.verifyPublic(ctx, login.GoogleName, login.Present(token, maxWebIdentityToken))
	if err != nil {
		return nil, tokenRefused(err)
	}
	f, err := fromLogin(login.GoogleName, l)
	if err != nil {
		return nil, err
	}
	if aud, ok := l.Claims.Texts("aud"); ok {
		f.passing = append(f.passing, Key{"oaud", aud})
	}
	if email, _ := l.Claims.Text("email"); email != "" && isTrue(l.Claims, "email_verified") {
		f.passing = append(f.passing, Key{"email", []string{email}})
	}
	if hd, _ := l.Claims.Text("hd"); hd != "" {
		f.passing = append(f.passing, Key{"hd", []string{hd}})
	}
	return f, nil
}

func isTrue(claims login.Claims, name string) bool { return string(claims[name]) == "true" }

// verifyAccessToken checks an access token of the provider that ProviderId
// names, which a client presents.
func (s *Service) verifyAccessToken(ctx context.Context, client, provider, token string) (*federated, error) {
	if provider != login.AmazonName && provider != login.FacebookName {
		return nil, badProviderID()
	}
	l, err := s.verifyPublic(ctx, provider, login.Present(token, maxWebIdentityToken).By(client))
	if err != nil {
		return nil, accessTokenRefused(provider, err)
	}
	user := "id"
	apps := []string{l.Audience}
	if provider == login.AmazonName {
		user = "user_id"
		// An app has a client ID and an app ID, and people use either.
		if app, _ := l.Claims.Text("app_id"); app != "" && app != l.Audience {
			apps = append(apps, app)
		}
	}
	return &federated{
		action: actionWebIdentity, provider: provider, audience: l.Audience, subject: l.Subject,
		lasting: []Key{{user, []string{l.Subject}}}, passing: []Key{{"app_id", apps}},
	}, nil
}

// accessTokenRefused gives AWS's code and sentence to what is wrong with an
// access token.
func accessTokenRefused(provider string, err error) error {
	refused := tokenRefused(err)
	answer, ok := awsapi.AsError(refused)
	e, verdict := loginError(err)
	if !ok || !verdict {
		return refused
	}
	switch {
	case e.Kind == login.Unavailable:
		answer.Code, answer.Message = idpCommunicationError, msgSlow
	case provider == login.AmazonName:
		answer.Code, answer.Message = invalidIdentityToken, "Provided Token is not a Login With Amazon token"
	default:
		answer.Code, answer.Message = invalidIdentityToken, "Provided Token is not a Facebook token"
	}
	return answer
}
