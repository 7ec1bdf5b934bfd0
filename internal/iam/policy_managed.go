package iam

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
)

// PolicyEntity is a managed policy as it is kept. It is never changed: an update
// makes another one.
type PolicyEntity struct {
	// Policy is the policy of the wire without what is counted: how many it is
	// attached to.
	Policy
	// Account owns the policy.
	Account string
	// Latest is the number of the newest version that the policy ever had.
	Latest int
}

// PolicyVersionEntity is a version of a managed policy as it is kept. It is never
// changed.
type PolicyVersionEntity struct {
	// Number is that of the VersionId.
	Number int
	// Document is the policy, byte for byte as it was given; empty in a listing.
	Document PolicyDocumentType
	// Created is when the version was made.
	Created time.Time
}

// PolicyKey is what makes the name of a managed policy unique in its account:
// the name ignoring case, whatever the path.
func PolicyKey(name PolicyNameType) string { return strings.ToLower(string(name)) }

// VersionID names a version by its number.
func VersionID(number int) PolicyVersionIdType {
	return PolicyVersionIdType("v" + strconv.Itoa(number))
}

// versionNumber reads the name of a version; false for one that no version has.
func versionNumber(id PolicyVersionIdType) (int, bool) {
	digits, _ := strings.CutPrefix(string(id), "v")
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0 && VersionID(n) == id
}

// inForce is the number of the policy's default version.
func (p *PolicyEntity) inForce() int {
	n, _ := versionNumber(p.DefaultVersionId)
	return n
}

// shown is a version of the policy as a listing shows it.
func (p *PolicyEntity) shown(v *PolicyVersionEntity) PolicyVersion {
	return PolicyVersion{VersionId: VersionID(v.Number), IsDefaultVersion: v.Number == p.inForce(), CreateDate: v.Created}
}

// Permissions are the policies that say what a user or role may do. They are
// shared and never changed.
type Permissions struct {
	// Inline are the documents of the inline policies, by name.
	Inline []PolicyDocumentType
	// Attached are the ARNs of managed policies.
	Attached []ArnType
	// Boundary is the ARN of the managed policy that is the permissions boundary;
	// empty if there is none.
	Boundary ArnType
}

// Purpose is what a user or role has a managed policy for.
type Purpose int

// The purposes, as the store knows them.
const (
	// AnyPurpose is the one or the other.
	AnyPurpose Purpose = iota
	// PermissionsPolicy says what its owner may do.
	PermissionsPolicy
	// PermissionsBoundary says what its owner may do at most.
	PermissionsBoundary
)

// purposeOf is the purpose that a filter of a listing asks for.
func purposeOf(filter PolicyUsageType) Purpose {
	switch filter {
	case "PermissionsPolicy":
		return PermissionsPolicy
	case "PermissionsBoundary":
		return PermissionsBoundary
	}
	return AnyPurpose
}

const policyResource = "policy"

func policyARN(account string, path PolicyPathType, name PolicyNameType) ArnType {
	return ArnType(arn.ARN{Partition: "aws", Service: "iam", Account: account, Resource: policyResource + string(path) + string(name)}.String())
}

// policyName takes the ARN of a managed policy apart, whoever owns it; false if
// it is none. Whether there is such a policy is another question.
func policyName(s ArnType) (account string, path PolicyPathType, name PolicyNameType, ok bool) {
	a, err := arn.Parse(string(s))
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || a.Account != awsAccount && !isAccount(a.Account) {
		return "", "", "", false
	}
	rest, isPolicy := strings.CutPrefix(a.Resource, policyResource)
	slash := strings.LastIndexByte(rest, '/')
	if !isPolicy || !strings.HasPrefix(rest, "/") || slash == len(rest)-1 {
		return "", "", "", false
	}
	return a.Account, PolicyPathType(rest[:slash+1]), PolicyNameType(rest[slash+1:]), true
}

// findPolicy finds a managed policy of the caller's account, or one of AWS's.
func findPolicy(tx Tx, c awsapi.Caller, policy ArnType) (*PolicyEntity, bool, error) {
	owner, _, _, ok := policyName(policy)
	switch {
	case !ok:
		return nil, false, badARN()
	case owner == awsAccount:
		p, ok := awsPolicies[policy]
		if !ok {
			return nil, false, nil
		}
		return &p.PolicyEntity, true, nil
	case owner != c.Account:
		return nil, false, nil
	}
	return tx.Policy(policy)
}

// IsManagedPolicy says whether an ARN is that of a managed policy of the account,
// or of one of AWS's.
func (s *Service) IsManagedPolicy(ctx context.Context, account, policy string) (there bool, err error) {
	if _, _, _, ok := policyName(ArnType(policy)); !ok {
		return false, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		_, there, err = findPolicy(tx, awsapi.Caller{Account: account}, ArnType(policy))
		return err
	})
	return there, err
}

// mustFindPolicy is findPolicy for a policy that must be there.
func mustFindPolicy(tx Tx, c awsapi.Caller, policy ArnType) (*PolicyEntity, error) {
	p, ok, err := findPolicy(tx, c, policy)
	if err == nil && !ok {
		return nil, policyNotFound(policy)
	}
	return p, err
}

// policyVersion finds a version of a managed policy with its document.
func policyVersion(tx Tx, p *PolicyEntity, number int) (*PolicyVersionEntity, bool, error) {
	if ours, ok := awsPolicies[p.Arn]; ok {
		return &ours.version, number == ours.version.Number, nil
	}
	return tx.PolicyVersion(p.PolicyId, number)
}

// mustFindVersion is policyVersion for a version that must be there.
func mustFindVersion(tx Tx, p *PolicyEntity, id PolicyVersionIdType) (*PolicyVersionEntity, error) {
	number, ok := versionNumber(id)
	if !ok {
		return nil, policyVersionNotFound(p.Arn, id)
	}
	v, ok, err := policyVersion(tx, p, number)
	if err == nil && !ok {
		return nil, policyVersionNotFound(p.Arn, id)
	}
	return v, err
}

// managedDocument is the document of a managed policy that is in force. It fails
// where the policy is there and the version is not, which may happen while both
// change: what the policy denies must not be left out.
func managedDocument(tx Tx, c awsapi.Caller, policy ArnType) (PolicyDocumentType, bool, error) {
	p, ok, err := findPolicy(tx, c, policy)
	if err != nil || !ok {
		return "", false, err
	}
	v, ok, err := policyVersion(tx, p, p.inForce())
	if err == nil && !ok {
		err = fmt.Errorf("policy %s has no version %s", policy, p.DefaultVersionId)
	}
	if err != nil {
		return "", false, err
	}
	return v.Document, true, nil
}
