package policy

import (
	"errors"
	"fmt"
	"slices"
)

// maxStatements is far more than the quotas leave room for.
const maxStatements = 1000

// Parse reads and compiles a document that is about to be stored or used for the
// first time. Every error is an [*Error] with the sentence of the kind.
func Parse(kind Kind, text string) (*Document, error) { return parse(kind, text, false) }

// ParseStored reads a document that an earlier version may have accepted. What
// Parse refuses since then is no reason to fail here, where an error would take
// its owner's rights away: in a statement that allows, such a part matches
// nothing, and in one that denies it matches what it always did.
func ParseStored(kind Kind, text string) (*Document, error) { return parse(kind, text, true) }

func parse(kind Kind, text string, stored bool) (*Document, error) {
	d := &Document{kind: kind, text: text, stored: stored}
	var err error
	if kind == Trust {
		err = d.parseTrust()
	} else {
		err = d.parseIdentity()
	}
	if err != nil {
		return nil, err
	}
	d.size = sizeWithoutSpace(text)
	d.names = make([]Statement, len(d.statements))
	for i := range d.statements {
		d.names[i] = Statement{Document: d, Index: i, Sid: d.statements[i].sid}
	}
	return d, nil
}

// A rawDocument has the elements of a document, of which only the shape has
// been checked.
type rawDocument struct {
	version    *node
	statements []node
}

// A rawStatement has the elements of a statement, of which only the shape has
// been checked. A nil list is an absent element.
type rawStatement struct {
	sid          string
	effect       string
	hasEffect    bool
	principal    *node
	notPrincipal *node
	action       []string
	notAction    []string
	resource     []string
	notResource  []string
	operators    []string // of Condition, also those without keys
	conditions   []rawCondition
}

// A rawCondition is one key under one operator.
type rawCondition struct {
	operator string
	key      string
	values   []string
}

// statementsAsWritten reads the statements of a parsed document again, which keeps
// only what was made of them.
func (d *Document) statementsAsWritten() []rawStatement {
	root, err := readJSON(d.text)
	if err != nil {
		return nil // Parse has read it
	}
	doc, err := readDocument(root)
	if err != nil {
		return nil
	}
	raw, err := readStatements(doc.statements)
	if err != nil {
		return nil
	}
	return raw
}

// readDocument sorts the members of a document.
func readDocument(root node) (rawDocument, error) {
	var raw rawDocument
	if !root.isObject() {
		return raw, fmt.Errorf("document is %v, not an object", root.kind)
	}
	for i := range root.members {
		value := &root.members[i].value
		switch name := root.members[i].name; name {
		case "Version":
			raw.version = value
		case "Id":
			if !value.isString() {
				return raw, fmt.Errorf("Id is %v, not a string", value.kind)
			}
		case "Statement":
			switch {
			case value.isObject():
				raw.statements = []node{*value}
			case value.isArray():
				raw.statements = value.items
			default:
				return raw, fmt.Errorf("Statement is %v", value.kind)
			}
		default:
			return raw, fmt.Errorf("unknown element %q", name)
		}
	}
	if len(raw.statements) > maxStatements {
		return raw, fmt.Errorf("more than %d statements", maxStatements)
	}
	return raw, nil
}

// readStatements sorts the members of each statement.
func readStatements(nodes []node) ([]rawStatement, error) {
	raw := make([]rawStatement, len(nodes))
	for i := range nodes {
		if err := raw[i].read(&nodes[i]); err != nil {
			return nil, statementError(i, err)
		}
	}
	return raw, nil
}

func (raw *rawStatement) read(n *node) error {
	if !n.isObject() {
		return fmt.Errorf("%v, not an object", n.kind)
	}
	for i := range n.members {
		if err := raw.readElement(n.members[i].name, &n.members[i].value); err != nil {
			return fmt.Errorf("%s: %w", n.members[i].name, err)
		}
	}
	if raw.action != nil && raw.notAction != nil {
		return errors.New("both Action and NotAction")
	}
	return nil
}

func (raw *rawStatement) readElement(name string, value *node) (err error) {
	switch name {
	case "Sid":
		raw.sid, err = value.stringOnly()
	case "Effect":
		raw.hasEffect = true
		raw.effect, err = value.stringOnly()
	case "Principal":
		raw.principal = value
	case "NotPrincipal":
		raw.notPrincipal = value
	case "Action":
		raw.action, err = value.list((*node).isString)
	case "NotAction":
		raw.notAction, err = value.list((*node).isString)
	case "Resource":
		raw.resource, err = value.list((*node).isString)
	case "NotResource":
		raw.notResource, err = value.list((*node).isString)
	case "Condition":
		err = raw.readConditions(value)
	default:
		err = errors.New("unknown element")
	}
	return err
}

func (raw *rawStatement) readConditions(n *node) error {
	if !n.isObject() {
		return fmt.Errorf("%v, not an object", n.kind)
	}
	for i := range n.members {
		operator, keys := n.members[i].name, &n.members[i].value
		if !keys.isObject() {
			return fmt.Errorf("%s: %v, not an object", operator, keys.kind)
		}
		raw.operators = append(raw.operators, operator)
		for j := range keys.members {
			key := keys.members[j].name
			if key == "" {
				return fmt.Errorf("%s: empty condition key", operator)
			}
			values, err := keys.members[j].value.list((*node).isScalar)
			if err != nil {
				return fmt.Errorf("%s %q: %w", operator, key, err)
			}
			raw.conditions = append(raw.conditions, rawCondition{operator, key, values})
		}
	}
	return nil
}

// checkSids demands identifiers of letters and digits, and, empty ones apart,
// none twice.
func checkSids(raw []rawStatement, msgRepeated string) error {
	seen := make(map[string]bool, len(raw))
	for i := range raw {
		sid := raw[i].sid
		if slices.ContainsFunc([]byte(sid), notAlphanumeric) {
			return in(i, malformed(msgSidCharacters, "Sid %q", sid))
		}
	}
	for i := range raw {
		sid := raw[i].sid
		if seen[sid] {
			return in(i, malformed(msgRepeated, "Sid %q again", sid))
		}
		seen[sid] = sid != ""
	}
	return nil
}

// msgSidCharacters is said of both kinds.
const msgSidCharacters = "Statement IDs (SID) must be alpha-numeric. " +
	"Check that your input satisfies the regular expression [0-9A-Za-z]*"

func notAlphanumeric(c byte) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
}

// compile does what the kinds have in common: effect, actions and conditions.
func (raw *rawStatement) compile(variables bool) (statement, error) {
	conditions, err := newConditions(raw.conditions, variables)
	if err != nil {
		return statement{}, err
	}
	return statement{
		sid:        raw.sid,
		deny:       raw.effect == "Deny",
		actions:    newActionPatterns(slices.Concat(raw.action, raw.notAction)),
		notAction:  raw.notAction != nil,
		conditions: conditions,
	}, nil
}
