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

// A Verdict is the answer of all of a caller's documents.
type Verdict struct {
	Decision
	// Layers are what each layer said, by their numbers; of those that were not
	// asked the Asked is false.
	Layers [SessionLayer + 1]LayerVerdict
}

// LayerVerdict is what one layer said.
type LayerVerdict struct {
	// Asked says that the layer has documents, or would need some, and that no
	// layer before it denied.
	Asked bool
	// Effect is its answer, and Statements made it.
	Effect     Effect
	Statements []Statement
}

// Decide answers a request from all of a caller's documents ("Policy
// evaluation logic" in the IAM User Guide): an explicit deny anywhere is
// final; otherwise the session policies, the boundary and the identity-based
// policies must all allow. The decision names the layer that refused, the first
// in this order where several do: session, boundary, identity. The statements
// of an Allow are those of the identity-based policies; what the other layers
// said is in Layers.
func Decide(in Policies, req *Request) (v Verdict) {
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
		decision := union(l.documents, req, action)
		v.Layers[l.layer] = LayerVerdict{true, decision.Effect, decision.Statements}
		switch decision.Effect {
		case ExplicitDeny:
			v.Decision, v.Layer = decision, l.layer
			return v
		case Allow:
			allowed = decision
		case ImplicitDeny:
			if refusedBy == NoLayer {
				refusedBy = l.layer
			}
		}
	}
	if v.Decision = allowed; refusedBy != NoLayer {
		v.Decision = Decision{Layer: refusedBy}
	}
	return v
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
