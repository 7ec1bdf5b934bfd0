package iam

import (
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// The exceptions of the API, as their codes are on the wire.
const (
	concurrentModification        = "ConcurrentModification"
	deleteConflict                = "DeleteConflict"
	entityAlreadyExists           = "EntityAlreadyExists"
	entityTemporarilyUnmodifiable = "EntityTemporarilyUnmodifiable"
	invalidInput                  = "InvalidInput"
	limitExceeded                 = "LimitExceeded"
	malformedPolicyDocument       = "MalformedPolicyDocument"
	noSuchEntity                  = "NoSuchEntity"
	openIdIdpCommunicationError   = "OpenIdIdpCommunicationError"
	policyEvaluation              = "PolicyEvaluation"
	policyNotAttachable           = "PolicyNotAttachable"
	serviceFailure                = "ServiceFailure"
	notSupportedService           = "NotSupportedService"
	unmodifiableEntity            = "UnmodifiableEntity"

	// These belong to the protocol: any operation may answer with them.
	accessDenied    = "AccessDenied"
	validationError = "ValidationError"
)

// statuses are the HTTP statuses of the exceptions that are not answered with
// 400.
var statuses = map[string]int{
	accessDenied: 403, deleteConflict: 409, entityAlreadyExists: 409, entityTemporarilyUnmodifiable: 409, limitExceeded: 409, noSuchEntity: 404, notSupportedService: 404,
}

func exception(code string, cause awsapi.Cause, format string, args ...any) *awsapi.Error {
	return &awsapi.Error{Code: code, Message: fmt.Sprintf(format, args...), Status: statuses[code], Cause: cause}
}

func roleNotFound(name RoleNameType) *awsapi.Error {
	return exception(noSuchEntity, causeRoleMissing, "The role with name %s cannot be found.", name)
}

func roleExists(name RoleNameType) *awsapi.Error {
	return exception(entityAlreadyExists, causeRoleExists, "Role with name %s already exists.", name)
}

func roleHasPolicies() *awsapi.Error {
	return exception(deleteConflict, causeRoleHasPolicies, "Cannot delete entity, must delete policies first.")
}

func rolePolicyNotFound(name PolicyNameType) *awsapi.Error {
	return exception(noSuchEntity, causeRolePolicyMissing, "The role policy with name %s cannot be found.", name)
}

func roleHasAttached() *awsapi.Error {
	return exception(deleteConflict, causeRoleHasPolicies, "Cannot delete entity, must detach all policies first.")
}

func policyNotFound(arn ArnType) *awsapi.Error {
	return exception(noSuchEntity, causePolicyMissing, "Policy %s was not found.", arn)
}

func policyVersionNotFound(arn ArnType, version PolicyVersionIdType) *awsapi.Error {
	return exception(noSuchEntity, causePolicyVersionMissing, "Policy %s version %s does not exist or is not attachable.", arn, version)
}

// cannotAttach is for a policy that is not there: what is there can be attached.
func cannotAttach(arn ArnType) *awsapi.Error {
	return exception(noSuchEntity, causePolicyMissing, "Policy %s does not exist or is not attachable.", arn)
}

func policyExists(name PolicyNameType) *awsapi.Error {
	return exception(entityAlreadyExists, causePolicyExists, "A policy called %s already exists. Duplicate names are not allowed.", name)
}

func policyAttached() *awsapi.Error {
	return exception(deleteConflict, causePolicyAttached, "Cannot delete a policy attached to entities.")
}

func policyHasVersions() *awsapi.Error {
	return exception(deleteConflict, causePolicyHasVersions,
		"This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
}

func defaultVersion() *awsapi.Error {
	return exception(deleteConflict, causePolicyVersionDefault, "Cannot delete the default version of a policy.")
}

func tooManyVersions(limit int) *awsapi.Error {
	return exception(limitExceeded, causeLimitPolicyVersions,
		"A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", limit)
}

// notPermitted refuses what only the operation itself can ask about.
func notPermitted(d *Decision, c awsapi.Caller, action, resource string) *awsapi.Error {
	return exception(accessDenied, d.Cause(), "%s", d.Refusal(c, action, resource)).Because(d.Cause(), d.Why())
}

// awsManaged refuses to change a policy that is AWS's, as if nobody had the
// permission.
func awsManaged(c awsapi.Caller, action string, arn ArnType) *awsapi.Error {
	return exception(accessDenied, causePolicyAWSManaged, "User: %s is not authorized to perform: %s on resource: policy %s", c.ARN, action, arn)
}

func boundaryNotFound(arn ArnType) *awsapi.Error {
	return exception(noSuchEntity, causePolicyMissing, "Scope ARN: %s does not exist or is not attachable.", arn)
}

func userNotFound(name ExistingUserNameType) *awsapi.Error {
	return exception(noSuchEntity, causeUserMissing, "The user with name %s cannot be found.", name)
}

func loginProfileNotFound(name UserNameType) *awsapi.Error {
	return exception(noSuchEntity, causeLoginProfileMissing, "Login Profile for User %s cannot be found.", name)
}

func serviceNotSupported(name ServiceName) *awsapi.Error {
	return exception(notSupportedService, causeServiceNotSupported, "Service %s does not have service-specific credentials.", name)
}

func userExists(name UserNameType) *awsapi.Error {
	return exception(entityAlreadyExists, causeUserExists, "User with name %s already exists.", name)
}

// userHas says what must be done before a user can be deleted.
func userHas(first string) *awsapi.Error {
	return exception(deleteConflict, causeUserHasMore, "Cannot delete entity, must %s first.", first)
}

func userPolicyNotFound(name PolicyNameType) *awsapi.Error {
	return exception(noSuchEntity, causeUserPolicyMissing, "The user policy with name %s cannot be found.", name)
}

func userPoliciesTooLarge(user UserNameType, limit int) *awsapi.Error {
	return exception(limitExceeded, causeLimitUserPolicies, "Maximum policy size of %d bytes exceeded for user %s", limit, user)
}

func callerIsNoUser() *awsapi.Error {
	return exception(validationError, causeCallerIsNoUser, "Must specify userName when calling with non-User credentials")
}

func accessKeyNotFound(id AccessKeyIdType) *awsapi.Error {
	return exception(noSuchEntity, causeAccessKeyMissing, "The Access Key with id %s cannot be found", id)
}

func statusNotSettable(status StatusType) *awsapi.Error {
	return exception(invalidInput, causeAccessKeyStatus, "The status of an access key cannot be set to %s.", status)
}

func malformedPolicy(err *policy.Error) *awsapi.Error {
	e := exception(malformedPolicyDocument, causePolicyMalformed, "%s", err.Message)
	e.Err = err.Err
	return e
}

// unreadablePolicy is malformedPolicy as simulations answer it. Which of the
// policies it is, only the log says.
func unreadablePolicy(name string, err error) *awsapi.Error {
	message := "Syntax errors in policy."
	if malformed, ok := errors.AsType[*policy.Error](err); ok {
		message, err = malformed.Message, malformed.Err
	}
	e := exception(invalidInput, causePolicyMalformed, "%s", message)
	e.Err = fmt.Errorf("%s: %w", name, err)
	return e
}

func badSimulation(format string, args ...any) *awsapi.Error {
	return exception(invalidInput, causeSimulation, format, args...)
}

func badEntityARN(source ArnType) *awsapi.Error {
	return exception(invalidInput, causeSimulation, "Invalid Entity Arn: %s does not clearly define entity type and name.", source)
}

func groupNotFound(name GroupNameType) *awsapi.Error {
	return exception(noSuchEntity, causeGroupMissing, "The group with name %s cannot be found.", name)
}

func simulationUnsupported(member string) *awsapi.Error {
	return exception(invalidInput, causeSimulationUnsupported, "Simulating with %s is not supported by this version.", member)
}

// errNobody is for the log, which has no other trace of the document.
var errNobody = errors.New("no user or role has this name")

func invalidPrincipal(p policy.NamedPrincipal) *awsapi.Error {
	invalid := p.Invalid(errNobody)
	e := exception(malformedPolicyDocument, causePrincipalMissing, "%s", invalid.Message)
	e.Err = invalid.Err
	return e
}

// quotaExceeded says which quota would be exceeded, by AWS's name for it.
func quotaExceeded(cause awsapi.Cause, quota string, limit int) *awsapi.Error {
	return exception(limitExceeded, cause, "Cannot exceed quota for %s: %d", quota, limit)
}

func rolePoliciesTooLarge(role RoleNameType, limit int) *awsapi.Error {
	return exception(limitExceeded, causeLimitRolePolicies, "Maximum policy size of %d bytes exceeded for role %s", limit, role)
}

func duplicateTags(t Tag) *awsapi.Error {
	return exception(invalidInput, causeTag, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").Because(causeTag, errorOfTag(t))
}

func reservedTag(t Tag) *awsapi.Error {
	return exception(invalidInput, causeTag, "aws: prefixed tag key names are not allowed for external use.").Because(causeTag, errorOfTag(t))
}

func badSetting(t Tag, want string) *awsapi.Error {
	return exception(invalidInput, causeTag, "Invalid value for the tag %s: %s.", t.Key, want).Because(causeTag, errorOfTag(t))
}

func unknownSetting(t Tag) *awsapi.Error {
	return exception(invalidInput, causeTag, "daypass: prefixed tag key names are reserved. Roles can have daypass:session-duration, daypass:target and daypass:target-role.").
		Because(causeTag, errorOfTag(t))
}

func errorOfTag(t Tag) error { return fmt.Errorf("the tag %.128q", t.Key) }

func badMarker() *awsapi.Error {
	return exception(validationError, causePageToken, "Invalid Marker.")
}

func badARN() *awsapi.Error {
	return exception(validationError, causeArn, "Invalid ARN:  Could not be parsed!")
}

func providerNotFound(arn ArnType) *awsapi.Error {
	return exception(noSuchEntity, causeProviderMissing, "OpenIDConnect Provider not found for arn %s", arn)
}

// providerExists tells the log which provider has the name, since its URL may be
// another one.
func providerExists(url OpenIDConnectProviderUrlType, has *OIDCProvider) *awsapi.Error {
	return exception(entityAlreadyExists, causeProviderExists, "Provider with url %s already exists.", url).
		Because(causeProviderExists, fmt.Errorf("%s is the provider of %s", has.ARN, has.URL))
}

// A URL that cannot be taken apart is answered with another code than one whose
// parts are wrong; so does AWS.

func badIssuer() *awsapi.Error {
	return exception(validationError, causeIssuerURL, "Invalid Open ID Connect Provider URL")
}

func badIssuerPart(detail error) *awsapi.Error {
	return exception(invalidInput, causeIssuerURL, "Invalid Open ID Connect Provider URL.").Because(causeIssuerURL, detail)
}

func notHTTPS() *awsapi.Error {
	return exception(invalidInput, causeIssuerNotHTTPS, "Invalid Open ID Connect Provider URL. The URL must begin with https://.")
}

func ownIssuer(url OpenIDConnectProviderUrlType) *awsapi.Error {
	return exception(invalidInput, causeIssuerOwn, "%s is the issuer of this service's own tokens, which need no OpenID Connect provider.", url)
}

func tooManyThumbprints(limit int) *awsapi.Error {
	return exception(invalidInput, causeLimitThumbprints, "Thumbprint list must contain fewer than %d entries.", limit)
}

func badThumbprint(t ThumbprintType) *awsapi.Error {
	return exception(invalidInput, causeThumbprint, "Thumbprint %s must be 40 hexadecimal characters.", t)
}

func samlProviderNotFound(arn ArnType) *awsapi.Error {
	return exception(noSuchEntity, causeSAMLProviderMissing, "Manifest not found for arn %s", arn)
}

func samlProviderExists(name SAMLProviderNameType) *awsapi.Error {
	return exception(entityAlreadyExists, causeSAMLProviderExists, "SAML provider with name %s already exists.", name)
}

func badMetadata(err error) *awsapi.Error {
	e := exception(invalidInput, causeSAMLMetadata, "Could not parse metadata.")
	e.Err = err
	return e
}

func encryptionUnsupported() *awsapi.Error {
	return exception(invalidInput, causeSAMLEncryption, "Encrypted SAML assertions are not supported by this version.")
}
