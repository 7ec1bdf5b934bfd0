// Package signin signs a person in at an OpenID provider, for a program that runs on that person's own machine.
//
// [Provider.Browser] does it as RFC 8252 says: the person's browser goes to the provider, and comes back with a code to a
// port of the loopback interface. [Provider.Device] is for machines without a browser (RFC 8628): the person enters a
// short code elsewhere. [Provider.Refresh] gets a new ID token without asking anybody, by the refresh token of the last
// sign-in.
//
// What other users and other pages of the machine can do is part of the design. The code is bound to this program by PKCE
// (RFC 7636), and the ID token to this sign-in by its nonce. The browser is sent to a page of this program first, whose
// address tells nothing, because arguments of processes can be read by everybody: the request to the provider, with state,
// nonce and challenge, is seen by the browser alone. That first page is given to one browser, which is known by a cookie
// from then on; an answer that comes without the cookie and the state is not taken. So nobody else can end a sign-in with
// a code of an account of their own.
//
// Every token is verified as OpenID Connect Core 1.0, section 3.1.3.7, says before it is used. Errors name no token and
// no code.
package signin
