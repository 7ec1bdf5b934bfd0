package cognito

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
)

// maxLoginToken is the most characters that a login's token may have.
const maxLoginToken = 50000

// proof is a login that a token has proven.
type proof struct {
	login Login
	// name is the provider's name and qualified the subject with its source, as
	// the amr claim lists them.
	name, qualified string
	// source is what role mappings and principal tag maps call the provider.
	source string
	// claims are what the token says.
	claims login.Claims
	// roles are those that a SAML response offers by its provider.
	roles []string
}

// loginsOf gives what the proofs prove.
func loginsOf(proofs []proof) []Login {
	logins := make([]Login, len(proofs))
	for i, p := range proofs {
		logins[i] = p.login
	}
	return logins
}

// prove verifies every entry of a Logins map, in the order of their names; one
// that fails fails the call. Named says whether the call names an identity, and
// client who presents the logins, as clients are counted.
// The network may be asked, so no transaction may be open.
func (s *Service) prove(ctx context.Context, client string, p *Pool, logins LoginsMap, named bool) ([]proof, error) {
	proofs := make([]proof, 0, len(logins))
	for _, name := range logins.names() {
		proven, err := s.proveOne(ctx, p, string(name), login.Present(string(logins[name]), maxLoginToken).By(client), named)
		if err != nil {
			audit.From(ctx).Set("failed_login", p.loggedName(string(name)))
			return nil, err
		}
		audit.From(ctx).SetPerson(audit.Person{Provider: proven.name, Subject: proven.login.Subject})
		proofs = append(proofs, proven)
	}
	return proofs, nil
}

// names are the keys of a Logins map, sorted.
func (m LoginsMap) names() []IdentityProviderName {
	names := make([]IdentityProviderName, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// loggedName is the key of a login for the log, if it is the name of a provider: a
// client that confuses key and value sends a token, and some tokens have dots.
func (p *Pool) loggedName(name string) string {
	if p.Providers[name] != 0 || name == string(p.DeveloperProviderName) || loggableName.MatchString(name) {
		return name
	}
	return "not a provider's name"
}

// loggableName is what providers are called, with the scheme that some people put
// in front: a host in lower case, which is more than isProviderName asks for, or the
// ARN of a SAML provider; and the ID of a user pool, which others take for its name.
var loggableName = regexp.MustCompile(`\A((https?://)?[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+(:[0-9]{1,5})?(/|\z)|arn:aws:iam::[0-9]{12}:saml-provider/|[a-z]{2}(-[a-z]+)+-[0-9]{1,2}_[A-Za-z0-9]+\z)`)

// proveOne checks in AWS's order: our own tokens, the provider's name, whether
// the pool has it, then the token.
func (s *Service) proveOne(ctx context.Context, p *Pool, name string, presented login.Presented, named bool) (proof, error) {
	token, notJWT := presented.Token()
	ours := notJWT == nil && token.Issuer() == s.OpenID.Issuer
	switch {
	case ours && name == ownProvider:
		return proof{}, ownTokenRefused()
	case ours:
		return proof{}, invalidLoginToken(causeOwnToken, nil, msgIssuerMismatch)
	case name == ownProvider:
		return proof{}, notOwnToken(nil)
	case name == string(p.DeveloperProviderName):
		return proof{}, notPublicProvider()
	case !p.hasProviders():
		return proof{}, exception(notAuthorized, "Identity pool - %s does not have identity providers configured.", p.IdentityPoolId).Because(causeNoProviders, nil)
	}
	trusted, err := s.trusted(ctx, p, name)
	if err != nil {
		return proof{}, err
	}
	if len(trusted) == 0 {
		return proof{}, p.notConfigured(presented, name, named)
	}
	verified, err := verify(ctx, trusted, presented)
	if err != nil {
		return proof{}, loginError(err)
	}
	f := proof{
		login: Login{Provider: p.Providers[name], Subject: verified.Subject},
		name:  name, qualified: verified.Qualified,
		source: verified.Source, claims: verified.Claims,
	}
	for _, role := range verified.Roles {
		if !slices.Contains(f.roles, role) {
			f.roles = append(f.roles, role)
		}
	}
	return f, nil
}

// notConfigured refuses a login of a provider that the pool does not have. Of a
// public provider nothing more is asked; any other key may be a misspelled one, so
// a token that is not even the named provider's own is told so first. For a SAML
// provider there may be no token.
func (p *Pool) notConfigured(presented login.Presented, name string, named bool) error {
	token, notJWT := presented.Token()
	cause := causeProviderNotConfigured
	var mismatch error
	if notJWT == nil {
		if iss := token.Issuer(); !isIssuerOf(iss, name) {
			mismatch = fmt.Errorf("the token's iss is %.255q, the key in Logins %.255q%s", iss, p.loggedName(name), p.otherForm(name))
		}
	}
	switch {
	case slices.Contains(publicProviders, IdentityProviderName(name)):
		return unsupportedProvider(cause, mismatch)
	case isSAML(name):
	case strings.Contains(name, "://") && notJWT == nil:
		return invalidLoginToken(causeLoginsKeyURL, mismatch, msgIssuerMismatch)
	case strings.Contains(name, "://"):
		return invalidLoginToken(causeLoginsKeyURL, notJWT, msgNotAJWT)
	case notJWT != nil:
		return loginError(notJWT)
	case mismatch != nil:
		return invalidLoginToken(loginCause(login.IssuerMismatch), mismatch, msgIssuerMismatch)
	}
	if slices.Contains(p.providerNames(), name) {
		cause = causeProviderMissing
	}
	var detail error
	if other := p.otherForm(name); other != "" {
		detail = fmt.Errorf("the key in Logins is %.255q%s", name, other)
	}
	if named {
		return loginsDontMatch(cause).Because(cause, detail)
	}
	return unsupportedProvider(cause, detail)
}

// isIssuerOf says whether an iss could be that of the provider that a key in
// Logins names. A slash at its end is forgiven, as it is by providers without one.
func isIssuerOf(iss, name string) bool {
	for _, scheme := range []string{"https://", "http://", ""} {
		if rest, ok := strings.CutPrefix(iss, scheme); ok && (rest == name || rest == name+"/") {
			return true
		}
	}
	return false
}

// otherForm tells the log that the pool has a provider whose name differs from a
// key in Logins by the slash at its end; empty if it has none.
func (p *Pool) otherForm(name string) string {
	without, slash := strings.CutSuffix(name, "/")
	switch names := p.providerNames(); {
	case slash && slices.Contains(names, without):
		return ", the pool has " + without + " without the slash at the end"
	case !slash && slices.Contains(names, name+"/"):
		return ", the pool has " + name + "/ with a slash at the end"
	}
	return ""
}

// AWS's sentences about tokens that have several causes.
const (
	msgNotAJWT        = "Not a valid OpenId Connect identity token."
	msgIssuerMismatch = "Issuer doesn't match providerName"
)

// loginError gives AWS's sentence to what is wrong with a token.
func loginError(err error) error {
	var e *login.Error
	if !errors.As(err, &e) {
		return err
	}
	cause := loginCause(e.Cause)
	if e.Cause == login.ProviderBusy || e.Cause == login.ClientBusy {
		return exception(tooManyRequests, "Rate exceeded").Because(cause, err)
	}
	if e.Kind == login.Unavailable {
		return exception(externalService, "The identity provider could not be reached.").Because(cause, err)
	}
	switch e.Cause {
	case login.NotAJWT, login.TokenBearer, login.TokenWhiteSpace:
		if e.Opaque {
			break
		}
		return invalidLoginToken(cause, err, msgNotAJWT)
	case login.ClaimMissing, login.AccessToken:
		return invalidLoginToken(cause, err, "Missing a required claim: %s", e.Claim)
	case login.SAMLNotBase64, login.SAMLNotXML, login.SAMLXMLRefused, login.SAMLXMLMalformed, login.SAMLNotAResponse, login.SAMLTooLarge:
		return invalidLoginToken(cause, err, "Not a valid SAML response.")
	case login.SAMLEncrypted:
		return invalidLoginToken(cause, err, "Encrypted SAML assertions are not supported.")
	case login.IssuerMismatch, login.SAMLIssuerMismatch:
		return invalidLoginToken(cause, err, msgIssuerMismatch)
	case login.TokenExpired, login.SAMLExpired:
		return invalidLoginToken(cause, err, "Token expired: %d >= %d", e.Now, e.Expires)
	case login.AudienceMismatch, login.SAMLAudienceMismatch:
		return unsupportedProvider(cause, err)
	}
	return invalidLoginToken(cause, err, "Couldn't verify signed token.")
}

func ownTokenRefused() *awsapi.Error {
	return invalidLoginToken(causeOwnToken, nil, "Can't pass in a Cognito token.")
}

// loginCause is the cause of a token's refusal: that of package login, marked
// as such.
func loginCause(c login.Cause) awsapi.Cause { return awsapi.Cause("login-" + c) }
