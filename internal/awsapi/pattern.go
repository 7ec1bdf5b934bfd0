package awsapi

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// pattern is a pattern of the API model, which the whole value must match.
//
// Nearly all of them are a few runs of characters, [\w-]+:[0-9a-f-]+ for
// example, for which one look at each character is enough: six times faster
// than the regular expression, which is kept for the others.
type pattern struct {
	text  string // as the model writes it
	runs  []run
	regex *regexp.Regexp // nil where runs say it all
}

// run is some characters of a set.
type run struct {
	set      charset
	optional bool // there may be none
	repeated bool // there may be more than one
}

var javaEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// newPattern compiles a pattern. The API model writes them for Java, which
// differs from Go in how a character is named by its number.
func newPattern(text string) *pattern {
	p := &pattern{text: text}
	expr := javaEscape.ReplaceAllString(text, `\x{$1}`)
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		panic("awsapi: pattern " + text + ": " + err.Error())
	}
	var ok bool
	if p.runs, ok = runsOf(re); !ok {
		p.regex = regexp.MustCompile(`\A(?:` + expr + `)\z`)
	}
	return p
}

// runsOf takes an expression apart; false if it is more than runs, or if one
// run could take what belongs to the next.
func runsOf(re *syntax.Regexp) ([]run, bool) {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	var runs []run
	for _, part := range parts {
		r := run{
			optional: part.Op == syntax.OpStar || part.Op == syntax.OpQuest,
			repeated: part.Op == syntax.OpStar || part.Op == syntax.OpPlus,
		}
		if r.optional || r.repeated {
			part = part.Sub[0]
		}
		switch {
		case part.Op == syntax.OpCharClass:
			r.set = newCharset(part.Rune)
		case part.Op == syntax.OpLiteral && len(part.Rune) == 1 && part.Flags&syntax.FoldCase == 0:
			r.set = newCharset([]rune{part.Rune[0], part.Rune[0]})
		default:
			return nil, false
		}
		runs = append(runs, r)
	}
	return runs, deterministic(runs)
}

// deterministic says that no run can take a character that a later one needs:
// then each may take all it can get.
func deterministic(runs []run) bool {
	for i, r := range runs {
		if !r.optional && !r.repeated {
			continue
		}
		for _, next := range runs[i+1:] {
			if r.set.meets(next.set) {
				return false
			}
			if !next.optional {
				break
			}
		}
	}
	return true
}

func (p *pattern) match(s string) bool {
	if p.regex != nil {
		return p.regex.MatchString(s)
	}
	for i := range p.runs {
		r := &p.runs[i]
		n := r.set.span(s, r.repeated)
		if n == 0 && !r.optional {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

// charset is a set of characters: a bit for each of ASCII, and all as pairs of
// first and last, sorted.
type charset struct {
	ascii [utf8.RuneSelf]bool
	pairs []rune
}

func newCharset(pairs []rune) charset {
	c := charset{pairs: slices.Clone(pairs)}
	for r := range rune(utf8.RuneSelf) {
		c.ascii[r] = c.find(r)
	}
	return c
}

func (c *charset) find(r rune) bool {
	lo, hi := 0, len(c.pairs)/2
	for lo < hi {
		mid := (lo + hi) / 2
		switch {
		case r < c.pairs[2*mid]:
			hi = mid
		case r > c.pairs[2*mid+1]:
			lo = mid + 1
		default:
			return true
		}
	}
	return false
}

// span is how many bytes of s, from the first on, are characters of the set;
// at most one character unless repeated.
func (c *charset) span(s string, repeated bool) int {
	for i, r := range s {
		if r < utf8.RuneSelf && !c.ascii[r] || r >= utf8.RuneSelf && !c.find(r) {
			return i
		}
		if !repeated {
			_, n := utf8.DecodeRuneInString(s)
			return n
		}
	}
	return len(s)
}

func (c *charset) meets(d charset) bool {
	for i := 0; i < len(c.pairs); i += 2 {
		for j := 0; j < len(d.pairs); j += 2 {
			if c.pairs[i] <= d.pairs[j+1] && d.pairs[j] <= c.pairs[i+1] {
				return true
			}
		}
	}
	return false
}
