package policy

import (
	"fmt"
	"slices"
	"strings"
)

// msgScope is IAM's sentence about shared OpenID Connect providers.
const msgScope = "Trust policy with trusted principal %s must evaluate, " +
	"using StringEquals, StringLike or StringEqualsIgnoreCase, %s which is not scoped to all."

// sharedProviders are OpenID Connect providers that issue tokens for many
// organizations under one issuer, with the keys of which a trust policy must check
// one ("Identity-provider controls for shared OIDC providers" in the IAM User
// Guide); what begins with a colon is a claim of the provider. A subject that may
// be anybody's is as good as none. They are checked when a document is written, and
// never again: AWS's list grows.
var sharedProviders = map[string][]string{
	"token.actions.githubusercontent.com":                {":sub", ":job_workflow_ref"},
	"vstoken.actions.githubusercontent.com":              {":sub"},
	"oidc-configuration.audit-log.githubusercontent.com": {":sub"},
	"gitlab.com":              {":sub"},
	"agent.buildkite.com":     {":sub"},
	"app.terraform.io":        {":sub"},
	"oidc.codefresh.io":       {":sub"},
	"studio.datachain.ai/api": {":sub"},
	"scalr.io":                {":sub"},
	"tokens.cloud.shisho.dev": {":sub"},
	"proidc.upbound.io":       {":sub"},
	"api.pulumi.com/oidc":     {":aud"},
	"sandboxes.cloud":         {":aud"},
	"oidc.vercel.com":         {":aud"},

	// Microsoft Sentinel: AWS's table has it without the slash, Sentinel's guide
	// with it. Its tokens have the same sub and aud for all who use it.
	"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d":  {"sts:RoleSessionName"},
	"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/": {"sts:RoleSessionName"},
}

// githubProvider has the organization's name as a path for those who ask
// GitHub for an issuer of their own, and is shared all the same.
const githubProvider = "token.actions.githubusercontent.com"

// checkSharedProvider demands that an Allow for a shared provider checks one of
// the claims that tell its customers apart.
func (raw *rawStatement) checkSharedProvider(provider string) error {
	_, url, ok := strings.Cut(provider, ":oidc-provider/")
	if !ok {
		return nil
	}
	claims, shared := sharedProviders[url]
	if !shared && strings.HasPrefix(url, githubProvider+"/") {
		claims, shared = sharedProviders[githubProvider], true
	}
	if !shared {
		return nil
	}
	keys := make([]string, len(claims))
	for i, claim := range claims {
		if keys[i] = claim; strings.HasPrefix(claim, ":") {
			keys[i] = url + claim
		}
	}
	if slices.ContainsFunc(keys, raw.scopes) {
		return nil
	}
	scope := strings.Join(keys, " or ")
	return malformed(fmt.Sprintf(msgScope, provider, scope), "no Condition on %s", scope)
}

// scopes reports whether some condition narrows a key down: a positive string
// comparison none of whose values matches everything.
func (raw *rawStatement) scopes(key string) bool {
	return slices.ContainsFunc(raw.conditions, func(c rawCondition) bool {
		if !strings.EqualFold(c.key, key) || len(c.values) == 0 {
			return false
		}
		use, err := readOperator(c.operator)
		if err != nil {
			return false
		}
		switch use.base {
		case "StringEquals", "StringEqualsIgnoreCase", "StringLike":
			return !slices.ContainsFunc(c.values, matchesAnything)
		}
		return false
	})
}

// matchesAnything reports a pattern of nothing but wildcards.
func matchesAnything(pattern string) bool { return strings.Trim(pattern, "*?") == "" }
