// Package bench measures what daypass costs against what the machine allows.
// It has benchmarks and nothing else:
//
//	go test -run '^$' -bench . ./internal/bench
//
// A figure in microseconds says little, since it moves with the machine and its
// neighbours. So each operation is compared with its ceiling: a bare handler on
// net/http that gets the same requests and does only the operation's
// cryptography, like verifying a signature of RSA. Nothing that answers over
// HTTP and does not skip a check can be quicker than that.
//
// Server and ceiling are processes of their own, on the same core; the load
// comes from another core, over 16 connections. They take turns, and the verdict
// is the median, over five rounds, of the ratio of the CPU time that each took
// for a request:
//
//	us/request          CPU time of daypass for a request
//	ceiling-us/request  CPU time of the ceiling for a request
//	of-ceiling          the ratio: 1 is as good as it gets
//	spread-%            how far rounds lie apart; beyond 10 measure again
//	req/s               requests that daypass answered in a second
//	ceiling-req/s       and those that the ceiling answered
//	p99/p50             how long the slowest wait compared with most
//
// CPU time is read from /proc, so elsewhere than on Linux only the rates are
// there. An answer that is not the one expected fails the benchmark. Requests
// name one user after the other, thousands of them, so that remembering the last
// ones helps nobody.
//
// With DAYPASS_BENCH_PROFILE=DIR in the environment the CPU profiles of daypass
// are written to DIR, one for each benchmark, for "go tool pprof".
//
// The results, and what they should be, are in docs/performance.md.
package bench
