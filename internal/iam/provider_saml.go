package iam

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/saml"
)

// SAMLProvider is a SAML provider as it is kept. It is never changed and never
// copied: an update makes another one.
type SAMLProvider struct {
	// Account owns the provider.
	Account string
	// ARN is its name.
	ARN ArnType
	// UUID is its unique ID.
	UUID PrivateKeyIdType
	// Document is the metadata, byte for byte as they were given.
	Document SAMLMetadataDocumentType
	// Tags are its tags.
	Tags TagListType
	// Created is when it was made.
	Created time.Time

	parse    sync.Once
	metadata *saml.Metadata
	err      error
}

// Metadata gives the provider's metadata, parsed on first use. The error is for a
// document that today's parser refuses: it can only have been stored by another
// version.
func (p *SAMLProvider) Metadata() (*saml.Metadata, error) {
	p.parse.Do(func() {
		p.metadata, p.err = saml.ParseMetadata(string(p.Document))
		if p.err != nil {
			p.err = fmt.Errorf("the stored metadata of %s: %w", p.ARN, p.err)
		}
	})
	return p.metadata, p.err
}

// ValidUntil is when the metadata end; a hundred years after the provider was made
// where they do not say, or cannot be read.
func (p *SAMLProvider) ValidUntil() time.Time {
	m, err := p.Metadata()
	if err != nil || m.ValidUntil.IsZero() {
		return p.Created.AddDate(100, 0, 0)
	}
	return m.ValidUntil
}

// with is the provider with other metadata, which parse as m.
func (p *SAMLProvider) with(document SAMLMetadataDocumentType, m *saml.Metadata) *SAMLProvider {
	changed := &SAMLProvider{Account: p.Account, ARN: p.ARN, UUID: p.UUID, Tags: p.Tags, Created: p.Created, Document: document}
	changed.parse.Do(func() { changed.metadata = m })
	return changed
}

// tagged is the provider with other tags.
func (p *SAMLProvider) tagged(tags TagListType) *SAMLProvider {
	changed := &SAMLProvider{Account: p.Account, ARN: p.ARN, UUID: p.UUID, Tags: tags, Created: p.Created, Document: p.Document}
	changed.parse.Do(func() { changed.metadata, changed.err = p.Metadata() })
	return changed
}

// SAMLProvider finds a SAML provider by its ARN.
func (s *Service) SAMLProvider(ctx context.Context, arn string) (p *SAMLProvider, ok bool, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		p, ok, err = tx.SAMLProvider(ArnType(arn))
		return err
	})
	return p, ok, err
}

const samlResource = "saml-provider/"

func samlProviderARN(account string, name SAMLProviderNameType) ArnType {
	return ArnType(arn.ARN{Partition: "aws", Service: "iam", Account: account, Resource: samlResource + string(name)}.String())
}

// parseSAMLProviderARN takes an account's ARN of a SAML provider and nothing else.
func parseSAMLProviderARN(s ArnType) error {
	a, err := arn.Parse(string(s))
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || !isAccount(a.Account) || len(a.Resource) == len(samlResource) || !strings.HasPrefix(a.Resource, samlResource) {
		return badARN()
	}
	return nil
}

// IsSAMLProviderARN says whether a text has the form of the ARN of a SAML provider,
// of whatever account.
func IsSAMLProviderARN(s string) bool {
	a, err := arn.Parse(s)
	return err == nil && a.Partition == "aws" && a.Service == "iam" && a.Region == "" && len(a.Account) == 12 && strings.HasPrefix(a.Resource, samlResource)
}

// newUUID makes the unique ID of a SAML provider: 26 characters, 128 bits.
func newUUID(random io.Reader) (PrivateKeyIdType, error) {
	var noise [16]byte
	if _, err := io.ReadFull(random, noise[:]); err != nil {
		return "", fmt.Errorf("make an ID: %w", err)
	}
	return PrivateKeyIdType(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(noise[:])), nil
}

// parseSAMLMetadata reads the metadata that a caller gave. What was stored while
// short keys were allowed stays readable: its responses are refused, not it.
func (s *Service) parseSAMLMetadata(document SAMLMetadataDocumentType) (*saml.Metadata, error) {
	m, err := saml.ParseMetadata(string(document))
	if err == nil && m.ShortRSA() && !s.SAMLAllowRSA1024 {
		err = fmt.Errorf("saml: metadata: an RSA key of less than %d bits", saml.MinRSA)
	}
	if err != nil {
		return nil, badMetadata(err)
	}
	return m, nil
}
