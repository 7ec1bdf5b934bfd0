package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// CreateSAMLProvider makes the account trust an identity provider, by the keys in
// its metadata.
func (s *Service) CreateSAMLProvider(ctx context.Context, c awsapi.Caller, in *CreateSAMLProviderRequest) (*CreateSAMLProviderResponse, error) {
	arn := samlProviderARN(c.Account, in.Name)
	audit.From(ctx).Set("saml_provider", string(arn))
	if in.AssertionEncryptionMode != "" || in.AddPrivateKey != "" {
		return nil, encryptionUnsupported()
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	m, err := s.parseSAMLMetadata(in.SAMLMetadataDocument)
	if err != nil {
		return nil, err
	}
	id, err := newUUID(s.rand())
	if err != nil {
		return nil, err
	}
	p := (&SAMLProvider{Account: c.Account, ARN: arn, UUID: id, Tags: in.Tags, Created: s.now()}).with(in.SAMLMetadataDocument, m)
	if err := s.Store.Update(ctx, func(tx Tx) error { return s.addSAMLProvider(tx, p, in.Name) }); err != nil {
		return nil, err
	}
	return &CreateSAMLProviderResponse{SAMLProviderArn: p.ARN, Tags: p.Tags}, nil
}

func (s *Service) addSAMLProvider(tx Tx, p *SAMLProvider, name SAMLProviderNameType) error {
	_, exists, err := tx.SAMLProvider(p.ARN)
	if err != nil {
		return err
	}
	if exists {
		return samlProviderExists(name)
	}
	all, err := tx.SAMLProviders(p.Account)
	if err != nil {
		return err
	}
	if len(all) >= s.Limits.SAMLProvidersPerAccount {
		return quotaExceeded(causeLimitSAMLProviders, "SAMLProvidersPerAccount", s.Limits.SAMLProvidersPerAccount)
	}
	return tx.PutSAMLProvider(p)
}

// findSAMLProvider finds a provider of the caller's account that must be there.
func findSAMLProvider(tx Tx, c awsapi.Caller, arn ArnType) (*SAMLProvider, error) {
	p, ok, err := tx.SAMLProvider(arn)
	if err != nil {
		return nil, err
	}
	if !ok || p.Account != c.Account {
		return nil, samlProviderNotFound(arn)
	}
	return p, nil
}

// viewSAMLProvider gives a provider that must be there.
func (s *Service) viewSAMLProvider(ctx context.Context, c awsapi.Caller, arn ArnType) (p *SAMLProvider, err error) {
	audit.From(ctx).Set("saml_provider", string(arn))
	if err := parseSAMLProviderARN(arn); err != nil {
		return nil, err
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		p, err = findSAMLProvider(tx, c, arn)
		return err
	})
	return p, err
}

// GetSAMLProvider shows a provider. Tags are shown even where there are none:
// Terraform takes their absence for a change.
func (s *Service) GetSAMLProvider(ctx context.Context, c awsapi.Caller, in *GetSAMLProviderRequest) (*GetSAMLProviderResponse, error) {
	p, err := s.viewSAMLProvider(ctx, c, in.SAMLProviderArn)
	if err != nil {
		return nil, err
	}
	return &GetSAMLProviderResponse{
		SAMLProviderUUID: p.UUID, SAMLMetadataDocument: p.Document,
		CreateDate: p.Created, ValidUntil: p.ValidUntil(), Tags: append(TagListType{}, p.Tags...),
	}, nil
}

// ListSAMLProviders lists the account's providers by ARN.
func (s *Service) ListSAMLProviders(ctx context.Context, c awsapi.Caller, _ *ListSAMLProvidersRequest) (*ListSAMLProvidersResponse, error) {
	out := &ListSAMLProvidersResponse{}
	err := s.Store.View(ctx, func(tx Tx) error {
		all, err := tx.SAMLProviders(c.Account)
		out.SAMLProviderList = append(SAMLProviderListType{}, all...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateSAMLProvider replaces a provider's metadata. Where the identity provider
// changes its name or its keys, what it signed before is refused from then on.
func (s *Service) UpdateSAMLProvider(ctx context.Context, c awsapi.Caller, in *UpdateSAMLProviderRequest) (*UpdateSAMLProviderResponse, error) {
	audit.From(ctx).Set("saml_provider", string(in.SAMLProviderArn))
	if err := parseSAMLProviderARN(in.SAMLProviderArn); err != nil {
		return nil, err
	}
	if in.AssertionEncryptionMode != "" || in.AddPrivateKey != "" || in.RemovePrivateKey != "" {
		return nil, encryptionUnsupported()
	}
	change := func(Tx, *SAMLProvider) error { return nil }
	if in.SAMLMetadataDocument != "" {
		m, err := s.parseSAMLMetadata(in.SAMLMetadataDocument)
		if err != nil {
			return nil, err
		}
		change = func(tx Tx, p *SAMLProvider) error { return tx.PutSAMLProvider(p.with(in.SAMLMetadataDocument, m)) }
	}
	if err := s.changeSAMLProvider(ctx, c, in.SAMLProviderArn, change); err != nil {
		return nil, err
	}
	return &UpdateSAMLProviderResponse{SAMLProviderArn: in.SAMLProviderArn}, nil
}

// DeleteSAMLProvider deletes a provider. Roles and identity pools that name it
// stay as they are and trust nobody by it any more.
func (s *Service) DeleteSAMLProvider(ctx context.Context, c awsapi.Caller, in *DeleteSAMLProviderRequest) (*awsapi.None, error) {
	audit.From(ctx).Set("saml_provider", string(in.SAMLProviderArn))
	if err := parseSAMLProviderARN(in.SAMLProviderArn); err != nil {
		return nil, err
	}
	err := s.changeSAMLProvider(ctx, c, in.SAMLProviderArn, func(tx Tx, p *SAMLProvider) error { return tx.DeleteSAMLProvider(p.ARN) })
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// changeSAMLProvider changes something about a provider that must be there.
func (s *Service) changeSAMLProvider(ctx context.Context, c awsapi.Caller, arn ArnType, change func(Tx, *SAMLProvider) error) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		p, err := findSAMLProvider(tx, c, arn)
		if err != nil {
			return err
		}
		return change(tx, p)
	})
}
