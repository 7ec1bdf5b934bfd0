package sts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/policy"
)

// trustRefusal is why a trust policy refused. Who is refused learns nothing of
// it; the log has it, by its own cause if there is one for the action.
func trustRefusal(trust *policy.Document, req *policy.Request, d policy.Decision) (awsapi.Cause, error) {
	if d.Effect == policy.ExplicitDeny {
		detail := d.Statements[0].String() + " denies it"
		if hint := unknownKeys(req, d.Statements[0].ConditionKeys()); hint != "" {
			detail += "; " + hint
		}
		return causeTrustDenied, errors.New(detail)
	}
	why, detail := whyRefused(trust, req)
	switch req.Action {
	case actionTag:
		why = causeTagSessionRefused
	case actionSetSourceIdentity:
		why = causeSourceIdentityRefused
	}
	return why, errors.New(detail)
}

// whyRefused finds what to change in a trust policy none of whose statements
// allows.
func whyRefused(trust *policy.Document, req *policy.Request) (awsapi.Cause, string) {
	miss, ok := trust.Nearest(req)
	name := miss.Statement.String()
	switch {
	case !ok || miss.Part == policy.PrincipalPart:
		return causeTrustPrincipal, fmt.Sprintf("no statement allows anything to %q", cmp.Or(req.Principal.Federated, first(req.Principal.ARNs)))
	case miss.Part == policy.ActionPart:
		return causeTrustAction, name + " comes nearest, which does not allow " + req.Action
	}
	prefix := KeyPrefix(req.Principal.Federated)
	detail := name + " comes nearest, whose conditions are not met: " + strings.Join(miss.Keys, ", ")
	hint := unknownKeys(req, miss.Keys)
	switch {
	case hint != "":
		return causeTrustKeyUnknown, detail + "; " + hint
	case slices.Contains(miss.Keys, prefix+":aud"):
		return causeTrustAudience, fmt.Sprintf("%s; aud is %q", detail, req.Context[prefix+":aud"])
	case slices.Contains(miss.Keys, prefix+":amr"):
		return causeTrustAMR, fmt.Sprintf("%s; amr begins with %q", detail, first(req.Context[prefix+":amr"]))
	}
	return causeTrustCondition, detail
}

// first is what comes first, such as the entry of amr that names nobody.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
