package policy

// Effect is the answer to a request.
type Effect uint8

const (
	// ImplicitDeny is the answer where no statement applies.
	ImplicitDeny Effect = iota
	// Allow is the answer where some statement allows and none denies.
	Allow
	// ExplicitDeny is the answer where a statement denies, whatever others say.
	ExplicitDeny
)

// String names the effect for logs.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case ExplicitDeny:
		return "ExplicitDeny"
	}
	return "ImplicitDeny"
}

// A Decision is an answer with its reasons.
type Decision struct {
	// Effect is the answer.
	Effect Effect
	// Statements made it: all that deny if one does, else all that allow. They
	// must not be changed.
	Statements []Statement
	// Layer is what refused, or NoLayer. Only Decide says so.
	Layer Layer
	// Named is how a document of kind Trust that allows means the caller, and so
	// which of the caller's own policies still count.
	Named Naming
}

// Evaluate answers a request from one document.
func (d *Document) Evaluate(req *Request) Decision {
	return d.evaluate(req, &requestedAction{name: req.Action})
}

func (d *Document) evaluate(req *Request, action *requestedAction) Decision {
	var allowing, denying []Statement
	named := NotNamed
	for i := range d.statements {
		s := &d.statements[i]
		principal := NotNamed
		if d.kind == Trust {
			if principal = s.principals.match(&req.Principal, s.deny); principal == NotNamed {
				continue
			}
		}
		if !s.applies(d.kind, req, action) {
			continue
		}
		if s.deny {
			denying = d.with(denying, i)
		} else {
			allowing = d.with(allowing, i)
			named = max(named, principal)
		}
	}
	switch {
	case denying != nil:
		return Decision{Effect: ExplicitDeny, Statements: denying}
	case allowing != nil:
		return Decision{Effect: Allow, Statements: allowing, Named: named}
	}
	return Decision{}
}

// with adds statement i to a list. A list of one is a window on d.names: most
// decisions are made by one statement, and cost no allocation.
func (d *Document) with(list []Statement, i int) []Statement {
	if list == nil {
		return d.names[i : i+1 : i+1]
	}
	return append(list, d.names[i])
}

// applies reports whether action, resource and conditions are met.
func (s *statement) applies(kind Kind, req *Request, action *requestedAction) bool {
	if s.hasAction(action) == s.notAction {
		return false
	}
	if kind != Trust && !s.hasResource(req) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(req.Context) {
			return false
		}
	}
	return true
}

func (s *statement) hasAction(action *requestedAction) bool {
	for i := range s.actions {
		if s.actions[i].match(action) {
			return true
		}
	}
	return false
}

// hasResource applies Resource or NotResource. A NotResource in which a
// variable has no value excepts nothing; so as not to allow everything for want
// of a tag, an Allow with it does not apply.
func (s *statement) hasResource(req *Request) bool {
	for i := range s.resources {
		p := &s.resources[i]
		if p.match(req.Resource, req.Context) {
			return !s.notResource
		}
		if s.notResource && !s.deny && !p.arn.resolvable(req.Context) {
			return false
		}
	}
	return s.notResource
}
