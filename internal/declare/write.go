package declare

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

var errTooLong = errors.New("what the file would say is longer than a file may be, which is 4 MiB")

// YAML is the file's text. The same file is the same text.
func (f *File) YAML() ([]byte, error) {
	return checkedText(appendYAML(nil, f.Node()))
}

// JSON is the file's text as JSON.
func (f *File) JSON() ([]byte, error) {
	v := jsontext.Value(f.Node().AppendJSON(nil))
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	return checkedText(append(v, '\n'))
}

// Hash is a hash of what the file says. Secrets do not count, only where they come from,
// and neither does the order of entities.
func (f *File) Hash() string {
	f = f.clone()
	f.sort()
	sum := sha256.Sum256([]byte(canonical(f.Node())))
	return hex.EncodeToString(sum[:])
}

// checkedText sees to it that what is written can be read, and changes nothing about a
// terminal that shows it: names are given by others.
func checkedText(b []byte) ([]byte, error) {
	if b = escaped(b); len(b) > MaxFile {
		return nil, errTooLong
	}
	return b, nil
}

// escaped writes the characters as escapes that steer terminals or cannot be seen. They are
// in quotes, wherever they are.
func escaped(b []byte) []byte {
	steers := func(r rune) bool {
		return r >= 0x7f && r <= 0x9f || r == 0x061c || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
	}
	if bytes.IndexFunc(b, steers) < 0 {
		return b
	}
	var out []byte
	for _, r := range string(b) {
		if steers(r) {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// Node is what the file says, without secrets: in the short forms where they say the
// same, and with secrets' places in place of secrets.
func (f *File) Node() awsapi.Node {
	w := &writer{File: f, short: map[*principal]bool{}, shared: map[*entity]bool{}}
	pools := awsapi.Node{Kind: awsapi.List}
	for _, p := range f.pools {
		pools.List = append(pools.List, w.pool(p))
	}
	n := object("Version", awsapi.Node{Kind: awsapi.Number, Text: "1"})
	add := func(name string, list awsapi.Node) {
		if len(list.List) > 0 {
			set(&n, name, list)
		}
	}
	for _, part := range []struct {
		name string
		all  []*entity
	}{{"ManagedPolicies", f.policies}, {"OpenIDConnectProviders", f.oidc}, {"SAMLProviders", f.saml}} {
		list := awsapi.Node{Kind: awsapi.List}
		for _, e := range part.all {
			if !w.shared[e] {
				list.List = append(list.List, documentsShown(e.in))
			}
		}
		add(part.name, list)
	}
	for _, part := range []struct {
		name string
		all  []*principal
	}{{"Roles", f.roles}, {"Users", f.users}} {
		list := awsapi.Node{Kind: awsapi.List}
		for _, p := range part.all {
			if !w.short[p] {
				list.List = append(list.List, p.node())
			}
		}
		add(part.name, list)
	}
	add("IdentityPools", pools)
	return n
}

// writer writes a file. It knows what the short forms of pools say already.
type writer struct {
	*File
	short  map[*principal]bool
	shared map[*entity]bool
}

// documentsShown is the input of an entity with its policies as objects.
func documentsShown(in awsapi.Node) awsapi.Node {
	in = cloned(in)
	for i, m := range in.Members {
		if m.Name == "PolicyDocument" || m.Name == trustMember {
			in.Members[i].Value = documentShown(m.Value.Text)
		}
	}
	return in
}

// documentShown is a policy as an object; as the text that it is where that is no JSON.
func documentShown(s string) awsapi.Node {
	if n, err := awsapi.ParseJSON([]byte(s)); err == nil && n.Kind == awsapi.Map {
		return n
	}
	return text(s)
}

func (p *principal) node() awsapi.Node {
	n := documentsShown(p.in)
	if len(p.policies) > 0 {
		policies := awsapi.Node{Kind: awsapi.Map}
		for _, d := range p.policies {
			set(&policies, d.name, documentShown(d.text))
		}
		set(&n, "Policies", policies)
	}
	said(&n, "AttachedPolicyArns", list(p.attached))
	keys := awsapi.Node{Kind: awsapi.List}
	for _, k := range p.keys {
		keys.List = append(keys.List, k.node())
	}
	said(&n, "AccessKeys", keys)
	return n
}

// node is a key with the place of its secret. One that the file itself has is as one that
// comes from elsewhere.
func (k accessKey) node() awsapi.Node {
	from := k.from
	if from.kind == "" {
		from = secretFrom{"env", secretVariable(k.id)}
	}
	secret := object(from.kind, from.name)
	if k.optional {
		set(&secret, "optional", truth(true))
	}
	n := object("AccessKeyId", k.id, "SecretAccessKey", secret)
	said(&n, "Status", text(k.status))
	return n
}

func (w *writer) pool(p *pool) awsapi.Node {
	n := object("IdentityPoolId", p.name)
	guests := awsapi.Node{}
	for _, m := range p.in.Members {
		if m.Name == "AllowUnauthenticatedIdentities" {
			guests = m.Value
		} else if m.Name != "IdentityPoolId" {
			set(&n, m.Name, m.Value)
		}
	}
	if provider := w.sharedProvider(p); provider != nil {
		w.shared[provider] = true
		n.Members = slices.DeleteFunc(n.Members, func(m awsapi.Member) bool { return m.Name == "OpenIdConnectProviderARNs" })
		set(&n, "Provider", object("Url", provider.name, "ClientId", textsOf(provider.in, "ClientIDList")[0]))
	}
	roles, allowed := cloned(p.roles), "false"
	for _, kind := range shortKinds {
		role := w.shortRole(p, kind.user)
		if role == nil {
			continue
		}
		w.short[role] = true
		roles.Members = slices.DeleteFunc(roles.Members, func(m awsapi.Member) bool { return m.Name == kind.user })
		set(&n, kind.member, object("Policy", documentShown(role.policies[0].text)))
		if kind.user == "unauthenticated" {
			allowed = "true"
		}
	}
	if guests.Text != allowed {
		set(&n, "AllowUnauthenticatedIdentities", guests)
	}
	said(&n, "Roles", roles)
	said(&n, "RoleMappings", p.mappings)
	tags := awsapi.Node{Kind: awsapi.Map}
	for _, t := range p.tags {
		set(&tags, t.name, t.in)
	}
	said(&n, "PrincipalTags", tags)
	said(&n, "Adopt", adoptionShown(p.adopt))
	said(&n, "DeveloperUsers", list(p.users))
	return n
}

// sharedProvider is the provider of a pool that the short form says whole; nil where
// there is none.
func (w *writer) sharedProvider(p *pool) *entity {
	urls := textsOf(p.in, "OpenIdConnectProviderARNs")
	if len(urls) != 1 {
		return nil
	}
	for _, e := range w.oidc {
		if e.name == urls[0] && len(textsOf(e.in, "ClientIDList")) == 1 && onlyMembers(e.in, "Url", "ClientIDList") {
			return e
		}
	}
	return nil
}

// shortRole is the role of some users of a pool that the short form says whole; nil
// where there is none.
func (w *writer) shortRole(p *pool, users string) *principal {
	name := shortRole(word(p.in, "IdentityPoolName"), users)
	if word(p.roles, users) != name {
		return nil
	}
	for _, r := range w.roles {
		if r.name == name && onlyMembers(r.in, "RoleName", trustMember) && len(r.attached) == 0 && len(r.policies) == 1 && r.policies[0].name == shortPolicy &&
			sameDocument(memberOf(r.in, trustMember), shortTrust(p.name, users)) {
			return r
		}
	}
	return nil
}

// onlyMembers says whether an object has no other members.
func onlyMembers(n awsapi.Node, names ...string) bool {
	return !slices.ContainsFunc(n.Members, func(m awsapi.Member) bool { return !slices.Contains(names, m.Name) })
}

// maxFlow is how long a line may become by what is written in one line, in bytes.
const maxFlow = 120

// appendYAML writes a file as YAML. Lists and objects that fit are in one line, except for
// the entities and the lists that they are in.
func appendYAML(b []byte, n awsapi.Node) []byte {
	for _, m := range n.Members {
		b = append(appendScalar(b, m.Name), ':')
		if m.Value.Kind != awsapi.List || len(m.Value.List) == 0 {
			b = appendValue(b, m.Value, 2)
			continue
		}
		b = append(b, '\n')
		for _, e := range m.Value.List {
			b = appendMembers(append(b, "  - "...), e, 4)
		}
	}
	return b
}

// appendMembers writes the members of an object, of which the first goes on in the line
// that there is, and the others are that far in.
func appendMembers(b []byte, n awsapi.Node, indent int) []byte {
	for i, m := range n.Members {
		if i > 0 {
			b = appendMargin(b, indent)
		}
		b = append(appendScalar(b, m.Name), ':')
		b = appendValue(b, m.Value, indent+2)
	}
	return b
}

// appendValue writes a value behind a colon or a dash, to the end of the line or in lines
// of their own that are that far in.
func appendValue(b []byte, n awsapi.Node, indent int) []byte {
	at := len(b) - (bytes.LastIndexByte(b, '\n') + 1)
	if flow := appendFlow(nil, n); len(n.List)+len(n.Members) == 0 || at+1+len(flow) <= maxFlow {
		return append(append(append(b, ' '), flow...), '\n')
	}
	if n.Kind == awsapi.Map && b[len(b)-1] == '-' {
		return appendMembers(append(b, ' '), n, indent)
	}
	b = append(b, '\n')
	if n.Kind == awsapi.Map {
		return appendMembers(appendMargin(b, indent), n, indent)
	}
	for _, e := range n.List {
		b = appendValue(append(appendMargin(b, indent), '-'), e, indent+2)
	}
	return b
}

func appendMargin(b []byte, indent int) []byte {
	for range indent {
		b = append(b, ' ')
	}
	return b
}

// appendFlow writes a value in one line.
func appendFlow(b []byte, n awsapi.Node) []byte {
	switch n.Kind {
	case awsapi.List:
		b = append(b, '[')
		for i, e := range n.List {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendFlow(b, e)
		}
		return append(b, ']')
	case awsapi.Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendScalar(b, m.Name), ": "...)
			b = appendFlow(b, m.Value)
		}
		return append(b, '}')
	case awsapi.Text:
		return appendScalar(b, n.Text)
	}
	return n.AppendJSON(b)
}

// plainScalar is what is a text without quotes wherever it is written: it begins with a
// letter, and has nothing that means something to YAML.
var plainScalar = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9_./+-]*\z`)

// wordsOfYAML are texts that are something else without quotes, in some version of YAML.
var wordsOfYAML = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"}

// appendScalar writes a text, in quotes unless nobody could read anything else.
func appendScalar(b []byte, s string) []byte {
	if plainScalar.MatchString(s) && !slices.Contains(wordsOfYAML, strings.ToLower(s)) {
		return append(b, s...)
	}
	return text(s).AppendJSON(b)
}
