// Package openid is our own OpenID provider: it signs the tokens that
// GetOpenIdToken returns and publishes the keys that verify them.
//
// The words:
//
//   - The issuer is the URL in the iss claim. Verifiers compare it as a string
//     and look for our documents below it, so its form never changes.
//   - A [Claims] value is what a token says: that the identity (sub) of the
//     identity pool (aud) was authenticated in a certain way (amr).
//   - A [SigningKey] is an RSA key of one region, as it is stored: sealed. Its
//     key id (kid) is the region and a number, us-east-1-1. The region's
//     pools share its keys, which is why a verifier must check aud.
//   - The key set is every key that verifies our tokens. A key in it is
//     published: it stands in the JSON Web Key Set (RFC 7517) that
//     [Provider.Handler] serves, and [Provider.Keys] returns it.
//   - The discovery document (OpenID Connect Discovery 1.0) says where that is.
//
// # The life of a key
//
// A region's first key is made when its first pool is, by
// [Provider.EnsureKey]: generated outside of any transaction, stored under a
// kid that only one process can win, read back, and only then published; what
// signs is always taken from the published set. It signs when every verifier can
// know it: its SignAfter is further ahead than anybody caches the set ([MaxAge]). Until
// then a key of another region signs, that of [Provider.Region] if it has one: what a
// token is about is in its claims, and not in who signed it. The very first key has no
// other to wait for, so it signs at once, and a set without keys is not cached.
//
// More keys may stand in the store for a region. All of them are published, those of
// [Provider.Region] first, and the newest whose SignAfter has come signs. So a key can
// follow another one: [Provider.Rotate] makes it, and so does [Provider.Run] where keys
// have a [Provider.KeyLifetime]. A key stays published for a day and the time that
// verifiers may be behind after its successor signs, and Run removes it then.
//
// At most [MaxRegions] regions have keys, since verifiers read the whole set. The
// keys of a region that has no identity pools any more are removed a day after the
// last token that they may have signed, by Run. A kid is never used
// again: somebody may still have the old key. With [Provider.OneKey] one region's
// keys sign for all, and those of the others count as unused.
//
// Several processes may share a store. A process asks it whether there are other keys
// when it is asked for a kid that it does not know and when somebody fetches the key
// set: what one process has published, all have.
//
// # What it looks like on the wire
//
// Tokens are as those of Amazon Cognito: RS512, typ JWS, the same claims in the
// same order, aud a string. The documents stand at the same paths; the path of
// the key set ends in jwks_uri, and /.well-known/jwks.json is an alias that
// other systems look for. Unlike AWS's, the modulus n is written in base64url
// as RFC 7518 wants it, because strict libraries refuse the other, and x5c holds
// a self-signed certificate per key, because older Ceph gateways need one.
package openid
