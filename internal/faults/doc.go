// Package faults harms a fleet: daypass binaries in processes of their own, on a real
// PostgreSQL, under load. It has tests and nothing else.
//
// Clients make identities, link logins, change roles and revoke sessions at every
// node, and try again what was not answered. A ledger keeps what was acknowledged.
// Meanwhile nodes and servers are killed, replaced and restored, and the network
// between them stalls. Then the ledger is compared with what each node says: nothing
// that was acknowledged may be lost, no login may have had two identities, and no
// session may have been accepted after its revocation was acknowledged.
//
// "go test" takes the short way. DAYPASS_FAULTS=1 (make faults) does the same for
// longer and with more writers, and has tests that take minutes. The test with
// Patroni, which replaces a primary without us, needs its packages and
// DAYPASS_FAULTS=patroni (.ci/nightly).
package faults
