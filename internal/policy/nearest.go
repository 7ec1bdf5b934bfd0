package policy

// Part is a part of a statement that a request may not meet, from what is
// farthest from allowing it to what is nearest.
type Part uint8

const (
	// PrincipalPart says that the statement is about others.
	PrincipalPart Part = iota
	// ActionPart says that it is about the caller and other actions.
	ActionPart
	// ResourcePart says that it is about the action on other resources.
	ResourcePart
	// ConditionPart says that nothing but conditions are in the way.
	ConditionPart
)

// A Miss says why a statement that allows does not apply to a request.
type Miss struct {
	// Statement is the one that comes nearest.
	Statement Statement
	// Part is the first part of it that the request does not meet.
	Part Part
	// Keys are the keys, in lower case, of the conditions that do not hold, where
	// Part is ConditionPart.
	Keys []string
}

// Nearer says whether a miss comes nearer to allowing than another.
func (m Miss) Nearer(than Miss) bool {
	return m.Part > than.Part || m.Part == than.Part && len(m.Keys) < len(than.Keys)
}

// Nearest explains the refusal of a request that no statement of the document
// allows: the one that comes nearest, and what is in its way. It is false if the
// document has no statement that allows anything. Evaluate decides, Nearest only
// helps to find the mistake, and takes as long again.
func (d *Document) Nearest(req *Request) (Miss, bool) {
	var best Miss
	found := false
	for i := range d.statements {
		if d.statements[i].deny {
			continue
		}
		miss := d.statements[i].miss(d.kind, req)
		miss.Statement = d.names[i]
		if !found || miss.Nearer(best) {
			best, found = miss, true
		}
	}
	return best, found
}

// A Finding is what one statement has to say to a request: it applies, or not for
// the reason of the Miss.
type Finding struct {
	Miss
	Applies, Deny bool
}

// Findings are what each statement of the document has to say to a request, in
// their order. Evaluate decides by the same parts.
func (d *Document) Findings(req *Request) []Finding {
	list := make([]Finding, len(d.statements))
	for i := range d.statements {
		s := &d.statements[i]
		miss := s.miss(d.kind, req)
		miss.Statement = d.names[i]
		list[i] = Finding{miss, miss.Part == ConditionPart && len(miss.Keys) == 0, s.deny}
	}
	return list
}

func (s *statement) miss(kind Kind, req *Request) Miss {
	if kind == Trust && s.principals.match(&req.Principal, s.deny) == NotNamed {
		return Miss{Part: PrincipalPart}
	}
	if s.hasAction(&requestedAction{name: req.Action}) == s.notAction {
		return Miss{Part: ActionPart}
	}
	if kind != Trust && !s.hasResource(req) {
		return Miss{Part: ResourcePart}
	}
	miss := Miss{Part: ConditionPart}
	for i := range s.conditions {
		if !s.conditions[i].holds(req.Context) {
			miss.Keys = append(miss.Keys, s.conditions[i].key)
		}
	}
	return miss
}
