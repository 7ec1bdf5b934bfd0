package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// TagRole adds tags to a role or changes their values.
func (s *Service) TagRole(ctx context.Context, c awsapi.Caller, in *TagRoleRequest) (*awsapi.None, error) {
	return s.retagRole(ctx, c, in.RoleName, adding(in.Tags, "TagsPerRole"), func(was RoleSettings) (RoleSettings, error) { return was.set(in.Tags) })
}

// UntagRole removes tags from a role.
func (s *Service) UntagRole(ctx context.Context, c awsapi.Caller, in *UntagRoleRequest) (*awsapi.None, error) {
	return s.retagRole(ctx, c, in.RoleName, removing(in.TagKeys), func(was RoleSettings) (RoleSettings, error) { return was.unset(in.TagKeys), nil })
}

func (s *Service) retagRole(ctx context.Context, c awsapi.Caller, name RoleNameType, change retag, resettle func(RoleSettings) (RoleSettings, error)) (*awsapi.None, error) {
	err := s.changeRole(ctx, c, name, func(tx Tx, role *RoleEntity) error {
		tags, err := change(role.Tags)
		if err != nil {
			return err
		}
		settings, err := resettle(role.Settings)
		if err != nil {
			return err
		}
		changed := role.with(func(r *Role) { r.Tags = tags })
		changed.Settings = settings
		return tx.ReplaceRole(changed)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListRoleTags lists the tags of a role by key.
func (s *Service) ListRoleTags(ctx context.Context, c awsapi.Caller, in *ListRoleTagsRequest) (out *ListRoleTagsResponse, err error) {
	err = s.viewRole(ctx, c, in.RoleName, func(_ Tx, role *RoleEntity) (err error) {
		out, err = s.listTags(page{"ListRoleTags", string(role.RoleId), in.Marker, in.MaxItems}, role.Tags)
		return err
	})
	return out, err
}

// TagOpenIDConnectProvider adds tags to a provider or changes their values.
func (s *Service) TagOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *TagOpenIDConnectProviderRequest) (*awsapi.None, error) {
	return s.retagProvider(ctx, c, in.OpenIDConnectProviderArn, adding(in.Tags, "TagsPerOpenIdConnectProvider"))
}

// UntagOpenIDConnectProvider removes tags from a provider.
func (s *Service) UntagOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *UntagOpenIDConnectProviderRequest) (*awsapi.None, error) {
	return s.retagProvider(ctx, c, in.OpenIDConnectProviderArn, removing(in.TagKeys))
}

func (s *Service) retagProvider(ctx context.Context, c awsapi.Caller, arn ArnType, change retag) (*awsapi.None, error) {
	return s.changeProvider(ctx, c, arn, func(tx Tx, p *OIDCProvider) error {
		tags, err := change(p.Tags)
		if err != nil {
			return err
		}
		return tx.ReplaceOIDCProvider(p.with(func(p *OIDCProvider) { p.Tags = tags }))
	})
}

// ListOpenIDConnectProviderTags lists the tags of a provider by key.
func (s *Service) ListOpenIDConnectProviderTags(ctx context.Context, c awsapi.Caller, in *ListOpenIDConnectProviderTagsRequest) (*ListOpenIDConnectProviderTagsResponse, error) {
	p, err := s.viewProvider(ctx, c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	out, err := s.listTags(page{"ListOpenIDConnectProviderTags", string(p.ARN), in.Marker, in.MaxItems}, p.Tags)
	return (*ListOpenIDConnectProviderTagsResponse)(out), err
}

// TagSAMLProvider adds tags to a SAML provider or changes their values.
func (s *Service) TagSAMLProvider(ctx context.Context, c awsapi.Caller, in *TagSAMLProviderRequest) (*awsapi.None, error) {
	return s.retagSAMLProvider(ctx, c, in.SAMLProviderArn, adding(in.Tags, "TagsPerSAMLProvider"))
}

// UntagSAMLProvider removes tags from a SAML provider.
func (s *Service) UntagSAMLProvider(ctx context.Context, c awsapi.Caller, in *UntagSAMLProviderRequest) (*awsapi.None, error) {
	return s.retagSAMLProvider(ctx, c, in.SAMLProviderArn, removing(in.TagKeys))
}

func (s *Service) retagSAMLProvider(ctx context.Context, c awsapi.Caller, arn ArnType, change retag) (*awsapi.None, error) {
	audit.From(ctx).Set("saml_provider", string(arn))
	if err := parseSAMLProviderARN(arn); err != nil {
		return nil, err
	}
	err := s.changeSAMLProvider(ctx, c, arn, func(tx Tx, p *SAMLProvider) error {
		tags, err := change(p.Tags)
		if err != nil {
			return err
		}
		return tx.PutSAMLProvider(p.tagged(tags))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListSAMLProviderTags lists the tags of a SAML provider by key.
func (s *Service) ListSAMLProviderTags(ctx context.Context, c awsapi.Caller, in *ListSAMLProviderTagsRequest) (*ListSAMLProviderTagsResponse, error) {
	p, err := s.viewSAMLProvider(ctx, c, in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	out, err := s.listTags(page{"ListSAMLProviderTags", string(p.ARN), in.Marker, in.MaxItems}, p.Tags)
	return (*ListSAMLProviderTagsResponse)(out), err
}

// TagPolicy adds tags to a managed policy or changes their values.
func (s *Service) TagPolicy(ctx context.Context, c awsapi.Caller, in *TagPolicyRequest) (*awsapi.None, error) {
	return s.retagPolicy(ctx, c, "iam:TagPolicy", in.PolicyArn, adding(in.Tags, "TagsPerPolicy"))
}

// UntagPolicy removes tags from a managed policy.
func (s *Service) UntagPolicy(ctx context.Context, c awsapi.Caller, in *UntagPolicyRequest) (*awsapi.None, error) {
	return s.retagPolicy(ctx, c, "iam:UntagPolicy", in.PolicyArn, removing(in.TagKeys))
}

func (s *Service) retagPolicy(ctx context.Context, c awsapi.Caller, action string, arn ArnType, change retag) (*awsapi.None, error) {
	err := s.changePolicy(ctx, c, action, arn, func(tx Tx, p *PolicyEntity) error {
		tags, err := change(p.Tags)
		if err != nil {
			return err
		}
		changed := *p
		changed.Tags = tags
		return tx.PutPolicy(&changed)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListPolicyTags lists the tags of a managed policy by key.
func (s *Service) ListPolicyTags(ctx context.Context, c awsapi.Caller, in *ListPolicyTagsRequest) (*ListPolicyTagsResponse, error) {
	var out *ListRoleTagsResponse
	err := s.Store.View(ctx, withPolicy(ctx, c, in.PolicyArn, func(_ Tx, p *PolicyEntity) (err error) {
		out, err = s.listTags(page{"ListPolicyTags", string(p.PolicyId), in.Marker, in.MaxItems}, p.Tags)
		return err
	}))
	return (*ListPolicyTagsResponse)(out), err
}

// TagUser adds tags to a user or changes their values.
func (s *Service) TagUser(ctx context.Context, c awsapi.Caller, in *TagUserRequest) (*awsapi.None, error) {
	return s.retagUser(ctx, c, in.UserName, adding(in.Tags, "TagsPerUser"))
}

// UntagUser removes tags from a user.
func (s *Service) UntagUser(ctx context.Context, c awsapi.Caller, in *UntagUserRequest) (*awsapi.None, error) {
	return s.retagUser(ctx, c, in.UserName, removing(in.TagKeys))
}

func (s *Service) retagUser(ctx context.Context, c awsapi.Caller, name ExistingUserNameType, change retag) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, name, func(tx Tx, user *UserEntity) error {
		tags, err := change(user.Tags)
		if err != nil {
			return err
		}
		return tx.ReplaceUser(user, user.with(func(u *User) { u.Tags = tags }))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListUserTags lists the tags of a user by key.
func (s *Service) ListUserTags(ctx context.Context, c awsapi.Caller, in *ListUserTagsRequest) (*ListUserTagsResponse, error) {
	var out *ListRoleTagsResponse
	err := s.viewUser(ctx, c, in.UserName, func(_ Tx, user *UserEntity) (err error) {
		out, err = s.listTags(page{"ListUserTags", string(user.UserId), in.Marker, in.MaxItems}, user.Tags)
		return err
	})
	return (*ListUserTagsResponse)(out), err
}
