package cognito

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/arn"
	"github.com/daypass/daypass/internal/awsapi"
)

// Pool is an identity pool with what the wire does not show.
type Pool struct {
	IdentityPool
	// Account owns the pool.
	Account string
	// Number stands for the pool in the identities' rows. It is random, and
	// no other pool gets it while rows of this one are left.
	Number int64
	// Version goes up with each change.
	Version int64
	// Mark is random and new with each change. The store keeps it, for those who add
	// identities to say which state of the pool they have decided by.
	Mark int64 `json:"-"`
	// Created is when the pool was made.
	Created time.Time
	// Roles and RoleMappings are what SetIdentityPoolRoles set.
	Roles        RolesMap
	RoleMappings RoleMappingMap
	// PrincipalTagMaps are what SetPrincipalTagAttributeMap set, by provider.
	PrincipalTagMaps map[IdentityProviderName]PrincipalTagMap `json:",omitempty"`
	// Providers gives each provider that the pool ever accepted a small number,
	// which stands for it in the logins' rows. A number is never given twice:
	// identities keep logins of providers that the pool no longer accepts.
	Providers map[string]int32
	// Adoption is where logins that the pool does not know are asked about; nil where
	// they are new.
	Adoption *Adoption `json:",omitempty"`
}

// Region is the pool's region, the first half of its ID.
func (p *Pool) Region() string {
	region, _, _ := strings.Cut(string(p.IdentityPoolId), ":")
	return region
}

// ARN is the pool's name in policies and tokens.
func (p *Pool) ARN() string { return poolARN(p.Account, p.IdentityPoolId) }

func poolARN(account string, id IdentityPoolId) string {
	region, _, _ := strings.Cut(string(id), ":")
	return "arn:aws:cognito-identity:" + region + ":" + account + ":identitypool/" + string(id)
}

// clone copies the pool, so that a change never touches one that others read.
func (p *Pool) clone() *Pool {
	c := *p
	c.Providers, c.PrincipalTagMaps = maps.Clone(p.Providers), maps.Clone(p.PrincipalTagMaps)
	return &c
}

// classicFlow says whether the basic (classic) flow is allowed: it is unless
// the pool says no.
func (p *Pool) classicFlow() bool { return p.AllowClassicFlow == nil || *p.AllowClassicFlow }

// providerNames are the providers that the pool accepts logins from now.
func (p *Pool) providerNames() []string {
	var names []string
	for name := range p.SupportedLoginProviders {
		names = append(names, string(name))
	}
	for _, c := range p.CognitoIdentityProviders {
		names = append(names, string(c.ProviderName))
	}
	for _, a := range p.OpenIdConnectProviderARNs {
		names = append(names, oidcProviderName(a))
	}
	for _, a := range p.SamlProviderARNs {
		names = append(names, string(a))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hasProviders says whether the pool accepts any login now.
func (p *Pool) hasProviders() bool {
	return len(p.SupportedLoginProviders)+len(p.CognitoIdentityProviders)+len(p.OpenIdConnectProviderARNs)+len(p.SamlProviderARNs) > 0
}

// developerPrefix marks the developer provider among the numbered ones, so that
// its users are never those of a public provider that has or had the same name.
const developerPrefix = "developer:"

// numberProviders gives a number to each provider that has none yet. It must
// follow every change of the settings.
func (p *Pool) numberProviders() {
	if p.Providers == nil {
		p.Providers = map[string]int32{}
	}
	names := p.providerNames()
	if p.DeveloperProviderName != "" {
		names = append(names, developerPrefix+string(p.DeveloperProviderName))
	}
	for _, name := range names {
		if _, ok := p.Providers[name]; !ok {
			p.Providers[name] = int32(len(p.Providers) + 1)
		}
	}
}

// developer is the number of the developer provider, 0 if the pool has none.
func (p *Pool) developer() int32 {
	return p.Providers[developerPrefix+string(p.DeveloperProviderName)]
}

// providerName gives the name behind a number.
func (p *Pool) providerName(number int32) IdentityProviderName {
	for name, n := range p.Providers {
		if n == number {
			return IdentityProviderName(strings.TrimPrefix(name, developerPrefix))
		}
	}
	return ""
}

// oidcProviderName is the Logins key of an OpenID Connect provider: what its ARN
// ends in, which is its issuer without the scheme, or what iam.OIDCProvider.KeptName
// says of it.
func oidcProviderName(a ARNString) string {
	_, name, _ := strings.Cut(string(a), ":oidc-provider/")
	return name
}

// sameIssuer says whether two providers are of one issuer, or of two that differ by
// a slash at the end: there would be tokens that are logins of both.
func sameIssuer(a, b ARNString) bool {
	return strings.TrimSuffix(oidcProviderName(a), "/") == strings.TrimSuffix(oidcProviderName(b), "/")
}

// publicProviders are the providers that SupportedLoginProviders may name.
var publicProviders = []IdentityProviderName{
	"graph.facebook.com", "accounts.google.com", "appleid.apple.com", "www.amazon.com", "api.twitter.com", "www.digits.com",
}

// ownProvider is the name of our own tokens, wherever a provider is named. No
// pool can have it.
const ownProvider = "cognito-identity.amazonaws.com"

var userPoolName = regexp.MustCompile(`\Acognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[\w-]+_[0-9A-Za-z]+\z`)

// isProviderName says whether a name could be that of a public login provider:
// a host, with a path or not, or the ARN of a SAML provider.
func isProviderName(name string) bool {
	host, _, _ := strings.Cut(name, "/")
	return strings.Contains(host, ".") && !strings.ContainsAny(name, " \t") || strings.Contains(name, ":saml-provider/")
}

// check says whether the settings make sense, beyond the API model's own
// constraints.
func (p *Pool) check(l Limits) error {
	for _, name := range slices.Sorted(maps.Keys(p.SupportedLoginProviders)) {
		if !slices.Contains(publicProviders, name) {
			return notPublicProvider()
		}
	}
	if n := p.DeveloperProviderName; n == ownProvider || slices.Contains(publicProviders, IdentityProviderName(n)) {
		return exception(invalidParameter, "The developer provider name is the name of a public provider.").Because(causeDeveloperProviderName, nil)
	}
	if n := string(p.DeveloperProviderName); n != "" && slices.Contains(p.providerNames(), n) {
		return exception(invalidParameter, "The developer provider name is the name of another provider of the pool.").Because(causeDeveloperProviderName, nil)
	}
	if len(p.CognitoIdentityProviders) > l.UserPoolProviders {
		return exception(limitExceeded, "An identity pool can have at most %d Cognito identity providers.", l.UserPoolProviders).Because(causeLimitUserPoolProviders, nil)
	}
	for _, c := range p.CognitoIdentityProviders {
		if !userPoolName.MatchString(string(c.ProviderName)) || c.ClientId == "" {
			return exception(invalidParameter, "Invalid Cognito Identity Provider").Because(causeUserPoolName, nil)
		}
	}
	for _, a := range p.OpenIdConnectProviderARNs {
		if err := p.checkOIDCProviderARN(a); err != nil {
			return exception(invalidParameter, "Invalid OpenID Connect provider ARN '%s'.", a).Because(causeProviderArn, err)
		}
	}
	for _, a := range p.SamlProviderARNs {
		if !isProviderARN(a, "saml-provider/") {
			return exception(invalidParameter, "Invalid SAML provider ARN '%s'.", a).Because(causeProviderArn, errors.New("not the ARN of a SAML provider"))
		}
	}
	return checkTags(p.IdentityPoolTags, l)
}

// checkOIDCProviderARN says what is wrong with one of the ARNs of OpenID Connect
// providers.
func (p *Pool) checkOIDCProviderARN(a ARNString) error {
	switch {
	case !isProviderARN(a, "oidc-provider/"):
		return errors.New("not the ARN of an OpenID Connect provider")
	case oidcProviderName(a) == ownProvider:
		return errors.New("the provider is daypass itself")
	}
	for _, other := range p.OpenIdConnectProviderARNs {
		if other != a && sameIssuer(other, a) {
			return fmt.Errorf("the pool would have two providers of one issuer: %.255s is the other one", other)
		}
	}
	return nil
}

func isProviderARN(a ARNString, kind string) bool {
	parsed, err := arn.Parse(string(a))
	return err == nil && parsed.Service == "iam" && parsed.Region == "" &&
		strings.HasPrefix(parsed.Resource, kind) && len(parsed.Resource) > len(kind)
}

var tagCharacters = regexp.MustCompile(`\A[\p{L}\p{Z}\p{N}_.:/=+\-@]*\z`)

func checkTags(tags IdentityPoolTagsType, l Limits) error {
	if len(tags) > l.TagsPerPool {
		return exception(invalidParameter, "An identity pool can have at most %d tags.", l.TagsPerPool).Because(causeLimitTags, nil)
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if err := checkTagKey(string(k)); err != nil {
			return err
		}
		if !tagCharacters.MatchString(string(tags[k])) {
			return badTagCharacters()
		}
	}
	return checkTagKeysDiffer(maps.Keys(tags))
}

// checkTagKeysDiffer refuses keys that differ in case only. Tags are condition
// keys, aws:ResourceTag/KEY for one, whose case does not matter: of two such tags
// nobody could say which one policies see.
func checkTagKeysDiffer[K ~string](keys iter.Seq[K]) error {
	folded := map[string]bool{}
	for key := range keys {
		lower := strings.ToLower(string(key))
		if folded[lower] {
			return exception(invalidParameter, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").Because(causeTag, nil)
		}
		folded[lower] = true
	}
	return nil
}

func checkTagKey(key string) error {
	if strings.HasPrefix(strings.ToLower(key), "aws:") {
		return exception(invalidParameter, "Tag keys that begin with aws: are reserved.").Because(causeTag, nil)
	}
	if !tagCharacters.MatchString(key) {
		return badTagCharacters()
	}
	return nil
}

func badTagCharacters() *awsapi.Error {
	return exception(invalidParameter, "Tags may have letters, digits, spaces and the characters _ . : / = + - @ only.").Because(causeTag, nil)
}

// normalize fills in what AWS echoes though nobody sent it.
func (p *Pool) normalize() {
	if p.IdentityPoolTags == nil {
		p.IdentityPoolTags = IdentityPoolTagsType{}
	}
	p.CognitoIdentityProviders = slices.Clone(p.CognitoIdentityProviders)
	for i := range p.CognitoIdentityProviders {
		if p.CognitoIdentityProviders[i].ServerSideTokenCheck == nil {
			p.CognitoIdentityProviders[i].ServerSideTokenCheck = new(bool)
		}
	}
	if len(p.SupportedLoginProviders) == 0 {
		p.SupportedLoginProviders = nil
	}
	if len(p.CognitoIdentityProviders) == 0 {
		p.CognitoIdentityProviders = nil
	}
	if len(p.OpenIdConnectProviderARNs) == 0 {
		p.OpenIdConnectProviderARNs = nil
	}
	if len(p.SamlProviderARNs) == 0 {
		p.SamlProviderARNs = nil
	}
	p.numberProviders()
}
