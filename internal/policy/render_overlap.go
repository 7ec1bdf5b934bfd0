package policy

import (
	"slices"
	"strings"
)

// patternCovers says whether every text that p matches is one that q matches. It
// may say no where only a closer look would say yes.
func patternCovers(q, p []symbol) bool {
	// covers[j] is the answer for what is left of q and p[j:].
	covers := make([]bool, len(p)+1)
	covers[len(p)] = true
	for i := len(q) - 1; i >= 0; i-- {
		after := covers
		covers = make([]bool, len(p)+1)
		for j := len(p); j >= 0; j-- {
			switch q[i].kind {
			case anyText:
				covers[j] = after[j] || j < len(p) && covers[j+1]
			case oneChar:
				covers[j] = j < len(p) && (p[j].kind == literal || p[j].kind == oneChar) && after[j+1]
			default:
				covers[j] = j < len(p) && p[j] == q[i] && after[j+1]
			}
		}
	}
	return covers[0]
}

// patternsMeet says whether some text may match both. A variable may stand for
// anything.
func patternsMeet(p, q []symbol) bool {
	star := func(s symbol) bool { return s.kind == anyText || s.kind == hole }
	meet := make([]bool, len(q)+1)
	for i := len(p); i >= 0; i-- {
		after := meet
		meet = make([]bool, len(q)+1)
		for j := len(q); j >= 0; j-- {
			switch {
			case i == len(p) && j == len(q):
				meet[j] = true
			case i < len(p) && star(p[i]):
				meet[j] = after[j] || j < len(q) && meet[j+1]
			case j < len(q) && star(q[j]):
				meet[j] = meet[j+1] || i < len(p) && after[j]
			case i < len(p) && j < len(q):
				same := p[i].kind == oneChar || q[j].kind == oneChar || p[i].char == q[j].char
				meet[j] = same && after[j+1]
			}
		}
	}
	return meet[0]
}

// actionSymbols are those of an action, whose case does not matter.
func actionSymbols(action string) []symbol {
	if isEveryAction(action) {
		return []symbol{{kind: anyText}}
	}
	pieces, _ := readPieces(lowerASCII(action), syntax{wildcards: true}) // without variables nothing can fail
	return symbolsOf(pieces)
}

func actionCovers(q, p string) bool {
	if !hasWildcards(q) && !hasWildcards(p) {
		return sameAction(q, p)
	}
	return patternCovers(actionSymbols(q), actionSymbols(p))
}

func actionsMeet(p, q string) bool {
	if !hasWildcards(p) && !hasWildcards(q) {
		return sameAction(p, q)
	}
	return patternsMeet(actionSymbols(p), actionSymbols(q))
}

// Most actions have no wildcards, and are compared with each of a store's.
func hasWildcards(action string) bool { return strings.ContainsAny(action, "*?") }

func sameAction(a, b string) bool { return len(a) == len(b) && equalFoldASCII(lowerASCII(a), b) }

func (a filledARN) covers(o filledARN) bool {
	if a.every || o.every {
		return a.every
	}
	for i := range a.parts {
		if !patternCovers(symbolsOf(a.parts[i]), symbolsOf(o.parts[i])) {
			return false
		}
	}
	return true
}

func (a filledARN) meets(o filledARN) bool {
	if a.every || o.every {
		return true
	}
	for i := range a.parts {
		if !patternsMeet(symbolsOf(a.parts[i]), symbolsOf(o.parts[i])) {
			return false
		}
	}
	return true
}

// covers says whether a statement applies wherever another one does.
func (s filled) covers(o filled) bool {
	if len(s.conditions) > 0 || s.notAction || s.notResource || len(s.obstacles) > 0 {
		return false
	}
	everything := slices.ContainsFunc(s.actions, isEveryAction)
	if o.notAction && !everything {
		return false
	}
	for _, action := range o.actions {
		if !everything && !slices.ContainsFunc(s.actions, func(q string) bool { return actionCovers(q, action) }) {
			return false
		}
	}
	every := slices.ContainsFunc(s.resources, func(a filledARN) bool { return a.every })
	if o.notResource && !every {
		return false
	}
	for _, resource := range o.resources {
		if !every && !slices.ContainsFunc(s.resources, func(q filledARN) bool { return q.covers(resource) }) {
			return false
		}
	}
	return true
}

// apart says whether no request can be one that both statements apply to.
func (s filled) apart(o filled) bool {
	if !s.notAction && !o.notAction && !slices.ContainsFunc(s.actions, func(p string) bool {
		return slices.ContainsFunc(o.actions, func(q string) bool { return actionsMeet(p, q) })
	}) {
		return true
	}
	return !s.notResource && !o.notResource && !slices.ContainsFunc(s.resources, func(p filledARN) bool {
		return slices.ContainsFunc(o.resources, p.meets)
	})
}

// both is a statement of what two statements allow together; false if that is
// nothing.
func (r *renderer) both(s, l filled) (filled, bool) {
	if s.apart(l) {
		return filled{}, false
	}
	both := s
	both.obstacles = slices.Concat(s.obstacles, l.obstacles)
	overlap := func(what string) {
		both.stop(OverlapObstacle, "its %s and those of the %s, %s, overlap in a way that no single statement says", what, l.layer, l.from)
	}
	switch {
	case s.notAction || l.notAction:
		if !slices.ContainsFunc(l.actions, isEveryAction) || l.notAction {
			overlap("actions")
		}
	default:
		actions, clear := meetAll(s.actions, l.actions, actionCovers, actionsMeet)
		if both.actions = actions; !clear {
			overlap("actions")
		}
	}
	if s.notResource || l.notResource {
		if l.notResource || !slices.ContainsFunc(l.resources, func(a filledARN) bool { return a.every }) {
			overlap("resources")
		}
	} else {
		resources, clear := meetAll(s.resources, l.resources, filledARN.covers, filledARN.meets)
		if both.resources = resources; !clear {
			overlap("resources")
		}
	}
	both.conditions = slices.Clone(s.conditions)
	for _, c := range l.conditions {
		if !both.add(c) {
			overlap("conditions")
		}
	}
	return both, true
}

// meetAll is what is in both of two lists of patterns: of each pair that meets,
// the one that the other covers. It is not clear if neither does.
func meetAll[P any](a, b []P, covers, meets func(P, P) bool) (list []P, clear bool) {
	clear = true
	for _, p := range a {
		if slices.ContainsFunc(b, func(q P) bool { return covers(q, p) }) {
			list = append(list, p)
			continue
		}
		for _, q := range b {
			switch {
			case covers(p, q):
				list = append(list, q)
			case meets(p, q):
				clear = false
			}
		}
	}
	return list, clear
}

// add adds a condition to those that must hold. A document has one list of values
// for a key under an operator.
func (s *filled) add(c filledCondition) bool {
	for i := range s.conditions {
		has := &s.conditions[i]
		if has.operator != c.operator || !strings.EqualFold(has.key, c.key) {
			continue
		}
		switch {
		case has.same(c):
		case has.use.operator.negated && has.use.set != forAny: // none of these and none of those
			has.values = slices.Concat(has.values, c.values)
		default:
			return false
		}
		return true
	}
	s.conditions = append(s.conditions, c)
	return true
}
