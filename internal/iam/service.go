package iam

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math"
	"net/url"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// Service is the service iam.
type Service struct {
	// Account is the account that the service is for.
	Account string
	// Roots are the access keys of the account's root.
	Roots *RootKeys
	// Store keeps users, roles, policies and providers.
	Store Store
	// Pages seals the markers that say where a listing goes on.
	Pages awsapi.Pages
	// Limits are the quotas.
	Limits Limits
	// OwnIssuers are the issuers of our own OpenID tokens and the URLs at which
	// this service is reached: nobody can make a provider of one of them.
	OwnIssuers []string
	// PlainIssuer says which OpenID Connect providers may have http issuers, for
	// development; nil for none.
	PlainIssuer func(*url.URL) bool
	// SAMLAllowRSA1024 lets the metadata of SAML providers have RSA keys of 1,024 to
	// 2,047 bits.
	SAMLAllowRSA1024 bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand makes unique IDs; nil means crypto/rand. Others must be safe for
	// concurrent use.
	Rand io.Reader

	compiled, compiledSessions compiled
	uses                       keyUses
}

// Limits are the quotas of the service ("IAM and AWS STS quotas" in the IAM
// User Guide). Sizes of policies are in characters, not counting the white space
// around JSON tokens.
type Limits struct {
	// RolesPerAccount is the most roles of an account.
	RolesPerAccount int `quota:"roles-per-account"`
	// TrustPolicySize is the largest trust policy of a role.
	TrustPolicySize int `quota:"trust-policy-size"`
	// RolePoliciesSize is the most that the inline policies of a role may have
	// together.
	RolePoliciesSize int `quota:"role-policies-size"`
	// UsersPerAccount is the most users of an account.
	UsersPerAccount int `quota:"users-per-account"`
	// UserPoliciesSize is the most that the inline policies of a user may have
	// together.
	UserPoliciesSize int `quota:"user-policies-size"`
	// PoliciesPerUser is the most managed policies that a user may have.
	PoliciesPerUser int `quota:"policies-per-user"`
	// AccessKeysPerUser is the most access keys of a user.
	AccessKeysPerUser int `quota:"access-keys-per-user"`
	// PoliciesPerRole is the most managed policies that a role may have.
	PoliciesPerRole int `quota:"policies-per-role"`
	// PoliciesPerAccount is the most managed policies of an account.
	PoliciesPerAccount int `quota:"policies-per-account"`
	// ManagedPolicySize is the largest managed policy.
	ManagedPolicySize int `quota:"policy-size"`
	// VersionsPerPolicy is the most versions of a managed policy.
	VersionsPerPolicy int `quota:"versions-per-policy"`
	// ProvidersPerAccount is the most OpenID Connect providers of an account.
	ProvidersPerAccount int `quota:"oidc-providers"`
	// ClientIDsPerProvider is the most client IDs of a provider.
	ClientIDsPerProvider int `quota:"client-ids-per-provider"`
	// ThumbprintsPerProvider is the most thumbprints of a provider.
	ThumbprintsPerProvider int `quota:"thumbprints-per-provider"`
	// SAMLProvidersPerAccount is the most SAML providers of an account.
	SAMLProvidersPerAccount int `quota:"saml-providers"`
}

// DefaultLimits are AWS's.
func DefaultLimits() Limits {
	return Limits{
		RolesPerAccount: 1000, TrustPolicySize: 2048, RolePoliciesSize: 10240, PoliciesPerRole: 10,
		UsersPerAccount: 5000, UserPoliciesSize: 2048, PoliciesPerUser: 10, AccessKeysPerUser: 2,
		PoliciesPerAccount: 1500, ManagedPolicySize: 6144, VersionsPerPolicy: 5,
		ProvidersPerAccount: 100, ClientIDsPerProvider: 100, ThumbprintsPerProvider: 5,
		SAMLProvidersPerAccount: 100,
	}
}

// AccessKey finds the owner and the secret of a long-term access key. One that
// nobody has, or that is inactive, is an *awsapi.Refused.
func (s *Service) AccessKey(ctx context.Context, id string) (caller awsapi.Caller, secret seal.Secret, err error) {
	return s.accessKey(ctx, id, math.MaxInt64)
}

// ParentKey finds the owner of the long-term access key that a session was got with,
// which bears the number of a change. If the key has got its secret later, the session
// was got with another one, and it is an *awsapi.Refused.
func (s *Service) ParentKey(ctx context.Context, id string, change int64) (awsapi.Caller, error) {
	caller, _, err := s.accessKey(ctx, id, change)
	return caller, err
}

func (s *Service) accessKey(ctx context.Context, id string, change int64) (caller awsapi.Caller, secret seal.Secret, err error) {
	if root, ok := s.Roots.find(id, s.now()); ok {
		return awsapi.Caller{
			Account: s.Account, ARN: rootARN(s.Account), UserID: s.Account, Root: true, AccessKeyID: id,
		}, root.Secret, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		key, user, found, err := findKey(tx, AccessKeyIdType(id))
		switch {
		case err != nil:
			return err
		case !found || user.Account != s.Account:
			return s.RefusedKey(id, causeUnknownKey)
		case key.Status != keyActive:
			return s.RefusedKey(id, causeInactiveKey)
		case change < key.Since:
			return s.RefusedKey(id, causeUnknownKey)
		}
		caller, secret = user.caller(key.ID), key.Secret
		return nil
	})
	return caller, secret, err
}

// RefusedKey refuses an access key whose credentials are not known, for a cause;
// if the key tells that it is another account's, for that. Clients are told of
// all causes alike.
func (s *Service) RefusedKey(id string, cause awsapi.Cause) error {
	if account, ok := AccountOf(id); ok && account != s.Account {
		return &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: causeForeignKey, Err: errors.New("account " + account)}
	}
	return &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: cause}
}

func (s *Service) now() time.Time {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return now().UTC().Truncate(time.Second)
}

func (s *Service) rand() io.Reader {
	if s.Rand == nil {
		return rand.Reader
	}
	return s.Rand
}
