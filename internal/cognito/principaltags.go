package cognito

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/decision"
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
func checkTagAttributes(tags PrincipalTags) error {
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
func checkPrincipalTags(tags PrincipalTags) error {
	for _, value := range tags {
		if !tagCharacters.MatchString(string(value)) {
			return badTagCharacters()
		}
	}
	return checkPrincipalTagKeys(tags)
}

// checkPrincipalTagKeys says whether keys can be those of the tags of one
// session, where they count ignoring case.
func checkPrincipalTagKeys(tags PrincipalTags) error {
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

// sessionTags makes the tags of a session from the claims of its logins, and says
// what became of each. Where two logins give the same tag, that of the login which
// decided the role counts (-1 if none did), else the first.
func (p *Pool) sessionTags(proofs []proof, decided int) (map[string]string, []decision.LoginTags) {
	tags := map[string]string{}
	from := map[string]*decision.Tag{} // keys count ignoring case
	logins := make([]decision.LoginTags, 0, len(proofs))
	for n, f := range proofs {
		l, values := p.tagsOf(f)
		for i := range l.Tags {
			t := &l.Tags[i]
			if t.Outcome != decision.TagSet {
				continue
			}
			was := from[strings.ToLower(t.Key)]
			if was != nil && n != decided {
				t.Outcome = decision.TagOverridden
				continue
			}
			if was != nil {
				was.Outcome = decision.TagOverridden
				delete(tags, was.Key)
			}
			from[strings.ToLower(t.Key)], tags[t.Key] = t, values[i]
		}
		logins = append(logins, l)
	}
	return tags, logins
}

// tagsOf makes the tags that one login gives, with the value of each. Claims that
// are absent, or have several values, give none.
func (p *Pool) tagsOf(f proof) (decision.LoginTags, []string) {
	l := decision.LoginTags{Login: f.name}
	name, mappings := p.tagMappings(f)
	l.Map, l.Tags = name, make([]decision.Tag, 0, len(mappings))
	values := make([]string, 0, len(mappings))
	for _, key := range slices.Sorted(maps.Keys(mappings)) {
		claim := string(mappings[key])
		t, value := decision.Tag{Key: string(key), Claim: claim, Outcome: decision.TagSet}, ""
		_, there := f.claims[claim]
		switch texts := claimTexts(f.claims[claim]); {
		case len(texts) == 1:
			value = texts[0]
		case there:
			t.Outcome, t.Values = decision.TagSkipped, len(texts)
		default:
			t.Outcome, t.Spelled = decision.TagClaimAbsent, otherSpelling(f.claims, claim)
		}
		l.Tags, values = append(l.Tags, t), append(values, value)
	}
	return l, values
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
