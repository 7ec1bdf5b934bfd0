package policy

import (
	"errors"
	"fmt"
	"strings"
)

// The sentences about documents of all kinds but Trust. Those about actions and
// resources stand with their checks.
const (
	msgSyntax      = "Syntax errors in policy."
	msgVersion     = "Policy document must be version 2012-10-17 or greater."
	msgLegacy      = "The policy failed legacy parsing"
	msgSidRepeated = "Statement IDs (SID) in a single policy must be unique."
	msgNoActions   = "Policy statement must contain actions."
	msgNoResources = "Policy statement must contain resources."
	msgPrincipal   = "Policy document should not specify a principal."
)

// parseIdentity checks in the order in which IAM does, so that a document with
// several faults is told of the same one: every check looks at all statements
// before the next check begins.
func (d *Document) parseIdentity() error {
	root, err := readJSON(d.text)
	if err != nil {
		return &Error{Message: msgSyntax, Err: err}
	}
	raw, err := readIdentity(root)
	if err != nil {
		return &Error{Message: msgSyntax, Err: err}
	}
	if d.kind == Managed && raw.version != version2012 {
		return malformed(msgVersion, "%s", raw.whichVersion())
	}
	d.version = raw.version
	if err := d.compileIdentity(raw.statements); err != nil {
		return &Error{Message: msgLegacy, Err: err}
	}
	resourceErr, err := d.compileResources(raw.statements)
	if err != nil {
		return &Error{Message: msgLegacy, Err: err}
	}
	if err := checkSids(raw.statements, msgSidRepeated); err != nil {
		return err
	}
	if err := checkActionsPresent(raw.statements); err != nil {
		return err
	}
	if resourceErr != nil {
		return resourceErr
	}
	return checkIdentityRest(raw.statements)
}

// An identityDocument has the right elements with values of the right type.
type identityDocument struct {
	version    string // 2008-10-17 if absent
	absent     bool   // the document has no Version
	statements []rawStatement
}

// whichVersion says what the document has for a version.
func (d *identityDocument) whichVersion() string {
	if d.absent {
		return "no Version, which means " + version2008
	}
	return fmt.Sprintf("version %q", d.version)
}

func readIdentity(root node) (identityDocument, error) {
	var doc identityDocument
	raw, err := readDocument(root)
	if err != nil {
		return doc, err
	}
	doc.version, doc.absent = version2008, raw.version == nil
	if raw.version != nil {
		if !raw.version.isString() || raw.version.text != version2008 && raw.version.text != version2012 {
			return doc, fmt.Errorf("version %.50q, which is neither %s nor %s", raw.version.text, version2012, version2008)
		}
		doc.version = raw.version.text
	}
	if len(raw.statements) == 0 {
		return doc, errors.New("no statement")
	}
	if doc.statements, err = readStatements(raw.statements); err != nil {
		return doc, err
	}
	for i := range doc.statements {
		if err := doc.statements[i].checkIdentitySyntax(); err != nil {
			return doc, statementError(i, err)
		}
	}
	return doc, nil
}

func (raw *rawStatement) checkIdentitySyntax() error {
	if effect := strings.ToLower(raw.effect); effect != "allow" && effect != "deny" {
		return errors.New("Effect is neither Allow nor Deny")
	}
	if raw.resource != nil && raw.notResource != nil {
		return errors.New("both Resource and NotResource")
	}
	for _, name := range raw.operators {
		if _, err := readOperator(name); err != nil {
			return err
		}
	}
	return nil
}

// compileIdentity compiles all but the resources. What it refuses is what the
// syntax does not show: the case of Effect, the values of conditions, an
// action without a name.
func (d *Document) compileIdentity(raw []rawStatement) error {
	d.statements = make([]statement, len(raw))
	for i := range raw {
		if raw[i].effect != "Allow" && raw[i].effect != "Deny" {
			return statementError(i, errors.New("Effect in the wrong case"))
		}
		for _, list := range [][]string{raw[i].action, raw[i].notAction} {
			for _, action := range list {
				if strings.HasSuffix(action, ":") && strings.Count(action, ":") == 1 {
					return statementError(i, errors.New("action without a name"))
				}
			}
		}
		var err error
		if d.statements[i], err = raw[i].compile(d.version == version2012); err != nil {
			return statementError(i, err)
		}
	}
	return nil
}

// compileResources compiles the resources. Of the faults that a resource may
// have, only a short ARN is told at once (err); the first of the others
// (fault) waits for two more checks.
func (d *Document) compileResources(raw []rawStatement) (fault error, err error) {
	for i := range raw {
		list := raw[i].resource
		if raw[i].notResource != nil {
			list, d.statements[i].notResource = raw[i].notResource, true
		}
		if fault == nil {
			fault = in(i, firstFault(list, d.resourceFault))
		}
		if fault != nil {
			continue
		}
		for _, resource := range list {
			if isShortARN(resource, d.kind) {
				return nil, statementError(i, fmt.Errorf("resource %.200q: %w", resource, errShortARN))
			}
			if d.statements[i].ignores(resource) {
				continue
			}
			pattern, err := newResourcePattern(complete(resource), d.version == version2012)
			if err != nil && fault == nil {
				fault = in(i, err)
			}
			d.statements[i].resources = append(d.statements[i].resources, pattern)
		}
	}
	return fault, nil
}

// ignores reports a resource of another partition in a statement that allows, which
// only a stored document can have. As an exception it stays: without it the
// statement would allow more.
func (s *statement) ignores(resource string) bool {
	return !s.deny && !s.notResource && isForeign(partitionOf(resource))
}

// checkIdentityRest makes the last checks: the form of actions, that there are
// resources, and that there are no principals.
func checkIdentityRest(raw []rawStatement) error {
	for i := range raw {
		for _, list := range [][]string{raw[i].action, raw[i].notAction} {
			if fault := firstFault(list, actionFault); fault != nil {
				return in(i, fault)
			}
		}
	}
	for i := range raw {
		if len(raw[i].resource)+len(raw[i].notResource) == 0 {
			return in(i, malformed(msgNoResources, "no Resource"))
		}
	}
	for i := range raw {
		if raw[i].principal != nil || raw[i].notPrincipal != nil {
			return in(i, malformed(msgPrincipal, "Principal or NotPrincipal"))
		}
	}
	return nil
}

func checkActionsPresent(raw []rawStatement) error {
	for i := range raw {
		if len(raw[i].action)+len(raw[i].notAction) == 0 {
			return in(i, malformed(msgNoActions, "no Action"))
		}
	}
	return nil
}

func firstFault(list []string, fault func(string) error) error {
	for _, s := range list {
		if err := fault(s); err != nil {
			return err
		}
	}
	return nil
}
