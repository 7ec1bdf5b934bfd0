package cognito

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// GetId finds or makes an identity: without logins always a new guest, with
// logins the identity that they belong to.
func (s *Service) GetId(ctx context.Context, _ awsapi.Caller, in *GetIdInput) (*GetIdResponse, error) {
	audit.From(ctx).Set("pool", string(in.IdentityPoolId))
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
	i, err := s.identify(ctx, p, in.Logins)
	if err != nil {
		return nil, err
	}
	id := i.ID(p)
	audit.From(ctx).Set("identity", audit.Hash(string(id)))
	return &GetIdResponse{IdentityId: id}, nil
}

func (s *Service) identify(ctx context.Context, p *Pool, logins LoginsMap) (*Identity, error) {
	if len(logins) == 0 {
		return s.guest(ctx, p)
	}
	proofs, err := s.prove(ctx, p, logins, false)
	if err != nil {
		return nil, err
	}
	return s.settle(ctx, p, nil, loginsOf(proofs))
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
	last, bad := s.after(op, string(in.IdentityPoolId), in.NextToken)
	if bad != nil {
		return nil, bad
	}
	var after *GUID
	if last != "" {
		g := GUID([]byte(last))
		after = &g
	}
	out := &ListIdentitiesResponse{IdentityPoolId: in.IdentityPoolId, Identities: IdentitiesList{}}
	most := int(in.MaxResults)
	err := s.Store.View(ctx, func(tx Tx) error {
		p, err := ownPool(tx, c, in.IdentityPoolId)
		if err != nil {
			return err
		}
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
