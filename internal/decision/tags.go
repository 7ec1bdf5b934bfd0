package decision

import (
	"fmt"
	"strings"
)

// LoginTags is what the claims of one login become: session tags, by the principal
// tag map of its provider. The values are nowhere in it.
type LoginTags struct {
	// Login is the key in Logins.
	Login string
	// Map is the name of the provider's principal tag map; empty if it has none.
	Map string `json:",omitempty"`
	// Tags are the tags of the map, by key.
	Tags []Tag `json:",omitempty"`
}

// Tag is what became of one tag of a map.
type Tag struct {
	// Key is that of the tag, and Claim is where its value comes from.
	Key, Claim string
	// Outcome says whether it was set, or why not.
	Outcome TagOutcome
	// Values is how many values the claim has, where it does not have one.
	Values int `json:",omitzero"`
	// Spelled is a claim that differs from the map's in case only, where the map's
	// is absent.
	Spelled string `json:",omitempty"`
}

// TagOutcome says what became of a tag.
type TagOutcome string

const (
	// TagSet says that the session has the tag.
	TagSet TagOutcome = "set"
	// TagOverridden says that the session has this tag from another login.
	TagOverridden TagOutcome = "overridden"
	// TagClaimAbsent says that the token does not have the claim.
	TagClaimAbsent TagOutcome = "absent"
	// TagSkipped says that the claim has no value that could be a tag, or several.
	TagSkipped TagOutcome = "skipped"
)

// TagsText is how the tags of logins came about as one line.
func TagsText(logins []LoginTags) string {
	var steps []string
	for _, l := range logins {
		if l.Map == "" {
			steps = append(steps, "login "+l.Login+": no tag map")
			continue
		}
		steps = append(steps, "login "+l.Login+": tag map "+l.Map)
		for _, t := range l.Tags {
			steps = append(steps, t.line())
		}
	}
	return cut(strings.Join(steps, "; "), maxText)
}

func (t Tag) line() string {
	line := fmt.Sprintf("%q from %q", t.Key, t.Claim)
	switch {
	case t.Outcome == TagOverridden:
		return line + ": overridden, another login's counts"
	case t.Outcome == TagSkipped:
		return fmt.Sprintf("%s: skipped, %d values", line, t.Values)
	case t.Outcome == TagClaimAbsent && t.Spelled != "":
		return fmt.Sprintf("%s: absent, there is %q", line, cut(t.Spelled, maxSeenText))
	case t.Outcome == TagClaimAbsent:
		return line + ": absent"
	}
	return line
}
