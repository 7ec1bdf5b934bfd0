package saml

import (
	"slices"
	"strings"
)

// RoleAttribute is the Name of the attribute that lists the roles that somebody
// may have ("Configure SAML assertions for the authentication response" in the
// IAM User Guide).
const RoleAttribute = "https://aws.amazon.com/SAML/Attributes/Role"

// RolePair is a role with the SAML provider by which it is to be had, both ARNs.
type RolePair struct{ Role, Provider string }

// Roles reads [RoleAttribute]: the ARN of a role and that of a SAML provider, in
// either order, with a comma in between and perhaps white space. Values that are
// something else are left out, and so is what was listed before. Whether the
// provider is the one that the response is of is for the caller to see.
func (a *Assertion) Roles() []RolePair {
	var list []RolePair
	for _, value := range a.Attributes[RoleAttribute] {
		if p, ok := readPair(value); ok && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

func readPair(value string) (RolePair, bool) {
	one, other, ok := strings.Cut(value, ",")
	one, other = strings.TrimSpace(one), strings.TrimSpace(other)
	switch {
	case !ok:
		return RolePair{}, false
	case isARN(one, "role/") && isARN(other, "saml-provider/"):
		return RolePair{one, other}, true
	case isARN(one, "saml-provider/") && isARN(other, "role/"):
		return RolePair{other, one}, true
	}
	return RolePair{}, false
}

// isARN says whether the text is an ARN of IAM of a kind of resource.
func isARN(s, kind string) bool {
	parts := strings.SplitN(s, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[3] == "" &&
		len(parts[5]) > len(kind) && strings.HasPrefix(parts[5], kind) && !strings.ContainsAny(s, ", \t\r\n")
}
