package policy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/policy"
)

// TestParseSpoiled spoils good documents in one or two places. What Parse
// accepts all the same must have the structure of the grammar, and mean the same
// to the reference evaluator.
func TestParseSpoiled(t *testing.T) {
	quietly(t)
	rapid.Check(t, func(t *rapid.T) {
		d := drawer{T: t}
		kind := rapid.SampledFrom([]policy.Kind{policy.Identity, policy.Trust}).Draw(t, "kind")
		var root any
		must(json.Unmarshal([]byte(d.document(kind)), &root))
		for range rapid.IntRange(1, 2).Draw(t, "mistakes") {
			root = d.spoil(root)
		}
		text, err := json.Marshal(root, json.Deterministic(true))
		must(err)
		doc, err := policy.Parse(kind, string(text))
		if err != nil {
			return
		}
		if err := naiveStructure(kind, string(text)); err != nil {
			t.Fatalf("%s is accepted: %v", text, err)
		}
		req := d.request().request()
		if got, want := doc.Evaluate(req).Effect, naiveEvaluate(string(text), kind, req).effect(); got != want {
			t.Fatalf("%s\non %+v: %v, the reference says %v", text, *req, got, want)
		}
	})
}

// spoil makes one mistake somewhere in a value.
func (d drawer) spoil(v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 || d.chance(12) {
			break
		}
		name := d.of(names...)
		switch value := v[name]; {
		case d.chance(10):
			delete(v, name)
		case d.chance(10):
			delete(v, name)
			v[d.spoilText(name)] = value
		case d.chance(15):
			v[d.of("Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Sid", "Id", "Condition", "Version")] = value
		default:
			v[name] = d.spoil(value)
		}
		return v
	case []any:
		if len(v) == 0 || d.chance(12) {
			break
		}
		i := rapid.IntRange(0, len(v)-1).Draw(d.T, "item")
		v[i] = d.spoil(v[i])
		return v
	case string:
		if !d.chance(4) {
			return d.spoilText(v)
		}
	}
	return rapid.SampledFrom([]any{nil, true, false, 1.0, -0.5, "", "*", "x", []any{}, []any{"*", nil}, []any{[]any{}}, map[string]any{}, map[string]any{"AWS": "*"}}).Draw(d.T, "other")
}

// spoilText changes a text a little.
func (d drawer) spoilText(s string) string {
	places := []int{0}
	for i := range s {
		places = append(places, i)
	}
	at := rapid.SampledFrom(places).Draw(d.T, "at")
	switch d.of("insert", "cut", "case", "twice") {
	case "insert":
		return s[:at] + d.of(" ", "\x00", "\u202e", "\uff21", "\u0301", ":", "*", "?", "${", "}", "$", "'", ",", "/", "0", "ſ", "K", "\u2028", "\n") + s[at:]
	case "cut":
		return s[:at]
	case "case":
		return s[:at] + strings.ToUpper(s[at:])
	}
	return s[at:] + s
}
