package cognito

import (
	"context"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// What the operations are about ("Actions, resources, and condition keys for
// Amazon Cognito Identity" in the Service Authorization Reference). Operations on a
// pool name it; those on the account's pools are about the bare prefix, which is
// how AWS words it in a denial; the others have no resource. Beyond AWS, operations
// without a resource have the tags of their pool, and SetIdentityPoolRoles and
// SetPrincipalTagAttributeMap its ARN, so that a team can be kept to its pools.
var (
	aPool       = awsapi.On("identity pool", namedPool, "IdentityPoolId")
	aTaggedPool = awsapi.OnARN("identity pool", "ResourceArn")
	allPools    = awsapi.On("all identity pools of the account in the region", anyPoolARN)
)

// The condition keys of what an operation is about.
const (
	keyTags = "aws:ResourceTag/${TagKey}"
	keyPool = "cognito-identity:IdentityPoolArn"
)

// about is a subject with the tags of the pool that it names.
func (s *Service) about(subject awsapi.Subject) awsapi.Subject {
	return subject.Found(s.findPool, keyTags)
}

// aboutPoolOfIdentity is about no resource, but has the pool of an identity.
func (s *Service) aboutPoolOfIdentity() awsapi.Subject {
	find := func(ctx context.Context, c awsapi.Caller, _ *awsapi.Resource, facts map[string][]string, members ...string) error {
		pool, err := s.poolWith(ctx, c, IdentityId(members[0]))
		pool.setFacts(facts)
		return err
	}
	return awsapi.OnNothing("IdentityId").Found(find, keyPool, keyTags)
}

// aboutPoolToChange is about no resource, but has the pool that is named.
func (s *Service) aboutPoolToChange() awsapi.Subject {
	find := func(ctx context.Context, c awsapi.Caller, _ *awsapi.Resource, facts map[string][]string, members ...string) error {
		pool, err := s.poolNamed(ctx, c, IdentityPoolId(members[0]))
		pool.setFacts(facts)
		return err
	}
	return awsapi.OnNothing("IdentityPoolId").Found(find, keyPool, keyTags)
}

// aboutIdentitiesToDelete is about no resource, but has the pool of identities
// that the caller may delete.
func (s *Service) aboutIdentitiesToDelete() awsapi.Subject {
	find := func(ctx context.Context, c awsapi.Caller, in *DeleteIdentitiesInput, _ *awsapi.Resource, facts map[string][]string) error {
		pool, err := s.poolToDeleteFrom(ctx, c, in.IdentityIdsToDelete)
		pool.setFacts(facts)
		return err
	}
	return awsapi.FoundIn(awsapi.OnNothing(), find, keyPool, keyTags)
}

func namedPool(c awsapi.Caller, members ...string) string {
	return poolARN(c.Account, IdentityPoolId(members[0]))
}

func anyPoolARN(c awsapi.Caller, _ ...string) string {
	return "arn:aws:cognito-identity:" + c.Region + ":" + c.Account + ":identitypool/"
}

// findPool adds the tags of the pool that a resource is. One that nobody has, has
// none.
func (s *Service) findPool(ctx context.Context, c awsapi.Caller, r *awsapi.Resource, facts map[string][]string, _ ...string) error {
	id, err := taggedPool(c, ARNString(r.ARN))
	if err != nil { // it names no pool
		return nil
	}
	pool, err := s.poolNamed(ctx, c, id)
	setTags(facts, "aws:resourcetag/", pool.tags)
	return err
}

// SetResourceTags adds the condition keys of the tags of a pool that an ARN names,
// for operations of other services that are about it. Those are not bound to the
// region that a request was signed for, so the pool counts wherever it is.
func (s *Service) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts policy.Context) error {
	id, err := taggedPool(c, ARNString(arn))
	if err != nil { // about no pool
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
	pool.setFacts(facts)
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

// setFacts adds the condition keys of the pool for operations that have no
// resource although they are about it.
func (n named) setFacts(facts policy.Context) {
	if n.arn != "" {
		facts.Set(keyPool, n.arn)
	}
	setTags(facts, "aws:resourcetag/", n.tags)
}

func (s *Service) poolNamed(ctx context.Context, c awsapi.Caller, id IdentityPoolId) (about named, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		about = named{arn: poolARN(c.Account, id)}
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
		about = named{}
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
	p.setFacts(facts)
	decision, err := s.IAM.Authorize(ctx, c, "cognito-identity:DeleteIdentities", "*", facts)
	return err == nil && decision.Allowed(), err
}
