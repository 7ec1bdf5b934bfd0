package iam_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

func TestCreateRoleRefusals(t *testing.T) {
	invalid := func(value, member, constraint string) refusal {
		return refusal{400, "ValidationError", "1 validation error detected: Value " + value + " at '" + member + "' failed to satisfy constraint: " + constraint}
	}
	malformed := func(message string) refusal { return refusal{400, "MalformedPolicyDocument", message} }
	tests := []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"no name", []string{"RoleName", "", "AssumeRolePolicyDocument", trustPool},
			refusal{400, "ValidationError", "2 validation errors detected: Value '' at 'roleName' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				`Value '' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`}},
		{"name", []string{"RoleName", "a b"}, invalid("'a b'", "roleName", `Member must satisfy regular expression pattern: [\w+=,.@-]+`)},
		{"long name", []string{"RoleName", strings.Repeat("a", 65)}, invalid("'"+strings.Repeat("a", 65)+"'", "roleName", "Member must have length less than or equal to 64")},
		{"path", []string{"Path", "/a"}, invalid("'/a'", "path", `Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)`)},
		{"duration", []string{"MaxSessionDuration", "3599"}, invalid("'3599'", "maxSessionDuration", "Member must have value greater than or equal to 3600")},
		{"long duration", []string{"MaxSessionDuration", "43201"}, invalid("'43201'", "maxSessionDuration", "Member must have value less than or equal to 43200")},
		{"tag", []string{"Tags.member.1.Key", "a|b", "Tags.member.1.Value", ""}, invalid("'a|b'", "tags.1.member.key", `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)},
		{"tag without value", []string{"Tags.member.1.Key", "a"}, invalid("null", "tags.1.member.value", "Member must not be null")},
		{"duplicate tags", []string{"Tags.member.1.Key", "a", "Tags.member.1.Value", "", "Tags.member.2.Key", "A", "Tags.member.2.Value", ""},
			refusal{400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."}},
		{"boundary", []string{"PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}, refusal{404, "NoSuchEntity", "Scope ARN: arn:aws:iam::aws:policy/AmazonEC2FullAccess does not exist or is not attachable."}},
		{"no JSON", []string{"AssumeRolePolicyDocument", "allow"}, malformed("This policy contains invalid Json")},
		{"no condition", []string{"AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`},
			malformed("A condition block must be present for the Cognito provider")},
		{"principal that is no ARN", []string{"AssumeRolePolicyDocument", trustAWS("somebody")}, malformed(`Invalid principal in policy: "AWS":"somebody"`)},
		{"foreign account", []string{"AssumeRolePolicyDocument", trustAWS("999988887777")}, malformed(`Invalid principal in policy: "AWS":"999988887777"`)},
		{"foreign root", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::999988887777:root")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::999988887777:root"`)},
		{"other partition", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws-cn:iam::111122223333:root")}, malformed(`Invalid principal in policy: "AWS":"arn:aws-cn:iam::111122223333:root"`)},
		{"unknown role", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:role/Nobody")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/Nobody"`)},
		{"role without its path", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:role/There")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/There"`)},
		{"session of an unknown role", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:sts::111122223333:assumed-role/Nobody/x")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:sts::111122223333:assumed-role/Nobody/x"`)},
		{"session of a role in other case", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:sts::111122223333:assumed-role/there/x")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:sts::111122223333:assumed-role/there/x"`)},
		{"user", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:user/anna")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/anna"`)},
		{"user without its path", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:user/there")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/there"`)},
		{"user in other case", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:user/x/There")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/x/There"`)},
		{"itself", []string{"AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:role/New")}, malformed(`Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/New"`)},
		{"name taken", []string{"RoleName", "tHERE"}, refusal{409, "EntityAlreadyExists", "Role with name tHERE already exists."}},

		{"own account", []string{"RoleName", "ok1", "AssumeRolePolicyDocument", trustAWS("111122223333")}, refusal{}},
		{"own root", []string{"RoleName", "ok2", "AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:root")}, refusal{}},
		{"everybody", []string{"RoleName", "ok3", "AssumeRolePolicyDocument", trustAWS("*")}, refusal{}},
		{"a role", []string{"RoleName", "ok4", "AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:role/x/There")}, refusal{}},
		{"a user", []string{"RoleName", "ok6", "AssumeRolePolicyDocument", trustAWS("arn:aws:iam::111122223333:user/x/there")}, refusal{}},
		{"a session", []string{"RoleName", "ok5", "AssumeRolePolicyDocument", trustAWS("arn:aws:sts::111122223333:assumed-role/There/x")}, refusal{}},
	}
	s := newService(t)
	createRole(t, s, "There", "Path", "/x/")
	createUser(t, s, "there", "Path", "/x/")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := map[string]string{"RoleName": "New", "AssumeRolePolicyDocument": trustPool}
			for i := 0; i < len(test.parameters); i += 2 {
				all[test.parameters[i]] = test.parameters[i+1]
			}
			var flat []string
			for name, value := range all {
				flat = append(flat, name, value)
			}
			wantRefused(t, do(t, s, "CreateRole", flat...), test.want)
		})
	}
}

func TestRoleNamesIgnoreCase(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth", "Path", "/a/")
	for _, name := range []string{"AppAuth", "appauth", "APPAUTH"} {
		body := must(t, s, "GetRole", "RoleName", name)
		if got := element(t, body, "RoleName"); got != "AppAuth" {
			t.Errorf("GetRole of %s shows the name %s", name, got)
		}
		if got := element(t, body, "Arn"); got != "arn:aws:iam::111122223333:role/a/AppAuth" {
			t.Errorf("GetRole of %s shows the ARN %s", name, got)
		}
	}
	must(t, s, "DeleteRole", "RoleName", "aPPaUTH")
	wantRefused(t, do(t, s, "GetRole", "RoleName", "AppAuth"), refusal{404, "NoSuchEntity", "The role with name AppAuth cannot be found."})
}

func TestMissingRole(t *testing.T) {
	want := refusal{404, "NoSuchEntity", "The role with name Nobody cannot be found."}
	s := newService(t)
	createRole(t, s, "Somebody")
	for action, more := range map[string][]string{
		"GetRole":          nil,
		"DeleteRole":       nil,
		"PutRolePolicy":    {"PolicyName", "p", "PolicyDocument", allowS3},
		"GetRolePolicy":    {"PolicyName", "p"},
		"DeleteRolePolicy": {"PolicyName", "p"},
		"ListRolePolicies": nil,

		"UpdateRole":                  nil,
		"UpdateRoleDescription":       {"Description", ""},
		"UpdateAssumeRolePolicy":      {"PolicyDocument", trustPool},
		"ListInstanceProfilesForRole": nil,
		"TagRole":                     {"Tags", ""},
		"UntagRole":                   {"TagKeys", ""},
		"ListRoleTags":                nil,
		"AttachRolePolicy":            {"PolicyArn", policyARN("p")},
		"DetachRolePolicy":            {"PolicyArn", policyARN("p")},
		"ListAttachedRolePolicies":    nil,
	} {
		t.Run(action, func(t *testing.T) {
			wantRefused(t, do(t, s, action, append([]string{"RoleName", "Nobody"}, more...)...), want)
		})
	}
	missing := refusal{404, "NoSuchEntity", "The role policy with name p cannot be found."}
	wantRefused(t, do(t, s, "GetRolePolicy", "RoleName", "Somebody", "PolicyName", "p"), missing)
	wantRefused(t, do(t, s, "DeleteRolePolicy", "RoleName", "Somebody", "PolicyName", "p"), missing)
}

// Roles of another account do not exist, whoever asks.
func TestAccountsAreApart(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth")
	must(t, s, "CreateOpenIDConnectProvider", "Url", "https://oidc.example.com")
	other := awsapi.Caller{Account: "999988887777", ARN: "arn:aws:iam::999988887777:root", Root: true}
	wantRefused(t, doAs(t, s, other, "GetRole", "RoleName", "AppAuth"), refusal{404, "NoSuchEntity", "The role with name AppAuth cannot be found."})
	wantRefused(t, doAs(t, s, other, "DeleteRole", "RoleName", "AppAuth"), refusal{404, "NoSuchEntity", "The role with name AppAuth cannot be found."})
	if got := elements(t, doAs(t, s, other, "ListRoles").Body, "RoleName"); got != nil {
		t.Errorf("ListRoles of another account shows %v", got)
	}
	const arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
	missing := refusal{404, "NoSuchEntity", "OpenIDConnect Provider not found for arn " + arn}
	wantRefused(t, doAs(t, s, other, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", arn), missing)
	wantRefused(t, doAs(t, s, other, "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", arn), missing)
	must(t, s, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
}

func TestLimits(t *testing.T) {
	s := newService(t)
	s.Limits = iam.Limits{
		RolesPerAccount: 2, TrustPolicySize: len(trustPool), RolePoliciesSize: 2 * len(allowS3),
		ProvidersPerAccount: 1, ClientIDsPerProvider: 2, ThumbprintsPerProvider: 1,
	}
	spaced := strings.ReplaceAll(trustPool, ",", " ,\n\t")
	must(t, s, "CreateRole", "RoleName", "spaced", "AssumeRolePolicyDocument", spaced)
	longer := strings.Replace(trustPool, "authenticated", "authenticated*", 1)
	wantRefused(t, do(t, s, "CreateRole", "RoleName", "longer", "AssumeRolePolicyDocument", longer),
		refusal{409, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for ACLSizePerRole: %d", len(trustPool))})
	createRole(t, s, "second")
	wantRefused(t, do(t, s, "CreateRole", "RoleName", "third", "AssumeRolePolicyDocument", trustPool),
		refusal{409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 2"})

	put := func(name, document string) awsapi.Answer {
		return do(t, s, "PutRolePolicy", "RoleName", "second", "PolicyName", name, "PolicyDocument", document)
	}
	tooLarge := refusal{409, "LimitExceeded", fmt.Sprintf("Maximum policy size of %d bytes exceeded for role second", 2*len(allowS3))}
	wantRefused(t, put("a", allowS3), refusal{})
	wantRefused(t, put("b", strings.ReplaceAll(allowS3, ",", " , ")), refusal{})
	wantRefused(t, put("c", allowS3), tooLarge)
	wantRefused(t, put("b", strings.Replace(allowS3, "Object", "Objects", 1)), tooLarge)
	wantRefused(t, put("b", strings.Replace(allowS3, "Object", "Objets", 1)), refusal{})
	if got := elements(t, must(t, s, "ListRolePolicies", "RoleName", "second"), "member"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("policies %v", got)
	}

	const thumbprint = "6938fd4d98bab03faadb97b34396831e3780aea1"
	provider := func(more ...string) awsapi.Answer {
		return do(t, s, "CreateOpenIDConnectProvider", append([]string{"Url", "https://oidc.example.com"}, more...)...)
	}
	wantRefused(t, provider("ClientIDList.member.1", "a", "ClientIDList.member.2", "b", "ClientIDList.member.3", "c"),
		refusal{409, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 2"})
	wantRefused(t, provider("ThumbprintList.member.1", thumbprint, "ThumbprintList.member.2", thumbprint),
		refusal{400, "InvalidInput", "Thumbprint list must contain fewer than 1 entries."})
	wantRefused(t, provider("ThumbprintList.member.1", thumbprint), refusal{})
	wantRefused(t, do(t, s, "CreateOpenIDConnectProvider", "Url", "https://second.example.com"),
		refusal{409, "LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 1"})
}

func TestDefaultLimits(t *testing.T) {
	want := iam.Limits{RolesPerAccount: 1000, TrustPolicySize: 2048, RolePoliciesSize: 10240, PoliciesPerRole: 10,
		UsersPerAccount: 5000, UserPoliciesSize: 2048, PoliciesPerUser: 10, AccessKeysPerUser: 2,
		PoliciesPerAccount: 1500, ManagedPolicySize: 6144, VersionsPerPolicy: 5, ProvidersPerAccount: 100, ClientIDsPerProvider: 100, ThumbprintsPerProvider: 5, SAMLProvidersPerAccount: 100}
	if diff := cmp.Diff(want, iam.DefaultLimits()); diff != "" {
		t.Error(diff)
	}
}

func TestPutRolePolicyRefusals(t *testing.T) {
	s := newService(t)
	createRole(t, s, "AppAuth")
	for document, message := range map[string]string{
		`{`: "Syntax errors in policy.",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws-cn:s3:::b"}}`:                `Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::b".`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`:                "Policy document should not specify a principal.",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*"}}`:                                               "Policy statement must contain resources.",
		`{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`:         "Syntax errors in policy.",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Like":{"a":"b"}}}}`: "Syntax errors in policy.",
	} {
		a := do(t, s, "PutRolePolicy", "RoleName", "AppAuth", "PolicyName", "p", "PolicyDocument", document)
		wantRefused(t, a, refusal{400, "MalformedPolicyDocument", message})
	}
}

// Documents come back byte for byte.
func TestPolicyTextIsKept(t *testing.T) {
	s := newService(t)
	trust := "\n\t" + strings.ReplaceAll(trustPool, ",", " , \r\n")
	must(t, s, "CreateRole", "RoleName", "AppAuth", "AssumeRolePolicyDocument", trust)
	document := strings.ReplaceAll(allowS3, `":`, "\" :\t") + "\n\n"
	must(t, s, "PutRolePolicy", "RoleName", "AppAuth", "PolicyName", "p", "PolicyDocument", document)
	for _, test := range []struct{ want, action, member string }{
		{trust, "GetRole", "AssumeRolePolicyDocument"},
		{document, "GetRolePolicy", "PolicyDocument"},
	} {
		body := must(t, s, test.action, "RoleName", "AppAuth", "PolicyName", "p")
		got, err := url.PathUnescape(element(t, body, test.member))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// walk lists everything page by page.
func walk(t *testing.T, s *iam.Service, member, action string, parameters ...string) (pages [][]string) {
	t.Helper()
	marker := []string{}
	for {
		body := must(t, s, action, append(marker, parameters...)...)
		pages = append(pages, elements(t, body, member))
		next := element(t, body, "Marker")
		if truncated := element(t, body, "IsTruncated"); truncated != fmt.Sprint(next != "") {
			t.Fatalf("IsTruncated %s with Marker %q", truncated, next)
		}
		if next == "" {
			return pages
		}
		marker = []string{"Marker", next}
	}
}

func TestPages(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"b", "A", "c", "D", "e-1", "E_2", "e.3"} {
		path := "/"
		if name < "c" {
			path = "/x/y/"
		}
		createRole(t, s, name, "Path", path)
	}
	for _, name := range []string{"pb", "pA", "pc", "pD", "pe-1", "pE_2", "pe.3"} {
		must(t, s, "PutRolePolicy", "RoleName", "A", "PolicyName", name, "PolicyDocument", allowS3)
	}
	tests := []struct {
		member, action string
		parameters     []string
		want           [][]string
	}{
		{"RoleName", "ListRoles", nil, [][]string{{"A", "b", "c", "D", "e-1", "e.3", "E_2"}}},
		{"RoleName", "ListRoles", []string{"MaxItems", "7"}, [][]string{{"A", "b", "c", "D", "e-1", "e.3", "E_2"}}},
		{"RoleName", "ListRoles", []string{"MaxItems", "3"}, [][]string{{"A", "b", "c"}, {"D", "e-1", "e.3"}, {"E_2"}}},
		{"RoleName", "ListRoles", []string{"MaxItems", "1", "PathPrefix", "/x/"}, [][]string{{"A"}, {"b"}, {"D"}, {"E_2"}}},
		{"RoleName", "ListRoles", []string{"PathPrefix", "/x/y/z"}, [][]string{nil}},
		{"member", "ListRolePolicies", []string{"RoleName", "A", "MaxItems", "4"}, [][]string{{"pA", "pD", "pE_2", "pb"}, {"pc", "pe-1", "pe.3"}}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, walk(t, s, test.member, test.action, test.parameters...)); diff != "" {
			t.Errorf("%s %v: %s", test.action, test.parameters, diff)
		}
	}
}

// A marker is good for the listing that gave it and for nothing else.
func TestMarkers(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"a", "b"} {
		createRole(t, s, name)
		must(t, s, "PutRolePolicy", "RoleName", name, "PolicyName", "p", "PolicyDocument", allowS3)
		must(t, s, "PutRolePolicy", "RoleName", name, "PolicyName", "q", "PolicyDocument", allowS3)
	}
	roles := element(t, must(t, s, "ListRoles", "MaxItems", "1"), "Marker")
	policies := element(t, must(t, s, "ListRolePolicies", "RoleName", "a", "MaxItems", "1"), "Marker")
	must(t, s, "ListRoles", "Marker", roles)
	must(t, s, "ListRolePolicies", "RoleName", "a", "Marker", policies)

	bad := refusal{400, "ValidationError", "Invalid Marker."}
	flipped := []byte(roles)
	flipped[len(flipped)/2] ^= 1
	for name, marker := range map[string]string{
		"made up": "b", "cut": roles[:len(roles)-4], "flipped": string(flipped), "extended": roles + "AAAA", "of another operation": policies,
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, do(t, s, "ListRoles", "Marker", marker), bad)
		})
	}
	wantRefused(t, do(t, s, "ListRolePolicies", "RoleName", "b", "Marker", policies), bad)
	other := newService(t)
	other.Pages = otherBox(t)
	wantRefused(t, do(t, other, "ListRoles", "Marker", roles), bad)
	if len(policies) > 320 {
		t.Errorf("marker of %d characters, at most 320 can come back", len(policies))
	}
}

// The longest names still make markers that can come back.
func TestMarkerLength(t *testing.T) {
	s := newService(t)
	createRole(t, s, "a")
	for _, c := range "xyz" {
		must(t, s, "PutRolePolicy", "RoleName", "a", "PolicyName", strings.Repeat(string(c), 128), "PolicyDocument", allowS3)
	}
	if got := walk(t, s, "member", "ListRolePolicies", "RoleName", "a", "MaxItems", "1"); len(got) != 3 {
		t.Errorf("%d pages", len(got))
	}
}

func TestRole(t *testing.T) {
	ctx := t.Context()
	s := newService(t)
	if role, ok, err := s.Role(ctx, account, "AppAuth"); role != nil || ok || err != nil {
		t.Fatalf("a role before it is made: %v, %v, %v", role, ok, err)
	}
	createRole(t, s, "AppAuth", "Path", "/x/", "MaxSessionDuration", "7200")
	role := findRole(t, s, "appauth")
	trust, err := role.Trust()
	if err != nil {
		t.Fatal(err)
	}
	if trust.Kind() != policy.Trust || trust.Text() != trustPool {
		t.Errorf("trust policy %s %s", trust.Kind(), trust.Text())
	}
	if role.Arn != "arn:aws:iam::111122223333:role/x/AppAuth" || role.Account != account || role.MaxSession() != 7200 {
		t.Errorf("role %+v", role)
	}
	again := findRole(t, s, "APPAUTH")
	if compiled, _ := again.Trust(); compiled != trust {
		t.Error("the trust policy is compiled again for each request")
	}

	// A role that takes the place of another is another one at once.
	must(t, s, "DeleteRole", "RoleName", "AppAuth")
	if role, ok, err := s.Role(ctx, account, "AppAuth"); role != nil || ok || err != nil {
		t.Fatalf("a role after it was deleted: %v, %v, %v", role, ok, err)
	}
	must(t, s, "CreateRole", "RoleName", "AppAuth", "AssumeRolePolicyDocument", trustAWS("*"))
	successor := findRole(t, s, "AppAuth")
	if successor.RoleId == role.RoleId {
		t.Errorf("unique ID %s is used again", role.RoleId)
	}
	if compiled, err := successor.Trust(); err != nil || compiled.Text() != trustAWS("*") {
		t.Errorf("trust policy of the successor: %v, %v", compiled, err)
	}
	if successor.MaxSession() != 3600 {
		t.Errorf("MaxSession %d where nothing was said", successor.MaxSession())
	}
}

func findRole(t *testing.T, s *iam.Service, name string) *iam.RoleEntity {
	t.Helper()
	role, ok, err := s.Role(t.Context(), account, name)
	if err != nil || !ok {
		t.Fatalf("Role(%s): %v, %v", name, ok, err)
	}
	return role
}

func TestRootAccessKey(t *testing.T) {
	s := newService(t)
	caller, secret, err := s.AccessKey(t.Context(), "AKIAROOT")
	if err != nil || secret.Reveal() != "root secret" {
		t.Fatalf("AccessKey: %v", err)
	}
	want := awsapi.Caller{Account: account, ARN: "arn:aws:iam::111122223333:root", UserID: account, Root: true, AccessKeyID: "AKIAROOT"}
	if diff := cmp.Diff(want, caller); diff != "" {
		t.Error(diff)
	}
	theirs, err := iam.NewID(iam.LongTermKeyPrefix, "999988887777", rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]awsapi.Cause{
		"": "unknown-key", "akiaroot": "unknown-key", "AKIAROOT ": "unknown-key", theirs: "foreign-key",
	} {
		caller, secret, err := s.AccessKey(t.Context(), id)
		if causeOf(err) != want || secret.Reveal() != "" || caller != (awsapi.Caller{}) {
			t.Errorf("AccessKey(%q): %+v, %v, want %s", id, caller, err, want)
		}
		if r, ok := awsapi.AsRefused(err); !ok || r.Refusal != awsapi.UnknownKey || r.Message != "" {
			t.Errorf("AccessKey(%q): clients are told %+v", id, r)
		}
	}
	s.Roots = nil
	if _, _, err := s.AccessKey(t.Context(), ""); causeOf(err) != "unknown-key" {
		t.Error("without a root access key everybody is root")
	}
}

func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	var before [][]byte
	show := func(s *iam.Service) (all [][]byte) {
		for _, parameters := range [][]string{
			{"GetRole", "RoleName", "AppAuth"},
			{"GetRolePolicy", "RoleName", "AppAuth", "PolicyName", "p"},
			{"GetOpenIDConnectProvider", "OpenIDConnectProviderArn", "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/"},
			{"ListRoles"},
			{"ListOpenIDConnectProviders"},
		} {
			all = append(all, must(t, s, parameters[0], parameters[1:]...))
		}
		return all
	}
	t.Run("before", func(t *testing.T) {
		s := serviceOn(t, openStore(t, path))
		createRole(t, s, "AppAuth", "Tags.member.1.Key", "env", "Tags.member.1.Value", "")
		must(t, s, "PutRolePolicy", "RoleName", "AppAuth", "PolicyName", "p", "PolicyDocument", allowS3)
		must(t, s, "CreateOpenIDConnectProvider", "Url", "https://oidc.example.com/", "ClientIDList.member.1", "app")
		before = show(s)
	})
	after := show(serviceOn(t, openStore(t, path)))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// Of many that make one role at the same time, exactly one succeeds.
func TestParallelCreates(t *testing.T) {
	s := newService(t)
	s.Rand = nil // the one that repeats is for one goroutine
	var wg sync.WaitGroup
	outcomes := make([]refusal, 16)
	table := iam.Operations(s).Compile()
	for i := range outcomes {
		name := iam.RoleNameType("AppAuth")
		if i%2 == 0 {
			name = "appauth"
		}
		wg.Go(func() {
			in := &iam.CreateRoleRequest{RoleName: name, AssumeRolePolicyDocument: trustPool}
			_, err := table.Row("CreateRole").Call(context.Background(), root, in)
			if e, ok := awsapi.AsError(err); ok {
				outcomes[i] = refusal{e.HTTPStatus(), e.Code, e.Message}
			} else if err != nil {
				outcomes[i] = refusal{Message: err.Error()}
			}
		})
	}
	wg.Wait()
	made := 0
	for _, o := range outcomes {
		switch {
		case o == refusal{}:
			made++
		case o.Code != "EntityAlreadyExists":
			t.Errorf("outcome %+v", o)
		}
	}
	if made != 1 {
		t.Errorf("%d roles of one name", made)
	}
}

func TestResourceARNs(t *testing.T) {
	s := newService(t)
	c := awsapi.Caller{Account: account}
	tests := []struct {
		in   any
		want string
	}{
		{&iam.CreateRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.CreateRoleRequest{RoleName: "r", Path: "/p/"}, "arn:aws:iam::111122223333:role/p/r"},
		{&iam.GetRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.DeleteRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.PutRolePolicyRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.GetRolePolicyRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.ListRolePoliciesRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.DeleteRolePolicyRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.ListRolesRequest{}, "arn:aws:iam::111122223333:role/"},
		{&iam.ListRolesRequest{PathPrefix: "/p/"}, "arn:aws:iam::111122223333:role/p/"},
		{&iam.CreateOpenIDConnectProviderRequest{Url: "https://a.example/b/"}, "arn:aws:iam::111122223333:oidc-provider/a.example/b/"},
		{&iam.GetOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.DeleteOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.ListOpenIDConnectProvidersRequest{}, "arn:aws:iam::111122223333:oidc-provider/*"},
		{&iam.UpdateRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.UpdateRoleDescriptionRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.UpdateAssumeRolePolicyRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.ListInstanceProfilesForRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.TagRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.UntagRoleRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.ListRoleTagsRequest{RoleName: "r"}, "arn:aws:iam::111122223333:role/r"},
		{&iam.AddClientIDToOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.RemoveClientIDFromOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.UpdateOpenIDConnectProviderThumbprintRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.TagOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.UntagOpenIDConnectProviderRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.ListOpenIDConnectProviderTagsRequest{OpenIDConnectProviderArn: "x"}, "x"},
		{&iam.TagSAMLProviderRequest{SAMLProviderArn: "x"}, "x"},
		{&iam.UntagSAMLProviderRequest{SAMLProviderArn: "x"}, "x"},
		{&iam.ListSAMLProviderTagsRequest{SAMLProviderArn: "x"}, "x"},
		{&iam.TagPolicyRequest{PolicyArn: "x"}, "x"},
		{&iam.UntagPolicyRequest{PolicyArn: "x"}, "x"},
		{&iam.ListPolicyTagsRequest{PolicyArn: "x"}, "x"},
		{&iam.GetContextKeysForCustomPolicyRequest{}, "*"},
		{&iam.SimulateCustomPolicyRequest{}, "*"},
		{&iam.SimulatePrincipalPolicyRequest{PolicySourceArn: "x"}, "x"},
	}
	for _, test := range tests {
		if got, err := about(t, s, c, test.in, policy.Context{}); err != nil || got.ARN != test.want {
			t.Errorf("%T is about %s, want %s", test.in, got, test.want)
		}
	}
}
