package iam

import "time"

// The named strings, numbers and booleans of the API. Their constraints are in
// operations.go.
type (
	// An Amazon Resource Name.
	ArnType string
	// Whether assertions must be encrypted, or may be.
	AssertionEncryptionModeType string
	// True or false.
	BooleanType bool
	// A client ID (audience) that a provider's tokens may be for.
	ClientIDType string
	// The name of an instance profile.
	InstanceProfileNameType string
	// A time.
	DateType = time.Time
	// A unique ID, such as a role's AROA….
	IdType string
	// Where a listing goes on. Opaque.
	MarkerType string
	// The most results that a page may have.
	MaxItemsType int32
	// The URL of an OpenID Connect provider: the iss of its tokens.
	OpenIDConnectProviderUrlType string
	// A kind of permissions boundary.
	PermissionsBoundaryAttachmentType string
	// The beginning of a path.
	PathPrefixType string
	// A path: / or /…/.
	PathType string
	// A policy document, JSON. In answers it is URL-encoded.
	PolicyDocumentType string
	// The name of a policy.
	PolicyNameType string
	// The unique ID of a private key, or of a SAML provider.
	PrivateKeyIdType string
	// A private key in PEM.
	PrivateKeyType string
	// Where a listing goes on, in an answer.
	ResponseMarkerType string
	// What a role is for, in words.
	RoleDescriptionType string
	// How long a role's sessions may last, in seconds.
	RoleMaxSessionDurationType int32
	// The name of a role.
	RoleNameType string
	// The metadata of a SAML 2.0 identity provider, XML. In answers it is as it
	// was given.
	SAMLMetadataDocumentType string
	// The name of a SAML provider.
	SAMLProviderNameType string
	// Any string.
	StringType string
	// The key of a tag.
	TagKeyType string
	// The value of a tag.
	TagValueType string
	// The SHA-1 hash of a certificate, 40 hexadecimal digits.
	ThumbprintType string
)

// The lists of the API.
type (
	// Client IDs.
	ClientIDListType []ClientIDType
	// Instance profiles.
	InstanceProfileListType []InstanceProfile
	// OpenID Connect providers.
	OpenIDConnectProviderListType []OpenIDConnectProviderListEntry
	// Names of policies.
	PolicyNameListType []PolicyNameType
	// Private keys.
	PrivateKeyList []SAMLPrivateKey
	// Roles.
	RoleListType []Role
	// SAML providers.
	SAMLProviderListType []SAMLProviderListEntry
	// Tags.
	TagListType []Tag
	// Thumbprints of certificates.
	ThumbprintListType []ThumbprintType
)

// Tag is a label of a resource.
type Tag struct {
	// The key, unique ignoring case.
	Key TagKeyType `aws:"required"`
	// The value, possibly empty.
	Value TagValueType `aws:"required"`
}

// Role is a role as the wire shows it.
type Role struct {
	// The path to the role.
	Path PathType `aws:"required"`
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The unique ID of the role.
	RoleId IdType `aws:"required"`
	// The ARN of the role.
	Arn ArnType `aws:"required"`
	// When the role was made.
	CreateDate DateType `aws:"required"`
	// The trust policy, URL-encoded.
	AssumeRolePolicyDocument PolicyDocumentType
	// What the role is for.
	Description RoleDescriptionType
	// How long the role's sessions may last, in seconds.
	MaxSessionDuration *RoleMaxSessionDurationType
	// The most that the role may do.
	PermissionsBoundary *AttachedPermissionsBoundary
	// The tags of the role.
	Tags TagListType
	// When and where the role was last used; empty if it never was.
	RoleLastUsed *RoleLastUsed
}

// AttachedPermissionsBoundary names the policy that bounds a role.
type AttachedPermissionsBoundary struct {
	// The kind of boundary.
	PermissionsBoundaryType PermissionsBoundaryAttachmentType
	// The ARN of the policy.
	PermissionsBoundaryArn ArnType
}

// RoleLastUsed says when and where a role was last used.
type RoleLastUsed struct {
	// When.
	LastUsedDate DateType
	// In which region.
	Region StringType
}

// CreateRoleRequest is the input of CreateRole.
type CreateRoleRequest struct {
	// The path to the role; / if absent.
	Path PathType
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The trust policy: who may assume the role.
	AssumeRolePolicyDocument PolicyDocumentType `aws:"required"`
	// What the role is for.
	Description RoleDescriptionType
	// How long the role's sessions may last, in seconds; 3600 if absent.
	MaxSessionDuration *RoleMaxSessionDurationType
	// The ARN of the policy that bounds the role.
	PermissionsBoundary ArnType
	// The tags of the role.
	Tags TagListType
}

// CreateRoleResponse is the output of CreateRole.
type CreateRoleResponse struct {
	// The new role.
	Role Role `aws:"required"`
}

// GetRoleRequest is the input of GetRole.
type GetRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
}

// GetRoleResponse is the output of GetRole.
type GetRoleResponse struct {
	// The role.
	Role Role `aws:"required"`
}

// ListRolesRequest is the input of ListRoles.
type ListRolesRequest struct {
	// Only roles whose path begins like this; all if absent.
	PathPrefix PathPrefixType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most roles that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListRolesResponse is the output of ListRoles.
type ListRolesResponse struct {
	// The roles of the page.
	Roles RoleListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// DeleteRoleRequest is the input of DeleteRole.
type DeleteRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
}

// UpdateRoleRequest is the input of UpdateRole.
type UpdateRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// What the role is for; if absent, it stays.
	Description *RoleDescriptionType
	// How long the role's sessions may last, in seconds; if absent, it stays.
	MaxSessionDuration *RoleMaxSessionDurationType
}

// UpdateRoleResponse is the output of UpdateRole.
type UpdateRoleResponse struct{}

// UpdateRoleDescriptionRequest is the input of UpdateRoleDescription.
type UpdateRoleDescriptionRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// What the role is for.
	Description RoleDescriptionType `aws:"required"`
}

// UpdateRoleDescriptionResponse is the output of UpdateRoleDescription.
type UpdateRoleDescriptionResponse struct {
	// The role afterwards.
	Role *Role
}

// UpdateAssumeRolePolicyRequest is the input of UpdateAssumeRolePolicy.
type UpdateAssumeRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The new trust policy: who may assume the role.
	PolicyDocument PolicyDocumentType `aws:"required"`
}

// InstanceProfile holds a role for machines. There are none here.
type InstanceProfile struct {
	// The path to the instance profile.
	Path PathType `aws:"required"`
	// The name of the instance profile.
	InstanceProfileName InstanceProfileNameType `aws:"required"`
	// The unique ID of the instance profile.
	InstanceProfileId IdType `aws:"required"`
	// The ARN of the instance profile.
	Arn ArnType `aws:"required"`
	// When the instance profile was made.
	CreateDate DateType `aws:"required"`
	// The role that it holds.
	Roles RoleListType `aws:"required"`
	// The tags of the instance profile.
	Tags TagListType
}

// ListInstanceProfilesForRoleRequest is the input of ListInstanceProfilesForRole.
type ListInstanceProfilesForRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most instance profiles that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListInstanceProfilesForRoleResponse is the output of ListInstanceProfilesForRole.
type ListInstanceProfilesForRoleResponse struct {
	// The instance profiles of the page: none.
	InstanceProfiles InstanceProfileListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// PutRolePolicyRequest is the input of PutRolePolicy.
type PutRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
	// The policy.
	PolicyDocument PolicyDocumentType `aws:"required"`
}

// GetRolePolicyRequest is the input of GetRolePolicy.
type GetRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
}

// GetRolePolicyResponse is the output of GetRolePolicy.
type GetRolePolicyResponse struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
	// The policy, URL-encoded.
	PolicyDocument PolicyDocumentType `aws:"required"`
}

// ListRolePoliciesRequest is the input of ListRolePolicies.
type ListRolePoliciesRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most names that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListRolePoliciesResponse is the output of ListRolePolicies.
type ListRolePoliciesResponse struct {
	// The names of the page.
	PolicyNames PolicyNameListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// DeleteRolePolicyRequest is the input of DeleteRolePolicy.
type DeleteRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
}

// CreateOpenIDConnectProviderRequest is the input of CreateOpenIDConnectProvider.
type CreateOpenIDConnectProviderRequest struct {
	// The provider's URL: the iss of its tokens.
	Url OpenIDConnectProviderUrlType `aws:"required"`
	// The client IDs (audiences) that its tokens may be for.
	ClientIDList ClientIDListType
	// The thumbprints of certificates of its key server.
	ThumbprintList ThumbprintListType
	// The tags of the provider.
	Tags TagListType
}

// CreateOpenIDConnectProviderResponse is the output of CreateOpenIDConnectProvider.
type CreateOpenIDConnectProviderResponse struct {
	// The ARN of the new provider.
	OpenIDConnectProviderArn ArnType
	// The tags of the provider.
	Tags TagListType
}

// GetOpenIDConnectProviderRequest is the input of GetOpenIDConnectProvider.
type GetOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
}

// GetOpenIDConnectProviderResponse is the output of GetOpenIDConnectProvider.
type GetOpenIDConnectProviderResponse struct {
	// The provider's URL without https://.
	Url OpenIDConnectProviderUrlType
	// The client IDs (audiences) that its tokens may be for.
	ClientIDList ClientIDListType
	// The thumbprints of certificates of its key server.
	ThumbprintList ThumbprintListType
	// When the provider was made.
	CreateDate DateType
	// The tags of the provider.
	Tags TagListType
}

// ListOpenIDConnectProvidersRequest is the input of ListOpenIDConnectProviders.
type ListOpenIDConnectProvidersRequest struct{}

// ListOpenIDConnectProvidersResponse is the output of ListOpenIDConnectProviders.
type ListOpenIDConnectProvidersResponse struct {
	// The providers of the account.
	OpenIDConnectProviderList OpenIDConnectProviderListType
}

// OpenIDConnectProviderListEntry is a provider in a listing.
type OpenIDConnectProviderListEntry struct {
	// The ARN of the provider.
	Arn ArnType
}

// DeleteOpenIDConnectProviderRequest is the input of DeleteOpenIDConnectProvider.
type DeleteOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
}

// AddClientIDToOpenIDConnectProviderRequest is the input of AddClientIDToOpenIDConnectProvider.
type AddClientIDToOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The client ID (audience) that its tokens may be for.
	ClientID ClientIDType `aws:"required"`
}

// RemoveClientIDFromOpenIDConnectProviderRequest is the input of RemoveClientIDFromOpenIDConnectProvider.
type RemoveClientIDFromOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The client ID (audience) that its tokens may no longer be for.
	ClientID ClientIDType `aws:"required"`
}

// UpdateOpenIDConnectProviderThumbprintRequest is the input of UpdateOpenIDConnectProviderThumbprint.
type UpdateOpenIDConnectProviderThumbprintRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The thumbprints that take the place of all that it had.
	ThumbprintList ThumbprintListType `aws:"required"`
}

// CreateSAMLProviderRequest is the input of CreateSAMLProvider.
type CreateSAMLProviderRequest struct {
	// The metadata of the identity provider.
	SAMLMetadataDocument SAMLMetadataDocumentType `aws:"required"`
	// The name of the provider.
	Name SAMLProviderNameType `aws:"required"`
	// The tags of the provider.
	Tags TagListType
	// Whether assertions must be encrypted. Not supported.
	AssertionEncryptionMode AssertionEncryptionModeType
	// The key to decrypt assertions with. Not supported.
	AddPrivateKey PrivateKeyType
}

// CreateSAMLProviderResponse is the output of CreateSAMLProvider.
type CreateSAMLProviderResponse struct {
	// The ARN of the new provider.
	SAMLProviderArn ArnType
	// The tags of the provider.
	Tags TagListType
}

// GetSAMLProviderRequest is the input of GetSAMLProvider.
type GetSAMLProviderRequest struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
}

// GetSAMLProviderResponse is the output of GetSAMLProvider.
type GetSAMLProviderResponse struct {
	// The unique ID of the provider.
	SAMLProviderUUID PrivateKeyIdType
	// The metadata of the identity provider, as they were given.
	SAMLMetadataDocument SAMLMetadataDocumentType
	// When the provider was made.
	CreateDate DateType
	// When the metadata end.
	ValidUntil DateType
	// The tags of the provider.
	Tags TagListType
	// Whether assertions must be encrypted. Never there.
	AssertionEncryptionMode AssertionEncryptionModeType
	// The keys to decrypt assertions with. Never there.
	PrivateKeyList PrivateKeyList
}

// SAMLPrivateKey is a private key of a SAML provider.
type SAMLPrivateKey struct {
	// The unique ID of the key.
	KeyId PrivateKeyIdType
	// When the key was added.
	Timestamp DateType
}

// UpdateSAMLProviderRequest is the input of UpdateSAMLProvider.
type UpdateSAMLProviderRequest struct {
	// The new metadata; if absent, they stay.
	SAMLMetadataDocument SAMLMetadataDocumentType
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
	// Whether assertions must be encrypted. Not supported.
	AssertionEncryptionMode AssertionEncryptionModeType
	// A key to decrypt assertions with. Not supported.
	AddPrivateKey PrivateKeyType
	// The ID of a key that is to go. Not supported.
	RemovePrivateKey PrivateKeyIdType
}

// UpdateSAMLProviderResponse is the output of UpdateSAMLProvider.
type UpdateSAMLProviderResponse struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType
}

// DeleteSAMLProviderRequest is the input of DeleteSAMLProvider.
type DeleteSAMLProviderRequest struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
}

// ListSAMLProvidersRequest is the input of ListSAMLProviders.
type ListSAMLProvidersRequest struct{}

// ListSAMLProvidersResponse is the output of ListSAMLProviders.
type ListSAMLProvidersResponse struct {
	// The providers of the account.
	SAMLProviderList SAMLProviderListType
}

// SAMLProviderListEntry is a provider in a listing.
type SAMLProviderListEntry struct {
	// The ARN of the provider.
	Arn ArnType
	// When the metadata end.
	ValidUntil DateType
	// When the provider was made.
	CreateDate DateType
}
