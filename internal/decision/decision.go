// Package decision holds what was decided about a request and why, as plain data:
// which role a user has and how it was found ([Role]), which claims became session
// tags ([LoginTags]), what a role's trust policy said ([Trust]), what the caller's
// policies said ([Policies]) and what a target did ([Target]). The functions that
// decide return it, for a yes as for a no. The log line is rendered from it, and so
// is whatever else explains a decision.
//
// Its JSON is stable: members and values are added, and neither changed nor taken
// away. It holds no token and no secret. Of the claims of users it has those that
// mapping rules look at, the first few values, cut; of what became a tag it has
// the names alone.
package decision

import (
	"fmt"
	"unicode/utf8"
)

// Decision is what was decided about one request. A part that was not asked for
// is absent.
type Decision struct {
	// Role is how the role of an identity was found.
	Role *Role `json:",omitempty"`
	// Tags are the logins whose claims become session tags.
	Tags []LoginTags `json:",omitempty"`
	// Trust is what the trust policy of the role said, once for each action that it
	// must allow, in the order in which they were asked. After a no there are no more.
	Trust []*Trust `json:",omitempty"`
	// Policies is what the caller's policies said of each action that they were
	// asked about.
	Policies []*Policies `json:",omitempty"`
	// Target is what became of the wish for a target's credentials.
	Target *Target `json:",omitempty"`
}

// Outcome is the answer to a question.
type Outcome string

const (
	// Allow says yes.
	Allow Outcome = "allow"
	// Deny says that something denies it explicitly.
	Deny Outcome = "deny"
	// Refuse says that nothing allows it.
	Refuse Outcome = "refuse"
)

// Why is a part of a decision as the error behind a refusal. It becomes text where
// somebody reads it.
type Why struct{ fmt.Stringer }

func (w Why) Error() string { return w.String() }

// cut bounds a text, between two characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}
