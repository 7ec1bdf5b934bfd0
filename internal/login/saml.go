package login

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/saml"
)

// NameIDClaim is the attribute that says in a claim what a NameID says. A
// response that lacks it gets the NameID for it.
const NameIDClaim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"

// AWSAudience is the audience of responses that are meant for AWS.
const AWSAudience = "urn:amazon:webservices"

// awsSignIn are the addresses that responses for AWS are handed to ("Configure
// SAML assertions for the authentication response" in the IAM User Guide).
var awsSignIn = regexp.MustCompile(`\Ahttps://([a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\.)?signin\.aws\.amazon\.com/saml\z`)

// Causes of rejection of SAML responses that have a sentence of their own.
const (
	SAMLExpired          = Cause("saml-" + string(saml.Expired))
	SAMLIssuerMismatch   = Cause("saml-" + string(saml.IssuerMismatch))
	SAMLAudienceMismatch = Cause("saml-" + string(saml.AudienceMismatch))
	SAMLEncrypted        = Cause("saml-" + string(saml.Encrypted))
	SAMLTooLarge         = Cause("saml-" + string(saml.ResponseTooLarge))
	SAMLNotBase64        = Cause("saml-" + string(saml.NotBase64))
	SAMLNotXML           = Cause("saml-" + string(saml.NotXML))
	SAMLXMLRefused       = Cause("saml-" + string(saml.XMLRefused))
	SAMLXMLMalformed     = Cause("saml-" + string(saml.XMLMalformed))
	SAMLNotAResponse     = Cause("saml-" + string(saml.NotAResponse))
)

// SAML checks SAML responses of SAML providers in IAM. Nothing about a response
// is remembered: the same one is good until it expires, since clients present it
// once for an identity and again for its credentials.
type SAML struct {
	// Audiences and Recipients are accepted besides AWS's. AWS's are the same for
	// everybody, so they do not tell us from AWS or from others like us.
	Audiences, Recipients []string
	// AllowRSA1024 accepts signatures of RSA keys of 1,024 to 2,047 bits.
	AllowRSA1024 bool
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// Verify implements Verifier. The provider has the metadata.
func (s SAML) Verify(_ context.Context, p Provider, v Presented) (*Login, error) {
	a, err := s.Assertion(v.text, p.Metadata)
	if err != nil {
		return nil, err
	}
	claims, err := samlClaims(a)
	if err != nil {
		return nil, err
	}
	return &Login{
		Provider: p.Name, ARN: p.ARN, Issuer: a.Issuer, Subject: a.NameID, Audience: a.Audience,
		ExpiresAt: a.NotOnOrAfter.Unix(), Claims: claims, Roles: rolesBy(p.ARN, a),
		Qualified: p.ARN + ":SAML:" + a.NameID, Source: p.ARN,
	}, nil
}

// Assertion verifies a response (base64) against the metadata of its provider
// and the rules of all SAML logins, and gives what it says. The error is an
// *Error.
func (s SAML) Assertion(response string, m *saml.Metadata) (*saml.Assertion, error) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	rules := saml.Rules{
		Audiences: append([]string{AWSAudience}, s.Audiences...), Recipient: s.recipient, AllowRSA1024: s.AllowRSA1024,
		Now: now(), Skew: Skew,
	}
	a, err := saml.Verify(response, m, rules)
	if err != nil {
		return nil, samlError(err, rules.Now)
	}
	if !usableSubject(a.NameID) {
		return nil, rejectClaim(ClaimInvalid, "NameID")
	}
	return a, nil
}

func (s SAML) recipient(address string) bool {
	return slices.Contains(s.Recipients, address) || awsSignIn.MatchString(address)
}

// samlError turns an error of package saml into ours.
func samlError(err error, now time.Time) error {
	refused, ok := errors.AsType[*saml.Error](err)
	if !ok {
		return asError(err)
	}
	e := reject(Cause("saml-"+string(refused.Cause)), err)
	switch refused.Cause {
	case saml.MetadataExpired:
		e.Kind = Misconfigured
	case saml.Expired:
		e.Now, e.Expires = now.Unix(), refused.End.Unix()
	}
	return e
}

// samlClaims are the attributes, each a list of texts.
func samlClaims(a *saml.Assertion) (Claims, error) {
	claims := make(Claims, len(a.Attributes)+1)
	for name, values := range a.Attributes {
		list, err := texts(values...)
		if err != nil {
			return nil, reject(ClaimInvalid, errors.New("an attribute is not UTF-8"))
		}
		claims[name] = list
	}
	if _, ok := claims[NameIDClaim]; !ok {
		list, err := texts(a.NameID)
		if err != nil {
			return nil, rejectClaim(ClaimInvalid, "NameID")
		}
		claims[NameIDClaim] = list
	}
	return claims, nil
}

// texts is a JSON array of strings.
func texts(values ...string) (list jsontext.Value, err error) {
	size := len("[]")
	for _, v := range values {
		size += len(v) + len(`"",`)
	}
	list = append(make(jsontext.Value, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			list = append(list, ',')
		}
		if list, err = jsontext.AppendQuote(list, v); err != nil {
			return nil, err
		}
	}
	return append(list, ']'), nil
}

// rolesBy are the roles that an assertion offers by a provider.
func rolesBy(provider string, a *saml.Assertion) []string {
	var roles []string
	for _, pair := range a.Roles() {
		if pair.Provider == provider {
			roles = append(roles, pair.Role)
		}
	}
	return roles
}
