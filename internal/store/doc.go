// Package store keeps everything daypass remembers in one SQL database.
//
// The services say what they need in their own Store and Tx interfaces; this
// package answers with ordinary SQL, and keeps what seldom changes in memory. What
// runs the SQL is an engine (package engine); the embedded one is SQLite in a
// single file (package sqlite). enginetest holds what is true of each engine, and
// storetest what is true of this package on each of them.
//
// # Words
//
//   - A [Tx] is a handle on one transaction. Queries are methods on it, and it
//     is worth nothing once the function it was given to has returned.
//   - A View is a function that reads. All its statements see one snapshot.
//   - An Update is a function that reads and writes. What it has read is still
//     true when it is committed, as if updates ran one after the other.
//   - A Configure is an Update that may change what is cached.
//
// # Promises
//
// When [DB.Update] returns nil, the work is on the disk: it survives kill -9
// and, as far as the disk tells the truth, a power cut. When it returns an
// error, nothing of the function is in the database, with the one exception
// that no database can avoid: if the disk fails in the very act of committing,
// the work may turn up after the next start.
//
// Any statement that fails, fails its function: later statements on the same
// Tx answer with the same error, and so does Update even if the function
// returns nil. That spares us reasoning about half-done work, and other
// engines know no other way. To meet a conflict without failing, say ON CONFLICT.
//
// # Caches
//
// Configuration (pools, roles, providers, keys) changes rarely and is read by
// every request, so it is kept in memory by a cache that views read and updates
// bypass. An update that changes an entity says so with invalidate; this takes
// effect after the commit and before anybody is told of it, so that whoever
// reads after an answer reads the new value.
//
// Where other nodes change the database too, what is in memory follows the log of
// changes, and a View that has used it is answered once a stamp says that the log had not
// gone on when the request came: see coherence.go and docs/adr/0042. All that a node keeps
// follows the log under a name: the caches of pools, roles, providers, users, access keys,
// permissions, policies and their versions, the list of signing keys, and the index of
// revocations, which is kept whole. Packages above keep only what is made from these:
//
//   - openid the keys of that list, opened, which it compares with it each time;
//   - iam compiled documents and sigv4 derived keys, by their whole text or secret, so
//     that what is found cannot be out of date; compiled trust policies and certificates
//     in the entity that they belong to;
//   - iam the last uses of access keys, which are written down each minute and decide
//     nothing;
//   - login what it has fetched from providers, which is theirs to change.
//
// Identities and logins, quotas, counts and lists are read each time.
//
// # Rules for a function given to View or Update
//
//   - It runs on the goroutine of its caller, uses its Tx only there, and does
//     not keep it.
//   - It opens no Update inside an Update (the writer is busy with this one) and
//     no View inside a View (all connections may be busy with such): deadlock. A
//     View inside an Update is harmless, and sees what was committed before.
//   - It may run again, as engines make it do that find at the commit that
//     somebody was faster. So it sets what it answers, and does not add to it.
//     [Options.RunAgain] is for tests of that.
//   - It touches nothing outside that would be wrong if it ran and was then
//     rolled back; side effects belong in [Tx.AfterCommit].
//   - It does no network I/O: everybody else's update is waiting.
package store
