// Package revocation says what is void although it has not ended: what was taken
// back. It is values and an index, without I/O; the operations are those of
// package admin, and the database fills the index.
//
// # Words
//
// A [Target] is what is revoked: an identity, a login, an identity pool, an
// access key or the sessions of a role. A [Revocation] says that everything
// which stems from a target and was issued up to some moment is void. A [Mark]
// is the other side: credentials and OpenID tokens bear marks, which say what
// they stem from and since when. What is made from credentials, by assuming
// another role, bears their marks too.
//
// Since when is a number: the database counts the changes of its configuration, of
// which a revocation is one. What bears a smaller number is void, whatever the clocks
// of those who issued and revoked it said. Time counts where somebody asks for a
// moment, and for what was issued before changes were counted.
//
// The [Index] holds the revocations in memory, for every signed call asks it. It
// changes when a revocation is durable and before the caller is told.
//
// What an identity held is void when it is deleted or merged, without any
// revocation: whoever asks the Index also asks the identity's row.
//
// AWS's own way, a policy of the role with a condition on aws:TokenIssueTime,
// works too and needs nothing of this package.
//
// # What must always be true
//
//   - A revocation that was acknowledged holds at once, at every node, and after a
//     restart.
//   - A revocation is kept until nothing that it voids could be alive ([Lasts]).
//   - What is issued bears the number that its request was decided by, not a later
//     one: nothing that was decided in ignorance of a revocation survives it.
//   - A number is never handed out twice: a database that goes back to an older state
//     revokes [Everything], with a number beyond all that it may have lost.
//   - Times, where they count, are compared in whole seconds to the disadvantage of
//     what is revoked: tokens bear no finer time, and what was issued in the second
//     of the revocation is void.
package revocation
