package bench

import (
	"fmt"
	"strings"
)

// What goals are about.
const (
	itself      = ""            // the ratio that decides, or a figure that stands for itself
	allocations = "allocations" // for a request
	cpuTime     = "µs"          // for a request
)

// goal is what a figure is to reach, its bar, and what it may get to, its stretch.
type goal struct {
	about        string
	atMost       bool // or else at least
	bar, stretch float64
}

// aims are the goals of a result.
type aims []goal

// latest is the figure of the slowest answers.
const latest = "p99/p50 at 16 saturating connections, over the ceiling's own"

// Figures that stand for themselves.
const (
	memoryIdle = "memory, idle"
	bulkPath   = "identities by the bulk path"
	tenMillion = " at 10,000,000 identities"
	flatCost   = ", CPU over that at 10,000 identities"
	fleetCost  = " on PostgreSQL, CPU over that of the embedded store"
	fleetTrips = ", round trips to PostgreSQL"
)

// goals are those of the results that have some.
var goals = map[string]aims{
	"Request/GetId/never-seen":                     {{itself, false, .72, .80}},
	"Request/GetCredentialsForIdentity/never-seen": {{itself, false, .70, .76}, {allocations, true, 250, 150}},
	"Request/GetCredentialsForIdentity/seen":       {{itself, false, 1.15, 1.35}},
	"Request/GetOpenIdToken/never-seen":            {{itself, false, .91, .97}},
	"Request/GetCallerIdentity/never-seen":         {{itself, false, .65, .75}},
	"Request/DescribeIdentityPool/seen":            {{itself, false, .70, .80}},
	"SAMLLogin":                                    {{cpuTime, true, 150, 100}},
	"NewGuest/64-connections":                      {{itself, false, .50, .60}},
	"Peers/MinIO/AssumeRoleWithWebIdentity":        {{itself, false, 20, 28}},
	"Peers/moto/GetCredentialsForIdentity":         {{itself, false, 15, 28}},
	latest:                                         {{itself, true, 1.3, 1.1}},
	memoryIdle:                                     {{itself, true, 24, 16}},
	memoryIdle + tenMillion:                        {{itself, true, 24, 16}},
	"memory under load" + tenMillion:               {{itself, true, 96, 64}},
	bulkPath:                                       {{itself, false, 50_000, 50_000}},
	"GetId" + flatCost:                             {{itself, true, 1.10, 1.05}},
	"GetCredentialsForIdentity" + flatCost:         {{itself, true, 1.10, 1.05}},
	"new-guest" + flatCost:                         {{itself, true, 1.10, 1.05}},
	"GetId" + fleetCost:                            {{itself, true, 1.30, 1.15}},
	"GetCredentialsForIdentity" + fleetCost:        {{itself, true, 1.30, 1.15}},
	"GetId" + fleetTrips:                           {{itself, true, 1.01, 1.00}},
	"GetCredentialsForIdentity" + fleetTrips:       {{itself, true, 1.01, 1.00}},
	"Fleet/inserts":                                {{itself, false, 2, 4}},
}

// String is the bars, with the stretches in parentheses.
func (a aims) String() string {
	texts := make([]string, len(a))
	for i, g := range a {
		of := ""
		if g.about == allocations || g.about == cpuTime {
			of = " " + g.about
		}
		texts[i] = fmt.Sprintf("%s%s (%s)", figure(g.bar), of, figure(g.stretch))
	}
	return strings.Join(texts, "; ")
}

// verdict says which goals are reached.
func (a aims) verdict(figures map[string]float64) string {
	if len(a) == 0 {
		return ""
	}
	var below []string
	stretch := true
	for _, g := range a {
		is := figures[g.about]
		reaches := func(goal float64) bool { return g.atMost && is <= goal || !g.atMost && is >= goal }
		if stretch = stretch && reaches(g.stretch); !reaches(g.bar) {
			below = append(below, strings.TrimSpace(figure(is)+" "+g.about))
		}
	}
	switch {
	case len(below) > 0:
		return "misses the bar: " + strings.Join(below, ", ")
	case stretch:
		return "stretch"
	}
	return "bar"
}
