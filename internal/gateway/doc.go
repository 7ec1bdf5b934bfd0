// Package gateway answers S3 gateways that verify requests themselves and keep no
// secrets: they ask for a signing key of one day, and then whether the caller may
// do what the request asks. It speaks the standalone IAM protocol of versitygw,
// version 1 (github.com/versity/versitygw, iamapi/private, since version 1.8.0).
//
// # Words
//
//   - The gateway is who asks: a user of the account with a long-term access key
//     and the permission daypass:ServeGateway. Neither the account's root nor a
//     session can be one.
//   - The subject is who has signed the S3 request: whose access key, and session
//     token, the gateway names. What the gateway says of the subject beyond that
//     counts for nothing.
//   - A question is one request of the gateway: a signing key, the decisions about
//     some actions on some resources, or who somebody is.
//
// # What a gateway can do
//
// A gateway learns signing keys for S3 alone, of those subjects whose access key
// ID and session token it is shown. It cannot learn a secret access key, and no key
// that it has is good for another service, daypass's own among them. Which
// condition keys it may state is a list of those that it alone can know, what the
// S3 request is like; a key that says who the subject is has no effect.
package gateway
