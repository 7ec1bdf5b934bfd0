package bench

import (
	"fmt"
	"testing"
)

// connections is how many clients call a server at a time.
const connections = 16

// does says what is done for each request, by the name under which it is counted.
type does = map[string]float64

// compared are the requests that are compared with their ceilings.
func (w *world) compared() []struct {
	name string
	deck func() deck
	// missed is what daypass has to do because no memory has it, bare what the
	// ceiling does. What is not named is not done.
	missed, bare does
} {
	type row = struct {
		name         string
		deck         func() deck
		missed, bare does
	}
	all := func(of func(*user) request) func() deck { return func() deck { return w.everybody(of) } }
	few := func(of func(*user) request) func() deck { return func() deck { return w.aFew(of) } }
	login, remembered := does{"Signatures": 1}, does{}
	verify, mint, sign := does{"logins": 1}, does{"logins": 1, "sealed": 1}, does{"logins": 1, "signed": 1}
	return []row{
		{"GetId/never-seen", all(w.getID), login, verify},
		{"GetId/seen", few(w.getID), remembered, verify},
		{"GetCredentialsForIdentity/never-seen", all(w.getCredentials), login, mint},
		{"GetCredentialsForIdentity/seen", few(w.getCredentials), remembered, mint},
		{"GetOpenIdToken/never-seen", all(w.getOpenIDToken), login, sign},
		{"GetCallerIdentity/never-seen", all(w.getCallerIdentity), does{"SigningKeys": 1}, does{"opened": 1, "requests": 1}},
		{"GetCallerIdentity/seen", few(w.getCallerIdentity), remembered, does{"opened": 1, "requests": 1}},
		{"DescribeIdentityPool/seen", few(w.describePool), remembered, does{"requests": 1}},
	}
}

// BenchmarkRequest compares requests of known users with their ceilings. Those of
// never-seen name another user each, of more than any memory holds; those of seen
// come from few, whom every memory knows.
func BenchmarkRequest(b *testing.B) {
	c := newCrowd(b)
	c.signTokens(b)
	settle(b)
	w := newWorld(b, c, thisDaypass)
	idle, _ := w.daypass.memory()
	w.admit(b)
	ceiling := launch(b, "ceiling", w.dir)
	for _, r := range w.compared() {
		b.Run(r.name, func(b *testing.B) { w.against(b, ceiling, r.deck(), r.missed, r.bare) })
	}
	b.Run("GetId/SAML", func(b *testing.B) {
		w.signSAML(b)
		w.visit(b, w.users[:few], w.getIDWithSAML, func(*user, *answer) {})
		w.against(b, ceiling, w.aFew(w.getIDWithSAML), does{}, does{"logins": 1}) // no memory has anything of a response
	})
	b.Run("memory", func(b *testing.B) {
		w.daypass.turn(b, dial(b, w.daypass.addr, connections), 0, w.everybody(w.getCredentials).next)
		_, most := w.daypass.memory()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(idle, "idle-MiB")
		b.ReportMetric(most, "most-MiB")
		table.line(b.Name(), fmt.Sprintf("idle %.0f MiB, under load with %d identities at most %.0f | | | | | | | |", idle, users, most), loadAverage(), "ok")
	})
}

// against compares requests with the ceiling.
func (w *world) against(b *testing.B, ceiling *process, d deck, missed, bare does) {
	ours, theirs, stripped := dial(b, w.daypass.addr, connections), dial(b, ceiling.addr, connections), d.bare()
	w.daypass.turn(b, ours, few, d.next) // from here on the memories know the few
	ceiling.turn(b, theirs, few, stripped.next)
	defer w.daypass.profile(b.Name())()
	measure(b, missed, bare,
		func() round { return w.daypass.turn(b, ours, 0, d.next) },
		func() round { return ceiling.turn(b, theirs, 0, stripped.next) },
	).metrics(b, "ceiling")
}

// BenchmarkNewGuest compares the requests of new guests, each of which is on
// the disk when it is answered, with rows put straight into SQLite: as many as
// are waiting with one commit, and each with its own.
func BenchmarkNewGuest(b *testing.B) {
	settle(b)
	w := newWorld(b, newCrowd(b), thisDaypass)
	inserts := launch(b, "inserts", w.dir)
	b.Run("64", func(b *testing.B) {
		const callers, group = 64, 256
		ours, theirs := dial(b, w.daypass.addr, callers), dial(b, inserts.addr, 1)
		guest := w.getGuestID()
		raw := func(most, n int) float64 {
			order := request{post(inserts.addr, fmt.Sprintf("/%d/%d/%d", most, callers, n), nil, nil), holds("")}
			r := inserts.turn(b, theirs, 1, func(int) request { return order })
			if rows := r.did.Did["Rows"]; rows != float64(n) {
				b.Fatalf("%v rows are on the disk, not %d", rows, n)
			}
			return float64(n) / r.wall.Seconds()
		}
		load := loadAverage()
		w.daypass.turn(b, ours, few, func(int) request { return guest })
		defer w.daypass.profile(b.Name())()
		var guests [rounds]round
		var grouped, each, ofGrouped, ofEach [rounds]float64
		for k := range rounds {
			r := w.daypass.turn(b, ours, 0, func(int) request { return guest })
			grouped[k], each[k] = raw(group, r.n), raw(1, max(1, r.n/4))
			guests[k], ofGrouped[k], ofEach[k] = r, r.rate()/grouped[k], r.rate()/each[k]
		}
		report := func(of func(*round) float64) float64 { return medianOf(&guests, of) }
		ratio, spread := middle(ofGrouped)
		b.ReportMetric(0, "ns/op") // of all together: says nothing
		b.ReportMetric(report((*round).rate), "req/s")
		b.ReportMetric(report((*round).cost), "us/request")
		b.ReportMetric(report(func(r *round) float64 { return r.wait(.99) }), "p99-us")
		b.ReportMetric(median(grouped), "grouped-inserts/s")
		b.ReportMetric(median(each), "inserts/s")
		b.ReportMetric(ratio, "of-grouped-inserts")
		b.ReportMetric(median(ofEach), "of-inserts")
		b.ReportMetric(100*spread, "spread-%")
		verdict := "ok"
		if spread > farthest {
			verdict = "no verdict: the spread is too wide"
		}
		table.line(b.Name(), fmt.Sprintf("%.1f | group commit: %.0f/s against %.0f/s | | %.2f | %.0f | %.2f | | |", report((*round).cost),
			report((*round).rate), median(grouped), ratio, 100*spread, report((*round).late)), load, verdict)
	})
}
