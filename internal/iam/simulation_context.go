package iam

import (
	"strings"

	"github.com/daypass/daypass/internal/policy"
)

// readEntries reads the condition keys of a simulation's input. A value that is
// none of its type is refused: it would match nothing, and the answer would look
// like one about the policies.
func readEntries(entries ContextEntryListType) (policy.Context, error) {
	facts := make(policy.Context, len(entries))
	for _, e := range entries {
		key := strings.ToLower(string(e.ContextKeyName))
		switch _, twice := facts[key]; {
		case key == "":
			return nil, badSimulation("A context entry has no ContextKeyName.")
		case e.ContextKeyType == "":
			return nil, badSimulation("The context entry %s has no ContextKeyType.", e.ContextKeyName)
		case twice:
			return nil, badSimulation("There is more than one context entry %s.", e.ContextKeyName)
		}
		values, err := e.values()
		if err != nil {
			return nil, err
		}
		facts[key] = values
	}
	return facts, nil
}

// values are the entry's values as a policy is asked about them.
func (e ContextEntry) values() ([]string, error) {
	kind, list := strings.CutSuffix(string(e.ContextKeyType), "List")
	if !list && len(e.ContextKeyValues) > 1 {
		return nil, badSimulation("The context entry %s is not a list and has more than one value.", e.ContextKeyName)
	}
	values := make([]string, 0, len(e.ContextKeyValues))
	for _, text := range e.ContextKeyValues {
		v, err := policy.ValueType(kind).Read(string(text))
		if err != nil {
			return nil, badSimulation("Invalid value of type %s for the context entry %s: %s", kind, e.ContextKeyName, text)
		}
		values = append(values, v)
	}
	return values, nil
}
