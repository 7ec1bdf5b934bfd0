package iam

import (
	"github.com/daypass/daypass/internal/policy"
)

// putInline adds or replaces an inline policy of a user or role, which may be as
// large as limit together with the others, or else is tooLarge.
func putInline(tx Tx, owner IdType, name PolicyNameType, document *policy.Document, limit int, tooLarge error) error {
	others, err := tx.InlinePoliciesSize(owner, name)
	if err != nil {
		return err
	}
	if others+document.Size() > limit {
		return tooLarge
	}
	return tx.PutInlinePolicy(owner, name, PolicyDocumentType(document.Text()), document.Size())
}

// inline is a page of the names of the inline policies of a user or role.
func (s *Service) inline(tx Tx, owner IdType, p page) (PolicyNameListType, ResponseMarkerType, error) {
	after, err := s.after(p)
	if err != nil {
		return nil, "", err
	}
	names, err := tx.InlinePolicyNames(owner, PolicyNameType(after), p.limit()+1)
	if err != nil {
		return nil, "", err
	}
	names, more := cut(names, p.limit())
	if !more {
		return names, "", nil
	}
	return names, s.marker(p, string(names[len(names)-1])), nil
}
