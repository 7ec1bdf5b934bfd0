package cognito_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// event is a call of one of several callers, with when it began and ended on a
// clock that only counts.
type event struct {
	call
	got          answer
	began, ended int64
}

func (e event) String() string {
	return fmt.Sprintf("%d-%d %T%+v: %+v\n", e.began, e.ended, e.call, e.call, e.got)
}

// together makes the calls of several callers at the same time, each caller's
// one after the other, at all nodes in turn.
func together(ctx context.Context, r *rig, plans [][]call) [][]event {
	var clock atomic.Int64
	var callers sync.WaitGroup
	start, lanes := make(chan struct{}), make([][]event, len(plans))
	for n, plan := range plans {
		callers.Go(func() {
			<-start
			for at, c := range plan {
				e := event{call: c, began: clock.Add(1)}
				e.got = c.ask(ctx, r.node(n+at))
				e.ended = clock.Add(1)
				lanes[n] = append(lanes[n], e)
			}
		})
	}
	close(start)
	callers.Wait()
	return lanes
}

// history writes down what happened, in the order in which it began.
func history(lanes [][]event) string {
	all := slices.Concat(lanes...)
	slices.SortFunc(all, func(a, b event) int { return cmp.Compare(a.began, b.began) })
	var b strings.Builder
	for _, e := range all {
		b.WriteString(e.String())
	}
	return b.String()
}

// explanation looks for an order of calls that overlapped in which the reference
// gives each of them the answer that it got, and ends in the state that was found
// (the calls are linearizable). No call may come before one that had ended when
// it began. That there is such an order says all at once: no login has two
// owners, no acknowledged link is lost but to a call that took it away, a merge
// loses nothing, a disabled identity gets nothing.
type explanation struct {
	lanes [][]event
	end   string
	// failed has the places that were tried: how far each caller was, and what
	// the reference's state was.
	failed map[string]bool
}

// explain gives the reference as it is after the calls, nil if nothing explains
// their answers.
func explain(before *reference, lanes [][]event, end string) *reference {
	x := explanation{lanes: lanes, end: end, failed: map[string]bool{}}
	return x.from(before, make([]int, len(lanes)))
}

func (x *explanation) from(r *reference, done []int) *reference {
	state := r.String()
	place := fmt.Sprint(done) + state + r.marks()
	if x.failed[place] {
		return nil
	}
	next := x.next(done)
	if len(next) == 0 && state == x.end {
		return r
	}
	for _, lane := range next {
		e := x.lanes[lane][done[lane]]
		after := r.clone()
		if !agree(e.expect(after, e.got), e.got) {
			continue
		}
		further := slices.Clone(done)
		further[lane]++
		if found := x.from(after, further); found != nil {
			return found
		}
	}
	x.failed[place] = true
	return nil
}

// next lists the callers whose call may be the next: those that had begun when
// the first of them ended. What ended first is the best guess.
func (x *explanation) next(done []int) []int {
	var lanes []int
	for n, lane := range x.lanes {
		if done[n] < len(lane) {
			lanes = append(lanes, n)
		}
	}
	at := func(n int) event { return x.lanes[n][done[n]] }
	slices.SortFunc(lanes, func(a, b int) int { return cmp.Compare(at(a).ended, at(b).ended) })
	return slices.DeleteFunc(lanes, func(n int) bool { return at(n).began > at(lanes[0]).ended })
}
