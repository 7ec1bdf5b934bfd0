package iam

import (
	"cmp"
	"context"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// about says what a signed operation is about ("Actions, resources, and
// condition keys for AWS Identity and Access Management" in the Service
// Authorization Reference). An input that names a user or role by its name alone
// is about the ARN with its path, and a refusal calls it by the name or ARN
// that the caller gave, as AWS does: what is found is for those who may see it. What is
// not there is about the ARN as it was named.
func (s *Service) about(ctx context.Context, c awsapi.Caller, in any, facts map[string][]string) (awsapi.Resource, error) {
	setInputFacts(facts, in)
	named := in.(awsapi.ResourceNamer).ResourceARN(c)
	resource := awsapi.Resource{ARN: named}
	if !namesEntity(in) {
		return resource, nil
	}
	resource.Name = cmp.Or(shownName(named), named)
	if _, byARN := in.(*SimulatePrincipalPolicyRequest); byARN {
		resource.Name = named
	}
	err := s.Store.View(ctx, func(tx Tx) error {
		named, err := userMeant(tx, c, in, named)
		if err != nil {
			return err
		}
		there, ok, err := findResource(tx, c, named)
		if err != nil || !ok {
			return err
		}
		resource.ARN = there.arn
		there.setTags(facts)
		if changesRights(in) {
			setIfAny(facts, "iam:permissionsboundary", string(there.boundary))
		}
		return nil
	})
	return resource, err
}

// SetResourceTags adds the condition keys of the tags of what an ARN names, for
// operations of other services that are about it.
func (s *Service) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts policy.Context) error {
	return s.Store.View(ctx, func(tx Tx) error {
		there, ok, err := findResource(tx, c, arn)
		if err == nil && ok {
			there.setTags(facts)
		}
		return err
	})
}

// changesRights says that an operation gives rights to a user or role or takes
// them away, for which the boundary that it has is a condition key. Setting a
// boundary is about the new one.
func changesRights(in any) bool {
	switch in.(type) {
	case *PutRolePolicyRequest, *DeleteRolePolicyRequest, *AttachRolePolicyRequest, *DetachRolePolicyRequest, *DeleteRolePermissionsBoundaryRequest,
		*PutUserPolicyRequest, *DeleteUserPolicyRequest, *AttachUserPolicyRequest, *DetachUserPolicyRequest, *DeleteUserPermissionsBoundaryRequest:
		return true
	}
	return false
}

// namesEntity says that an operation is about an entity that should be there. One
// that makes an entity is not about another of that name, which will stand in its
// way, and a listing is about the prefix of a path.
func namesEntity(in any) bool {
	switch in.(type) {
	case *CreateRoleRequest, *CreateUserRequest, *CreatePolicyRequest, *CreateOpenIDConnectProviderRequest, *CreateSAMLProviderRequest,
		*ListRolesRequest, *ListUsersRequest, *ListPoliciesRequest, *ListOpenIDConnectProvidersRequest, *ListSAMLProvidersRequest:
		return false
	}
	return true
}

// userMeant is the user that an operation is about without naming one: the caller,
// by the unique ID, or the one whose access key it names.
func userMeant(tx Tx, c awsapi.Caller, in any, named string) (string, error) {
	var user *UserEntity
	var ok bool
	var err error
	if about, isKey := in.(*GetAccessKeyLastUsedRequest); isKey {
		_, user, ok, err = findKey(tx, about.AccessKeyId)
	} else if named == c.PrincipalARN && isUser(named) {
		user, ok, err = tx.UserByID(IdType(c.PrincipalID))
	}
	if err != nil || !ok {
		return named, err
	}
	return string(user.Arn), nil
}

// found is an entity that an operation is about.
type found struct {
	arn  string
	tags TagListType
	// boundary is the permissions boundary of a user or role; empty if it has none.
	boundary ArnType
}

func (f *found) setTags(facts policy.Context) {
	setTags(facts, "aws:resourcetag/", f.tags)
	setTags(facts, "iam:resourcetag/", f.tags)
}

// findResource finds the entity that an ARN names. A user or role that is named
// without a path is found by its name.
func findResource(tx Tx, c awsapi.Caller, named string) (there found, ok bool, err error) {
	a, err := arn.Parse(named)
	if err != nil || a.Service != "iam" || a.Account != c.Account {
		return found{}, false, nil
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case userResource:
		user, ok, err := tx.User(c.Account, UserNameType(lastSegment(name)))
		if err != nil || !ok || strings.Contains(name, "/") && string(user.Arn) != named {
			return found{}, false, err
		}
		return found{string(user.Arn), user.Tags, user.PermissionsBoundary.policy()}, true, nil
	case policyResource:
		p, ok, err := tx.Policy(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	case roleResource:
		role, ok, err := tx.Role(c.Account, lastSegment(name))
		if err != nil || !ok || strings.Contains(name, "/") && string(role.Arn) != named {
			return found{}, false, err
		}
		return found{string(role.Arn), role.Tags, role.PermissionsBoundary.policy()}, true, nil
	case "oidc-provider":
		p, ok, err := tx.OIDCProvider(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	case "saml-provider":
		p, ok, err := tx.SAMLProvider(ArnType(named))
		if err != nil || !ok {
			return found{}, false, err
		}
		return found{arn: named, tags: p.Tags}, true, nil
	}
	return found{}, false, nil
}

// shownName is what AWS calls a user or role that was named without its path: role
// and the name; and a managed policy: policy and its ARN. Others are called by their
// ARN.
func shownName(named string) string {
	a, err := arn.Parse(named)
	if err != nil {
		return ""
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	if kind == policyResource {
		return kind + " " + named
	}
	if kind != roleResource && kind != userResource || name == "" || strings.Contains(name, "/") {
		return ""
	}
	return kind + " " + name
}

// setInputFacts adds the condition keys that come from the input: tags that it
// gives or takes away, and policies that it names.
func setInputFacts(facts policy.Context, in any) {
	tags, keys := inputTags(in)
	setTags(facts, "aws:requesttag/", tags)
	for _, t := range tags {
		keys = append(keys, string(t.Key))
	}
	if len(keys) > 0 {
		facts.Set("aws:tagkeys", keys...)
	}
	setIfAny(facts, "iam:permissionsboundary", string(inputBoundary(in)))
	setIfAny(facts, "iam:policyarn", string(inputPolicy(in)))
}

func inputTags(in any) (tags TagListType, keys []string) {
	switch in := in.(type) {
	case *CreateRoleRequest:
		tags = in.Tags
	case *CreateUserRequest:
		tags = in.Tags
	case *CreatePolicyRequest:
		tags = in.Tags
	case *CreateOpenIDConnectProviderRequest:
		tags = in.Tags
	case *CreateSAMLProviderRequest:
		tags = in.Tags
	case *TagRoleRequest:
		tags = in.Tags
	case *TagOpenIDConnectProviderRequest:
		tags = in.Tags
	case *TagSAMLProviderRequest:
		tags = in.Tags
	case *TagPolicyRequest:
		tags = in.Tags
	case *TagUserRequest:
		tags = in.Tags
	case *UntagRoleRequest:
		keys = text(in.TagKeys)
	case *UntagOpenIDConnectProviderRequest:
		keys = text(in.TagKeys)
	case *UntagSAMLProviderRequest:
		keys = text(in.TagKeys)
	case *UntagPolicyRequest:
		keys = text(in.TagKeys)
	case *UntagUserRequest:
		keys = text(in.TagKeys)
	}
	return tags, keys
}

func text(keys TagKeyListType) []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = string(k)
	}
	return list
}

func inputBoundary(in any) ArnType {
	switch in := in.(type) {
	case *CreateRoleRequest:
		return in.PermissionsBoundary
	case *CreateUserRequest:
		return in.PermissionsBoundary
	case *PutRolePermissionsBoundaryRequest:
		return in.PermissionsBoundary
	case *PutUserPermissionsBoundaryRequest:
		return in.PermissionsBoundary
	}
	return ""
}

// inputPolicy is the managed policy that a user or role gets or loses.
func inputPolicy(in any) ArnType {
	switch in := in.(type) {
	case *AttachRolePolicyRequest:
		return in.PolicyArn
	case *DetachRolePolicyRequest:
		return in.PolicyArn
	case *AttachUserPolicyRequest:
		return in.PolicyArn
	case *DetachUserPolicyRequest:
		return in.PolicyArn
	}
	return ""
}

// The resources that the operations are about, as the inputs name them. Where an
// input does not tell a role's path, the name stands alone, and about finds it.

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
	return "arn:aws:iam::" + c.Account + ":" + providerResource + name
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

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetContextKeysForCustomPolicyRequest) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *SimulateCustomPolicyRequest) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *SimulatePrincipalPolicyRequest) ResourceARN(awsapi.Caller) string {
	return string(in.PolicySourceArn)
}
