package decision

import (
	"fmt"
	"time"
)

// Target is what became of a wish for the credentials of a target.
type Target struct {
	Outcome Outcome
	// Cause says why there are none (docs/causes.md); empty for a yes.
	Cause string `json:",omitempty"`
	// Target is its name, and Way how daypass proved to it who asks; empty if there
	// is no such target.
	Target string
	Way    string `json:",omitempty"`
	// Role is the ARN of the role there; empty where the target needs none.
	Role string `json:",omitempty"`
	// Seconds is how long the credentials were to last.
	Seconds int
}

// String is the wish as one line.
func (t *Target) String() string {
	line := "target " + t.Target
	if t.Way != "" {
		line += " by " + t.Way
	}
	if t.Role != "" {
		line += ", role " + cut(t.Role, maxARN)
	}
	line += fmt.Sprintf(", for %s", time.Duration(t.Seconds)*time.Second)
	if t.Outcome != Allow {
		line += ": " + t.Cause
	}
	return line
}
