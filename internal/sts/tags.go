package sts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

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

func byKey(a, b Tag) int { return strings.Compare(a.Key, b.Key) }

// tagsOf reads the session tags of a token, by key. A claim that it cannot read
// is an error: tags are never dropped silently.
func tagsOf(claims login.Claims) ([]Tag, error) {
	var nested struct {
		PrincipalTags     map[string][]string `json:"principal_tags"`
		TransitiveTagKeys []string            `json:"transitive_tag_keys"`
	}
	if has(claims, tagsClaim) {
		if err := json.Unmarshal(claims[tagsClaim], &nested); err != nil {
			return nil, tagsClaimMalformed()
		}
	}
	var tags []Tag
	for key, values := range nested.PrincipalTags {
		if len(values) != 1 {
			return nil, tagsClaimMalformed()
		}
		tags = append(tags, Tag{Key: key, Value: values[0]})
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

func flatTagsOf(claims login.Claims) ([]Tag, error) {
	var tags []Tag
	for name := range claims {
		key, ok := strings.CutPrefix(name, flatTagPrefix)
		if !ok || !has(claims, name) {
			continue
		}
		value, ok := claims.Text(name)
		if !ok {
			return nil, tagsClaimMalformed()
		}
		tags = append(tags, Tag{Key: key, Value: value})
	}
	return tags, nil
}

func markTransitive(tags []Tag, keys []string) error {
	for _, key := range keys {
		i := slices.IndexFunc(tags, func(t Tag) bool { return strings.EqualFold(t.Key, key) })
		if i < 0 {
			return badTags("The specified transitive tag key must be included in the requested tags.")
		}
		tags[i].Transitive = true
	}
	return nil
}

// checkTags holds session tags to the rules. Values come from claims, which may
// have characters that tags given by administrators cannot have; policies take
// them literally.
func checkTags(tags []Tag) error {
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
	if !usableSourceIdentity(s) {
		return "", badSourceIdentity()
	}
	return s, nil
}

// usableSourceIdentity holds a source identity to the API's sourceIdentityType.
func usableSourceIdentity(s string) bool {
	other := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_+=,.@-", r))
	}
	return 2 <= len(s) && len(s) <= 64 && !strings.ContainsFunc(s, other)
}

// has says whether a claim is there; null counts as absent.
func has(claims login.Claims, name string) bool {
	v, ok := claims[name]
	return ok && v.Kind() != 'n'
}
