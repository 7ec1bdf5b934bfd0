package decision

import (
	"fmt"
	"strconv"
	"strings"
)

// Trust is what a role's trust policy said of one action.
type Trust struct {
	Outcome Outcome
	// Cause says why the answer is no (docs/causes.md); empty for a yes.
	Cause string `json:",omitempty"`
	// Action is what was asked, Role the ARN of the role.
	Action, Role string
	// Principal is who asked: the federated provider, or the caller's ARN.
	Principal string
	// Checks are the statements of the policy, each with what became of it.
	Checks []Check `json:",omitempty"`
	// Seen is the audience or the kind of user that a token has, where a condition on
	// it was not met.
	Seen *Value `json:",omitempty"`
	// Hint says what is wrong with the policy itself: it has a condition key that
	// does not exist.
	Hint string `json:",omitempty"`
}

// Value is what a request has under a condition key.
type Value struct {
	Key    string
	Values []string
}

// Policies is what the caller's policies said of one action.
type Policies struct {
	Outcome Outcome
	// Cause says why the answer is no (docs/causes.md); empty for a yes.
	Cause string `json:",omitempty"`
	// Action is what was asked, and Resource is what it is about.
	Action, Resource string `json:",omitempty"`
	// Root says that the account's root asked, whom no policy limits.
	Root bool `json:",omitzero"`
	// Gone says that the caller's user or role is not there any more.
	Gone bool `json:",omitzero"`
	// Layers are what the kinds of policies said, in the order in which they count.
	// A kind that the caller has none of, and that does not limit then, is not there;
	// neither are those after one that denies.
	Layers []Layer `json:",omitempty"`
}

// Layer is what one kind of policies said.
type Layer struct {
	// Layer is "session", "boundary" or "identity".
	Layer   string
	Outcome Outcome
	// Checks are the statements that made it. Where nothing allows, it is the one
	// that comes nearest, if any does.
	Checks []Check `json:",omitempty"`
}

// Check is what one statement of a policy had to say.
type Check struct {
	// Policy is how the policy is called; empty for a trust policy, and where
	// nobody asked.
	Policy string `json:",omitempty"`
	// Statement is its number, from 1, and Sid its identifier.
	Statement int
	Sid       string `json:",omitempty"`
	// Deny says that it is one that denies.
	Deny bool `json:",omitzero"`
	// Result says whether it applies, or the first part of it that does not.
	Result Result
	// Keys are the condition keys that are not met.
	Keys []string `json:",omitempty"`
}

// Result says whether a statement applies.
type Result string

const (
	// Applies says that it does.
	Applies Result = "applies"
	// OtherPrincipal says that it is about others.
	OtherPrincipal Result = "principal"
	// OtherAction says that it is about other actions.
	OtherAction Result = "action"
	// OtherResource says that it is about other resources.
	OtherResource Result = "resource"
	// ConditionUnmet says that its conditions are not met.
	ConditionUnmet Result = "condition"
)

// name is how people count statements, from 1, with the identifier if there is
// one.
func (c Check) name() string {
	if c.Sid == "" {
		return "statement " + strconv.Itoa(c.Statement)
	}
	return fmt.Sprintf("statement %d (%q)", c.Statement, c.Sid)
}

// nearness orders results, from what is farthest from applying.
func (c Check) nearness() int {
	for i, r := range [...]Result{OtherPrincipal, OtherAction, OtherResource, ConditionUnmet} {
		if r == c.Result {
			return i
		}
	}
	return -1
}

// Nearest is the statement that comes nearest to allowing what nothing allows;
// false if there is none that allows anything.
func Nearest(checks []Check) (best Check, ok bool) {
	for _, c := range checks {
		near := c.nearness()
		if c.Deny || near < 0 {
			continue
		}
		if !ok || near > best.nearness() || near == best.nearness() && len(c.Keys) < len(best.Keys) {
			best, ok = c, true
		}
	}
	return best, ok
}

// String says which statement made the answer, or what is in the way of a yes.
func (t *Trust) String() string {
	if t.Outcome != Refuse {
		verb := " allows it"
		if t.Outcome == Deny {
			verb = " denies it"
		}
		for _, c := range t.Checks {
			if c.Result == Applies && c.Deny == (t.Outcome == Deny) {
				return c.name() + verb + t.hint()
			}
		}
		return ""
	}
	nearest, ok := Nearest(t.Checks)
	switch {
	case !ok || nearest.Result == OtherPrincipal:
		return fmt.Sprintf("no statement allows anything to %q", t.Principal)
	case nearest.Result == OtherAction:
		return nearest.name() + " comes nearest, which does not allow " + t.Action
	}
	text := nearest.name() + " comes nearest, whose conditions are not met: " + strings.Join(nearest.Keys, ", ")
	switch {
	case t.Seen == nil:
		return text + t.hint()
	case strings.HasSuffix(t.Seen.Key, ":amr"):
		return fmt.Sprintf("%s; amr begins with %q", text, strings.Join(t.Seen.Values, ""))
	}
	return fmt.Sprintf("%s; aud is %q", text, t.Seen.Values)
}

func (t *Trust) hint() string {
	if t.Hint == "" {
		return ""
	}
	return "; " + t.Hint
}

// checks are the statements of the layer that made a no.
func (p *Policies) checks() []Check {
	for _, l := range p.Layers {
		if l.Outcome == p.Outcome {
			return l.Checks
		}
	}
	return nil
}

// String says which statements of which policies made the answer, or what is in
// the way of a yes. It is empty where there is nothing to say: for the account's
// root, and where the caller is gone.
func (p *Policies) String() string {
	switch {
	case p.Root || p.Gone:
		return ""
	case p.Outcome == Allow:
		return p.allowing()
	}
	checks := p.checks()
	if p.Outcome == Deny && len(checks) > 0 {
		return checks[0].of() + " denies " + p.Action
	}
	nearest, ok := Nearest(checks)
	if !ok || nearest.Result == OtherAction {
		return "no statement allows " + p.Action
	}
	if nearest.Result == ConditionUnmet {
		return nearest.of() + " comes nearest, which has conditions that are not met: " + strings.Join(nearest.Keys, ", ")
	}
	return nearest.of() + " comes nearest, which is about other resources than " + p.Resource
}

func (p *Policies) allowing() string {
	var parts []string
	for _, l := range p.Layers {
		var names []string
		for _, c := range l.Checks {
			names = append(names, c.of())
		}
		parts = append(parts, l.Layer+": "+strings.Join(names, ", "))
	}
	return cut(strings.Join(parts, "; "), maxText)
}

// of is the statement with the name of its policy.
func (c Check) of() string {
	if c.Policy == "" {
		return c.name()
	}
	return c.name() + " of " + c.Policy
}
