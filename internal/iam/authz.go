package iam

import (
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// The resources that the operations are about, as IAM names them. Where an
// input does not tell a role's path, the name stands alone.

func namedRoleARN(c awsapi.Caller, name RoleNameType) string {
	return string(roleARN(c.Account, "/", name))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateRoleRequest) ResourceARN(c awsapi.Caller) string {
	path := in.Path
	if path == "" {
		path = "/"
	}
	return string(roleARN(c.Account, path, in.RoleName))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetRoleRequest) ResourceARN(c awsapi.Caller) string { return namedRoleARN(c, in.RoleName) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteRoleRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *PutRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListRolePoliciesRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListRolesRequest) ResourceARN(c awsapi.Caller) string {
	return "arn:aws:iam::" + c.Account + ":role/" + strings.TrimPrefix(string(in.PathPrefix), "/")
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateOpenIDConnectProviderRequest) ResourceARN(c awsapi.Caller) string {
	_, name, _ := strings.Cut(string(in.Url), "://")
	return "arn:aws:iam::" + c.Account + ":" + providerResource + strings.TrimSuffix(name, "/")
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListOpenIDConnectProvidersRequest) ResourceARN(c awsapi.Caller) string {
	return "arn:aws:iam::" + c.Account + ":" + providerResource + "*"
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateSAMLProviderRequest) ResourceARN(c awsapi.Caller) string {
	return string(samlProviderARN(c.Account, in.Name))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetSAMLProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateSAMLProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteSAMLProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListSAMLProvidersRequest) ResourceARN(c awsapi.Caller) string {
	return string(samlProviderARN(c.Account, "*"))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *AddClientIDToOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListInstanceProfilesForRoleRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListOpenIDConnectProviderTagsRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListRoleTagsRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListSAMLProviderTagsRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *RemoveClientIDFromOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagRoleRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagSAMLProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagOpenIDConnectProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagRoleRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagSAMLProviderRequest) ResourceARN(awsapi.Caller) string {
	return string(in.SAMLProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateAssumeRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateOpenIDConnectProviderThumbprintRequest) ResourceARN(awsapi.Caller) string {
	return string(in.OpenIDConnectProviderArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateRoleRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UpdateRoleDescriptionRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}
