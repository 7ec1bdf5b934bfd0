package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/instance"
)

// Every quota that a service has can be set by name, and comes to where it counts.
func TestLimits(t *testing.T) {
	names := slices.Sorted(maps.Keys(instance.DefaultLimits().Named()))
	if len(names) < 20 || !slices.Contains(names, "saml-providers") || !slices.Contains(names, "pools-per-account") {
		t.Errorf("quotas %v", names)
	}
	for _, name := range names {
		var to instance.Config
		c := &Config{Limit: map[string]int{name: 7}}
		if err := c.limits(&to); err != nil {
			t.Errorf("--limit %s=7: %v", name, err)
			continue
		}
		for other, n := range to.Limits.Named() {
			if want := *instance.DefaultLimits().Named()[other]; other != name && *n != want || other == name && *n != 7 {
				t.Errorf("--limit %s=7: %s is %d", name, other, *n)
			}
		}
		if !strings.Contains(limitNames(), name+" (") {
			t.Errorf("the help does not name %s", name)
		}
	}
}

// Every operation of every service can be given a rate, and nothing else.
func TestRates(t *testing.T) {
	operations := 0
	for _, s := range instance.Services() {
		for _, op := range s.Operations {
			operations++
			if bad := (&Config{Rate: map[string]float64{op.Name: 1}}).badRate(); bad != "" {
				t.Errorf("%s of %s: %s", op.Name, s.Name, bad)
			}
		}
	}
	if bad := (&Config{Rate: map[string]float64{"RevokeSessions": 1}}).badRate(); bad != "" || operations < 100 {
		t.Errorf("RevokeSessions=1: %q, of %d operations", bad, operations)
	}
	for name, rate := range map[string]float64{"GetFoo": 1, "getid": 1, "GetId": 0, "ListRoles": -1} {
		if bad := (&Config{Rate: map[string]float64{name: rate}}).badRate(); !strings.HasPrefix(bad, name+"=") {
			t.Errorf("%s=%v: %q", name, rate, bad)
		}
	}
}
