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

// parseInstant reads epoch seconds or a date. Digits alone are seconds, as IAM has
// it; with a sign they are a year.
func parseInstant(s string) (instant, bool) {
	if isDigits(s) {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return instant{seconds: seconds}, err == nil
	}
	r := dateReader{rest: s}
	t := r.date()
	return t, r.rest == "" && !r.failed
}

// A dateReader reads a date of ISO 8601 as IAM does, which is more than the W3C note
// "Date and Time Formats" has: years beyond 9999 or with a sign, fields of one digit,
// times that end with the hour, zones without minutes or a colon, and dates without a
// zone, which are in UTC.
type dateReader struct {
	rest   string
	failed bool
}

// maxYear is far beyond what anybody needs and leaves int64 its room.
const maxYear = 999_999_999

func (r *dateReader) date() instant {
	before := r.accept("-")
	if !before {
		r.accept("+")
	}
	year, month, day := r.number(4, 9, 0, maxYear), 1, 1
	if before {
		year = -year
	}
	if r.accept("-") {
		month = r.number(1, 2, 1, 12)
		if r.accept("-") {
			day = r.number(1, 2, 1, 31)
		}
	}
	var hour, minute, second, nanoseconds, offset int
	if r.accept("Tt") {
		hour = r.number(1, 2, 0, 23)
		if r.accept(":") {
			minute = r.number(1, 2, 0, 59)
			if r.accept(":") {
				second = r.number(1, 2, 0, 59)
				nanoseconds = r.fraction()
			}
		}
		offset = r.zone()
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	r.failed = r.failed || t.Day() != day // the 30th of February
	return instant{t.Unix() - int64(offset), nanoseconds}
}

// accept reads one of several characters if it comes next.
func (r *dateReader) accept(chars string) bool {
	if r.rest == "" || strings.IndexByte(chars, r.rest[0]) < 0 {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// digits reads as many digits as there are, at most a number of them.
func (r *dateReader) digits(most int) string {
	n := 0
	for n < min(most, len(r.rest)) && isDigits(r.rest[n:n+1]) {
		n++
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

// number reads a field of so many digits, whose value must be in a range.
func (r *dateReader) number(fewest, most, least, greatest int) int {
	text := r.digits(most)
	n, err := strconv.Atoi(text)
	r.failed = r.failed || err != nil || len(text) < fewest || n < least || n > greatest
	return n
}

// fraction reads the fraction of a second, in nanoseconds. What is less does not
// count.
func (r *dateReader) fraction() int {
	if !r.accept(".") {
		return 0
	}
	text := r.digits(len(r.rest))
	r.failed = r.failed || text == ""
	n, _ := strconv.Atoi((text + "000000000")[:9])
	return n
}

// zone reads an offset from UTC, in seconds.
func (r *dateReader) zone() int {
	east := r.accept("+")
	if !east && !r.accept("-") {
		r.accept("Zz")
		return 0
	}
	offset := r.number(2, 2, 0, 23) * 3600
	if r.accept(":") || r.rest != "" {
		offset += r.number(2, 2, 0, 59) * 60
	}
	if east {
		return offset
	}
	return -offset
}

func (t instant) compare(other instant) int {
	return cmp.Or(cmp.Compare(t.seconds, other.seconds), cmp.Compare(t.nanoseconds, other.nanoseconds))
}
