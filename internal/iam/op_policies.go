package iam

import (
	"context"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// CreatePolicy makes a managed policy with its first version.
func (s *Service) CreatePolicy(ctx context.Context, c awsapi.Caller, in *CreatePolicyRequest) (*CreatePolicyResponse, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	p, err := s.newPolicy(c.Account, in)
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Set("policy", string(p.Arn))
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.addPolicy(tx, p); err != nil {
			return err
		}
		return tx.AddPolicyVersion(p.PolicyId, &PolicyVersionEntity{Number: 1, Document: in.PolicyDocument, Created: p.CreateDate})
	})
	if err != nil {
		return nil, err
	}
	return &CreatePolicyResponse{Policy: p.Policy}, nil
}

// checkManaged holds the document of a managed policy to the language and to its
// quota.
func (s *Service) checkManaged(document PolicyDocumentType) error {
	d, err := parsePolicy(policy.Managed, document)
	if err != nil {
		return err
	}
	if d.Size() > s.Limits.ManagedPolicySize {
		return quotaExceeded(causeLimitPolicySize, "PolicySize", s.Limits.ManagedPolicySize)
	}
	return nil
}

func (s *Service) newPolicy(account string, in *CreatePolicyRequest) (*PolicyEntity, error) {
	id, err := NewID(PolicyPrefix, account, s.rand())
	if err != nil {
		return nil, err
	}
	path := in.Path
	if path == "" {
		path = "/"
	}
	now := s.now()
	return &PolicyEntity{Account: account, Latest: 1, Policy: Policy{
		PolicyName: in.PolicyName, PolicyId: IdType(id), Arn: policyARN(account, path, in.PolicyName), Path: path,
		DefaultVersionId: VersionID(1), IsAttachable: true, Description: in.Description, Tags: in.Tags,
		CreateDate: now, UpdateDate: now,
	}}, nil
}

func (s *Service) addPolicy(tx Tx, p *PolicyEntity) error {
	exists, err := tx.HasPolicyNamed(p.Account, p.PolicyName)
	if err != nil {
		return err
	}
	if exists {
		return policyExists(p.PolicyName)
	}
	n, err := tx.CountPolicies(p.Account)
	if err != nil {
		return err
	}
	if n >= s.Limits.PoliciesPerAccount {
		return quotaExceeded(causeLimitPolicies, "PoliciesPerAccount", s.Limits.PoliciesPerAccount)
	}
	return tx.PutPolicy(p)
}

// GetPolicy shows a managed policy.
func (s *Service) GetPolicy(ctx context.Context, c awsapi.Caller, in *GetPolicyRequest) (*GetPolicyResponse, error) {
	out := &GetPolicyResponse{}
	err := s.Store.View(ctx, withPolicy(ctx, c, in.PolicyArn, func(tx Tx, p *PolicyEntity) (err error) {
		out.Policy, err = described(tx, c, p)
		return err
	}))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// described is a policy as GetPolicy shows it, with what the caller's account
// uses it for.
func described(tx Tx, c awsapi.Caller, p *PolicyEntity) (Policy, error) {
	attached, bounds, err := tx.CountPolicyUses(c.Account, p.Arn)
	shown := p.Policy
	shown.AttachmentCount, shown.PermissionsBoundaryUsageCount = AttachmentCountType(attached), AttachmentCountType(bounds)
	return shown, err
}

// withPolicy does something with a managed policy that must be there.
func withPolicy(ctx context.Context, c awsapi.Caller, arn ArnType, do func(Tx, *PolicyEntity) error) func(Tx) error {
	audit.From(ctx).Set("policy", string(arn))
	return func(tx Tx) error {
		p, err := mustFindPolicy(tx, c, arn)
		if err != nil {
			return err
		}
		return do(tx, p)
	}
}

// changePolicy changes something about a policy of the account that must be
// there. Nobody changes those of AWS.
func (s *Service) changePolicy(ctx context.Context, c awsapi.Caller, action string, arn ArnType, change func(Tx, *PolicyEntity) error) error {
	return s.Store.Update(ctx, withPolicy(ctx, c, arn, func(tx Tx, p *PolicyEntity) error {
		if p.Account == awsAccount {
			return awsManaged(c, action, arn)
		}
		return change(tx, p)
	}))
}

// DeletePolicy deletes a managed policy that nobody has and that has but one
// version.
func (s *Service) DeletePolicy(ctx context.Context, c awsapi.Caller, in *DeletePolicyRequest) (*awsapi.None, error) {
	err := s.changePolicy(ctx, c, "iam:DeletePolicy", in.PolicyArn, func(tx Tx, p *PolicyEntity) error {
		attached, bounds, err := tx.CountPolicyUses(c.Account, p.Arn)
		if err != nil {
			return err
		}
		if attached+bounds > 0 {
			return policyAttached()
		}
		versions, err := tx.PolicyVersions(p.PolicyId)
		if err != nil {
			return err
		}
		if len(versions) > 1 {
			return policyHasVersions()
		}
		return tx.DeletePolicy(p)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// ListPolicies lists the account's managed policies by name, ignoring case, and
// then AWS's.
func (s *Service) ListPolicies(ctx context.Context, c awsapi.Caller, in *ListPoliciesRequest) (*ListPoliciesResponse, error) {
	p := page{"ListPolicies", c.Account, in.Marker, in.MaxItems}
	after, err := s.after(p)
	if err != nil {
		return nil, err
	}
	out := &ListPoliciesResponse{}
	err = s.Store.View(ctx, func(tx Tx) error {
		found, err := listPolicies(tx, c, in, after, p.limit()+1)
		if err != nil {
			return err
		}
		found, more := cut(found, p.limit())
		*out = ListPoliciesResponse{Policies: make(PolicyListType, 0, len(found)), IsTruncated: BooleanType(more)}
		for _, f := range found {
			shown, err := described(tx, c, f)
			if err != nil {
				return err
			}
			shown.Tags = nil
			out.Policies = append(out.Policies, shown)
		}
		if more {
			out.Marker = s.marker(p, place(found[len(found)-1]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
