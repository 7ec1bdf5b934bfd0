package target

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The role's tag daypass:target names a target that the server does not have (--target).
	causeUnknown awsapi.Cause = "target-unknown"
	// The role has the tag daypass:target but no daypass:target-role, which the target needs.
	causeRoleUnset awsapi.Cause = "target-role-unset"
	// The role's policies cannot be said as a session policy of the target; the detail says which statement and why, and so does daypass target check.
	causePolicy awsapi.Cause = "target-policy"
	// The role's policies make a session policy that is longer than targets accept.
	causePolicySize awsapi.Cause = "target-policy-size"
	// The file of the target's service key (--target-key-file) cannot be read, or others than its owner may read it; the detail says which.
	causeKeyFile awsapi.Cause = "target-key-file"
	// As many requests as may be under way at a time are waiting for the target.
	causeBusy awsapi.Cause = "target-busy"
	// The target did not answer, or not in time.
	causeUnavailable awsapi.Cause = "target-unavailable"
	// The certificate of the target does not lead to a known authority (--outbound-ca-file) or is for another name.
	causeUntrusted awsapi.Cause = "target-untrusted"
	// The address of the target, or a redirect by it, is one that outbound calls may not follow; the detail says why.
	causeAddress awsapi.Cause = "target-address"
	// The target refused; the detail has the code and what it says.
	causeRefused awsapi.Cause = "target-refused"
	// The answer of the target is not one of an STS, or has credentials that cannot be used; the detail says why.
	causeAnswer awsapi.Cause = "target-answer"
)
