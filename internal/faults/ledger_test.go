package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
)

// A ledger keeps what clients were told, and finds out when they are told otherwise.
type ledger struct {
	*world
	t *testing.T

	mu          sync.Mutex
	owner       [people]string    // of a person's login
	guests      []string          // identities
	links       map[string]string // the identity of each developer user
	revoked     []sigv4.Credentials
	tried, done int           // the last description of the role that was asked for, and that was acknowledged
	acks        int           // everything that was acknowledged
	slowest     time.Duration // answer, whatever it was
	refused     map[string]int

	runs int        // how often run was called
	ackd *sync.Cond // acks has changed
}

func newLedger(t *testing.T, w *world) *ledger {
	l := &ledger{world: w, t: t, links: map[string]string{}, refused: map[string]int{}}
	l.ackd = sync.NewCond(&l.mu)
	return l
}

// load is clients that work until it is stopped.
type load struct {
	*ledger
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// run starts writers at random nodes, and one that changes a role.
func (l *ledger) run(writers int) *load {
	ctx, cancel := context.WithCancel(l.t.Context())
	r := &load{ledger: l, cancel: cancel}
	l.runs++
	for w := range writers {
		r.wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(w), 12))
			for n := 0; ctx.Err() == nil; n++ {
				if w == 0 {
					l.changeRole(ctx, dice)
					continue
				}
				switch dice.IntN(6) {
				case 0:
					l.guest(ctx, dice)
				case 1:
					l.linkAnother(ctx, dice, fmt.Sprintf("user-%d-%d-%d", l.runs, w, n))
				case 2:
					l.revoke(ctx, dice)
				default:
					l.person(ctx, dice)
				}
			}
		})
	}
	return r
}

// stop ends the load. Clients that wait for an answer give up.
func (r *load) stop() {
	r.cancel()
	r.wg.Wait()
}

// more waits until so much more was acknowledged.
func (r *load) more(n int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 4*patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ackd.Broadcast()
	})()
	r.mu.Lock()
	defer r.mu.Unlock()
	for target := r.acks + n; r.acks < target; r.ackd.Wait() {
		if ctx.Err() != nil {
			r.t.Fatalf("%d of %d more are acknowledged after %v; refused: %v", n-(target-r.acks), n, 4*patience, r.refused)
		}
	}
}

// ack writes down what a client was told.
func (l *ledger) ack(note func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	note()
	l.acks++
	l.ackd.Broadcast()
}

// try does something at random nodes until it is done or the load ends, and says
// whether it was done. What nobody is to blame for but the fault is tried again.
func (l *ledger) try(ctx context.Context, dice *rand.Rand, what string, do func(*node) error) bool {
	for ctx.Err() == nil {
		began := time.Now()
		err := do(l.nodes[dice.IntN(len(l.nodes))])
		if ctx.Err() != nil {
			return false
		}
		l.mu.Lock()
		l.slowest = max(l.slowest, time.Since(began))
		if err != nil {
			l.refused[reason(err)]++
		}
		l.mu.Unlock()
		switch {
		case err == nil:
			return true
		case !excused(err):
			l.t.Errorf("%s: %v", what, err)
			return false
		}
		select { // what clients do
		case <-ctx.Done():
		case <-time.After(time.Duration(20+dice.IntN(80)) * time.Millisecond):
		}
	}
	return false
}

// excused says whether an error is one that a client tries again after: there was no
// answer, or the server blames itself.
func excused(err error) bool {
	var e *client.Error
	return !errors.As(err, &e) || e.Status >= http.StatusInternalServerError
}

// code is that of an error of the server; "" where there was no answer.
func code(err error) string {
	var e *client.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func reason(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return strconv.Itoa(e.Status) + " " + e.Code
	}
	return "no answer"
}

// person asks for the identity of one of the people, whom others ask for too.
func (l *ledger) person(ctx context.Context, dice *rand.Rand) {
	person := dice.IntN(people)
	var id string
	if !l.try(ctx, dice, "GetId", func(n *node) (err error) { id, err = l.getID(ctx, n, person); return err }) {
		return
	}
	l.ack(func() {
		if was := l.owner[person]; was != "" && was != id {
			l.t.Errorf("person %d has the identities %s and %s", person, was, id)
		}
		l.owner[person] = id
	})
}

func (l *ledger) guest(ctx context.Context, dice *rand.Rand) (id string) {
	if !l.try(ctx, dice, "GetId of a guest", func(n *node) (err error) { id, err = l.getID(ctx, n, -1); return err }) {
		return ""
	}
	l.ack(func() { l.guests = append(l.guests, id) })
	return id
}

// linkAnother links a developer user to a guest.
func (l *ledger) linkAnother(ctx context.Context, dice *rand.Rand, user string) {
	id := l.guest(ctx, dice)
	if id == "" {
		return
	}
	var linked string
	if !l.try(ctx, dice, "a link", func(n *node) (err error) { linked, err = l.link(ctx, n, user, id); return err }) {
		return
	}
	if linked != id {
		l.t.Errorf("%s was linked to %s and not to %s", user, linked, id)
	}
	l.ack(func() { l.links[user] = id })
	if l.try(ctx, dice, "LookupDeveloperIdentity", func(n *node) (err error) { linked, err = l.lookup(ctx, n, user); return err }) && linked != id {
		l.t.Errorf("%s was linked to %s, and a node says to %q", user, id, linked)
	}
}

// revoke gives a guest credentials and revokes them. From then on no node takes them.
func (l *ledger) revoke(ctx context.Context, dice *rand.Rand) {
	id := l.guest(ctx, dice)
	var c sigv4.Credentials
	if id == "" ||
		!l.try(ctx, dice, "credentials", func(n *node) (err error) { c, err = l.credentials(ctx, n, id); return err }) ||
		!l.try(ctx, dice, "the use of credentials", func(n *node) error { return whoami(ctx, n, c) }) ||
		!l.try(ctx, dice, "RevokeSessions", func(n *node) error {
			_, err := n.root().JSON(ctx, admin.API, "RevokeSessions", map[string]any{"IdentityId": id})
			return err
		}) {
		return
	}
	l.ack(func() { l.revoked = append(l.revoked, c) })
	l.try(ctx, dice, "revoked credentials", func(n *node) error { return l.mustBeRevoked(ctx, n, c) })
}

// mustBeRevoked fails the test where a node takes credentials that are revoked; its
// error is that it did not judge them.
func (l *ledger) mustBeRevoked(ctx context.Context, n *node, c sigv4.Credentials) error {
	switch err := whoami(ctx, n, c); {
	case err == nil:
		l.t.Errorf("a session was accepted after its revocation was acknowledged: %s", c.AccessKeyID)
	case excused(err):
		return err
	case code(err) != "ExpiredToken":
		l.t.Errorf("a revoked session: %v", err)
	}
	return nil
}

// changeRole gives the role the next description. Nobody else does, so that the next
// node to be asked knows it.
func (l *ledger) changeRole(ctx context.Context, dice *rand.Rand) {
	l.mu.Lock()
	l.tried++
	number := l.tried
	l.mu.Unlock()
	if !l.try(ctx, dice, "UpdateRole", func(n *node) error {
		_, err := n.root().Query(ctx, iam.API, "UpdateRole", "RoleName", "authenticated", "Description", strconv.Itoa(number))
		return err
	}) {
		return
	}
	l.ack(func() { l.done = number })
	var got int
	if l.try(ctx, dice, "GetRole", func(n *node) (err error) { got, err = describe(ctx, n); return err }) && got != number {
		l.t.Errorf("the role was changed for the %d. time, and a node knows of %d", number, got)
	}
}

// verify compares what was acknowledged with what each node says.
func (l *ledger) verify() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Logf("acknowledged %d: %d guests, %d developer users, %d revocations, %d changes of a role; the slowest answer took %v; refused: %v",
		l.acks, len(l.guests), len(l.links), len(l.revoked), l.done, l.slowest.Round(time.Millisecond), l.refused)
	if l.acks == 0 {
		l.t.Error("nothing was acknowledged")
	}
	if l.slowest > bound {
		l.t.Errorf("an answer took %v, and none may take more than %v", l.slowest, bound)
	}
	ctx := l.t.Context()
	all := func(n *node, what string, count int, check func(i int) error) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := w; i < count; i += 8 {
					if err := check(i); err != nil {
						l.t.Errorf("%s, at %s: %v", what, *n.url.Load(), err)
					}
				}
			})
		}
		wg.Wait()
	}
	var users []string
	for user := range l.links {
		users = append(users, user)
	}
	for _, n := range l.nodes {
		all(n, "people", people, func(i int) error {
			if l.owner[i] == "" {
				return nil
			}
			id, err := l.getID(ctx, n, i)
			if err == nil && id != l.owner[i] {
				err = fmt.Errorf("person %d has the identity %s, and had %s", i, id, l.owner[i])
			}
			return err
		})
		all(n, "developer users", len(users), func(i int) error {
			id, err := l.lookup(ctx, n, users[i])
			if err == nil && id != l.links[users[i]] {
				err = fmt.Errorf("%s belongs to %s, and was linked to %s", users[i], id, l.links[users[i]])
			}
			return err
		})
		all(n, "revoked sessions", len(l.revoked), func(i int) error { return l.mustBeRevoked(ctx, n, l.revoked[i]) })
		if got, err := describe(ctx, n); err != nil || got < l.done || got > l.tried {
			l.t.Errorf("the role was changed %d times, and a node knows of %d, %v", l.done, got, err)
		}
	}
	// An identity is never cached: one node is enough.
	all(l.nodes[0], "guests", len(l.guests), func(i int) error {
		_, err := call(ctx, l.nodes[0].root(), "DescribeIdentity", map[string]any{"IdentityId": l.guests[i]})
		return err
	})
}
