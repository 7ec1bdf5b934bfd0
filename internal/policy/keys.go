package policy

import (
	"slices"
	"strings"
)

// Keys are the condition keys that the document mentions, in conditions and in
// variables: what a request must have for the document to mean all it can.
// They are spelled as where they first appear, in the order of the statements,
// none twice, whatever its case.
func (d *Document) Keys() []string {
	var keys keyList
	raw := d.statementsAsWritten()
	for i := range raw {
		keys.addStatement(&raw[i], d.version == version2012)
	}
	return keys.names
}

// keyList gathers keys.
type keyList struct {
	names []string
	seen  map[string]bool // by name in lower case
}

func (l *keyList) add(name string) {
	lower := strings.ToLower(name)
	if l.seen[lower] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[lower] = true
	l.names = append(l.names, name)
}

func (l *keyList) addStatement(raw *rawStatement, variables bool) {
	if variables {
		l.addVariables(slices.Concat(raw.resource, raw.notResource))
	}
	for _, c := range raw.conditions {
		l.add(c.key)
		if variables {
			l.addVariables(c.values)
		}
	}
}

// addVariables adds the variables in patterns. What cannot have variables, such
// as a number, has none: Parse would have refused it.
func (l *keyList) addVariables(patterns []string) {
	for _, pattern := range patterns {
		pieces, err := readPieces(pattern, syntax{variables: true})
		if err != nil {
			continue
		}
		for _, p := range pieces {
			if p.kind == hole {
				l.add(p.variable.name)
			}
		}
	}
}
