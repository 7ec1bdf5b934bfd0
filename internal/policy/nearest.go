package policy

// Part is a part of a statement that a request may not meet, from what is
// farthest from allowing it to what is nearest.
type Part uint8

const (
	// PrincipalPart says that the statement is about others.
	PrincipalPart Part = iota
	// ActionPart says that it is about the caller and other actions.
	ActionPart
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

// Nearest explains the refusal of a document of kind Trust that no statement
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
		miss := d.statements[i].miss(req)
		miss.Statement = d.names[i]
		if !found || miss.Part > best.Part || miss.Part == best.Part && len(miss.Keys) < len(best.Keys) {
			best, found = miss, true
		}
	}
	return best, found
}

func (s *statement) miss(req *Request) Miss {
	if s.principals.match(&req.Principal, false) == notMatched {
		return Miss{Part: PrincipalPart}
	}
	if s.hasAction(&requestedAction{name: req.Action}) == s.notAction {
		return Miss{Part: ActionPart}
	}
	miss := Miss{Part: ConditionPart}
	for i := range s.conditions {
		if !s.conditions[i].holds(req.Context) {
			miss.Keys = append(miss.Keys, s.conditions[i].key)
		}
	}
	return miss
}
