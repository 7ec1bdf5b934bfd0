package iam

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// Service is the service iam.
type Service struct {
	// Account is the account that the service is for.
	Account string
	// Root is the access key of the account's root.
	Root RootAccessKey
	// Store keeps users, roles, policies and providers.
	Store Store
	// Pages seals the markers that say where a listing goes on.
	Pages *seal.Box
	// Limits are the quotas.
	Limits Limits
	// OwnIssuers are the issuers of our own OpenID tokens and the URLs at which
	// this service is reached: nobody can make a provider of one of them.
	OwnIssuers []string
	// AllowLoopback lets OpenID Connect providers on the loopback interface have
	// http URLs, for development.
	AllowLoopback bool
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

// Store is what the service asks of a database. Functions of a transaction may
// run again and touch nothing outside.
type Store interface {
	// View gives one consistent state to read.
	View(ctx context.Context, read func(Tx) error) error
	// Update changes the state: all of it durably before it returns nil, or
	// nothing of it.
	Update(ctx context.Context, change func(Tx) error) error
}

// Tx is a transaction. What its methods return belongs to everybody and is
// never changed.
type Tx interface {
	// Role finds a role by its name, ignoring case.
	Role(account string, name RoleNameType) (*RoleEntity, bool, error)
	// Roles lists an account's roles by name, ignoring case: those after the
	// given name whose path begins with the prefix.
	Roles(account, pathPrefix string, after RoleNameType, limit int) ([]*RoleEntity, error)
	// CountRoles counts an account's roles.
	CountRoles(account string) (int, error)
	// AddRole stores a new role.
	AddRole(*RoleEntity) error
	// ReplaceRole stores a role in place of the one that it was: name, path and
	// unique ID stay.
	ReplaceRole(*RoleEntity) error
	// DeleteRole removes a role, which must not have policies.
	DeleteRole(*RoleEntity) error

	// User finds a user by its name, ignoring case.
	User(account string, name UserNameType) (*UserEntity, bool, error)
	// UserByID finds a user by its unique ID.
	UserByID(IdType) (*UserEntity, bool, error)
	// Users lists an account's users by name, ignoring case: those after the given
	// name whose path begins with the prefix.
	Users(account, pathPrefix string, after UserNameType, limit int) ([]*UserEntity, error)
	// CountUsers counts an account's users.
	CountUsers(account string) (int, error)
	// AddUser stores a new user.
	AddUser(*UserEntity) error
	// ReplaceUser stores a user, perhaps of another name and path, in place of the
	// one that it was.
	ReplaceUser(was, is *UserEntity) error
	// DeleteUser removes a user, which must not have policies or access keys.
	DeleteUser(*UserEntity) error
	// AccessKey finds an access key by its ID.
	AccessKey(AccessKeyIdType) (*AccessKeyEntity, bool, error)
	// AccessKeys lists the access keys of a user by ID.
	AccessKeys(user IdType) ([]*AccessKeyEntity, error)
	// PutAccessKey adds or replaces an access key.
	PutAccessKey(*AccessKeyEntity) error
	// DeleteAccessKey removes an access key.
	DeleteAccessKey(AccessKeyIdType) error

	// InlinePolicy finds an inline policy of a user or role, by the owner's unique
	// ID.
	InlinePolicy(owner IdType, name PolicyNameType) (PolicyDocumentType, bool, error)
	// InlinePolicyNames lists an owner's inline policies by name, those after the
	// given one.
	InlinePolicyNames(owner IdType, after PolicyNameType, limit int) ([]PolicyNameType, error)
	// InlinePoliciesSize adds up the sizes of an owner's inline policies but for
	// one.
	InlinePoliciesSize(owner IdType, except PolicyNameType) (int, error)
	// PutInlinePolicy adds or replaces an inline policy. Its size is what counts
	// against the quota.
	PutInlinePolicy(owner IdType, name PolicyNameType, document PolicyDocumentType, size int) error
	// DeleteInlinePolicy removes an inline policy and says whether it was there.
	DeleteInlinePolicy(owner IdType, name PolicyNameType) (bool, error)

	// Permissions are the policies of a user or role, by its unique ID: none for
	// one that is not there.
	Permissions(principal IdType) (*Permissions, error)
	// UsePolicy gives a user or role a managed policy for a purpose that it does
	// not have it for.
	UsePolicy(account string, principal IdType, policy ArnType, purpose Purpose) error
	// DropPolicy takes a managed policy from a user or role and says whether it
	// had it.
	DropPolicy(principal IdType, policy ArnType, purpose Purpose) (bool, error)
	// CountPolicyUses counts the users and roles of an account that have a managed
	// policy as a permissions policy and as the permissions boundary.
	CountPolicyUses(account string, policy ArnType) (attached, bounds int, err error)

	// PolicyHolders finds the users and roles of an account that have a managed
	// policy, by unique ID, users before roles.
	PolicyHolders(account string, policy ArnType, q EntityQuery) (PolicyHolders, error)

	// Policy finds a managed policy of an account by its ARN.
	Policy(ArnType) (*PolicyEntity, bool, error)
	// HasPolicyNamed says whether an account has a managed policy of this name,
	// ignoring case.
	HasPolicyNamed(account string, name PolicyNameType) (bool, error)
	// Policies lists an account's managed policies by name, ignoring case.
	Policies(account string, q PolicyQuery) ([]*PolicyEntity, error)
	// CountPolicies counts an account's managed policies.
	CountPolicies(account string) (int, error)
	// PutPolicy adds or replaces a managed policy.
	PutPolicy(*PolicyEntity) error
	// DeletePolicy removes a managed policy, which nobody may have, with its
	// versions.
	DeletePolicy(*PolicyEntity) error
	// PolicyVersion finds a version of a managed policy by the policy's unique ID.
	PolicyVersion(policy IdType, number int) (*PolicyVersionEntity, bool, error)
	// PolicyVersions lists the versions of a managed policy, newest first, without
	// their documents.
	PolicyVersions(policy IdType) ([]*PolicyVersionEntity, error)
	// AddPolicyVersion stores a new version.
	AddPolicyVersion(policy IdType, v *PolicyVersionEntity) error
	// DeletePolicyVersion removes a version.
	DeletePolicyVersion(policy IdType, number int) error
	// PolicyLanguage is the language in which an account's policies were last
	// looked through; 1 if they never were.
	PolicyLanguage(account string) (int, error)
	// SetPolicyLanguage writes it down.
	SetPolicyLanguage(account string, language int) error

	// OIDCProvider finds an OpenID Connect provider by its ARN.
	OIDCProvider(arn ArnType) (*OIDCProvider, bool, error)
	// OIDCProviders lists an account's OpenID Connect providers by ARN.
	OIDCProviders(account string) ([]ArnType, error)
	// AddOIDCProvider stores a new OpenID Connect provider.
	AddOIDCProvider(*OIDCProvider) error
	// ReplaceOIDCProvider stores an OpenID Connect provider in place of the one
	// that it was: the ARN stays.
	ReplaceOIDCProvider(*OIDCProvider) error
	// DeleteOIDCProvider removes an OpenID Connect provider and says whether it
	// was there.
	DeleteOIDCProvider(arn ArnType) (bool, error)

	// SAMLProvider finds a SAML provider by its ARN.
	SAMLProvider(arn ArnType) (*SAMLProvider, bool, error)
	// SAMLProviders lists an account's SAML providers by ARN, without their
	// metadata.
	SAMLProviders(account string) ([]SAMLProviderListEntry, error)
	// PutSAMLProvider adds or replaces a SAML provider.
	PutSAMLProvider(*SAMLProvider) error
	// DeleteSAMLProvider removes a SAML provider, which must be there.
	DeleteSAMLProvider(arn ArnType) error
}

// RootAccessKey is the long-term access key of an account's root.
type RootAccessKey struct {
	// ID is the access key ID. Without one nobody can be root.
	ID string
	// Secret is the secret access key.
	Secret seal.Secret
}

// AccessKey finds the owner and the secret of a long-term access key. One that
// nobody has, or that is inactive, is an *awsapi.Refused.
func (s *Service) AccessKey(ctx context.Context, id string) (caller awsapi.Caller, secret seal.Secret, err error) {
	if id != "" && id == s.Root.ID {
		return awsapi.Caller{
			Account: s.Account, ARN: rootARN(s.Account), UserID: s.Account, Root: true, AccessKeyID: id,
		}, s.Root.Secret, nil
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
