package bench

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// guardUsers are more than any memory holds, and few enough to begin soon.
	guardUsers = 20_000
	// guardFile has the results that the guard holds daypass to.
	guardFile = "testdata/guard.tsv"
	// fall is how much of its ratio a result may lose.
	fall = 0.15
	// guardAttempts is how often a result is measured at most, and guardTime how long
	// after the start a third time may begin.
	guardAttempts = 3
	guardTime     = 65 * time.Second
)

// recorded is what a result was: CPU time as a ratio of its ceiling's, and the
// objects that a request allocates.
type recorded struct{ ratio, allocations float64 }

// most is how many objects a request may allocate. They are exact but for what the
// background and the collector's emptying of pools do, which is less than that.
func (r recorded) most() float64 { return r.allocations*1.005 + 1.5 }

// finding is what a measurement says of a result.
type finding struct {
	recorded
	fallen    string // how; empty if it has not
	disturbed string // why the measurement cannot be relied on; empty if it can
}

// judge compares a measurement with what was recorded.
func (r recorded) judge(p *pair, err error) (f finding) {
	ratio, spread := p.verdict()
	f.ratio = ratio
	f.allocations, _ = p.medians((*round).objects)
	var fallen []string
	if f.ratio < r.ratio*(1-fall) {
		fallen = append(fallen, fmt.Sprintf("%.2f of its ceiling, and it was %.2f", f.ratio, r.ratio))
	}
	if f.allocations > r.most() {
		fallen = append(fallen, fmt.Sprintf("%.1f allocations, and there were %.1f", f.allocations, r.allocations))
	}
	f.fallen = strings.Join(fallen, "; ")
	switch {
	case err != nil:
		f.disturbed = err.Error()
	case !p.firm():
		f.disturbed = fmt.Sprintf("the rounds lie ±%.0f %% apart", 100*spread)
	}
	return f
}

// guarded is a result with what was found of it.
type guarded struct {
	recorded
	row
	comparison
	found []finding
}

// open says whether the result has to be measured (again). Whatever is disturbed is,
// and a fall that was found once.
func (g *guarded) open(late bool) bool {
	if len(g.found) == 0 {
		return true
	}
	last := g.found[len(g.found)-1]
	if last.fallen == "" && last.disturbed == "" || len(g.found) == guardAttempts {
		return false
	}
	return last.fallen != "" && len(g.found) == 1 || last.disturbed != "" && !late
}

// verdict says what became of the result. A fall is one when every measurement
// found it, of which there were two at least.
func (g *guarded) verdict() (text string, failed bool) {
	last := g.found[len(g.found)-1]
	all := !slices.ContainsFunc(g.found, func(f finding) bool { return f.fallen == "" })
	switch {
	case all && len(g.found) > 1:
		return fmt.Sprintf("FALLEN, found %d times: %s", len(g.found), last.fallen), true
	case last.fallen == "" && last.disturbed == "":
		if math.IsInf(g.allocations, 1) {
			return "recorded", false
		}
		if g.ratio > 0 && last.ratio > g.ratio*(1+fall) || last.allocations < g.allocations*.995-1.5 {
			return "ok, and better: record it (make bench-guard RECORD=1)", false
		}
		return "ok", false
	}
	return fmt.Sprintf("NO VERDICT after %d times: %s", len(g.found), last.disturbed), false
}

// BenchmarkGuard compares requests with their ceilings for a short time, and fails
// when one has lost a part of its ratio or allocates more.
func BenchmarkGuard(b *testing.B) {
	if os.Getenv("DAYPASS_BENCH_GUARD") == "" {
		b.Skip("make bench-guard runs this")
	}
	was, err := readGuard()
	if err != nil {
		b.Fatal(err)
	}
	record := os.Getenv("DAYPASS_BENCH_GUARD") == "record"
	began := time.Now()
	w, ceiling := newRequestWorld(b, guardUsers)
	var all []*guarded
	for _, r := range w.compared() {
		if _, ok := was[r.name]; !ok && !record {
			b.Errorf("%s does not have %s: make bench-guard RECORD=1", guardFile, r.name)
		}
		g := &guarded{recorded: was[r.name], row: r, comparison: w.against(b, ceiling, r)}
		if record {
			g.recorded = recorded{allocations: math.Inf(1)} // nothing falls
		}
		if _, ok := cores(); !ok {
			g.ratio = 0 // no ratio is worth anything
		}
		all = append(all, g)
	}
	for range guardAttempts {
		for _, g := range all {
			if !g.open(time.Since(began) > guardTime) {
				continue
			}
			p, err := g.once()
			if err != nil && !errors.Is(err, errDisturbed) {
				b.Fatalf("%s: %v", g.name, err)
			}
			g.found = append(g.found, g.judge(p, err))
		}
	}
	b.ReportMetric(0, "ns/op")
	fmt.Printf("\n%s, commit %s, load average %s, after %v\n\n| result | of its ceiling | recorded | allocations | recorded | verdict |\n|---|---|---|---|---|---|\n",
		machine(), table.commit, loadAverage(), time.Since(began).Round(time.Second))
	for _, g := range all {
		last := g.found[len(g.found)-1]
		verdict, failed := g.verdict()
		if failed {
			b.Errorf("%s: %s", g.name, verdict)
		}
		fmt.Printf("| %s | %.2f | %.2f | %.1f | %.1f | %s |\n", g.name, last.ratio, g.ratio, last.allocations, g.allocations, verdict)
	}
	if record && !b.Failed() {
		if err := writeGuard(all); err != nil {
			b.Fatal(err)
		}
	}
}

const guardHead = `# What "make bench-guard" holds daypass to: CPU time as a ratio of the ceiling's, and objects
# that a request allocates. "make bench-guard RECORD=1" writes it, on an idle machine.
result	ratio	allocations
`

func readGuard() (map[string]recorded, error) {
	text, err := os.ReadFile(guardFile)
	if err != nil {
		return nil, err
	}
	lines, ok := strings.CutPrefix(string(text), guardHead)
	if !ok {
		return nil, errors.New(guardFile + " does not begin as it should")
	}
	all := map[string]recorded{}
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: %q", guardFile, line)
		}
		ratio, err := strconv.ParseFloat(fields[1], 64)
		allocations, err2 := strconv.ParseFloat(fields[2], 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		all[fields[0]] = recorded{ratio, allocations}
	}
	return all, nil
}

func writeGuard(all []*guarded) error {
	text := guardHead
	for _, g := range all {
		last := g.found[len(g.found)-1]
		text += fmt.Sprintf("%s\t%.2f\t%.1f\n", g.name, last.ratio, last.allocations)
	}
	return os.WriteFile(guardFile, []byte(text), 0o644)
}

// A fall is a failure when it was found again, and only then. What is disturbed is
// measured again.
func TestGuard(t *testing.T) {
	was := recorded{ratio: 0.50, allocations: 200}
	made := func(ratio, objects float64, wobble time.Duration) (*pair, error) {
		p := &pair{}
		for k := range rounds {
			p.first[k] = round{n: 1000, cpu: 100 * time.Millisecond, wall: 100 * time.Millisecond, did: report{Allocs: 1000 * objects}}
			p.second[k] = round{n: 1000, cpu: time.Duration(ratio * 1e8), wall: time.Duration(ratio * 1e8)}
		}
		p.first[0].cpu += wobble
		p.second[0].wall += wobble
		return p, p.refused(nil, nil)
	}
	type measured struct {
		ratio, objects float64
		wobble         time.Duration
	}
	const much = 100 * time.Millisecond
	good, slow, heavy := measured{0.49, 200, 0}, measured{0.42, 200, 0}, measured{0.50, 204, 0}
	for _, test := range []struct {
		name   string
		comes  []measured // what is measured if it is measured again
		times  int
		want   string
		failed bool
	}{
		{"good", []measured{good}, 1, "ok", false},
		{"slower by less", []measured{{0.44, 200, 0}}, 1, "ok", false},
		{"better", []measured{{0.60, 200, 0}}, 1, "ok, and better", false},
		{"slower once", []measured{slow, good}, 2, "ok", false},
		{"slower", []measured{slow, slow}, 2, "FALLEN, found 2 times: 0.42 of its ceiling, and it was 0.50", true},
		{"disturbed, then good", []measured{{0.42, 200, much}, good}, 2, "ok", false},
		{"disturbed, then slower", []measured{{0.50, 200, much}, slow, slow}, 2, "NO VERDICT", false},
		{"disturbed and slower each time", []measured{{0.42, 200, much}, {0.42, 200, much}, {0.42, 200, much}}, 3, "FALLEN, found 3 times", true},
		{"disturbed each time", []measured{{0.50, 200, much}, {0.42, 200, much}, {0.50, 200, much}}, 3, "NO VERDICT after 3 times: the rounds lie", false},
		{"allocates more", []measured{heavy, heavy}, 2, "FALLEN, found 2 times: 204.0 allocations, and there were 200.0", true},
		{"allocates more, on a disturbed machine", []measured{{0.50, 204, much}, {0.50, 204, much}, {0.50, 204, much}}, 3, "204.0 allocations", true},
		{"allocates as much", []measured{{0.50, 201, 0}}, 1, "ok", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := guarded{recorded: was}
			for n := 0; g.open(false); n++ {
				p, err := made(test.comes[n].ratio, test.comes[n].objects, test.comes[n].wobble)
				g.found = append(g.found, was.judge(p, err))
			}
			verdict, failed := g.verdict()
			if len(g.found) != test.times || !strings.Contains(verdict, test.want) || failed != test.failed {
				t.Errorf("measured %d times, failed %v: %s", len(g.found), failed, verdict)
			}
		})
	}
}
