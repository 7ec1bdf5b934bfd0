package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// PutUserPolicy adds or replaces an inline policy of a user.
func (s *Service) PutUserPolicy(ctx context.Context, c awsapi.Caller, in *PutUserPolicyRequest) (*awsapi.None, error) {
	document, err := parsePolicy(policy.Identity, in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	err = s.changeUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		limit := s.Limits.UserPoliciesSize
		return putInline(tx, user.UserId, in.PolicyName, document, limit, userPoliciesTooLarge(user.UserName, limit))
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// GetUserPolicy shows an inline policy of a user.
func (s *Service) GetUserPolicy(ctx context.Context, c awsapi.Caller, in *GetUserPolicyRequest) (*GetUserPolicyResponse, error) {
	var out GetUserPolicyResponse
	err := s.viewUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		document, ok, err := tx.InlinePolicy(user.UserId, in.PolicyName)
		if err != nil {
			return err
		}
		if !ok {
			return userPolicyNotFound(in.PolicyName)
		}
		out = GetUserPolicyResponse{UserName: ExistingUserNameType(user.UserName), PolicyName: in.PolicyName, PolicyDocument: urlEncoded(document)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// ListUserPolicies lists the names of a user's inline policies.
func (s *Service) ListUserPolicies(ctx context.Context, c awsapi.Caller, in *ListUserPoliciesRequest) (*ListUserPoliciesResponse, error) {
	out := &ListUserPoliciesResponse{}
	err := s.viewUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) (err error) {
		p := page{"ListUserPolicies", string(user.UserId), in.Marker, in.MaxItems}
		out.PolicyNames, out.Marker, err = s.inline(tx, user.UserId, p)
		out.IsTruncated = out.Marker != ""
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteUserPolicy deletes an inline policy of a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, c awsapi.Caller, in *DeleteUserPolicyRequest) (*awsapi.None, error) {
	err := s.changeUser(ctx, c, in.UserName, func(tx Tx, user *UserEntity) error {
		was, err := tx.DeleteInlinePolicy(user.UserId, in.PolicyName)
		if err == nil && !was {
			return userPolicyNotFound(in.PolicyName)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// AttachUserPolicy gives a user a managed policy. One that it has it keeps.
func (s *Service) AttachUserPolicy(ctx context.Context, c awsapi.Caller, in *AttachUserPolicyRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PolicyArn))
	err := s.changeUser(ctx, c, ExistingUserNameType(in.UserName), func(tx Tx, user *UserEntity) error {
		return attach(tx, c, user.UserId, in.PolicyArn, quota{causeLimitAttachedPolicies, "PoliciesPerUser", s.Limits.PoliciesPerUser})
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// DetachUserPolicy takes a managed policy from a user.
func (s *Service) DetachUserPolicy(ctx context.Context, c awsapi.Caller, in *DetachUserPolicyRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("policy", string(in.PolicyArn))
	err := s.changeUser(ctx, c, ExistingUserNameType(in.UserName), func(tx Tx, user *UserEntity) error {
		return detach(tx, user.UserId, in.PolicyArn)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListAttachedUserPolicies lists the managed policies of a user by name, ignoring
// case.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, c awsapi.Caller, in *ListAttachedUserPoliciesRequest) (*ListAttachedUserPoliciesResponse, error) {
	out := &ListAttachedUserPoliciesResponse{}
	err := s.viewUser(ctx, c, ExistingUserNameType(in.UserName), func(tx Tx, user *UserEntity) (err error) {
		p := page{"ListAttachedUserPolicies", string(user.UserId), in.Marker, in.MaxItems}
		out.AttachedPolicies, out.Marker, err = s.attached(tx, user.UserId, in.PathPrefix, p)
		out.IsTruncated = out.Marker != ""
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
