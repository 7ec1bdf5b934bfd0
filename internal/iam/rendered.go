package iam

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// Rendered says all that a caller may do as one session policy for a store that
// has its own evaluator: the policies that Authorize would ask, with what is known
// of the caller filled in. A caller whose user or role is gone may do nothing.
func (s *Service) Rendered(ctx context.Context, c awsapi.Caller, d policy.Dialect) (rendered policy.Rendering, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		facts := NewFacts()
		held, err := s.callerOf(tx, c, facts)
		if err != nil {
			return err
		}
		rendered = policy.Render(held.Policies, facts, d)
		return nil
	})
	return rendered, err
}
