package sts

import (
	"regexp"

	"github.com/daypass/daypass/internal/login"
)

// Some providers' own claims are condition keys, and only those that AWS has made
// so ("Available keys for AWS OIDC federation" in the IAM User Guide; "Actions,
// resources, and condition keys for AWS Security Token Service" in the Service
// Authorization Reference). Trust policies see them, sessions do not.

// providerClaims are the claims of providers with these names.
var providerClaims = []struct {
	name   *regexp.Regexp
	claims []string
}{
	{named(`token\.actions\.githubusercontent\.com(/[^/]+)*`), githubClaims},
	{named(`token\.actions\.[a-z0-9-]+\.ghe\.com`), githubClaims},
	{named(`gitlab\.com`), []string{
		"namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment",
		"user_access_level", "user_email", "user_id", "user_login",
	}},
	{named(`agent\.buildkite\.com`), []string{
		"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug",
	}},
	{named(`oidc\.circleci\.com/org/[^/]+`), []string{"oidc.circleci.com/project-id"}},
	{named(`idcs-[a-z0-9-]+\.identity\.oraclecloud\.com`), []string{"rpst_id"}},
	{named(`accounts\.google\.com`), []string{googleOrganization}},
}

var githubClaims = []string{
	"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref",
	"ref", "repository", "repository_id", "repository_owner_id", "workflow",
}

// googleOrganization is called otherwise than its claim: a number in the object
// google of tokens of service accounts (projects.serviceAccounts.generateIdToken
// in Google's reference of the Service Account Credentials API). The IAM User Guide
// writes the claim google:organization_number.
const googleOrganization = "google/organization_number"

func named(name string) *regexp.Regexp { return regexp.MustCompile(`\A` + name + `\z`) }

// claimsOf are the claims of a provider that are condition keys, by the names of
// the keys.
func claimsOf(provider string) []string {
	name := KeyPrefix(provider)
	for _, p := range providerClaims {
		if p.name.MatchString(name) {
			return p.claims
		}
	}
	return nil
}

// claimKeys are the condition keys of a provider's own claims that a token has.
func claimKeys(provider string, claims login.Claims) []Key {
	var keys []Key
	for _, name := range claimsOf(provider) {
		value, ok := claims.Scalar(name)
		if name == googleOrganization {
			value, ok = googleOrganizationOf(claims)
		}
		if ok {
			keys = append(keys, Key{name, []string{value}})
		}
	}
	return keys
}

func googleOrganizationOf(claims login.Claims) (string, bool) {
	if value, ok := claims.Object("google").Scalar("organization_number"); ok {
		return value, true
	}
	return claims.Scalar("google:organization_number")
}
