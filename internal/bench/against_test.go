package bench

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkAgainst compares one daypass with another, as they were built, with the
// same tokens: scripts/bench-against builds them, and says where they are.
func BenchmarkAgainst(b *testing.B) {
	this, other := os.Getenv("DAYPASS_BENCH_THIS"), os.Getenv("DAYPASS_BENCH_OTHER")
	if this == "" || other == "" {
		b.Skip("scripts/bench-against runs this")
	}
	c := newCrowd(b, users)
	c.signTokens(b)
	settle(b)
	start := func(binary string) *world {
		w := newWorld(b, c, func(b *testing.B, dir string) *process { return binaryDaypass(b, binary, dir) })
		w.admit(b)
		w.signSAML(b)
		w.visit(b, w.users[:few], w.getIDWithSAML, func(*user, *answer) {})
		return w
	}
	ours, theirs := start(this), start(other)
	mine, others := ours.compared(), theirs.compared()
	for i, r := range mine {
		b.Run(r.name, func(b *testing.B) {
			versus(b, ours, theirs, r.deck(), others[i].deck(), connections, 0, nil).metrics(b, "other")
		})
	}
	b.Run("GetId/new-guest", func(b *testing.B) {
		versus(b, ours, theirs, ours.guests(), theirs.guests(), connections, 0, nil).metrics(b, "other")
	})
}

// versus has two daypasses take turns, with so many callers and n requests to a turn
// (see turn). Both do the same for a request.
func versus(b *testing.B, ours, theirs *world, mine, others deck, callers, n int, both does) *pair {
	b.Helper()
	a, z := dial(b, ours.daypass.addr, callers), dial(b, theirs.daypass.addr, callers)
	return measure(b, comparison{
		warm: func() {
			ours.daypass.turn(b, a, few, mine.next)
			theirs.daypass.turn(b, z, few, others.next)
		},
		first:  func() round { return ours.daypass.turn(b, a, n, mine.next) },
		second: func() round { return theirs.daypass.turn(b, z, n, others.next) },
		missed: both, bare: both,
	})
}

// guests makes requests of new guests.
func (w *world) guests() deck { return deck{[]request{w.getGuestID()}, new(int)} }

// builtDaypass builds this daypass as releases are, to be started later.
func builtDaypass(b *testing.B) func(b *testing.B, dir string) *process {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "daypass")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "github.com/daypass/daypass/cmd/daypass").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v: %s", err, out)
	}
	return func(b *testing.B, dir string) *process { return binaryDaypass(b, binary, dir) }
}

// binaryDaypass starts a daypass that was built, as its users do.
func binaryDaypass(b *testing.B, binary, dir string) *process {
	b.Helper()
	addr := freeAddr(b)
	p := &process{addr: addr, cmd: pinned(binary, "serve", "--listen", addr, "--data-dir", filepath.Join(dir, "data"), "--account-id", account,
		"--master-key-file", filepath.Join(dir, masterKeyFile), "--root-access-key-id", rootKey, "--guest-rate", "0",
		"--outbound-allow", "127.0.0.1", "--outbound-ca-file", filepath.Join(dir, caFile))}
	p.cmd.Env = append(os.Environ(), "DAYPASS_ROOT_SECRET_ACCESS_KEY="+rootSecret)
	ready := func() bool {
		answer, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	p.start(b, dir, os.Interrupt, time.Millisecond, ready)
	return p
}
