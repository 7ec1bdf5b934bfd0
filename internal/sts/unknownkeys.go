package sts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/typo"
)

// A trust policy that asks for a condition key which no request of its kind has
// can never let anybody in. That is mostly a slip, or a claim that is no key, and
// the log says so.

// trustKeys are the condition keys that requests to assume a role can have,
// whatever the operation. Those that end in a slash are families.
var trustKeys = []string{
	"aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:SourceIp", "aws:UserAgent", "aws:Referer",
	"aws:ViaAWSService", "aws:RequestedRegion", "aws:ResourceAccount",
	"aws:RequestTag/", "aws:ResourceTag/", "iam:ResourceTag/", "aws:TagKeys",
	"sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys",
}

// callerKeys are those that a caller brings who signs.
var callerKeys = []string{
	"aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalType", "aws:PrincipalTag/", "aws:PrincipalIsAWSService",
	"aws:userid", "aws:username", "aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:SourceIdentity",
	"aws:FederatedProvider", "sts:ExternalId",
}

// providerKeys are the condition keys of a provider, of which a token or response
// has some.
func providerKeys(provider string) []string {
	var names []string
	switch {
	case strings.Contains(provider, ":saml-provider/"):
		names = []string{"aud", "doc", "iss", "namequalifier", "sub", "sub_type"}
		for _, a := range samlAttributeKeys {
			if !slices.Contains(names, a.key) {
				names = append(names, a.key)
			}
		}
	case provider == login.AmazonName:
		names = []string{"app_id", "user_id"}
	case provider == login.FacebookName:
		names = []string{"app_id", "id"}
	case provider == CognitoProvider:
		names = []string{"aud", "sub", "amr"}
	default:
		names = slices.Concat([]string{"aud", "sub", "amr", "azp"}, claimsOf(provider))
		if provider == login.GoogleName {
			names = append(names, "oaud", "email", "hd")
		}
	}
	prefix := KeyPrefix(provider)
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = prefix + ":" + name
	}
	return keys
}

// knownKeys are the condition keys that requests like this one can have.
func knownKeys(req *policy.Request) []string {
	if provider := req.Principal.Federated; provider != "" {
		return slices.Concat(providerKeys(provider), trustKeys, []string{"aws:FederatedProvider"})
	}
	return slices.Concat(trustKeys, callerKeys)
}

// maxUnknown is how many unknown keys are told: the work is done for whoever is
// refused.
const maxUnknown = 3

// unknownKeys says of the first keys that a request cannot have that there is no
// such key, and which one is nearest; empty if there is nothing to say. The keys
// are in lower case.
func unknownKeys(req *policy.Request, keys []string) string {
	var says []string
	known := knownKeys(req)
	for _, key := range keys {
		if _, present := req.Context[key]; present || slices.ContainsFunc(known, isKey(key)) || !judged(req, key) {
			continue
		}
		hint := fmt.Sprintf("%.255q: there is no such key", key)
		if near := nearestKey(key, known); near != "" {
			hint += "; did you mean " + near + "?"
		} else if provider := req.Principal.Federated; provider != "" {
			hint += "; the provider has " + strings.Join(providerKeys(provider), ", ")
		}
		if says = append(says, hint); len(says) == maxUnknown {
			break
		}
	}
	return strings.Join(says, "; ")
}

// judged says whether we know all keys that begin as this one does. The session of
// a caller who signs may have keys of any provider.
func judged(req *policy.Request, key string) bool {
	if req.Principal.Federated != "" {
		return true
	}
	service, _, _ := strings.Cut(key, ":")
	return service == "aws" || service == "sts" || service == "iam"
}

// isKey says whether a known key, or the family of one, is that key.
func isKey(key string) func(known string) bool {
	return func(known string) bool {
		if strings.HasSuffix(known, "/") {
			return len(key) > len(known) && strings.EqualFold(key[:len(known)], known)
		}
		return strings.EqualFold(key, known)
	}
}

// nearestKey is the known key that somebody may have meant: the same but for a few
// characters in either half, or one that begins or ends as the given one goes on.
func nearestKey(key string, known []string) string {
	best, least := "", -1
	prefix, name := splitKey(key)
	for _, k := range known {
		knownPrefix, knownName := splitKey(strings.ToLower(k))
		distance, ok := 0, false
		switch {
		case prefix == knownPrefix:
			distance, ok = nearness(name, knownName)
		case name == knownName:
			distance, ok = nearness(prefix, knownPrefix)
		}
		if ok && (least < 0 || distance < least) {
			best, least = k, distance
			if strings.HasSuffix(k, "/") {
				best += "KEY"
			}
		}
	}
	return best
}

// splitKey takes a condition key apart. The names of CircleCI's have a slash, ours
// have no colon.
func splitKey(key string) (prefix, name string) {
	i := strings.LastIndexByte(key, ':')
	return key[:max(i, 0)], key[i+1:]
}

// maxCompared is the longest text that is looked for among the known.
const maxCompared = 128

// nearness is how many characters make one text another, if it is few enough for
// a slip: a third of them, or if one text begins with the other.
func nearness(a, b string) (int, bool) {
	if len(a) > maxCompared || len(b) > maxCompared || a == "" || b == "" {
		return 0, false
	}
	distance := typo.Edits(a, b)
	begins := len(a) >= 3 && len(b) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
	return distance, begins || distance*3 <= max(len(a), len(b), 3)
}
