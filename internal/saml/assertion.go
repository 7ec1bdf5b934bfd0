package saml

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Assertion is what a verified response says.
type Assertion struct {
	// ID is the Assertion's own ID.
	ID string
	// NameID says who signed in, to the character but for white space around it.
	NameID string
	// Format is the kind of NameID; "" where the response does not say.
	Format string
	// Issuer is the entity ID of the identity provider.
	Issuer string
	// Audience is the accepted audience, the one that the response names first.
	Audience string
	// Recipient is what the response was to be handed to, one of the accepted.
	Recipient string
	// Attributes are the values of the attributes by their Name. Values that are
	// structures are left out, but for a single NameID, which counts as its text.
	Attributes map[string][]string
	// IssueInstant is when the Assertion was issued.
	IssueInstant time.Time
	// NotOnOrAfter is when the Assertion expires: the earliest of its limits.
	NotOnOrAfter time.Time
	// SessionNotOnOrAfter is when sessions that begin with it must end; zero where
	// the response does not say.
	SessionNotOnOrAfter time.Time
}

// statement is an Assertion with what is only checked.
type statement struct {
	*Assertion
	element   *element
	notBefore time.Time  // the latest; zero if there is none
	audiences [][]string // one list for each AudienceRestriction
}

// readAssertion reads a verified Assertion.
func readAssertion(e *element) (*statement, error) {
	s := &statement{Assertion: &Assertion{Attributes: map[string][]string{}}, element: e}
	if version, _ := e.attribute("Version"); version != "2.0" {
		return nil, refusef(AssertionMalformed, "Version")
	}
	var ok bool
	if s.ID, ok = e.attribute("ID"); !ok || s.ID == "" {
		return nil, refusef(AssertionMalformed, "ID")
	}
	for _, read := range [...]func(*statement) error{(*statement).readTimes, (*statement).readSubject, (*statement).readConditions, (*statement).readStatements} {
		if err := read(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *statement) readTimes() error {
	issued, found, err := timeOf(s.element, "IssueInstant")
	if err == nil && !found {
		err = refusef(AssertionMalformed, "IssueInstant")
	}
	s.IssueInstant = issued
	return err
}

// timeOf reads an attribute that is a time: xs:dateTime with a time zone.
func timeOf(e *element, local string) (t time.Time, found bool, err error) {
	value, found := e.attribute(local)
	if !found {
		return time.Time{}, false, nil
	}
	t, err = time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, true, refusef(AssertionMalformed, "%s of %s", local, e.local)
	}
	return t.UTC(), true, nil
}

// window reads NotBefore and NotOnOrAfter. Of several windows the Assertion is
// good in what they have in common.
func (s *statement) window(e *element) error {
	before, found, err := timeOf(e, "NotBefore")
	if err != nil {
		return err
	}
	if found && before.After(s.notBefore) {
		s.notBefore = before
	}
	return sooner(&s.NotOnOrAfter, e, "NotOnOrAfter")
}

// sooner reads an attribute that is an end, and brings an end forward to it. The
// zero time, which some programs write for none, would be no end here, and is
// none that can be meant.
func sooner(end *time.Time, e *element, local string) error {
	t, found, err := timeOf(e, local)
	switch {
	case err != nil || !found:
		return err
	case t.IsZero():
		return refusef(AssertionMalformed, "%s of %s", local, e.local)
	case end.IsZero() || t.Before(*end):
		*end = t
	}
	return nil
}

func (s *statement) readSubject() error {
	subject, err := s.element.only(assertionSpace, "Subject")
	if err != nil {
		return &Error{Cause: AssertionMalformed, Err: err}
	}
	id, err := subject.only(assertionSpace, "NameID")
	if err != nil {
		return &Error{Cause: NameIDMissing, Err: err}
	}
	// Documents that are laid out in lines have white space around it, which is
	// nobody's name: with it and without it is one person.
	s.NameID, err = id.token()
	switch {
	case err != nil:
		return &Error{Cause: AssertionMalformed, Err: err}
	case s.NameID == "":
		return refuse(NameIDMissing)
	case strings.TrimSpace(s.NameID) != s.NameID:
		// What is white space to others and not to XML could be part of a name.
		return refusef(AssertionMalformed, "white space of another kind than XML's around the NameID")
	}
	s.Format, _ = id.attribute("Format")
	return s.readConfirmation(subject)
}

func (s *statement) readConfirmation(subject *element) error {
	const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	confirmation, err := subject.only(assertionSpace, "SubjectConfirmation")
	if err != nil {
		return &Error{Cause: ConfirmationRefused, Err: err}
	}
	if method, _ := confirmation.attribute("Method"); method != bearer {
		return refusef(ConfirmationRefused, "method %.100q", method)
	}
	data, err := confirmation.only(assertionSpace, "SubjectConfirmationData")
	if err != nil {
		return &Error{Cause: ConfirmationRefused, Err: err}
	}
	recipient, ok := data.attribute("Recipient")
	if !ok {
		return refusef(ConfirmationRefused, "no Recipient")
	}
	if _, ok := data.attribute("NotOnOrAfter"); !ok {
		return refusef(ConfirmationRefused, "no NotOnOrAfter")
	}
	s.Recipient = recipient
	return s.window(data)
}

// readConditions reads the Conditions. That an Assertion be used only once is no
// condition here (see the package's comment), and neither is what others may be
// told on its strength.
func (s *statement) readConditions() error {
	conditions, err := s.element.only(assertionSpace, "Conditions")
	if err != nil {
		return &Error{Cause: AssertionMalformed, Err: err}
	}
	for c := range conditions.elements() {
		switch {
		case c.is(assertionSpace, "AudienceRestriction"):
			if err := s.readAudiences(c); err != nil {
				return err
			}
		case c.is(assertionSpace, "OneTimeUse"), c.is(assertionSpace, "ProxyRestriction"):
		default:
			return refusef(ConditionUnknown, "%.100q", c.local)
		}
	}
	return s.window(conditions)
}

func (s *statement) readAudiences(restriction *element) error {
	var list []string
	for a := range restriction.named(assertionSpace, "Audience") {
		text, err := a.token()
		if err != nil {
			return &Error{Cause: AssertionMalformed, Err: err}
		}
		list = append(list, text)
	}
	s.audiences = append(s.audiences, list)
	return nil
}

func (s *statement) readStatements() error {
	for authn := range s.element.named(assertionSpace, "AuthnStatement") {
		if err := sooner(&s.SessionNotOnOrAfter, authn, "SessionNotOnOrAfter"); err != nil {
			return err
		}
	}
	for attributes := range s.element.named(assertionSpace, "AttributeStatement") {
		for a := range attributes.named(assertionSpace, "Attribute") {
			if err := s.readAttribute(a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *statement) readAttribute(a *element) error {
	key, ok := a.attribute("Name")
	if !ok || key == "" {
		return refusef(AssertionMalformed, "an Attribute without a Name")
	}
	for v := range a.named(assertionSpace, "AttributeValue") {
		// Some attributes, such as eduPersonTargetedID, are NameIDs.
		if parts, count := v.firstThree(); count == 1 && parts[0].is(assertionSpace, "NameID") {
			v = parts[0]
		}
		if text, err := v.content(); err == nil {
			s.Attributes[key] = append(s.Attributes[key], text)
		}
	}
	return nil
}

// check holds the Assertion against the metadata and the rules.
func (s *statement) check(m *Metadata, rules Rules) error {
	if err := checkIssuer(s.element, m); err != nil {
		return err
	}
	s.Issuer = m.EntityID
	if rules.Recipient == nil || !rules.Recipient(s.Recipient) {
		return refusef(RecipientMismatch, "%.200q", s.Recipient)
	}
	if err := s.checkAudience(rules.Audiences); err != nil {
		return err
	}
	return s.checkTime(rules.Now, rules.Skew)
}

func (s *statement) checkAudience(accepted []string) error {
	if len(s.audiences) == 0 {
		return refusef(AudienceMismatch, "no AudienceRestriction")
	}
	for _, list := range s.audiences {
		i := slices.IndexFunc(list, func(a string) bool { return slices.Contains(accepted, a) })
		if i < 0 {
			return refusef(AudienceMismatch, "%.200q", list)
		}
		if s.Audience == "" {
			s.Audience = list[i]
		}
	}
	return nil
}

func (s *statement) checkTime(now time.Time, skew time.Duration) error {
	late := now.Add(skew)
	switch {
	case s.IssueInstant.After(late):
		return refusef(NotYetValid, "%s, issued %s", stamp(now), stamp(s.IssueInstant))
	case s.notBefore.After(late):
		return refusef(NotYetValid, "%s, not before %s", stamp(now), stamp(s.notBefore))
	case !now.Before(s.NotOnOrAfter):
		return s.expired("%s, not on or after %s", now, s.NotOnOrAfter)
	case !s.SessionNotOnOrAfter.IsZero() && !now.Before(s.SessionNotOnOrAfter):
		return s.expired("%s, session not on or after %s", now, s.SessionNotOnOrAfter)
	}
	return nil
}

func (s *statement) expired(format string, now, end time.Time) error {
	return &Error{Cause: Expired, Err: fmt.Errorf(format, stamp(now), stamp(end)), Issued: s.IssueInstant, End: end}
}
