package iam

import (
	"context"
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// GetContextKeysForCustomPolicy lists the condition keys that policies mention.
// Unlike simulations it takes trust policies too.
func (s *Service) GetContextKeysForCustomPolicy(_ context.Context, _ awsapi.Caller, in *GetContextKeysForCustomPolicyRequest) (*GetContextKeysForPolicyResponse, error) {
	if err := checkSimulatedSize(in.PolicyInputList); err != nil {
		return nil, err
	}
	documents := make([]*policy.Document, 0, len(in.PolicyInputList))
	for i, text := range in.PolicyInputList {
		d, err := policy.Parse(policy.Trust, string(text))
		if err != nil {
			d, err = policy.Parse(policy.Identity, string(text))
		}
		if err != nil {
			return nil, unreadablePolicy(fmt.Sprintf("PolicyInputList.%d", i+1), err)
		}
		documents = append(documents, d)
	}
	return &GetContextKeysForPolicyResponse{ContextKeyNames: keysOf(documents)}, nil
}

// SimulateCustomPolicy says what policies allow that the caller brings.
func (s *Service) SimulateCustomPolicy(ctx context.Context, c awsapi.Caller, in *SimulateCustomPolicyRequest) (*SimulatePolicyResponse, error) {
	sim, err := newSimulation(c, simulated{
		in.PolicyInputList, in.PermissionsBoundaryPolicyInputList, in.ActionNames, in.ResourceArns,
		in.ResourcePolicy, in.ResourceOwner, in.ResourceHandlingOption,
	})
	if err != nil {
		return nil, err
	}
	if err := sim.callAs(c, in.CallerArn); err != nil {
		return nil, err
	}
	if err := sim.enter(in.ContextEntries); err != nil {
		return nil, err
	}
	return s.answer(ctx, sim, page{"SimulateCustomPolicy", c.Account, in.Marker, in.MaxItems})
}
