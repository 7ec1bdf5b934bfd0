package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/jws"
	"github.com/daypass/daypass/internal/saml"
	"github.com/daypass/daypass/internal/seal"
)

// Skew is how far a clock that is not ours may be off.
const Skew = 5 * time.Minute

// maxSubjectBytes is the longest sub of OpenID Connect Core, section 2.
const maxSubjectBytes = 255

// Provider says what a token must match. Its fields come from configuration:
// the identity pool or role that names the provider, and the IAM provider it
// names.
type Provider struct {
	// Name is the key of Logins: the issuer without its scheme.
	Name string
	// ARN is that of the provider in IAM; empty when there is none.
	ARN string
	// Issuer is the iss claim expected, character by character, scheme included.
	Issuer string
	// ClientIDs are the audiences accepted. None listed, none accepted.
	ClientIDs []string
	// SingleAudience refuses tokens with several audiences that do not say by azp
	// which one they are for, as STS does. Identity pools accept them when any of
	// the audiences is a client id.
	SingleAudience bool
	// AnyClient accepts every client, as Rules.AnyAudience does.
	AnyClient bool
	// Vouched are those ClientIDs whose tokens the user pool itself must vouch for
	// with every login (ServerSideTokenCheck). Of user pools only.
	Vouched []string
	// Secret is the consumer secret that goes with the one client id of a Twitter
	// or Digits provider.
	Secret seal.Secret
	// Metadata are those of a SAML provider.
	Metadata *saml.Metadata
}

// Rules say how a token is checked against its provider.
type Rules struct {
	Provider Provider
	// Algorithms are those accepted, of RS256, RS384, RS512, ES256, ES384, ES512,
	// PS256, PS384, PS512 and EdDSA (Ed25519); any other is refused even when listed.
	Algorithms []jws.Algorithm
	// ExpirySkew is how long after exp a token is still accepted. The clocks of
	// iat and nbf are forgiven Skew in any case.
	ExpirySkew time.Duration
	// OtherIssuer is a second spelling of the issuer that tokens may have; empty
	// means that there is none.
	OtherIssuer string
	// EitherAudience accepts a token when its azp or one of its audiences is a
	// client id, instead of judging it by azp alone where there is one.
	EitherAudience bool
	// AnyAudience accepts every audience, for callers that judge it by other
	// means, as a role's trust policy does. The token must then have exactly one,
	// or say by azp which one counts.
	AnyAudience bool
	// OtherAudiences begins audiences whose tokens are for others, whatever else they
	// are good for; empty means that there are none.
	OtherAudiences string
}

// OwnRules are the rules for our own OpenID tokens: RS512 only, no skew, and
// every audience but those of others, since the pool that a token is for is judged
// elsewhere. They go with our own keys.
func OwnRules(issuer, others string) Rules {
	return Rules{
		Provider:       Provider{Name: "cognito-identity.amazonaws.com", Issuer: issuer},
		Algorithms:     []jws.Algorithm{jws.RS512},
		AnyAudience:    true,
		OtherAudiences: others,
	}
}

// Login is what a verified token proves.
type Login struct {
	Provider  string // name, the key of Logins
	ARN       string // of the provider in IAM; empty when there is none
	Issuer    string
	Subject   string
	Audience  string // the one that was accepted: azp where present, else aud
	ExpiresAt int64  // exp, seconds since the epoch, without skew; 0 for opaque tokens
	Claims    Claims // all of them, for rules and tags

	// Qualified is the subject with its source, as the amr claim of identity pools
	// has it. VerifyWith and OIDC leave it to the kind of login.
	Qualified string
	// Source is what role mappings and principal tag maps call the provider. Left
	// to the kind of login as well.
	Source string
	// Roles are those that a SAML response offers by its provider; none otherwise.
	Roles []string
}

// KeySet holds the public keys of one issuer.
type KeySet interface {
	// Keys returns the keys of a key id, or all of them when kid is empty. None is
	// no error. An *Error is passed on as it is.
	Keys(ctx context.Context, kid string) ([]jose.JSONWebKey, error)
}

// VerifyWith checks a token against rules at a time, with keys that are the
// issuer's. Keys are asked for only after everything that needs none has been
// found good. The error is an *Error.
func VerifyWith(ctx context.Context, keys KeySet, rules Rules, now time.Time, t *Token) (*Login, error) {
	f, err := t.facts()
	if err != nil {
		return nil, err
	}
	if f.issuer != rules.Provider.Issuer && f.issuer != rules.OtherIssuer {
		return nil, reject(IssuerMismatch, fmt.Errorf("iss is %.255q, and not %q", f.issuer, rules.Provider.Issuer))
	}
	if err := f.checkTimes(now.Unix(), rules.ExpirySkew); err != nil {
		return nil, err
	}
	if t.claims["events"].Kind() == '{' {
		// OpenID Connect Back-Channel Logout, section 2.4, and all other security
		// event tokens (RFC 8417, section 2.2).
		return nil, reject(LogoutToken, nil)
	}
	if err := t.header.check(rules.Algorithms); err != nil {
		return nil, err
	}
	audience, err := rules.audience(f)
	if err != nil {
		return nil, err
	}
	candidates, err := keys.Keys(ctx, t.header.KeyID)
	if err != nil {
		return nil, asError(err)
	}
	if err := t.checkSignatureOnce(keys, candidates); err != nil {
		return nil, err
	}
	return &Login{
		Provider:  rules.Provider.Name,
		ARN:       rules.Provider.ARN,
		Issuer:    f.issuer,
		Subject:   f.subject,
		Audience:  audience,
		ExpiresAt: f.expires,
		Claims:    t.claims,
	}, nil
}

// facts are the claims that decide, with their Go types.
type facts struct {
	audiences       []string
	authorizedParty string
	issuer, subject string
	expires, issued int64
	notBefore       int64
}

// facts reads the deciding claims: first that the required ones are there, in
// the order in which AWS misses them, then that each is what it should be.
func (t *Token) facts() (facts, error) {
	c := t.claims
	for _, name := range []string{"aud", "iss", "sub", "exp", "iat"} {
		if c.has(name) {
			continue
		}
		if use, _ := c.Text("token_use"); use == "access" {
			return facts{}, rejectClaim(AccessToken, name)
		}
		return facts{}, rejectClaim(ClaimMissing, name)
	}
	var f facts
	var ok bool
	if f.audiences, ok = c.Texts("aud"); !ok || len(f.audiences) == 0 || slices.Contains(f.audiences, "") {
		return facts{}, rejectClaim(ClaimInvalid, "aud")
	}
	if f.issuer = t.issuer; f.issuer == "" {
		return facts{}, rejectClaim(ClaimInvalid, "iss")
	}
	if f.subject, ok = c.Text("sub"); !ok || !usableSubject(f.subject) {
		return facts{}, rejectClaim(ClaimInvalid, "sub")
	}
	if f.expires, ok = c.seconds("exp"); !ok {
		return facts{}, rejectClaim(ClaimInvalid, "exp")
	}
	if f.issued, ok = c.seconds("iat"); !ok {
		return facts{}, rejectClaim(ClaimInvalid, "iat")
	}
	if f.notBefore, ok = c.seconds("nbf"); !ok && c.has("nbf") {
		return facts{}, rejectClaim(ClaimInvalid, "nbf")
	}
	if f.authorizedParty, ok = c.Text("azp"); c.has("azp") && (!ok || f.authorizedParty == "") {
		return facts{}, rejectClaim(ClaimInvalid, "azp")
	}
	return f, nil
}

// usableSubject refuses what OpenID Connect Core, section 2, does not call a
// subject, and control characters, which have no business in a name that ends
// up in ARNs, logs and databases.
func usableSubject(s string) bool {
	if s == "" || len(s) > maxSubjectBytes {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func (f facts) checkTimes(now int64, expirySkew time.Duration) error {
	if now >= f.expires+int64(expirySkew/time.Second) {
		e := reject(TokenExpired, nil)
		e.Now, e.Expires = now, f.expires
		return e
	}
	soon := now + int64(Skew/time.Second)
	if f.notBefore > soon {
		return rejectClaim(TokenNotYetValid, "nbf")
	}
	if f.issued > soon {
		return rejectClaim(TokenNotYetValid, "iat")
	}
	return nil
}

// audience returns the audience that makes the token acceptable. A token that
// names its authorized party (azp) is judged by that alone, as the Amazon
// Cognito Developer Guide has it for OpenID Connect providers.
func (r Rules) audience(f facts) (string, error) {
	if r.OtherAudiences != "" {
		for _, audience := range append([]string{f.authorizedParty}, f.audiences...) {
			if strings.HasPrefix(audience, r.OtherAudiences) {
				return "", reject(AudienceMismatch, fmt.Errorf("the token is for %.255q, and not for us", audience))
			}
		}
	}
	offered, anybody := f.audiences, r.AnyAudience || r.Provider.AnyClient
	party := [...]string{f.authorizedParty}
	switch {
	case f.authorizedParty == "":
	case r.EitherAudience && !anybody:
		offered = append(party[:], offered...)
	default:
		offered = party[:]
	}
	if len(offered) > 1 && (r.Provider.SingleAudience || anybody) {
		return "", reject(AudienceAmbiguous, nil)
	}
	for _, audience := range offered {
		if anybody || slices.Contains(r.Provider.ClientIDs, audience) {
			return audience, nil
		}
	}
	// A clone, so that party stays on the stack where there is no error.
	return "", reject(AudienceMismatch, fmt.Errorf("the token is for %.255q, and not for %.255q", slices.Clone(offered), r.Provider.ClientIDs))
}

// asError keeps the promise that errors are of type *Error.
func asError(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Unavailable, Cause: KeysUnavailable, Err: err}
}
