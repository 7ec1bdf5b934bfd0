package policy

// Policies are the documents, none of kind Trust, that together say what a
// caller may do.
type Policies struct {
	// Identity documents allow: those inline in and attached to the user or,
	// for a session, its role.
	Identity []*Document
	// Boundary is the permissions boundary of the user or role; nil if it has
	// none.
	Boundary *Document
	// Session documents limit a session to what at least one of them allows.
	// None at all do not limit it.
	Session []*Document
}

// Layer is one of the places where documents come from.
type Layer uint8

const (
	// NoLayer is the layer of an allowed request.
	NoLayer Layer = iota
	// IdentityLayer are the identity-based policies.
	IdentityLayer
	// BoundaryLayer is the permissions boundary.
	BoundaryLayer
	// SessionLayer are the session policies.
	SessionLayer
)

// String is AWS's name of the layer in "because no … allows the … action".
func (l Layer) String() string {
	switch l {
	case IdentityLayer:
		return "identity-based policy"
	case BoundaryLayer:
		return "permissions boundary"
	case SessionLayer:
		return "session policy"
	}
	return ""
}

// Decide answers a request from all of a caller's documents ("Policy
// evaluation logic" in the IAM User Guide): an explicit deny anywhere is
// final; otherwise the session policies, the boundary and the identity-based
// policies must all allow. The decision names the layer that refused, the first
// in this order where several do: session, boundary, identity. The statements
// of an Allow are those of the identity-based policies.
func Decide(in Policies, req *Request) Decision {
	action := &requestedAction{name: req.Action}
	var boundary []*Document
	if in.Boundary != nil {
		boundary = []*Document{in.Boundary}
	}
	layers := [...]struct {
		layer     Layer
		documents []*Document
		limits    bool // without documents there is no limit
	}{
		{SessionLayer, in.Session, true},
		{BoundaryLayer, boundary, true},
		{IdentityLayer, in.Identity, false},
	}
	refusedBy, allowed := NoLayer, Decision{}
	for _, l := range layers {
		if l.limits && len(l.documents) == 0 {
			continue
		}
		switch decision := union(l.documents, req, action); decision.Effect {
		case ExplicitDeny:
			decision.Layer = l.layer
			return decision
		case Allow:
			allowed = decision
		case ImplicitDeny:
			if refusedBy == NoLayer {
				refusedBy = l.layer
			}
		}
	}
	if refusedBy != NoLayer {
		return Decision{Layer: refusedBy}
	}
	return allowed
}

// union answers from several documents as if they were one.
func union(documents []*Document, req *Request, action *requestedAction) Decision {
	var all Decision
	for _, d := range documents {
		one := d.evaluate(req, action)
		switch {
		case one.Effect == ImplicitDeny || one.Effect == Allow && all.Effect == ExplicitDeny:
		case one.Effect == all.Effect:
			all.Statements = append(all.Statements, one.Statements...)
		default:
			all = one
		}
	}
	return all
}
