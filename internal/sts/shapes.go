package sts

import "time"

// The named strings and numbers of the API's inputs. Their constraints are in
// operations.go.
type (
	// An Amazon Resource Name.
	ArnType string
	// A token of a web identity provider.
	ClientTokenType string
	// A number that is not negative.
	NonNegativeIntegerType int32
	// How long a session lasts, in seconds.
	RoleDurationSecondsType int32
	// The name of a session.
	RoleSessionNameType string
	// A session policy, JSON.
	SessionPolicyDocumentType string
	// The host of an access-token provider.
	UrlType string
)

// PolicyDescriptorListType lists managed policies.
type PolicyDescriptorListType []PolicyDescriptorType

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
	Arn string
	// The unique ID of the caller.
	UserId string
	// The account of the caller.
	Account string
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
