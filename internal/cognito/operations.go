package cognito

import "github.com/daypass/daypass/internal/awsapi"

// Operations is the service's table. It can be read without a service:
// Operations(nil).
func Operations(s *Service) awsapi.Service {
	return awsapi.Service{
		Name: "cognito-identity", Version: "2014-06-30", Target: "AWSCognitoIdentityService",
		Shapes: shapes,
		Operations: []awsapi.Operation{
			awsapi.Op("CreateIdentityPool", awsapi.Signed, "Creates an identity pool.", s.CreateIdentityPool,
				invalidParameter, notAuthorized, resourceConflict, tooManyRequests, internalError, limitExceeded),
			awsapi.Op("DeleteIdentityPool", awsapi.Signed, "Deletes an identity pool and its identities.", s.DeleteIdentityPool,
				invalidParameter, resourceNotFound, notAuthorized, tooManyRequests, internalError),
			awsapi.Op("DescribeIdentity", awsapi.Signed, "Describes an identity: its dates and the providers of its logins.", s.DescribeIdentity,
				invalidParameter, resourceNotFound, notAuthorized, tooManyRequests, internalError),
			awsapi.Op("DescribeIdentityPool", awsapi.Signed, "Describes an identity pool.", s.DescribeIdentityPool,
				invalidParameter, resourceNotFound, notAuthorized, tooManyRequests, internalError),
			awsapi.Op("GetCredentialsForIdentity", awsapi.Public, "Gives temporary credentials to an identity.", s.GetCredentialsForIdentity,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, invalidConfiguration, internalError, externalService),
			awsapi.Op("GetId", awsapi.Public, "Finds or makes an identity.", s.GetId,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, internalError, limitExceeded, externalService),
			awsapi.Op("GetIdentityPoolRoles", awsapi.Signed, "Gets the roles of an identity pool.", s.GetIdentityPoolRoles,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, internalError),
			awsapi.Op("GetOpenIdToken", awsapi.Public, "Gives an OpenID token to an identity.", s.GetOpenIdToken,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, internalError, externalService),
			awsapi.Op("ListIdentities", awsapi.Signed, "Lists the identities of an identity pool.", s.ListIdentities,
				invalidParameter, resourceNotFound, notAuthorized, tooManyRequests, internalError),
			awsapi.Op("ListIdentityPools", awsapi.Signed, "Lists the identity pools of the account in the region.", s.ListIdentityPools,
				invalidParameter, notAuthorized, resourceNotFound, tooManyRequests, internalError),
			awsapi.Op("SetIdentityPoolRoles", awsapi.Signed, "Sets the roles of an identity pool.", s.SetIdentityPoolRoles,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, internalError, concurrentModification),
			awsapi.Op("UpdateIdentityPool", awsapi.Signed, "Replaces the settings of an identity pool.", s.UpdateIdentityPool,
				invalidParameter, resourceNotFound, notAuthorized, resourceConflict, tooManyRequests, internalError, concurrentModification, limitExceeded),
		},
	}
}

// shapes are the constraints of the API model.
var shapes = awsapi.Shapes(
	awsapi.String[AccountId](1, 15, `\d+`),
	awsapi.String[ARNString](20, 2048, ""),
	awsapi.Enum[AmbiguousRoleResolutionType]("AuthenticatedRole", "Deny"),
	awsapi.String[ClaimName](1, 64, `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`),
	awsapi.String[ClaimValue](1, 128, ""),
	awsapi.String[CognitoIdentityProviderClientId](1, 128, `[\w_]+`),
	awsapi.String[CognitoIdentityProviderName](1, 128, `[\w._:/-]+`),
	awsapi.String[DeveloperProviderName](1, 128, `[\w._-]+`),
	awsapi.String[IdentityId](1, 55, `[\w-]+:[0-9a-f-]+`),
	awsapi.String[IdentityPoolId](1, 55, `[\w-]+:[0-9a-f-]+`),
	awsapi.String[IdentityPoolName](1, 128, `[\w\s+=,.@-]+`),
	awsapi.String[IdentityProviderId](1, 128, `[\w.;_/-]+`),
	awsapi.String[IdentityProviderName](1, 128, ""),
	awsapi.String[IdentityProviderToken](1, 50000, "").Sensitive(),
	awsapi.Size[IdentityProviders](0, 10),
	awsapi.Size[LoginsMap](0, 10),
	awsapi.Enum[MappingRuleMatchType]("Equals", "Contains", "StartsWith", "NotEqual"),
	awsapi.Size[MappingRulesList](1, 400),
	awsapi.String[OIDCToken](0, 0, "").Sensitive(),
	awsapi.String[PaginationKey](1, 65535, `[\S]+`),
	awsapi.Int[QueryLimit](1, 60),
	awsapi.Size[RoleMappingMap](0, 10),
	awsapi.Enum[RoleMappingType]("Token", "Rules"),
	awsapi.String[RoleType](1, 128, `(un)?authenticated`),
	awsapi.Size[RolesMap](0, 2),
	awsapi.String[TagKeysType](1, 128, ""),
	awsapi.String[TagValueType](0, 256, ""),
)
