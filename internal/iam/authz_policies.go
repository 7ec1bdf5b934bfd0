package iam

import (
	"cmp"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// The resources of managed policies. Attaching one is about the user or role.

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreatePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return string(policyARN(c.Account, cmp.Or(in.Path, "/"), in.PolicyName))
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetPolicyRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeletePolicyRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListPoliciesRequest) ResourceARN(c awsapi.Caller) string {
	return "arn:aws:iam::" + c.Account + ":policy/" + strings.TrimPrefix(string(in.PathPrefix), "/")
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreatePolicyVersionRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetPolicyVersionRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeletePolicyVersionRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListPolicyVersionsRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *SetDefaultPolicyVersionRequest) ResourceARN(awsapi.Caller) string {
	return string(in.PolicyArn)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *AttachRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DetachRolePolicyRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListAttachedRolePoliciesRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagPolicyRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagPolicyRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListPolicyTagsRequest) ResourceARN(awsapi.Caller) string { return string(in.PolicyArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *PutRolePermissionsBoundaryRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteRolePermissionsBoundaryRequest) ResourceARN(c awsapi.Caller) string {
	return namedRoleARN(c, in.RoleName)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListEntitiesForPolicyRequest) ResourceARN(awsapi.Caller) string {
	return string(in.PolicyArn)
}
