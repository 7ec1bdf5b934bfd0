package policy

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A relation is a set of results of comparing the request's value with the
// policy's.
type relation struct{ less, equal, greater bool }

var (
	equal          = relation{equal: true}
	less           = relation{less: true}
	lessOrEqual    = relation{less: true, equal: true}
	greater        = relation{greater: true}
	greaterOrEqual = relation{greater: true, equal: true}
)

func (r relation) holds(order int) bool {
	switch {
	case order < 0:
		return r.less
	case order > 0:
		return r.greater
	}
	return r.equal
}

// numeric compares numbers. What is no number in the request matches nothing.
type numeric struct {
	relation relation
	want     decimal
}

func newNumeric(r relation) func(string, bool) (numeric, error) {
	return func(value string, _ bool) (numeric, error) {
		d, ok := parseDecimal(value)
		if !ok {
			return numeric{}, fmt.Errorf("not a decimal number: %q", value)
		}
		return numeric{r, d}, nil
	}
}

func (n *numeric) match(value string, _ Context) bool {
	d, ok := parseDecimal(value)
	return ok && n.relation.holds(d.compare(n.want))
}

// decimal is an integer or decimal number as its digits, so that comparing is
// exact however long it is. Zeros that change nothing are cut off.
type decimal struct {
	negative       bool
	integer, after string
}

// parseDecimal reads -?digits[.digits]: exponents are no part of the policy
// language.
func parseDecimal(s string) (decimal, bool) {
	s, negative := strings.CutPrefix(s, "-")
	integer, after, hasPoint := strings.Cut(s, ".")
	if !isDigits(integer) || hasPoint && !isDigits(after) {
		return decimal{}, false
	}
	d := decimal{negative, strings.TrimLeft(integer, "0"), strings.TrimRight(after, "0")}
	if d.integer == "" && d.after == "" {
		d.negative = false // there is one zero
	}
	return d, true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (d decimal) compare(other decimal) int {
	switch {
	case d.negative != other.negative:
		if d.negative {
			return -1
		}
		return 1
	case d.negative:
		return other.compareAbs(d)
	}
	return d.compareAbs(other)
}

func (d decimal) compareAbs(other decimal) int {
	return cmp.Or(
		cmp.Compare(len(d.integer), len(other.integer)),
		strings.Compare(d.integer, other.integer),
		strings.Compare(d.after, other.after),
	)
}

// date compares points in time. What is none in the request matches nothing.
type date struct {
	relation relation
	want     instant
}

func newDate(r relation) func(string, bool) (date, error) {
	return func(value string, _ bool) (date, error) {
		t, ok := parseInstant(value)
		if !ok {
			return date{}, fmt.Errorf("neither an ISO 8601 date nor epoch seconds: %q", value)
		}
		return date{r, t}, nil
	}
}

func (d *date) match(value string, _ Context) bool {
	t, ok := parseInstant(value)
	return ok && d.relation.holds(t.compare(d.want))
}

// instant is a point in time; time.Time cannot hold all epoch seconds that a
// policy may name.
type instant struct {
	seconds     int64 // since 1970
	nanoseconds int
}

// parseInstant reads one of the profiles of the W3C note "Date and Time
// Formats" or epoch seconds. Digits alone are seconds, as IAM has it, so the
// profile that is a year alone does not exist here.
func parseInstant(s string) (instant, bool) {
	if isDigits(s) {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return instant{seconds: seconds}, err == nil
	}
	layout, ok := dateLayout(s)
	if !ok {
		return instant{}, false
	}
	t, err := time.Parse(layout, s)
	return instant{t.Unix(), t.Nanosecond()}, err == nil
}

// dateLayout is the profile that s must follow if it is a date; fractions are
// read wherever there are seconds. The positions checked here are those where
// time.Parse is more generous than the profiles: an hour of one digit, a comma
// before the fraction.
func dateLayout(s string) (layout string, ok bool) {
	const hour, minute = len("2006-01-02T15"), len("2006-01-02T15:04")
	switch {
	case len(s) == len("2006-01"):
		return "2006-01", true
	case len(s) == len("2006-01-02"):
		return "2006-01-02", true
	case len(s) <= minute || s[hour] != ':' || strings.Contains(s, ","):
		return "", false
	case s[minute] == ':':
		return time.RFC3339, true
	}
	return "2006-01-02T15:04Z07:00", true
}

func (t instant) compare(other instant) int {
	return cmp.Or(cmp.Compare(t.seconds, other.seconds), cmp.Compare(t.nanoseconds, other.nanoseconds))
}
