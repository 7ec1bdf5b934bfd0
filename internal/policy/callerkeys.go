package policy

import "strings"

// callerKeys are condition keys about the one who asks, and callerPrefixes those
// of which there are many ("AWS global condition context keys" in the IAM User
// Guide, properties of the principal and of its session).
var (
	callerKeys = map[string]bool{
		"aws:userid": true, "aws:username": true, "aws:tokenissuetime": true, "aws:assumedroot": true,
		"aws:federatedprovider": true, "aws:sourceidentity": true, "aws:chatbotsourcearn": true,
	}
	callerPrefixes = []string{"aws:principal", "aws:multifactorauth", "aws:ec2instancesource", "saml:", "sts:"}
)

// IsCallerKey says whether a condition key is about the caller and the caller's
// session, and not about one request: its values stay the same for as long as the
// session lasts, and nobody but the one who knows the session may say what they
// are. The keys of an OpenID provider, URL:sub, are among them.
func IsCallerKey(key string) bool {
	key = strings.ToLower(key)
	if callerKeys[key] {
		return true
	}
	for _, prefix := range callerPrefixes {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	// The names of services have neither dots nor slashes, those of providers do.
	namespace, _, ok := strings.Cut(key, ":")
	return ok && strings.ContainsAny(namespace, "./")
}
