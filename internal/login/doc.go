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
// the token, then the required claims, the issuer, the times, the header, the
// audience, the signature. A stranger's token reaches the network only when it
// names an issuer that an administrator configured and nothing but its signature
// is in question, and what is fetched is derived from the configuration, never
// from the token.
//
// # Errors
//
// Every error is an [*Error]. Its Kind says whose fault it is, which decides the
// AWS exception; its Cause is a stable code for logs. No error repeats a token.
//
// # Kinds of login
//
// Each kind of login is a [Verifier] in a file of its own: it turns whatever its
// provider hands out into a [Login] or an [*Error]. A pool's configuration and
// the key in Logins say which one is asked. [OpenID], [Google], [Apple] and
// [UserPool] read ID tokens; [Facebook], [Amazon] and [Twitter] ask the provider
// about tokens that only it can read, each time anew, within bounds for the
// provider and for the client who presents them. [SAML] reads responses that
// are signed with a key of the provider's metadata.
//
// All ID tokens are checked by [OIDC], with the keys that the issuer publishes,
// and [VerifyWith] does the same with keys that are at hand, which is how our
// own OpenID tokens are checked. OIDC remembers which signatures were valid,
// and nothing else about a token.
package login
