package cognito

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
)

// PrincipalTagMap says which claims of a provider's tokens become the session
// tags of its users.
type PrincipalTagMap struct {
	UseDefaults   bool          `json:",omitempty"`
	PrincipalTags PrincipalTags `json:",omitempty"`
}

// maxTagAttributes bounds the claim names of a map together, in bytes.
const maxTagAttributes = 460

// defaultTags are the default mappings of providers whose users have OpenID
// claims.
var defaultTags = PrincipalTags{"client": "aud", "username": "sub"}

// amazonDefaultTags are those of Login with Amazon.
var amazonDefaultTags = PrincipalTags{"client": "aud", "username": "user_id"}

// samlDefaultTags are those of SAML providers.
var samlDefaultTags = PrincipalTags{"username": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"}

// checkTagAttributes says whether a map is small enough, and its keys can be
// those of session tags.
func checkTagAttributes(tags PrincipalTags) *awsapi.Error {
	size := 0
	for _, claim := range tags {
		size += len(claim)
	}
	if size > maxTagAttributes {
		return exception(invalidParameter, "The attribute names of a map can have at most %d bytes together.", maxTagAttributes).Because(causeTagAttributes, nil)
	}
	return checkPrincipalTagKeys(tags)
}

// checkPrincipalTags says whether tags that a caller gives can be session tags.
func checkPrincipalTags(tags PrincipalTags) *awsapi.Error {
	for _, value := range tags {
		if !tagCharacters.MatchString(string(value)) {
			return badTagCharacters()
		}
	}
	return checkPrincipalTagKeys(tags)
}

// checkPrincipalTagKeys says whether keys can be those of the tags of one
// session, where they count ignoring case.
func checkPrincipalTagKeys(tags PrincipalTags) *awsapi.Error {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if err := checkTagKey(string(key)); err != nil {
			return err
		}
	}
	return checkTagKeysDiffer(maps.Keys(tags))
}

// takesTagsFrom says whether a name is one by which a principal tag map can
// refer to a provider of the pool: the name of its logins, with or without a
// user pool's client, or an ARN.
func (p *Pool) takesTagsFrom(name IdentityProviderName) bool {
	return slices.Contains(p.mappingNames(), string(name)) || slices.Contains(p.providerNames(), string(name))
}

// tagAttributeMap shows the map of a provider as it was set. The default
// mappings are not shown in the place of none: Terraform, which sets UseDefaults
// alone, would want to take them away again.
func (p *Pool) tagAttributeMap(name IdentityProviderName) *PrincipalTagAttributeMap {
	m := p.PrincipalTagMaps[name]
	out := &PrincipalTagAttributeMap{IdentityPoolId: p.IdentityPoolId, IdentityProviderName: name, UseDefaults: m.UseDefaults, PrincipalTags: m.PrincipalTags}
	if out.PrincipalTags == nil {
		out.PrincipalTags = PrincipalTags{}
	}
	return out
}

// tags are the mappings that count.
func (m PrincipalTagMap) tags(name string) PrincipalTags {
	switch {
	case m.UseDefaults && strings.Contains(name, ":saml-provider/"):
		return samlDefaultTags
	case m.UseDefaults && name == login.AmazonName:
		return amazonDefaultTags
	case m.UseDefaults:
		return defaultTags
	}
	return m.PrincipalTags
}

// sessionTags makes the tags of a session from the claims of its logins. Where
// two logins give the same tag, that of the login which decided the role counts
// (-1 if none did), else the first.
func (p *Pool) sessionTags(proofs []proof, decided int) map[string]string {
	tags := map[string]string{}
	spelled := map[string]string{} // keys count ignoring case
	for n, f := range proofs {
		for key, value := range p.tagsOf(f) {
			lower := strings.ToLower(key)
			was, taken := spelled[lower]
			if taken && n != decided {
				continue
			}
			delete(tags, was)
			spelled[lower], tags[key] = key, value
		}
	}
	return tags
}

// tagsOf makes the tags that one login gives. Claims that are absent, or have
// several values, give none.
func (p *Pool) tagsOf(f proof) map[string]string {
	_, mappings := p.tagMappings(f)
	tags := make(map[string]string, len(mappings))
	for key, claim := range mappings {
		if values := claimTexts(f.claims[string(claim)]); len(values) == 1 {
			tags[string(key)] = values[0]
		}
	}
	return tags
}

// tagMappings are the mappings that count for a login, and the name of the map
// that they are from; none if its provider has no map.
func (p *Pool) tagMappings(f proof) (string, PrincipalTags) {
	for _, name := range []string{f.source, f.name} {
		if m, ok := p.PrincipalTagMaps[IdentityProviderName(name)]; ok {
			return name, m.tags(f.source)
		}
	}
	return "", nil
}

// tagQuestion is what principal tags were asked of. As a value of a log it says
// which claims became tags and which did not, and shows none of them.
type tagQuestion struct {
	pool   *Pool
	proofs []proof
}

// LogValue implements slog.LogValuer.
func (q *tagQuestion) LogValue() slog.Value {
	var steps []string
	for _, f := range q.proofs {
		name, mappings := q.pool.tagMappings(f)
		if name == "" {
			steps = append(steps, "login "+f.name+": no tag map")
			continue
		}
		steps = append(steps, "login "+f.name+": tag map "+name)
		for _, key := range slices.Sorted(maps.Keys(mappings)) {
			steps = append(steps, tagStep(f, string(key), string(mappings[key])))
		}
	}
	return slog.StringValue(cut(strings.Join(steps, "; "), maxTraceText))
}

func tagStep(f proof, key, claim string) string {
	step := fmt.Sprintf("%q from %q", key, claim)
	_, there := f.claims[claim]
	values, other := claimTexts(f.claims[claim]), otherSpelling(f.claims, claim)
	switch {
	case len(values) == 1:
		return step
	case there:
		return fmt.Sprintf("%s: skipped, %d values", step, len(values))
	case other != "":
		return fmt.Sprintf("%s: absent, there is %q", step, cut(other, maxSeenText))
	}
	return step + ": absent"
}

// claimTexts reads a claim as text: a string as it is, true and false, a number
// as it was written, an array's elements one by one. Objects and null count as
// absent.
func claimTexts(v jsontext.Value) []string {
	switch v.Kind() {
	case '"':
		var s string
		if json.Unmarshal(v, &s) != nil {
			return nil
		}
		return []string{s}
	case '0', 't', 'f':
		return []string{string(v)}
	case '[':
		var items []jsontext.Value
		if json.Unmarshal(v, &items) != nil {
			return nil
		}
		var texts []string
		for _, item := range items {
			if item.Kind() != '[' {
				texts = append(texts, claimTexts(item)...)
			}
		}
		return texts
	}
	return nil
}
