// Package bench measures what daypass costs against what the machine allows:
//
//	make bench BENCH=Request
//
// A figure in microseconds says little, since it moves with the machine and its
// neighbours. So each operation is compared with its ceiling: a bare handler on
// net/http that gets the same bytes and does the operation's cryptography on them,
// like verifying a signature of RSA, and nothing else. Nothing that answers over
// HTTP, skips no check and remembers nothing can be quicker than that.
//
// Server and ceiling are processes of their own, on the same core; the load comes
// from another core, over 16 connections. They take turns, five rounds of a second
// each, and the verdict is the median of the ratios of the rounds:
//
//	us/request           CPU time for a request
//	req/s                requests answered in a second
//	of-ceiling           the ratio by CPU time: 1 is as good as a handler that remembers nothing
//	of-ceiling-by-rate   the ratio by requests a second
//	spread-%             how far the rounds lie apart, to each side, by CPU time
//	p99/p50              how long the slowest wait compared with most
//	late-of-ceiling      that of daypass over that of the ceiling
//	allocs/request       objects on the heap
//
// What begins with ceiling- is the ceiling's own.
//
// # What is refused
//
// A benchmark that measures something else than it says fails, and reports nothing:
//
//   - An answer is not the one that is expected.
//   - A memory of daypass had what it should not have, or lacked what it should have.
//     In results that end in never-seen, each request names another of 39,000 users,
//     in those that end in seen, one of 1,000 others. The memories count what they did not
//     have (instance.Missed): for each request one signature or signing key in the
//     former, nothing in the latter, and nothing of what all requests have in common.
//     One in a hundred may be otherwise.
//   - The ceiling did not do for each request what it has to, by its own count.
//   - CPU time and requests a second give ratios that are more than 15 % apart. On a
//     core that is busy with nothing else they are the same.
//   - A server used too little CPU time in a round to be measured.
//   - The database does not have a row for each guest that was answered.
//
// When the rounds lie more than 10 % apart, or a result is refused, the five rounds
// are run once more. If they still do, there are figures, but no verdict. At the end
// come tables as docs/performance.md has them, with the machine, the commit, the load
// average when each result began (the run alone makes two), the share of the servers'
// core that others used meanwhile, and whether the goals (goals_test.go) were reached.
//
// Durable new guests are compared with rows put straight into SQLite, by requests a
// second, since both wait for the disk as well.
//
// Linux says how much CPU time a process has used, to the nanosecond. There are no
// results elsewhere.
//
// # The guard
//
// "make bench-guard", which continuous integration runs, takes a minute: it holds the
// requests to the ratios and allocations in testdata/guard.tsv. A ratio that has lost
// more than 15 %, or a request that allocates more, is measured again, and a failure
// if that is found again. Rounds that lie far apart, or in which CPU time and requests
// a second disagree, are measured again as well: one of the two servers was disturbed.
// A result that stays disturbed has no verdict, unless it was below each time.
// "make bench-guard RECORD=1" records what is.
//
// # Many identities, and others
//
// "make bench-large" puts ten million identities into the database by the bulk path of
// the store and measures what must not depend on their number: the same requests to
// that database and to one of 10,000, in turns; pages at the beginning, in the middle
// and at the end; start-up, memory, bytes an identity; and what live traffic notices
// while a pool with a million identities is deleted. IDENTITIES=300000 takes a minute.
//
// "make bench-peers" compares with servers that do a comparable job, with the same
// tokens: MinIO, SeaweedFS where it was built (scripts/partners seaweedfs), moto where
// it is installed. The former two have to refuse a forged token first; moto verifies
// nothing. They wait for disks and for each other, so that requests a second say
// something else than CPU time, which is what decides.
//
// # In the environment
//
// DAYPASS_BENCH_ROUND is how long a round lasts, such as 2s. With
// DAYPASS_BENCH_PROFILE=DIR, profiles of the server that is measured are written to
// DIR for each result: RESULT.cpu, and RESULT.allocs, from which RESULT.allocs-before
// is to be taken away. Figures of such a run are of little worth.
//
//	DAYPASS_BENCH_PROFILE=/tmp make bench BENCH=Request/GetId/never-seen
//	go tool pprof -top /tmp/Request-GetId-never-seen.cpu
//	go tool pprof -top -sample_index=alloc_objects -base /tmp/Request-GetId-never-seen.allocs-before /tmp/Request-GetId-never-seen.allocs
//
// scripts/bench-against compares with the daypass of another commit. The results,
// and what they should be, are in docs/performance.md.
package bench
