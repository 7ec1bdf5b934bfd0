package iam

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// CreateOpenIDConnectProvider makes the account trust an issuer. Nothing is
// fetched from it: thumbprints that are left out stay out.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *CreateOpenIDConnectProviderRequest) (*CreateOpenIDConnectProviderResponse, error) {
	p, err := s.newProvider(c.Account, in)
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("oidc_provider", string(p.ARN))
	err = s.Store.Update(ctx, func(tx Tx) error { return s.addProvider(tx, p) })
	if err != nil {
		return nil, err
	}
	return &CreateOpenIDConnectProviderResponse{OpenIDConnectProviderArn: p.ARN, Tags: p.Tags}, nil
}

func (s *Service) newProvider(account string, in *CreateOpenIDConnectProviderRequest) (*OIDCProvider, error) {
	u, err := s.checkIssuer(in.Url)
	if err != nil {
		return nil, err
	}
	if len(in.ClientIDList) > s.Limits.ClientIDsPerProvider {
		return nil, quotaExceeded(causeLimitClientIDs, "ClientIdsPerOpenIdConnectProvider", s.Limits.ClientIDsPerProvider)
	}
	thumbprints, err := s.checkThumbprints(in.ThumbprintList)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return &OIDCProvider{
		Account: account, ARN: u.arn(account), URL: in.Url,
		ClientIDs: distinct(in.ClientIDList), Thumbprints: thumbprints,
		Tags: in.Tags, Created: s.now(),
	}, nil
}

var thumbprintText = regexp.MustCompile(`\A[0-9A-Fa-f]{40}\z`)

// checkThumbprints reads thumbprints, which are kept in lower case.
func (s *Service) checkThumbprints(list ThumbprintListType) (ThumbprintListType, error) {
	if len(list) > s.Limits.ThumbprintsPerProvider {
		return nil, tooManyThumbprints(s.Limits.ThumbprintsPerProvider)
	}
	var lower ThumbprintListType
	for _, t := range list {
		if !thumbprintText.MatchString(string(t)) {
			return nil, badThumbprint(t)
		}
		lower = append(lower, ThumbprintType(strings.ToLower(string(t))))
	}
	return lower, nil
}

// distinct drops client IDs that were given before, keeping the order.
func distinct(list ClientIDListType) ClientIDListType {
	var once ClientIDListType
	for _, id := range list {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}

func (s *Service) addProvider(tx Tx, p *OIDCProvider) error {
	has, exists, err := tx.OIDCProvider(p.ARN)
	if err != nil {
		return err
	}
	if exists {
		return providerExists(p.URL, has)
	}
	all, err := tx.OIDCProviders(p.Account)
	if err != nil {
		return err
	}
	if len(all) >= s.Limits.ProvidersPerAccount {
		return quotaExceeded(causeLimitProviders, "OpenIdConnectProvidersPerAccount", s.Limits.ProvidersPerAccount)
	}
	return tx.AddOIDCProvider(p)
}

// GetOpenIDConnectProvider shows a provider.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *GetOpenIDConnectProviderRequest) (*GetOpenIDConnectProviderResponse, error) {
	p, err := s.viewProvider(ctx, c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	return &GetOpenIDConnectProviderResponse{
		Url: p.shownURL(), ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints,
		CreateDate: p.Created, Tags: p.Tags,
	}, nil
}

// ListOpenIDConnectProviders lists the account's providers by ARN.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, c awsapi.Caller, _ *ListOpenIDConnectProvidersRequest) (*ListOpenIDConnectProvidersResponse, error) {
	var all []ArnType
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		all, err = tx.OIDCProviders(c.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListOpenIDConnectProvidersResponse{OpenIDConnectProviderList: OpenIDConnectProviderListType{}}
	for _, a := range all {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, OpenIDConnectProviderListEntry{Arn: a})
	}
	return out, nil
}

// DeleteOpenIDConnectProvider deletes a provider. Roles and identity pools that
// name it stay as they are and trust nobody by it any more.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *DeleteOpenIDConnectProviderRequest) (*awsapi.None, error) {
	return s.changeProvider(ctx, c, in.OpenIDConnectProviderArn, func(tx Tx, p *OIDCProvider) error {
		_, err := tx.DeleteOIDCProvider(p.ARN)
		return err
	})
}

// AddClientIDToOpenIDConnectProvider lets a provider's tokens be for one more
// client ID. One that is there already stays.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *AddClientIDToOpenIDConnectProviderRequest) (*awsapi.None, error) {
	return s.changeProvider(ctx, c, in.OpenIDConnectProviderArn, func(tx Tx, p *OIDCProvider) error {
		if slices.Contains(p.ClientIDs, in.ClientID) {
			return nil
		}
		if len(p.ClientIDs) >= s.Limits.ClientIDsPerProvider {
			return quotaExceeded(causeLimitClientIDs, "ClientIdsPerOpenIdConnectProvider", s.Limits.ClientIDsPerProvider)
		}
		return tx.ReplaceOIDCProvider(p.with(func(p *OIDCProvider) {
			p.ClientIDs = append(slices.Clip(p.ClientIDs), in.ClientID)
		}))
	})
}

// RemoveClientIDFromOpenIDConnectProvider refuses a provider's tokens for a
// client ID from now on. That it was allowed before is not asked.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, c awsapi.Caller, in *RemoveClientIDFromOpenIDConnectProviderRequest) (*awsapi.None, error) {
	return s.changeProvider(ctx, c, in.OpenIDConnectProviderArn, func(tx Tx, p *OIDCProvider) error {
		if !slices.Contains(p.ClientIDs, in.ClientID) {
			return nil
		}
		return tx.ReplaceOIDCProvider(p.with(func(p *OIDCProvider) {
			p.ClientIDs = slices.DeleteFunc(slices.Clone(p.ClientIDs), func(id ClientIDType) bool { return id == in.ClientID })
		}))
	})
}

// UpdateOpenIDConnectProviderThumbprint replaces all thumbprints of a provider.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, c awsapi.Caller, in *UpdateOpenIDConnectProviderThumbprintRequest) (*awsapi.None, error) {
	thumbprints, err := s.checkThumbprints(in.ThumbprintList)
	if err != nil {
		return nil, err
	}
	return s.changeProvider(ctx, c, in.OpenIDConnectProviderArn, func(tx Tx, p *OIDCProvider) error {
		return tx.ReplaceOIDCProvider(p.with(func(p *OIDCProvider) { p.Thumbprints = thumbprints }))
	})
}

// findProvider finds a provider of the caller's account that must be there.
func findProvider(tx Tx, c awsapi.Caller, arn ArnType) (*OIDCProvider, error) {
	p, ok, err := tx.OIDCProvider(arn)
	if err != nil {
		return nil, err
	}
	if !ok || p.Account != c.Account {
		return nil, providerNotFound(arn)
	}
	return p, nil
}

// viewProvider gives a provider that must be there.
func (s *Service) viewProvider(ctx context.Context, c awsapi.Caller, arn ArnType) (p *OIDCProvider, err error) {
	audit.From(ctx).Set("oidc_provider", string(arn))
	if err := parseProviderARN(arn); err != nil {
		return nil, err
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err = findProvider(tx, c, arn)
		return err
	})
	return p, err
}

// changeProvider changes something about a provider that must be there.
func (s *Service) changeProvider(ctx context.Context, c awsapi.Caller, arn ArnType, change func(Tx, *OIDCProvider) error) (*awsapi.None, error) {
	audit.From(ctx).Set("oidc_provider", string(arn))
	if err := parseProviderARN(arn); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx Tx) error {
		p, err := findProvider(tx, c, arn)
		if err != nil {
			return err
		}
		return change(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
