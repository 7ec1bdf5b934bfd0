package iam

// The named strings of users and their access keys.
type (
	// The ID of an access key.
	AccessKeyIdType string
	// The secret of an access key.
	AccessKeySecretType string
	// The name of a user that is there.
	ExistingUserNameType string
	// Whether an access key can be used.
	StatusType string
	// The name of a user.
	UserNameType string
)

// The lists of users and their access keys.
type (
	// Access keys without their secrets.
	AccessKeyMetadataListType []AccessKeyMetadata
	// Users.
	UserListType []User
)

// User is a user as the wire shows it.
type User struct {
	// The path to the user.
	Path PathType `aws:"required"`
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The unique ID of the user.
	UserId IdType `aws:"required"`
	// The ARN of the user.
	Arn ArnType `aws:"required"`
	// When the user was made.
	CreateDate DateType `aws:"required"`
	// When the user last signed in with a password. There are no passwords.
	PasswordLastUsed DateType
	// The most that the user may do.
	PermissionsBoundary *AttachedPermissionsBoundary
	// The tags of the user.
	Tags TagListType
}

// AccessKey is an access key with its secret.
type AccessKey struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ID of the key.
	AccessKeyId AccessKeyIdType `aws:"required"`
	// Whether the key can be used.
	Status StatusType `aws:"required"`
	// The secret of the key, shown this once.
	SecretAccessKey AccessKeySecretType `aws:"required"`
	// When the key was made.
	CreateDate DateType
}

// AccessKeyMetadata is an access key without its secret.
type AccessKeyMetadata struct {
	// The name of the user.
	UserName UserNameType
	// The ID of the key.
	AccessKeyId AccessKeyIdType
	// Whether the key can be used.
	Status StatusType
	// When the key was made.
	CreateDate DateType
}

// AccessKeyLastUsed says when and for what an access key was last used.
type AccessKeyLastUsed struct {
	// When, to the minute or so; absent if it never was.
	LastUsedDate DateType
	// For which service; N/A if it never was.
	ServiceName StringType `aws:"required"`
	// In which region; N/A if it never was.
	Region StringType `aws:"required"`
}

// CreateUserRequest is the input of CreateUser.
type CreateUserRequest struct {
	// The path to the user; / if absent.
	Path PathType
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ARN of the policy that bounds the user.
	PermissionsBoundary ArnType
	// The tags of the user.
	Tags TagListType
}

// CreateUserResponse is the output of CreateUser.
type CreateUserResponse struct {
	// The new user.
	User User
}

// GetUserRequest is the input of GetUser.
type GetUserRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
}

// GetUserResponse is the output of GetUser.
type GetUserResponse struct {
	// The user.
	User User `aws:"required"`
}

// UpdateUserRequest is the input of UpdateUser.
type UpdateUserRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The new path; if absent, it stays.
	NewPath PathType
	// The new name; if absent, it stays.
	NewUserName UserNameType
}

// DeleteUserRequest is the input of DeleteUser.
type DeleteUserRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
}

// ListUsersRequest is the input of ListUsers.
type ListUsersRequest struct {
	// Only users whose path begins like this; all if absent.
	PathPrefix PathPrefixType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most users that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListUsersResponse is the output of ListUsers.
type ListUsersResponse struct {
	// The users of the page.
	Users UserListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// PutUserPolicyRequest is the input of PutUserPolicy.
type PutUserPolicyRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
	// The policy.
	PolicyDocument PolicyDocumentType `aws:"required"`
}

// GetUserPolicyRequest is the input of GetUserPolicy.
type GetUserPolicyRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
}

// GetUserPolicyResponse is the output of GetUserPolicy.
type GetUserPolicyResponse struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
	// The policy, URL-encoded.
	PolicyDocument PolicyDocumentType `aws:"required"`
}

// DeleteUserPolicyRequest is the input of DeleteUserPolicy.
type DeleteUserPolicyRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
}

// ListUserPoliciesRequest is the input of ListUserPolicies.
type ListUserPoliciesRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most names that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListUserPoliciesResponse is the output of ListUserPolicies.
type ListUserPoliciesResponse struct {
	// The names of the page.
	PolicyNames PolicyNameListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// CreateAccessKeyRequest is the input of CreateAccessKey.
type CreateAccessKeyRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
}

// CreateAccessKeyResponse is the output of CreateAccessKey.
type CreateAccessKeyResponse struct {
	// The new key with its secret.
	AccessKey AccessKey `aws:"required"`
}

// UpdateAccessKeyRequest is the input of UpdateAccessKey.
type UpdateAccessKeyRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
	// The ID of the key.
	AccessKeyId AccessKeyIdType `aws:"required"`
	// Whether the key can be used.
	Status StatusType `aws:"required"`
}

// DeleteAccessKeyRequest is the input of DeleteAccessKey.
type DeleteAccessKeyRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
	// The ID of the key.
	AccessKeyId AccessKeyIdType `aws:"required"`
}

// ListAccessKeysRequest is the input of ListAccessKeys.
type ListAccessKeysRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most keys that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListAccessKeysResponse is the output of ListAccessKeys.
type ListAccessKeysResponse struct {
	// The keys of the page, without their secrets.
	AccessKeyMetadata AccessKeyMetadataListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// GetAccessKeyLastUsedRequest is the input of GetAccessKeyLastUsed.
type GetAccessKeyLastUsedRequest struct {
	// The ID of the key.
	AccessKeyId AccessKeyIdType `aws:"required"`
}

// GetAccessKeyLastUsedResponse is the output of GetAccessKeyLastUsed.
type GetAccessKeyLastUsedResponse struct {
	// The user whose key it is.
	UserName ExistingUserNameType
	// When and for what the key was last used.
	AccessKeyLastUsed *AccessKeyLastUsed
}

type (
	// Groups.
	GroupListType []Group
)

// Group is a group of users. There are none here.
type Group struct {
	// The path to the group.
	Path PathType `aws:"required"`
	// The name of the group.
	GroupName GroupNameType `aws:"required"`
	// The unique ID of the group.
	GroupId IdType `aws:"required"`
	// The ARN of the group.
	Arn ArnType `aws:"required"`
	// When the group was made.
	CreateDate DateType `aws:"required"`
}

// ListGroupsForUserRequest is the input of ListGroupsForUser.
type ListGroupsForUserRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most groups that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListGroupsForUserResponse is the output of ListGroupsForUser.
type ListGroupsForUserResponse struct {
	// The groups of the page: none.
	Groups GroupListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// PutUserPermissionsBoundaryRequest is the input of PutUserPermissionsBoundary.
type PutUserPermissionsBoundaryRequest struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ARN of the policy that bounds the user.
	PermissionsBoundary ArnType `aws:"required"`
}

// DeleteUserPermissionsBoundaryRequest is the input of
// DeleteUserPermissionsBoundary.
type DeleteUserPermissionsBoundaryRequest struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
}
