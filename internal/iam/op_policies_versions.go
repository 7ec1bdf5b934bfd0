package iam

import (
	"context"
	"strconv"

	"github.com/daypass/daypass/internal/awsapi"
)

// CreatePolicyVersion adds a version to a managed policy. Its number is one that
// no version of the policy ever had.
func (s *Service) CreatePolicyVersion(ctx context.Context, c awsapi.Caller, in *CreatePolicyVersionRequest) (*CreatePolicyVersionResponse, error) {
	if err := s.checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	out := &CreatePolicyVersionResponse{}
	err := s.changePolicy(ctx, c, "iam:CreatePolicyVersion", in.PolicyArn, func(tx Tx, p *PolicyEntity) error {
		versions, err := tx.PolicyVersions(p.PolicyId)
		if err != nil {
			return err
		}
		if len(versions) >= s.Limits.VersionsPerPolicy {
			return tooManyVersions(s.Limits.VersionsPerPolicy)
		}
		v := &PolicyVersionEntity{Number: p.Latest + 1, Document: in.PolicyDocument, Created: s.now()}
		changed := *p
		changed.Latest, changed.UpdateDate = v.Number, v.Created
		if in.SetAsDefault {
			changed.DefaultVersionId = VersionID(v.Number)
		}
		out.PolicyVersion = changed.shown(v)
		if err := tx.AddPolicyVersion(p.PolicyId, v); err != nil {
			return err
		}
		return tx.PutPolicy(&changed)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetPolicyVersion shows a version of a managed policy with its document.
func (s *Service) GetPolicyVersion(ctx context.Context, c awsapi.Caller, in *GetPolicyVersionRequest) (*GetPolicyVersionResponse, error) {
	out := &GetPolicyVersionResponse{}
	err := s.Store.View(ctx, withPolicy(ctx, c, in.PolicyArn, func(tx Tx, p *PolicyEntity) error {
		v, err := mustFindVersion(tx, p, in.VersionId)
		if err != nil {
			return err
		}
		out.PolicyVersion = p.shown(v)
		out.PolicyVersion.Document = urlEncoded(v.Document)
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListPolicyVersions lists the versions of a managed policy, newest first.
func (s *Service) ListPolicyVersions(ctx context.Context, c awsapi.Caller, in *ListPolicyVersionsRequest) (*ListPolicyVersionsResponse, error) {
	p := page{"ListPolicyVersions", string(in.PolicyArn), in.Marker, in.MaxItems}
	after, err := s.after(p)
	if err != nil {
		return nil, err
	}
	out := &ListPolicyVersionsResponse{}
	err = s.Store.View(ctx, withPolicy(ctx, c, in.PolicyArn, func(tx Tx, managed *PolicyEntity) error {
		versions, err := policyVersions(tx, managed)
		if err != nil {
			return err
		}
		versions, more := cut(olderThan(versions, after), p.limit())
		*out = ListPolicyVersionsResponse{Versions: make(PolicyDocumentVersionListType, 0, len(versions)), IsTruncated: BooleanType(more)}
		for _, v := range versions {
			out.Versions = append(out.Versions, managed.shown(v))
		}
		if more {
			out.Marker = s.marker(p, strconv.Itoa(versions[len(versions)-1].Number))
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// policyVersions are all versions of a managed policy, newest first, without
// their documents.
func policyVersions(tx Tx, p *PolicyEntity) ([]*PolicyVersionEntity, error) {
	if ours, ok := awsPolicies[p.Arn]; ok {
		return []*PolicyVersionEntity{&ours.version}, nil
	}
	return tx.PolicyVersions(p.PolicyId)
}

// olderThan leaves out the versions down to a number; none if it is empty.
func olderThan(versions []*PolicyVersionEntity, number string) []*PolicyVersionEntity {
	n, err := strconv.Atoi(number)
	if err != nil {
		return versions
	}
	for len(versions) > 0 && versions[0].Number >= n {
		versions = versions[1:]
	}
	return versions
}

// DeletePolicyVersion deletes a version that is not in force.
func (s *Service) DeletePolicyVersion(ctx context.Context, c awsapi.Caller, in *DeletePolicyVersionRequest) (*awsapi.None, error) {
	err := s.changePolicy(ctx, c, "iam:DeletePolicyVersion", in.PolicyArn, func(tx Tx, p *PolicyEntity) error {
		v, err := mustFindVersion(tx, p, in.VersionId)
		if err != nil {
			return err
		}
		if v.Number == p.inForce() {
			return defaultVersion()
		}
		return tx.DeletePolicyVersion(p.PolicyId, v.Number)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}

// SetDefaultPolicyVersion puts a version of a managed policy in force, for
// everybody who has the policy.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, c awsapi.Caller, in *SetDefaultPolicyVersionRequest) (*awsapi.None, error) {
	err := s.changePolicy(ctx, c, "iam:SetDefaultPolicyVersion", in.PolicyArn, func(tx Tx, p *PolicyEntity) error {
		v, err := mustFindVersion(tx, p, in.VersionId)
		if err != nil {
			return err
		}
		changed := *p
		changed.DefaultVersionId = VersionID(v.Number)
		return tx.PutPolicy(&changed)
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
