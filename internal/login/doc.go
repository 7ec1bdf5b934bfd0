// Package login checks logins: it decides whether a token that a user brings
// proves who the user is, to a provider that an identity pool or an IAM role
// trusts.
//
// # Words
//
// A login is one entry of the Logins map of a request: the name of a provider
// and a token from it. A [Provider] is what we hold true about it before we
// look at the token: the issuer that must have made it and the audiences, or
// client ids, that it may be meant for. A [Token] is a token that has been read
// and proves nothing yet. A [Login] is what a verified token proves: this
// subject, at this provider, for this audience.
//
// The issuer's key set is the list of public keys it signs with; a key id (kid)
// names one of them. The discovery document says where the key set is.
//
// # Order
//
// The cheap and certain checks come first and the network last: the shape of
// the token, then the required claims, the issuer, the times, the signature,
// the audience. A stranger's token reaches the network only when it names an
// issuer that an administrator configured, and what is fetched is derived from
// the configuration, never from the token.
//
// # Errors
//
// Every error is an [*Error]. Its Kind says whose fault it is, which decides the
// AWS exception; its Cause is a stable code for logs. No error repeats a token.
//
// # Kinds of login
//
// [OIDC] verifies the tokens of OpenID providers known by their issuer, and
// [VerifyWith] does the same with keys that are at hand, which is how our own
// OpenID tokens are checked. A further kind of login is a file of its own: it
// turns whatever its provider hands out into a [Login] or an [*Error].
package login
