package sts

import (
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/saml"
)

// API is the service's table without a service behind it: for clients, and for
// whoever reads what there is.
var API = Operations(nil)

// Operations is the service's table. It can be read without a service:
// Operations(nil).
func Operations(s *Service) awsapi.Service {
	return awsapi.Service{
		Name: "sts", Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Doc: "Temporary credentials for roles.", Source: source,
		Shapes: shapes,
		Operations: []awsapi.Operation{
			awsapi.Op("AssumeRole", awsapi.Identified, awsapi.Unasked, "Gives temporary credentials of a role to a caller that it trusts.", s.AssumeRole,
				malformedPolicyDocument, packedPolicyTooLarge, expiredToken, regionDisabled, invalidParameterValue).WithChanges(false),
			awsapi.Op("AssumeRoleWithSAML", awsapi.Public, awsapi.Unasked, "Gives temporary credentials of a role for a SAML response that offers it.", s.AssumeRoleWithSAML,
				malformedPolicyDocument, packedPolicyTooLarge, idpRejectedClaim, invalidIdentityToken, expiredToken, regionDisabled, invalidParameterValue).WithChanges(false),
			awsapi.Op("AssumeRoleWithWebIdentity", awsapi.Public, awsapi.Unasked, "Gives temporary credentials of a role for a token of an OpenID provider.", s.AssumeRoleWithWebIdentity,
				malformedPolicyDocument, packedPolicyTooLarge, idpRejectedClaim, idpCommunicationError, invalidIdentityToken, expiredToken, regionDisabled, invalidParameterValue).WithChanges(false),
			awsapi.Op("GetAccessKeyInfo", awsapi.Identified, awsapi.Unasked, "Tells which account an access key belongs to.", s.GetAccessKeyInfo),
			awsapi.Op("GetCallerIdentity", awsapi.Identified, awsapi.Unasked, "Tells the caller who they are.", s.GetCallerIdentity),
			awsapi.Op("GetSessionToken", awsapi.Identified, awsapi.Unasked, "Gives a user or root temporary credentials with rights of their own.", s.GetSessionToken,
				regionDisabled),
		},
	}
}

// shapes are the constraints of the API model.
var shapes = awsapi.Shapes(
	awsapi.String[ArnType](20, 2048, `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`),
	awsapi.String[ClientTokenType](4, maxWebIdentityToken, "").Sensitive(),
	awsapi.String[AccessKeyIdType](16, 128, `[\w]*`),
	awsapi.Int[DurationSecondsType](900, 129600),
	awsapi.Size[ProvidedContextsListType](1, 5),
	awsapi.Size[TagKeyListType](0, 50),
	awsapi.Size[TagListType](0, 50),
	awsapi.String[ContextAssertionType](4, 2048, ""),
	awsapi.String[ExternalIdType](2, 1224, `[\w+=,.@:\/-]*`),
	awsapi.Int[RoleDurationSecondsType](900, 43200),
	awsapi.String[RoleSessionNameType](2, 64, `[\w+=,.@-]*`),
	awsapi.String[SessionPolicyDocumentType](1, 2048, `[\u0009\u000A\u000D\u0020-\u00FF]+`),
	awsapi.String[SAMLAssertionType](4, saml.MaxResponse, "").Sensitive(),
	awsapi.String[SerialNumberType](9, 256, `[\w+=/:,.@-]*`),
	awsapi.String[SourceIdentityType](2, 64, `[\w+=,.@-]*`),
	awsapi.String[TagKeyType](1, 128, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`),
	awsapi.String[TagValueType](0, 256, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`),
	awsapi.String[TokenCodeType](6, 6, `[\d]*`),
	awsapi.String[UnrestrictedSessionPolicyDocumentType](1, 0, `[\u0009\u000A\u000D\u0020-\u00FF]+`),
	awsapi.String[UrlType](4, 2048, ""),
)
