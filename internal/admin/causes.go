package admin

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The call names no target or several, or one that cannot be revoked.
	causeTarget awsapi.Cause = "revocation-target"
	// IssuedBefore is in the future, where nothing has been issued yet.
	causeFuture awsapi.Cause = "revocation-future"
	// The maximum number of targets is revoked.
	causeLimitRevocations awsapi.Cause = "limit-revocations"
	// Another backup is being created, or its client still reads it.
	causeBackupRuns awsapi.Cause = "backup-running"
	// There is no next master key (--next-master-key-file).
	causeNoNextKey awsapi.Cause = "master-key-no-next"
	// A server that shares the database does not have the next master key; the answer says how many.
	causeLackingKey awsapi.Cause = "master-key-lacking"
	// The next master key was replaced by another one before.
	causeUsedKey awsapi.Cause = "master-key-used"
	// The call names another master key than the one that seals, and than the last one that was replaced.
	causeOtherKey awsapi.Cause = "master-key-other"
	// The master key is being replaced, and something is still sealed with the old one.
	causeRotating awsapi.Cause = "master-key-rotating"
	// The call names nobody whose hashes there could be, or not clearly.
	causeAuditWhom awsapi.Cause = "audit-whom"
	// The server keeps no audit trail (--audit-log).
	causeNoTrail awsapi.Cause = "audit-off"
	// The database is not the embedded one (--database), so daypass cannot copy it.
	causeNotEmbedded awsapi.Cause = "backup-not-embedded"
	// KeyRecipient is not a public key of age.
	causeRecipient awsapi.Cause = "backup-recipient"
	// There is no role of the name, or it is not linked to the target.
	causeRole awsapi.Cause = "role-not-linked"
	// A signing key that was replaced before can still verify tokens; the answer says until when.
	causeRetiringKey awsapi.Cause = "signing-key-retiring"
	// There is no signing key to rotate: the region has had no identity pool.
	causeNoSigningKey awsapi.Cause = "signing-key-missing"
	// The call has a grace period and says that the root credentials are compromised.
	causeGrace awsapi.Cause = "root-key-grace"
	// The root credentials are given to the server, so daypass cannot replace them.
	causeRootGiven awsapi.Cause = "root-key-given"
	// Root credentials that were replaced before are still good; the answer says until when.
	causeRetiringRoot awsapi.Cause = "root-key-retiring"
	// There is no target of the name (--target).
	causeNoTarget awsapi.Cause = "target-missing"
	// The pagination token was not issued by daypass, or is for another listing.
	causePageToken awsapi.Cause = "page-token"
	// A fault cannot be set, or the clock cannot be put forward; the detail says why.
	causeTrial awsapi.Cause = "trial"
	// The server does not fail on purpose: it runs without --dev, or others than this machine reach it and --dev-faults is not given.
	causeNoTrials awsapi.Cause = "trials-off"
)
