package login

import (
	"errors"
	"fmt"
	"strings"
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
	TokenTooLarge     Cause = "token-too-large"     // longer than the caller accepts
	NotAJWT           Cause = "not-a-jwt"           // not three strict base64url parts holding JSON objects
	CognitoToken      Cause = "cognito-token"       // one of our own OpenID tokens where a login is expected
	ClaimMissing      Cause = "claim-missing"       // Error.Claim is absent or null
	ClaimInvalid      Cause = "claim-invalid"       // Error.Claim has the wrong type or an impossible value
	IssuerMismatch    Cause = "issuer-mismatch"     // iss is not the provider's issuer
	TokenExpired      Cause = "token-expired"       // Error.Now and Error.Expires say by how much
	TokenNotYetValid  Cause = "token-not-yet-valid" // Error.Claim, nbf or iat, lies in the future
	TokenTypeRefused  Cause = "token-type-refused"  // typ says that it is another kind of JWT
	HeaderRefused     Cause = "header-refused"      // the header has a crit member
	AlgorithmRefused  Cause = "algorithm-refused"   // alg is not among those accepted from this issuer
	KeyUnknown        Cause = "key-unknown"         // the issuer has no key of this kid
	KeyAmbiguous      Cause = "key-ambiguous"       // no kid, and several keys could be meant
	KeyUnsuitable     Cause = "key-unsuitable"      // the key's type, curve, size or purpose does not fit alg
	SignatureInvalid  Cause = "signature-invalid"   // the signature is not the key's
	AudienceMismatch  Cause = "audience-mismatch"   // meant for somebody else
	AudienceAmbiguous Cause = "audience-ambiguous"  // several audiences and no azp, where one is required
)

// Causes of the kinds Unavailable and Misconfigured.
const (
	KeysUnavailable         Cause = "keys-unavailable"          // the issuer did not answer, or not with status 200
	AddressRefused          Cause = "address-refused"           // the outbound rules forbid the issuer's address
	CertificateUntrusted    Cause = "certificate-untrusted"     // the issuer's TLS certificate is not trusted
	IssuerUnusable          Cause = "issuer-unusable"           // the configured issuer is no URL to discover from
	IssuerIsOurs            Cause = "issuer-is-ours"            // the configured issuer is this service itself
	DiscoveryInvalid        Cause = "discovery-invalid"         // the discovery document cannot be read
	DiscoveryIssuerMismatch Cause = "discovery-issuer-mismatch" // the discovery document names another issuer
	KeySetInvalid           Cause = "key-set-invalid"           // the key set cannot be read, or has too many keys
)

// Error is the error of every function of this package that looks at a token.
type Error struct {
	Kind    Kind
	Cause   Cause
	Claim   string // the claim at fault, where one is
	Now     int64  // TokenExpired: our time, seconds since the epoch
	Expires int64  // TokenExpired: the token's time, seconds since the epoch
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
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
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
