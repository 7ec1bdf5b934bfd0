package policy

import (
	"strings"
	"unicode/utf8"
)

// A glob is a compiled pattern. It is kept as the runs between its asterisks:
// the first run must begin the text, the last must end it, and those between
// are looked for from left to right, each taken where it is found first. Taking
// the first opportunity never spoils a later one, so there is no backtracking
// over asterisks and the time is at most (length of text) × (length of pattern).
type glob struct {
	plain bool   // neither wildcards nor variables: text is all there is
	text  string // of a plain glob
	runs  [][]piece
	holes []*variable
}

// newGlob compiles a pattern's pieces.
func newGlob(pieces []piece) glob {
	if len(pieces) == 0 {
		return glob{plain: true}
	}
	if len(pieces) == 1 && pieces[0].kind == literal {
		return glob{plain: true, text: pieces[0].text}
	}
	g := glob{runs: make([][]piece, 1)}
	for _, p := range pieces {
		last := len(g.runs) - 1
		afterAsterisk := last > 0 && len(g.runs[last]) == 0
		switch {
		case p.kind == anyText && afterAsterisk:
			continue
		case p.kind == anyText:
			g.runs = append(g.runs, nil)
			continue
		case p.kind == oneChar && afterAsterisk:
			last-- // *? is ?*: so the runs between begin with text
		case p.kind == hole:
			p.index = int32(len(g.holes)) // a document is far shorter
			g.holes = append(g.holes, p.variable)
		}
		g.runs[last] = append(g.runs[last], p)
	}
	return g
}

// match reports whether all of s matches. A variable without a value matches
// nothing.
func (g *glob) match(s string, ctx Context) bool {
	if g.plain {
		return g.text == s
	}
	var space [4]string // keeps the values of most patterns off the heap
	values, ok := valuesOf(g.holes, ctx, space[:0])
	return ok && matchRuns(g.runs, values, s)
}

// valuesOf looks up each variable once, appending to values.
func valuesOf(holes []*variable, ctx Context, values []string) ([]string, bool) {
	for i := range holes {
		v, ok := holes[i].value(ctx)
		if !ok {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}

func matchRuns(runs [][]piece, values []string, s string) bool {
	s, ok := cutRun(s, runs[0], values)
	if !ok {
		return false
	}
	last := len(runs) - 1
	if last == 0 {
		return s == ""
	}
	for _, run := range runs[1:last] {
		if s, ok = cutThroughRun(s, run, values); !ok {
			return false
		}
	}
	return hasFinalRun(s, runs[last], values)
}

// cutRun matches run at the beginning of s.
func cutRun(s string, run []piece, values []string) (rest string, ok bool) {
	for i := range run {
		if run[i].kind == oneChar {
			if s == "" {
				return "", false
			}
			_, n := utf8.DecodeRuneInString(s)
			s = s[n:]
		} else if s, ok = strings.CutPrefix(s, run[i].textIn(values)); !ok {
			return "", false
		}
	}
	return s, true
}

// cutThroughRun matches run, which begins with text, at the first place of s
// where it matches.
func cutThroughRun(s string, run []piece, values []string) (rest string, ok bool) {
	for {
		i := strings.Index(s, run[0].textIn(values))
		if i < 0 {
			return "", false
		}
		s = s[i:]
		if rest, ok = cutRun(s, run, values); ok {
			return rest, true
		}
		if s == "" {
			return "", false
		}
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
}

// hasFinalRun matches run at the end of s, from right to left.
func hasFinalRun(s string, run []piece, values []string) (ok bool) {
	for i := len(run) - 1; i >= 0; i-- {
		if run[i].kind == oneChar {
			if s == "" {
				return false
			}
			_, n := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-n]
		} else if s, ok = strings.CutSuffix(s, run[i].textIn(values)); !ok {
			return false
		}
	}
	return true
}

// textIn is the text that a literal or a hole requires.
func (p *piece) textIn(values []string) string {
	if p.kind == hole {
		return values[p.index]
	}
	return p.text
}
