package iam

import (
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// nothing stands for a managed policy that limits somebody and is gone: it
// allows nothing, since without it everything would be allowed.
const nothing = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"*","Resource":"*"}}`

// permissionsOf gathers the documents that say what a user or role may do: its
// inline and managed policies and its permissions boundary.
func (s *Service) permissionsOf(tx Tx, c awsapi.Caller, principal IdType) (held policy.Policies, err error) {
	p, err := tx.Permissions(principal)
	if err != nil {
		return policy.Policies{}, err
	}
	texts := make([]string, 0, len(p.Inline)+len(p.Attached))
	for _, document := range p.Inline {
		texts = append(texts, string(document))
	}
	for _, arn := range p.Attached {
		document, ok, err := managedDocument(tx, c, arn)
		if err != nil {
			return policy.Policies{}, err
		}
		if ok {
			texts = append(texts, string(document))
		}
	}
	if held.Identity, err = compileAll(&s.compiled, texts); err != nil || p.Boundary == "" {
		return held, err
	}
	limits, err := s.limiting(tx, c, []string{string(p.Boundary)})
	if err != nil {
		return policy.Policies{}, err
	}
	held.Boundary = limits[0]
	return held, nil
}

// limiting are the documents of managed policies that limit somebody.
func (s *Service) limiting(tx Tx, c awsapi.Caller, policies []string) ([]*policy.Document, error) {
	texts := make([]string, 0, len(policies))
	for _, arn := range policies {
		document, ok, err := managedDocument(tx, c, ArnType(arn))
		if err != nil {
			return nil, err
		}
		if !ok {
			document = nothing
		}
		texts = append(texts, string(document))
	}
	return compileAll(&s.compiled, texts)
}
