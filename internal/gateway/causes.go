package gateway

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The gateway speaks a version of the protocol that daypass does not know (in the detail), or names none. In a line about /private/version this is a warning; it refuses nothing.
	causeProtocol awsapi.Cause = "gateway-protocol"
	// The request has a path, a query or a method that the protocol does not have.
	causePath awsapi.Cause = "gateway-path"
	// The gateway signs with the root access key. Give it the access key of a user who has the permission daypass:ServeGateway.
	causeRoot awsapi.Cause = "gateway-root"
	// The gateway signs with temporary credentials. Give it the access key of a user.
	causeSession awsapi.Cause = "gateway-session"
	// The body cannot be parsed, or lacks a part that the question needs; the detail says which.
	causeMalformed awsapi.Cause = "gateway-malformed"
	// The question is larger than any that an S3 request can lead to: too many actions, resources, condition keys or values, or too long ones.
	causeTooMuch awsapi.Cause = "gateway-too-much"
	// The gateway asks about a service that is not S3: for a signing key, an action or a resource.
	causeService awsapi.Cause = "gateway-service"
	// The gateway asks for a signing key for a day (in the detail) that is more than seven days ago or in the future, or on which the session was not valid.
	causeDate awsapi.Cause = "gateway-date"
	// The policies of the subject take too long to evaluate for so many resources.
	causeSlow awsapi.Cause = "gateway-slow"
)
