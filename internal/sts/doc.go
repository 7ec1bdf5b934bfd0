// Package sts is the part of AWS Security Token Service (service sts, version
// 2011-06-15) that identity pools stand on: it lets the holder of a web identity
// assume a role and tells callers who they are.
//
// Its words:
//
//   - A web identity is what a token of an OpenID provider proves: a subject of
//     that provider, for an audience. The provider is the principal that a
//     role's trust policy names, cognito-identity.amazonaws.com for our own
//     tokens, the ARN of an IAM OpenID Connect provider for others.
//   - Assuming a role makes a session ([Session]). Its name is chosen by the one
//     who assumes it; its ARN is arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME.
//   - The temporary credentials ([Credentials]) of a session are an access key
//     ID (ASIA…), a secret access key and a session token. There is no row for
//     them: the token is the session, sealed, and tied to the key ID. Whoever
//     has the key can open it, nobody else can read or make one.
//   - Session tags come with the token, and are to the session what tags are to
//     a role. Transitive ones stay when the session assumes another role.
//   - A session policy narrows what the session may do to less than its role.
//
// # Who may assume a role
//
// The role's trust policy decides, by nothing but its evaluation: neither aud
// nor amr are looked at in any other way. It is asked for
// sts:AssumeRoleWithWebIdentity, for sts:TagSession too when the token carries
// tags and for sts:SetSourceIdentity when it carries a source identity. A
// refusal does not tell a role that is missing from one that does not trust.
//
// The enhanced flow of identity pools ([Service.AssumeRoleForIdentity]) shows
// the claims themselves, the basic flow ([Service.AssumeRoleWithWebIdentity])
// the token that they were signed into; from there on both are the same.
package sts
