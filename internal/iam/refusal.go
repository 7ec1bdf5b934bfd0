package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
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
	if d.reason == "" {
		return nil
	}
	return errors.New(d.reason)
}

// explain finds the words of Why. It reads policies by name, which a decision
// does without: a refusal may take longer.
func (s *Service) explain(tx Tx, c awsapi.Caller, held holding, req *policy.Request, d *Decision) (string, error) {
	if d.Gone {
		return "", nil
	}
	if d.Effect == policy.ExplicitDeny {
		statement := d.Statements[0]
		name, err := policyNameOf(tx, c, statement.Document, d.Layer)
		return fmt.Sprintf("%s of %s denies %s", statement, name, req.Action), err
	}
	best, found := nearest(held.of(d.layer()), req)
	if !found || best.Part == policy.ActionPart {
		return "no statement allows " + req.Action, nil
	}
	name, err := policyNameOf(tx, c, best.Statement.Document, d.layer())
	what := "is about other resources than " + req.Resource
	if best.Part == policy.ConditionPart {
		what = "has conditions that are not met: " + strings.Join(best.Keys, ", ")
	}
	return fmt.Sprintf("%s of %s comes nearest, which %s", best.Statement, name, what), err
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
