// Package sigv4 signs requests with AWS Signature Version 4 and verifies such
// signatures.
//
// It is pure: a [Request] is the parts of an HTTP request that a signature
// covers, the time is an argument, secrets are handed in, and nothing is read
// or written elsewhere. A server verifies in two steps, because the secret has
// to be looked up in between:
//
//	sig, err := sigv4.Parse(req)             // which key, which token, what is signed?
//	err = sig.Check(options)                 // right region, service and time? needs no secret
//	err = sig.Verify(secret, options)        // Check again, then the signature itself
//
// # Words
//
//   - The canonical request is the request written down in one agreed form:
//     method, path, query, the signed headers, their names, the hash of the body.
//   - The signed headers are those that the client chose to cover. [Parse]
//     insists on the ones that decide what a request means or who sends it.
//   - The credential scope is date/region/service/aws4_request: what a signing
//     key is good for. The credential is the access key ID and the scope.
//   - The string to sign is the algorithm, the time, the scope and the hash of
//     the canonical request.
//   - The signing key is derived from the secret access key and the scope, and
//     its HMAC of the string to sign is the signature.
//   - A presigned request carries all of this in its query (X-Amz-Signature and
//     its companions) in place of the Authorization header.
//
// # What it promises
//
// The body is always hashed and that hash is always part of what is verified.
// Whatever a client declares in X-Amz-Content-Sha256 must agree with it; the one
// exception is UNSIGNED-PAYLOAD, which is accepted for a presigned request that
// has no body. Chunked signatures (STREAMING-...), AWS4-ECDSA-P256-SHA256
// (SigV4a) and older signature versions are refused.
//
// Every query parameter but the signature itself is covered, and two spellings
// of a query have one canonical form only if they decode to the same names and
// values, so what is verified is what a parser will read.
//
// The path is the exception that the published rules ask for: empty and dot
// segments are removed before it is signed, so "/" and "//" have the same
// signature. A server must route on the path as it was received.
//
// # What it leaves to others
//
// Finding the secret of an access key ID, checking that a session token belongs
// to it, remembering signatures that were seen (Signature Version 4 allows a
// request to be repeated while it is fresh), and turning an [Error] into the
// error of a protocol.
//
// The rules are those of "AWS Signature Version 4 for API requests" in the IAM
// User Guide, "Create a signed AWS API request" and "Authenticating Requests:
// Using Query Parameters"; the sentences are the ones AWS services answer with.
package sigv4
