package policy

import "strings"

// A Request is what is asked of a document: may Principal do Action on
// Resource, the facts being Context?
type Request struct {
	// Principal is who asks. Only documents of kind Trust look at it.
	Principal Principal
	// Action is service:Name. Case does not matter.
	Action string
	// Resource is an ARN, or * for operations that have no resource. Documents
	// of kind Trust do not look at it.
	Resource string
	// Context holds the values of condition keys.
	Context Context
}

// A Context holds the values that a request has under condition keys. The keys
// are in lower case, as [Context.Set] writes them; an absent key, like a key
// without values, is one that the request does not have.
//
// Values are text: true and false, decimal numbers, ISO 8601 dates or epoch
// seconds, IP addresses, ARNs. The value of a binary key is its bytes.
type Context map[string][]string

// Set gives a key its values, replacing those it had. It keeps the slice.
func (c Context) Set(key string, values ...string) {
	c[strings.ToLower(key)] = values
}

// A Principal is who a request comes from. The zero value is an anonymous
// caller: nobody has signed and no provider has vouched.
type Principal struct {
	// ARNs are all the names that the caller answers to: a user's ARN, or, for
	// a session, its own ARN and that of its role.
	ARNs []string
	// Account is the 12 digits of the caller's account.
	Account string
	// Federated is the provider that vouches for the caller, for calls made
	// with its token or assertion: a built-in provider's name, such as
	// cognito-identity.amazonaws.com, or the ARN of a provider in IAM.
	Federated string
}
