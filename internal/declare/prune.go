package declare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// Prune says what may be deleted with what hangs on it.
type Prune struct {
	// Regions are those in which identity pools are looked for.
	Regions []string
	// Pools are the IDs of pools that are deleted although they have identities.
	Pools []string
	// Users are the names of users that are deleted although they have access keys.
	Users []string
}

// pruner plans the deletion of what the file does not name, of the kinds that it
// declares: those whose lists it has, be they empty. What would break something that
// stays is not deleted. First go pools, then users and roles, then what these have and
// trust.
type pruner struct {
	*planner
	*Prune
	// uses says, by ARN, which thing that stays uses a role, a policy or a provider.
	uses map[string]string
	// trusts are the trust policies of the roles that stay, by name.
	trusts map[string]string
}

// prune adds the calls.
func (p *planner) prune(o *Prune) error {
	x := &pruner{planner: p, Prune: o, uses: map[string]string{}, trusts: map[string]string{}}
	for _, do := range []func() error{x.pools, x.users, x.roles, x.policies, x.oidcProviders, x.samlProviders} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// check sees to it that what is named to be deleted is nothing that the file has.
func (x *Prune) check(f *File) error {
	for _, of := range []struct {
		option, kind string
		names        []string
		has          func(string) bool
	}{
		{"--prune-pool", "IdentityPools", x.Pools, func(id string) bool {
			return slices.ContainsFunc(f.pools, func(p *pool) bool { return p.name == id })
		}},
		{"--prune-user", "Users", x.Users, func(name string) bool { return hasPrincipal(f.users, name) }},
	} {
		for _, name := range of.names {
			switch {
			case !f.declared[of.kind]:
				return mistake(0, "%s %s: the file has no list %s, so none of them is deleted", of.option, name, of.kind)
			case of.has(name):
				return mistake(0, "%s %s: the file has it", of.option, name)
			}
		}
	}
	return nil
}

func hasPrincipal(all []*principal, name string) bool {
	return slices.ContainsFunc(all, func(p *principal) bool { return strings.EqualFold(p.name, name) })
}

func hasEntity(all []*entity, name string) bool {
	return slices.ContainsFunc(all, func(e *entity) bool { return strings.EqualFold(e.name, name) })
}

// stays tells that something is not deleted, and why.
func (x *pruner) stays(what, format string, args ...any) {
	x.steps = append(x.steps, Step{Text: "! " + what + " stays: " + fmt.Sprintf(format, args...), Skipped: true})
}

// use remembers who uses something.
func (x *pruner) use(by string, arns ...string) {
	for _, arn := range arns {
		if arn != "" && x.uses[arn] == "" {
			x.uses[arn] = by
		}
	}
}

// usePool remembers what a pool that stays uses.
func (x *pruner) usePool(id string, settings, roles awsapi.Node) {
	by := "identity pool " + id
	x.use(by, textsOf(settings, "OpenIdConnectProviderARNs")...)
	x.use(by, textsOf(settings, "SamlProviderARNs")...)
	e := &pool{roles: deepClone(memberOf(roles, "Roles")), mappings: deepClone(memberOf(roles, "RoleMappings"))}
	e.mapRoles(func(arn string) string { x.use(by, arn); return arn })
}

func (x *pruner) pools() error {
	for _, e := range x.File.pools {
		x.usePool(e.name, e.in, object("Roles", e.roles, "RoleMappings", e.mappings))
	}
	for _, region := range x.Regions {
		all, err := x.poolsOf(region)
		if err != nil {
			return err
		}
		for _, n := range all {
			if slices.ContainsFunc(x.File.pools, func(p *pool) bool { return p.name == word(n, "IdentityPoolId") }) {
				continue
			}
			if err := x.pool(region, word(n, "IdentityPoolId"), word(n, "IdentityPoolName")); err != nil && !gone(err) {
				return err
			}
		}
	}
	return nil
}

func (x *pruner) pool(region, id, name string) error {
	what, in := "identity pool "+id+" ("+name+")", object("IdentityPoolId", id)
	identities := &listing{"ListIdentities", "Identities", object("IdentityPoolId", id, "MaxResults", awsapi.Node{Kind: awsapi.Number, Text: "1"})}
	if x.declared["IdentityPools"] {
		out, err := x.ask("cognito-identity", identities.operation, region, identities.in)
		if err != nil {
			return err
		}
		has := len(memberOf(out, identities.member).List) > 0
		named := slices.Contains(x.Prune.Pools, id)
		if named && has {
			return x.step(0, "- "+what+" with its identities", "cognito-identity", "DeleteIdentityPool", region, in)
		}
		if named || !has {
			if err := x.step(0, "- "+what, "cognito-identity", "DeleteIdentityPool", region, in); err != nil {
				return err
			}
			if !named {
				x.steps[len(x.steps)-1].unless = identities
			}
			return nil
		}
		x.stays(what, "it has identities. To delete it with them, use --prune-pool %s", id)
	}
	settings, err := x.ask("cognito-identity", "DescribeIdentityPool", region, in)
	if err != nil {
		return err
	}
	roles, err := x.ask("cognito-identity", "GetIdentityPoolRoles", region, in)
	x.usePool(id, settings, roles)
	return err
}

func (x *pruner) users() error { return x.principals("User", x.File.users) }

func (x *pruner) roles() error { return x.principals("Role", x.File.roles) }

// principals deletes users or roles.
func (x *pruner) principals(kind string, file []*principal) error {
	for _, e := range file {
		by := strings.ToLower(kind) + " " + e.name
		x.use(by, word(e.in, "PermissionsBoundary"))
		for _, name := range e.attached {
			x.use(by, x.policyARN(name))
		}
		if kind == "Role" {
			x.trusts[e.name] = documentOf(text(word(e.in, trustMember)))
		}
	}
	all, err := x.list("List"+kind+"s", kind+"s", awsapi.Node{Kind: awsapi.Map})
	if err != nil {
		return err
	}
	for _, n := range all {
		name := word(n, kind+"Name")
		if hasPrincipal(file, name) || ofAWS(word(n, "Path")) {
			continue
		}
		deleted, err := x.principal(kind, name, n)
		if err != nil && !gone(err) {
			return err
		}
		if !deleted && kind == "Role" {
			x.trusts[name] = documentOf(memberOf(n, trustMember))
		}
	}
	return nil
}

// principal deletes a user or a role, unless it has to stay.
func (x *pruner) principal(kind, name string, n awsapi.Node) (deleted bool, err error) {
	what, member := strings.ToLower(kind)+" "+name, kind+"Name"
	var keys []awsapi.Node
	switch by := x.uses[word(n, "Arn")]; {
	case !x.declared[kind+"s"]:
		return false, nil
	case kind == "Role" && strings.HasPrefix(x.caller, "arn:aws:sts::"+x.account+":assumed-role/"+name+"/"), kind == "User" && word(n, "Arn") == x.caller:
		x.stays(what, "you are using it")
		return false, nil
	case by != "":
		x.stays(what, "%s uses it", by)
		return false, nil
	case kind == "User":
		if keys, err = x.list("ListAccessKeys", "AccessKeyMetadata", object(member, name)); err != nil {
			return false, err
		}
		if len(keys) > 0 && !slices.Contains(x.Prune.Users, name) {
			x.stays(what, "it has access keys. To delete it with them, use --prune-user %s", name)
			return false, nil
		}
	}
	inline, err := x.list("List"+kind+"Policies", "PolicyNames", object(member, name))
	if err != nil {
		return false, err
	}
	attached, err := x.list("ListAttached"+kind+"Policies", "AttachedPolicies", object(member, name))
	if err != nil {
		return false, err
	}
	for _, p := range inline {
		if err == nil {
			err = x.iam(0, "- "+what+": policy "+p.Text, "Delete"+kind+"Policy", object(member, name, "PolicyName", p.Text))
		}
	}
	for _, p := range attached {
		if err == nil {
			err = x.iam(0, "- "+what+": attached "+word(p, "PolicyArn"), "Detach"+kind+"Policy", object(member, name, "PolicyArn", word(p, "PolicyArn")))
		}
	}
	for _, k := range keys {
		if err == nil {
			err = x.iam(0, "- "+what+": access key "+word(k, "AccessKeyId"), "DeleteAccessKey", object(member, name, "AccessKeyId", word(k, "AccessKeyId")))
		}
	}
	if err == nil {
		err = x.iam(0, "- "+what, "Delete"+kind, object(member, name))
	}
	return err == nil, err
}

// planned says whether the plan deletes a user or a role.
func (x *pruner) planned(kind, name string) bool {
	return slices.ContainsFunc(x.steps, func(s Step) bool {
		return s.Operation == "Delete"+kind && word(s.In, kind+"Name") == name
	})
}

func (x *pruner) policies() error {
	if !x.declared["ManagedPolicies"] {
		return nil
	}
	all, err := x.list("ListPolicies", "Policies", object("Scope", "Local"))
	if err != nil {
		return err
	}
	for _, n := range all {
		if hasEntity(x.File.policies, word(n, "PolicyName")) {
			continue
		}
		if err := x.policy(word(n, "PolicyName"), word(n, "Arn")); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

func (x *pruner) policy(name, arn string) error {
	what, by := "managed policy "+name, x.uses[arn]
	for _, kind := range []struct {
		name string
		file []*principal
	}{{"User", x.File.users}, {"Role", x.File.roles}} {
		holders, err := x.list("ListEntitiesForPolicy", "Policy"+kind.name+"s", object("PolicyArn", arn, "EntityFilter", kind.name))
		if err != nil {
			return err
		}
		for _, h := range holders {
			holder := word(h, kind.name+"Name")
			if by == "" && !hasPrincipal(kind.file, holder) && !x.planned(kind.name, holder) {
				by = strings.ToLower(kind.name) + " " + holder
			}
		}
	}
	if by != "" {
		x.stays(what, "%s has it", by)
		return nil
	}
	versions, err := x.list("ListPolicyVersions", "Versions", object("PolicyArn", arn))
	if err != nil {
		return err
	}
	for _, v := range versions {
		if word(v, "IsDefaultVersion") == "true" {
			continue
		}
		if err := x.iam(0, "- version "+word(v, "VersionId")+" of "+what, "DeletePolicyVersion", object("PolicyArn", arn, "VersionId", word(v, "VersionId"))); err != nil {
			return err
		}
	}
	return x.iam(0, "- "+what, "DeletePolicy", object("PolicyArn", arn))
}

func (x *pruner) oidcProviders() error {
	has := map[string]bool{}
	for _, e := range x.File.oidc {
		has[x.providerARN(e.name)] = true
	}
	return x.providers("OpenIDConnectProvider", "OpenID Connect provider ", has)
}

func (x *pruner) samlProviders() error {
	has := map[string]bool{}
	for _, e := range x.File.saml {
		has[x.arn("saml-provider", "/", e.name)] = true
	}
	return x.providers("SAMLProvider", "SAML provider ", has)
}

// providers deletes providers of a kind, but those that the file has.
func (x *pruner) providers(kind, what string, has map[string]bool) error {
	if !x.declared[kind+"s"] {
		return nil
	}
	out, err := x.ask("iam", "List"+kind+"s", x.region, awsapi.Node{Kind: awsapi.Map})
	if err != nil {
		return err
	}
	for _, n := range memberOf(out, kind+"List").List {
		arn := word(n, "Arn")
		if has[arn] {
			continue
		}
		_, name, _ := strings.Cut(arn, "-provider/")
		by := x.uses[arn]
		for _, role := range sorted(x.trusts) {
			if by == "" && strings.Contains(x.trusts[role], `"`+arn+`"`) {
				by = "role " + role
			}
		}
		if by != "" {
			x.stays(what+name, "%s trusts it", by)
			continue
		}
		if err := x.iam(0, "- "+what+name, "Delete"+kind, object(kind+"Arn", arn)); err != nil {
			return err
		}
	}
	return nil
}
