package declare_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
)

var environment = map[string]string{"CI_SECRET": "0123456789abcdef0123"}

func parse(name, text string) (*declare.File, error) {
	return declare.Parse(declare.Source{Name: name, Text: []byte(text), Getenv: func(n string) string { return environment[n] }, Services: instance.Services()})
}

// caller calls a server as its root.
func caller(s *daypasstest.Server) declare.Caller {
	tables := map[string]*awsapi.Table{}
	for _, service := range instance.Services() {
		tables[service.Name] = service.Compile()
	}
	return func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
		c := &client.Client{Endpoint: s.URL, Region: region, Now: s.Now,
			Credentials: client.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}}
		return c.Call(ctx, tables[service].Row(operation), in)
	}
}

// everything has each kind of entity with each of its members.
const everything = `
Version: 1
ManagedPolicies:
  - PolicyName: readers
    Path: /team/
    Description: for readers
    PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
    Tags: [{Key: team, Value: red}]
  - PolicyName: limit
    PolicyDocument: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
OpenIDConnectProviders:
  - Url: https://login.example.com/realm
    ClientIDList: [app, other]
    ThumbprintList: ["0123456789012345678901234567890123456789"]
    Tags: [{Key: a, Value: b}]
Roles:
  - RoleName: reader
    Path: /apps/
    Description: reads
    MaxSessionDuration: 7200
    PermissionsBoundary: limit
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::123456789012:root"}, Action: "sts:AssumeRole"}]
    Tags: [{Key: a, Value: b}]
    Policies:
      p: {Version: "2012-10-17", Statement: [{Effect: Deny, Action: "s3:PutObject", Resource: "*"}]}
    AttachedPolicyArns: ["arn:aws:iam::123456789012:policy/team/readers", limit]
  - RoleName: plain
    AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: "123456789012"}, Action: "sts:AssumeRole"}]}
Users:
  - UserName: ci
    PermissionsBoundary: limit
    Tags: [{Key: a, Value: b}]
    Policies:
      p: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
    AttachedPolicyArns: [limit]
    AccessKeys:
      - AccessKeyId: AKIAEXAMPLEEXAMPLE00
        SecretAccessKey: {env: CI_SECRET}
IdentityPools:
  - IdentityPoolId: us-east-1:11111111-2222-4333-8444-555555555555
    IdentityPoolName: whole
    AllowUnauthenticatedIdentities: true
    AllowClassicFlow: true
    DeveloperProviderName: login.mycompany
    SupportedLoginProviders: {accounts.google.com: "123.apps.googleusercontent.com"}
    OpenIdConnectProviderARNs: ["https://login.example.com/realm"]
    IdentityPoolTags: {team: red}
    Roles: {authenticated: "arn:aws:iam::123456789012:role/apps/reader", unauthenticated: plain}
    RoleMappings:
      accounts.google.com:
        Type: Rules
        AmbiguousRoleResolution: Deny
        RulesConfiguration: {Rules: [{Claim: hd, MatchType: Equals, Value: example.com, RoleARN: plain}]}
    PrincipalTags:
      accounts.google.com: {UseDefaults: false, PrincipalTags: {domain: hd}}
    DeveloperUsers: [anna, "42"]
  - IdentityPoolId: eu-west-1:22222222-2222-4333-8444-555555555555
    IdentityPoolName: short form
    Provider: {Url: "https://login.example.com/realm", ClientId: third}
    Authenticated: {Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
    Unauthenticated: {Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}}
`

// plan compares a text with a server.
func plan(t *testing.T, call declare.Caller, text string) (*declare.File, []declare.Step) {
	t.Helper()
	f, err := parse("seed.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	return f, steps
}

func texts(steps []declare.Step) (all []string) {
	for _, s := range steps {
		all = append(all, s.Text)
	}
	return all
}

// A file with everything is applied, and then there is nothing to change. Whatever
// changes in the file changes on the server, and nothing else does.
func TestApply(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	call := caller(s)
	apply := func(text string) []string {
		t.Helper()
		f, steps := plan(t, call, text)
		if err := f.Apply(t.Context(), call, steps, func(declare.Step) {}); err != nil {
			t.Fatal(err)
		}
		if _, again := plan(t, call, text); len(again) > 0 {
			t.Errorf("applied again: %q", texts(again))
		}
		return texts(steps)
	}
	if did := apply(everything); len(did) != 25 {
		t.Errorf("%d steps:\n%s", len(did), strings.Join(did, "\n"))
	}
	const pool = "identity pool us-east-1:11111111-2222-4333-8444-555555555555 (whole)"
	for _, change := range []struct{ from, to, want string }{
		{"s3:GetObject\", Resource: \"*\"}]}\n    Tags", "s3:List*\", Resource: \"*\"}]}\n    Tags", "~ managed policy readers: document"},
		{"{Key: team, Value: red}]", "{Key: team, Value: blue}]", "~ managed policy readers: tags"},
		{"ClientIDList: [app, other]", "ClientIDList: [app]", "~ OpenID Connect provider https://login.example.com/realm: no client ID other"},
		{"MaxSessionDuration: 7200", "MaxSessionDuration: 3600", "~ role reader: MaxSessionDuration 7200 → 3600"},
		{"Description: reads", "Description: reads all", "~ role reader: description"},
		{"    PermissionsBoundary: limit\n    AssumeRole", "    AssumeRole", "~ role reader: no permissions boundary"},
		{"root\"}, Action", "user/ci\"}, Action", "~ role reader: trust policy"},
		{"s3:PutObject", "s3:DeleteObject", "~ role reader: policy p"},
		{", limit]\n  - RoleName", "]\n  - RoleName", "- role reader: attached arn:aws:iam::123456789012:policy/limit"},
		{"    AttachedPolicyArns: [limit]\n", "", "- user ci: attached arn:aws:iam::123456789012:policy/limit"},
		{"    AllowClassicFlow: true\n", "", "~ " + pool + ": AllowClassicFlow"},
		{"unauthenticated: plain}", "unauthenticated: \"arn:aws:iam::123456789012:role/apps/reader\"}", "~ " + pool + ": roles"},
		{"{domain: hd}", "{domain: hd, mail: email}", "~ " + pool + ": principal tags of accounts.google.com"},
		{"[anna, \"42\"]", "[anna, \"42\", otto]", "+ " + pool + ": developer user otto"},
		{"IdentityPoolTags: {team: red}", "IdentityPoolTags: {team: blue}", "~ " + pool + ": IdentityPoolTags"},
	} {
		if !strings.Contains(everything, change.from) {
			t.Fatalf("no %q in the file", change.from)
		}
		if did := apply(strings.Replace(everything, change.from, change.to, 1)); !slices.Equal(did, []string{change.want}) {
			t.Errorf("%s → %s: %q, want %q", change.from, change.to, did, change.want)
		}
		apply(everything)
	}
	environment["CI_SECRET"] = "another-secret-of-ci"
	defer func() { environment["CI_SECRET"] = "0123456789abcdef0123" }()
	if did := apply(everything); !slices.Equal(did, []string{"+ user ci: access key AKIAEXAMPLEEXAMPLE00"}) {
		t.Errorf("another secret: %q", did)
	}
}

// Many new documents of a managed policy do not run into the number of versions that
// IAM keeps.
func TestManyVersions(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	for n := range 8 {
		text := strings.Replace("Version: 1\nManagedPolicies: [{PolicyName: p, PolicyDocument: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"s3:NAME\", Resource: \"*\"}]}}]",
			"NAME", "Get"+string(rune('A'+n)), 1)
		f, steps := plan(t, call, text)
		if err := f.Apply(t.Context(), call, steps, func(declare.Step) {}); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
	}
}

const poolText = "Version: 1\nIdentityPools:\n  - IdentityPoolId: us-east-1:11111111-2222-4333-8444-555555555555\n    IdentityPoolName: p\n"

// mistakes are files, and what is wrong with them; empty for nothing.
var mistakes = []struct{ text, want string }{
	{"", "the file has nothing in it: it begins with Version: 1"},
	{"Version: 1\n---\nVersion: 1", "2 documents in the file: only one is allowed"},
	{"- a", ":1: the file is an object that begins with Version: 1"},
	{"Roles: []", ":1: the file has no Version: write Version: 1"},
	{"Version: 2", ":1: version 2 of the format is not known: this daypass reads version 1"},
	{"Version: 1\nRole: []", ":2: the file has no member Role: did you mean Roles?"},
	{"Version: 1\nRoles: {}", ":2: Roles is a list"},
	{"Version: 1\nRoles: [a]", ":2: each of Roles is an object"},
	{"Version: 1\nRoles:\n  - Path: /", ":3: a role has no RoleName"},
	{"Version: 1\nRoles:\n  - RoleName: r\n    MaxSesionDuration: 1", ":4: role r has no member MaxSesionDuration: did you mean MaxSessionDuration?"},
	{"Version: 1\nRoles:\n  - RoleName: r\n    MaxSessionDuration: long", ":4: role r's MaxSessionDuration is a number"},
	{"Version: 1\nRoles:\n  - RoleName: r\n    AssumeRolePolicyDocument: hello", ":4: role r's AssumeRolePolicyDocument is a policy: an object, or a text that is the JSON of one"},
	{"Version: 1\nRoles:\n  - RoleName: r\n  - RoleName: R", ":4: role R is there twice"},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a}]", ":4: an access key has AccessKeyId and SecretAccessKey"},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a, SecretAccessKey: {env: NONE}}]", ":4: SecretAccessKey: the environment variable NONE is not set"},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a, SecretAccessKey: {file: none}}]", ":4: SecretAccessKey: stat "},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a, SecretAccessKey: {file: /dev/zero}}]", ":4: SecretAccessKey: /dev/zero is not a regular file"},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a, SecretAccessKey: {vault: none}}]", ":4: SecretAccessKey is {env: VARIABLE} or {file: PATH}"},
	{"Version: 1\nUsers:\n  - UserName: u\n    AccessKeys: [{AccessKeyId: a, SecretAccessKey: {file: secret}}]", ""},
	{"Version: 1\nSAMLProviders:\n  - Name: s\n    SAMLMetadataDocument: {file: secret}", ":4: SAMLMetadataDocument: what {file: secret} names is no SAML metadata, which is XML of at least 1000 characters"},
	{"Version: 1\nIdentityPools:\n  - IdentityPoolName: p", ":3: an identity pool has no IdentityPoolId"},
	{strings.Replace(poolText, "us-east-1:1", "1", 1), `:3: IdentityPoolId "11111111-2222-4333-8444-555555555555": an ID is REGION:GUID, such as us-east-1:11111111-2222-4333-8444-555555555555`},
	{poolText, ""},
	{poolText + "    Guests: true", ":5: identity pool us-east-1:11111111-2222-4333-8444-555555555555 has no member Guests; it has "},
	{poolText + "    AllowClassicFlow: maybe", ":5: identity pool us-east-1:11111111-2222-4333-8444-555555555555's AllowClassicFlow is true or false"},
	{poolText + "    DeveloperUsers: [a]", ":3: identity pool us-east-1:11111111-2222-4333-8444-555555555555 has DeveloperUsers and no DeveloperProviderName"},
	{poolText + "    Provider: {URL: x}", ":5: a pool's Provider has no member URL: did you mean Url?"},
	{poolText + "    Authenticated: {}", ":5: a pool's Authenticated has Policy"},
	{"Version: 1\nVersion: 1", "mapping key \"Version\" already defined"},
	{"Version: 1\nRoles: &a [*a]", ":2: anchors, aliases, tags and the like are not read"},
	{"Version: 1\nRoles: [", ":2: "},
	{"Version: 1\nRoles: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), ":2: nested more than 64 deep"},
	{"Version: 1\nRoles: " + strings.Repeat("[", 2_000_000), ":2: nested more than 64 deep"}, // which would take gigabytes
	{"Version: 1\nRoles:\n  " + strings.Repeat("- ", 1_000_000) + "a", ":3: nested more than 64 deep"},
	{"{\"Version\": 1, \"Roles\": [{\"RoleName\": \"r\"}]}", ""},
}

// What is wrong with a file is said with its line.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range mistakes {
		_, err := parse(filepath.Join(dir, "seed.yaml"), test.text)
		var e *declare.Error
		if test.want == "" && err == nil {
			continue
		}
		if err != nil && strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("%q: shows the secret: %v", test.text, err)
		}
		if test.want == "" || err == nil || !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s", test.text, err, test.want)
		}
	}
}

// What the API does not allow is said with the line of the entity, before anything is
// changed.
func TestConstraints(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	f, err := parse("seed.yaml", "Version: 1\nUsers:\n  - UserName: good\n  - UserName: not a name")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1"}); err == nil || !strings.HasPrefix(err.Error(), "seed.yaml:4: user not a name: ") {
		t.Errorf("got %v", err)
	}
}

// The ID of a deleted pool is refused before anything is changed.
func TestReuseID(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	const text = "Version: 1\nRoles:\n  - RoleName: r\n    AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sts:AssumeRole'}]}\n" +
		"IdentityPools:\n  - IdentityPoolId: us-east-1:22222222-2222-4333-8444-555555555555\n    IdentityPoolName: p\n"
	applied(t, call, text)
	if _, err := pruned(t, call, "Version: 1\nRoles: []\nIdentityPools: []", declare.Prune{}); err != nil {
		t.Fatal(err)
	}
	f, err := parse("seed.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	const want = "seed.yaml:6: identity pool us-east-1:22222222-2222-4333-8444-555555555555 (p): a pool that was deleted had this ID, and roles and stores may still trust it. Choose another ID, or create it again with daypass apply --reuse-id"
	if _, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1"}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if steps, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1", ReuseID: true}); err != nil || len(steps) != 2 {
		t.Errorf("%v, %q", err, texts(steps))
	}
}

// FuzzParse reads what strangers write, in bounded time.
func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add("Version: 1\nRoles: &a [*a]")
	f.Add(`{"Version": 1}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parse("seed.yaml", text)
		var e *declare.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%T: %v", err, err)
		}
		_ = file
	})
}
