// Package mint makes ID tokens and SAML responses as a login provider makes them after a sign-in, without one: good ones,
// and each kind of bad one, for tests of whoever has to refuse them. The private key is all that it needs.
//
// Package idp is a provider whose users sign in; what it publishes goes with what is minted for the same issuer and key.
package mint
