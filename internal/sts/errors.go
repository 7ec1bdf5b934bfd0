package sts

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/saml"
)

// The exceptions of the API, as their codes are on the wire.
const (
	expiredToken            = "ExpiredTokenException"
	idpCommunicationError   = "IDPCommunicationError"
	idpRejectedClaim        = "IDPRejectedClaim"
	invalidIdentityToken    = "InvalidIdentityToken"
	malformedPolicyDocument = "MalformedPolicyDocument"
	packedPolicyTooLarge    = "PackedPolicyTooLarge"
	regionDisabled          = "RegionDisabledException"

	// These the API model does not declare. The last two belong to the protocol:
	// any operation may answer with them.
	invalidParameterValue = "InvalidParameterValue"
	validationError       = "ValidationError"
	accessDenied          = "AccessDenied"
)

func exception(code string, cause awsapi.Cause, format string, args ...any) *awsapi.Error {
	e := &awsapi.Error{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
	if code == accessDenied {
		e.Status = 403
	}
	return e
}

// notAuthorized says no more than AWS does: which of the causes it was, a
// stranger must not learn.
func notAuthorized(action string, cause awsapi.Cause) *awsapi.Error {
	return exception(accessDenied, cause, "Not authorized to perform %s", action)
}

// callerRefused says no more than AWS does either: of a role that is missing the
// same as of one that does not trust.
func callerRefused(c awsapi.Caller, action, role string, cause awsapi.Cause) *awsapi.Error {
	return exception(accessDenied, cause, "User: %s is not authorized to perform: %s on resource: %s", c.ARN, action, role)
}

func rootRefused() *awsapi.Error {
	return exception(accessDenied, causeRootCaller, "Roles may not be assumed by root accounts.")
}

// noMFA is AWS's answer about a device that the caller does not have, which here
// is every one.
func noMFA() *awsapi.Error {
	return exception(accessDenied, causeMFAUnsupported, "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}

func providedContextsUnsupported() *awsapi.Error {
	return exception(validationError, causeProvidedContextsUnsupported, "ProvidedContexts is not supported by this version.")
}

func invalidARN(arn ArnType) *awsapi.Error {
	return exception(validationError, causeRoleArn, "%s is invalid", arn)
}

func sessionRefused() *awsapi.Error {
	return exception(accessDenied, causeSessionCaller, "Cannot call GetSessionToken with session credentials")
}

func badAccessKeyID() *awsapi.Error {
	return exception(validationError, causeAccessKeyID, "The access key ID is not valid.")
}

func badRoleARN() *awsapi.Error {
	return exception(validationError, causeRoleArn, "Request ARN is invalid")
}

func badProviderID() *awsapi.Error {
	return exception(validationError, causeProviderID, "ProviderId must be www.amazon.com or graph.facebook.com, and absent for OpenID tokens.")
}

func policyMissing(arn ArnType) *awsapi.Error {
	return exception(validationError, causePolicyMissing, "Policy %s does not exist.", arn)
}

func tooManyPolicyArns() *awsapi.Error {
	return exception(validationError, causePolicyMissing, "A session can have at most %d managed session policies.", maxManaged)
}

func malformedPolicy(err *policy.Error) *awsapi.Error {
	e := exception(malformedPolicyDocument, causePolicyMalformed, "%s", err.Message)
	e.Err = err.Err
	return e
}

func durationTooLong(asked, most int64) *awsapi.Error {
	return exception(validationError, causeDuration, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.").
		Because(causeDuration, fmt.Errorf("%d seconds; the role has %d", asked, most))
}

func chainTooLong() *awsapi.Error {
	return exception(validationError, causeChainDuration, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
}

func packedPolicy(percent int) *awsapi.Error {
	return exception(packedPolicyTooLarge, causePackedSize, "Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)
}

func packedTags(percent int) *awsapi.Error {
	return exception(packedPolicyTooLarge, causePackedSize, "Packed size of session tags consumes %d%% of allotted space.", percent)
}

func tokenTooLarge() *awsapi.Error {
	return exception(packedPolicyTooLarge, causeTokenTooLarge, "Serialized token too large for session")
}

// issuerUnknown tells the log of providers that the issuer misses by little.
func issuerUnknown(issuer string, near []*iam.OIDCProvider) *awsapi.Error {
	const most = 255 // of a provider's URL; a stranger's text goes no further
	if len(issuer) > most {
		issuer = strings.ToValidUTF8(issuer[:most], "")
	}
	refused := exception(invalidIdentityToken, causeIssuerUnknown, "No OpenIDConnect provider found in your account for %s", issuer)
	if len(near) == 0 {
		return refused.Because(causeIssuerUnknown, fmt.Errorf("iss is %q", issuer))
	}
	var differ []string
	for _, p := range near {
		differ = append(differ, fmt.Sprintf("%s, %s", p.Issuer(), difference(issuer, p.Issuer())))
	}
	return refused.Because(causeIssuerUnknown, fmt.Errorf("iss is %q; the account has a provider of %s", issuer, strings.Join(differ, ", and of ")))
}

// difference says how the URL of a provider differs from an iss that misses it by
// its scheme, by a slash at its end, or by both.
func difference(iss, url string) string {
	var says []string
	scheme, _, hasScheme := strings.Cut(iss, "://")
	switch wanted, _, _ := strings.Cut(url, "://"); {
	case !hasScheme:
		says = append(says, "with the scheme")
	case scheme != wanted:
		says = append(says, "with another scheme")
	}
	switch has := strings.HasSuffix(url, "/"); {
	case has == strings.HasSuffix(iss, "/"):
	case has:
		says = append(says, "with a slash at the end")
	default:
		says = append(says, "without the slash at the end")
	}
	return strings.Join(says, " and ")
}

// badTags refuses session tags with a sentence of AWS where there is one.
func badTags(format string, args ...any) *awsapi.Error {
	return exception(invalidParameterValue, causeTags, format, args...)
}

// badTag is badTags for one of them, which the log names.
func badTag(t SessionTag, format string, args ...any) *awsapi.Error {
	return badTags(format, args...).Because(causeTags, fmt.Errorf("the tag %.128q, with a value of %d characters", t.Key, utf8.RuneCountInString(t.Value)))
}

func transitiveTagUnknown(key string) *awsapi.Error {
	return badTags("The specified transitive tag key must be included in the requested tags.").
		Because(causeTags, fmt.Errorf("no tag has the transitive key %.128q", key))
}

func transitiveTagFixed(key string) *awsapi.Error {
	return badTags("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.").
		Because(causeTags, fmt.Errorf("the calling session has the transitive tag %.128q", key))
}

func tagsClaimMalformed() *awsapi.Error {
	return exception(invalidIdentityToken, causeTags, "The session tags in the token are malformed.")
}

func badSourceIdentity() *awsapi.Error {
	return exception(invalidIdentityToken, causeSourceIdentity, `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)
}

// What a SAML response can get wrong, in the words of "Troubleshooting SAML
// federation" in the IAM User Guide where it has any.

func samlProviderMissing() *awsapi.Error {
	return exception(invalidIdentityToken, causeSAMLProviderMissing, "Specified provider doesn't exist.")
}

func samlMetadataBroken(err error) *awsapi.Error {
	return exception(invalidIdentityToken, causeSAMLMetadata, "Could not parse metadata.").Because(causeSAMLMetadata, err)
}

func responseStale(now, issued time.Time) *awsapi.Error {
	return exception(expiredToken, causeSAMLStale, msgStale).
		Because(causeSAMLStale, fmt.Errorf("%s, issued %s", now.UTC().Format(time.RFC3339), issued.UTC().Format(time.RFC3339)))
}

// roleNotOffered tells the log what is offered instead.
func roleNotOffered(values int, offered []saml.RolePair) *awsapi.Error {
	const most = 10 // of the pairs; there may be hundreds
	detail := fmt.Errorf("of %d values of the attribute Role none is ROLE-ARN,PROVIDER-ARN", values)
	if len(offered) > 0 {
		detail = fmt.Errorf("the response offers %q", offered[:min(len(offered), most)])
	}
	return notAuthorized(actionSAML, causeRoleNotOffered).Because(causeRoleNotOffered, detail)
}

func sessionNameMissing(values int) *awsapi.Error {
	return exception(invalidIdentityToken, causeSAMLSessionName, "RoleSessionName is required in AuthnResponse").
		Because(causeSAMLSessionName, fmt.Errorf("%d values of the attribute RoleSessionName", values))
}

// badSessionName tells the log what is wrong with a name, not the name: it is
// that of a person.
func badSessionName(name string) *awsapi.Error {
	detail := fmt.Errorf("the attribute RoleSessionName has %d bytes", len(name))
	if i := strings.IndexFunc(name, notInName); i >= 0 {
		r, _ := utf8.DecodeRuneInString(name[i:])
		detail = fmt.Errorf("the attribute RoleSessionName has the character %q", r)
	}
	return exception(invalidIdentityToken, causeSAMLSessionName, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}").
		Because(causeSAMLSessionName, detail)
}

func badSessionDuration(values []string) *awsapi.Error {
	return exception(invalidIdentityToken, causeSAMLSessionDuration, "SessionDuration in AuthnResponse must be a number of seconds between 900 and 43200").
		Because(causeSAMLSessionDuration, fmt.Errorf("%d values of the attribute SessionDuration, the first %.32q", len(values), values[0]))
}

func samlTagMalformed(key string, values int) *awsapi.Error {
	return exception(invalidIdentityToken, causeTags, "A PrincipalTag attribute in AuthnResponse must have exactly one value").
		Because(causeTags, fmt.Errorf("%d values of the attribute PrincipalTag:%s", values, key))
}

// samlDurationTooLong is durationTooLong in the words that SAML has for it.
func samlDurationTooLong(err error) *awsapi.Error {
	e := exception(validationError, causeDuration, "Requested DurationSeconds exceeds MaxSessionDuration set for this role")
	if tooLong, ok := errors.AsType[*awsapi.Error](err); ok {
		e.Err = tooLong.Err
	}
	return e
}

const (
	msgStale        = "Token must be redeemed within 5 minutes of issuance"
	msgBadSignature = "Response signature invalid"
)

// responseRefused gives AWS's code and sentence to what is wrong with a SAML
// response.
func responseRefused(err error) error {
	e, ok := errors.AsType[*login.Error](err)
	if !ok {
		return err
	}
	answer := exception(invalidIdentityToken, "login-"+awsapi.Cause(e.Cause), "The SAML response is not valid.")
	answer.Err = err
	switch saml.CauseOf(err) {
	case saml.NotBase64:
		answer.Message = "Invalid base64 SAMLResponse"
	case saml.Unsigned, saml.SignatureMisplaced, saml.SignatureMalformed, saml.CanonicalizerRefused, saml.AlgorithmRefused,
		saml.ReferenceMismatch, saml.TransformRefused, saml.SignatureInvalid, saml.KeyTooShort, saml.DigestMismatch, saml.MetadataExpired:
		answer.Message = msgBadSignature
	case saml.IssuerMismatch:
		answer.Message = "Issuer not present in specified provider"
	case saml.RecipientMismatch, saml.DestinationMismatch, saml.AudienceMismatch:
		answer.Message = "Response does not contain the required audience."
	case saml.NameIDMissing:
		answer.Code, answer.Status, answer.Message = accessDenied, 403, "Not authorized to perform "+actionSAML
	case saml.StatusNotSuccess:
		answer.Code, answer.Status, answer.Message = idpRejectedClaim, 403, "The identity provider reported that authentication failed."
	case saml.NotYetValid:
		answer.Message = "The SAML response is not valid yet."
	case saml.Expired:
		answer.Code, answer.Message = expiredToken, expiredResponse(err, e.Now)
	}
	return answer
}

// expiredResponse says which of two ends came first.
func expiredResponse(err error, now int64) string {
	refused, ok := errors.AsType[*saml.Error](err)
	if ok && now-refused.Issued.Unix() <= int64(maxResponseAge/time.Second) {
		return tokenExpired(now, refused.End.Unix())
	}
	return msgStale
}

func tokenExpired(now, end int64) string {
	return fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now, end)
}

// Refusal says why a role was not assumed for an identity. It hides the error
// that AssumeRoleWithWebIdentity would have answered with, which is not what the
// caller of an identity pool may see.
type Refusal struct {
	// Cause is the stable code of the true cause.
	Cause awsapi.Cause

	answer *awsapi.Error
}

func (r *Refusal) Error() string { return "sts: role not assumed: " + r.answer.Error() }

// refusalOf hides an error that AssumeRoleWithWebIdentity would have answered with;
// others stay what they are.
func refusalOf(err error) error {
	if e, ok := awsapi.AsError(err); ok {
		return &Refusal{Cause: e.Cause, answer: e}
	}
	return err
}
