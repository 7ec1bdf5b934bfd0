package awsapi

import "time"

// Caller is who makes a request: an explicit argument of every operation. It is
// all that a service has to know to say what the caller may do.
type Caller struct {
	// Account is the caller's account ID; empty for an anonymous caller.
	Account string
	// ARN names the caller, as GetCallerIdentity shows it.
	ARN string
	// UserID is the caller's unique ID, as GetCallerIdentity shows it.
	UserID string
	// Root says that the caller is the account's root.
	Root bool
	// PrincipalARN is the user or the role that the caller's rights come from,
	// with its path. Root has none.
	PrincipalARN string
	// PrincipalID is the unique ID of that user or role: one that was deleted and
	// made again has another.
	PrincipalID string
	// Session is what temporary credentials carry; nil for long-term ones.
	Session *Session
	// AccessKeyID is the key that signed; empty for an anonymous caller.
	AccessKeyID string
	// Request is how the caller's request came.
	Request
}

// Anonymous says that nobody signed the request.
func (c Caller) Anonymous() bool { return c.ARN == "" }

// Session is what temporary credentials say beyond whose they are. It never
// changes.
type Session struct {
	// Name is the name of a role's session; empty for credentials of
	// GetSessionToken, which have the rights of the user or root that asked.
	Name string
	// Issued is when the session began (aws:TokenIssueTime), and Expires when it
	// ends.
	Issued, Expires time.Time
	// Policies are session policies as documents, and PolicyARNs those that are
	// managed policies. Together they limit the session; none at all do not.
	Policies, PolicyARNs []string
	// Tags are the session tags (aws:PrincipalTag).
	Tags []SessionTag
	// SourceIdentity says who is behind the session; empty if nobody said.
	SourceIdentity string
	// Provider is the one whose token the session began with
	// (aws:FederatedProvider); empty for sessions of AssumeRole and
	// GetSessionToken.
	Provider string
	// Keys are those of the provider's condition keys that stay with a session,
	// such as cognito-identity.amazonaws.com:sub.
	Keys map[string][]string
	// Origin is what the package that opened the session knows of it beyond this.
	// It means nothing to others.
	Origin any
}

// SessionTag is a session tag.
type SessionTag struct {
	Key, Value string
	// Transitive says that the tag stays when the session assumes another role.
	Transitive bool
}
