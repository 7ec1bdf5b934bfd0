// Package pgtest gives tests a real PostgreSQL, and ways to harm it.
//
// [Database] makes an empty database for a test. The server is the one of
// DAYPASS_TEST_POSTGRES, a URL of a user who may create databases, or else one
// that the test process starts for itself: a cluster in a temporary folder, on a
// free port of 127.0.0.1, with a password of its own, as an ordinary user, from
// server programs that are found in the PATH or where Debian, Red Hat, Homebrew
// and PostgreSQL's installers put them. It ends with the test process, however
// that ends, and takes its folder with it.
//
// Where neither is there, the test is skipped, and says so. DAYPASS_TEST_REQUIRE
// makes that a failure: it is "all", or a list with "postgres" in it. Continuous
// integration sets it.
//
// Tests of faults have servers of their own. [Start] gives one that can be killed,
// stopped and started again, [Server.Standby] a streaming copy of it that can be
// promoted, [Server.Backup] one that can be restored. A [Proxy] stands between a
// client and a server, counts round trips, and delays, stalls, resets or refuses
// what passes, at once or at a statement of the test's choice, such as a COMMIT
// before or after the server has seen it. [Bouncer] is pgbouncer in transaction mode,
// and [Patroni] a cluster that replaces its primary by itself.
package pgtest
