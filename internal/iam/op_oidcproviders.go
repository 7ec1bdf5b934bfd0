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
	p, refusal := s.newProvider(c.Account, in)
	if refusal != nil {
		return nil, refusal
	}
	audit.From(ctx).Set("oidc_provider", string(p.ARN))
	err := s.Store.Update(ctx, func(tx Tx) error { return s.addProvider(tx, p) })
	if err != nil {
		return nil, err
	}
	return &CreateOpenIDConnectProviderResponse{OpenIDConnectProviderArn: p.ARN, Tags: p.Tags}, nil
}

func (s *Service) newProvider(account string, in *CreateOpenIDConnectProviderRequest) (*OIDCProvider, *awsapi.Error) {
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
func (s *Service) checkThumbprints(list ThumbprintListType) (ThumbprintListType, *awsapi.Error) {
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
	_, exists, err := tx.OIDCProvider(p.ARN)
	if err != nil {
		return err
	}
	if exists {
		return providerExists(p.URL)
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
	audit.From(ctx).Set("oidc_provider", string(in.OpenIDConnectProviderArn))
	if err := parseProviderARN(in.OpenIDConnectProviderArn); err != nil {
		return nil, err
	}
	p, ok, err := s.OIDCProvider(ctx, string(in.OpenIDConnectProviderArn))
	if err != nil {
		return nil, err
	}
	if !ok || p.Account != c.Account {
		return nil, providerNotFound(in.OpenIDConnectProviderArn)
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
	arn := in.OpenIDConnectProviderArn
	audit.From(ctx).Set("oidc_provider", string(arn))
	if err := parseProviderARN(arn); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx Tx) error {
		p, ok, err := tx.OIDCProvider(arn)
		if err != nil {
			return err
		}
		if !ok || p.Account != c.Account {
			return providerNotFound(arn)
		}
		_, err = tx.DeleteOIDCProvider(arn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
