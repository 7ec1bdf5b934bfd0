package declare

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

// File is what a file says.
type File struct {
	name     string
	rows     func(service, operation string) *awsapi.Row
	policies []*entity
	oidc     []*entity
	saml     []*entity
	roles    []*principal
	users    []*principal
	pools    []*pool
	declared map[string]bool // the lists that the file has
	lines    map[string]int  // of the entities, by what they are and their names
}

// entity is something with a name, and the input that makes it.
type entity struct {
	line int
	name string
	in   awsapi.Node
}

// principal is a role or a user.
type principal struct {
	entity
	kind     string // Role or User
	policies []document
	attached []string
	keys     []accessKey
}

type document struct {
	line int
	name string
	text string
}

type accessKey struct {
	line       int
	id, secret string
	status     string // empty for what it is
	// from says where the secret comes from, if it is not in the file. An optional one
	// need not be there: it is empty then, and stays what it is on the server.
	from     secretFrom
	optional bool
}

// secretFrom is where a secret comes from: env or file, and which one.
type secretFrom struct{ kind, name string }

// inactive is the status of a key that nobody can sign with.
const inactive = "Inactive"

// pool is an identity pool.
type pool struct {
	entity
	region          string
	roles, mappings awsapi.Node // as SetIdentityPoolRoles has them
	tags            []entity    // by provider, as SetPrincipalTagAttributeMap has them
	users           []string
	adopt           awsapi.Node // as SetIdentityPoolAdoption has it; Null where it does not
}

// mapRoles changes how the pool calls its roles.
func (p *pool) mapRoles(name func(string) string) {
	for i := range p.roles.Members {
		p.roles.Members[i].Value.Text = name(p.roles.Members[i].Value.Text)
	}
	for i := range p.mappings.Members {
		if c := p.mappings.Members[i].Value.Member("RulesConfiguration"); c != nil {
			if rules := c.Member("Rules"); rules != nil {
				for j := range rules.List {
					set(&rules.List[j], "RoleARN", name(word(rules.List[j], "RoleARN")))
				}
			}
		}
	}
}

// clone is a copy of the file that shares nothing that changes.
func (f *File) clone() *File {
	of := *f
	entities := func(all []*entity) []*entity {
		all = slices.Clone(all)
		for i, e := range all {
			all[i] = &entity{e.line, e.name, deepClone(e.in)}
		}
		return all
	}
	principals := func(all []*principal) []*principal {
		all = slices.Clone(all)
		for i, p := range all {
			one := *p
			one.in, one.policies, one.attached, one.keys = deepClone(p.in), slices.Clone(p.policies), slices.Clone(p.attached), slices.Clone(p.keys)
			all[i] = &one
		}
		return all
	}
	of.policies, of.oidc, of.saml = entities(f.policies), entities(f.oidc), entities(f.saml)
	of.roles, of.users, of.pools = principals(f.roles), principals(f.users), slices.Clone(f.pools)
	for i, p := range of.pools {
		one := *p
		one.in, one.roles, one.mappings, one.adopt = deepClone(p.in), deepClone(p.roles), deepClone(p.mappings), deepClone(p.adopt)
		one.tags, one.users = slices.Clone(p.tags), slices.Clone(p.users)
		of.pools[i] = &one
	}
	return &of
}

// deepClone is a copy of a value that shares nothing with it.
func deepClone(n awsapi.Node) awsapi.Node {
	n.List, n.Members = slices.Clone(n.List), slices.Clone(n.Members)
	for i := range n.List {
		n.List[i] = deepClone(n.List[i])
	}
	for i := range n.Members {
		n.Members[i].Value = deepClone(n.Members[i].Value)
	}
	return n
}

// Source says where a file is and what it may read.
type Source struct {
	// Name is the file's, for messages. Other files that it names are beside it.
	Name string
	Text []byte
	// Getenv reads the environment, for secrets.
	Getenv func(string) string
	// Services are the tables of the API.
	Services []awsapi.Service
}

// Parse reads a file. The error is an *Error.
func Parse(s Source) (*File, error) {
	tables := map[string]*awsapi.Table{}
	for _, service := range s.Services {
		tables[service.Name] = service.Compile()
	}
	f := &File{name: s.Name, declared: map[string]bool{}, lines: map[string]int{}, rows: func(service, operation string) *awsapi.Row { return tables[service].Row(operation) }}
	root, err := read(s.Text)
	if err == nil {
		err = f.all(root, s)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = s.Name
	}
	return f, err
}

func (f *File) all(root *value, s Source) error {
	if root.kind != awsapi.Map {
		return mistake(root.line, "the file is an object that begins with Version: 1")
	}
	switch version := root.take("Version"); {
	case version == nil:
		return mistake(root.line, "the file has no Version: write Version: 1")
	case version.text != "1":
		return mistake(version.line, "version %s of the format is not known: this daypass reads version 1", version.text)
	}
	read := map[string]func(*value, Source) error{
		managedPolicies.list: f.policy, oidcProviders.list: f.oidcProvider, samlProviders.list: f.samlProvider,
		roles.list: f.role, users.list: f.user, pools.list: f.pool,
	}
	var known []string
	for _, k := range kinds {
		known = append(known, k.list)
		v := root.take(k.list)
		if v == nil || v.kind == awsapi.Null {
			continue
		}
		if v.kind != awsapi.List {
			return mistake(v.line, "%s is a list", k.list)
		}
		f.declared[k.list] = true
		for _, e := range v.list {
			if e.kind != awsapi.Map {
				return mistake(e.line, "each of %s is an object", k.list)
			}
			if err := read[k.list](e, s); err != nil {
				return err
			}
		}
	}
	for _, m := range root.members {
		return unknown(m.line, m.name, "the file", append(known, "Version"))
	}
	return nil
}

// input is what the operation of a kind gets.
func (f *File) input(v *value, k kind, what string) (awsapi.Node, error) {
	return structure(v, f.rows(k.service, k.operation).Input(), what, k.moreNames())
}

// named takes the member that is an entity's name, and sees to it that it is new.
func (f *File) named(v *value, member, what string) (string, error) {
	n := v.member(member)
	if n == nil {
		return "", mistake(v.line, "%s has no %s", what, member)
	}
	name, err := n.word(member)
	if err != nil {
		return "", err
	}
	_, kind, _ := strings.Cut(what, " ") // without its article
	if line := f.taken(kind, name, v.line); line != 0 {
		return "", mistake(n.line, "%s %s is there twice, also in line %d", kind, name, line)
	}
	return name, nil
}

// taken is the line of the entity that has a name already, whatever its case; 0 where
// it is new, and from then on that of the entity in this line.
func (f *File) taken(kind, name string, line int) int {
	key := kind + " " + strings.ToLower(name)
	if there := f.lines[key]; there != 0 {
		return there
	}
	f.lines[key] = line
	return 0
}

func (f *File) policy(v *value, _ Source) error {
	name, err := f.named(v, managedPolicies.name, "a managed policy")
	if err != nil {
		return err
	}
	in, err := f.input(v, managedPolicies, "managed policy "+name)
	f.policies = append(f.policies, &entity{v.line, name, in})
	return err
}

func (f *File) oidcProvider(v *value, _ Source) error {
	url, err := f.named(v, oidcProviders.name, "an OpenID Connect provider")
	if err != nil {
		return err
	}
	in, err := f.input(v, oidcProviders, "OpenID Connect provider "+url)
	f.oidc = append(f.oidc, &entity{v.line, url, in})
	return err
}

func (f *File) samlProvider(v *value, s Source) error {
	name, err := f.named(v, samlProviders.name, "a SAML provider")
	if err != nil {
		return err
	}
	if m := v.member("SAMLMetadataDocument"); m != nil && m.kind == awsapi.Map {
		text, _, err := secret(m, s, "SAMLMetadataDocument")
		if err != nil {
			return err
		}
		if !metadata(text) { // said without what it is: the API's error shows it
			return mistake(m.line, "SAMLMetadataDocument: what {%s: %s} names is no SAML metadata, which is XML of at least %d characters", m.members[0].name, m.members[0].text, leastMetadata)
		}
		*m = value{line: m.line, kind: awsapi.Text, text: text}
	}
	in, err := f.input(v, samlProviders, "SAML provider "+name)
	f.saml = append(f.saml, &entity{v.line, name, in})
	return err
}

// leastMetadata is how long the API wants metadata to be, in characters.
const leastMetadata = 1000

// metadata says whether a text can be the metadata of a SAML provider. What a file names
// may be anything that the command can read, such as a key.
func metadata(text string) bool {
	return utf8.RuneCountInString(text) >= leastMetadata && strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")), "<")
}

// errNoSecret says that what is to have a secret is not there.
var errNoSecret = errors.New("it is not there")

// secret reads {env: VAR} or {file: PATH}.
func secret(v *value, s Source, what string) (text string, from secretFrom, err error) {
	if v.kind != awsapi.Map || len(v.members) != 1 {
		return "", from, mistake(v.line, "%s is {env: VARIABLE} or {file: PATH}", what)
	}
	m := v.members[0]
	at, err := m.word(m.name)
	if err != nil {
		return "", from, err
	}
	switch from = (secretFrom{m.name, at}); m.name {
	case "env":
		if text := s.Getenv(at); text != "" {
			return text, from, nil
		}
		return "", from, &Error{Line: m.line, Err: absent{fmt.Errorf("%s: the environment variable %s is not set", what, at)}}
	case "file":
		if !filepath.IsAbs(at) {
			at = filepath.Join(filepath.Dir(s.Name), at)
		}
		text, err := readFile(at, maxBeside)
		if err != nil {
			err = fmt.Errorf("%s: %w", what, err)
			if errors.Is(err, fs.ErrNotExist) {
				err = absent{err}
			}
			return "", from, &Error{Line: m.line, Err: err}
		}
		return strings.TrimRight(string(text), "\r\n"), from, nil
	}
	return "", from, mistake(m.line, "%s is {env: VARIABLE} or {file: PATH}", what)
}

// absent is an error about a secret that is not where the file says.
type absent struct{ error }

func (a absent) Unwrap() error      { return a.error }
func (absent) Is(target error) bool { return target == errNoSecret }

// maxBeside is the longest file that a file may name, in bytes: SAML metadata has up
// to ten million characters.
const maxBeside = 16 << 20

// ReadFile reads a file for [Parse].
func ReadFile(name string) ([]byte, error) { return readFile(name, MaxFile) }

// readFile reads a regular file of at most so many bytes: a pipe would keep its reader
// waiting, and a device has no end.
func readFile(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	}
	return text, nil
}

func (f *File) role(v *value, s Source) error {
	return f.addPrincipal(v, s, "Role", roles, &f.roles)
}

func (f *File) user(v *value, s Source) error {
	return f.addPrincipal(v, s, "User", users, &f.users)
}

func (f *File) addPrincipal(v *value, s Source, kind string, of kind, all *[]*principal) error {
	what := "a " + strings.ToLower(kind)
	name, err := f.named(v, of.name, what)
	if err != nil {
		return err
	}
	what = strings.ToLower(kind) + " " + name
	p := &principal{entity: entity{line: v.line, name: name}, kind: kind}
	if policies := v.take("Policies"); policies != nil {
		if policies.kind != awsapi.Map {
			return mistake(policies.line, "%s's Policies is an object: {NAME: POLICY}", what)
		}
		for _, m := range policies.members {
			doc, err := m.document(what + "'s policy " + m.name)
			if err != nil {
				return err
			}
			p.policies = append(p.policies, document{m.line, m.name, doc})
		}
	}
	if p.attached, err = v.take("AttachedPolicyArns").texts(what + "'s AttachedPolicyArns"); err != nil {
		return err
	}
	if kind == "User" {
		if err := p.accessKeys(v.take("AccessKeys"), s, what); err != nil {
			return err
		}
	}
	p.in, err = f.input(v, of, what)
	*all = append(*all, p)
	return err
}

func (p *principal) accessKeys(v *value, s Source, what string) error {
	if v == nil {
		return nil
	}
	if v.kind != awsapi.List {
		return mistake(v.line, "%s's AccessKeys is a list", what)
	}
	for _, e := range v.list {
		id, hidden, status := e.take("AccessKeyId"), e.take("SecretAccessKey"), e.take("Status")
		for _, m := range e.members {
			return unknown(m.line, m.name, "an access key", []string{"AccessKeyId", "SecretAccessKey", "Status"})
		}
		if id == nil || hidden == nil {
			return mistake(e.line, "an access key has AccessKeyId and SecretAccessKey")
		}
		key := accessKey{line: e.line}
		var err error
		if key.id, err = id.word("AccessKeyId"); err != nil {
			return err
		}
		if status != nil {
			if key.status = status.text; key.status != "Active" && key.status != inactive {
				return mistake(status.line, "the Status of an access key is Active or Inactive")
			}
		}
		if err := key.readSecret(hidden, s); err != nil {
			return err
		}
		p.keys = append(p.keys, key)
	}
	return nil
}

// readSecret reads the secret of a key: a text, or where it is.
func (k *accessKey) readSecret(v *value, s Source) error {
	const what = "SecretAccessKey"
	if v.kind == awsapi.Text {
		k.secret = v.text
		return nil
	}
	if optional := v.take("optional"); optional != nil {
		if optional.kind != awsapi.Bool {
			return mistake(optional.line, "%s: optional is true or false", what)
		}
		k.optional = optional.text == "true"
	}
	var err error
	k.secret, k.from, err = secret(v, s, what)
	if k.optional && errors.Is(err, errNoSecret) {
		return nil
	}
	return err
}

const poolIDPattern = `^([a-z0-9-]+):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`

var poolID = regexp.MustCompile(poolIDPattern)

func (f *File) pool(v *value, s Source) error {
	id, err := f.named(v, pools.name, "an identity pool")
	if err != nil {
		return err
	}
	match := poolID.FindStringSubmatch(id)
	if match == nil {
		return mistake(v.member("IdentityPoolId").line, "IdentityPoolId %q: an ID is REGION:GUID, such as us-east-1:11111111-2222-4333-8444-555555555555", id)
	}
	p := &pool{entity: entity{line: v.line, name: id}, region: match[1]}
	what := "identity pool " + id
	name := v.member("IdentityPoolName")
	if name == nil {
		return mistake(v.line, "%s has no IdentityPoolName", what)
	}
	p.roles, p.mappings = awsapi.Node{Kind: awsapi.Map}, awsapi.Node{Kind: awsapi.Map}
	if err := f.short(v, p, name.text, s); err != nil {
		return err
	}
	roles := f.rows("cognito-identity", "SetIdentityPoolRoles").Input()
	for _, part := range []struct {
		name string
		to   *awsapi.Node
	}{{"Roles", &p.roles}, {"RoleMappings", &p.mappings}} {
		if m := v.take(part.name); m != nil {
			field, _ := roles.Member(part.name)
			n, err := typed(m, field.Type, what+"'s "+part.name)
			if err != nil {
				return err
			}
			for _, e := range n.Members {
				set(part.to, e.Name, e.Value)
			}
		}
	}
	if tags := v.take("PrincipalTags"); tags != nil {
		if tags.kind != awsapi.Map {
			return mistake(tags.line, "%s's PrincipalTags is an object: {PROVIDER: {UseDefaults: …, PrincipalTags: …}}", what)
		}
		for _, m := range tags.members {
			n, err := structure(m.value, f.rows("cognito-identity", "SetPrincipalTagAttributeMap").Input(), what+"'s PrincipalTags", nil)
			if err != nil {
				return err
			}
			p.tags = append(p.tags, entity{m.line, m.name, n})
		}
	}
	if err := f.adopts(v.take("Adopt"), p, what); err != nil {
		return err
	}
	if p.users, err = v.take("DeveloperUsers").texts(what + "'s DeveloperUsers"); err != nil {
		return err
	}
	if len(p.users) > 0 && v.member("DeveloperProviderName") == nil {
		return mistake(v.line, "%s has DeveloperUsers and no DeveloperProviderName", what)
	}
	p.in, err = f.input(v, pools, what)
	f.pools = append(f.pools, p)
	return err
}

// shortKinds are the members of the short form that make roles, with the users of each.
var shortKinds = []struct{ member, user string }{{"Authenticated", "authenticated"}, {"Unauthenticated", "unauthenticated"}}

// shortPolicy is the name of the policy of a role that the short form makes.
const shortPolicy = "access"

// shortRole is the name of the role that the short form makes for some users of a pool.
func shortRole(pool, users string) string {
	role := strings.Trim(notInRoleName.ReplaceAllString(pool, "-"), "-")
	if most := 64 - len("-unauthenticated"); len(role) > most {
		role = role[:most]
	}
	return role + "-" + users
}

// shortTrust is the trust policy of that role.
func shortTrust(pool, users string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],` +
		`"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + users + `"}}}]}`
}

var notInRoleName = regexp.MustCompile(`[^\w+=,.@-]+`)

// short reads the short form: a provider, and a policy for each kind of user, which
// becomes a role with the right trust policy.
func (f *File) short(v *value, p *pool, name string, s Source) error {
	if provider := v.take("Provider"); provider != nil {
		url, client := provider.take("Url"), provider.take("ClientId")
		for _, m := range provider.members {
			return unknown(m.line, m.name, "a pool's Provider", []string{"Url", "ClientId"})
		}
		if url == nil || client == nil {
			return mistake(provider.line, "a pool's Provider has Url and ClientId")
		}
		f.shareProvider(provider.line, url.text, client.text)
		arns := v.member("OpenIdConnectProviderARNs")
		if arns == nil {
			arns = &value{line: provider.line, kind: awsapi.List}
			v.members = append(v.members, member{"OpenIdConnectProviderARNs", provider.line, arns})
		}
		arns.list = append(arns.list, &value{line: url.line, kind: awsapi.Text, text: url.text})
	}
	for _, kind := range shortKinds {
		of := v.take(kind.member)
		if of == nil {
			continue
		}
		policy := of.take("Policy")
		for _, m := range of.members {
			return unknown(m.line, m.name, "a pool's "+kind.member, []string{"Policy"})
		}
		if policy == nil {
			return mistake(of.line, "a pool's %s has Policy", kind.member)
		}
		doc, err := policy.document("the policy of " + kind.member)
		if err != nil {
			return err
		}
		role := shortRole(name, kind.user)
		if f.taken("role", role, of.line) != 0 {
			return mistake(of.line, "the role %s, which this would make, is there already: give the pool another name, or write its Roles", role)
		}
		f.roles = append(f.roles, &principal{
			entity: entity{of.line, role, object("RoleName", role, trustMember, shortTrust(p.name, kind.user))}, kind: "Role",
			policies: []document{{policy.line, shortPolicy, doc}},
		})
		set(&p.roles, kind.user, role)
		if kind.user == "unauthenticated" && v.member("AllowUnauthenticatedIdentities") == nil {
			v.members = append(v.members, member{"AllowUnauthenticatedIdentities", of.line, &value{line: of.line, kind: awsapi.Bool, text: "true"}})
		}
	}
	if v.member("AllowUnauthenticatedIdentities") == nil {
		v.members = append(v.members, member{"AllowUnauthenticatedIdentities", v.line, &value{line: v.line, kind: awsapi.Bool, text: "false"}})
	}
	return nil
}

// shareProvider adds a provider, or a client to one that other pools have too.
func (f *File) shareProvider(line int, url, client string) {
	for _, e := range f.oidc {
		if e.name != url {
			continue
		}
		clients := e.in.Member("ClientIDList")
		if clients == nil {
			set(&e.in, "ClientIDList", awsapi.Node{Kind: awsapi.List})
			clients = e.in.Member("ClientIDList")
		}
		for _, c := range clients.List {
			if c.Text == client {
				return
			}
		}
		clients.List = append(clients.List, text(client))
		return
	}
	f.oidc = append(f.oidc, &entity{line, url, object("Url", url, "ClientIDList", awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{text(client)}})})
}
