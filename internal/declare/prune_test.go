package declare_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/declare"
)

// leftovers is what a server has that no file of this test names.
const leftovers = `
Version: 1
ManagedPolicies:
  - PolicyName: unused
    Path: /x/
    PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}
  - PolicyName: of-kept-user
    PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}
  - PolicyName: of-file
    PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}
OpenIDConnectProviders:
  - {Url: "https://unused.example.com"}
  - {Url: "https://trusted.example.com"}
Roles:
  - RoleName: unused
    AttachedPolicyArns: ["arn:aws:iam::123456789012:policy/x/unused"]
    Policies: {p: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}}
    AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Federated: "arn:aws:iam::123456789012:oidc-provider/unused.example.com"}, Action: "sts:AssumeRoleWithWebIdentity"}]}
Users:
  - {UserName: keyless, PermissionsBoundary: of-file}
  - UserName: keyed
    AttachedPolicyArns: [of-kept-user]
    AccessKeys: [{AccessKeyId: AKIAEXAMPLEEXAMPLE00, SecretAccessKey: {env: CI_SECRET}}]
IdentityPools:
  - IdentityPoolId: eu-west-1:11111111-2222-4333-8444-555555555555
    IdentityPoolName: empty
    Authenticated: {Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
  - IdentityPoolId: us-east-1:22222222-2222-4333-8444-555555555555
    IdentityPoolName: used
    DeveloperProviderName: login.my
    DeveloperUsers: [anna]
    Provider: {Url: "https://used.example.com", ClientId: app}
    Unauthenticated: {Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
`

// wanted is the file that is applied.
const wanted = `
Version: 1
ManagedPolicies: []
OpenIDConnectProviders: []
Roles:
  - RoleName: kept
    AttachedPolicyArns: [of-file]
    AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Federated: "arn:aws:iam::123456789012:oidc-provider/trusted.example.com"}, Action: "sts:AssumeRoleWithWebIdentity"}]}
Users: []
IdentityPools: []
`

// pruned is what pruning says that it does, and what it leaves.
func pruned(t *testing.T, call declare.Caller, text string, p declare.Prune) ([]string, error) {
	t.Helper()
	f, err := parse("seed.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	p.Regions = []string{"eu-west-1", "us-east-1"}
	steps, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1", Prune: &p})
	if err != nil {
		return nil, err
	}
	return texts(steps), f.Apply(t.Context(), call, steps, func(declare.Step) {})
}

func TestPrune(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	applied(t, call, leftovers)
	expect := func(text string, p declare.Prune, want ...string) {
		t.Helper()
		did, err := pruned(t, call, text, p)
		if err != nil || !slices.Equal(did, want) {
			t.Errorf("%v, %s\nwant %s", err, strings.Join(did, "\n"), strings.Join(want, "\n"))
		}
	}
	// What the file does not declare stays, and so does everything without --prune.
	expect("Version: 1", declare.Prune{})
	if _, steps := plan(t, call, strings.Replace(wanted, "  - RoleName: kept", "  - RoleName: unused", 1)); len(steps) != 4 {
		t.Errorf("without --prune: %q", texts(steps))
	}
	const used, empty = "us-east-1:22222222-2222-4333-8444-555555555555", "eu-west-1:11111111-2222-4333-8444-555555555555"
	expect(wanted, declare.Prune{},
		"+ role kept",
		"+ role kept: attached arn:aws:iam::123456789012:policy/of-file",
		"- identity pool "+empty+" (empty)",
		"! identity pool "+used+" (used) stays: it has identities. To delete it with them, use --prune-pool "+used,
		"! user keyed stays: it has access keys. To delete it with them, use --prune-user keyed",
		"- user keyless",
		"- role empty-authenticated: policy access",
		"- role empty-authenticated",
		"- role unused: policy p",
		"- role unused: attached arn:aws:iam::123456789012:policy/x/unused",
		"- role unused",
		"! role used-unauthenticated stays: identity pool "+used+" uses it",
		"! managed policy of-file stays: role kept has it",
		"! managed policy of-kept-user stays: user keyed has it",
		"- managed policy unused",
		"! OpenID Connect provider trusted.example.com stays: role kept trusts it",
		"- OpenID Connect provider unused.example.com",
		"! OpenID Connect provider used.example.com stays: identity pool "+used+" trusts it",
	)
	expect(wanted, declare.Prune{Pools: []string{used, "us-east-1:33333333-2222-4333-8444-555555555555"}, Users: []string{"keyed"}},
		"- identity pool "+used+" (used) with its identities",
		"- user keyed: attached arn:aws:iam::123456789012:policy/of-kept-user",
		"- user keyed: access key AKIAEXAMPLEEXAMPLE00",
		"- user keyed",
		"- role used-unauthenticated: policy access",
		"- role used-unauthenticated",
		"! managed policy of-file stays: role kept has it",
		"- managed policy of-kept-user",
		"! OpenID Connect provider trusted.example.com stays: role kept trusts it",
		"- OpenID Connect provider used.example.com",
	)
	// A kind that the file does not declare keeps what it uses.
	f, err := parse("seed.yaml", leftovers)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1", ReuseID: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Apply(t.Context(), call, steps, func(declare.Step) {}); err != nil {
		t.Fatal(err)
	}
	expect("Version: 1\nRoles: [{RoleName: unused, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sts:AssumeRole'}]}}]\nManagedPolicies: []", declare.Prune{},
		"~ role unused: trust policy",
		"- role unused: policy p",
		"- role unused: attached arn:aws:iam::123456789012:policy/x/unused",
		"! role empty-authenticated stays: identity pool "+empty+" uses it",
		"- role kept: attached arn:aws:iam::123456789012:policy/of-file",
		"- role kept",
		"! role used-unauthenticated stays: identity pool "+used+" uses it",
		"! managed policy of-file stays: user keyless has it",
		"! managed policy of-kept-user stays: user keyed has it",
		"- managed policy unused",
	)
}

// A pool that gets an identity between the plan and its deletion stays.
func TestPruneOvertaken(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	const id = "us-east-1:22222222-2222-4333-8444-555555555555"
	applied(t, call, "Version: 1\nIdentityPools: [{IdentityPoolId: '"+id+"', IdentityPoolName: p, AllowUnauthenticatedIdentities: true}]")
	f, err := parse("seed.yaml", "Version: 1\nIdentityPools: []")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := f.Plan(t.Context(), call, declare.Options{Region: "us-east-1", Prune: &declare.Prune{Regions: []string{"us-east-1"}}})
	if err != nil || len(steps) != 1 {
		t.Fatalf("%v, %q", err, texts(steps))
	}
	in := awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: "IdentityPoolId", Value: awsapi.Node{Kind: awsapi.Text, Text: id}}}}
	if _, err := call(t.Context(), "cognito-identity", "GetId", "us-east-1", in); err != nil {
		t.Fatal(err)
	}
	err = f.Apply(t.Context(), call, steps, func(declare.Step) {})
	if want := "seed.yaml: identity pool " + id + " (p): it has identities by now. Apply the file again"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := call(t.Context(), "cognito-identity", "DescribeIdentityPool", "us-east-1", in); err != nil {
		t.Errorf("the pool: %v", err)
	}
}

// What is to be deleted and kept at once is a mistake.
func TestPruneMistakes(t *testing.T) {
	call := caller(daypasstest.Start(t, daypasstest.Config{}))
	applied(t, call, leftovers)
	for _, test := range []struct {
		text string
		p    declare.Prune
		want string
	}{
		{leftovers, declare.Prune{Users: []string{"keyed"}}, "seed.yaml: --prune-user keyed: the file has it"},
		{leftovers, declare.Prune{Pools: []string{"us-east-1:22222222-2222-4333-8444-555555555555"}}, "seed.yaml: --prune-pool us-east-1:22222222-2222-4333-8444-555555555555: the file has it"},
		{"Version: 1\nRoles: []", declare.Prune{Users: []string{"keyed"}}, "seed.yaml: --prune-user keyed: the file has no list Users, so none of them is deleted"},
	} {
		if _, err := pruned(t, call, test.text, test.p); err == nil || err.Error() != test.want {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
	if did, err := pruned(t, call, leftovers, declare.Prune{}); err != nil || len(did) > 0 {
		t.Errorf("%v, %q", err, did)
	}
}
