// Package declare brings a server to what a file says: identity pools with the IDs
// that the file chooses, roles, policies, providers, users and their keys.
//
// A file is YAML or JSON. [Parse] reads it and finds the mistakes that show in it
// alone, each with its line. A [Plan] compares it with a server, by the operations of
// the API alone, and has the calls that are missing; they are made with the caller's
// rights. What the file says of an entity is all of it: members that it leaves out go
// back to their defaults. Entities that it does not name stay as they are.
//
// docs/seed.md is the reference.
package declare

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
)

// A Caller calls an operation, signed for a region. A refusal by the service is an
// error that has the method ErrorCode.
type Caller func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error)
