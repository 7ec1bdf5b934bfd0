package login

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/sigv4"
)

// UserPool checks ID tokens of Cognito user pools.
type UserPool struct {
	Tokens *OIDC
	// Mapped gives user pools, by provider name, another issuer than the one that
	// follows from the name.
	Mapped map[string]UserPoolIssuer
	// Credentials sign AdminGetUser for the client IDs that ask for it
	// (ServerSideTokenCheck); none means that their tokens are refused.
	Credentials Credentials
}

// UserPoolIssuer is where a user pool is that is not AWS's.
type UserPoolIssuer struct {
	// Issuer is the iss of its tokens.
	Issuer string
	// KeySet is the address of its key set. AdminGetUser is asked at the same
	// scheme and host.
	KeySet string
}

// Credentials sign AdminGetUser.
type Credentials = sigv4.Credentials

// ParseUserPoolIssuer reads "ISSUER,KEY-SET-URL".
func ParseUserPoolIssuer(s string) (UserPoolIssuer, error) {
	issuer, keySet, ok := strings.Cut(s, ",")
	if !ok || !isURL(issuer) || !isURL(keySet) {
		return UserPoolIssuer{}, errors.New("want the issuer and the address of its key set, two URLs with a comma between")
	}
	return UserPoolIssuer{Issuer: issuer, KeySet: keySet}, nil
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsAny(s, "?#, ")
}

// of returns the issuer of a user pool (Amazon Cognito Developer Guide,
// "Verifying JSON web tokens").
func (u UserPool) of(name string) UserPoolIssuer {
	if mapped, ok := u.Mapped[name]; ok {
		return mapped
	}
	issuer := "https://" + name
	return UserPoolIssuer{Issuer: issuer, KeySet: issuer + "/.well-known/jwks.json"}
}

// Verify implements Verifier. The provider's name says which user pool it is.
func (u UserPool) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	t, err := v.Token()
	if err != nil {
		return nil, err
	}
	at := u.of(p.Name)
	p.Issuer = at.Issuer
	l, err := u.Tokens.verify(ctx, Rules{Provider: p, Algorithms: onlyRS256}, source{issuer: at.Issuer, keySet: at.KeySet}, t)
	if err != nil {
		return nil, err
	}
	if !l.Claims.has("token_use") {
		return nil, rejectClaim(ClaimMissing, "token_use")
	}
	if use, _ := l.Claims.Text("token_use"); use != "id" {
		return nil, rejectClaim(ClaimInvalid, "token_use")
	}
	l.Qualified, l.Source = p.Name+":CognitoSignIn:"+l.Subject, p.Name+":"+l.Audience
	if !slices.Contains(p.Vouched, l.Audience) {
		return l, nil
	}
	return u.Tokens.ask(p, v, func() (*Login, error) { return l, u.vouch(ctx, at, l) })
}

// vouch asks the user pool whether the user still exists and is enabled. The
// answer counts for this login only. Signing out does not show in it.
func (u UserPool) vouch(ctx context.Context, at UserPoolIssuer, l *Login) error {
	if u.Credentials.AccessKeyID == "" {
		return misconfigured(TokenCheckUnconfigured, nil)
	}
	username, ok := l.Claims.Text("cognito:username")
	if !ok || username == "" {
		username = l.Subject // which AdminGetUser takes as well
	}
	request, err := u.adminGetUser(at, l.Provider, username)
	if err != nil {
		return misconfigured(TokenCheckUnconfigured, err)
	}
	answer, err := u.Tokens.client().Send(ctx, request)
	if err != nil {
		return userPoolError(answer, err)
	}
	return readUser(answer.Body, l.Subject)
}

// adminGetUser makes a signed request (Amazon Cognito user pools API reference,
// AdminGetUser).
func (u UserPool) adminGetUser(at UserPoolIssuer, name, username string) (*fetch.Request, error) {
	to, err := url.Parse(at.KeySet)
	if err != nil {
		return nil, errors.New("the address of the key set is malformed")
	}
	host, pool, _ := strings.Cut(name, "/")
	region := strings.TrimPrefix(host, "cognito-idp.")
	region, _, _ = strings.Cut(region, ".")
	body, err := json.Marshal(map[string]string{"UserPoolId": pool, "Username": username}, json.Deterministic(true))
	if err != nil {
		return nil, errors.New("the user name is not UTF-8")
	}
	r := &fetch.Request{
		Method: "POST", URL: to.Scheme + "://" + to.Host + "/", Body: body,
		Header: map[string][]string{
			"Content-Type": {"application/x-amz-json-1.1"},
			"X-Amz-Target": {"AWSCognitoIdentityProviderService.AdminGetUser"},
		},
	}
	signed := &sigv4.Request{Method: r.Method, Path: "/", Host: to.Host, Header: r.Header, Body: body}
	return r, sigv4.Sign(signed, u.Credentials, region, "cognito-idp", u.Tokens.now())
}

// userPoolError turns a failed AdminGetUser into ours: a user pool that knows no
// such user refuses the login, one that will not answer us is a matter of
// configuration, and one that cannot answer may be asked again.
func userPoolError(answer *fetch.Response, err error) *Error {
	if answer == nil {
		return providerError(err)
	}
	code := ""
	var body struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(answer.Body, &body) == nil {
		code = body.Type[strings.LastIndexByte(body.Type, '#')+1:]
	}
	switch {
	case code == "UserNotFoundException":
		return reject(UserGone, errors.New("the user pool does not know the user"))
	case atFault(answer), code == "TooManyRequestsException", code == "InternalErrorException":
		return &Error{Kind: Unavailable, Cause: ProviderUnavailable, Err: fmt.Errorf("%.60q: %w", code, err)}
	}
	return misconfigured(TokenCheckRefused, fmt.Errorf("%.60q: %w", code, err))
}

// readUser reads an answer of AdminGetUser. A user name may have been given to
// somebody else since; the sub never is.
func readUser(body []byte, subject string) error {
	var user struct {
		Enabled        *bool
		UserAttributes []struct{ Name, Value string }
	}
	if err := json.Unmarshal(body, &user); err != nil {
		return answerInvalid("malformed JSON")
	}
	if user.Enabled == nil {
		return answerInvalid("Enabled is missing")
	}
	if !*user.Enabled {
		return reject(UserGone, errors.New("the user is disabled"))
	}
	for _, a := range user.UserAttributes {
		if a.Name == "sub" && a.Value == subject {
			return nil
		}
	}
	return reject(UserGone, errors.New("the user name is somebody else's now"))
}
