package sts

import "time"

// The named strings and numbers of the API's inputs. Their constraints are in
// operations.go.
type (
	// The ID of an access key.
	AccessKeyIdType string
	// An Amazon Resource Name.
	ArnType string
	// A token of a web identity provider.
	ClientTokenType string
	// What another provider vouches for.
	ContextAssertionType string
	// How long a session of a user lasts, in seconds.
	DurationSecondsType int32
	// What a third party must know to assume a role for somebody.
	ExternalIdType string
	// A number that is not negative.
	NonNegativeIntegerType int32
	// How long a session lasts, in seconds.
	RoleDurationSecondsType int32
	// The name of a session.
	RoleSessionNameType string
	// A SAML response, base64.
	SAMLAssertionType string
	// An MFA device.
	SerialNumberType string
	// A session policy, JSON.
	SessionPolicyDocumentType string
	// Who is behind a session.
	SourceIdentityType string
	// The key of a tag.
	TagKeyType string
	// The value of a tag.
	TagValueType string
	// What an MFA device shows.
	TokenCodeType string
	// A session policy, JSON. Its length is not a matter of its form.
	UnrestrictedSessionPolicyDocumentType string
	// The host of an access-token provider.
	UrlType string
)

// PolicyDescriptorListType lists managed policies.
type PolicyDescriptorListType []PolicyDescriptorType

// ProvidedContextsListType lists what other providers vouch for.
type ProvidedContextsListType []ProvidedContext

// ProvidedContext is what another provider vouches for.
type ProvidedContext struct {
	// The ARN of the provider.
	ProviderArn ArnType
	// What it vouches for.
	ContextAssertion ContextAssertionType
}

// TagListType lists session tags.
type TagListType []Tag

// Tag is a session tag.
type Tag struct {
	// The key. Case does not tell two keys apart.
	Key TagKeyType `aws:"required"`
	// The value.
	Value TagValueType `aws:"required"`
}

// TagKeyListType lists keys of session tags.
type TagKeyListType []TagKeyType

// PolicyDescriptorType names a managed policy.
type PolicyDescriptorType struct {
	// The ARN of the policy.
	Arn ArnType `aws:"name=arn"`
}

// GetCallerIdentityRequest is the input of GetCallerIdentity.
type GetCallerIdentityRequest struct{}

// GetCallerIdentityResponse is the output of GetCallerIdentity.
type GetCallerIdentityResponse struct {
	// The ARN of the caller.
	Arn string `aws:"last"`
	// The unique ID of the caller.
	UserId string
	// The account of the caller.
	Account string
}

// GetSessionTokenRequest is the input of GetSessionToken.
type GetSessionTokenRequest struct {
	// How long the session lasts, in seconds; 43200 if absent. Sessions of root
	// last 3600 at most.
	DurationSeconds *DurationSecondsType
	// An MFA device. There are none: a request with one is refused.
	SerialNumber SerialNumberType
	// What an MFA device shows. There are none: a request with one is refused.
	TokenCode TokenCodeType
}

// GetSessionTokenResponse is the output of GetSessionToken.
type GetSessionTokenResponse struct {
	// The credentials of the session.
	Credentials *Credentials
}

// GetAccessKeyInfoRequest is the input of GetAccessKeyInfo.
type GetAccessKeyInfoRequest struct {
	// The ID of an access key.
	AccessKeyId AccessKeyIdType `aws:"required"`
}

// GetAccessKeyInfoResponse is the output of GetAccessKeyInfo.
type GetAccessKeyInfoResponse struct {
	// The account that the key belongs to.
	Account string
}

// AssumeRoleRequest is the input of AssumeRole.
type AssumeRoleRequest struct {
	// The role to assume.
	RoleArn ArnType `aws:"required"`
	// The name of the session.
	RoleSessionName RoleSessionNameType `aws:"required"`
	// Managed policies as session policies.
	PolicyArns PolicyDescriptorListType
	// A session policy.
	Policy UnrestrictedSessionPolicyDocumentType
	// How long the session lasts, in seconds; 3600 if absent.
	DurationSeconds *RoleDurationSecondsType
	// The session tags.
	Tags TagListType
	// The keys of those tags that stay when the session assumes another role.
	TransitiveTagKeys TagKeyListType
	// What a third party must know to assume the role for somebody.
	ExternalId ExternalIdType
	// An MFA device. There are none: a request with one is refused.
	SerialNumber SerialNumberType
	// What an MFA device shows. There are none: a request with one is refused.
	TokenCode TokenCodeType
	// Who is behind the session.
	SourceIdentity SourceIdentityType
	// What other providers vouch for: a request with any is refused.
	ProvidedContexts ProvidedContextsListType
}

// AssumeRoleResponse is the output of AssumeRole.
type AssumeRoleResponse struct {
	// The credentials of the session.
	Credentials *Credentials
	// The session.
	AssumedRoleUser *AssumedRoleUser
	// How much of the room for session policies and tags is used, in percent.
	PackedPolicySize *NonNegativeIntegerType
	// The source identity of the session.
	SourceIdentity string
}

// AssumeRoleWithSAMLRequest is the input of AssumeRoleWithSAML.
type AssumeRoleWithSAMLRequest struct {
	// The role to assume, which the response must offer.
	RoleArn ArnType `aws:"required"`
	// The SAML provider in IAM.
	PrincipalArn ArnType `aws:"required"`
	// The response.
	SAMLAssertion SAMLAssertionType `aws:"required"`
	// Managed policies as session policies.
	PolicyArns PolicyDescriptorListType
	// A session policy.
	Policy SessionPolicyDocumentType
	// How long the session lasts, in seconds; 3600 if absent. The response may
	// ask for less.
	DurationSeconds *RoleDurationSecondsType
}

// AssumeRoleWithSAMLResponse is the output of AssumeRoleWithSAML.
type AssumeRoleWithSAMLResponse struct {
	// The credentials of the session.
	Credentials *Credentials
	// The session.
	AssumedRoleUser *AssumedRoleUser
	// How much of the room for session policies and tags is used, in percent.
	PackedPolicySize *NonNegativeIntegerType
	// The NameID of the response.
	Subject string
	// The kind of the NameID: persistent, transient or the URI of another.
	SubjectType string
	// The entity ID of the identity provider.
	Issuer string
	// The Recipient of the response.
	Audience string
	// A hash of the issuer and of the provider's account and name.
	NameQualifier string
	// The source identity of the session.
	SourceIdentity string
}

// AssumeRoleWithWebIdentityRequest is the input of AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityRequest struct {
	// The role to assume.
	RoleArn ArnType `aws:"required"`
	// The name of the session.
	RoleSessionName RoleSessionNameType `aws:"required"`
	// The token.
	WebIdentityToken ClientTokenType `aws:"required"`
	// The provider of an access token; absent for OpenID tokens.
	ProviderId UrlType
	// Managed policies as session policies.
	PolicyArns PolicyDescriptorListType
	// A session policy.
	Policy SessionPolicyDocumentType
	// How long the session lasts, in seconds; 3600 if absent.
	DurationSeconds *RoleDurationSecondsType
}

// AssumeRoleWithWebIdentityResponse is the output of AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityResponse struct {
	// The sub of the token.
	SubjectFromWebIdentityToken string
	// The audience of the token.
	Audience string
	// The session.
	AssumedRoleUser *AssumedRoleUser
	// The credentials of the session.
	Credentials *Credentials
	// The provider of the token.
	Provider string
	// How much of the room for session policies and tags is used, in percent.
	PackedPolicySize *NonNegativeIntegerType
	// The source identity of the session.
	SourceIdentity string
}

// AssumedRoleUser names a session.
type AssumedRoleUser struct {
	// The ARN of the session.
	Arn string `aws:"required"`
	// The unique ID of the session.
	AssumedRoleId string `aws:"required"`
}

// Credentials are temporary credentials.
type Credentials struct {
	// The session token.
	SessionToken string `aws:"required"`
	// The secret access key.
	SecretAccessKey string `aws:"required"`
	// When the credentials end, in whole seconds.
	Expiration time.Time `aws:"required"`
	// The access key ID.
	AccessKeyId string `aws:"required"`
}
