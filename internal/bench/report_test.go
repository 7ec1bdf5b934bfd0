package bench

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
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
	// shortest is the least CPU time of a round that tells anything.
	shortest = 20 * time.Millisecond
	// busy is the share of the servers' core that others may use on an idle machine.
	busy = 0.05
)

// round is what a server did in its turn.
type round struct {
	n         int // requests
	cpu, wall time.Duration
	others    time.Duration // CPU time that others used on the servers' core
	took      []time.Duration
	did       report
}

// turn lets a server answer n requests or, if n is zero, as many as it can while a
// round lasts.
func (p *process) turn(b *testing.B, c caller, n int, next func(i int) request) round {
	b.Helper()
	was := p.report(b)
	began, before, core := time.Now(), p.cpuTime(), coreTime()
	took, err := c.send(n, roundTime(), next)
	if err != nil {
		b.Fatal(err)
	}
	r := round{n: len(took), cpu: p.cpuTime() - before, wall: time.Since(began), took: took}
	r.others = max(0, coreTime()-core-r.cpu)
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

// rate is the requests in a second, cost the microseconds of CPU for one, objects
// what one allocates, wait how long a share of them took at most.
func (r *round) rate() float64    { return float64(r.n) / r.wall.Seconds() }
func (r *round) cost() float64    { return float64(r.cpu.Nanoseconds()) / 1000 / float64(r.n) }
func (r *round) objects() float64 { return r.did.Allocs / float64(r.n) }
func (r *round) wait(share float64) float64 {
	if len(r.took) == 0 {
		return math.NaN() // nobody waited for each
	}
	return float64(r.took[int(share*float64(len(r.took)))]) / 1000
}

// late compares the slowest answers with most.
func (r *round) late() float64 { return r.wait(.99) / r.wait(.5) }

// pair is the rounds of two servers that took turns. The second is the one with which
// the first is compared: its ceiling, or itself at another time.
type pair struct {
	first, second [rounds]round
	// byRate says that requests a second decide, since both wait for the disk as well,
	// waits that one of them does, so that CPU time and requests a second may differ.
	byRate, waits bool
}

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

// verdict is the ratio that decides.
func (p *pair) verdict() (ratio, spread float64) {
	if p.byRate {
		return p.ratio(byRate)
	}
	return p.ratio(byCost)
}

// others is the share of the servers' core that others used meanwhile.
func (p *pair) others() float64 {
	var others, wall time.Duration
	for k := range rounds {
		others += p.first[k].others + p.second[k].others
		wall += p.first[k].wall + p.second[k].wall
	}
	return others.Seconds() / wall.Seconds()
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
func byLate(first, second *round) float64 { return first.late() / second.late() }

// errDisturbed marks what a quieter machine may do better.
var errDisturbed = errors.New("disturbed")

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
				return fmt.Errorf("round %d: %s used %v of CPU time, too little to tell (%w)", k+1, side.name, side.r.cpu, errDisturbed)
			}
		}
	}
	cost, _ := p.ratio(byCost)
	if rate, _ := p.ratio(byRate); !p.byRate && !p.waits && math.Abs(rate/cost-1) > disagreement {
		return fmt.Errorf("%.2f by CPU time and %.2f by requests a second: one of them is wrong (%w)", cost, rate, errDisturbed)
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
	_, spread := p.verdict()
	return spread <= farthest
}

// comparison is two servers that are to take turns.
type comparison struct {
	warm          func() // what happens before
	first, second func() round
	missed, bare  does         // what each does for a request; nothing else
	byRate, waits bool         // see pair
	proof         func() error // what must be true afterwards; nil for nothing more
}

// once has the servers take turns.
func (c *comparison) once() (*pair, error) {
	p := &pair{byRate: c.byRate, waits: c.waits}
	if c.warm != nil {
		c.warm()
	}
	for k := range rounds {
		p.first[k], p.second[k] = c.first(), c.second()
	}
	return p, p.refused(c.missed, c.bare)
}

// measure has two servers take turns until there is a verdict, or they tried often
// enough. A result that is refused fails the benchmark and has no figures.
func measure(b *testing.B, c comparison) *pair {
	b.Helper()
	var p *pair
	var err error
	load := loadAverage()
	for range attempts {
		if p, err = c.once(); err == nil && p.firm() {
			break
		}
	}
	if c.proof != nil {
		err = errors.Join(err, c.proof())
	}
	table.add(b.Name(), p, load, err)
	if err != nil {
		b.Fatalf("refused: %v (load average %s)", err, load)
	}
	b.ReportMetric(0, "ns/op") // of both servers together: says nothing
	return p
}

// metrics reports what a pair says, the second as name.
func (p *pair) metrics(b *testing.B, name string) {
	metric := func(of func(*round) float64, unit string) {
		first, second := p.medians(of)
		if !math.IsNaN(first) {
			b.ReportMetric(first, unit)
		}
		if !math.IsNaN(second) {
			b.ReportMetric(second, name+"-"+unit)
		}
	}
	metric((*round).cost, "us/request")
	metric((*round).rate, "req/s")
	metric((*round).late, "p99/p50")
	metric(func(r *round) float64 { return r.wait(.99) }, "p99-us")
	if p.first[0].did.Allocs > 0 {
		metric((*round).objects, "allocs/request")
	}
	cost, _ := p.ratio(byCost)
	rate, _ := p.ratio(byRate)
	_, spread := p.verdict()
	b.ReportMetric(cost, "of-"+name)
	b.ReportMetric(rate, "of-"+name+"-by-rate")
	if late, _ := p.ratio(byLate); !math.IsNaN(late) {
		b.ReportMetric(late, "late-of-"+name)
	}
	b.ReportMetric(100*spread, "spread-%")
}

func median(list [rounds]float64) float64 {
	slices.Sort(list[:])
	return list[rounds/2]
}

// results is what a run found, for people.
type results struct {
	began    time.Time
	commit   string   // of what is measured
	compared []string // rows of the table of comparisons
	single   []string // rows of the table of other figures
	latest   float64  // the worst p99/p50 of requests, over that of the ceiling
	whose    string
	requests int // how many results that is the worst of
}

var table = &results{began: time.Now()}

// add adds a row of two servers that were compared.
func (t *results) add(name string, p *pair, load string, refused error) {
	name = strings.TrimPrefix(name, "Benchmark")
	cost, _ := p.ratio(byCost)
	rate, _ := p.ratio(byRate)
	ratio, spread := p.verdict()
	ours, theirs := p.medians((*round).cost)
	objects, _ := p.medians((*round).objects)
	late, _ := p.ratio(byLate)
	verdict := goals[name].verdict(map[string]float64{itself: ratio, allocations: objects, cpuTime: ours})
	switch {
	case refused != nil:
		verdict = "REFUSED: " + refused.Error()
	case !p.firm():
		verdict = "NO VERDICT: the spread is too wide"
	default:
		if p.others() > busy {
			verdict = strings.TrimPrefix(verdict+"; on a busy machine", "; ")
		}
		if strings.HasPrefix(name, "Request/") && !math.IsNaN(late) {
			if t.requests++; late > t.latest {
				t.latest, t.whose = late, name
			}
		}
	}
	t.compared = append(t.compared, fmt.Sprintf("| %s | %s | %s | %s | %s | ±%.0f %% | %s | %s | %s | %s, %.0f %% | %s |", name,
		figure(ours), figure(theirs), figure(cost), figure(rate), 100*spread, besides(p, (*round).late), besides(p, (*round).objects), goals[name], load, 100*p.others(), verdict))
}

// besides is the median of a figure, with that of the other server.
func besides(p *pair, of func(*round) float64) string {
	first, second := p.medians(of)
	if math.IsNaN(second) || second == 0 {
		return figure(first)
	}
	return figure(first) + " (" + figure(second) + ")"
}

// say adds a figure that stands for itself.
func (t *results) say(b *testing.B, name string, value float64, unit, more string) {
	b.Helper()
	b.ReportMetric(value, strings.NewReplacer(" ", "-", ",", "", "µ", "u").Replace(name+"-"+unit))
	t.single = append(t.single, fmt.Sprintf("| %s | %s %s | %s | %s | %s |", name, figure(value), unit, more, goals[name],
		goals[name].verdict(map[string]float64{itself: value})))
}

// figure writes a number with as many digits as it is worth, and nothing for none.
func figure(n float64) string {
	switch {
	case math.IsNaN(n) || n == 0:
		return ""
	case n < 10:
		return fmt.Sprintf("%.2f", n)
	case n < 100:
		return fmt.Sprintf("%.1f", n)
	case n < 10_000:
		return fmt.Sprintf("%.0f", n)
	}
	text := fmt.Sprintf("%.0f", n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// print writes the machine and the results as tables of Markdown, as
// docs/performance.md has them.
func (t *results) print(w io.Writer) {
	if len(t.compared)+len(t.single) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s, %s, commit %s, %s, load average at the end %s; %v in all, %d rounds of %v\n", machine(), runtime.Version(), t.commit,
		t.began.UTC().Format("2 January 2006 15:04 UTC"), loadAverage(), time.Since(t.began).Round(time.Second), rounds, roundTime())
	if len(t.compared) > 0 {
		fmt.Fprint(w, "\n| result | µs CPU | compared with | ratio by CPU | by requests/s | spread | p99/p50 (theirs) | allocations (theirs) | bar (stretch) | load, others | verdict |\n"+
			"|---|---|---|---|---|---|---|---|---|---|---|\n")
		fmt.Fprintln(w, strings.Join(t.compared, "\n"))
	}
	if t.requests > 0 {
		t.single = append(t.single, fmt.Sprintf("| %s | %s | the worst of %d results, %s | %s | %s |", latest, figure(t.latest), t.requests, t.whose, goals[latest],
			goals[latest].verdict(map[string]float64{itself: t.latest})))
	}
	if len(t.single) > 0 {
		fmt.Fprint(w, "\n| figure | value | measured | bar (stretch) | verdict |\n|---|---|---|---|---|\n")
		fmt.Fprintln(w, strings.Join(t.single, "\n"))
	}
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
