package iam

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/arn"
)

// OIDCProvider is an OpenID Connect provider as it is kept. It is never
// changed.
type OIDCProvider struct {
	// Account owns the provider.
	Account string
	// ARN is its name: the URL without its scheme. Providers that were stored by
	// early versions lost a slash at the end of it and keep the name that they got
	// then (see [OIDCProvider.KeptName]).
	ARN ArnType
	// URL is what the iss of its tokens must be, character by character.
	URL OpenIDConnectProviderUrlType
	// ClientIDs are the audiences that its tokens may be for.
	ClientIDs ClientIDListType
	// Thumbprints are the SHA-1 hashes of certificates of its key server, in
	// lower case.
	Thumbprints ThumbprintListType
	// Tags are its tags.
	Tags TagListType
	// Created is when it was made.
	Created time.Time
}

// with is the provider after a change.
func (p *OIDCProvider) with(change func(*OIDCProvider)) *OIDCProvider {
	changed := *p
	change(&changed)
	return &changed
}

// Name is the provider's name in policies and in the Logins of identity pools:
// host[/path].
func (p *OIDCProvider) Name() string { return providerName(p.ARN) }

// KeptName says that the provider was stored when names lost the slash at the end
// of the URL, and keeps that name: roles, pools and identities have it. The row
// itself is the mark, since no later provider has a URL with the slash and a name
// without.
func (p *OIDCProvider) KeptName() bool {
	return strings.HasSuffix(string(p.URL), "/") && !strings.HasSuffix(string(p.ARN), "/")
}

// Issuer is what the iss of the provider's tokens must be, character by
// character.
func (p *OIDCProvider) Issuer() string { return string(p.URL) }

// Audiences are the client IDs that the provider's tokens may be for.
func (p *OIDCProvider) Audiences() []string {
	list := make([]string, len(p.ClientIDs))
	for i, id := range p.ClientIDs {
		list[i] = string(id)
	}
	return list
}

// shownURL is the URL as GetOpenIDConnectProvider shows it: without scheme. An
// http one stays, or nobody could tell.
func (p *OIDCProvider) shownURL() OpenIDConnectProviderUrlType {
	return OpenIDConnectProviderUrlType(strings.TrimPrefix(string(p.URL), "https://"))
}

// OIDCProvider finds an OpenID Connect provider by its ARN.
func (s *Service) OIDCProvider(ctx context.Context, arn string) (*OIDCProvider, bool, error) {
	var found struct { // one variable for the transaction to fill
		provider *OIDCProvider
		ok       bool
	}
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		found.provider, found.ok, err = tx.OIDCProvider(ArnType(arn))
		return err
	})
	return found.provider, found.ok, err
}

// OIDCProvidersOf finds the providers of an account whose tokens have this iss,
// character by character: the one that has it in its ARN first, then one that
// keeps the name that it got without the slash at the end. Near are those that the
// iss misses by its scheme or by a slash at its end, for the log to say so.
func (s *Service) OIDCProvidersOf(ctx context.Context, account, iss string) (of, near []*OIDCProvider, err error) {
	name := iss
	if !strings.Contains(iss, "://") {
		name = "https://" + iss
	}
	if len(name) > maxIssuer {
		return nil, nil, nil
	}
	u, parseErr := parseIssuer(OpenIDConnectProviderUrlType(name))
	if parseErr != nil {
		return nil, nil, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		of, near = nil, nil
		for _, arn := range []ArnType{u.arn(account), u.otherForm().arn(account)} {
			p, ok, err := tx.OIDCProvider(arn)
			switch {
			case err != nil:
				return err
			case ok && p.Issuer() == iss:
				of = append(of, p)
			case ok:
				near = append(near, p)
			}
		}
		return nil
	})
	return of, near, err
}

// maxIssuer is how long the URL of a provider can be.
const maxIssuer = 255

const providerResource = "oidc-provider/"

// issuer is a provider's URL taken apart. The path has the slash that it begins
// with, if there is one.
type issuer struct {
	scheme, host, port, path string
}

var (
	hostLabel = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\z`)
	portText  = regexp.MustCompile(`\A[1-9][0-9]{0,4}\z`)
	pathText  = regexp.MustCompile(`\A[A-Za-z0-9._~+=,@-]+\z`)
)

// parseIssuer reads a provider's URL: scheme, host, perhaps a port, perhaps a
// path. It takes no more than issuers have, so that no two readers can see two
// things in one text: no user, query, fragment or percent sign, no empty
// segment, no dots for segments.
func parseIssuer(url OpenIDConnectProviderUrlType) (issuer, error) {
	var u issuer
	scheme, rest, ok := strings.Cut(string(url), "://")
	if !ok || rest == "" {
		return u, badIssuer()
	}
	if scheme != "https" && scheme != "http" {
		return u, notHTTPS()
	}
	u.scheme = scheme
	authority, path, hasPath := strings.Cut(rest, "/")
	if hasPath {
		u.path = "/" + path
	}
	if u.host, u.port, ok = splitHost(authority); !ok || !isHost(u.host) {
		return u, badIssuerPart(errors.New("the host, or what stands before or behind it")) // which may be a password
	}
	if !isPath(u.path) {
		return u, badIssuerPart(errors.New("the path, or a query or fragment behind it"))
	}
	return u, nil
}

// splitHost takes host and port apart. An IPv6 address keeps its brackets.
func splitHost(authority string) (host, port string, ok bool) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		return host, port, portText.MatchString(port)
	}
	return host, "", true
}

func isHost(host string) bool {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		a, err := netip.ParseAddr(host[1 : len(host)-1])
		return err == nil && a.Is6() && a.Zone() == ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return len(host) <= 253
}

func isPath(path string) bool {
	if path == "" || path == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		if !pathText.MatchString(segment) || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// name is host[:port][/path], with the slash at the end if there is one.
func (u issuer) name() string {
	if u.port != "" {
		return u.host + ":" + u.port + u.path
	}
	return u.host + u.path
}

// otherForm is the issuer with a slash at its end if it has none, else without.
func (u issuer) otherForm() issuer {
	if path, ok := strings.CutSuffix(u.path, "/"); ok {
		u.path = path
	} else {
		u.path += "/"
	}
	return u
}

// bare is the name by which issuers are compared that must not be confused:
// without the scheme's own port and a slash at the end, and ignoring case.
func (u issuer) bare() string {
	if u.scheme == "https" && u.port == "443" || u.scheme == "http" && u.port == "80" {
		u.port = ""
	}
	return strings.ToLower(strings.TrimSuffix(u.name(), "/"))
}

func (u issuer) arn(account string) ArnType {
	return ArnType(arn.ARN{Partition: "aws", Service: "iam", Account: account, Resource: providerResource + u.name()}.String())
}

// plain says whether an issuer may go without TLS.
func (s *Service) plain(u issuer) bool {
	at := u.host
	if u.port != "" {
		at += ":" + u.port
	}
	return s.PlainIssuer != nil && s.PlainIssuer(&url.URL{Scheme: u.scheme, Host: at})
}

// builtIn is the host of AWS's own issuer of identity-pool tokens. What trusts
// it trusts our tokens, whatever their issuer is.
const builtIn = "cognito-identity.amazonaws.com"

// own says whether the issuer is one of ours.
func (s *Service) own(u issuer) bool {
	if strings.EqualFold(u.host, builtIn) {
		return true
	}
	return slices.ContainsFunc(s.OwnIssuers, func(url string) bool {
		ours, err := parseIssuer(OpenIDConnectProviderUrlType(url))
		return err == nil && ours.bare() == u.bare()
	})
}

// checkIssuer reads the URL of a new provider.
func (s *Service) checkIssuer(address OpenIDConnectProviderUrlType) (issuer, error) {
	u, err := parseIssuer(address)
	switch {
	case err != nil:
		return u, err
	case u.scheme == "http" && !s.plain(u):
		return u, notHTTPS()
	case s.own(u):
		return u, ownIssuer(address)
	}
	return u, nil
}

// parseProviderARN takes the ARN of a provider apart: an account's ARN of an
// OpenID Connect provider and nothing else.
func parseProviderARN(s ArnType) error {
	a, err := arn.Parse(string(s))
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || !isAccount(a.Account) || len(a.Resource) == len(providerResource) || !strings.HasPrefix(a.Resource, providerResource) {
		return badARN()
	}
	return nil
}

func providerName(arn ArnType) string {
	_, name, _ := strings.Cut(string(arn), ":"+providerResource)
	return name
}
