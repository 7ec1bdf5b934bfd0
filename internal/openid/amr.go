package openid

import "strings"

// Login is a login that a token was made for, as its amr claim has it.
type Login struct {
	// Provider is the login provider, as Logins calls it.
	Provider string
	// Subject is who it is at the provider.
	Subject string
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
		if subject, ok := subjectOf(amr[n], amr[n+1], audience); ok {
			logins = append(logins, Login{Provider: amr[n], Subject: subject})
		}
	}
	return logins
}

func subjectOf(provider, qualified, audience string) (string, bool) {
	if rest, ok := strings.CutPrefix(qualified, provider+":"); ok {
		if user, ok := strings.CutPrefix(rest, audience+":"); ok {
			return user, true // a pool's ID has a colon
		}
		_, subject, ok := strings.Cut(rest, ":")
		return subject, ok
	}
	if arn, subject, ok := strings.Cut(qualified, ":OIDC:"); ok && strings.HasSuffix(arn, ":oidc-provider/"+provider) {
		return subject, true
	}
	return "", false
}
