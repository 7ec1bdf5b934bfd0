// Package forwardauth answers proxies that ask whether a request may pass to the
// service behind them: nginx (auth_request), Caddy (forward_auth), Traefik
// (ForwardAuth) and Envoy (ext_authz over HTTP). What it checks is what Amazon API
// Gateway checks of an API with IAM authorization.
//
// # Words
//
//   - The question is the request that a proxy makes here. It has the headers of
//     the original request, and no body.
//   - The original request is the one that the client sent to the proxy: method,
//     path and query, host. Each proxy tells of it in a form of its own ([Path]).
//   - An [API] is a service behind the proxy, named by the host, and where several
//     share one by the first part of the path, at which clients reach it.
//
// # What is decided
//
// The signature of the original request is verified as that of any request to
// daypass, for the service execute-api. Then the caller's policies are asked about
// the action execute-api:Invoke and the resource
//
//	arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
//
// In place of a signature a client may show an OpenID token of daypass. It acts
// with the role that the token's credentials would have.
//
// # What it promises
//
// The proxy sends no body, so a signature is verified over the hash that the client
// declares, and without one over that of no body. The answer has the hash: whoever
// sees the body compares them.
//
// What is decided about is what the service will do: the path is decoded once, and
// a request is refused whose path, method or host a service may read otherwise (a
// dot segment, an encoded slash, a header that overrides the method). A question
// that tells of its original request twice, or in two forms, is refused: one of
// them may be the client's own.
//
// Whatever cannot be told, read or found is a no.
package forwardauth
