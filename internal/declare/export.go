package declare

import (
	"context"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// ExportOptions say what of a server an export has.
type ExportOptions struct {
	// Region is that of the calls of services that have none.
	Region string
	// Regions are those whose identity pools are exported.
	Regions []string
	// DeveloperUsers exports the developer users too, of which there may be many.
	DeveloperUsers bool

	aws bool // it is AWS, which has no operations of daypass
}

// Export reads what a server has, by the operations of the API alone. What it gives can
// be written ([File.YAML], [File.JSON]), and a file that says so changes nothing on that
// server. Secrets are not in it: access keys are there by their IDs.
//
// What AWS itself owns (its managed policies, the roles of its services) is left out. What is deleted while
// the export runs is left out or not, but never in part.
func Export(ctx context.Context, call Caller, o ExportOptions) (*File, error) {
	at, err := serverOf(ctx, call, o.Region)
	if err != nil {
		return nil, err
	}
	x := &exporter{server: at, options: o, file: &File{}}
	for _, read := range []func() error{x.allPolicies, x.allOIDC, x.allSAML, x.allRoles, x.allUsers, x.allPools} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	x.file.sort()
	return x.file, nil
}

// exporter reads a server into a file.
type exporter struct {
	*server
	options ExportOptions
	file    *File
	urls    map[string]string // of OpenID Connect providers, by ARN
	size    int               // of the developer users, in bytes
}

// said sets a member where there is something to say.
func said(n *awsapi.Node, name string, v awsapi.Node) {
	if !emptyValue(&v) {
		set(n, name, v)
	}
}

func list(texts []string) awsapi.Node {
	n := awsapi.Node{Kind: awsapi.List}
	for _, t := range texts {
		n.List = append(n.List, text(t))
	}
	return n
}

// tagsOf are the tags of something, in the order of their keys.
func (x *exporter) tagsOf(kind, member, name string) (awsapi.Node, error) {
	tags, err := x.list("List"+kind+"Tags", "Tags", object(member, name))
	n := awsapi.Node{Kind: awsapi.List}
	for _, t := range tags {
		n.List = append(n.List, pick(t, "Key", "Value"))
	}
	slices.SortFunc(n.List, func(a, b awsapi.Node) int { return strings.Compare(word(a, "Key"), word(b, "Key")) })
	return n, err
}

// each exports all that a listing has. What is deleted in the meantime is left out.
func each(all []awsapi.Node, err error, export func(awsapi.Node) error) error {
	for _, n := range all {
		if err != nil {
			break
		}
		if err = export(n); gone(err) {
			err = nil
		}
	}
	return err
}

func (x *exporter) allPolicies() error {
	all, err := x.list("ListPolicies", "Policies", object("Scope", "Local"))
	return each(all, err, func(n awsapi.Node) error { return x.policy(word(n, "Arn")) })
}

func (x *exporter) policy(arn string) error {
	out, err := x.ask("iam", "GetPolicy", x.region, object("PolicyArn", arn))
	if err != nil {
		return err
	}
	is := memberOf(out, "Policy")
	document, err := x.policyDocument(arn, is)
	if err != nil {
		return err
	}
	in := object("PolicyName", word(is, "PolicyName"))
	if path := word(is, "Path"); path != "/" {
		said(&in, "Path", text(path))
	}
	said(&in, "Description", text(word(is, "Description")))
	set(&in, "PolicyDocument", plainDocument(document))
	tags, err := x.tagsOf("Policy", "PolicyArn", arn)
	if err != nil {
		return err
	}
	said(&in, "Tags", tags)
	x.file.policies = append(x.file.policies, &entity{name: word(is, "PolicyName"), in: in})
	return nil
}

func (x *exporter) allOIDC() error {
	x.urls = map[string]string{}
	out, err := x.ask("iam", "ListOpenIDConnectProviders", x.region, awsapi.Node{Kind: awsapi.Map})
	return each(memberOf(out, "OpenIDConnectProviderList").List, err, func(n awsapi.Node) error { return x.oidcProvider(word(n, "Arn")) })
}

func (x *exporter) oidcProvider(arn string) error {
	out, err := x.ask("iam", "GetOpenIDConnectProvider", x.region, object("OpenIDConnectProviderArn", arn))
	if err != nil {
		return err
	}
	url := word(out, "Url")
	if !strings.Contains(url, "://") {
		url = "https://" + url
	}
	if x.providerARN(url) == arn {
		x.urls[arn] = url
	}
	in := object("Url", url)
	for _, member := range []string{"ClientIDList", "ThumbprintList"} {
		all := textsOf(out, member)
		slices.Sort(all)
		said(&in, member, list(all))
	}
	tags, err := x.tagsOf("OpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
	if err != nil {
		return err
	}
	said(&in, "Tags", tags)
	x.file.oidc = append(x.file.oidc, &entity{name: url, in: in})
	return nil
}

func (x *exporter) allSAML() error {
	out, err := x.ask("iam", "ListSAMLProviders", x.region, awsapi.Node{Kind: awsapi.Map})
	return each(memberOf(out, "SAMLProviderList").List, err, func(n awsapi.Node) error { return x.samlProvider(word(n, "Arn")) })
}

func (x *exporter) samlProvider(arn string) error {
	out, err := x.ask("iam", "GetSAMLProvider", x.region, object("SAMLProviderArn", arn))
	if err != nil {
		return err
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	in := object("Name", name, "SAMLMetadataDocument", word(out, "SAMLMetadataDocument"))
	tags, err := x.tagsOf("SAMLProvider", "SAMLProviderArn", arn)
	if err != nil {
		return err
	}
	said(&in, "Tags", tags)
	x.file.saml = append(x.file.saml, &entity{name: name, in: in})
	return nil
}

// ofAWS says whether a path is one of those that AWS keeps for roles of its services.
func ofAWS(path string) bool {
	return strings.HasPrefix(path, "/aws-service-role/") || strings.HasPrefix(path, "/aws-reserved/")
}

func (x *exporter) allRoles() error {
	all, err := x.list("ListRoles", "Roles", awsapi.Node{Kind: awsapi.Map})
	return each(all, err, func(n awsapi.Node) error {
		if ofAWS(word(n, "Path")) {
			return nil
		}
		return x.role(word(n, "RoleName"))
	})
}

func (x *exporter) role(name string) error {
	p, is, err := x.principal("Role", name)
	if err != nil {
		return err
	}
	said(&p.in, "Description", text(word(is, "Description")))
	if seconds := orHour(word(is, "MaxSessionDuration")); seconds != orHour("") {
		set(&p.in, "MaxSessionDuration", awsapi.Node{Kind: awsapi.Number, Text: seconds})
	}
	set(&p.in, trustMember, plainDocument(memberOf(is, trustMember)))
	x.file.roles = append(x.file.roles, p)
	return nil
}

func (x *exporter) allUsers() error {
	all, err := x.list("ListUsers", "Users", awsapi.Node{Kind: awsapi.Map})
	return each(all, err, func(n awsapi.Node) error { return x.user(word(n, "UserName")) })
}

func (x *exporter) user(name string) error {
	p, _, err := x.principal("User", name)
	if err != nil {
		return err
	}
	keys, err := x.list("ListAccessKeys", "AccessKeyMetadata", object("UserName", name))
	if err != nil {
		return err
	}
	for _, k := range keys {
		key := accessKey{id: word(k, "AccessKeyId"), from: secretFrom{"env", secretVariable(word(k, "AccessKeyId"))}, optional: true}
		if word(k, "Status") == inactive {
			key.status = inactive
		}
		p.keys = append(p.keys, key)
	}
	x.file.users = append(x.file.users, p)
	return nil
}

// secretVariable is the environment variable that an export names for the secret of an
// access key.
func secretVariable(id string) string { return "SECRET_" + id }

// principal exports what roles and users have in common.
func (x *exporter) principal(kind, name string) (p *principal, is awsapi.Node, err error) {
	member := kind + "Name"
	out, err := x.ask("iam", "Get"+kind, x.region, object(member, name))
	if err != nil {
		return nil, is, err
	}
	is = memberOf(out, kind)
	p = &principal{entity: entity{name: word(is, member), in: object(member, word(is, member))}, kind: kind}
	if path := word(is, "Path"); path != "/" {
		said(&p.in, "Path", text(path))
	}
	said(&p.in, "PermissionsBoundary", text(x.shortName("policy", word(memberOf(is, "PermissionsBoundary"), "PermissionsBoundaryArn"))))
	tags, err := x.tagsOf(kind, member, name)
	if err != nil {
		return nil, is, err
	}
	said(&p.in, "Tags", tags)
	names, err := x.list("List"+kind+"Policies", "PolicyNames", object(member, name))
	if err != nil {
		return nil, is, err
	}
	for _, n := range names {
		out, found, err := x.get("iam", "Get"+kind+"Policy", x.region, object(member, name, "PolicyName", n.Text))
		if err != nil {
			return nil, is, err
		}
		if found {
			p.policies = append(p.policies, document{name: n.Text, text: plainDocument(memberOf(out, "PolicyDocument")).Text})
		}
	}
	attached, err := x.list("ListAttached"+kind+"Policies", "AttachedPolicies", object(member, name))
	for _, a := range attached {
		p.attached = append(p.attached, x.shortName("policy", word(a, "PolicyArn")))
	}
	return p, is, err
}

func (x *exporter) allPools() error {
	for _, region := range x.options.Regions {
		all, err := x.poolsOf(region)
		if err := each(all, err, func(n awsapi.Node) error { return x.pool(region, word(n, "IdentityPoolId")) }); err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) pool(region, id string) error {
	ask := func(operation string, in awsapi.Node) (awsapi.Node, error) {
		return x.ask("cognito-identity", operation, region, in)
	}
	out, err := ask("DescribeIdentityPool", object("IdentityPoolId", id))
	if err != nil {
		return err
	}
	e := &pool{entity: entity{name: id}, region: region, roles: awsapi.Node{Kind: awsapi.Map}, mappings: awsapi.Node{Kind: awsapi.Map}}
	e.in = object("IdentityPoolId", id, "IdentityPoolName", word(out, "IdentityPoolName"), "AllowUnauthenticatedIdentities", truth(word(out, "AllowUnauthenticatedIdentities") == "true"))
	providers := x.tagProviders(out)
	for _, member := range []string{"AllowClassicFlow", "DeveloperProviderName", "SupportedLoginProviders", "CognitoIdentityProviders", "OpenIdConnectProviderARNs", "SamlProviderARNs", "IdentityPoolTags"} {
		v := inOrder(withoutEmpty(memberOf(out, member)), true)
		if member == "OpenIdConnectProviderARNs" {
			for i, arn := range v.List {
				if url := x.urls[arn.Text]; url != "" {
					v.List[i] = text(url)
				}
			}
		}
		said(&e.in, member, v)
	}
	roles, err := ask("GetIdentityPoolRoles", object("IdentityPoolId", id))
	if err != nil {
		return err
	}
	if m := roles.Member("Roles"); m != nil {
		e.roles = inOrder(*m, false)
	}
	if m := roles.Member("RoleMappings"); m != nil {
		e.mappings = inOrder(withoutEmpty(*m), false)
	}
	e.mapRoles(func(arn string) string { return x.shortName("role", arn) })
	for _, provider := range providers {
		out, found, err := x.get("cognito-identity", "GetPrincipalTagAttributeMap", region, object("IdentityPoolId", id, "IdentityProviderName", provider))
		if x.options.aws && invalid(err) { // for a name that is not the one it is called by
			found, err = false, nil
		}
		if err != nil {
			return err
		}
		if tags := memberOf(out, "PrincipalTags"); found && (word(out, "UseDefaults") == "true" || len(tags.Members) > 0) {
			e.tags = append(e.tags, entity{name: provider, in: object("UseDefaults", truth(word(out, "UseDefaults") == "true"), "PrincipalTags", inOrder(tags, false))})
		}
	}
	if !x.options.aws {
		out, err := x.ask("daypass", "GetIdentityPoolAdoption", region, object("IdentityPoolId", id))
		if err != nil {
			return err
		}
		if m := out.Member("Adoption"); m != nil && m.Kind == awsapi.Map {
			e.adopt = adoption(cloned(*m), region)
		}
	}
	if name := word(e.in, "DeveloperProviderName"); name != "" && x.options.DeveloperUsers {
		if e.users, err = x.developerUsers(region, id, name); err != nil {
			return err
		}
	}
	x.file.pools = append(x.file.pools, e)
	return nil
}

// tagProviders are the names under which a pool can have principal tags.
func (x *exporter) tagProviders(pool awsapi.Node) (names []string) {
	for _, m := range memberOf(pool, "SupportedLoginProviders").Members {
		names = append(names, m.Name)
	}
	for _, c := range memberOf(pool, "CognitoIdentityProviders").List {
		names = append(names, word(c, "ProviderName"), word(c, "ProviderName")+":"+word(c, "ClientId"))
	}
	for _, arn := range textsOf(pool, "OpenIdConnectProviderARNs") {
		_, name, _ := strings.Cut(arn, ":oidc-provider/")
		names = append(names, arn, name)
	}
	names = append(names, textsOf(pool, "SamlProviderARNs")...)
	slices.Sort(names)
	return slices.Compact(names)
}

// developerUsers are the developer users of a pool.
func (x *exporter) developerUsers(region, pool, provider string) (users []string, err error) {
	err = x.pages("ListIdentities", region, object("IdentityPoolId", pool, "MaxResults", mostListed), func(out awsapi.Node) error {
		for _, identity := range memberOf(out, "Identities").List {
			if !slices.Contains(textsOf(identity, "Logins"), provider) {
				continue
			}
			of, err := x.developerUsersOf(region, pool, word(identity, "IdentityId"))
			if err != nil {
				return err
			}
			users = append(users, of...)
		}
		return nil
	})
	return users, err
}

// developerUsersOf are the developer users that have an identity.
func (x *exporter) developerUsersOf(region, pool, identity string) (users []string, err error) {
	err = x.pages("LookupDeveloperIdentity", region, object("IdentityPoolId", pool, "IdentityId", identity), func(out awsapi.Node) error {
		for _, user := range textsOf(out, "DeveloperUserIdentifierList") {
			users = append(users, user)
			if x.size += len(user); x.size > MaxFile {
				return errTooLong
			}
		}
		return nil
	})
	if gone(err) {
		err = nil
	}
	return users, err
}

// sort puts a file in the order in which it is written.
func (f *File) sort() {
	byName := func(a, b *entity) int { return strings.Compare(a.name, b.name) }
	for _, all := range [][]*entity{f.policies, f.oidc, f.saml} {
		slices.SortFunc(all, byName)
	}
	for _, all := range [][]*principal{f.roles, f.users} {
		slices.SortFunc(all, func(a, b *principal) int { return byName(&a.entity, &b.entity) })
		for _, p := range all {
			slices.SortFunc(p.policies, func(a, b document) int { return strings.Compare(a.name, b.name) })
			slices.SortFunc(p.keys, func(a, b accessKey) int { return strings.Compare(a.id, b.id) })
			slices.Sort(p.attached)
		}
	}
	slices.SortFunc(f.pools, func(a, b *pool) int { return byName(&a.entity, &b.entity) })
	for _, p := range f.pools {
		slices.SortFunc(p.tags, func(a, b entity) int { return strings.Compare(a.name, b.name) })
		slices.Sort(p.users)
	}
}
