package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/arn"
)

// The types of principal that an element Principal may name.
const (
	PrincipalAWS           = "AWS"
	PrincipalFederated     = "Federated"
	PrincipalService       = "Service"
	PrincipalCanonicalUser = "CanonicalUser"
)

// The sentences about principals in documents of kind Trust.
const (
	msgInvalidPrincipal = `Invalid principal in policy: "%s":"%s"`
	msgFederated        = "Federated principals must be valid domain names or SAML metadata ARNs"
)

// cognitoProvider is the Federated principal of every identity pool.
const cognitoProvider = "cognito-identity.amazonaws.com"

// A NamedPrincipal is a principal that a document of kind Trust names.
type NamedPrincipal struct {
	// Type is AWS, Federated, Service or CanonicalUser.
	Type string
	// Value is as in the document; a bare * counts as type AWS.
	Value string
}

// Invalid is the error for a principal that does not exist, which only those
// know who know the account. cause is for the log.
func (p NamedPrincipal) Invalid(cause error) *Error {
	typ := p.Type
	if typ == PrincipalService {
		typ = "SERVICE" // as IAM writes it here
	}
	return &Error{Message: fmt.Sprintf(msgInvalidPrincipal, typ, p.Value), Err: fmt.Errorf("principal %q: %w", p.Value, cause)}
}

// principals is a compiled element Principal.
type principals struct {
	everybody bool     // *
	narrowed  bool     // a condition compares aws:PrincipalArn
	arns      []string // of users and sessions
	roles     []string // ARNs
	accounts  []string
	federated []string
}

// Naming is how closely a trust policy means a caller ("Policy evaluation logic"
// and "AWS JSON policy elements: Principal" in the IAM User Guide). A later one
// counts where several statements allow.
type Naming uint8

const (
	// NotNamed says that the policy is about others.
	NotNamed Naming = iota
	// ByAccount names the caller's account: the caller's own policies must allow
	// the action as well.
	ByAccount
	// ByRole names the role of the caller's session, or everybody: what the
	// caller's boundary and session policies do not allow stays out.
	ByRole
	// ByName names the user or the session itself, everybody with a condition on
	// aws:PrincipalArn, or the provider that vouches for the caller: the boundary
	// does not limit that.
	ByName
)

// match reports whether the statement is about the caller. Service and
// CanonicalUser are nobody who calls here.
//
// Whether * reaches federated callers AWS does not say. A token of some
// provider is no reason to trust its bearer, so an Allow has to name the
// provider; a Deny of everybody spares nobody.
func (p *principals) match(caller *Principal, deny bool) Naming {
	if caller.Federated != "" {
		if slices.Contains(p.federated, caller.Federated) || deny && p.everybody {
			return ByName
		}
		return NotNamed
	}
	isCaller := func(name string) bool { return slices.Contains(caller.ARNs, name) }
	switch {
	case p.everybody && p.narrowed, slices.ContainsFunc(p.arns, isCaller):
		return ByName
	case p.everybody, slices.ContainsFunc(p.roles, isCaller):
		return ByRole
	case caller.Account != "" && slices.Contains(p.accounts, caller.Account):
		return ByAccount
	}
	return NotNamed
}

// isNarrowed reports whether some condition says which principals are meant.
func isNarrowed(conditions []condition) bool {
	return slices.ContainsFunc(conditions, func(c condition) bool {
		return c.key == "aws:principalarn" && !c.negated && !c.null
	})
}

// add compiles one principal, checking its syntax.
func (p *principals) add(named NamedPrincipal) error {
	switch named.Type {
	case PrincipalAWS:
		return p.addAWS(named)
	case PrincipalFederated:
		if !isProvider(named.Value) {
			return malformed(msgFederated, "provider %q", named.Value)
		}
		p.federated = append(p.federated, named.Value)
	case PrincipalService:
		if !isDomainName(named.Value) {
			return named.Invalid(errors.New("not a service's name"))
		}
	case PrincipalCanonicalUser:
		if !isCanonicalID(named.Value) {
			return named.Invalid(errors.New("not a canonical user ID"))
		}
	default:
		return named.Invalid(errors.New("unknown type of principal"))
	}
	return nil
}

func (p *principals) addAWS(named NamedPrincipal) error {
	switch {
	case named.Value == "*":
		p.everybody = true
		return nil
	case isAccount(named.Value):
		p.accounts = append(p.accounts, named.Value)
		return nil
	}
	name, err := arn.Parse(named.Value)
	if err != nil {
		return named.Invalid(err)
	}
	if err := checkPrincipalARN(name); err != nil {
		return named.Invalid(err)
	}
	if name.Resource == "root" {
		p.accounts = append(p.accounts, name.Account)
		return nil
	}
	if strings.HasPrefix(name.Resource, "role/") {
		p.roles = append(p.roles, named.Value)
		return nil
	}
	p.arns = append(p.arns, named.Value)
	return nil
}

var errNotPrincipal = errors.New("not the ARN of a principal")

// checkPrincipalARN accepts the ARNs that a caller can have.
func checkPrincipalARN(name arn.ARN) error {
	kind, rest, _ := strings.Cut(name.Resource, "/")
	switch {
	case isAccountResource(name, "iam") && name.Resource == "root",
		isAccountResource(name, "iam") && (kind == "user" || kind == "role") && rest != "",
		isAccountResource(name, "sts") && (kind == "assumed-role" || kind == "federated-user") && rest != "":
		return nil
	}
	return errNotPrincipal
}

// isProvider accepts the name of a built-in provider and the ARN of one in IAM.
func isProvider(value string) bool {
	if isDomainName(value) {
		return true
	}
	name, err := arn.Parse(value)
	if err != nil || !isAccountResource(name, "iam") {
		return false
	}
	kind, rest, _ := strings.Cut(name.Resource, "/")
	return (kind == "oidc-provider" || kind == "saml-provider") && rest != ""
}

// isAccountResource accepts ARNs of what one account has in a global service.
// Wildcards do not work in parts of a principal, so they are refused rather
// than compared as text, and so is what no name in IAM has: such a principal
// could only be meant to look like another.
func isAccountResource(name arn.ARN, service string) bool {
	return name.Service == service && name.Region == "" && isAccount(name.Account) &&
		slices.Contains(partitions, name.Partition) && !strings.ContainsFunc(name.Resource, notInName)
}

// notInName leaves the characters of paths and names in IAM (pathType,
// roleNameType), which are ASCII, without the wildcards.
func notInName(r rune) bool { return r <= ' ' || r > '~' || r == '*' || r == '?' }

// isAccount accepts the 12 digits of an account ID.
func isAccount(s string) bool { return len(s) == 12 && isDigits(s) }

// isCanonicalID accepts 64 hexadecimal digits.
func isCanonicalID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// isDomainName accepts host names of at least two labels (RFC 1123, 2.1).
func isDomainName(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return r == '.' || notVendor(r) }) {
			return false
		}
	}
	return true
}
