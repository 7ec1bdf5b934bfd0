package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The sentences about documents of kind Trust. Those about principals stand
// with their checks.
const (
	msgTrustJSON         = "This policy contains invalid Json"
	msgTrustSyntax       = "Syntax error in policy."
	msgTrustVersion      = "The policy must contain a valid version string"
	msgTrustEmpty        = "Could not parse the policy: Statement is empty!"
	msgTrustSidRepeated  = "The Statement Ids in the policy are not unique"
	msgMissingField      = "Missing required field %s"
	msgPrincipalEmpty    = "Missing required field Principal cannot be empty!"
	msgEffect            = "Invalid effect: %s"
	msgPrincipalObject   = "Principal must be a JSON object."
	msgAllowNotPrincipal = "Allow with NotPrincipal is not allowed."
	msgNotPrincipal      = "AssumeRole policy must not contain NotPrincipal field."
	msgTrustAction       = "AssumeRole policy may only specify STS AssumeRole actions."
	msgTrustResource     = "Has prohibited field Resource"
	msgTrustNotResource  = "AssumeRole policy must not contain resources."
	msgOperator          = "Invalid Condition type : %s"
	msgCognitoCondition  = "A condition block must be present for the Cognito provider"
)

// trustActions are the actions that a trust policy can be about.
var trustActions = []string{
	"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
	"sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext",
}

func (d *Document) parseTrust() error {
	root, err := readJSON(d.text)
	if err != nil {
		return &Error{Message: msgTrustJSON, Err: err}
	}
	doc, err := readDocument(root)
	if err != nil {
		return &Error{Message: msgTrustSyntax, Err: err}
	}
	d.version = version2008
	if v := doc.version; v != nil {
		if !v.isString() || v.text != version2008 && v.text != version2012 {
			return malformed(msgTrustVersion, "version %q", v.text)
		}
		d.version = v.text
	}
	if len(doc.statements) == 0 {
		return malformed(msgTrustEmpty, "no statement")
	}
	raw, err := readStatements(doc.statements)
	if err != nil {
		return &Error{Message: msgTrustSyntax, Err: err}
	}
	if err := checkSids(raw, msgTrustSidRepeated); err != nil {
		return err
	}
	d.statements = make([]statement, len(raw))
	for i := range raw {
		if err := d.compileTrust(i, &raw[i]); err != nil {
			return in(i, err)
		}
	}
	return nil
}

// compileTrust checks and compiles one statement: elements that are missing or
// do not belong, then the values of those that do.
func (d *Document) compileTrust(i int, raw *rawStatement) error {
	if err := raw.checkTrustElements(); err != nil {
		return err
	}
	if err := raw.checkTrustActions(); err != nil {
		return err
	}
	if raw.resource != nil {
		return malformed(msgTrustResource, "Resource")
	}
	if raw.notResource != nil {
		return malformed(msgTrustNotResource, "NotResource")
	}
	names, err := raw.trustPrincipals()
	if err != nil {
		return err
	}
	for _, name := range raw.operators {
		if _, err := readOperator(name); err != nil {
			return &Error{Message: fmt.Sprintf(msgOperator, name), Err: err}
		}
	}
	s, compileErr := raw.compile(d.version == version2012)
	if compileErr != nil {
		return &Error{Message: msgTrustSyntax, Err: compileErr}
	}
	for _, name := range names {
		if err := s.principals.add(name); err != nil {
			return err
		}
	}
	s.principals.narrowed = isNarrowed(s.conditions)
	if err := raw.checkProviderConditions(s.principals.federated, d.stored); err != nil {
		return err
	}
	d.principals = append(d.principals, names...)
	d.statements[i] = s
	return nil
}

func (raw *rawStatement) checkTrustElements() error {
	switch {
	case !raw.hasEffect:
		return malformed(fmt.Sprintf(msgMissingField, "Effect"), "no Effect")
	case raw.effect != "Allow" && raw.effect != "Deny":
		return malformed(fmt.Sprintf(msgEffect, raw.effect), "Effect is %q, neither Allow nor Deny", raw.effect)
	case raw.notPrincipal != nil && raw.effect == "Allow":
		return malformed(msgAllowNotPrincipal, "NotPrincipal")
	case raw.notPrincipal != nil:
		return malformed(msgNotPrincipal, "NotPrincipal")
	case raw.principal == nil:
		return malformed(fmt.Sprintf(msgMissingField, "Principal"), "no Principal")
	case len(raw.action)+len(raw.notAction) == 0:
		return malformed(fmt.Sprintf(msgMissingField, "Action"), "no Action")
	}
	return nil
}

// checkTrustActions refuses actions that match none of those that a trust
// policy can be about, * included.
func (raw *rawStatement) checkTrustActions() error {
	for _, list := range [][]string{raw.action, raw.notAction} {
		for _, action := range list {
			if !isTrustAction(action) {
				return malformed(msgTrustAction, "action %q", action)
			}
		}
	}
	return nil
}

func isTrustAction(action string) bool {
	if !strings.HasPrefix(lowerASCII(action), "sts:") {
		return false
	}
	pattern := newActionPattern(action)
	return slices.ContainsFunc(trustActions, func(name string) bool {
		return pattern.match(&requestedAction{name: name})
	})
}

// trustPrincipals reads the element Principal: * or lists under types.
func (raw *rawStatement) trustPrincipals() ([]NamedPrincipal, error) {
	n := raw.principal
	if n.isString() && n.text == "*" {
		return []NamedPrincipal{{PrincipalAWS, "*"}}, nil
	}
	if !n.isObject() {
		return nil, malformed(msgPrincipalObject, "Principal is %v", n.kind)
	}
	var names []NamedPrincipal
	for i := range n.members {
		values, err := n.members[i].value.list((*node).isString)
		if err != nil {
			return nil, &Error{Message: msgTrustSyntax, Err: err}
		}
		if len(values) == 0 {
			return nil, &Error{Message: msgPrincipalEmpty, Err: errors.New("empty list")}
		}
		for _, value := range values {
			names = append(names, NamedPrincipal{n.members[i].name, value})
		}
	}
	if len(names) == 0 {
		return nil, malformed(msgPrincipalEmpty, "no principal in Principal")
	}
	return names, nil
}

// checkProviderConditions refuses to let in everybody who has a token of a
// provider that serves many owners.
func (raw *rawStatement) checkProviderConditions(federated []string, stored bool) error {
	if raw.effect != "Allow" {
		return nil
	}
	for _, provider := range federated {
		if provider == cognitoProvider && len(raw.conditions) == 0 {
			return malformed(msgCognitoCondition, "no Condition for %s", provider)
		}
		if stored {
			continue
		}
		if err := raw.checkSharedProvider(provider); err != nil {
			return err
		}
	}
	return nil
}
