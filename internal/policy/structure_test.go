package policy_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/policy"
)

// naiveStructure reads a document by "Grammar of the IAM JSON policy language"
// and the element reference, with the types written out: what Parse accepts
// must pass, though more passes than Parse accepts.
func naiveStructure(kind policy.Kind, text string) error {
	var root map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&root); err != nil {
		return err
	}
	for name := range root {
		if !slices.Contains([]string{"Version", "Id", "Statement"}, name) {
			return fmt.Errorf("element %q", name)
		}
	}
	version, there := root["Version"]
	if version != "2012-10-17" && (kind == policy.Managed || version != "2008-10-17" && there) {
		return fmt.Errorf("version %v", version)
	}
	statements, isList := root["Statement"].([]any)
	if !isList {
		statements = []any{root["Statement"]}
	}
	if len(statements) == 0 {
		return fmt.Errorf("no statements")
	}
	var sids []string
	for i, statement := range statements {
		s, ok := statement.(map[string]any)
		if !ok {
			return fmt.Errorf("statement %d is %T", i, statement)
		}
		if err := naiveStatementStructure(kind, s); err != nil {
			return fmt.Errorf("statement %d: %w", i, err)
		}
		if sid, ok := s["Sid"].(string); ok && sid != "" {
			if slices.Contains(sids, sid) {
				return fmt.Errorf("statement %d: Sid %q again", i, sid)
			}
			sids = append(sids, sid)
		}
	}
	return nil
}

var (
	naiveSid       = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	naiveActionRE  = regexp.MustCompile(`^(\*|\*:\*|[A-Za-z0-9.-]+:[^:]+)$`)
	naiveTrustRE   = regexp.MustCompile(`^(?i:sts):[^:]+$`)
	naiveARNRE     = regexp.MustCompile(`(?s)^(\*|arn:(aws|\*):[^:*?]+:[^:]*:[^:]*:.*)$`)
	naiveShortRE   = regexp.MustCompile(`(?s)^arn:(aws|\*):[^:*?]+(:[^:]+){0,2}$`)
	naiveOperators = regexp.MustCompile(`^(Null|(ForAllValues:|ForAnyValue:)?(` +
		`String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|` +
		`Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?)$`)
)

func naiveStatementStructure(kind policy.Kind, s map[string]any) error {
	known := []string{"Sid", "Effect", "Action", "NotAction", "Condition", "Resource", "NotResource"}
	if kind == policy.Trust {
		known = []string{"Sid", "Effect", "Action", "NotAction", "Condition", "Principal"}
	}
	for name := range s {
		if !slices.Contains(known, name) {
			return fmt.Errorf("element %q", name)
		}
	}
	if sid, there := s["Sid"]; there {
		if text, ok := sid.(string); !ok || !naiveSid.MatchString(text) {
			return fmt.Errorf("Sid %v", sid)
		}
	}
	if s["Effect"] != "Allow" && s["Effect"] != "Deny" {
		return fmt.Errorf("Effect %v", s["Effect"])
	}
	action := naiveActionRE
	if kind == policy.Trust {
		action = naiveTrustRE
	}
	if err := naiveOneOf(s, "Action", action); err != nil {
		return err
	}
	if kind != policy.Trust {
		arns := naiveARNRE
		if kind != policy.Session {
			arns = regexp.MustCompile(naiveARNRE.String() + "|" + naiveShortRE.String())
		}
		if err := naiveOneOf(s, "Resource", arns); err != nil {
			return err
		}
	} else if principal := s["Principal"]; principal != "*" {
		types, ok := principal.(map[string]any)
		if !ok || len(types) == 0 {
			return fmt.Errorf("Principal %v", principal)
		}
		for name, values := range types {
			if !slices.Contains([]string{"AWS", "Federated", "Service", "CanonicalUser"}, name) {
				return fmt.Errorf("principal of type %q", name)
			}
			if err := naiveStrings(values, regexp.MustCompile(`^[!-~]+$`)); err != nil {
				return err
			}
		}
	}
	return naiveConditionStructure(s)
}

// naiveOneOf wants either the element or its Not form, with values.
func naiveOneOf(s map[string]any, name string, pattern *regexp.Regexp) error {
	values, there := s[name]
	notValues, notThere := s["Not"+name]
	if there == notThere {
		return fmt.Errorf("%s: %v, Not%s: %v", name, there, name, notThere)
	}
	if notThere {
		values = notValues
	}
	return naiveStrings(values, pattern)
}

func naiveStrings(values any, pattern *regexp.Regexp) error {
	if text, ok := values.(string); ok {
		values = []any{text}
	}
	items, ok := values.([]any)
	if !ok || len(items) == 0 {
		return fmt.Errorf("%v is neither a string nor a list of strings", values)
	}
	for _, item := range items {
		if text, ok := item.(string); !ok || !pattern.MatchString(text) {
			return fmt.Errorf("%q does not match %v", item, pattern)
		}
	}
	return nil
}

func naiveConditionStructure(s map[string]any) error {
	condition, there := s["Condition"]
	if !there {
		return nil
	}
	operators, ok := condition.(map[string]any)
	if !ok {
		return fmt.Errorf("Condition %v", condition)
	}
	for operator, block := range operators {
		keys, ok := block.(map[string]any)
		if !ok || !naiveOperators.MatchString(operator) {
			return fmt.Errorf("operator %q: %v", operator, block)
		}
		for key, values := range keys {
			items, isList := values.([]any)
			if !isList {
				items = []any{values}
			}
			for _, item := range items {
				switch item.(type) {
				case string, bool, json.Number:
				default:
					return fmt.Errorf("%s %s: %v", operator, key, item)
				}
			}
			if key == "" {
				return fmt.Errorf("%s: empty key", operator)
			}
		}
	}
	return nil
}
