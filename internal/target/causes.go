package target

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The role's tag daypass:target names a target that the server does not have (--target).
	causeUnknown awsapi.Cause = "target-unknown"
	// The role has the tag daypass:target but no daypass:target-role, which the target needs.
	causeRoleUnset awsapi.Cause = "target-role-unset"
	// The target cannot express the role's policies as a session policy; the detail says which statement and why, and so does daypass target check.
	causePolicy awsapi.Cause = "target-policy"
	// The role's policies make a session policy that is longer than targets accept.
	causePolicySize awsapi.Cause = "target-policy-size"
	// The file of the target's service key (--target-key-file) cannot be read, or users other than its owner may read it; the detail says which.
	causeKeyFile awsapi.Cause = "target-key-file"
	// The maximum number of requests is already waiting for the target.
	causeBusy awsapi.Cause = "target-busy"
	// The target did not answer, or not in time.
	causeUnavailable awsapi.Cause = "target-unavailable"
	// The target's certificate does not lead to a known authority (--outbound-ca-file) or is for another name.
	causeUntrusted awsapi.Cause = "target-untrusted"
	// The address of the target, or a redirect by it, is one that outbound calls may not follow; the detail says why.
	causeAddress awsapi.Cause = "target-address"
	// The target refused; the detail has the code and what it says.
	causeRefused awsapi.Cause = "target-refused"
	// The target did not answer as an STS does, or its credentials cannot be used; the detail says why.
	causeAnswer awsapi.Cause = "target-answer"
)
