package iam

import "context"

// Store is what the service asks of a database. Functions of a transaction may
// run again and touch nothing outside.
type Store interface {
	// View gives one consistent state to read.
	View(ctx context.Context, read func(Tx) error) error
	// Update changes the state: all of it durably before it returns nil, or
	// nothing of it.
	Update(ctx context.Context, change func(Tx) error) error
}

// Tx is a transaction: one of everything, room by room. What its methods return
// belongs to everybody and is never changed.
type Tx interface {
	Roles
	Users
	Grants
	Policies
	Providers

	// Change is the number of the update that the transaction is.
	Change() int64
}

// Roles are what a transaction knows of roles.
type Roles interface {
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
}

// Users are what a transaction knows of users and their access keys.
type Users interface {
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
}

// Grants are what a transaction knows of the policies that users and roles have:
// their inline policies, and which managed policies they have and as what.
type Grants interface {
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
}

// Policies are what a transaction knows of managed policies and their versions,
// whoever has them.
type Policies interface {
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
}

// Providers are what a transaction knows of OpenID Connect and SAML providers.
type Providers interface {
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
