// Package daypass holds no code: it is the root of the module, and has the test
// that holds the module together (arch_test.go).
//
// daypass is Amazon Cognito identity pools (Federated Identities) to run
// yourself: an application's user signs in somewhere, at any OpenID Connect
// provider, and daypass turns that sign-in, or no sign-in at all for a guest,
// into an identity and temporary, scoped, AWS-style credentials. It speaks the
// API of the services cognito-identity, STS and IAM as far as that takes, so the
// AWS CLI, SDKs and tools work with it unchanged.
//
// Where to look:
//
//   - cmd/daypass is the binary; package daypasstest runs a server inside a Go
//     test. Both run what package internal/instance puts together.
//   - Packages internal/cognito, internal/sts and internal/iam are the services.
//     The comment of internal/cognito defines pool, identity and login.
//   - HACKING.md is the first hour, docs/design.md has the pictures, and docs/adr
//     the decisions.
package daypass
