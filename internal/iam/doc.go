// Package iam is the part of AWS Identity and Access Management (service iam,
// version 2010-05-08) that identity pools and STS stand on: roles with their
// trust policies, users with access keys, the policies of both, and OpenID Connect
// and SAML providers.
//
// Its words:
//
//   - A role ([RoleEntity]) is something that can be assumed. Its trust policy
//     (AssumeRolePolicyDocument) says by whom and under which conditions; its
//     inline policies, permissions policies that it owns, say what the session
//     may do then.
//   - A user ([UserEntity]) is somebody, or a program, with access keys of their
//     own ([AccessKeyEntity]).
//   - A managed policy ([PolicyEntity]) is a permissions policy that stands by
//     itself: users and roles can have it attached, or be held to it as their
//     permissions boundary. It has versions, of which one, the default, is in
//     force. Some are AWS's own and the same in every account.
//   - An OpenID Connect provider ([OIDCProvider]) says that the account trusts
//     an issuer's tokens, and for which client IDs.
//   - A SAML provider ([SAMLProvider]) says that the account trusts what a SAML
//     2.0 identity provider signs. Its metadata say who that is and with which
//     keys.
//   - A unique ID such as AROA… ([NewID]) is never used again, unlike a name,
//     and tells the account that it belongs to.
//   - The root of an account is the caller who may do everything. Its access
//     key ([RootAccessKey]) is configuration; it is in no table.
//
// IAM is global: nothing here has a region. The names of users, roles and
// managed policies are unique ignoring case and keep the case they were given. Policy documents are kept
// byte for byte and written URL-encoded (RFC 3986), as AWS does.
//
// A document is parsed before it is stored ([policy.Parse]), so that what is
// stored means something; an AWS principal in a trust policy must exist at that
// time, and it alone is meant from then on, whoever takes its name. Documents are
// compiled once and then shared.
//
// # Rooms
//
// The package is one because its entities are checked together, in one
// transaction; each kind has files of its own name, its operations (op_…), its part
// of [Tx] and its shapes (shapes_…):
//
//   - roles: role*.go, op_roles*.go, [Roles]
//   - users and access keys: user*.go, op_users*.go, [Users]
//   - policies: policy_*.go, op_policies*.go; [Policies] for managed ones, [Grants]
//     for what users and roles have of them
//   - providers: provider_*.go, op_providers*.go, [Providers]
//   - simulation: simulation*.go, op_simulation.go
//   - what a caller may do, for all services: authorize.go, facts.go, refusal.go,
//     principals.go, compiled.go; what operations of IAM are about: authz.go
//
// Other services ask [Service.Role], [Service.OIDCProvider],
// [Service.SAMLProvider] and [Service.AccessKey]; they know nothing of tables.
package iam
