package server

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The caller may not do the operation, for a reason that has no cause of its own.
	causeAccessDenied awsapi.Cause = "access-denied"
	// The request's body is larger than the operation takes: 1 MiB, or 32 MiB for the metadata of SAML providers.
	causeBodyTooLarge awsapi.Cause = "body-too-large"
	// The request's body ended early.
	causeBodyUnreadable awsapi.Cause = "body-unreadable"
	// The client went away before the answer was ready.
	causeClientGone awsapi.Cause = "client-gone"
	// A browser page of an origin that is not in --cors-origin called a signed operation.
	causeCorsOrigin awsapi.Cause = "cors-origin"
	// The session token was good once.
	causeExpiredSession awsapi.Cause = "expired-session"
	// The service failed; the detail says where.
	causeInternal awsapi.Cause = "internal"
	// IAM takes no credentials of GetSessionToken, since none of them were got with a second factor.
	causeKeyForOthers awsapi.Cause = "key-for-others"
	// Too many bodies of more than 1 MiB come in at once.
	causeLargeBodies awsapi.Cause = "large-bodies"
	// The body cannot be read as the operation's input.
	causeMalformed awsapi.Cause = "malformed"
	// Nobody has such an access key.
	causeUnknownKey awsapi.Cause = "unknown-key"
	// The access key was made inactive.
	causeInactiveKey awsapi.Cause = "inactive-key"
	// The access key is of another account, AWS's own for one.
	causeForeignKey awsapi.Cause = "foreign-key"
	// The session token is not that of the access key, or was cut, or is of another deployment.
	causeUnknownToken awsapi.Cause = "unknown-session"
	// The access key is a session's, and comes without its session token.
	causeTokenMissing awsapi.Cause = "session-token-missing"
	// The access key is a long-term one, and comes with a session token.
	causeTokenLeftOver awsapi.Cause = "session-token-left-over"
	// The access key that GetSessionToken was called with was made inactive or deleted, and the session ended with it.
	causeParentKey awsapi.Cause = "parent-key"
	// A sink that must have every event did not accept this one; the detail has its error. What the request changed stays changed.
	causeNotRecorded awsapi.Cause = "not-recorded"
	// The operation is called more often than --rate allows.
	causeRequestRate awsapi.Cause = "request-rate"
	// The operation takes no credentials of GetSessionToken.
	causeSessionCredentials awsapi.Cause = "session-credentials"
	// No operation has this name, which the detail has, in this version of the API.
	causeUnknownOperation awsapi.Cause = "unknown-operation"
	// A trusted proxy named its peer in X-Forwarded-For in a way that cannot be read (warning_detail has it), so the request has no aws:SourceIp. It is a warning, not a cause.
	warningForwardedFor awsapi.Cause = "forwarded-for-unreadable"
	// The input violates constraints of the API model.
	causeValidation awsapi.Cause = "validation"
	// The session, or what it stems from, was revoked.
	causeRevokedSession awsapi.Cause = "revoked-session"
)
