package openid

import "strings"

// Login is a login that a token was made for, as its amr claim has it.
type Login struct {
	// Provider is the login provider, as Logins calls it.
	Provider string
	// Subject is who it is at the provider.
	Subject string
	// Developer says that the provider is the pool's developer provider. A public
	// provider may have, or have had, the same name.
	Developer bool
}

// Logins reads the amr claim of a token of an identity pool, which is the
// audience: after "authenticated" each login has two entries, the provider's
// name and the qualified subject. The latter are
//
//	<user pool>:CognitoSignIn:<sub>
//	<ARN of the OpenID Connect provider>:OIDC:<sub>
//	<ARN of the SAML provider>:SAML:<NameID>
//	<developer provider>:<identity pool>:<developer user identifier>
//	<public provider>:<app id>:<user id>
//
// What has none of these forms is no login of ours, and skipped.
func Logins(audience string, amr []string) []Login {
	var logins []Login
	for n := 1; n+1 < len(amr); n += 2 {
		if l, ok := readLogin(amr[n], amr[n+1], audience); ok {
			logins = append(logins, l)
		}
	}
	return logins
}

// readLogin reads the two entries of a login. A subject may look like the end of
// any of these forms, so it is what remains when all before it has been read.
func readLogin(provider, qualified, audience string) (Login, bool) {
	l := Login{Provider: provider}
	rest, ok := strings.CutPrefix(qualified, provider+":")
	switch {
	case ok && strings.HasPrefix(rest, audience+":"): // a pool's ID has a colon
		l.Subject, l.Developer = rest[len(audience)+1:], true
	case ok:
		_, l.Subject, ok = strings.Cut(rest, ":")
	case strings.HasPrefix(qualified, "arn:"):
		_, l.Subject, ok = strings.Cut(qualified, ":oidc-provider/"+provider+":OIDC:")
	}
	return l, ok
}
