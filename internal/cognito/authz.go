package cognito

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// keyPoolARN is the condition key of operations that have no resource although
// they are about a pool.
const keyPoolARN = "cognito-identity:identitypoolarn"

// about says what a signed operation is about ("Actions, resources, and
// condition keys for Amazon Cognito Identity" in the Service Authorization
// Reference). Beyond AWS, operations without a resource have the tags of their
// pool, and SetIdentityPoolRoles and SetPrincipalTagAttributeMap its ARN, so
// that a team can be kept to its pools.
func (s *Service) about(ctx context.Context, c awsapi.Caller, in any, facts map[string][]string) (awsapi.Resource, error) {
	setRequestTags(facts, in)
	resource := awsapi.Resource{ARN: in.(awsapi.ResourceNamer).ResourceARN(c)}
	pool, err := s.poolAbout(ctx, c, in, resource.ARN)
	if err != nil {
		return resource, err
	}
	if resource.ARN == "*" && pool.arn != "" {
		facts[keyPoolARN] = []string{pool.arn}
	}
	setTags(facts, "aws:resourcetag/", pool.tags)
	return resource, nil
}

// SetResourceTags adds the condition keys of the tags of a pool that an ARN names,
// for operations of other services that are about it. Those are not bound to the
// region that a request was signed for, so the pool counts wherever it is.
func (s *Service) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts policy.Context) error {
	id, bad := taggedPool(c, ARNString(arn))
	if bad != nil { // about no pool
		return nil
	}
	c.Region, _, _ = strings.Cut(string(id), ":")
	pool, err := s.poolNamed(ctx, c, id)
	setTags(facts, "aws:resourcetag/", pool.tags)
	return err
}

// SetIdentityPool adds the condition keys of the pool of an identity, for
// operations of other services that are about the identity. One that is not there
// has none.
func (s *Service) SetIdentityPool(ctx context.Context, c awsapi.Caller, id string, facts policy.Context) error {
	c.Region, _, _ = strings.Cut(id, ":")
	pool, err := s.poolWith(ctx, c, IdentityId(id))
	if pool.arn != "" {
		facts[keyPoolARN] = []string{pool.arn}
	}
	setTags(facts, "aws:resourcetag/", pool.tags)
	return err
}

// setTags adds tags under a condition key's prefix.
func setTags(facts policy.Context, prefix string, tags IdentityPoolTagsType) {
	for k, v := range tags {
		facts.Set(prefix+string(k), string(v))
	}
}

// named is a pool that an operation is about. It need not exist; then it has
// no tags.
type named struct {
	arn  string
	tags IdentityPoolTagsType
}

// poolAbout finds the pool that an operation is about, if it is about one.
func (s *Service) poolAbout(ctx context.Context, c awsapi.Caller, in any, resource string) (named, error) {
	switch in := in.(type) {
	case *DescribeIdentityInput:
		return s.poolWith(ctx, c, in.IdentityId)
	case *DeleteIdentitiesInput:
		return s.poolToDeleteFrom(ctx, c, in.IdentityIdsToDelete)
	case *SetIdentityPoolRolesInput:
		return s.poolNamed(ctx, c, in.IdentityPoolId)
	case *SetPrincipalTagAttributeMapInput:
		return s.poolNamed(ctx, c, in.IdentityPoolId)
	}
	id, bad := taggedPool(c, ARNString(resource))
	if bad != nil { // about no pool, or about one that nobody has
		return named{}, nil
	}
	return s.poolNamed(ctx, c, id)
}

func (s *Service) poolNamed(ctx context.Context, c awsapi.Caller, id IdentityPoolId) (about named, err error) {
	about.arn = poolARN(c.Account, id)
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err := tx.Pool(id)
		if err == nil && p != nil && p.belongsTo(c) {
			about.tags = p.IdentityPoolTags
		}
		return err
	})
	return about, err
}

// poolWith finds the pool of an identity. There is none for an identity that is
// not there, or that belongs to others.
func (s *Service) poolWith(ctx context.Context, c awsapi.Caller, id IdentityId) (about named, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		_, p, err := ownIdentity(tx, c, id)
		if err == nil && p != nil {
			about = named{p.ARN(), p.IdentityPoolTags}
		}
		return err
	})
	return about, err
}

// ownIdentity finds an identity that belongs to the caller: of a pool of the
// caller's account, in the region that the request was signed for. Both are nil
// if there is none.
func ownIdentity(tx Tx, c awsapi.Caller, id IdentityId) (*Identity, *Pool, error) {
	region, g, ok := parseID(string(id))
	if !ok || region != c.Region {
		return nil, nil, nil
	}
	i, err := tx.Identity(g)
	if err != nil || i == nil {
		return nil, nil, err
	}
	p, err := tx.PoolByNumber(i.Pool)
	if err != nil || p == nil || !p.belongsTo(c) {
		return nil, nil, err
	}
	return i, p, nil
}

// poolToDeleteFrom finds a pool whose identities the caller may delete, among
// those of a request. If there is none, it is the pool of the first identity.
// DeleteIdentities asks again about each.
func (s *Service) poolToDeleteFrom(ctx context.Context, c awsapi.Caller, ids IdentityIdList) (named, error) {
	var first named
	asked := map[string]bool{}
	for n, id := range ids {
		p, err := s.poolWith(ctx, c, id)
		if err != nil {
			return p, err
		}
		if n == 0 {
			first = p
		}
		if asked[p.arn] {
			continue
		}
		asked[p.arn] = true
		if may, err := s.mayDelete(ctx, c, p); err != nil || may {
			return p, err
		}
	}
	return first, nil
}

// mayDelete says whether the caller may delete identities of a pool, or, for the
// zero value, identities that are not there.
func (s *Service) mayDelete(ctx context.Context, c awsapi.Caller, p named) (bool, error) {
	facts := iam.NewFacts()
	if p.arn != "" {
		facts.Set(keyPoolARN, p.arn)
	}
	setTags(facts, "aws:resourcetag/", p.tags)
	decision, err := s.IAM.Authorize(ctx, c, "cognito-identity:DeleteIdentities", "*", facts)
	return err == nil && decision.Allowed(), err
}

// setRequestTags adds the condition keys of tags that a request gives or takes
// away.
func setRequestTags(facts map[string][]string, in any) {
	var tags IdentityPoolTagsType
	var keys []string
	switch in := in.(type) {
	case *CreateIdentityPoolInput:
		tags = in.IdentityPoolTags
	case *IdentityPool:
		tags = in.IdentityPoolTags
	case *TagResourceInput:
		tags = in.Tags
	case *UntagResourceInput:
		for _, k := range in.TagKeys {
			keys = append(keys, string(k))
		}
	}
	setTags(facts, "aws:requesttag/", tags)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		keys = append(keys, string(k))
	}
	if len(keys) > 0 {
		facts["aws:tagkeys"] = keys
	}
}

// The resources that the operations are about, as IAM names them. Operations
// on a pool name it; those on the account's pools are about the bare prefix, which
// is how AWS words it in a denial; the others have none.

// ResourceARN implements awsapi.ResourceNamer.
func (in *DescribeIdentityPoolInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteIdentityPoolInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *IdentityPool) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetIdentityPoolRolesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListIdentitiesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetOpenIdTokenForDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *LookupDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *MergeDeveloperIdentitiesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UnlinkDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetPrincipalTagAttributeMapInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListTagsForResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateIdentityPoolInput) ResourceARN(c awsapi.Caller) string { return anyPoolARN(c) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListIdentityPoolsInput) ResourceARN(c awsapi.Caller) string { return anyPoolARN(c) }

func anyPoolARN(c awsapi.Caller) string {
	return "arn:aws:cognito-identity:" + c.Region + ":" + c.Account + ":identitypool/"
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DescribeIdentityInput) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteIdentitiesInput) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *SetIdentityPoolRolesInput) ResourceARN(awsapi.Caller) string { return "*" }

// ResourceARN implements awsapi.ResourceNamer.
func (in *SetPrincipalTagAttributeMapInput) ResourceARN(awsapi.Caller) string { return "*" }
