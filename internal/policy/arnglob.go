package policy

import (
	"errors"
	"strings"
)

// components is how many an ARN has; the last may contain colons.
const components = 6

// An arnGlob is a compiled ARN pattern: a glob for each component, so that
// neither a wildcard nor what a variable stands for reaches into the next one,
// except in the last.
type arnGlob struct {
	every bool              // the pattern is * alone: every ARN
	whole *variable         // the pattern is one variable: that ARN
	parts *[components]glob // apart, since it is large and many patterns have none
}

var errShortARN = errors.New("fewer than six components")

// newARNGlob compiles an ARN pattern.
func newARNGlob(pattern string, variables bool) (arnGlob, error) {
	if pattern == "*" {
		return arnGlob{every: true}, nil
	}
	pieces, err := readPieces(pattern, syntax{wildcards: true, variables: variables})
	if err != nil {
		return arnGlob{}, err
	}
	if len(pieces) == 1 && pieces[0].kind == hole {
		return arnGlob{whole: pieces[0].variable}, nil
	}
	parts := splitPieces(pieces)
	if len(parts) < components {
		return arnGlob{}, errShortARN
	}
	a := arnGlob{parts: new([components]glob)}
	for i, part := range parts {
		a.parts[i] = newGlob(part)
	}
	return a, nil
}

// splitPieces cuts at the first five colons of literal text.
func splitPieces(pieces []piece) [][]piece {
	parts := make([][]piece, 1, components)
	add := func(p piece) {
		if p.kind != literal || p.text != "" {
			parts[len(parts)-1] = append(parts[len(parts)-1], p)
		}
	}
	for _, p := range pieces {
		for p.kind == literal && len(parts) < components {
			before, after, found := strings.Cut(p.text, ":")
			if !found {
				break
			}
			add(piece{kind: literal, text: before})
			parts = append(parts, nil)
			p.text = after
		}
		add(p)
	}
	return parts
}

// match reports whether s is an ARN that matches.
func (a *arnGlob) match(s string, ctx Context) bool {
	switch {
	case a.every:
		return hasComponents(s)
	case a.whole != nil:
		value, ok := a.whole.value(ctx)
		return ok && value == s && hasComponents(s)
	}
	for i := range components - 1 {
		part, rest, found := strings.Cut(s, ":")
		if !found || !a.parts[i].match(part, ctx) {
			return false
		}
		s = rest
	}
	return a.parts[components-1].match(s, ctx)
}

func hasComponents(s string) bool { return strings.Count(s, ":") >= components-1 }

// resolvable reports whether every variable has a value.
func (a *arnGlob) resolvable(ctx Context) bool {
	switch {
	case a.every:
		return true
	case a.whole != nil:
		_, ok := a.whole.value(ctx)
		return ok
	}
	for i := range a.parts {
		for j := range a.parts[i].holes {
			if _, ok := a.parts[i].holes[j].value(ctx); !ok {
				return false
			}
		}
	}
	return true
}

// variablesBeforeResource reports whether a variable stands anywhere but in
// the last component.
func (a *arnGlob) variablesBeforeResource() bool {
	if a.parts == nil {
		return a.whole != nil
	}
	for i := range components - 1 {
		if len(a.parts[i].holes) > 0 {
			return true
		}
	}
	return false
}
