package cognito

import (
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/sts"
)

// The exceptions of the API.
const (
	invalidParameter               = "InvalidParameterException"
	resourceNotFound               = "ResourceNotFoundException"
	notAuthorized                  = "NotAuthorizedException"
	resourceConflict               = "ResourceConflictException"
	tooManyRequests                = "TooManyRequestsException"
	internalError                  = "InternalErrorException"
	limitExceeded                  = "LimitExceededException"
	invalidConfiguration           = "InvalidIdentityPoolConfigurationException"
	externalService                = "ExternalServiceException"
	concurrentModification         = "ConcurrentModificationException"
	developerUserAlreadyRegistered = "DeveloperUserAlreadyRegisteredException"
)

func exception(code, format string, args ...any) *awsapi.Error {
	return &awsapi.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func poolNotFound(id IdentityPoolId) *awsapi.Error {
	return exception(resourceNotFound, "IdentityPool '%s' not found.", id).Because(causePoolNotFound, nil)
}

func identityNotFound(id IdentityId) *awsapi.Error {
	return exception(resourceNotFound, "Identity '%s' not found.", id).Because(causeIdentityNotFound, nil)
}

func identityForbidden(id IdentityId, cause awsapi.Cause) *awsapi.Error {
	return exception(notAuthorized, "Access to Identity '%s' is forbidden.", id).Because(cause, nil)
}

func guestsRefused() *awsapi.Error {
	return exception(notAuthorized, "Unauthenticated access is not supported for this identity pool.").Because(causeGuestsRefused, nil)
}

func loginsDontMatch(cause awsapi.Cause) *awsapi.Error {
	return exception(notAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.").Because(cause, nil)
}

func loginConflict(cause awsapi.Cause) *awsapi.Error {
	return exception(resourceConflict, "Login is already linked to another account.").Because(cause, nil)
}

func tooManyLogins(most int) *awsapi.Error {
	return exception(resourceConflict, "An identity can have at most %d linked logins.", most).Because(causeTooManyLogins, nil)
}

func roleForbidden(role ARNString, cause awsapi.Cause) *awsapi.Error {
	return exception(notAuthorized, "Access to Role '%s' is forbidden.", role).Because(cause, nil)
}

func badConfiguration(cause awsapi.Cause, err error) *awsapi.Error {
	return exception(invalidConfiguration, "Invalid identity pool configuration. Check assigned IAM roles for this pool.").Because(cause, err)
}

func targetFailed(cause awsapi.Cause, err error) *awsapi.Error {
	return exception(externalService, "The service that issues these credentials refused or could not be reached.").Because(cause, err)
}

// roleNotAssumed is what the caller sees of an error of the enhanced flow's role.
func roleNotAssumed(err error) error {
	if refused, ok := errors.AsType[*sts.Refusal](err); ok {
		return badConfiguration(refused.Cause, err)
	}
	if failed, ok := errors.AsType[*sts.TargetFailure](err); ok {
		return targetFailed(failed.Cause, err)
	}
	return err
}

func invalidLoginToken(cause awsapi.Cause, err error, format string, args ...any) *awsapi.Error {
	return exception(notAuthorized, "Invalid login token. "+format, args...).Because(cause, err)
}

func unsupportedProvider(cause awsapi.Cause, err error) *awsapi.Error {
	return exception(notAuthorized, "Token is not from a supported provider of this identity pool.").Because(cause, err)
}

func notPublicProvider() *awsapi.Error {
	return exception(invalidParameter, "Please provide a valid public provider").Because(causeNotAPublicProvider, nil)
}

func noSuchDeveloperProvider() *awsapi.Error {
	return exception(invalidParameter, "This identity pool does not support the specified developer provider").Because(causeDeveloperProviderUnknown, nil)
}

func developerUserNotFound() *awsapi.Error {
	return exception(resourceNotFound, "Developer user not found.").Because(causeDeveloperUserUnknown, nil)
}

func developerUserTaken() *awsapi.Error {
	return exception(developerUserAlreadyRegistered, "This developer user identifier is already registered with Cognito.").Because(causeDeveloperUserTaken, nil)
}

func developerUserElsewhere() *awsapi.Error {
	return exception(resourceConflict, "The developer user is not linked to this identity.").Because(causeDeveloperUserElsewhere, nil)
}

func ambiguousRole(mapping IdentityProviderName, cause awsapi.Cause) *awsapi.Error {
	return exception(notAuthorized, "The ambiguous role mapping rules for: %s denied this request.", mapping).Because(cause, nil)
}
