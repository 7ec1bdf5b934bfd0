package cognito

import (
	"context"
	"maps"
	"strings"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
)

// poolOfARN finds the pool that an ARN names. It need not exist.
func poolOfARN(a ARNString) (IdentityPoolId, error) {
	parsed, err := arn.Parse(string(a))
	id, isPool := strings.CutPrefix(parsed.Resource, "identitypool/")
	if err != nil || !isPool || parsed.Service != "cognito-identity" || !strings.HasPrefix(id, parsed.Region+":") {
		return "", exception(invalidParameter, "Invalid resource ARN '%s'.", a).Because(causeResourceArn, nil)
	}
	return IdentityPoolId(id), nil
}

// taggedPool gives the ID of the pool that an ARN names for a caller, who sees
// nothing of other accounts' pools.
func taggedPool(c awsapi.Caller, a ARNString) (IdentityPoolId, error) {
	id, err := poolOfARN(a)
	if err == nil && poolARN(c.Account, id) != string(a) {
		err = poolNotFound(id)
	}
	return id, err
}

// TagResource adds tags to a pool, or replaces their values.
func (s *Service) TagResource(ctx context.Context, c awsapi.Caller, in *TagResourceInput) (*TagResourceResponse, error) {
	id, err := taggedPool(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	_, err = s.changePool(ctx, c, id, throttled, func(p *Pool) error {
		p.IdentityPoolTags = maps.Clone(p.IdentityPoolTags)
		maps.Copy(p.IdentityPoolTags, in.Tags)
		if err := checkTags(p.IdentityPoolTags, s.Limits); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &TagResourceResponse{}, nil
}

// UntagResource removes tags from a pool. Those that it does not have are
// nothing to remove.
func (s *Service) UntagResource(ctx context.Context, c awsapi.Caller, in *UntagResourceInput) (*UntagResourceResponse, error) {
	id, err := taggedPool(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	_, err = s.changePool(ctx, c, id, throttled, func(p *Pool) error {
		p.IdentityPoolTags = maps.Clone(p.IdentityPoolTags)
		for _, k := range in.TagKeys {
			delete(p.IdentityPoolTags, k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &UntagResourceResponse{}, nil
}

// ListTagsForResource lists the tags of a pool.
func (s *Service) ListTagsForResource(ctx context.Context, c awsapi.Caller, in *ListTagsForResourceInput) (*ListTagsForResourceResponse, error) {
	id, err := taggedPool(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	p, err := s.viewPool(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return &ListTagsForResourceResponse{Tags: p.IdentityPoolTags}, nil
}
