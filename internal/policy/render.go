package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxRendered is the most characters that a store takes for a session policy, and
// so does AWS.
const MaxRendered = 2048

// A Rendering is what [Render] makes of a caller's policies: one document of
// version 2012-10-17, or what is in the way of it.
type Rendering struct {
	// Document is the session policy, without white space; empty if it cannot be
	// said.
	Document string
	// Size is the length of the document in characters, also of one that is too
	// long to be one.
	Size int
	// Unsayable is all that the dialect cannot say, in the order of the layers and
	// of their statements.
	Unsayable []Unsayable
	// Notes are what the store is known not to keep to, of what the document asks.
	Notes []string
}

// Err is nil if there is a document, and otherwise all that is in the way of it.
func (r Rendering) Err() error {
	if len(r.Unsayable) == 0 {
		return nil
	}
	list := make([]error, len(r.Unsayable))
	for i := range r.Unsayable {
		list[i] = &r.Unsayable[i]
	}
	return errors.Join(list...)
}

// Obstacle is why a policy cannot be said in a dialect.
type Obstacle string

// The obstacles.
const (
	// NotResourceObstacle: the store does not know NotResource.
	NotResourceObstacle Obstacle = "not-resource"
	// NotActionObstacle: the store does not know NotAction, and the statement means
	// some of its actions.
	NotActionObstacle Obstacle = "not-action"
	// ActionObstacle: the store cannot be asked for the action alone.
	ActionObstacle Obstacle = "action"
	// ConditionObstacle: the store does not evaluate the condition as AWS does.
	ConditionObstacle Obstacle = "condition"
	// VariableObstacle: a variable stands for what only the store knows.
	VariableObstacle Obstacle = "variable"
	// CharacterObstacle: a value has characters that the store would take for
	// something else.
	CharacterObstacle Obstacle = "character"
	// OverlapObstacle: two layers overlap in a way that no single statement says.
	OverlapObstacle Obstacle = "overlap"
	// SizeObstacle: the document is too long.
	SizeObstacle Obstacle = "size"
)

// Unsayable is one thing that a dialect cannot say.
type Unsayable struct {
	Obstacle Obstacle
	// Layer is where the statement is from; NoLayer if it is about all.
	Layer Layer
	// Statement is the one; its Document is nil if it is about all.
	Statement Statement
	// Detail says what it is, for an operator.
	Detail string
}

// Error says where and what, for the log and for whoever writes the policy. It
// quotes the policy, and no value of the caller's.
func (u *Unsayable) Error() string {
	if u.Statement.Document == nil {
		return u.Detail
	}
	return fmt.Sprintf("%s, %s: %s", u.Layer, u.Statement, u.Detail)
}

// Render says in one session policy what all of a caller's documents allow
// together, for a store that has its own evaluator: every variable that stands
// for something of the caller's is filled in, and every condition on such a key
// is decided, since a store knows neither. The facts are those of the caller's
// session, under the keys of [IsCallerKey]; all others count as absent.
//
// The document never allows what the policies do not. A statement that allows
// may come out narrower, where it is about what the store does not have; one that
// denies only wider. What cannot be said so is not left out but told.
func Render(in Policies, facts Context, d Dialect) Rendering {
	r := renderer{dialect: dialects[d], facts: callerFacts(facts)}
	identity := r.layer(IdentityLayer, in.Identity)
	limits := [][]filled{}
	if in.Boundary != nil {
		limits = append(limits, r.layer(BoundaryLayer, []*Document{in.Boundary}))
	}
	if len(in.Session) > 0 {
		limits = append(limits, r.layer(SessionLayer, in.Session))
	}
	allowing, denying := split(identity)
	for _, limit := range limits {
		allows, denies := split(limit)
		allowing = r.within(allowing, allows)
		denying = append(denying, denies...)
	}
	allowing = unique(allowing)
	denying = r.reconcile(allowing, unique(denying))
	text := r.guard(r.write(allowing, denying))
	r.out.Size = utf8.RuneCountInString(text)
	if r.out.Size > MaxRendered {
		r.cannot(SizeObstacle, filled{}, "the policies make a session policy of %d characters, and a store takes %d", r.out.Size, MaxRendered)
	}
	if len(r.out.Unsayable) == 0 {
		r.out.Document = text
	}
	return r.out
}

// guard puts the dialect's own statement behind the others, where there is room: it
// narrows nothing that they allow, and so is no reason to refuse a sign-in.
func (r *renderer) guard(document string) string {
	if r.dialect.guard == "" {
		return document
	}
	guarded := strings.TrimSuffix(document, "]}") + "," + r.dialect.guard + "]}"
	switch {
	case utf8.RuneCountInString(guarded) <= MaxRendered:
		return guarded
	case utf8.RuneCountInString(document) <= MaxRendered:
		r.note(r.dialect.unguarded)
	}
	return document
}

// renderer gathers what is in the way.
type renderer struct {
	dialect *dialect
	facts   Context // of the caller alone
	out     Rendering
}

// cannot notes an obstacle, once.
func (r *renderer) cannot(o Obstacle, s filled, format string, args ...any) {
	u := Unsayable{Obstacle: o, Layer: s.layer, Statement: s.from, Detail: fmt.Sprintf(format, args...)}
	if !slices.Contains(r.out.Unsayable, u) {
		r.out.Unsayable = append(r.out.Unsayable, u)
	}
}

func (r *renderer) note(text string) {
	if !slices.Contains(r.out.Notes, text) {
		r.out.Notes = append(r.out.Notes, text)
	}
}

// layer fills in the statements of a layer's documents, and gives each the form
// that the dialect has for it.
func (r *renderer) layer(layer Layer, documents []*Document) (all []filled) {
	for _, d := range documents {
		for _, s := range r.fill(layer, d) {
			all = append(all, r.dialect.form(r, s)...)
		}
	}
	return all
}

func split(all []filled) (allowing, denying []filled) {
	for _, s := range all {
		if s.deny {
			denying = append(denying, s)
		} else {
			allowing = append(allowing, s)
		}
	}
	return allowing, denying
}

// unique drops statements that say the same as one before.
func unique(all []filled) (list []filled) {
	for _, s := range all {
		if !slices.ContainsFunc(list, s.same) {
			list = append(list, s)
		}
	}
	return list
}

// maxProduct is more statements than a document of [MaxRendered] characters has
// room for. Layers that make more of each other are not worked out.
const maxProduct = 64

// within is what statements allow within the limits of others: of each pair, what
// both allow.
func (r *renderer) within(allowing, limits []filled) (list []filled) {
	for _, s := range allowing {
		if slices.ContainsFunc(limits, func(l filled) bool { return l.covers(s) }) {
			list = append(list, s)
			continue
		}
		for _, l := range limits {
			both, ok := r.both(s, l)
			if ok {
				list = append(list, both)
			}
			if len(list) > maxProduct {
				r.cannot(SizeObstacle, filled{}, "the layers together make more than %d statements", maxProduct)
				return nil
			}
		}
	}
	return list
}

// reconcile drops what changes nothing: a statement that denies what no other
// allows. What of a Deny the dialect cannot say matters only if it stays.
func (r *renderer) reconcile(allowing, denying []filled) (kept []filled) {
	for _, d := range denying {
		if slices.ContainsFunc(allowing, func(a filled) bool { return !a.apart(d) }) {
			kept = append(kept, d)
			for _, o := range d.obstacles {
				r.cannot(o.Obstacle, d, "%s", o.Detail)
			}
		}
	}
	for _, a := range allowing {
		for _, o := range a.obstacles {
			r.cannot(o.Obstacle, a, "%s", o.Detail)
		}
	}
	return kept
}
