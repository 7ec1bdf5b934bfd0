package iam

import (
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/policy"
)

// Refusal words a no as AWS does: who asked for what, and the one reason.
func (d *Decision) Refusal(c awsapi.Caller, action, resource string) string {
	refused := "User: " + c.ARN + " is not authorized to perform: " + action + " on resource: " + resource
	layer := d.layer()
	if d.Effect != policy.ExplicitDeny {
		return refused + " because no " + layer.String() + " allows the " + action + " action"
	}
	article := "a "
	if layer == policy.IdentityLayer {
		article = "an "
	}
	return refused + " with an explicit deny in " + article + layer.String()
}

// layer is the one that refused. Where nobody had anything to say, it is the
// identity-based policies that should have.
func (d *Decision) layer() policy.Layer {
	if d.Layer == policy.NoLayer {
		return policy.IdentityLayer
	}
	return d.Layer
}

// Cause is the cause of a no, for the log: which layer refused, and whether it
// denied or only did not allow.
func (d *Decision) Cause() awsapi.Cause {
	denied := d.Effect == policy.ExplicitDeny
	switch layer := d.layer(); {
	case d.Gone:
		return causePrincipalGone
	case layer == policy.SessionLayer && denied:
		return causeSessionPolicyDenied
	case layer == policy.SessionLayer:
		return causeSessionPolicyRefused
	case layer == policy.BoundaryLayer && denied:
		return causeBoundaryDenied
	case layer == policy.BoundaryLayer:
		return causeBoundaryRefused
	case denied:
		return causeIdentityPolicyDenied
	}
	return causeIdentityPolicyRefused
}

// Why tells the operator which policy and which statement of it made a no.
func (d *Decision) Why() error {
	if d.explained == nil || d.Gone {
		return nil
	}
	return decision.Why{Stringer: d.explained}
}

// Policies is the answer as plain data. Of a no it has the names of policies; of a
// yes their statements alone, since finding names takes longer than deciding.
func (d *Decision) Policies() *decision.Policies {
	if d.explained != nil {
		return d.explained
	}
	return d.data()
}

// outcomes are the effects as decisions have them.
var outcomes = [...]decision.Outcome{policy.ImplicitDeny: decision.Refuse, policy.Allow: decision.Allow, policy.ExplicitDeny: decision.Deny}

// layers are the layers in the order in which they count, by their names.
var layers = [...]struct {
	layer policy.Layer
	name  string
}{{policy.SessionLayer, "session"}, {policy.BoundaryLayer, "boundary"}, {policy.IdentityLayer, "identity"}}

func (d *Decision) data() *decision.Policies {
	p := &decision.Policies{Outcome: outcomes[d.Effect], Action: d.action, Resource: d.resource, Root: d.Root, Gone: d.Gone}
	switch {
	case d.Root:
		p.Outcome = decision.Allow
		return p
	case d.Effect != policy.Allow:
		p.Cause = string(d.Cause())
	}
	for _, l := range layers {
		said := d.Layers[l.layer]
		if !said.Asked {
			continue
		}
		layer := decision.Layer{Layer: l.name, Outcome: outcomes[said.Effect]}
		for _, statement := range said.Statements {
			layer.Checks = append(layer.Checks, decision.Check{
				Statement: statement.Index + 1, Sid: statement.Sid, Deny: said.Effect == policy.ExplicitDeny, Result: decision.Applies,
			})
		}
		p.Layers = append(p.Layers, layer)
	}
	return p
}

// results are the parts that a statement misses as decisions have them.
var results = [...]decision.Result{
	policy.PrincipalPart: decision.OtherPrincipal, policy.ActionPart: decision.OtherAction,
	policy.ResourcePart: decision.OtherResource, policy.ConditionPart: decision.ConditionUnmet,
}

// explain is a no as plain data: with the statements that deny, or with the one of
// each layer that comes nearest to allowing, and the names of their policies. It
// reads policies by name, which a decision does without: a refusal may take longer.
func (s *Service) explain(tx Tx, c awsapi.Caller, held holding, req *policy.Request, d *Decision) (*decision.Policies, error) {
	p := d.data()
	if d.Gone {
		return p, nil
	}
	for i := range p.Layers {
		layer := layerOf(p.Layers[i].Layer)
		switch checks := &p.Layers[i].Checks; p.Layers[i].Outcome {
		case decision.Deny:
			for n, statement := range d.Layers[layer].Statements {
				name, err := policyNameOf(tx, c, statement.Document, layer)
				if err != nil {
					return nil, err
				}
				(*checks)[n].Policy = name
			}
		case decision.Refuse:
			best, ok := nearest(held.of(layer), req)
			if !ok || best.Part == policy.ActionPart {
				continue
			}
			name, err := policyNameOf(tx, c, best.Statement.Document, layer)
			if err != nil {
				return nil, err
			}
			*checks = append(*checks, decision.Check{
				Policy: name, Statement: best.Statement.Index + 1, Sid: best.Statement.Sid, Result: results[best.Part], Keys: best.Keys,
			})
		}
	}
	return p, nil
}

func layerOf(name string) policy.Layer {
	for _, l := range layers {
		if l.name == name {
			return l.layer
		}
	}
	return policy.NoLayer
}

// of are the documents of a layer.
func (h *holding) of(layer policy.Layer) []*policy.Document {
	switch {
	case layer == policy.SessionLayer:
		return h.Session
	case layer == policy.BoundaryLayer:
		return []*policy.Document{h.Boundary}
	}
	return h.Identity
}

// nearest finds the statement of several documents that comes nearest to
// allowing a request.
func nearest(documents []*policy.Document, req *policy.Request) (best policy.Miss, found bool) {
	for _, d := range documents {
		miss, ok := d.Nearest(req)
		if ok && (!found || miss.Nearer(best)) {
			best, found = miss, true
		}
	}
	return best, found
}

// policyNameOf finds what a document of a layer is called. Documents are kept
// by their text, so one that a caller has twice may be called the one or the
// other.
func policyNameOf(tx Tx, c awsapi.Caller, document *policy.Document, layer policy.Layer) (string, error) {
	p, err := tx.Permissions(IdType(c.PrincipalID))
	if err != nil {
		return "", err
	}
	managed := p.Attached
	switch {
	case layer == policy.SessionLayer && slices.Contains(c.Session.Policies, document.Text()):
		return "the inline session policy", nil
	case layer == policy.SessionLayer:
		managed = nil
		for _, a := range c.Session.PolicyARNs {
			managed = append(managed, ArnType(a))
		}
	case layer == policy.BoundaryLayer:
		managed = []ArnType{p.Boundary}
	default:
		if n := slices.Index(p.Inline, PolicyDocumentType(document.Text())); n >= 0 {
			return inlineName(tx, c, n)
		}
	}
	for _, a := range managed {
		text, _, err := managedDocument(tx, c, a)
		if err != nil {
			return "", err
		}
		if string(text) == document.Text() {
			return "managed policy " + string(a), nil
		}
	}
	return "a managed policy that is gone", nil
}

// inlineName names the caller's inline policy of a number. Documents are in the
// order of the names.
func inlineName(tx Tx, c awsapi.Caller, n int) (string, error) {
	names, err := tx.InlinePolicyNames(IdType(c.PrincipalID), "", n+1)
	if err != nil || len(names) <= n {
		return "an inline policy", err
	}
	return fmt.Sprintf("inline policy %q", names[n]), nil
}
