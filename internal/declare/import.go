package declare

import (
	"context"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// ImportOptions say what of an AWS account an import has.
type ImportOptions struct {
	// Region is that of the identity pools.
	Region string
	// Pools are the IDs of identity pools; empty for all of the region.
	Pools []string
	// Adopt is how the pools adopt, members of the operation SetIdentityPoolAdoption; the
	// zero value for not at all.
	Adopt awsapi.Node
}

// Import reads identity pools of an AWS account, and what they need: their login
// providers, the roles that they give, and the policies of those. It asks operations of
// AWS alone. Managed policies of AWS's own become inline policies, since there are none
// elsewhere.
func Import(ctx context.Context, call Caller, o ImportOptions) (*File, error) {
	at, err := serverOf(ctx, call, o.Region)
	if err != nil {
		return nil, err
	}
	x := &exporter{server: at, options: ExportOptions{Region: o.Region, aws: true}, file: &File{}, urls: map[string]string{}}
	pools, err := x.poolsToImport(o)
	if err != nil {
		return nil, err
	}
	for _, id := range pools {
		if err := x.providersOf(id); err != nil {
			return nil, err
		}
		if err := x.pool(o.Region, id); err != nil {
			return nil, err
		}
	}
	for _, p := range x.file.pools {
		if o.Adopt.Kind != awsapi.Null {
			p.adopt = adoption(deepClone(o.Adopt), p.region)
		}
		if err := x.rolesOf(p); err != nil {
			return nil, err
		}
	}
	x.file.withoutReservedTags()
	x.file.sort()
	return x.file, nil
}

func (x *exporter) poolsToImport(o ImportOptions) ([]string, error) {
	if len(o.Pools) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(o.Pools))), nil
	}
	all, err := x.poolsOf(o.Region)
	var ids []string
	for _, n := range all {
		ids = append(ids, word(n, "IdentityPoolId"))
	}
	return ids, err
}

// PoolIDs are the IDs of the identity pools of a file.
func (f *File) PoolIDs() (ids []string) {
	for _, p := range f.pools {
		ids = append(ids, p.name)
	}
	return ids
}

// providersOf imports the login providers that a pool names, unless another pool has.
// Those that are not there any more are left out.
func (x *exporter) providersOf(pool string) error {
	out, err := x.ask("cognito-identity", "DescribeIdentityPool", x.region, object("IdentityPoolId", pool))
	if err != nil {
		return err
	}
	for _, arn := range textsOf(out, "OpenIdConnectProviderARNs") {
		if _, there := x.urls[arn]; there {
			continue
		}
		if err := x.oidcProvider(arn); err != nil && !gone(err) {
			return err
		}
	}
	for _, arn := range textsOf(out, "SamlProviderARNs") {
		name := arn[strings.LastIndex(arn, "/")+1:]
		if slices.ContainsFunc(x.file.saml, func(e *entity) bool { return e.name == name }) {
			continue
		}
		if err := x.samlProvider(arn); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// rolesOf imports the roles that a pool gives, with their policies.
func (x *exporter) rolesOf(p *pool) error {
	var names []string
	p.mapRoles(func(arn string) string {
		names = append(names, arn[strings.LastIndex(arn, "/")+1:])
		return arn
	})
	for _, name := range names {
		if slices.ContainsFunc(x.file.roles, func(r *principal) bool { return r.name == name }) {
			continue
		}
		if err := x.role(name); gone(err) {
			continue
		} else if err != nil {
			return err
		}
		role := x.file.roles[len(x.file.roles)-1]
		if err := x.policiesOf(role); err != nil {
			return err
		}
	}
	return nil
}

// policiesOf imports the managed policies of a role.
func (x *exporter) policiesOf(role *principal) error {
	var own []string
	for _, name := range role.attached {
		if !strings.HasPrefix(name, "arn:aws:iam::aws:policy/") {
			own = append(own, name)
			continue
		}
		document, err := x.awsPolicy(name)
		if err != nil {
			return err
		}
		role.policies = append(role.policies, document)
	}
	role.attached = own
	needed := slices.Clone(own)
	if boundary := word(role.in, "PermissionsBoundary"); strings.HasPrefix(boundary, "arn:aws:iam::aws:policy/") {
		// There is no inline boundary: it becomes a policy of the account's.
		document, err := x.awsPolicy(boundary)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(x.file.policies, func(e *entity) bool { return e.name == document.name }) {
			x.file.policies = append(x.file.policies, &entity{name: document.name, in: object("PolicyName", document.name, "PolicyDocument", document.text)})
		}
		set(&role.in, "PermissionsBoundary", document.name)
	} else if boundary != "" {
		needed = append(needed, boundary)
	}
	for _, name := range needed {
		short := name[strings.LastIndex(name, "/")+1:]
		if slices.ContainsFunc(x.file.policies, func(e *entity) bool { return e.name == short }) {
			continue
		}
		if err := x.policy(x.policyARN(name)); err != nil {
			return err
		}
	}
	return nil
}

// awsPolicy is a managed policy of AWS's own as an inline one.
func (x *exporter) awsPolicy(arn string) (document, error) {
	out, err := x.ask("iam", "GetPolicy", x.region, object("PolicyArn", arn))
	if err != nil {
		return document{}, err
	}
	plain, err := x.policyDocument(arn, memberOf(out, "Policy"))
	if err != nil {
		return document{}, err
	}
	return document{name: arn[strings.LastIndex(arn, "/")+1:], text: plainDocument(plain).Text}, nil
}

// withoutReservedTags leaves out tags that only AWS can set, such as those of
// CloudFormation.
func (f *File) withoutReservedTags() {
	reserved := func(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }
	without := func(in *awsapi.Node) {
		if m := in.Member("Tags"); m != nil {
			m.List = slices.DeleteFunc(slices.Clone(m.List), func(t awsapi.Node) bool { return reserved(word(t, "Key")) })
			if len(m.List) == 0 {
				in.Members = slices.DeleteFunc(in.Members, func(m awsapi.Member) bool { return m.Name == "Tags" })
			}
		}
		if m := in.Member("IdentityPoolTags"); m != nil {
			m.Members = slices.DeleteFunc(slices.Clone(m.Members), func(t awsapi.Member) bool { return reserved(t.Name) })
			if len(m.Members) == 0 {
				in.Members = slices.DeleteFunc(in.Members, func(m awsapi.Member) bool { return m.Name == "IdentityPoolTags" })
			}
		}
	}
	for _, all := range [][]*entity{f.policies, f.oidc, f.saml} {
		for _, e := range all {
			without(&e.in)
		}
	}
	for _, r := range f.roles {
		without(&r.in)
	}
	for _, p := range f.pools {
		without(&p.in)
	}
}

// Identities reads the identities of a pool of an AWS account, a page at a time, as the
// operation ImportIdentities takes them. Those that were merged into others are left
// out. Developer users are added where the caller may look them up; without is told once
// that they are not.
func Identities(ctx context.Context, call Caller, region, pool string, without func(error), page func(awsapi.Node) error) error {
	s := &server{ctx: ctx, call: call, region: region}
	about, err := s.ask("cognito-identity", "DescribeIdentityPool", region, object("IdentityPoolId", pool))
	if err != nil {
		return err
	}
	x := &exporter{server: s}
	provider, ask := word(about, "DeveloperProviderName"), true
	in := object("IdentityPoolId", pool, "MaxResults", mostListed, "HideDisabled", truth(true))
	return s.pages("ListIdentities", region, in, func(out awsapi.Node) error {
		x.size = 0
		identities := awsapi.Node{Kind: awsapi.List}
		for _, i := range memberOf(out, "Identities").List {
			i = pick(i, "IdentityId", "Logins", "CreationDate", "LastModifiedDate")
			if provider != "" && ask && slices.Contains(textsOf(i, "Logins"), provider) {
				users, err := x.developerUsersOf(region, pool, word(i, "IdentityId"))
				if denied(err) {
					ask = false
					without(err)
				} else if err != nil {
					return err
				}
				said(&i, "DeveloperUserIdentifierList", list(users))
			}
			identities.List = append(identities.List, i)
		}
		if len(identities.List) == 0 {
			return nil
		}
		return page(object("IdentityPoolId", pool, "Identities", identities))
	})
}
