package cognito

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/openid"
)

// belongsTo says whether a pool belongs to the caller: of the caller's account
// and of the region that the request was signed for.
func (p *Pool) belongsTo(c awsapi.Caller) bool {
	return p.Account == c.Account && p.Region() == c.Region
}

// ownPool finds a pool that belongs to the caller.
func ownPool(tx Tx, c awsapi.Caller, id IdentityPoolId) (*Pool, error) {
	p, err := tx.Pool(id)
	if err != nil {
		return nil, err
	}
	switch {
	case p == nil || p.Account != c.Account:
		return nil, poolNotFound(id)
	case !p.belongsTo(c):
		return nil, poolNotFound(id).Because(causePoolRegion, nil)
	}
	return p, nil
}

// viewPool finds a pool that belongs to the caller.
func (s *Service) viewPool(ctx context.Context, c awsapi.Caller, id IdentityPoolId) (p *Pool, err error) {
	audit.From(ctx).Set("pool", string(id))
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err = ownPool(tx, c, id)
		return err
	})
	if err == nil {
		audit.From(ctx).SetPool(string(id))
	}
	return p, err
}

// defaultEditWait is how long a change of a pool waits for others.
const defaultEditWait = 5 * time.Second

// editing refuses a change of a pool that has waited too long for others.
func editing() error {
	return exception(concurrentModification, "Only one request to update resource type Identity Pool can be processed at a time").Because(causeEditWait, nil)
}

// throttled is what operations without ConcurrentModificationException say of
// such a change.
func throttled() error {
	return exception(tooManyRequests, "Rate exceeded").Because(causeEditWait, nil)
}

// changePool changes a pool that belongs to the caller. Changes wait for each
// other, for a bounded time, and then are refused as late says.
func (s *Service) changePool(ctx context.Context, c awsapi.Caller, id IdentityPoolId, late func() error, change func(*Pool) error) (p *Pool, err error) {
	audit.From(ctx).Set("pool", string(id))
	wait := s.EditWait
	if wait == 0 {
		wait = defaultEditWait
	}
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err = s.Store.Configure(bounded, func(tx Tx) error {
		was, err := ownPool(tx, c, id)
		if err != nil {
			return err
		}
		audit.From(ctx).SetPool(string(id))
		p = was.clone()
		if err := change(p); err != nil {
			return err
		}
		p.Version++
		return tx.SavePool(p)
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, late()
	}
	return p, err
}

// CreateIdentityPool makes a pool in the region that the request was signed
// for. The region's first pool makes the region's signing key, which is
// published before anything can be signed with it.
func (s *Service) CreateIdentityPool(ctx context.Context, c awsapi.Caller, in *CreateIdentityPoolInput) (*IdentityPool, error) {
	g, err := newGUID(s.rand())
	if err != nil {
		return nil, err
	}
	p := &Pool{Account: c.Account, Version: 1, Created: s.now(), IdentityPool: IdentityPool{
		IdentityPoolId:                 IdentityPoolId(c.Region + ":" + g.String()),
		IdentityPoolName:               in.IdentityPoolName,
		AllowUnauthenticatedIdentities: in.AllowUnauthenticatedIdentities,
		AllowClassicFlow:               in.AllowClassicFlow,
		SupportedLoginProviders:        in.SupportedLoginProviders,
		DeveloperProviderName:          in.DeveloperProviderName,
		OpenIdConnectProviderARNs:      in.OpenIdConnectProviderARNs,
		CognitoIdentityProviders:       in.CognitoIdentityProviders,
		SamlProviderARNs:               in.SamlProviderARNs,
		IdentityPoolTags:               in.IdentityPoolTags,
	}}
	p.normalize()
	if err := s.addPool(ctx, c, p, nil); err != nil {
		return nil, err
	}
	return &p.IdentityPool, nil
}

// ImportIdentityPool makes a pool of an ID that its caller chose. One that a deleted
// pool had needs reuse: roles and stores may still trust it. With dryRun it only looks
// whether it could.
func (s *Service) ImportIdentityPool(ctx context.Context, c awsapi.Caller, id IdentityPoolId, name IdentityPoolName, guests, reuse, dryRun bool) error {
	region, _, ok := parseID(string(id))
	switch {
	case !ok:
		return exception(invalidParameter, "An identity pool ID is REGION:GUID, with a GUID in lower case.").Because(causePoolIDMalformed, nil)
	case region != c.Region:
		return exception(invalidParameter, "The request is signed for %s, and the identity pool ID is of another region.", c.Region).Because(causePoolRegion, nil)
	}
	p := &Pool{Account: c.Account, Version: 1, Created: s.now(), IdentityPool: IdentityPool{
		IdentityPoolId: id, IdentityPoolName: name, AllowUnauthenticatedIdentities: guests,
	}}
	p.normalize()
	free := func(tx Tx) error {
		there, err := tx.Pool(id)
		if err != nil {
			return err
		}
		if there != nil {
			return exception(resourceConflict, "IdentityPool '%s' already exists.", id).Because(causePoolIDTaken, nil)
		}
		deleted, err := tx.PoolWasDeleted(id)
		if err == nil && deleted && !reuse {
			err = exception(resourceConflict, "IdentityPool '%s' was deleted, and roles and stores may still trust it. Set ReuseId to create it again.", id).Because(causePoolIDUsed, nil)
		}
		return err
	}
	if !dryRun {
		return s.addPool(ctx, c, p, free)
	}
	if err := s.mayAddPool(ctx, c, p); err != nil {
		return err
	}
	audit.From(ctx).Set("pool", string(id))
	return s.Store.View(ctx, func(tx Tx) error {
		if err := free(tx); err != nil {
			return err
		}
		return s.roomForPool(tx, c)
	})
}

// mayAddPool refuses a pool that cannot be in any store.
func (s *Service) mayAddPool(ctx context.Context, c awsapi.Caller, p *Pool) error {
	if err := p.check(s.Limits); err != nil {
		return err
	}
	return s.checkRegion(ctx, c)
}

// roomForPool refuses one more pool than the account can have in a region.
func (s *Service) roomForPool(tx Tx, c awsapi.Caller) error {
	n, err := tx.CountPools(c.Account, c.Region)
	if err == nil && n >= s.Limits.PoolsPerAccount {
		err = exception(limitExceeded, "The account can have at most %d identity pools in a region.", s.Limits.PoolsPerAccount).Because(causeLimitPools, nil)
	}
	return err
}

// addPool stores a new pool, unless what also is asked of the store objects.
func (s *Service) addPool(ctx context.Context, c awsapi.Caller, p *Pool, also func(Tx) error) error {
	if err := s.mayAddPool(ctx, c, p); err != nil {
		return err
	}
	if err := s.OpenID.EnsureKey(ctx, c.Region); errors.Is(err, openid.ErrTooManyRegions) {
		return exception(limitExceeded, "At most %d regions can have identity pools.", openid.MaxRegions).Because(causeLimitRegions, err)
	} else if err != nil {
		return err
	}
	audit.From(ctx).Set("pool", string(p.IdentityPoolId))
	return s.Store.Configure(ctx, func(tx Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		if err := s.roomForPool(tx, c); err != nil {
			return err
		}
		audit.From(ctx).SetPool(string(p.IdentityPoolId))
		return tx.AddPool(p)
	})
}

// checkRegion refuses a region that nobody has heard of. Every region with pools
// has keys of its own in the one key set, which verifiers read up to a size.
func (s *Service) checkRegion(ctx context.Context, c awsapi.Caller) error {
	if slices.Contains(s.Regions, c.Region) {
		return nil
	}
	var pools int
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		pools, err = tx.CountPools(c.Account, c.Region)
		return err
	})
	if err != nil || pools > 0 {
		return err
	}
	return exception(invalidParameter, "Identity pools cannot be created in %s, which is not one of the regions of this server. Choose one of them, or start the server with --allow-region %[1]s.", c.Region).Because(causeRegionUnknown, nil)
}

// DescribeIdentityPool shows a pool's settings.
func (s *Service) DescribeIdentityPool(ctx context.Context, c awsapi.Caller, in *DescribeIdentityPoolInput) (*IdentityPool, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	return &p.IdentityPool, nil
}

// UpdateIdentityPool replaces a pool's settings: what is left out goes back to
// its default, but for the developer provider's name and the tags, which stay.
func (s *Service) UpdateIdentityPool(ctx context.Context, c awsapi.Caller, in *IdentityPool) (*IdentityPool, error) {
	p, err := s.changePool(ctx, c, in.IdentityPoolId, editing, func(p *Pool) error {
		was := p.IdentityPool
		p.IdentityPool = *in
		switch {
		case in.DeveloperProviderName == "":
			p.DeveloperProviderName = was.DeveloperProviderName
		case was.DeveloperProviderName != "" && in.DeveloperProviderName != was.DeveloperProviderName:
			return exception(invalidParameter, "The developer provider name cannot be changed once it is set.").Because(causeDeveloperProviderName, nil)
		}
		if in.IdentityPoolTags == nil {
			p.IdentityPoolTags = was.IdentityPoolTags
		}
		p.normalize()
		return p.check(s.Limits)
	})
	if err != nil {
		return nil, err
	}
	return &p.IdentityPool, nil
}

// DeleteIdentityPool removes a pool with all its identities. What they hold is
// void with that ([Service.IdentityAlive]).
func (s *Service) DeleteIdentityPool(ctx context.Context, c awsapi.Caller, in *DeleteIdentityPoolInput) (*awsapi.None, error) {
	audit.From(ctx).Set("pool", string(in.IdentityPoolId))
	var number int64
	err := s.Store.Configure(ctx, func(tx Tx) error {
		p, err := ownPool(tx, c, in.IdentityPoolId)
		if err != nil {
			return err
		}
		audit.From(ctx).SetPool(string(in.IdentityPoolId))
		number = p.Number
		return tx.DeletePool(p)
	})
	if err != nil {
		return nil, err
	}
	s.Budgets.Guests.Forget(number)
	return &awsapi.None{}, nil
}

// ListIdentityPools lists the account's pools in the region that the request
// was signed for.
func (s *Service) ListIdentityPools(ctx context.Context, c awsapi.Caller, in *ListIdentityPoolsInput) (*ListIdentityPoolsResponse, error) {
	const op = "ListIdentityPools"
	of := c.Account + "/" + c.Region
	after, err := s.after(op, of, in.NextToken)
	if err != nil {
		return nil, err
	}
	var out *ListIdentityPoolsResponse
	most := int(in.MaxResults)
	err = s.Store.View(ctx, func(tx Tx) error {
		out = &ListIdentityPoolsResponse{IdentityPools: IdentityPoolsList{}}
		pools, err := tx.Pools(c.Account, c.Region, IdentityPoolId(after), most+1)
		if len(pools) > most {
			pools = pools[:most]
			out.NextToken = s.nextToken(op, of, string(pools[most-1].IdentityPoolId))
		}
		for _, p := range pools {
			out.IdentityPools = append(out.IdentityPools, IdentityPoolShortDescription{p.IdentityPoolId, p.IdentityPoolName})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
