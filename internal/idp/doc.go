// Package idp is a small OpenID provider for development and tests: the "somewhere else" at which people sign in before
// they bring a token to daypass. It speaks the real protocol (OpenID Connect Core 1.0, authorization code flow with PKCE,
// RS256) on top of github.com/zitadel/oidc, over real HTTP, and it is bound to this machine: an issuer or a listening
// address that is not loopback is refused.
//
// The words are OpenID's own:
//
//   - the issuer is the provider's name and address; discovery lives below it, and it is the iss of every token;
//   - a client (relying party) is an application that sends people here; it is known by its ID and its redirect URIs,
//     and is public unless it has a secret;
//   - a user signs in with a username and a password and is known to clients by a subject;
//   - an authorization request is one visit: begun by a client, signed in by a user, redeemed once for tokens.
//
// A visit changes its secret name at every step (login page, callback, code), each name is random and works once, and
// only the browser that presented the password learns the name that follows. So knowing the address of somebody's login
// page, even having made it, gives no access to the code.
//
// Everything is held in memory and bounded; a provider that stops forgets its sign-ins, and with a generated key its
// tokens can no longer be verified. A client that asks for offline_access gets a refresh token, which works once and is followed by
// the next. There are no sessions, consent pages or sign-out: what a test of a token consumer has no use for is not
// served, and discovery announces only what is.
//
// Package mint makes ID tokens and SAML 2.0 responses without a sign-in; the provider serves the keys and the metadata that
// they go with.
//
// [Start] runs a provider, [New] makes one to mount elsewhere, and [RelyingParty] is the other side: it signs a user in
// as a browser and an application together would, and returns the tokens.
package idp
