package sts

import (
	"cmp"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/policy"
)

// askTrust asks a trust policy about one action and gives its answer, for a yes as
// for a no. Who is refused learns nothing of the reasons; the log has them.
func askTrust(trust *policy.Document, req *policy.Request) (*decision.Trust, policy.Decision) {
	d := trust.Evaluate(req)
	t := &decision.Trust{
		Outcome: decision.Allow, Action: req.Action, Role: req.Resource,
		Principal: cmp.Or(req.Principal.Federated, first(req.Principal.ARNs)), Checks: checksOf(trust, req),
	}
	switch d.Effect {
	case policy.ExplicitDeny:
		t.Outcome, t.Cause, t.Hint = decision.Deny, string(causeTrustDenied), unknownKeys(req, d.Statements[0].ConditionKeys())
	case policy.ImplicitDeny:
		t.Outcome, t.Cause = decision.Refuse, string(whyRefused(t, req))
	}
	return t, d
}

// checksOf is what each statement of a trust policy has to say.
func checksOf(trust *policy.Document, req *policy.Request) []decision.Check {
	findings := trust.Findings(req)
	checks := make([]decision.Check, len(findings))
	for i, f := range findings {
		checks[i] = decision.Check{
			Statement: f.Statement.Index + 1, Sid: f.Statement.Sid, Deny: f.Deny, Result: decision.Applies, Keys: f.Keys,
		}
		if !f.Applies {
			checks[i].Result = results[f.Part]
		}
	}
	return checks
}

// results are the parts that a statement misses as decisions have them.
var results = [...]decision.Result{
	policy.PrincipalPart: decision.OtherPrincipal, policy.ActionPart: decision.OtherAction,
	policy.ResourcePart: decision.OtherResource, policy.ConditionPart: decision.ConditionUnmet,
}

// whyRefused finds what to change in a trust policy none of whose statements
// allows, and the cause of its own that some actions have.
func whyRefused(t *decision.Trust, req *policy.Request) awsapi.Cause {
	nearest, ok := decision.Nearest(t.Checks)
	cause := causeTrustCondition
	prefix := KeyPrefix(req.Principal.Federated)
	switch {
	case !ok || nearest.Result == decision.OtherPrincipal:
		cause = causeTrustPrincipal
	case nearest.Result == decision.OtherAction:
		cause = causeTrustAction
	default:
		if t.Hint = unknownKeys(req, nearest.Keys); t.Hint != "" {
			cause = causeTrustKeyUnknown
		} else if key := prefix + ":aud"; slices.Contains(nearest.Keys, key) {
			cause, t.Seen = causeTrustAudience, &decision.Value{Key: key, Values: req.Context[key]}
		} else if key := prefix + ":amr"; slices.Contains(nearest.Keys, key) {
			cause, t.Seen = causeTrustAMR, &decision.Value{Key: key, Values: []string{first(req.Context[key])}}
		}
	}
	switch req.Action {
	case actionTag:
		return causeTagSessionRefused
	case actionSetSourceIdentity:
		return causeSourceIdentityRefused
	}
	return cause
}

// first is what comes first, such as the entry of amr that names nobody.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
