package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Language counts the changes of what documents mean. A store that notes which
// language its documents were last looked through in knows when to ask for
// [Document.Changes] again.
const Language = 2

// Changes are the parts of a document, which an earlier version of daypass
// accepted, that mean something else than they did in language 1, in words for an
// operator. There are none in most documents.
func (d *Document) Changes() (changes []string) {
	raw, empty := d.statementsAsWritten(), d.emptyValues()
	for i := range raw {
		for _, change := range d.statements[i].changes(empty, &raw[i]) {
			changes = append(changes, fmt.Sprintf("%s: %s", d.names[i], change))
		}
	}
	return changes
}

func (s *statement) changes(empty Context, raw *rawStatement) (changes []string) {
	for _, resource := range raw.resource {
		if s.ignores(resource) {
			changes = append(changes, fmt.Sprintf("Resource %s is in another partition and no longer matches anything", resource))
		}
	}
	for i := range s.conditions {
		if change := s.conditions[i].change(empty); change != "" {
			changes = append(changes, fmt.Sprintf("%s %s: %s", raw.conditions[i].operator, raw.conditions[i].key, change))
		}
	}
	return changes
}

// fullDates are the keys whose values are daypass's own, and always whole dates or
// seconds.
var fullDates = []string{"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"}

func (c *condition) change(empty Context) string {
	_, isDate := c.test.(anyOf[date, *date])
	switch {
	case c.empty || c.null:
		return ""
	case c.set == forAny && c.ifExists:
		return "no longer holds where the key is missing"
	case c.set == forAny && (c.passes("", nil) || c.passes("", empty)):
		return "no longer holds where the key has only empty values"
	case isDate && !slices.Contains(fullDates, c.key):
		return "now reads dates without a zone, which matched nothing"
	}
	return ""
}

// emptyValues is a request in which every key that the document mentions has the
// empty string for its value.
func (d *Document) emptyValues() Context {
	empty := Context{}
	for _, key := range d.Keys() {
		empty[strings.ToLower(key)] = []string{""}
	}
	return empty
}

// NamesBeyondBoundary are the callers that a trust policy lets in whatever their
// permissions boundaries leave out, which was otherwise in language 1: the ARNs of
// users and sessions, and everybody whose aws:PrincipalArn a condition compares.
func (d *Document) NamesBeyondBoundary() (arns []string, everybody bool) {
	for i := range d.statements {
		if s := &d.statements[i]; !s.deny {
			arns = append(arns, s.principals.arns...)
			everybody = everybody || s.principals.everybody && s.principals.narrowed
		}
	}
	return arns, everybody
}
