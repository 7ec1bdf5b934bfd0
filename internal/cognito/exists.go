package cognito

import (
	"context"
	"slices"
	"strings"
)

// PoolExists says whether there is an identity pool.
func (s *Service) PoolExists(ctx context.Context, id string) (exists bool, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err := tx.Pool(IdentityPoolId(id))
		exists = p != nil
		return err
	})
	return exists, err
}

// LoginExists says whether an identity has a login of this provider, as Logins
// calls it but for a slash at the end, and of this user: in one pool or, where
// none is named, in any.
func (s *Service) LoginExists(ctx context.Context, provider, user, pool string) (exists bool, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		exists = false
		if pool != "" {
			p, err := tx.Pool(IdentityPoolId(pool))
			if err == nil && p != nil {
				exists, err = p.hasLogin(tx, provider, user)
			}
			return err
		}
		const page = 100
		for after := IdentityPoolId(""); ; {
			pools, err := tx.AllPools(s.Account, after, page)
			if err != nil {
				return err
			}
			for _, p := range pools {
				if exists, err = p.hasLogin(tx, provider, user); err != nil || exists {
					return err
				}
				after = p.IdentityPoolId
			}
			if len(pools) < page {
				return nil
			}
		}
	})
	return exists, err
}

// hasLogin says whether an identity of the pool has a login.
func (p *Pool) hasLogin(tx Tx, provider, user string) (bool, error) {
	provider = strings.TrimSuffix(provider, "/")
	for name, number := range p.Providers {
		if strings.TrimSuffix(strings.TrimPrefix(name, developerPrefix), "/") != provider {
			continue
		}
		if i, err := tx.IdentityByLogin(p.Number, Login{Provider: number, Subject: user}); err != nil || i != nil {
			return i != nil, err
		}
	}
	return false, nil
}

// PoolRegions are the regions in which the account has pools, in alphabetical order.
func (s *Service) PoolRegions(ctx context.Context) (regions []string, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		regions = nil
		for after := IdentityPoolId(""); ; {
			pools, err := tx.AllPools(s.Account, after, 1)
			if err != nil || len(pools) == 0 {
				return err
			}
			region, _, _ := strings.Cut(string(pools[0].IdentityPoolId), ":")
			regions = append(regions, region)
			after = IdentityPoolId(region + ":g") // behind all GUIDs of the region
		}
	})
	slices.Sort(regions)
	return regions, err
}

// SomePools are the IDs of some of the account's pools.
func (s *Service) SomePools(ctx context.Context, most int) (ids []string, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		pools, err := tx.AllPools(s.Account, "", most)
		ids = nil
		for _, p := range pools {
			ids = append(ids, string(p.IdentityPoolId))
		}
		return err
	})
	return ids, err
}
