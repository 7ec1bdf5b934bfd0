package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// rounds is how often the servers take turns.
const rounds = 5

// BenchmarkRequest compares requests, each of another user who is known, with
// their ceilings.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	w.admit(b)
	ceiling := launch(b, "ceiling", w.dir)
	for _, bench := range []struct {
		name string
		of   func(*user) request
	}{
		{"GetId", w.getID},
		{"GetCredentialsForIdentity", w.getCredentials},
		{"GetOpenIdToken", w.getOpenIDToken},
		{"GetCallerIdentity", w.getCallerIdentity},
	} {
		b.Run(bench.name, func(b *testing.B) {
			requests := make([]request, users)
			for i := range requests {
				requests[i] = bench.of(&w.users[i])
			}
			const connections = 16
			ours, theirs := dial(b, w.daypass.addr, connections), dial(b, ceiling.addr, connections)
			n := max(1, b.N/rounds)
			defer w.daypass.profile(b.Name())()
			var daypass, bare [rounds]round
			for k := range rounds {
				next := func(i int) request { return requests[(k*n+i)%users] }
				daypass[k] = w.daypass.turn(b, ours, n, next)
				bare[k] = ceiling.turn(b, theirs, n, func(i int) request { return request{next(i).wire, holds("")} })
			}
			report(b, daypass, bare)
		})
	}
}

// BenchmarkNewGuest compares the requests of new guests, each of which is on
// the disk when it is answered, with rows put straight into SQLite: as many as
// are waiting with one commit, and each with its own.
func BenchmarkNewGuest(b *testing.B) {
	w := newWorld(b)
	settle(b)
	inserts := launch(b, "inserts", w.dir)
	b.Run("64", func(b *testing.B) {
		const callers, group = 64, 256
		ours, theirs := dial(b, w.daypass.addr, callers), dial(b, inserts.addr, 1)
		guest, n := w.getGuestID(), max(1, b.N/rounds)
		raw := func(most int) round {
			order := request{post(inserts.addr, fmt.Sprintf("/%d/%d/%d", most, callers, n), nil, nil), holds("")}
			r := inserts.turn(b, theirs, 1, func(int) request { return order })
			r.n = n
			return r
		}
		defer w.daypass.profile(b.Name())()
		var rate, cpu, grouped, each, ofGrouped, ofEach [rounds]float64
		for k := range rounds {
			d, g, e := w.daypass.turn(b, ours, n, func(int) request { return guest }), raw(group), raw(1)
			rate[k], cpu[k], grouped[k], each[k] = d.rate(), d.cost(), g.rate(), e.rate()
			ofGrouped[k], ofEach[k] = rate[k]/grouped[k], rate[k]/each[k]
		}
		b.ReportMetric(0, "ns/op") // of all together: says nothing
		b.ReportMetric(median(rate), "req/s")
		b.ReportMetric(median(cpu), "us/request")
		b.ReportMetric(median(grouped), "grouped-inserts/s")
		b.ReportMetric(median(each), "inserts/s")
		b.ReportMetric(median(ofGrouped), "of-grouped-inserts")
		b.ReportMetric(median(ofEach), "of-inserts")
	})
}

// round is what a server did in its turn.
type round struct {
	n         int // requests
	cpu, wall time.Duration
	took      []time.Duration
}

// turn lets a server answer n requests.
func (p *process) turn(b *testing.B, c caller, n int, next func(i int) request) round {
	b.Helper()
	began, before := time.Now(), p.cpuTime()
	took, err := c.send(n, next)
	if err != nil {
		b.Fatal(err)
	}
	return round{n, p.cpuTime() - before, time.Since(began), took}
}

// rate is the requests in a second, cost the microseconds of CPU for one.
func (r *round) rate() float64 { return float64(r.n) / r.wall.Seconds() }
func (r *round) cost() float64 { return float64(r.cpu.Microseconds()) / float64(r.n) }

// late compares the slowest answers with most.
func (r *round) late() float64 {
	slices.Sort(r.took)
	return float64(r.took[r.n*99/100]) / float64(r.took[r.n/2])
}

// report gives the medians over the rounds.
func report(b *testing.B, daypass, ceiling [rounds]round) {
	var rate, ceilingRate, cost, ceilingCost, ratio, late [rounds]float64
	for k, d := range daypass {
		c := ceiling[k]
		rate[k], cost[k], late[k] = d.rate(), d.cost(), d.late()
		ceilingRate[k], ceilingCost[k] = c.rate(), c.cost()
		ratio[k] = ceilingCost[k] / cost[k]
	}
	b.ReportMetric(0, "ns/op") // of both servers together: says nothing
	b.ReportMetric(median(rate), "req/s")
	b.ReportMetric(median(ceilingRate), "ceiling-req/s")
	b.ReportMetric(median(late), "p99/p50")
	if slices.ContainsFunc(daypass[:], func(r round) bool { return r.cpu < shortest }) {
		return
	}
	b.ReportMetric(median(cost), "us/request")
	b.ReportMetric(median(ceilingCost), "ceiling-us/request")
	b.ReportMetric(median(ratio), "of-ceiling")
	b.ReportMetric(50*(slices.Max(ratio[:])-slices.Min(ratio[:]))/median(ratio), "spread-%")
}

// shortest is the least CPU time of a round that steps of 10 ms tell anything
// about.
const shortest = 200 * time.Millisecond

func median(list [rounds]float64) float64 {
	slices.Sort(list[:])
	return list[rounds/2]
}
