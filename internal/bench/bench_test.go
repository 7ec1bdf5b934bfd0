package bench

import (
	"fmt"
	"sync"
	"testing"
)

// connections is how many clients call a server at a time.
const connections = 16

// does says what is done for each request, by the name under which it is counted.
type does = map[string]float64

// row is requests that are compared with their ceiling.
type row struct {
	name string
	deck func() deck
	// missed is what daypass has to do because no memory has it, bare what the
	// ceiling does. What is not named is not done.
	missed, bare does
}

// compared are the requests that are compared with their ceilings.
func (w *world) compared() []row {
	all := func(of func(*user) request) func() deck { return func() deck { return w.everybody(&w.tokensAt, of) } }
	callers := func() deck { return w.everybody(&w.signedAt, w.getCallerIdentity) }
	few := func(of func(*user) request) func() deck { return func() deck { return w.aFew(of) } }
	login, remembered := does{"Signatures": 1}, does{}
	verify, mint, sign := does{"logins": 1}, does{"logins": 1, "sealed": 1}, does{"logins": 1, "signed": 1}
	return []row{
		{"GetId/never-seen", all(w.getID), login, verify},
		{"GetId/seen", few(w.getID), remembered, verify},
		{"GetCredentialsForIdentity/never-seen", all(w.getCredentials), login, mint},
		{"GetCredentialsForIdentity/seen", few(w.getCredentials), remembered, mint},
		{"GetOpenIdToken/never-seen", all(w.getOpenIDToken), login, sign},
		{"GetCallerIdentity/never-seen", callers, does{"SigningKeys": 1}, does{"opened": 1, "requests": 1}},
		{"GetCallerIdentity/seen", few(w.getCallerIdentity), remembered, does{"opened": 1, "requests": 1}},
		{"DescribeIdentityPool/seen", few(w.describePool), remembered, does{"requests": 1}},
		{"GetId/SAML", few(w.getIDWithSAML), does{}, verify}, // no memory has anything of a response
	}
}

// BenchmarkRequest compares requests of known users with their ceilings. Those of
// never-seen name another user each, of more than any memory holds; those of seen
// come from few, whom every memory knows.
func BenchmarkRequest(b *testing.B) {
	w, ceiling := newRequestWorld(b, users)
	for _, r := range w.compared() {
		b.Run(r.name, func(b *testing.B) {
			defer w.daypass.profile(b.Name())()
			measure(b, w.against(b, ceiling, r)).metrics(b, "ceiling")
		})
	}
	// The binary as users have it, which logs to a file.
	idle, own := 0.0, 0.0
	released := sync.OnceValue(func() *world {
		r := newWorld(b, w.crowd, builtDaypass(b))
		idle, own, _ = r.daypass.memory()
		r.admit(b)
		return r
	})
	for _, operation := range []string{"GetCredentialsForIdentity", "GetOpenIdToken"} {
		b.Run(operation+"/as-released", func(b *testing.B) {
			r := released()
			for _, row := range r.compared() {
				if row.name == operation+"/never-seen" {
					row.missed = nil // it does not count
					measure(b, r.against(b, ceiling, row)).metrics(b, "ceiling")
				}
			}
		})
	}
	b.Run("memory", func(b *testing.B) {
		r := released()
		r.daypass.turn(b, dial(b, r.daypass.addr, connections), 0, r.everybody(&r.tokensAt, r.getCredentials).next)
		_, _, most := r.daypass.memory()
		b.ReportMetric(0, "ns/op")
		table.say(b, memoryIdle, idle, "MiB", resident(own))
		table.say(b, "memory under load", most, "MiB", fmt.Sprintf("at most, while %s users come for the first time and again", figure(users)))
	})
}

// resident says what memory is measured.
func resident(own float64) string {
	return fmt.Sprintf("resident when it is ready, %.1f MiB of it its own and the rest pages of the binary", own)
}

// newRequestWorld has a daypass that knows so many users, and the ceiling.
func newRequestWorld(b *testing.B, users int) (w *world, ceiling *process) {
	c := newCrowd(b, users)
	c.signTokens(b)
	settle(b)
	w = newWorld(b, c, thisDaypass)
	w.admit(b)
	w.signSAML(b)
	w.visit(b, w.users[:few], w.getIDWithSAML, func(*user, *answer) {})
	return w, launch(b, "ceiling", w.dir)
}

// against has daypass and the ceiling answer the same requests.
func (w *world) against(b *testing.B, ceiling *process, r row) comparison {
	d := r.deck()
	stripped := d.bare()
	var ours, theirs caller
	warm := 100
	if len(d.requests) == few {
		warm = few // from then on the memories know them
	}
	return comparison{
		warm: func() {
			// Not before: daypass closes connections on which nothing comes.
			ours, theirs = dial(b, w.daypass.addr, connections), dial(b, ceiling.addr, connections)
			w.daypass.turn(b, ours, warm, d.next)
			ceiling.turn(b, theirs, warm, stripped.next)
		},
		first:  func() round { return w.daypass.turn(b, ours, 0, d.next) },
		second: func() round { return ceiling.turn(b, theirs, 0, stripped.next) },
		missed: r.missed, bare: r.bare,
	}
}

// BenchmarkSAMLLogin compares reading and verifying a SAML response, by itself,
// with the cryptography of it: the base64, the digest and the RSA signature. Both
// are done in the same process.
func BenchmarkSAMLLogin(b *testing.B) {
	settle(b)
	w := newWorld(b, newCrowd(b, few), thisDaypass)
	w.signSAML(b)
	w.writeResponses(b)
	logins := launch(b, "logins", w.dir)
	conn := dial(b, logins.addr, 1)
	turn := func(how string) func() round {
		order := request{post(logins.addr, "/"+how, nil, nil), holds("")}
		return func() round {
			r := logins.turn(b, conn, 0, func(int) request { return order })
			r.n, r.took = r.n*loginsAtOnce, nil
			return r
		}
	}
	verify, bare := turn("verify"), turn("bare")
	defer logins.profile(b.Name())()
	measure(b, comparison{
		warm: func() { verify(); bare() }, first: verify, second: bare, missed: does{"verified": 1}, bare: does{"bare": 1},
	}).metrics(b, "ceiling")
}

// BenchmarkNewGuest compares requests of new guests, each of which is on the disk
// when it is answered, with rows put straight into SQLite, as many as are waiting
// with one commit.
func BenchmarkNewGuest(b *testing.B) {
	settle(b)
	w := newWorld(b, newCrowd(b, 0), thisDaypass)
	inserts := launch(b, "inserts", w.dir)
	b.Run("64-connections", func(b *testing.B) {
		const callers, group = 64, 256
		ours, theirs := dial(b, w.daypass.addr, callers), dial(b, inserts.addr, 1)
		guest := w.getGuestID()
		profiled := w.daypass.profile(b.Name())
		n, all := 0, 0
		guests := func(n int) round {
			r := w.daypass.turn(b, ours, n, func(int) request { return guest })
			all += r.n
			return r
		}
		measure(b, comparison{
			warm: func() { guests(few) },
			first: func() round {
				r := guests(0)
				n = r.n
				return r
			},
			second: func() round {
				order := request{post(inserts.addr, insertsPath(group, callers, n), nil, nil), holds("")}
				r := inserts.turn(b, theirs, 1, func(int) request { return order })
				r.n, r.took = n, nil
				return r
			},
			bare: does{"Rows": 1}, byRate: true,
			proof: func() error {
				profiled()
				w.daypass.stop()
				if rows, err := w.onDisk(`SELECT COUNT(*) FROM identities`); err != nil || rows != all {
					return fmt.Errorf("%d guests were answered, and %d are on the disk: %v", all, rows, err)
				}
				return nil
			},
		}).metrics(b, "group-commit")
	})
}
