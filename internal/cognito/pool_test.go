package cognito

import (
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

// A developer provider is never taken for a public provider of the same name:
// one could speak for the users of the other.
func TestDeveloperProviderIsApart(t *testing.T) {
	const name = "login.example"
	p := &Pool{IdentityPool: IdentityPool{OpenIdConnectProviderARNs: OIDCProviderList{"arn:aws:iam::123456789012:oidc-provider/" + name}}}
	p.normalize()
	public := p.Providers[name]
	p.DeveloperProviderName = name
	p.normalize()
	if err := p.check(DefaultLimits()); messageOf(err) != "The developer provider name is the name of another provider of the pool." {
		t.Errorf("both at once: %v", err)
	}
	p.OpenIdConnectProviderARNs = nil
	p.normalize()
	if err := p.check(DefaultLimits()); err != nil {
		t.Errorf("one after the other: %v", err)
	}
	if public == 0 || p.developer() == 0 || p.developer() == public {
		t.Errorf("numbers %d and %d", public, p.developer())
	}
	for _, n := range []int32{public, p.developer()} {
		if got := p.providerName(n); got != name {
			t.Errorf("number %d is %q", n, got)
		}
	}
}

// A pool has one provider of an issuer. Two that differ by the slash at the end
// would both take some tokens, and one person would be two.
func TestProvidersOfOneIssuer(t *testing.T) {
	const here, there = "arn:aws:iam::123456789012:oidc-provider/", "arn:aws:iam::210987654321:oidc-provider/"
	for _, test := range []struct {
		a, b    ARNString
		refused bool
	}{
		{here + "a.example", here + "a.example", false}, // the same one twice
		{here + "a.example", there + "a.example", true},
		{here + "a.example", here + "a.example/", true},
		{here + "a.example/", here + "a.example", true},
		{here + "a.example/x", there + "a.example/x/", true},
		{here + "a.example", here + "a.example//", false}, // no provider's ARN
		{here + "a.example", here + "a.example/x", false},
		{here + "a.example/", here + "a.example/x/", false},
		{here + "a.example", here + "b.a.example", false},
	} {
		p := &Pool{IdentityPool: IdentityPool{OpenIdConnectProviderARNs: OIDCProviderList{test.a, test.b}}}
		p.normalize()
		err := p.check(DefaultLimits())
		if refused := err != nil; refused != test.refused {
			t.Errorf("%s and %s: %v", test.a, test.b, err)
		}
		if err != nil && (codeOf(err) != invalidParameter || messageOf(err) != "Invalid OpenID Connect provider ARN '"+string(test.a)+"'.") {
			t.Errorf("%s and %s: %v", test.a, test.b, err)
		}
		if want := "the pool would have two providers of one issuer: " + string(test.b) + " is the other one"; err != nil && errors.Unwrap(err).Error() != want {
			t.Errorf("%s and %s: the log is told %v, want %s", test.a, test.b, errors.Unwrap(err), want)
		}
	}
}

// A number stays with its provider, though the pool stops accepting it.
func TestProviderNumbersStay(t *testing.T) {
	p := &Pool{IdentityPool: IdentityPool{SupportedLoginProviders: IdentityProviders{"accounts.google.com": "a", "www.amazon.com": "b"}}}
	p.normalize()
	was := p.Providers["www.amazon.com"]
	p.SupportedLoginProviders = IdentityProviders{"graph.facebook.com": "c"}
	p.normalize()
	p.SupportedLoginProviders = IdentityProviders{"www.amazon.com": "b"}
	p.normalize()
	if p.Providers["www.amazon.com"] != was || p.Providers["graph.facebook.com"] == was {
		t.Errorf("numbers %v, was %d", p.Providers, was)
	}
}

// codeOf and messageOf are what a client sees of an error; nothing of none.
func codeOf(err error) string {
	if e, ok := awsapi.AsError(err); ok {
		return e.Code
	}
	return ""
}

func messageOf(err error) string {
	if e, ok := awsapi.AsError(err); ok {
		return e.Message
	}
	return ""
}
