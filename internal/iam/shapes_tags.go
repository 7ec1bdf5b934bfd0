package iam

type (
	// Keys of tags.
	TagKeyListType []TagKeyType
)

// TagRoleRequest is the input of TagRole.
type TagRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The tags to add; one whose key is there takes the other's place.
	Tags TagListType `aws:"required"`
}

// UntagRoleRequest is the input of UntagRole.
type UntagRoleRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The keys of the tags to remove.
	TagKeys TagKeyListType `aws:"required"`
}

// ListRoleTagsRequest is the input of ListRoleTags.
type ListRoleTagsRequest struct {
	// The name of the role.
	RoleName RoleNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most tags that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListRoleTagsResponse is the output of ListRoleTags.
type ListRoleTagsResponse struct {
	// The tags of the page.
	Tags TagListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// TagOpenIDConnectProviderRequest is the input of TagOpenIDConnectProvider.
type TagOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The tags to add; one whose key is there takes the other's place.
	Tags TagListType `aws:"required"`
}

// UntagOpenIDConnectProviderRequest is the input of UntagOpenIDConnectProvider.
type UntagOpenIDConnectProviderRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The keys of the tags to remove.
	TagKeys TagKeyListType `aws:"required"`
}

// ListOpenIDConnectProviderTagsRequest is the input of ListOpenIDConnectProviderTags.
type ListOpenIDConnectProviderTagsRequest struct {
	// The ARN of the provider.
	OpenIDConnectProviderArn ArnType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most tags that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListOpenIDConnectProviderTagsResponse is the output of ListOpenIDConnectProviderTags.
type ListOpenIDConnectProviderTagsResponse struct {
	// The tags of the page.
	Tags TagListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// TagSAMLProviderRequest is the input of TagSAMLProvider.
type TagSAMLProviderRequest struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
	// The tags to add; one whose key is there takes the other's place.
	Tags TagListType `aws:"required"`
}

// UntagSAMLProviderRequest is the input of UntagSAMLProvider.
type UntagSAMLProviderRequest struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
	// The keys of the tags to remove.
	TagKeys TagKeyListType `aws:"required"`
}

// ListSAMLProviderTagsRequest is the input of ListSAMLProviderTags.
type ListSAMLProviderTagsRequest struct {
	// The ARN of the provider.
	SAMLProviderArn ArnType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most tags that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListSAMLProviderTagsResponse is the output of ListSAMLProviderTags.
type ListSAMLProviderTagsResponse struct {
	// The tags of the page.
	Tags TagListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// TagPolicyRequest is the input of TagPolicy.
type TagPolicyRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The tags to add; one whose key is there takes the other's place.
	Tags TagListType `aws:"required"`
}

// UntagPolicyRequest is the input of UntagPolicy.
type UntagPolicyRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The keys of the tags to remove.
	TagKeys TagKeyListType `aws:"required"`
}

// ListPolicyTagsRequest is the input of ListPolicyTags.
type ListPolicyTagsRequest struct {
	// The ARN of the policy.
	PolicyArn ArnType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most tags that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListPolicyTagsResponse is the output of ListPolicyTags.
type ListPolicyTagsResponse struct {
	// The tags of the page.
	Tags TagListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// TagUserRequest is the input of TagUser.
type TagUserRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The tags to add; one whose key is there takes the other's place.
	Tags TagListType `aws:"required"`
}

// UntagUserRequest is the input of UntagUser.
type UntagUserRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The keys of the tags to remove.
	TagKeys TagKeyListType `aws:"required"`
}

// ListUserTagsRequest is the input of ListUserTags.
type ListUserTagsRequest struct {
	// The name of the user.
	UserName ExistingUserNameType `aws:"required"`
	// The pagination token from the previous page.
	Marker MarkerType
	// The most tags that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListUserTagsResponse is the output of ListUserTags.
type ListUserTagsResponse struct {
	// The tags of the page.
	Tags TagListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}
