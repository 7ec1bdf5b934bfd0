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
		return s.eachOwner(tx, pool, provider, user, func(*Pool, *Identity, Login) bool {
			exists = true
			return false
		})
	})
	return exists, err
}

// eachOwner finds the identities that have a login, until do has enough: in one pool
// or, where none is named, in all.
func (s *Service) eachOwner(tx Tx, pool, provider, user string, do func(*Pool, *Identity, Login) (more bool)) error {
	if pool != "" {
		p, err := tx.Pool(IdentityPoolId(pool))
		if err == nil && p != nil {
			_, err = p.eachOwner(tx, provider, user, do)
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
			if more, err := p.eachOwner(tx, provider, user, do); err != nil || !more {
				return err
			}
			after = p.IdentityPoolId
		}
		if len(pools) < page {
			return nil
		}
	}
}

// eachOwner finds the identities of the pool that have a login.
func (p *Pool) eachOwner(tx Tx, provider, user string, do func(*Pool, *Identity, Login) (more bool)) (more bool, err error) {
	provider = strings.TrimSuffix(provider, "/")
	for name, number := range p.Providers {
		if strings.TrimSuffix(strings.TrimPrefix(name, developerPrefix), "/") != provider {
			continue
		}
		l := Login{Provider: number, Subject: user}
		i, err := tx.IdentityByLogin(p.Number, l)
		if err != nil || i != nil && !do(p, i, l) {
			return false, err
		}
	}
	return true, nil
}

// SaltedLogin is a login with the salts of an identity.
type SaltedLogin struct {
	// Identity is the ID of the identity.
	Identity string
	// Provider is the name of the login provider, as Logins calls it, and Subject who
	// it is there.
	Provider, Subject string
	// Salts are those of the identity.
	Salts []Salt
}

// SaltedOwners are the identities that have a login: in one pool or, where none is
// named, in any.
func (s *Service) SaltedOwners(ctx context.Context, provider, user, pool string) (list []SaltedLogin, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		list = nil
		return s.eachOwner(tx, pool, provider, user, func(p *Pool, i *Identity, l Login) bool {
			list = append(list, SaltedLogin{string(i.ID(p)), string(p.providerName(l.Provider)), user, i.Salts})
			return true
		})
	})
	return list, err
}

// SaltedLogins are the logins of an identity; of one that was merged, those of the
// identity that has its salts now. Without any, there is one with the salts alone, and
// there is none of an identity that is gone.
func (s *Service) SaltedLogins(ctx context.Context, id string) (list []SaltedLogin, err error) {
	region, g, ok := parseID(id)
	if !ok {
		return nil, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		list = nil
		i, err := tx.Identity(g)
		for n := 0; err == nil && i != nil && i.Disabled && n < mostMerges; n++ {
			i, err = tx.Identity(i.MergedInto)
		}
		if err != nil || i == nil {
			return err
		}
		p, err := tx.PoolByNumber(i.Pool)
		if err != nil || p == nil || p.Region() != region {
			return err
		}
		for _, l := range i.Logins {
			list = append(list, SaltedLogin{string(i.ID(p)), string(p.providerName(l.Provider)), l.Subject, i.Salts})
		}
		if len(list) == 0 {
			list = append(list, SaltedLogin{Identity: string(i.ID(p)), Salts: i.Salts})
		}
		return nil
	})
	return list, err
}

// DeveloperProvider is the name of a pool's developer provider; empty if there is none.
func (s *Service) DeveloperProvider(ctx context.Context, pool string) (name string, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err := tx.Pool(IdentityPoolId(pool))
		if name = ""; p != nil {
			name = string(p.DeveloperProviderName)
		}
		return err
	})
	return name, err
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
