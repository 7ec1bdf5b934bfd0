// Package logintest has doubles of the login providers that are not anybody's to
// run: Facebook, Google, Login with Amazon, Sign in with Apple, Twitter, Digits
// and Cognito user pools. They answer on loopback with the documented bodies,
// statuses and headers, and check what they are sent as the real ones do: app
// secrets and proofs, OAuth 1.0a signatures, Signature Version 4. One server is
// all of them: requests for their hosts are sent to it as provider endpoints and
// keep their Host header, which says who is meant.
package logintest
