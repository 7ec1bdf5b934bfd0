package iam

// The named strings and numbers of managed policies.
type (
	// How many users and roles something is attached to.
	AttachmentCountType int32
	// A kind of entity that a policy can be attached to.
	EntityType string
	// The name of a group.
	GroupNameType string
	// What a policy is for, in words.
	PolicyDescriptionType string
	// The path of a policy: / or /…/.
	PolicyPathType string
	// Whose policies to list.
	PolicyScopeType string
	// What a policy is used as.
	PolicyUsageType string
	// A version of a policy, such as v1.
	PolicyVersionIdType string
)

// The lists of managed policies.
type (
	// Policies that are attached to an entity.
	AttachedPoliciesListType []AttachedPolicy
	// Versions of a policy.
	PolicyDocumentVersionListType []PolicyVersion
	// Groups.
	PolicyGroupListType []PolicyGroup
	// Policies.
	PolicyListType []Policy
	// Roles.
	PolicyRoleListType []PolicyRole
	// Users.
	PolicyUserListType []PolicyUser
)

// Policy is a managed policy as the wire shows it.
type Policy struct {
	// The name of the policy.
	PolicyName PolicyNameType
	// The unique ID of the policy.
	PolicyId IdType
	// The ARN of the policy.
	Arn ArnType
	// The path to the policy.
	Path PolicyPathType
	// The version that is in force.
	DefaultVersionId PolicyVersionIdType
	// How many users and roles the policy is attached to.
	AttachmentCount AttachmentCountType
	// How many users and roles the policy is the permissions boundary of.
	PermissionsBoundaryUsageCount AttachmentCountType
	// Whether the policy can be attached.
	IsAttachable BooleanType
	// What the policy is for.
	Description PolicyDescriptionType
	// When the policy was made.
	CreateDate DateType
	// When the policy got its newest version.
	UpdateDate DateType
	// The tags of the policy.
	Tags TagListType
}

// PolicyVersion is a version of a managed policy.
type PolicyVersion struct {
	// The policy, URL-encoded; only where a single version is shown.
	Document PolicyDocumentType
	// The version.
	VersionId PolicyVersionIdType
	// Whether the version is in force.
	IsDefaultVersion BooleanType
	// When the version was made.
	CreateDate DateType
}

// AttachedPolicy names a policy that is attached to an entity.
type AttachedPolicy struct {
	// The name of the policy.
	PolicyName PolicyNameType
	// The ARN of the policy.
	PolicyArn ArnType
}

// PolicyGroup names a group.
type PolicyGroup struct {
	// The name of the group.
	GroupName GroupNameType
	// The unique ID of the group.
	GroupId IdType
}

// PolicyUser names a user.
type PolicyUser struct {
	// The name of the user.
	UserName UserNameType
	// The unique ID of the user.
	UserId IdType
}

// PolicyRole names a role.
type PolicyRole struct {
	// The name of the role.
	RoleName RoleNameType
	// The unique ID of the role.
	RoleId IdType
}

// CreatePolicyRequest is the input of CreatePolicy.
type CreatePolicyRequest struct {
	// The name of the policy.
	PolicyName PolicyNameType `aws:"required"`
	// The path to the policy; / if absent.
	Path PolicyPathType
	// The policy, which becomes version v1.
	PolicyDocument PolicyDocumentType `aws:"required"`
	// What the policy is for. It cannot be changed later.
	Description PolicyDescriptionType
	// The tags of the policy.
	Tags TagListType
}

// CreatePolicyResponse is the output of CreatePolicy.
type CreatePolicyResponse struct {
	// The new policy.
	Policy Policy
}

// GetPolicyRequest is the input of GetPolicy.
type GetPolicyRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// GetPolicyResponse is the output of GetPolicy.
type GetPolicyResponse struct {
	// The policy.
	Policy Policy
}

// DeletePolicyRequest is the input of DeletePolicy.
type DeletePolicyRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// ListPoliciesRequest is the input of ListPolicies.
type ListPoliciesRequest struct {
	// Whose policies to list: those of AWS, those of the account (Local), or all,
	// which is what happens if it is absent.
	Scope PolicyScopeType
	// Only policies that are attached to something.
	OnlyAttached BooleanType
	// Only policies whose path begins like this; all if absent.
	PathPrefix PolicyPathType
	// Only policies that are used as this.
	PolicyUsageFilter PolicyUsageType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most policies that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListPoliciesResponse is the output of ListPolicies.
type ListPoliciesResponse struct {
	// The policies of the page.
	Policies PolicyListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// CreatePolicyVersionRequest is the input of CreatePolicyVersion.
type CreatePolicyVersionRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The new version.
	PolicyDocument PolicyDocumentType `aws:"required"`
	// Whether the new version comes into force.
	SetAsDefault BooleanType
}

// CreatePolicyVersionResponse is the output of CreatePolicyVersion.
type CreatePolicyVersionResponse struct {
	// The new version, without its document.
	PolicyVersion PolicyVersion
}

// GetPolicyVersionRequest is the input of GetPolicyVersion.
type GetPolicyVersionRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The version.
	VersionId PolicyVersionIdType `aws:"required"`
}

// GetPolicyVersionResponse is the output of GetPolicyVersion.
type GetPolicyVersionResponse struct {
	// The version with its document.
	PolicyVersion PolicyVersion
}

// DeletePolicyVersionRequest is the input of DeletePolicyVersion.
type DeletePolicyVersionRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The version, which must not be in force.
	VersionId PolicyVersionIdType `aws:"required"`
}

// ListPolicyVersionsRequest is the input of ListPolicyVersions.
type ListPolicyVersionsRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most versions that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListPolicyVersionsResponse is the output of ListPolicyVersions.
type ListPolicyVersionsResponse struct {
	// The versions of the page, newest first, without their documents.
	Versions PolicyDocumentVersionListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// SetDefaultPolicyVersionRequest is the input of SetDefaultPolicyVersion.
type SetDefaultPolicyVersionRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The version that comes into force.
	VersionId PolicyVersionIdType `aws:"required"`
}

// AttachRolePolicyRequest is the input of AttachRolePolicy.
type AttachRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// DetachRolePolicyRequest is the input of DetachRolePolicy.
type DetachRolePolicyRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// ListAttachedRolePoliciesRequest is the input of ListAttachedRolePolicies.
type ListAttachedRolePoliciesRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// Only policies whose path begins like this; all if absent.
	PathPrefix PolicyPathType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most policies that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListAttachedRolePoliciesResponse is the output of ListAttachedRolePolicies.
type ListAttachedRolePoliciesResponse struct {
	// The policies of the page.
	AttachedPolicies AttachedPoliciesListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// AttachUserPolicyRequest is the input of AttachUserPolicy.
type AttachUserPolicyRequest struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// DetachUserPolicyRequest is the input of DetachUserPolicy.
type DetachUserPolicyRequest struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
}

// ListAttachedUserPoliciesRequest is the input of ListAttachedUserPolicies.
type ListAttachedUserPoliciesRequest struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// Only policies whose path begins like this; all if absent.
	PathPrefix PolicyPathType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most policies that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListAttachedUserPoliciesResponse is the output of ListAttachedUserPolicies.
type ListAttachedUserPoliciesResponse struct {
	// The policies of the page.
	AttachedPolicies AttachedPoliciesListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// ListEntitiesForPolicyRequest is the input of ListEntitiesForPolicy.
type ListEntitiesForPolicyRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// Only entities of this kind.
	EntityFilter EntityType
	// Only entities whose path begins like this; all if absent.
	PathPrefix PathType
	// Only entities that use the policy as this.
	PolicyUsageFilter PolicyUsageType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most entities that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListEntitiesForPolicyResponse is the output of ListEntitiesForPolicy.
type ListEntitiesForPolicyResponse struct {
	// The groups of the page. There are none.
	PolicyGroups PolicyGroupListType
	// The users of the page.
	PolicyUsers PolicyUserListType
	// The roles of the page.
	PolicyRoles PolicyRoleListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// PutRolePermissionsBoundaryRequest is the input of PutRolePermissionsBoundary.
type PutRolePermissionsBoundaryRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The ARN of the policy that bounds the role.
	PermissionsBoundary ArnType `aws:"required"`
}

// DeleteRolePermissionsBoundaryRequest is the input of
// DeleteRolePermissionsBoundary.
type DeleteRolePermissionsBoundaryRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
}
