package iam_test

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

const admin = "arn:aws:iam::aws:policy/AdministratorAccess"

func policyARN(name string) string { return "arn:aws:iam::111122223333:policy/" + name }

func createPolicy(t testing.TB, s *iam.Service, name, document string, more ...string) string {
	t.Helper()
	body := must(t, s, "CreatePolicy", append([]string{"PolicyName", name, "PolicyDocument", document}, more...)...)
	return element(t, body, "Arn")
}

func TestCreatePolicyRefusals(t *testing.T) {
	invalid := func(value, member, constraint string) refusal {
		return refusal{400, "ValidationError", "1 validation error detected: Value '" + value + "' at '" + member + "' failed to satisfy constraint: " + constraint}
	}
	malformed := func(message string) refusal { return refusal{400, "MalformedPolicyDocument", message} }
	exists := refusal{409, "EntityAlreadyExists", "A policy called tHERE already exists. Duplicate names are not allowed."}
	huge := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(`{"Effect":"Allow","Action":"*","Resource":"*"},`, 9999) + `{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"name", []string{"PolicyName", "a b"}, invalid("a b", "policyName", `Member must satisfy regular expression pattern: [\w+=,.@-]+`)},
		{"name of other letters", []string{"PolicyName", "Аdmin"}, invalid("Аdmin", "policyName", `Member must satisfy regular expression pattern: [\w+=,.@-]+`)},
		{"path", []string{"Path", "/a b/"}, invalid("/a b/", "path", `Member must satisfy regular expression pattern: ((/[A-Za-z0-9\.,\+@=_-]+)*)/`)},
		{"path with a star", []string{"Path", "/*/"}, invalid("/*/", "path", `Member must satisfy regular expression pattern: ((/[A-Za-z0-9\.,\+@=_-]+)*)/`)},
		{"duplicate tags", []string{"Tags.member.1.Key", "a", "Tags.member.1.Value", "", "Tags.member.2.Key", "A", "Tags.member.2.Value", ""},
			refusal{400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."}},
		{"no JSON", []string{"PolicyDocument", "allow"}, malformed("Syntax errors in policy.")},
		{"principal", []string{"PolicyDocument", strings.Replace(allowS3, `"Resource"`, `"Principal":"*","Resource"`, 1)}, malformed("Policy document should not specify a principal.")},
		{"duplicate members", []string{"PolicyDocument", strings.Replace(allowS3, `"Effect":"Allow"`, `"Effect":"Deny","Effect":"Allow"`, 1)}, malformed("Syntax errors in policy.")},
		{"too large", []string{"PolicyDocument", strings.Replace(allowS3, `"*"`, `"arn:aws:s3:::`+strings.Repeat("a", 6144)+`"`, 1)},
			refusal{409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"}},
		{"too long", []string{"PolicyDocument", huge}, refusal{400, "ValidationError", "…"}},
		{"name taken", []string{"PolicyName", "tHERE"}, exists},
		{"name taken at another path", []string{"PolicyName", "tHERE", "Path", "/y/"}, exists},
		{"name of one of AWS's", []string{"PolicyName", "AdministratorAccess"}, refusal{}},
	}
	s := newService(t)
	createPolicy(t, s, "There", allowS3, "Path", "/x/")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := do(t, s, "CreatePolicy", append([]string{"PolicyName", "New", "PolicyDocument", allowS3}, test.parameters...)...)
			got := refused(t, a)
			if test.want.Message == "…" {
				got.Message = "…"
			}
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// As many statements as the wire lets through are more than the language allows.
func TestManyStatements(t *testing.T) {
	s := newService(t)
	const one = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	document := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(one+",", 131000/(len(one)+1)-1) + one + `]}`
	wantRefused(t, do(t, s, "CreatePolicy", "PolicyName", "p", "PolicyDocument", document),
		refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."})
}

func TestMissingPolicy(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth")
	arn := policyARN("nobody")
	notFound := refusal{404, "NoSuchEntity", "Policy " + arn + " was not found."}
	notAttachable := refusal{404, "NoSuchEntity", "Policy " + arn + " does not exist or is not attachable."}
	tests := []struct {
		action     string
		parameters []string
		want       refusal
	}{
		{"GetPolicy", nil, notFound},
		{"DeletePolicy", nil, notFound},
		{"TagPolicy", []string{"Tags", ""}, notFound},
		{"UntagPolicy", []string{"TagKeys", ""}, notFound},
		{"ListPolicyTags", nil, notFound},
		{"CreatePolicyVersion", []string{"PolicyDocument", allowS3}, notFound},
		{"GetPolicyVersion", []string{"VersionId", "v1"}, notFound},
		{"DeletePolicyVersion", []string{"VersionId", "v1"}, notFound},
		{"ListPolicyVersions", nil, notFound},
		{"SetDefaultPolicyVersion", []string{"VersionId", "v1"}, notFound},
		{"AttachRolePolicy", []string{"RoleName", "AppAuth"}, notAttachable},
		{"DetachRolePolicy", []string{"RoleName", "AppAuth"}, notFound},
	}
	bad := refusal{400, "ValidationError", "Invalid ARN:  Could not be parsed!"}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			wantRefused(t, do(t, s, test.action, append([]string{"PolicyArn", arn}, test.parameters...)...), test.want)
			for _, arn := range []string{
				"nobodynobodynobodynobody", "arn:aws:iam::111122223333:role/nobody", "arn:aws:iam::111122223333:policynobody", "arn:aws:iam::111122223333:policy/",
				"arn:aws-cn:iam::111122223333:policy/x", "arn:aws:iam:us-east-1:111122223333:policy/x", "arn:aws:sts::111122223333:policy/x", "arn:aws:iam::11112222333:policy/x",
				"arn:aws:iam::１11122223333:policy/x", "arn:aws:iam::AWS:policy/AdministratorAccess",
			} {
				if got := refused(t, do(t, s, test.action, append([]string{"PolicyArn", arn}, test.parameters...)...)); got != bad {
					t.Errorf("%s: %+v", arn, got)
				}
			}
		})
	}
}

// A policy of another account is not there, and one of this account has one ARN
// only.
func TestPolicyNames(t *testing.T) {
	s := newService(t)
	arn := createPolicy(t, s, "Read", allowS3, "Path", "/x/")
	other := awsapi.Caller{Account: "999988887777", ARN: "arn:aws:iam::999988887777:root", Root: true}
	wantRefused(t, doAs(t, s, other, "GetPolicy", "PolicyArn", arn), refusal{404, "NoSuchEntity", "Policy " + arn + " was not found."})
	for _, arn := range []string{policyARN("Read"), policyARN("x/read"), policyARN("X/Read"), "arn:aws:iam::999988887777:policy/x/Read", "arn:aws:iam::aws:policy/administratoraccess", "arn:aws:iam::aws:policy/x/AdministratorAccess"} {
		wantRefused(t, do(t, s, "GetPolicy", "PolicyArn", arn), refusal{404, "NoSuchEntity", "Policy " + arn + " was not found."})
	}
	must(t, s, "GetPolicy", "PolicyArn", policyARN("x/Read"))
}

// awsNames are AWS's policies with their paths, in the order of the listing.
var awsNames = strings.Fields(`AdministratorAccess AmazonCognitoDeveloperAuthenticatedIdentities AmazonCognitoPowerUser AmazonCognitoReadOnly
	AmazonCognitoUnAuthedIdentitiesSessionPolicy AmazonDynamoDBFullAccess AmazonDynamoDBReadOnlyAccess AmazonS3FullAccess AmazonS3ReadOnlyAccess
	AmazonSNSFullAccess AmazonSNSReadOnlyAccess AmazonSQSFullAccess AmazonSQSReadOnlyAccess AWSIoTDataAccess service-role/AWSLambdaBasicExecutionRole
	IAMFullAccess IAMReadOnlyAccess PowerUserAccess ReadOnlyAccess job-function/ViewOnlyAccess`)

// What AWS manages can be read and attached, and not changed.
func TestAWSPolicies(t *testing.T) {
	s := newService(t)
	for action, more := range map[string][]string{
		"CreatePolicyVersion":     {"PolicyDocument", allowS3},
		"DeletePolicy":            nil,
		"TagPolicy":               {"Tags", ""},
		"UntagPolicy":             {"TagKeys", ""},
		"DeletePolicyVersion":     {"VersionId", "v1"},
		"SetDefaultPolicyVersion": {"VersionId", "v1"},
	} {
		wantRefused(t, do(t, s, action, append([]string{"PolicyArn", admin}, more...)...),
			refusal{403, "AccessDenied", "User: arn:aws:iam::111122223333:root is not authorized to perform: iam:" + action + " on resource: policy " + admin})
	}
	all := elements(t, must(t, s, "ListPolicies", "Scope", "AWS"), "Arn")
	var want []string
	for _, name := range awsNames {
		want = append(want, "arn:aws:iam::aws:policy/"+name)
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	for _, arn := range all {
		version := element(t, must(t, s, "GetPolicy", "PolicyArn", arn), "DefaultVersionId")
		if got := elements(t, must(t, s, "ListPolicyVersions", "PolicyArn", arn), "VersionId"); !cmp.Equal(got, []string{version}) {
			t.Errorf("versions of %s: %v, of which %s is in force", arn, got, version)
		}
		document, err := url.PathUnescape(element(t, must(t, s, "GetPolicyVersion", "PolicyArn", arn, "VersionId", version), "Document"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Parse(policy.Managed, document); err != nil {
			t.Errorf("%s: %v", arn, err)
		}
		if known, ok := iam.AWSManagedDocument(arn); !ok || known != document {
			t.Errorf("AWSManagedDocument(%s) is another one", arn)
		}
	}
	wantRefused(t, do(t, s, "GetPolicyVersion", "PolicyArn", admin, "VersionId", "v2"),
		refusal{404, "NoSuchEntity", "Policy " + admin + " version v2 does not exist or is not attachable."})
	if _, ok := iam.AWSManagedDocument(policyARN("AdministratorAccess")); ok {
		t.Error("a policy of an account is one of AWS's")
	}
}

// The life of versions: numbers are never used again, the default one stays,
// and there are no more than five.
func TestPolicyVersions(t *testing.T) {
	s := newService(t)
	arn := createPolicy(t, s, "p", allowS3)
	versions := func() string {
		body := must(t, s, "ListPolicyVersions", "PolicyArn", arn)
		return strings.Join(elements(t, body, "VersionId"), " ") + " in force " + element(t, must(t, s, "GetPolicy", "PolicyArn", arn), "DefaultVersionId")
	}
	want := func(want string) {
		t.Helper()
		if got := versions(); got != want {
			t.Errorf("versions %s, want %s", got, want)
		}
	}
	want("v1 in force v1")
	must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", allowList)
	want("v2 v1 in force v1")
	must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", denyRead, "SetAsDefault", "true")
	want("v3 v2 v1 in force v3")
	wantRefused(t, do(t, s, "DeletePolicyVersion", "PolicyArn", arn, "VersionId", "v3"), refusal{409, "DeleteConflict", "Cannot delete the default version of a policy."})
	must(t, s, "SetDefaultPolicyVersion", "PolicyArn", arn, "VersionId", "v2")
	must(t, s, "DeletePolicyVersion", "PolicyArn", arn, "VersionId", "v3")
	want("v2 v1 in force v2")
	for range 3 {
		must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", allowS3)
	}
	want("v6 v5 v4 v2 v1 in force v2")
	wantRefused(t, do(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", allowS3),
		refusal{409, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."})
	for _, id := range []string{"v3", "v7", "v99999999999999999999", "v1.x"} {
		missing := refusal{404, "NoSuchEntity", "Policy " + arn + " version " + id + " does not exist or is not attachable."}
		for _, action := range []string{"GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"} {
			wantRefused(t, do(t, s, action, "PolicyArn", arn, "VersionId", id), missing)
		}
	}
	wantRefused(t, do(t, s, "DeletePolicy", "PolicyArn", arn), refusal{409, "DeleteConflict",
		"This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."})
	for _, id := range []string{"v6", "v5", "v4", "v1"} {
		must(t, s, "DeletePolicyVersion", "PolicyArn", arn, "VersionId", id)
	}
	want("v2 in force v2")
	must(t, s, "DeletePolicy", "PolicyArn", arn)
	if again := createPolicy(t, s, "p", allowList); again != arn {
		t.Errorf("the successor is %s", again)
	}
	want("v1 in force v1")
}

// A document comes back as it was sent, in its own version.
func TestPolicyVersionText(t *testing.T) {
	s := newService(t)
	first, second := "\n\t"+strings.ReplaceAll(allowS3, ",", " , \r\n"), strings.ReplaceAll(allowS3, "GetObject", "Get*")
	arn := createPolicy(t, s, "p", first)
	must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", second)
	for id, want := range map[string]string{"v1": first, "v2": second} {
		got, err := url.PathUnescape(element(t, must(t, s, "GetPolicyVersion", "PolicyArn", arn, "VersionId", id), "Document"))
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
}

func TestAttachments(t *testing.T) {
	s := newService(t)
	s.Limits.PoliciesPerRole = 3
	createRole(t, s, "AppAuth")
	b, a := createPolicy(t, s, "b", allowS3, "Path", "/x/"), createPolicy(t, s, "A", allowS3)
	attach := func(arn string) awsapi.Answer {
		return do(t, s, "AttachRolePolicy", "RoleName", "appauth", "PolicyArn", arn)
	}
	for _, arn := range []string{admin, b, a, b} {
		wantRefused(t, attach(arn), refusal{})
	}
	wantRefused(t, attach("arn:aws:iam::aws:policy/ReadOnlyAccess"), refusal{409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 3"})
	for _, test := range []struct {
		parameters []string
		want       [][]string
	}{
		{nil, [][]string{{a, admin, b}}},
		{[]string{"MaxItems", "1"}, [][]string{{a}, {admin}, {b}}},
		{[]string{"MaxItems", "2"}, [][]string{{a, admin}, {b}}},
		{[]string{"PathPrefix", "/x/"}, [][]string{{b}}},
		{[]string{"PathPrefix", "/y/"}, [][]string{nil}},
	} {
		got := walk(t, s, "PolicyArn", "ListAttachedRolePolicies", append([]string{"RoleName", "AppAuth"}, test.parameters...)...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v: %s", test.parameters, diff)
		}
	}
	conflict := refusal{409, "DeleteConflict", "Cannot delete a policy attached to entities."}
	wantRefused(t, do(t, s, "DeletePolicy", "PolicyArn", b), conflict)
	must(t, s, "PutRolePolicy", "RoleName", "AppAuth", "PolicyName", "p", "PolicyDocument", allowS3)
	for _, arn := range []string{a, b, admin} {
		wantRefused(t, do(t, s, "DeleteRole", "RoleName", "AppAuth"), refusal{409, "DeleteConflict", "Cannot delete entity, must detach all policies first."})
		if got := element(t, must(t, s, "GetPolicy", "PolicyArn", arn), "AttachmentCount"); got != "1" {
			t.Errorf("%s is attached %s times", arn, got)
		}
		must(t, s, "DetachRolePolicy", "RoleName", "AppAuth", "PolicyArn", arn)
		wantRefused(t, do(t, s, "DetachRolePolicy", "RoleName", "AppAuth", "PolicyArn", arn), refusal{404, "NoSuchEntity", "Policy " + arn + " was not found."})
	}
	wantRefused(t, do(t, s, "DeleteRole", "RoleName", "AppAuth"), refusal{409, "DeleteConflict", "Cannot delete entity, must delete policies first."})
	must(t, s, "DeletePolicy", "PolicyArn", b)
}

func TestListPolicies(t *testing.T) {
	s := newService(t)
	s.Limits.PoliciesPerAccount = 4
	createRole(t, s, "AppAuth")
	for _, name := range []string{"b", "C", "a", "ReadOnlyAccess"} {
		under := "/"
		if name < "c" {
			under = "/x/y/"
		}
		createPolicy(t, s, name, allowS3, "Path", under)
	}
	wantRefused(t, do(t, s, "CreatePolicy", "PolicyName", "d", "PolicyDocument", allowS3), refusal{409, "LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 4"})
	for _, arn := range []string{policyARN("x/y/b"), admin} {
		must(t, s, "AttachRolePolicy", "RoleName", "AppAuth", "PolicyArn", arn)
	}
	var aws []string
	for _, name := range awsNames {
		aws = append(aws, path.Base(name))
	}
	pages := func(size int, names ...string) [][]string { return slices.Collect(slices.Chunk(names, size)) }
	local := []string{"a", "b", "C", "ReadOnlyAccess"}
	for _, test := range []struct {
		parameters []string
		want       [][]string
	}{
		{nil, pages(100, slices.Concat(local, aws)...)},
		{[]string{"Scope", "All", "MaxItems", "3"}, pages(3, slices.Concat(local, aws)...)},
		{[]string{"Scope", "Local", "MaxItems", "2"}, pages(2, local...)},
		{[]string{"Scope", "AWS", "MaxItems", "4"}, pages(4, aws...)},
		{[]string{"Scope", "AWS", "PathPrefix", "/job-function/"}, [][]string{{"ViewOnlyAccess"}}},
		{[]string{"PathPrefix", "/x/"}, [][]string{{"a", "b", "C", "ReadOnlyAccess"}}},
		{[]string{"PathPrefix", "/x/y/"}, [][]string{{"a", "b", "C", "ReadOnlyAccess"}}},
		{[]string{"OnlyAttached", "true"}, [][]string{{"b", "AdministratorAccess"}}},
		{[]string{"OnlyAttached", "true", "MaxItems", "1"}, [][]string{{"b"}, {"AdministratorAccess"}}},
		{[]string{"OnlyAttached", "true", "Scope", "Local"}, [][]string{{"b"}}},
		{[]string{"PolicyUsageFilter", "PermissionsPolicy"}, [][]string{{"b", "AdministratorAccess"}}},
		{[]string{"PolicyUsageFilter", "PermissionsBoundary"}, [][]string{nil}},
	} {
		if diff := cmp.Diff(test.want, walk(t, s, "PolicyName", "ListPolicies", test.parameters...)); diff != "" {
			t.Errorf("%v: %s", test.parameters, diff)
		}
	}
}

// The longest names still make markers that can come back.
func TestPolicyMarkerLength(t *testing.T) {
	s := newService(t)
	createRole(t, s, "a")
	for _, c := range "xyz" {
		arn := createPolicy(t, s, strings.Repeat(string(c), 128), allowS3, "Path", "/"+strings.Repeat("p", 510)+"/")
		must(t, s, "AttachRolePolicy", "RoleName", "a", "PolicyArn", arn)
	}
	if got := walk(t, s, "PolicyName", "ListPolicies", "Scope", "Local", "MaxItems", "1"); len(got) != 3 {
		t.Errorf("%d pages of policies", len(got))
	}
	if got := walk(t, s, "PolicyName", "ListAttachedRolePolicies", "RoleName", "a", "MaxItems", "1"); len(got) != 3 {
		t.Errorf("%d pages of attached policies", len(got))
	}
}

// What a managed policy says counts from the moment that the answer is given:
// attached, in another version, detached.
func TestAuthorizeManaged(t *testing.T) {
	s := newService(t)
	createRole(t, s, "app")
	c := sessionOf(t, s, "app")
	allowed := func(want bool) {
		t.Helper()
		d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", "arn:aws:s3:::box/1", policy.Context{})
		if err != nil || d.Allowed() != want {
			t.Errorf("allowed %v, %v", d.Allowed(), err)
		}
	}
	arn := createPolicy(t, s, "p", allowList)
	allowed(false)
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", arn)
	allowed(false)
	must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", allowS3, "SetAsDefault", "true")
	allowed(true)
	must(t, s, "SetDefaultPolicyVersion", "PolicyArn", arn, "VersionId", "v1")
	allowed(false)
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", admin)
	allowed(true)
	c.Session.PolicyARNs = []string{arn}
	allowed(false)
	c.Session.PolicyARNs = []string{arn, "arn:aws:iam::aws:policy/AdministratorAccess"}
	allowed(true)
	c.Session.PolicyARNs = []string{policyARN("gone")} // limits to nothing
	allowed(false)
	c.Session.PolicyARNs = nil
	must(t, s, "DetachRolePolicy", "RoleName", "app", "PolicyArn", admin)
	allowed(false)
}

func TestPoliciesAfterRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	arn := policyARN("p")
	show := func(s *iam.Service) (all []string) {
		for _, p := range [][]string{
			{"GetPolicy", "PolicyArn", arn}, {"GetPolicyVersion", "PolicyArn", arn, "VersionId", "v2"}, {"ListPolicyVersions", "PolicyArn", arn},
			{"ListPolicies", "OnlyAttached", "true"}, {"ListAttachedRolePolicies", "RoleName", "AppAuth"},
		} {
			all = append(all, string(must(t, s, p[0], p[1:]...)))
		}
		return all
	}
	var before []string
	t.Run("before", func(t *testing.T) {
		s := serviceOn(t, openStore(t, path))
		createRole(t, s, "AppAuth")
		createPolicy(t, s, "p", allowS3, "Description", "é", "Tags.member.1.Key", "env", "Tags.member.1.Value", "")
		must(t, s, "CreatePolicyVersion", "PolicyArn", arn, "PolicyDocument", allowList)
		must(t, s, "AttachRolePolicy", "RoleName", "AppAuth", "PolicyArn", arn)
		before = show(s)
	})
	if diff := cmp.Diff(before, show(serviceOn(t, openStore(t, path)))); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyResourceARNs(t *testing.T) {
	s := newService(t)
	c := awsapi.Caller{Account: account}
	for i, test := range []struct {
		in   any
		want string
	}{
		{&iam.CreatePolicyRequest{PolicyName: "p"}, policyARN("p")},
		{&iam.CreatePolicyRequest{PolicyName: "p", Path: "/x/"}, policyARN("x/p")},
		{&iam.GetPolicyRequest{PolicyArn: "x"}, "x"},
		{&iam.ListPoliciesRequest{PathPrefix: "/x/"}, policyARN("x/")},
		{&iam.AttachRolePolicyRequest{RoleName: "r", PolicyArn: "x"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.DetachRolePolicyRequest{RoleName: "r", PolicyArn: "x"}, "arn:aws:iam::111122223333:role/r"},
	} {
		if got, err := about(t, s, c, test.in, policy.Context{}); err != nil || got.ARN != test.want {
			t.Errorf("%s is about %s, want %s", fmt.Sprintf("%d %T", i, test.in), got, test.want)
		}
	}
}
