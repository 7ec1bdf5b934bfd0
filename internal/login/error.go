package login

import (
	"errors"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/saml"
)

// Kind says whose fault a failed verification is.
type Kind int

const (
	// Rejected: the token does not prove a login.
	Rejected Kind = iota + 1
	// Unavailable: the issuer could not be asked. Trying again may help.
	Unavailable
	// Misconfigured: what the issuer publishes, or what is configured about it,
	// cannot be worked with until somebody changes it.
	Misconfigured
)

func (k Kind) String() string {
	switch k {
	case Rejected:
		return "rejected"
	case Unavailable:
		return "unavailable"
	case Misconfigured:
		return "misconfigured"
	}
	return "unknown"
}

// Cause is a stable code for the exact reason of a failure, for logs and for
// callers that word it.
type Cause string

// Causes of rejection, in the order of the checks.
const (
	TokenTooLarge     Cause = "token-too-large"     // The token is longer than the operation accepts.
	NotAJWT           Cause = "not-a-jwt"           // The token is not three base64url parts that hold JSON objects.
	TokenBearer       Cause = "token-bearer"        // The word Bearer precedes the token, as in an HTTP header.
	TokenWhiteSpace   Cause = "token-white-space"   // The token has white space around it or inside, such as the line end that echo writes.
	CognitoToken      Cause = "cognito-token"       // An OpenID token issued by daypass was sent as a login.
	ClaimMissing      Cause = "claim-missing"       // A required claim is absent or null; the detail says which.
	AccessToken       Cause = "access-token"        // The token is an access token of a user pool; send an ID token.
	ClaimInvalid      Cause = "claim-invalid"       // A claim has the wrong type or an impossible value; the detail says which.
	IssuerMismatch    Cause = "issuer-mismatch"     // The token's iss is not the provider's issuer.
	TokenExpired      Cause = "token-expired"       // The token has expired; the detail has our time and the token's.
	TokenNotYetValid  Cause = "token-not-yet-valid" // The token's nbf or iat lies in the future; the detail says which.
	LogoutToken       Cause = "logout-token"        // The token has an events claim: it reports a logout or another event, and is not a sign-in.
	TokenTypeRefused  Cause = "token-type-refused"  // The token's typ says that it is another kind of JWT.
	HeaderRefused     Cause = "header-refused"      // The token's header has a crit member, or a b64 that is false.
	HeaderMalformed   Cause = "header-malformed"    // The token's header has an x5c that holds no certificates, or a jwk that is no public key; the detail says which.
	AlgorithmRefused  Cause = "algorithm-refused"   // The token's alg is not among those accepted from this issuer.
	AudienceMismatch  Cause = "audience-mismatch"   // The token is for another app: its azp, or else its aud, is not one of the client IDs.
	AudienceAmbiguous Cause = "audience-ambiguous"  // The token has several audiences and no azp, where one is required.
	KeyUnknown        Cause = "key-unknown"         // The issuer has no key with the token's kid.
	KeySkipped        Cause = "key-skipped"         // The issuer publishes the key with the token's kid in a form that daypass cannot use; the detail says why.
	KeyAmbiguous      Cause = "key-ambiguous"       // The token has no kid, and several of the issuer's keys could match.
	KeyUnsuitable     Cause = "key-unsuitable"      // The key's type, curve, size or purpose does not fit the token's alg.
	SignatureInvalid  Cause = "signature-invalid"   // The token's signature does not match the key.
)

// Causes of rejection of tokens that the provider is asked about.
const (
	NotAToken       Cause = "not-a-token"       // The login is empty, has characters that no token has, or lacks a part of the form TOKEN;SECRET.
	ProviderRefused Cause = "provider-refused"  // The provider refuses the token: it did not issue it, revoked it, or it has expired.
	LimitedLoginOff Cause = "limited-login-off" // The token is from Facebook Limited Login, which needs --facebook-limited-login.
	UserGone        Cause = "user-gone"         // The user of the token does not exist in the user pool, or is disabled (ServerSideTokenCheck).
)

// Causes of the kinds Unavailable and Misconfigured.
const (
	KeysUnavailable         Cause = "keys-unavailable"          // The issuer did not answer, or answered with a status other than 200.
	AddressRefused          Cause = "address-refused"           // The outbound rules forbid the issuer's address (--outbound-allow).
	CertificateUntrusted    Cause = "certificate-untrusted"     // The issuer's TLS certificate is not trusted (--outbound-ca-file).
	IssuerUnusable          Cause = "issuer-unusable"           // The configured issuer is not a URL that discovery can use.
	IssuerPlain             Cause = "issuer-plain"              // The configured issuer is an http URL, which is for --dev only: on loopback, and at hosts that --outbound-allow names with http:// in front.
	IssuerIsOurs            Cause = "issuer-is-ours"            // The configured issuer is this service itself.
	DiscoveryInvalid        Cause = "discovery-invalid"         // The issuer's discovery document cannot be read.
	DiscoveryIssuerMismatch Cause = "discovery-issuer-mismatch" // The issuer's discovery document names another issuer.
	KeySetInvalid           Cause = "key-set-invalid"           // The issuer's key set cannot be read, or has too many keys.
	ProviderUnavailable     Cause = "provider-unavailable"      // The provider did not answer a question about a token or its user, or asks to try again later.
	ProviderBusy            Cause = "provider-busy"             // The maximum number of questions about tokens is in progress at the provider, which may be slow; try again.
	ClientBusy              Cause = "client-busy"               // The client has too many questions about tokens in progress, or too many tokens that providers refuse; behind a proxy, check --trusted-proxies.
	ProviderAnswerInvalid   Cause = "provider-answer-invalid"   // The provider's answer about a token or its user cannot be read.
	ConsumerUnusable        Cause = "consumer-unusable"         // The pool's value for Twitter or Digits is not CONSUMERKEY;CONSUMERSECRET.
	TokenCheckUnconfigured  Cause = "token-check-unconfigured"  // ServerSideTokenCheck is on, but no credentials are configured for it (DAYPASS_USER_POOL_ACCESS_KEY_ID).
	TokenCheckRefused       Cause = "token-check-refused"       // The user pool refuses the credentials for ServerSideTokenCheck.
)

// Error is the error of every function of this package that looks at a token.
type Error struct {
	Kind    Kind
	Cause   Cause
	Claim   string // the claim at fault, where one is
	Opaque  bool   // the token is not meant to be a JWT
	Now     int64  // TokenExpired, SAMLExpired: our time, seconds since the epoch
	Expires int64  // TokenExpired, SAMLExpired: the token's time, seconds since the epoch
	Err     error  // detail, for logs
}

// Error describes the failure. It never repeats the token or the value of a
// claim.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "login %s: %s", e.Kind, e.Cause)
	if e.Claim != "" {
		fmt.Fprintf(&b, " %s", e.Claim)
	}
	if e.Cause == TokenExpired {
		fmt.Fprintf(&b, " %d >= %d", e.Now, e.Expires)
	}
	detail := e.Err
	if s, ok := detail.(*saml.Error); ok {
		detail = s.Err // its cause is in ours
	}
	if detail != nil {
		fmt.Fprintf(&b, ": %v", detail)
	}
	return b.String()
}

// Unwrap returns the detail.
func (e *Error) Unwrap() error { return e.Err }

func reject(cause Cause, detail error) *Error {
	return &Error{Kind: Rejected, Cause: cause, Err: detail}
}

func rejectClaim(cause Cause, claim string) *Error {
	return &Error{Kind: Rejected, Cause: cause, Claim: claim}
}

func misconfigured(cause Cause, detail error) *Error {
	return &Error{Kind: Misconfigured, Cause: cause, Err: detail}
}

// causeOf returns the cause of an error of this package; "" for others and nil.
func causeOf(err error) Cause {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Cause
	}
	return ""
}
