package policy

import (
	"fmt"
	"slices"
	"strconv"
)

// Kind says what a document is for, and with it which elements it must have
// and which sentences complain about it. All kinds but Trust say what somebody
// may do, and differ only in what IAM accepts when they are written.
type Kind uint8

const (
	// Identity documents say what their owner may do: the inline policies of
	// users and roles.
	Identity Kind = iota
	// Managed documents stand by themselves, to be attached or to be a boundary.
	// They must have version 2012-10-17.
	Managed
	// Session documents limit one session. Their ARNs must be complete.
	Session
	// Trust documents say who may assume the role that they belong to.
	Trust
)

// String names the kind for logs.
func (k Kind) String() string {
	switch k {
	case Managed:
		return "managed policy"
	case Session:
		return "session policy"
	case Trust:
		return "trust policy"
	}
	return "identity policy"
}

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// A Document is a policy document that [Parse] has accepted. It does not
// change, and may be used by several goroutines.
type Document struct {
	kind       Kind
	text       string
	stored     bool // read by ParseStored
	version    string
	size       int
	statements []statement
	names      []Statement // of statements, by index
	principals []NamedPrincipal
}

// A Statement names one statement of a document.
type Statement struct {
	// Document is the one the statement stands in.
	Document *Document
	// Index counts the document's statements from 0.
	Index int
	// Sid is the statement's identifier, often empty.
	Sid string
}

// String is how people count statements, from 1, with the identifier if there
// is one.
func (s Statement) String() string {
	if s.Sid == "" {
		return "statement " + strconv.Itoa(s.Index+1)
	}
	return fmt.Sprintf("statement %d (%q)", s.Index+1, s.Sid)
}

// ConditionKeys are the keys of the statement's conditions, in lower case.
func (s Statement) ConditionKeys() []string {
	var keys []string
	for _, c := range s.Document.statements[s.Index].conditions {
		keys = append(keys, c.key)
	}
	return keys
}

// statement is a compiled statement.
type statement struct {
	sid         string
	deny        bool
	actions     []actionPattern
	notAction   bool
	resources   []resourcePattern // of all kinds but Trust
	notResource bool
	principals  principals // of kind Trust
	conditions  []condition
}

// Kind is what the document was parsed as.
func (d *Document) Kind() Kind { return d.kind }

// Text is the document as it was given to [Parse], byte for byte.
func (d *Document) Text() string { return d.text }

// Version is that of the policy language, 2008-10-17 where the document has
// none.
func (d *Document) Version() string { return d.version }

// Size is the length in characters that IAM's quotas are about: white space
// outside of strings does not count.
func (d *Document) Size() int { return d.size }

// Principals are all the principals that a document of kind Trust names, in
// its order. Parse has checked their syntax; whether they exist is for those to
// say who know the accounts (see [NamedPrincipal.Invalid]).
func (d *Document) Principals() []NamedPrincipal { return slices.Clone(d.principals) }
