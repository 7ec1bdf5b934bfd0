package cognito

import (
	"context"
	"slices"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
)

// GetId finds or makes an identity: without logins always a new guest, with
// logins the identity that they belong to.
func (s *Service) GetId(ctx context.Context, c awsapi.Caller, in *GetIdInput) (*GetIdResponse, error) {
	audit.From(ctx).Set("pool", string(in.IdentityPoolId))
	return untilSettled(func(again bool) (*GetIdResponse, error) {
		var p *Pool
		err := s.Store.View(ctx, func(tx Tx) (err error) {
			p, err = tx.Pool(in.IdentityPoolId)
			return err
		})
		if err != nil {
			return nil, err
		}
		if p == nil {
			return nil, poolNotFound(in.IdentityPoolId)
		}
		audit.From(ctx).SetRegion(p.Region())
		audit.From(ctx).SetPool(string(in.IdentityPoolId))
		i, err := s.identify(ctx, c, p, in.Logins, again)
		if err != nil {
			return nil, err
		}
		return &GetIdResponse{IdentityId: i.record(ctx, p)}, nil
	})
}

func (s *Service) identify(ctx context.Context, c awsapi.Caller, p *Pool, logins LoginsMap, again bool) (*Identity, error) {
	if len(logins) == 0 {
		return s.guest(ctx, c, p, again)
	}
	proofs, err := s.prove(ctx, c.Network().String(), p, logins, false)
	if err != nil {
		return nil, err
	}
	return s.settle(ctx, p, entry{logins: loginsOf(proofs), proofs: proofs, tokens: logins})
}

// DescribeIdentity shows an identity's dates and the names of its providers.
func (s *Service) DescribeIdentity(ctx context.Context, c awsapi.Caller, in *DescribeIdentityInput) (*IdentityDescription, error) {
	i, p, err := s.identityAndPool(ctx, in.IdentityId)
	if err != nil {
		return nil, err
	}
	if p.Account != c.Account || p.Region() != c.Region {
		return nil, identityNotFound(in.IdentityId)
	}
	d := i.describe(p)
	return &d, nil
}

// ListIdentities lists the identities of a pool, disabled ones included unless
// they are to be hidden.
func (s *Service) ListIdentities(ctx context.Context, c awsapi.Caller, in *ListIdentitiesInput) (*ListIdentitiesResponse, error) {
	const op = "ListIdentities"
	audit.From(ctx).Set("pool", string(in.IdentityPoolId))
	last, err := s.after(op, string(in.IdentityPoolId), in.NextToken)
	if err != nil {
		return nil, err
	}
	var after *GUID
	if last != "" {
		g := GUID([]byte(last))
		after = &g
	}
	var out *ListIdentitiesResponse
	most := int(in.MaxResults)
	err = s.Store.View(ctx, func(tx Tx) error {
		out = &ListIdentitiesResponse{IdentityPoolId: in.IdentityPoolId, Identities: IdentitiesList{}}
		p, err := ownPool(tx, c, in.IdentityPoolId)
		if err != nil {
			return err
		}
		audit.From(ctx).SetPool(string(in.IdentityPoolId))
		identities, err := tx.Identities(p.Number, after, most+1, in.HideDisabled)
		if len(identities) > most {
			identities = identities[:most]
			out.NextToken = s.nextToken(op, string(in.IdentityPoolId), string(identities[most-1].GUID[:]))
		}
		for _, i := range identities {
			out.Identities = append(out.Identities, i.describe(p))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteIdentities removes identities of the caller's account and region, of
// whatever pools; what they hold is void with that. What is not there is as good as
// deleted. Identities that the caller may not delete stay, and are told; so are
// unknown ones to a caller who may not delete just any, who would learn from the
// difference what there is.
func (s *Service) DeleteIdentities(ctx context.Context, c awsapi.Caller, in *DeleteIdentitiesInput) (*DeleteIdentitiesResponse, error) {
	allowed, refused, err := s.deletable(ctx, c, in.IdentityIdsToDelete)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx Tx) error {
		for _, id := range allowed {
			i, p, err := ownIdentity(tx, c, id)
			if err != nil {
				return err
			}
			if i == nil {
				continue
			}
			if err := p.forsake(tx, i.Logins, i.GUID); err != nil {
				return err
			}
			if err := tx.DeleteIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &DeleteIdentitiesResponse{UnprocessedIdentityIds: refused}, nil
}

// deletable tells the identities that the caller may delete from the others. An
// identity never changes its pool.
func (s *Service) deletable(ctx context.Context, c awsapi.Caller, ids IdentityIdList) (allowed IdentityIdList, refused UnprocessedIdentityIdList, err error) {
	refused = UnprocessedIdentityIdList{}
	if iam.Unlimited(c) {
		return ids, refused, nil
	}
	decided := map[string]bool{}
	for _, id := range ids {
		p, err := s.poolWith(ctx, c, id)
		if err != nil {
			return nil, nil, err
		}
		may, known := decided[p.arn]
		if !known {
			if may, err = s.mayDelete(ctx, c, p); err != nil {
				return nil, nil, err
			}
			decided[p.arn] = may
		}
		if may {
			allowed = append(allowed, id)
		} else {
			refused = append(refused, UnprocessedIdentityId{IdentityId: id, ErrorCode: "AccessDenied"})
		}
	}
	return allowed, refused, nil
}

// UnlinkIdentity removes logins from an identity, for whoever shows one of its
// logins. Nothing is linked on the way.
func (s *Service) UnlinkIdentity(ctx context.Context, c awsapi.Caller, in *UnlinkIdentityInput) (*awsapi.None, error) {
	i, p, err := s.identityAndPool(ctx, in.IdentityId)
	if err != nil {
		return nil, err
	}
	remove, err := p.providersToRemove(in.LoginsToRemove)
	if err != nil {
		return nil, err
	}
	proofs, err := s.prove(ctx, c.Network().String(), p, in.Logins, true)
	if err != nil {
		return nil, err
	}
	logins, now := loginsOf(proofs), s.now()
	if err := s.Budgets.mayChange(p, logins, now); err != nil {
		return nil, err
	}
	var unlinked bool
	err = s.changeIdentity(ctx, p, i, func(tx Tx, p *Pool, i *Identity) (*Identity, error) {
		switch {
		case i.Disabled:
			return nil, identityForbidden(in.IdentityId, causeIdentityDisabled)
		case !slices.ContainsFunc(logins, i.has):
			return nil, loginsDontMatch(causeNoProofForIdentity)
		}
		is, gone := i.unlink(now, func(l Login) bool { return slices.Contains(remove, l.Provider) })
		unlinked = len(gone) > 0
		return is, p.forsake(tx, gone, GUID{})
	})
	if err != nil {
		return nil, err
	}
	i.recordOwner(ctx)
	if unlinked {
		s.Budgets.changed(p, logins, now)
	}
	return &awsapi.None{}, nil
}

// providersToRemove finds the numbers of the providers that are named. Those
// that the pool never had have no logins to remove.
func (p *Pool) providersToRemove(names LoginsList) (numbers []int32, err error) {
	for _, name := range names {
		number, known := p.Providers[string(name)]
		switch {
		case name == ownProvider || name == IdentityProviderName(p.DeveloperProviderName) || !known && !isProviderName(string(name)):
			return nil, notPublicProvider()
		case known:
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

// changeIdentity reads an identity again, and its pool if that has changed, and changes
// the identity, in one transaction.
func (s *Service) changeIdentity(ctx context.Context, p *Pool, i *Identity, change func(Tx, *Pool, *Identity) (*Identity, error)) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		mark, found, err := tx.LockPool(p.Number)
		if err != nil {
			return err
		}
		now := p
		if found && mark != p.Mark {
			if now, err = tx.PoolByNumber(p.Number); err != nil {
				return err
			}
		}
		if !found || now == nil {
			return poolNotFound(p.IdentityPoolId)
		}
		was, err := tx.Identity(i.GUID)
		if err != nil {
			return err
		}
		if was == nil {
			return identityNotFound(i.ID(p))
		}
		is, err := change(tx, now, was)
		if err != nil {
			return err
		}
		return tx.SaveIdentities([]*Identity{was}, []*Identity{is})
	})
}
