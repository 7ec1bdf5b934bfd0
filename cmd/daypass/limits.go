package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/sts"
)

// quotas gives each quota a name.
func quotas(c *cognito.Limits, i *iam.Limits) map[string]*int {
	return map[string]*int{
		"pools-per-account":        &c.PoolsPerAccount,
		"user-pool-providers":      &c.UserPoolProviders,
		"tags-per-pool":            &c.TagsPerPool,
		"logins-per-identity":      &c.LoginsPerIdentity,
		"rules-per-mapping":        &c.RulesPerMapping,
		"roles-per-account":        &i.RolesPerAccount,
		"trust-policy-size":        &i.TrustPolicySize,
		"role-policies-size":       &i.RolePoliciesSize,
		"policies-per-role":        &i.PoliciesPerRole,
		"users-per-account":        &i.UsersPerAccount,
		"user-policies-size":       &i.UserPoliciesSize,
		"policies-per-user":        &i.PoliciesPerUser,
		"access-keys-per-user":     &i.AccessKeysPerUser,
		"policies-per-account":     &i.PoliciesPerAccount,
		"policy-size":              &i.ManagedPolicySize,
		"versions-per-policy":      &i.VersionsPerPolicy,
		"oidc-providers":           &i.ProvidersPerAccount,
		"client-ids-per-provider":  &i.ClientIDsPerProvider,
		"thumbprints-per-provider": &i.ThumbprintsPerProvider,
	}
}

// limitNames lists the quotas with AWS's values.
func limitNames() string {
	c, i := cognito.DefaultLimits(), iam.DefaultLimits()
	all := quotas(&c, &i)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names = append(names, fmt.Sprintf("%s (%d)", name, *all[name]))
	}
	return strings.Join(names, ", ")
}

// limits puts the quotas and rates of the configuration into an instance's.
func (c *Config) limits(to *instance.Config) error {
	pools, roles := cognito.DefaultLimits(), iam.DefaultLimits()
	all := quotas(&pools, &roles)
	for name, n := range c.Limit {
		if all[name] == nil {
			return usage("--limit %s: there is no such quota; there are %s", name, limitNames())
		}
		if n < 0 {
			return usage("--limit %s=%d: must not be negative", name, n)
		}
		*all[name] = n
	}
	to.Limits, to.IAMLimits, to.Rates = &pools, &roles, c.Rate
	return nil
}

// badRate finds a rate that makes no sense; empty if all do.
func (c *Config) badRate() string {
	known := map[string]bool{}
	for _, s := range []awsapi.Service{cognito.Operations(nil), sts.Operations(nil), iam.Operations(nil)} {
		for _, o := range s.Operations {
			known[o.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rate)) {
		if n := c.Rate[name]; !known[name] || !(n > 0 && n <= math.MaxFloat64) {
			return fmt.Sprintf("%s=%v", name, n)
		}
	}
	return ""
}
