package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// rounds is how often the servers take turns.
	rounds = 5
	// attempts is how often they do so all over when there is no verdict.
	attempts = 2
	// tolerance is how far counts may be from what they must be, for each request.
	tolerance = 0.01
	// farthest is how far rounds may lie apart, to each side, for a verdict.
	farthest = 0.10
	// disagreement is how far the ratio of CPU time and that of rates may be apart:
	// two ways to measure the same thing on a core that is busy with nothing else.
	disagreement = 0.15
	// shortest is the least CPU time of a round that steps of 10 ms tell anything
	// about.
	shortest = 200 * time.Millisecond
	// busy is the load average, beyond the number of cores, from which on somebody
	// else is at work as well.
	busy = 1.5
)

// round is what a server did in its turn.
type round struct {
	n         int // requests
	cpu, wall time.Duration
	took      []time.Duration
	did       report
}

// turn lets a server answer n requests or, if n is zero, as many as it can while a
// round lasts.
func (p *process) turn(b *testing.B, c caller, n int, next func(i int) request) round {
	b.Helper()
	was := p.report(b)
	began, before := time.Now(), p.cpuTime()
	took, err := c.send(n, roundTime(), next)
	if err != nil {
		b.Fatal(err)
	}
	r := round{n: len(took), cpu: p.cpuTime() - before, wall: time.Since(began), took: took}
	slices.Sort(took)
	now := p.report(b)
	r.did = report{Allocs: now.Allocs - was.Allocs, Did: map[string]float64{}}
	for name, count := range now.Did {
		r.did.Did[name] = count - was.Did[name]
	}
	return r
}

// roundTime is how long a round lasts.
func roundTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("DAYPASS_BENCH_ROUND")); err == nil && d > 0 {
		return d
	}
	return time.Second
}

// rate is the requests in a second, cost the microseconds of CPU for one, wait how
// long a share of them took at most.
func (r *round) rate() float64              { return float64(r.n) / r.wall.Seconds() }
func (r *round) cost() float64              { return float64(r.cpu.Microseconds()) / float64(r.n) }
func (r *round) wait(share float64) float64 { return float64(r.took[int(share*float64(r.n))]) / 1000 }

// late compares the slowest answers with most.
func (r *round) late() float64 { return r.wait(.99) / r.wait(.5) }

// pair is the rounds of two servers that took turns. The second is the one with which
// the first is compared: its ceiling, or itself at another time.
type pair struct{ first, second [rounds]round }

func (p *pair) medians(of func(*round) float64) (first, second float64) {
	return medianOf(&p.first, of), medianOf(&p.second, of)
}

// ratio is the median of the ratios of the rounds, and how far they lie apart to
// each side.
func (p *pair) ratio(of func(first, second *round) float64) (ratio, spread float64) {
	var all [rounds]float64
	for k := range rounds {
		all[k] = of(&p.first[k], &p.second[k])
	}
	return middle(all)
}

// middle is the median, and how far all lie apart to each side of it.
func middle(all [rounds]float64) (at, spread float64) {
	at = median(all)
	return at, (slices.Max(all[:]) - slices.Min(all[:])) / 2 / at
}

func medianOf(list *[rounds]round, of func(*round) float64) float64 {
	var all [rounds]float64
	for k := range rounds {
		all[k] = of(&list[k])
	}
	return median(all)
}

func byCost(first, second *round) float64 { return second.cost() / first.cost() }
func byRate(first, second *round) float64 { return first.rate() / second.rate() }

// refused says why a pair is no result; nil if it is one.
func (p *pair) refused(firstDoes, secondDoes map[string]float64) error {
	for k := range rounds {
		for _, side := range []struct {
			name string
			r    *round
			does map[string]float64
		}{{"daypass", &p.first[k], firstDoes}, {"the ceiling", &p.second[k], secondDoes}} {
			if err := side.r.check(side.does); err != nil {
				return fmt.Errorf("round %d: %s did %w", k+1, side.name, err)
			}
			if side.r.cpu < shortest {
				return fmt.Errorf("round %d: %s used %v of CPU time, too little to tell", k+1, side.name, side.r.cpu)
			}
		}
	}
	cost, _ := p.ratio(byCost)
	if rate, _ := p.ratio(byRate); math.Abs(rate/cost-1) > disagreement {
		return fmt.Errorf("%.2f by CPU time and %.2f by requests a second: one of them is wrong", cost, rate)
	}
	return nil
}

// check holds what a server counted against what it has to do for each request.
// What is not named must not be done at all.
func (r *round) check(does map[string]float64) error {
	for name := range does {
		if _, ok := r.did.Did[name]; !ok && r.did.Did != nil {
			return fmt.Errorf("not say how many %s", name)
		}
	}
	for name, count := range r.did.Did {
		if each := count / float64(r.n); math.Abs(each-does[name]) > tolerance {
			return fmt.Errorf("%.3f %s for each request, not %.0f", each, name, does[name])
		}
	}
	return nil
}

// firm says whether the rounds lie close enough together for a verdict.
func (p *pair) firm() bool {
	_, spread := p.ratio(byCost)
	return spread <= farthest
}

// measure has two servers take turns until there is a verdict, or they tried often
// enough. A result that is refused fails the benchmark and has no figures.
func measure(b *testing.B, firstDoes, secondDoes map[string]float64, first, second func() round) *pair {
	b.Helper()
	var p pair
	var err error
	load := loadAverage()
	for range attempts {
		for k := range rounds {
			p.first[k], p.second[k] = first(), second()
		}
		if err = p.refused(firstDoes, secondDoes); err == nil && p.firm() {
			break
		}
	}
	table.add(b.Name(), &p, load, err)
	if err != nil {
		b.Fatalf("refused: %v (load average %s)", err, load)
	}
	b.ReportMetric(0, "ns/op") // of both servers together: says nothing
	return &p
}

// metrics reports what a pair says, the second as name.
func (p *pair) metrics(b *testing.B, name string) {
	metric := func(of func(*round) float64, unit string) {
		first, second := p.medians(of)
		b.ReportMetric(first, unit)
		b.ReportMetric(second, name+"-"+unit)
	}
	metric((*round).cost, "us/request")
	metric((*round).rate, "req/s")
	metric((*round).late, "p99/p50")
	metric(func(r *round) float64 { return r.wait(.99) }, "p99-us")
	if p.first[0].did.Allocs > 0 {
		metric(func(r *round) float64 { return r.did.Allocs / float64(r.n) }, "allocs/request")
	}
	cost, spread := p.ratio(byCost)
	rate, _ := p.ratio(byRate)
	late, _ := p.ratio(func(first, second *round) float64 { return first.late() / second.late() })
	b.ReportMetric(cost, "of-"+name)
	b.ReportMetric(rate, "of-"+name+"-by-rate")
	b.ReportMetric(late, "late-of-"+name)
	b.ReportMetric(100*spread, "spread-%")
}

func median(list [rounds]float64) float64 {
	slices.Sort(list[:])
	return list[rounds/2]
}

// results is what a run found, for people.
type results struct {
	began time.Time
	lines []string
}

var table = &results{began: time.Now()}

func (t *results) add(name string, p *pair, load string, refused error) {
	cost, spread := p.ratio(byCost)
	rate, _ := p.ratio(byRate)
	ours, theirs := p.medians((*round).cost)
	late, theirLate := p.medians((*round).late)
	verdict := "ok"
	switch {
	case refused != nil:
		verdict = "REFUSED: " + refused.Error()
	case !p.firm():
		verdict = "no verdict: the spread is too wide"
	}
	objects, theirObjects := p.medians(func(r *round) float64 { return r.did.Allocs / float64(r.n) })
	t.line(name, fmt.Sprintf("%.1f | %.1f | %.2f | %.2f | %.0f | %.2f | %.2f | %.0f | %.0f", ours, theirs, cost, rate, 100*spread, late, theirLate, objects, theirObjects), load, verdict)
}

func (t *results) line(name, figures, load, verdict string) {
	if n, err := strconv.ParseFloat(load, 64); err == nil && n > float64(runtime.NumCPU())+busy && verdict == "ok" {
		verdict = "on a busy machine"
	}
	t.lines = append(t.lines, "| "+strings.TrimPrefix(name, "Benchmark")+" | "+figures+" | "+load+" | "+verdict+" |")
}

// print writes the machine and the results as a table of Markdown.
func (t *results) print(w io.Writer) {
	if len(t.lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s, %s, commit %s, load average at the end %s; %v in all, rounds of %v\n\n", machine(), runtime.Version(), commit(), loadAverage(),
		time.Since(t.began).Round(time.Second), roundTime())
	fmt.Fprint(w, "| result | µs CPU | compared with, µs | ratio by CPU | ratio by requests/s | spread, ±% | p99/p50 | and theirs | allocs | and theirs | load | verdict |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	fmt.Fprintln(w, strings.Join(t.lines, "\n"))
}

// machine describes the machine.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, model, _ := strings.Cut(string(info), "model name")
	model, _, _ = strings.Cut(strings.TrimLeft(model, "\t :"), "\n")
	if model == "" {
		model = runtime.GOARCH
	}
	placed := "server and load on a core each"
	if _, ok := cores(); !ok {
		placed = "server and load NOT on a core each"
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), strings.TrimSpace(model), placed)
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=7").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// loadAverage is that of the last minute: a run makes one of 2 by itself.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	if first == "" {
		return "?"
	}
	return first
}
