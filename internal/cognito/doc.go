// Package cognito is Amazon Cognito identity pools (Federated Identities): the
// service cognito-identity, version 2014-06-30.
//
// Its words, for the whole project:
//
//   - An identity pool ([Pool]) holds identities, says which providers it
//     accepts logins from and whether it has guests, and which roles its users
//     get. Its ID is REGION:GUID; pools of one region do not exist in another.
//   - An identity ([Identity]) is one person or device in a pool. A guest has
//     no logins; an authenticated identity has or had some, and never becomes
//     a guest again. An identity that was merged into another is disabled.
//   - A login ([Login]) is a subject of a provider, proven by a token. A login
//     belongs to at most one active identity of a pool, an identity has at most
//     one login of each public provider, and twenty in all.
//   - The enhanced flow is GetId and GetCredentialsForIdentity; the basic
//     (classic) flow is GetId, GetOpenIdToken and AssumeRoleWithWebIdentity.
//
// The rules are plain functions over values ([Pool] in pool.go, [Identity] and
// what becomes of identities in identity.go); the operations (op_*.go) load,
// verify, decide, save and answer. Network calls to login providers happen with
// no transaction open.
package cognito
