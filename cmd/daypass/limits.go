package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/instance"
)

// limitNames lists the quotas with AWS's values.
func limitNames() string {
	all := instance.DefaultLimits().Named()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names = append(names, fmt.Sprintf("%s (%d)", name, *all[name]))
	}
	return strings.Join(names, ", ")
}

// limits puts the quotas and rates of the configuration into an instance's.
func (c *Config) limits(to *instance.Config) error {
	limits := instance.DefaultLimits()
	all := limits.Named()
	for name, n := range c.Limit {
		if all[name] == nil {
			return usage("--limit %s: unknown quota; valid quotas are %s", name, limitNames())
		}
		if n < 0 {
			return usage("--limit %s=%d: must not be negative", name, n)
		}
		*all[name] = n
	}
	to.Limits, to.Rates = limits, c.Rate
	return nil
}

// badRate finds a rate that makes no sense; empty if all do.
func (c *Config) badRate() string {
	known := map[string]bool{}
	for _, s := range instance.Services() {
		for _, o := range s.Operations {
			known[o.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rate)) {
		if n := c.Rate[name]; !known[name] || !(n > 0 && n <= math.MaxFloat64) {
			return fmt.Sprintf("%s=%v", name, n)
		}
	}
	return ""
}
