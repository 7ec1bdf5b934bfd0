// Package fetch is the one guarded way out to the network.
//
// daypass asks strangers for documents: the discovery document and the key set
// of every OpenID provider that an administrator names. Whoever may name a
// provider may therefore choose a URL that the server will call, which is the
// textbook set-up of a server-side request forgery. All such calls go through
// a [Client], and the client holds the rules:
//
//   - Scheme: https, and nothing weaker than TLS 1.2. Plain http only to an
//     allow-list entry that says http://, or to a loopback address when
//     AllowLoopback is set.
//   - Address: judged when a connection is dialled, on the very address that is
//     dialled, so that a name which resolves to something else the second time
//     (DNS rebinding) gains nothing. See "Addresses" below.
//   - Redirects: at most three, never to another scheme, each hop judged anew.
//   - Size and time: a cap on the headers, a cap on the body, one deadline for
//     everything from the name look-up to the last byte. Compression is never
//     asked for and never undone, so a small answer cannot become a large one.
//   - Nothing ambient: no proxy from the environment, no cookies, no Referer,
//     no connection kept for the next call.
//
// # Addresses
//
// Every address is one of four classes:
//
//   - public: anybody's server. Always permitted.
//   - private: RFC 1918, shared address space (100.64.0.0/10), unique local
//     IPv6, and the ranges reserved for documentation and benchmarks. Permitted
//     by an allow-list entry.
//   - loopback: 127.0.0.0/8 and ::1. Permitted by an allow-list entry or by
//     AllowLoopback.
//   - never: link-local, multicast, unspecified, broadcast and reserved
//     addresses, tunnels that hide another address (Teredo, local NAT64), and
//     the metadata services of the clouds, which hand credentials to whoever
//     asks from inside. Nothing permits them.
//
// An IPv6 address that carries an IPv4 address inside (mapped, NAT64, 6to4) is
// judged by the address inside.
//
// # The allow list
//
// An entry is a host name, an IP address or a CIDR, optionally behind http:// or
// https:// and optionally followed by a port (not after a CIDR):
//
//	keycloak.internal            https to this host, wherever it resolves to
//	http://keycloak:8080         the same, plain http too, on this port only
//	10.20.0.0/16                 https to hosts that resolve into the range
//	http://192.168.1.7           plain http too
//	[fd12:3456::7]:8443          an IPv6 address with a port
//
// A host name admits whatever that name resolves to, apart from the class
// never: whoever lists a name trusts its DNS. There are no wildcards.
//
// # Endpoints
//
// Endpoints lets an operator send the requests for one host elsewhere: to an
// egress proxy, or to a double of the provider in a test. The host must match
// exactly, and only requests for https://host without a port are sent elsewhere.
// The base URL is the operator's own word, so it may have a private address, but
// never a metadata address; it is http on loopback only. The Host header stays
// that of the provider: a signature that covers it holds on both sides of a
// proxy. Redirects from there are refused.
package fetch
