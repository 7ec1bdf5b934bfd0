package declare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// A Step is a call that brings the server nearer to what a file says.
type Step struct {
	// Text says what it does: "+ role x", "~ role x: trust policy", "- …".
	Text string
	// Service, Operation and Region say which call it is, and In its input.
	Service, Operation, Region string
	In                         awsapi.Node

	line int
}

// Options say how far a plan may go.
type Options struct {
	// Region is that of the calls of services that have none.
	Region string
	// ReuseID allows pools to get IDs that deleted pools had.
	ReuseID bool
}

// planner compares a file with a server.
type planner struct {
	*File
	ctx     context.Context
	call    Caller
	options Options
	account string
	steps   []Step
}

// Plan compares the file with a server. It changes nothing there. The error is an
// *Error where the file is to blame.
func (f *File) Plan(ctx context.Context, call Caller, o Options) (steps []Step, err error) {
	p := &planner{File: f, ctx: ctx, call: call, options: o}
	who, err := call(ctx, "sts", "GetCallerIdentity", o.Region, awsapi.Node{Kind: awsapi.Map})
	if err != nil {
		return nil, err
	}
	p.account = word(who, "Account")
	for _, e := range f.policies {
		if err == nil {
			err = p.policy(e)
		}
	}
	for _, e := range f.oidc {
		if err == nil {
			err = p.oidcProvider(e)
		}
	}
	for _, e := range f.saml {
		if err == nil {
			err = p.samlProvider(e)
		}
	}
	for _, e := range slices.Concat(f.roles, f.users) {
		if err == nil {
			err = p.principal(e)
		}
	}
	for _, e := range f.pools {
		if err == nil {
			err = p.pool(e)
		}
	}
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = f.name
	}
	return p.steps, err
}

// Apply makes the calls of a plan, and tells of each before it is made.
func (f *File) Apply(ctx context.Context, call Caller, steps []Step, tell func(Step)) error {
	for _, s := range steps {
		tell(s)
		if _, err := call(ctx, s.Service, s.Operation, s.Region, s.In); err != nil {
			return &Error{f.name, s.line, fmt.Errorf("%s: %w", s.Operation, err)}
		}
	}
	return nil
}

// step adds a call. What the API's shapes do not allow is found before any call is
// made.
func (p *planner) step(line int, text, service, operation, region string, in awsapi.Node) error {
	if err := p.check(line, strings.TrimLeft(text, "+~- "), service, operation, in); err != nil {
		return err
	}
	p.steps = append(p.steps, Step{Text: text, Service: service, Operation: operation, Region: region, In: in, line: line})
	return nil
}

// check finds what the API's shapes do not allow.
func (p *planner) check(line int, what, service, operation string, in awsapi.Node) error {
	if _, err := p.rows(service, operation).Bind(in); err != nil {
		return mistake(line, "%s: %w", what, err)
	}
	return nil
}

func (p *planner) iam(line int, text, operation string, in awsapi.Node) error {
	return p.step(line, text, "iam", operation, p.options.Region, in)
}

// refused is a refusal by a service.
type refused interface{ ErrorCode() string }

// get reads something that need not be there.
func (p *planner) get(service, operation, region string, in awsapi.Node) (out awsapi.Node, found bool, err error) {
	out, err = p.call(p.ctx, service, operation, region, in)
	var r refused
	if errors.As(err, &r) && (r.ErrorCode() == "NoSuchEntity" || r.ErrorCode() == "ResourceNotFoundException") {
		return out, false, nil
	}
	return out, err == nil, err
}

// list reads all pages of a listing of IAM.
func (p *planner) list(operation, member string, in awsapi.Node) (all []awsapi.Node, err error) {
	for {
		out, err := p.call(p.ctx, "iam", operation, p.options.Region, in)
		if err != nil {
			return nil, err
		}
		if m := out.Member(member); m != nil {
			all = append(all, m.List...)
		}
		marker := word(out, "Marker")
		if word(out, "IsTruncated") != "true" || marker == "" {
			return all, nil
		}
		in = cloned(in)
		set(&in, "Marker", marker)
	}
}

// cloned is a copy of an object whose members can be changed.
func cloned(n awsapi.Node) awsapi.Node {
	n.Members = slices.Clone(n.Members)
	return n
}

func (p *planner) arn(kind, path, name string) string {
	return "arn:aws:iam::" + p.account + ":" + kind + path + name
}

func (p *planner) policy(e *entity) error {
	if err := p.check(e.line, "managed policy "+e.name, "iam", "CreatePolicy", e.in); err != nil {
		return err
	}
	path := orSlash(word(e.in, "Path"))
	arn := p.arn("policy", path, e.name)
	out, found, err := p.get("iam", "GetPolicy", p.options.Region, object("PolicyArn", arn))
	if err != nil {
		return err
	}
	if !found {
		return p.iam(e.line, "+ managed policy "+e.name, "CreatePolicy", e.in)
	}
	policy := memberOf(out, "Policy")
	version, err := p.call(p.ctx, "iam", "GetPolicyVersion", p.options.Region, object("PolicyArn", arn, "VersionId", word(policy, "DefaultVersionId")))
	if err != nil {
		return err
	}
	if word(e.in, "Description") != word(policy, "Description") {
		return mistake(e.line, "the description of managed policy %s cannot be changed: delete the policy first, or write what it is (%q)", e.name, word(policy, "Description"))
	}
	if !sameDocument(memberOf(memberOf(version, "PolicyVersion"), "Document"), word(e.in, "PolicyDocument")) {
		versions, err := p.list("ListPolicyVersions", "Versions", object("PolicyArn", arn))
		if err != nil {
			return err
		}
		const most = 5 // IAM keeps no more
		if len(versions) >= most {
			oldest := ""
			for _, v := range versions { // the newest comes first
				if word(v, "IsDefaultVersion") != "true" {
					oldest = word(v, "VersionId")
				}
			}
			if err := p.iam(e.line, "- version "+oldest+" of managed policy "+e.name, "DeletePolicyVersion", object("PolicyArn", arn, "VersionId", oldest)); err != nil {
				return err
			}
		}
		if err := p.iam(e.line, "~ managed policy "+e.name+": document", "CreatePolicyVersion",
			object("PolicyArn", arn, "PolicyDocument", word(e.in, "PolicyDocument"), "SetAsDefault", truth(true))); err != nil {
			return err
		}
	}
	return p.tags(e, "managed policy "+e.name, "Policy", "PolicyArn", arn)
}

func (p *planner) oidcProvider(e *entity) error {
	arn := p.providerARN(e.name)
	what := "OpenID Connect provider " + e.name
	if err := p.check(e.line, what, "iam", "CreateOpenIDConnectProvider", e.in); err != nil {
		return err
	}
	out, found, err := p.get("iam", "GetOpenIDConnectProvider", p.options.Region, object("OpenIDConnectProviderArn", arn))
	if err != nil {
		return err
	}
	if !found {
		return p.iam(e.line, "+ "+what, "CreateOpenIDConnectProvider", e.in)
	}
	has, wants := textsOf(out, "ClientIDList"), textsOf(e.in, "ClientIDList")
	for _, id := range wants {
		if !slices.Contains(has, id) {
			if err := p.iam(e.line, "~ "+what+": client ID "+id, "AddClientIDToOpenIDConnectProvider", object("OpenIDConnectProviderArn", arn, "ClientID", id)); err != nil {
				return err
			}
		}
	}
	for _, id := range has {
		if !slices.Contains(wants, id) {
			if err := p.iam(e.line, "~ "+what+": no client ID "+id, "RemoveClientIDFromOpenIDConnectProvider", object("OpenIDConnectProviderArn", arn, "ClientID", id)); err != nil {
				return err
			}
		}
	}
	if prints := e.in.Member("ThumbprintList"); prints != nil && !sameSet(textsOf(out, "ThumbprintList"), textsOf(e.in, "ThumbprintList")) {
		if err := p.iam(e.line, "~ "+what+": thumbprints", "UpdateOpenIDConnectProviderThumbprint", object("OpenIDConnectProviderArn", arn, "ThumbprintList", *prints)); err != nil {
			return err
		}
	}
	return p.tags(e, what, "OpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
}

// providerARN is the ARN of an OpenID Connect provider by its URL.
func (p *planner) providerARN(issuer string) string {
	_, name, ok := strings.Cut(issuer, "://")
	if !ok {
		return issuer
	}
	return p.arn("oidc-provider", "/", name)
}

func (p *planner) samlProvider(e *entity) error {
	arn := p.arn("saml-provider", "/", e.name)
	what := "SAML provider " + e.name
	if err := p.check(e.line, what, "iam", "CreateSAMLProvider", e.in); err != nil {
		return err
	}
	out, found, err := p.get("iam", "GetSAMLProvider", p.options.Region, object("SAMLProviderArn", arn))
	if err != nil {
		return err
	}
	if !found {
		return p.iam(e.line, "+ "+what, "CreateSAMLProvider", e.in)
	}
	if word(out, "SAMLMetadataDocument") != word(e.in, "SAMLMetadataDocument") {
		if err := p.iam(e.line, "~ "+what+": metadata", "UpdateSAMLProvider", object("SAMLProviderArn", arn, "SAMLMetadataDocument", word(e.in, "SAMLMetadataDocument"))); err != nil {
			return err
		}
	}
	return p.tags(e, what, "SAMLProvider", "SAMLProviderArn", arn)
}

// tags compares tags with those that something has, which a member of the input names.
func (p *planner) tags(e *entity, what, kind, member, name string) error {
	has, err := p.list("List"+kind+"Tags", "Tags", object(member, name))
	if err != nil {
		return err
	}
	wants := map[string]string{}
	var changed awsapi.Node
	changed.Kind = awsapi.List
	if tags := e.in.Member("Tags"); tags != nil {
		for _, t := range tags.List {
			wants[word(t, "Key")] = word(t, "Value")
			if !slices.ContainsFunc(has, func(h awsapi.Node) bool {
				return word(h, "Key") == word(t, "Key") && word(h, "Value") == word(t, "Value")
			}) {
				changed.List = append(changed.List, t)
			}
		}
	}
	gone := awsapi.Node{Kind: awsapi.List}
	for _, h := range has {
		if _, ok := wants[word(h, "Key")]; !ok {
			gone.List = append(gone.List, text(word(h, "Key")))
		}
	}
	if len(changed.List) > 0 {
		if err := p.iam(e.line, "~ "+what+": tags", "Tag"+kind, object(member, name, "Tags", changed)); err != nil {
			return err
		}
	}
	if len(gone.List) > 0 {
		return p.iam(e.line, "~ "+what+": fewer tags", "Untag"+kind, object(member, name, "TagKeys", gone))
	}
	return nil
}

// principal compares a role or a user.
func (p *planner) principal(e *principal) error {
	what, member := strings.ToLower(e.kind)+" "+e.name, e.kind+"Name"
	if boundary := word(e.in, "PermissionsBoundary"); boundary != "" {
		set(&e.in, "PermissionsBoundary", p.policyARN(boundary))
	}
	if err := p.check(e.line, what, "iam", "Create"+e.kind, e.in); err != nil {
		return err
	}
	out, found, err := p.get("iam", "Get"+e.kind, p.options.Region, object(member, e.name))
	if err != nil {
		return err
	}
	if !found {
		if err := p.iam(e.line, "+ "+what, "Create"+e.kind, e.in); err != nil {
			return err
		}
	} else if err := p.changed(e, what, member, memberOf(out, e.kind)); err != nil {
		return err
	}
	if err := p.inline(e, what, member, found); err != nil {
		return err
	}
	if err := p.attached(e, what, member, found); err != nil {
		return err
	}
	for _, key := range e.keys {
		in := object("UserName", e.name, "AccessKeyId", key.id, "SecretAccessKey", key.secret)
		if found {
			dry := cloned(in)
			set(&dry, "DryRun", truth(true))
			out, err := p.call(p.ctx, "daypass", "ImportAccessKey", p.options.Region, dry)
			if err != nil {
				return mistake(key.line, "access key %s: %w", key.id, err)
			}
			if word(out, "Changed") != "true" {
				continue
			}
		}
		if err := p.step(key.line, "+ "+what+": access key "+key.id, "daypass", "ImportAccessKey", p.options.Region, in); err != nil {
			return err
		}
	}
	return nil
}

// policyARN is the ARN of a managed policy, which a file may call by its name.
func (p *planner) policyARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return p.arn("policy", "/", name)
}

func (p *planner) changed(e *principal, what, member string, is awsapi.Node) error {
	if path := orSlash(word(e.in, "Path")); path != word(is, "Path") {
		return mistake(e.line, "the path of %s is %s and cannot be changed: delete it first", what, word(is, "Path"))
	}
	if e.kind == "Role" {
		if !sameDocument(memberOf(is, "AssumeRolePolicyDocument"), word(e.in, "AssumeRolePolicyDocument")) {
			if err := p.iam(e.line, "~ "+what+": trust policy", "UpdateAssumeRolePolicy", object("RoleName", e.name, "PolicyDocument", word(e.in, "AssumeRolePolicyDocument"))); err != nil {
				return err
			}
		}
		hours, had := orHour(word(e.in, "MaxSessionDuration")), orHour(word(is, "MaxSessionDuration"))
		said, saying := word(is, "Description"), word(e.in, "Description")
		if hours != had || said != saying {
			text := "~ " + what + ": description"
			if hours != had {
				text = fmt.Sprintf("~ %s: MaxSessionDuration %s → %s", what, had, hours)
			}
			in := object("RoleName", e.name, "MaxSessionDuration", awsapi.Node{Kind: awsapi.Number, Text: hours}, "Description", saying)
			if err := p.iam(e.line, text, "UpdateRole", in); err != nil {
				return err
			}
		}
	}
	switch has, wants := word(memberOf(is, "PermissionsBoundary"), "PermissionsBoundaryArn"), word(e.in, "PermissionsBoundary"); {
	case has == wants:
	case wants == "":
		if err := p.iam(e.line, "~ "+what+": no permissions boundary", "Delete"+e.kind+"PermissionsBoundary", object(member, e.name)); err != nil {
			return err
		}
	default:
		if err := p.iam(e.line, "~ "+what+": permissions boundary "+wants, "Put"+e.kind+"PermissionsBoundary", object(member, e.name, "PermissionsBoundary", wants)); err != nil {
			return err
		}
	}
	return p.tags(&e.entity, what, e.kind, member, e.name)
}

// inline compares inline policies.
func (p *planner) inline(e *principal, what, member string, found bool) error {
	has := map[string]bool{}
	if found {
		names, err := p.list("List"+e.kind+"Policies", "PolicyNames", object(member, e.name))
		if err != nil {
			return err
		}
		for _, n := range names {
			has[n.Text] = true
		}
	}
	for _, d := range e.policies {
		sign := "+"
		if has[d.name] {
			delete(has, d.name)
			out, err := p.call(p.ctx, "iam", "Get"+e.kind+"Policy", p.options.Region, object(member, e.name, "PolicyName", d.name))
			if err != nil {
				return err
			}
			if sameDocument(memberOf(out, "PolicyDocument"), d.text) {
				continue
			}
			sign = "~"
		}
		if err := p.iam(d.line, sign+" "+what+": policy "+d.name, "Put"+e.kind+"Policy", object(member, e.name, "PolicyName", d.name, "PolicyDocument", d.text)); err != nil {
			return err
		}
	}
	for _, name := range sorted(has) {
		if err := p.iam(e.line, "- "+what+": policy "+name, "Delete"+e.kind+"Policy", object(member, e.name, "PolicyName", name)); err != nil {
			return err
		}
	}
	return nil
}

// attached compares attached policies.
func (p *planner) attached(e *principal, what, member string, found bool) error {
	has := map[string]bool{}
	if found {
		all, err := p.list("ListAttached"+e.kind+"Policies", "AttachedPolicies", object(member, e.name))
		if err != nil {
			return err
		}
		for _, a := range all {
			has[word(a, "PolicyArn")] = true
		}
	}
	for _, name := range e.attached {
		arn := p.policyARN(name)
		if has[arn] {
			delete(has, arn)
			continue
		}
		if err := p.iam(e.line, "+ "+what+": attached "+arn, "Attach"+e.kind+"Policy", object(member, e.name, "PolicyArn", arn)); err != nil {
			return err
		}
	}
	for _, arn := range sorted(has) {
		if err := p.iam(e.line, "- "+what+": attached "+arn, "Detach"+e.kind+"Policy", object(member, e.name, "PolicyArn", arn)); err != nil {
			return err
		}
	}
	return nil
}

// pool compares an identity pool.
func (p *planner) pool(e *pool) error {
	what := "identity pool " + e.name + " (" + word(e.in, "IdentityPoolName") + ")"
	step := func(text, operation string, in awsapi.Node) error {
		return p.step(e.line, text, "cognito-identity", operation, e.region, in)
	}
	if arns := e.in.Member("OpenIdConnectProviderARNs"); arns != nil {
		for i := range arns.List {
			arns.List[i].Text = p.providerARN(arns.List[i].Text)
		}
	}
	if e.in.Member("IdentityPoolTags") == nil {
		set(&e.in, "IdentityPoolTags", awsapi.Node{Kind: awsapi.Map})
	}
	id := object("IdentityPoolId", e.name)
	out, found, err := p.get("cognito-identity", "DescribeIdentityPool", e.region, id)
	if err != nil {
		return err
	}
	if !found {
		in := object("IdentityPoolId", e.name, "IdentityPoolName", word(e.in, "IdentityPoolName"), "AllowUnauthenticatedIdentities", *e.in.Member("AllowUnauthenticatedIdentities"))
		if p.options.ReuseID {
			set(&in, "ReuseId", truth(true))
		}
		if err := p.step(e.line, "+ "+what, "daypass", "ImportIdentityPool", e.region, in); err != nil {
			return err
		}
		out = in
	}
	if changed := p.different(e.in, out); len(changed) > 0 {
		sign := "~ "
		if !found {
			sign = "+ "
		}
		if was, is := word(out, "DeveloperProviderName"), word(e.in, "DeveloperProviderName"); was != "" && was != is {
			return mistake(e.line, "the developer provider of %s is %q and cannot be changed", what, was)
		}
		if err := step(sign+what+": "+strings.Join(changed, ", "), "UpdateIdentityPool", e.in); err != nil {
			return err
		}
	}
	if err := p.poolRoles(e, what, found, step); err != nil {
		return err
	}
	for _, t := range e.tags {
		in := object("IdentityPoolId", e.name, "IdentityProviderName", t.name)
		if found {
			out, there, err := p.get("cognito-identity", "GetPrincipalTagAttributeMap", e.region, in)
			if err != nil {
				return err
			}
			if there && canonical(pick(out, "UseDefaults", "PrincipalTags")) == canonical(pick(t.in, "UseDefaults", "PrincipalTags")) {
				continue
			}
		}
		for _, m := range t.in.Members {
			set(&in, m.Name, m.Value)
		}
		if err := p.step(t.line, "~ "+what+": principal tags of "+t.name, "cognito-identity", "SetPrincipalTagAttributeMap", e.region, in); err != nil {
			return err
		}
	}
	for _, user := range e.users {
		if found {
			_, there, err := p.get("cognito-identity", "LookupDeveloperIdentity", e.region, object("IdentityPoolId", e.name, "DeveloperUserIdentifier", user))
			if err != nil {
				return err
			}
			if there {
				continue
			}
		}
		in := object("IdentityPoolId", e.name, "Logins", object(word(e.in, "DeveloperProviderName"), user))
		if err := step("+ "+what+": developer user "+user, "GetOpenIdTokenForDeveloperIdentity", in); err != nil {
			return err
		}
	}
	return nil
}

// poolRoles compares a pool's roles and role mappings.
func (p *planner) poolRoles(e *pool, what string, found bool, step func(text, operation string, in awsapi.Node) error) error {
	for i := range e.roles.Members {
		e.roles.Members[i].Value.Text = p.roleARN(e.roles.Members[i].Value.Text)
	}
	for i := range e.mappings.Members {
		if c := e.mappings.Members[i].Value.Member("RulesConfiguration"); c != nil {
			if rules := c.Member("Rules"); rules != nil {
				for j := range rules.List {
					set(&rules.List[j], "RoleARN", p.roleARN(word(rules.List[j], "RoleARN")))
				}
			}
		}
	}
	wants := object("Roles", e.roles, "RoleMappings", e.mappings)
	is := object("Roles", awsapi.Node{Kind: awsapi.Map}, "RoleMappings", awsapi.Node{Kind: awsapi.Map})
	if found {
		out, err := p.call(p.ctx, "cognito-identity", "GetIdentityPoolRoles", e.region, object("IdentityPoolId", e.name))
		if err != nil {
			return err
		}
		for _, m := range pick(out, "Roles", "RoleMappings").Members {
			set(&is, m.Name, m.Value)
		}
	}
	if canonical(wants) == canonical(is) {
		return nil
	}
	in := cloned(wants)
	set(&in, "IdentityPoolId", e.name)
	return step("~ "+what+": roles", "SetIdentityPoolRoles", in)
}

// roleARN is the ARN of a role, which a file may call by its name.
func (p *planner) roleARN(name string) string {
	if name == "" || strings.HasPrefix(name, "arn:") {
		return name
	}
	return p.arn("role", "/", name)
}

// different are the members in which a pool differs from what a file says, each that
// is empty being the same as one that is absent.
func (p *planner) different(wants, is awsapi.Node) (changed []string) {
	for _, m := range p.rows("cognito-identity", "UpdateIdentityPool").Input().Members() {
		if m.Name == "IdentityPoolId" {
			continue
		}
		if !sameValue(wants.Member(m.Name), is.Member(m.Name)) {
			changed = append(changed, m.Name)
		}
	}
	return changed
}
