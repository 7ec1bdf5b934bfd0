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
	// Skipped says that this is no call: the text says what is not done, and why.
	Skipped bool

	line   int
	unless *listing
}

// listing is a question of the same service whose answer has to have nothing in it, or
// the call is not made.
type listing struct {
	operation, member string
	in                awsapi.Node
}

// Options say how far a plan may go.
type Options struct {
	// Region is that of the calls of services that have none.
	Region string
	// ReuseID allows pools to get IDs that deleted pools had.
	ReuseID bool
	// Rehearsal says that the server is an empty one, which is there to find mistakes.
	// It need not have what only a server in use has.
	Rehearsal bool
	// Prune deletes what the file does not name, of the kinds that it declares; nil for
	// nothing.
	Prune *Prune
}

// planner compares a file with a server.
type planner struct {
	*server
	*File
	options Options
	steps   []Step
	// before are the roles that are made before one that they trust, and trusts the calls
	// that give them their trust policies when all are there.
	before map[*principal]bool
	trusts []Step
}

// trustMember is the member of a role that has its trust policy.
const trustMember = "AssumeRolePolicyDocument"

// Plan compares the file with a server. It changes nothing there. The error is an
// *Error where the file is to blame.
func (f *File) Plan(ctx context.Context, call Caller, o Options) (steps []Step, err error) {
	at, err := serverOf(ctx, call, o.Region)
	if err != nil {
		return nil, err
	}
	if o.Prune != nil {
		if err := o.Prune.check(f); err != nil {
			return nil, f.blamed(err)
		}
	}
	f = f.clone() // names become ARNs of this server
	p := &planner{server: at, File: f, options: o}
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
	if o.Rehearsal {
		for _, e := range f.roles {
			if trust := word(e.in, trustMember); trust != "" {
				set(&e.in, trustMember, f.withStrangers(trust, p.account))
			}
		}
	}
	roles, before := f.rolesInOrder(p.account)
	p.before = before
	for _, e := range slices.Concat(f.users, roles) {
		if err == nil {
			err = p.principal(e)
		}
	}
	p.steps = append(p.steps, p.trusts...)
	for _, e := range f.pools {
		if err == nil {
			err = p.pool(e)
		}
	}
	if err == nil && o.Prune != nil {
		err = p.prune(o.Prune)
	}
	return p.steps, f.blamed(err)
}

// blamed is an error that names the file, if the file is to blame.
func (f *File) blamed(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = f.name
	}
	return err
}

// Apply makes the calls of a plan, and tells of each before it is made.
func (f *File) Apply(ctx context.Context, call Caller, steps []Step, tell func(Step)) error {
	for _, s := range steps {
		tell(s)
		if s.Skipped {
			continue
		}
		if s.unless != nil {
			out, err := call(ctx, s.Service, s.unless.operation, s.Region, s.unless.in)
			if err == nil && len(memberOf(out, s.unless.member).List) > 0 {
				err = errors.New("it has identities by now. Apply the file again")
			}
			if err != nil {
				return &Error{f.name, s.line, fmt.Errorf("%s: %w", strings.TrimLeft(s.Text, "- "), err)}
			}
		}
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
	return p.step(line, text, "iam", operation, p.region, in)
}

func (p *planner) policy(e *entity) error {
	if err := p.check(e.line, "managed policy "+e.name, "iam", "CreatePolicy", e.in); err != nil {
		return err
	}
	path := orSlash(word(e.in, "Path"))
	arn := p.arn("policy", path, e.name)
	out, found, err := p.get("iam", "GetPolicy", p.region, object("PolicyArn", arn))
	if err != nil {
		return err
	}
	if !found {
		return p.iam(e.line, "+ managed policy "+e.name, "CreatePolicy", e.in)
	}
	policy := memberOf(out, "Policy")
	document, err := p.policyDocument(arn, policy)
	if err != nil {
		return err
	}
	if word(e.in, "Description") != word(policy, "Description") {
		return mistake(e.line, "the description of managed policy %s cannot be changed: delete the policy first, or write what it is (%q)", e.name, word(policy, "Description"))
	}
	if !sameDocument(document, word(e.in, "PolicyDocument")) {
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
	out, found, err := p.get("iam", "GetOpenIDConnectProvider", p.region, object("OpenIDConnectProviderArn", arn))
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

func (p *planner) samlProvider(e *entity) error {
	arn := p.arn("saml-provider", "/", e.name)
	what := "SAML provider " + e.name
	if err := p.check(e.line, what, "iam", "CreateSAMLProvider", e.in); err != nil {
		return err
	}
	out, found, err := p.get("iam", "GetSAMLProvider", p.region, object("SAMLProviderArn", arn))
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
	out, found, err := p.get("iam", "Get"+e.kind, p.region, object(member, e.name))
	if err != nil {
		return err
	}
	if !found {
		in := e.in
		if p.before[e] {
			if err := p.trust(e, what); err != nil {
				return err
			}
			in = cloned(e.in)
			set(&in, trustMember, trustsNobody)
		}
		if err := p.iam(e.line, "+ "+what, "Create"+e.kind, in); err != nil {
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
	return p.accessKeys(e, what, found)
}

// accessKeys compares access keys. Those that the file does not name stay.
func (p *planner) accessKeys(e *principal, what string, found bool) error {
	if len(e.keys) == 0 {
		return nil
	}
	has := map[string]string{}
	if found {
		keys, err := p.list("ListAccessKeys", "AccessKeyMetadata", object("UserName", e.name))
		if err != nil {
			return err
		}
		for _, k := range keys {
			has[word(k, "AccessKeyId")] = word(k, "Status")
		}
	}
	for _, key := range e.keys {
		status := has[key.id]
		if key.secret == "" {
			if status == "" && !p.options.Rehearsal {
				return mistake(key.line, "%s has no access key %s on this server, so its secret is needed: %s", what, key.id, key.from.ask())
			}
		} else if err := p.importKey(e, key, what, found); err != nil {
			return err
		}
		if status == "" {
			status = "Active" // as keys begin
		}
		if key.status != "" && key.status != status {
			in := object("UserName", e.name, "AccessKeyId", key.id, "Status", key.status)
			if err := p.iam(key.line, "~ "+what+": access key "+key.id+" "+strings.ToLower(key.status), "UpdateAccessKey", in); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask says how to give a secret.
func (s secretFrom) ask() string {
	if s.kind == "env" {
		return "set the environment variable " + s.name
	}
	return "write it to the file " + s.name
}

// importKey makes a key have the secret that the file says.
func (p *planner) importKey(e *principal, key accessKey, what string, found bool) error {
	in := object("UserName", e.name, "AccessKeyId", key.id, "SecretAccessKey", key.secret)
	if found {
		dry := cloned(in)
		set(&dry, "DryRun", truth(true))
		out, err := p.ask("daypass", "ImportAccessKey", p.region, dry)
		if err != nil {
			return mistake(key.line, "access key %s: %w", key.id, err)
		}
		if word(out, "Changed") != "true" {
			return nil
		}
	}
	return p.step(key.line, "+ "+what+": access key "+key.id, "daypass", "ImportAccessKey", p.region, in)
}

func (p *planner) changed(e *principal, what, member string, is awsapi.Node) error {
	if path := orSlash(word(e.in, "Path")); path != word(is, "Path") {
		return mistake(e.line, "the path of %s is %s and cannot be changed: delete it first", what, word(is, "Path"))
	}
	if e.kind == "Role" {
		if !sameDocument(memberOf(is, trustMember), word(e.in, trustMember)) {
			if err := p.trust(e, what); err != nil {
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

// trust gives a role its trust policy, after all others where it trusts one of them.
func (p *planner) trust(e *principal, what string) error {
	steps := p.steps
	if err := p.iam(e.line, "~ "+what+": trust policy", "UpdateAssumeRolePolicy", object("RoleName", e.name, "PolicyDocument", word(e.in, trustMember))); err != nil {
		return err
	}
	if p.before[e] {
		p.trusts, p.steps = append(p.trusts, p.steps[len(steps):]...), steps
	}
	return nil
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
			out, err := p.ask("iam", "Get"+e.kind+"Policy", p.region, object(member, e.name, "PolicyName", d.name))
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
		if err := p.mayImport(e, what, in); err != nil {
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
			if there && sameValue(out.Member("UseDefaults"), t.in.Member("UseDefaults")) && sameValue(out.Member("PrincipalTags"), t.in.Member("PrincipalTags")) {
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
	if err := p.adoption(e, what, found); err != nil {
		return err
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

// mayImport asks whether a pool can be made with its ID, so that nothing is changed before
// that is refused.
func (p *planner) mayImport(e *pool, what string, in awsapi.Node) error {
	if p.options.Rehearsal {
		return nil
	}
	dry := cloned(in)
	set(&dry, "DryRun", truth(true))
	_, err := p.ask("daypass", "ImportIdentityPool", e.region, dry)
	var r refused
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &r):
		return err
	case r.ErrorCode() == "ResourceConflictException":
		return mistake(e.line, "%s: a pool that was deleted had this ID, and roles and stores may still trust it. Choose another ID, or create it again with daypass apply --reuse-id", what)
	}
	return mistake(e.line, "%s: %w", what, err)
}

// poolRoles compares a pool's roles and role mappings.
func (p *planner) poolRoles(e *pool, what string, found bool, step func(text, operation string, in awsapi.Node) error) error {
	e.mapRoles(p.roleARN)
	wants := object("Roles", e.roles, "RoleMappings", e.mappings)
	is := object("Roles", awsapi.Node{Kind: awsapi.Map}, "RoleMappings", awsapi.Node{Kind: awsapi.Map})
	if found {
		out, err := p.ask("cognito-identity", "GetIdentityPoolRoles", e.region, object("IdentityPoolId", e.name))
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
