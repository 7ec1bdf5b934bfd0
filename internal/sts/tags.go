package sts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
)

// The claims that carry session tags and a source identity ("Pass session tags
// in AWS STS" and "Monitor and control actions taken with assumed roles" in the
// IAM User Guide). Tags may also be one claim each, below the name of the first.
const (
	tagsClaim           = "https://aws.amazon.com/tags"
	flatTagPrefix       = tagsClaim + "/principal_tags/"
	flatTransitiveClaim = tagsClaim + "/transitive_tag_keys"
	sourceIdentityClaim = "https://aws.amazon.com/source_identity"
)

const (
	maxTags     = 50
	maxTagKey   = 128 // characters
	maxTagValue = 256 // characters
)

func byKey(a, b SessionTag) int { return strings.Compare(a.Key, b.Key) }

// tagsOf reads the session tags of a token, by key. A claim that it cannot read
// is an error: tags are never dropped silently.
func tagsOf(claims login.Claims) ([]SessionTag, error) {
	var nested struct {
		PrincipalTags     map[string][]string `json:"principal_tags"`
		TransitiveTagKeys []string            `json:"transitive_tag_keys"`
	}
	if has(claims, tagsClaim) {
		if err := json.Unmarshal(claims[tagsClaim], &nested); err != nil {
			return nil, tagsClaimMalformed()
		}
	}
	var tags []SessionTag
	for key, values := range nested.PrincipalTags {
		if len(values) != 1 {
			return nil, tagsClaimMalformed()
		}
		tags = append(tags, SessionTag{Key: key, Value: values[0]})
	}
	flat, err := flatTagsOf(claims)
	if err != nil {
		return nil, err
	}
	tags = append(tags, flat...)
	transitive := nested.TransitiveTagKeys
	if has(claims, flatTransitiveClaim) {
		keys, ok := claims.Texts(flatTransitiveClaim)
		if !ok {
			return nil, tagsClaimMalformed()
		}
		transitive = append(transitive, keys...)
	}
	slices.SortFunc(tags, byKey)
	return tags, markTransitive(tags, transitive)
}

func flatTagsOf(claims login.Claims) ([]SessionTag, error) {
	var tags []SessionTag
	for name := range claims {
		key, ok := strings.CutPrefix(name, flatTagPrefix)
		if !ok || !has(claims, name) {
			continue
		}
		value, ok := claims.Text(name)
		if !ok {
			return nil, tagsClaimMalformed()
		}
		tags = append(tags, SessionTag{Key: key, Value: value})
	}
	return tags, nil
}

func markTransitive(tags []SessionTag, keys []string) error {
	for _, key := range keys {
		i := slices.IndexFunc(tags, func(t SessionTag) bool { return strings.EqualFold(t.Key, key) })
		if i < 0 {
			return transitiveTagUnknown(key)
		}
		tags[i].Transitive = true
	}
	return nil
}

// chosenTags are the tags of a session that a caller with tags of their own
// makes: those chosen, and the caller's transitive ones, which stay.
func chosenTags(c awsapi.Caller, chosen TagListType, transitive TagKeyListType) ([]SessionTag, error) {
	tags := make([]SessionTag, 0, len(chosen))
	for _, t := range chosen {
		tags = append(tags, SessionTag{Key: string(t.Key), Value: string(t.Value)})
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	for _, inherited := range inheritedTags(c) {
		same := func(key string) bool { return strings.EqualFold(key, inherited.Key) }
		if slices.ContainsFunc(tags, func(t SessionTag) bool { return same(t.Key) }) ||
			slices.ContainsFunc(transitive, func(k TagKeyType) bool { return same(string(k)) }) {
			return nil, transitiveTagFixed(inherited.Key)
		}
	}
	keys := make([]string, 0, len(transitive))
	for _, k := range transitive {
		keys = append(keys, string(k))
	}
	if err := markTransitive(tags, keys); err != nil {
		return nil, err
	}
	tags = append(tags, inheritedTags(c)...)
	slices.SortFunc(tags, byKey)
	return tags, checkTags(tags)
}

// inheritedTags are the tags that stay when the caller's session assumes
// another role.
func inheritedTags(c awsapi.Caller) []SessionTag {
	if c.Session == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Session.Tags), func(t SessionTag) bool { return !t.Transitive })
}

// checkTags holds session tags to the rules. Values may come from claims, which may
// have characters that tags given by administrators cannot have; policies take
// them literally.
func checkTags(tags []SessionTag) error {
	if len(tags) > maxTags {
		return badTags("A session can have at most %d tags.", maxTags)
	}
	seen := make(map[string]bool, len(tags))
	for _, t := range tags {
		key := strings.ToLower(t.Key)
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey || utf8.RuneCountInString(t.Value) > maxTagValue:
			return badTag(t, "The key of a session tag must have 1 to %d characters and its value at most %d.", maxTagKey, maxTagValue)
		case !printable(t.Key) || !printable(t.Value):
			return badTag(t, "Session tags must consist of printable characters.")
		case strings.HasPrefix(key, "aws:"):
			return badTag(t, "aws: prefixed tag key names are not allowed for external use.")
		case seen[key]:
			return badTag(t, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	return nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// sourceIdentityOf reads the source identity of a token; empty if it has none.
func sourceIdentityOf(claims login.Claims) (string, error) {
	if !has(claims, sourceIdentityClaim) {
		return "", nil
	}
	s, _ := claims.Text(sourceIdentityClaim)
	if !usableName(s) {
		return "", badSourceIdentity()
	}
	return s, nil
}

// usableName holds a source identity or the name of a session to the API's
// sourceIdentityType and roleSessionNameType, which are the same.
func usableName(s string) bool {
	return 2 <= len(s) && len(s) <= 64 && !strings.ContainsFunc(s, notInName)
}

func notInName(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_+=,.@-", r))
}

// has says whether a claim is there; null counts as absent.
func has(claims login.Claims, name string) bool {
	v, ok := claims[name]
	return ok && v.Kind() != 'n'
}
