package adopt

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The service that the pool was imported from did not answer in time, could not be reached, or failed.
	causeUnreachable awsapi.Cause = "adoption-unreachable"
	// The rules of outbound calls refuse the service that the pool was imported from, or the certificate that it shows; --outbound-allow permits private addresses.
	causeForbidden awsapi.Cause = "adoption-forbidden"
	// The service that the pool was imported from throttles GetId: lower QuestionsPerSecond.
	causeThrottled awsapi.Cause = "adoption-throttled"
	// The service that the pool was imported from refuses the login; the detail says why.
	causeRefused awsapi.Cause = "adoption-refused"
	// The service that the pool was imported from gave an answer that is not one of GetId.
	causeAnswer awsapi.Cause = "adoption-answer"
)
