package policy

import (
	"fmt"
	"strings"
)

// The sentences about actions in documents of all kinds but Trust.
const (
	msgActionVendor   = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	msgActionOneColon = "Actions/Condition can contain only one colon."
	msgVendor         = "Vendor %s is not valid"
)

// An actionPattern is a compiled Action, service:Name with wildcards in the
// name. Actions compare without regard to ASCII case.
type actionPattern struct {
	glob  glob // in lower case
	every bool // the action is * or *:*
}

func newActionPattern(action string) actionPattern {
	if isEveryAction(action) {
		return actionPattern{every: true}
	}
	// Without variables readPieces cannot fail.
	pieces, _ := readPieces(lowerASCII(action), syntax{wildcards: true})
	return actionPattern{glob: newGlob(pieces)}
}

func newActionPatterns(actions []string) []actionPattern {
	patterns := make([]actionPattern, len(actions))
	for i, a := range actions {
		patterns[i] = newActionPattern(a)
	}
	return patterns
}

// A requestedAction is the action of a request, lower-cased when the first
// wildcard asks for it: an exact action compares without a copy.
type requestedAction struct {
	name  string
	lower string
}

func (p *actionPattern) match(a *requestedAction) bool {
	if p.every {
		return true
	}
	if p.glob.plain {
		return equalFoldASCII(p.glob.text, a.name)
	}
	if a.lower == "" {
		a.lower = lowerASCII(a.name)
	}
	return p.glob.match(a.lower, nil)
}

// isEveryAction accepts the two ways to say it.
func isEveryAction(action string) bool { return action == "*" || action == "*:*" }

// actionFault is the sentence for an action that is neither service:Name nor every
// one.
func actionFault(action string) error {
	if isEveryAction(action) {
		return nil
	}
	vendor, name, ok := strings.Cut(action, ":")
	switch {
	case !ok:
		return malformed(msgActionVendor, "action %q", action)
	case strings.Contains(name, ":"):
		return malformed(msgActionOneColon, "action %q", action)
	case vendor == "" || strings.IndexFunc(vendor, notVendor) >= 0:
		return malformed(fmt.Sprintf(msgVendor, vendor), "action %q", action)
	}
	return nil
}

// notVendor leaves no room for wildcards: a service is named, or every action is
// meant.
func notVendor(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// equalFoldASCII compares s with lower, which is in lower case already.
// strings.EqualFold would take the Kelvin sign for a k.
func equalFoldASCII(lower, s string) bool {
	if len(lower) != len(s) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
