package iam

import (
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/saml"
)

// Operations is the service's table. It can be read without a service:
// Operations(nil).
func Operations(s *Service) awsapi.Service {
	return awsapi.Service{
		Name: "iam", Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Shapes: shapes,
		Operations: []awsapi.Operation{
			awsapi.Op("CreateOpenIDConnectProvider", awsapi.Signed, "Makes the account trust an OpenID Connect provider.", s.CreateOpenIDConnectProvider,
				invalidInput, entityAlreadyExists, limitExceeded, concurrentModification, serviceFailure, openIdIdpCommunicationError),
			awsapi.Op("CreateRole", awsapi.Signed, "Creates a role.", s.CreateRole,
				limitExceeded, invalidInput, entityAlreadyExists, malformedPolicyDocument, concurrentModification, serviceFailure),
			awsapi.Op("CreateSAMLProvider", awsapi.Signed, "Makes the account trust a SAML 2.0 identity provider.", s.CreateSAMLProvider,
				invalidInput, entityAlreadyExists, limitExceeded, concurrentModification, serviceFailure),
			awsapi.Op("DeleteOpenIDConnectProvider", awsapi.Signed, "Deletes an OpenID Connect provider.", s.DeleteOpenIDConnectProvider,
				invalidInput, noSuchEntity, serviceFailure),
			awsapi.Op("DeleteRole", awsapi.Signed, "Deletes a role that has no policies.", s.DeleteRole,
				noSuchEntity, deleteConflict, limitExceeded, unmodifiableEntity, concurrentModification, serviceFailure),
			awsapi.Op("DeleteRolePolicy", awsapi.Signed, "Deletes an inline policy of a role.", s.DeleteRolePolicy,
				noSuchEntity, limitExceeded, unmodifiableEntity, serviceFailure),
			awsapi.Op("DeleteSAMLProvider", awsapi.Signed, "Deletes a SAML provider.", s.DeleteSAMLProvider,
				invalidInput, limitExceeded, noSuchEntity, serviceFailure),
			awsapi.Op("GetOpenIDConnectProvider", awsapi.Signed, "Shows an OpenID Connect provider.", s.GetOpenIDConnectProvider,
				invalidInput, noSuchEntity, serviceFailure),
			awsapi.Op("GetRole", awsapi.Signed, "Shows a role.", s.GetRole,
				noSuchEntity, serviceFailure),
			awsapi.Op("GetRolePolicy", awsapi.Signed, "Shows an inline policy of a role.", s.GetRolePolicy,
				noSuchEntity, serviceFailure),
			awsapi.Op("GetSAMLProvider", awsapi.Signed, "Shows a SAML provider with its metadata.", s.GetSAMLProvider,
				noSuchEntity, invalidInput, serviceFailure),
			awsapi.Op("ListOpenIDConnectProviders", awsapi.Signed, "Lists the OpenID Connect providers of the account.", s.ListOpenIDConnectProviders,
				serviceFailure),
			awsapi.Op("ListRolePolicies", awsapi.Signed, "Lists the names of the inline policies of a role.", s.ListRolePolicies,
				noSuchEntity, serviceFailure),
			awsapi.Op("ListRoles", awsapi.Signed, "Lists the roles of the account.", s.ListRoles,
				serviceFailure),
			awsapi.Op("ListSAMLProviders", awsapi.Signed, "Lists the SAML providers of the account.", s.ListSAMLProviders,
				serviceFailure),
			awsapi.Op("PutRolePolicy", awsapi.Signed, "Adds or replaces an inline policy of a role.", s.PutRolePolicy,
				limitExceeded, malformedPolicyDocument, noSuchEntity, unmodifiableEntity, serviceFailure),
			awsapi.Op("UpdateSAMLProvider", awsapi.Signed, "Replaces the metadata of a SAML provider.", s.UpdateSAMLProvider,
				noSuchEntity, invalidInput, limitExceeded, serviceFailure, concurrentModification),
		},
	}
}

// shapes are the constraints of the API model.
var shapes = awsapi.Shapes(
	awsapi.String[ArnType](20, 2048, ""),
	awsapi.Enum[AssertionEncryptionModeType]("Required", "Allowed"),
	awsapi.String[ClientIDType](1, 255, ""),
	awsapi.String[IdType](16, 128, `[\w]+`),
	awsapi.String[MarkerType](1, 320, `[\u0020-\u00FF]+`),
	awsapi.Int[MaxItemsType](1, 1000),
	awsapi.String[OpenIDConnectProviderUrlType](1, 255, ""),
	awsapi.String[PathPrefixType](1, 512, `\u002F[\u0021-\u007F]*`),
	awsapi.String[PathType](1, 512, `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`),
	awsapi.Enum[PermissionsBoundaryAttachmentType]("PermissionsBoundaryPolicy"),
	awsapi.String[PolicyDocumentType](1, 131072, `[\u0009\u000A\u000D\u0020-\u00FF]+`),
	awsapi.String[PolicyNameType](1, 128, `[\w+=,.@-]+`),
	awsapi.String[PrivateKeyIdType](22, 64, `[A-Z0-9]+`),
	awsapi.String[PrivateKeyType](1, 16384, `[\u0009\u000A\u000D\u0020-\u00FF]+`).Sensitive(),
	awsapi.String[RoleDescriptionType](0, 1000, `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`),
	awsapi.Int[RoleMaxSessionDurationType](3600, 43200),
	awsapi.String[RoleNameType](1, 64, `[\w+=,.@-]+`),
	awsapi.String[SAMLMetadataDocumentType](saml.MinMetadata, saml.MaxMetadata, ""),
	awsapi.String[SAMLProviderNameType](1, 128, `[\w._-]+`),
	awsapi.String[TagKeyType](1, 128, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`),
	awsapi.Size[TagListType](0, 50),
	awsapi.String[TagValueType](0, 256, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`),
	awsapi.String[ThumbprintType](40, 40, ""),
)
