package iam

import (
	"cmp"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// The resources of users and their access keys. A user that is named by its name
// alone is found with its path, as a role is.

// namedUserARN is the user of a name; without one, the caller.
func namedUserARN[Name ~string](c awsapi.Caller, name Name) string {
	if name != "" {
		return string(userARN(c.Account, "/", UserNameType(name)))
	}
	return cmp.Or(c.PrincipalARN, c.ARN)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateUserRequest) ResourceARN(c awsapi.Caller) string {
	return string(userARN(c.Account, cmp.Or(in.Path, "/"), in.UserName))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetUserRequest) ResourceARN(c awsapi.Caller) string { return namedUserARN(c, in.UserName) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateUserRequest) ResourceARN(c awsapi.Caller) string { return namedUserARN(c, in.UserName) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteUserRequest) ResourceARN(c awsapi.Caller) string { return namedUserARN(c, in.UserName) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListUsersRequest) ResourceARN(c awsapi.Caller) string {
	return "arn:aws:iam::" + c.Account + ":user/" + strings.TrimPrefix(string(in.PathPrefix), "/")
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *PutUserPolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetUserPolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListUserPoliciesRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteUserPolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *AttachUserPolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DetachUserPolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListAttachedUserPoliciesRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateAccessKeyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateAccessKeyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteAccessKeyRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListAccessKeysRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer. It is about the user whose key it
// is, whom about finds.
func (in *GetAccessKeyLastUsedRequest) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagUserRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagUserRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListUserTagsRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListGroupsForUserRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *PutUserPermissionsBoundaryRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteUserPermissionsBoundaryRequest) ResourceARN(c awsapi.Caller) string {
	return namedUserARN(c, in.UserName)
}
