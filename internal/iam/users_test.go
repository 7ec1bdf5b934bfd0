package iam_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

func createUser(t testing.TB, s *iam.Service, name string, more ...string) []byte {
	t.Helper()
	return must(t, s, "CreateUser", append([]string{"UserName", name}, more...)...)
}

// keyOf makes an access key for a user.
func keyOf(t testing.TB, s *iam.Service, user string) (id, secret string) {
	t.Helper()
	body := must(t, s, "CreateAccessKey", "UserName", user)
	return element(t, body, "AccessKeyId"), element(t, body, "SecretAccessKey")
}

// callerOf is the caller that an access key makes.
func callerOf(t testing.TB, s *iam.Service, id string) awsapi.Caller {
	t.Helper()
	c, _, err := s.AccessKey(t.Context(), id)
	if err != nil {
		t.Fatalf("AccessKey(%s): %v", id, err)
	}
	return c
}

func TestCreateUserRefusals(t *testing.T) {
	invalid := func(value, member, constraint string) refusal {
		return refusal{400, "ValidationError", "1 validation error detected: Value '" + value + "' at '" + member + "' failed to satisfy constraint: " + constraint}
	}
	s := newService(t)
	s.Limits.UsersPerAccount = 2
	createUser(t, s, "There", "Path", "/x/")
	for _, test := range []struct {
		name       string
		parameters []string
		want       refusal
	}{
		{"name", []string{"UserName", "a b"}, invalid("a b", "userName", `Member must satisfy regular expression pattern: [\w+=,.@-]+`)},
		{"long name", []string{"UserName", strings.Repeat("a", 65)}, invalid(strings.Repeat("a", 65), "userName", "Member must have length less than or equal to 64")},
		{"name of other letters", []string{"UserName", "аnna"}, invalid("аnna", "userName", `Member must satisfy regular expression pattern: [\w+=,.@-]+`)},
		{"path", []string{"Path", "/a"}, invalid("/a", "path", `Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)`)},
		{"reserved tag", []string{"Tags.member.1.Key", "aws:a", "Tags.member.1.Value", ""}, refusal{400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use."}},
		{"name taken", []string{"UserName", "tHERE"}, refusal{409, "EntityAlreadyExists", "User with name tHERE already exists."}},
		{"boundary", []string{"PermissionsBoundary", policyARN("none")}, refusal{404, "NoSuchEntity", "Scope ARN: " + policyARN("none") + " does not exist or is not attachable."}},
		{"boundary that is no policy", []string{"PermissionsBoundary", "arn:aws:iam::111122223333:role/x"}, refusal{400, "ValidationError", "Invalid ARN:  Could not be parsed!"}},
		{"a second one", nil, refusal{}},
		{"one too many", []string{"UserName", "third"}, refusal{409, "LimitExceeded", "Cannot exceed quota for UsersPerAccount: 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefused(t, do(t, s, "CreateUser", append([]string{"UserName", "New"}, test.parameters...)...), test.want)
		})
	}
	// What was refused has left nothing behind.
	if got := elements(t, must(t, s, "ListUsers"), "UserName"); !cmp.Equal(got, []string{"New", "There"}) {
		t.Errorf("users %v", got)
	}
}

// Names and paths have a meaning in policies, so that whoever renames a user must
// be allowed to do so with the user of the new name too.
func TestRenameUserNeedsBoth(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna", "Path", "/dev/")
	createUser(t, s, "berta", "Path", "/admin/")
	must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::111122223333:user/dev/*"}}`)
	id, _ := keyOf(t, s, "anna")
	denied := func(as, becomes string) refusal {
		return refusal{403, "AccessDenied", "User: arn:aws:iam::111122223333:user/dev/" + as + " is not authorized to perform: iam:UpdateUser on resource: arn:aws:iam::111122223333:user" +
			becomes + " because no identity-based policy allows the iam:UpdateUser action"}
	}
	for _, test := range []struct {
		as, name string
		in       []string
		want     refusal
	}{
		{"anna", "out of her path", []string{"NewPath", "/admin/"}, denied("anna", "/admin/anna")},
		{"anna", "to a name that is taken, elsewhere", []string{"NewUserName", "berta", "NewPath", "/"}, denied("anna", "/berta")},
		{"anna", "within her path", []string{"NewUserName", "clara"}, refusal{}},
		{"clara", "deeper", []string{"UserName", "clara", "NewPath", "/dev/x/"}, refusal{}},
		{"x/clara", "to what she is", []string{"UserName", "clara", "NewPath", "/dev/x/"}, refusal{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := append([]string{"UserName", "anna"}, test.in...)
			wantRefused(t, doAs(t, s, callerOf(t, s, id), "UpdateUser", in...), test.want)
		})
	}
}

func TestMissingUser(t *testing.T) {
	s := newService(t)
	createUser(t, s, "Somebody")
	createRole(t, s, "Nobody")
	want := refusal{404, "NoSuchEntity", "The user with name Nobody cannot be found."}
	for action, more := range map[string][]string{
		"GetUser": nil, "UpdateUser": nil, "DeleteUser": nil, "ListUserPolicies": nil, "ListAttachedUserPolicies": nil, "CreateAccessKey": nil, "ListAccessKeys": nil,
		"PutUserPolicy": {"PolicyName", "p", "PolicyDocument", allowS3},
		"GetUserPolicy": {"PolicyName", "p"},
		"TagUser":       {"Tags", ""}, "UntagUser": {"TagKeys", ""}, "ListUserTags": nil, "ListGroupsForUser": nil,
		"ListMFADevices": nil, "ListSSHPublicKeys": nil, "ListSigningCertificates": nil, "ListServiceSpecificCredentials": {"AllUsers", "true"}, "DeleteLoginProfile": nil,
		"DeleteUserPolicy": {"PolicyName", "p"},
		"AttachUserPolicy": {"PolicyArn", admin},
		"DetachUserPolicy": {"PolicyArn", admin},
		"UpdateAccessKey":  {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA", "Status", "Active"},
		"DeleteAccessKey":  {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"},
	} {
		wantRefused(t, do(t, s, action, append([]string{"UserName", "Nobody"}, more...)...), want)
		other := awsapi.Caller{Account: "999988887777", ARN: "arn:aws:iam::999988887777:root", Root: true}
		want := refusal{404, "NoSuchEntity", "The user with name Somebody cannot be found."}
		wantRefused(t, doAs(t, s, other, action, append([]string{"UserName", "Somebody"}, more...)...), want)
	}
	missing := refusal{404, "NoSuchEntity", "The user policy with name p cannot be found."}
	wantRefused(t, do(t, s, "GetUserPolicy", "UserName", "Somebody", "PolicyName", "p"), missing)
	wantRefused(t, do(t, s, "DeleteUserPolicy", "UserName", "Somebody", "PolicyName", "p"), missing)
	noKey := refusal{404, "NoSuchEntity", "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found"}
	wantRefused(t, do(t, s, "DeleteAccessKey", "UserName", "Somebody", "AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"), noKey)
	wantRefused(t, do(t, s, "GetAccessKeyLastUsed", "AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"), noKey)
}

// A user who is given another name keeps everything; the old name is free.
func TestRenameUser(t *testing.T) {
	s := newService(t)
	createUser(t, s, "Anna", "Path", "/x/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	createUser(t, s, "Berta")
	must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allowS3)
	must(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	id, _ := keyOf(t, s, "Anna")
	before := callerOf(t, s, id)

	wantRefused(t, do(t, s, "UpdateUser", "UserName", "Anna", "NewUserName", "bERTA"), refusal{409, "EntityAlreadyExists", "User with name bERTA already exists."})
	must(t, s, "UpdateUser", "UserName", "Anna")
	must(t, s, "UpdateUser", "UserName", "Anna", "NewUserName", "ANNA")
	if got := callerOf(t, s, id).ARN; got != "arn:aws:iam::111122223333:user/x/ANNA" {
		t.Errorf("ARN %s", got)
	}
	must(t, s, "UpdateUser", "UserName", "anna", "NewUserName", "Clara", "NewPath", "/y/")
	body := must(t, s, "GetUser", "UserName", "clara")
	for name, want := range map[string]string{"UserName": "Clara", "Path": "/y/", "Arn": "arn:aws:iam::111122223333:user/y/Clara", "UserId": before.UserID, "Value": "red"} {
		if got := element(t, body, name); got != want {
			t.Errorf("%s %s, want %s", name, got, want)
		}
	}
	wantRefused(t, do(t, s, "GetUser", "UserName", "Anna"), refusal{404, "NoSuchEntity", "The user with name Anna cannot be found."})
	after := callerOf(t, s, id)
	if after.UserID != before.UserID || after.ARN != "arn:aws:iam::111122223333:user/y/Clara" {
		t.Errorf("the key's owner is %+v", after)
	}
	must(t, s, "GetUserPolicy", "UserName", "Clara", "PolicyName", "p")
	if got := element(t, must(t, s, "ListAttachedUserPolicies", "UserName", "Clara"), "PolicyArn"); got != admin {
		t.Errorf("attached %s", got)
	}
	createUser(t, s, "Anna")
}

// Without a name the caller is meant, where the caller is a user.
func TestOwnUser(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna", "Path", "/x/")
	id, _ := keyOf(t, s, "anna")
	anna := callerOf(t, s, id)
	session := anna
	session.Session = &awsapi.Session{Issued: start}
	for name, c := range map[string]awsapi.Caller{"with a key": anna, "with temporary credentials": session} {
		t.Run(name, func(t *testing.T) {
			if got := element(t, doAs(t, s, c, "GetUser").Body, "UserName"); got != "anna" {
				t.Errorf("GetUser shows %q", got)
			}
			if got := element(t, doAs(t, s, c, "ListAccessKeys").Body, "AccessKeyId"); got != id {
				t.Errorf("ListAccessKeys shows %q", got)
			}
			wantRefused(t, doAs(t, s, c, "UpdateAccessKey", "AccessKeyId", id, "Status", "Active"), refusal{})
		})
	}
	second := element(t, doAs(t, s, anna, "CreateAccessKey").Body, "AccessKeyId")
	if got := callerOf(t, s, second).UserID; got != anna.UserID {
		t.Errorf("the second key is of %s", got)
	}
	wantRefused(t, doAs(t, s, anna, "DeleteAccessKey", "AccessKeyId", second), refusal{})

	if got := element(t, must(t, s, "GetUser"), "Arn"); got != root.ARN {
		t.Errorf("GetUser of root shows %s", got)
	}
	role := awsapi.Caller{Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/r/s", PrincipalARN: "arn:aws:iam::111122223333:role/r", PrincipalID: "AROAR"}
	must := refusal{400, "ValidationError", "Must specify userName when calling with non-User credentials"}
	wantRefused(t, doAs(t, s, role, "GetUser"), must)
	wantRefused(t, doAs(t, s, role, "CreateAccessKey"), must)
	wantRefused(t, do(t, s, "CreateAccessKey"), must)

	// Whoever has taken the name since is somebody else.
	for _, action := range []string{"DeleteAccessKey", "DeleteUser"} {
		wantRefused(t, do(t, s, action, "UserName", "anna", "AccessKeyId", id), refusal{})
	}
	createUser(t, s, "anna", "Path", "/x/")
	wantRefused(t, doAs(t, s, anna, "GetUser"), refusal{404, "NoSuchEntity", "The user with name anna cannot be found."})
}

func TestAccessKeys(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna", "Path", "/x/")
	createUser(t, s, "berta")
	id, secret := keyOf(t, s, "anna")
	if !strings.HasPrefix(id, "AKIA") || len(id) != 20 || len(secret) != 40 {
		t.Errorf("key %s %s", id, secret)
	}
	if owner, ok := iam.AccountOf(id); owner != account || !ok {
		t.Errorf("the key is of account %s", owner)
	}
	c, got, err := s.AccessKey(t.Context(), id)
	if err != nil || got.Reveal() != secret {
		t.Fatalf("AccessKey: %v", err)
	}
	const arn = "arn:aws:iam::111122223333:user/x/anna"
	want := awsapi.Caller{Account: account, ARN: arn, UserID: c.UserID, PrincipalARN: arn, PrincipalID: c.UserID, AccessKeyID: id}
	if diff := cmp.Diff(want, c); diff != "" || !strings.HasPrefix(c.UserID, "AIDA") {
		t.Errorf("%s %s", c.UserID, diff)
	}
	unknown := func(id string) {
		t.Helper()
		if c, secret, err := s.AccessKey(t.Context(), id); causeOf(err) == "" || secret.Reveal() != "" || !cmp.Equal(c, awsapi.Caller{}) {
			t.Errorf("AccessKey(%s): %+v, %v", id, c, err)
		}
	}
	second, other := keyOf(t, s, "anna")
	if second == id || other == secret {
		t.Error("two keys are the same")
	}
	wantRefused(t, do(t, s, "CreateAccessKey", "UserName", "anna"), refusal{409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"})
	keys := func() string {
		body := must(t, s, "ListAccessKeys", "UserName", "anna")
		if strings.Contains(string(body), secret) || strings.Contains(string(body), other) {
			t.Error("ListAccessKeys shows a secret")
		}
		return fmt.Sprint(elements(t, body, "AccessKeyId"), elements(t, body, "Status"))
	}
	first, last := min(id, second), max(id, second)
	if got, want := keys(), fmt.Sprintf("[%s %s] [Active Active]", first, last); got != want {
		t.Errorf("keys %s, want %s", got, want)
	}
	if got := walk(t, s, "AccessKeyId", "ListAccessKeys", "UserName", "anna", "MaxItems", "1"); !cmp.Equal(got, [][]string{{first}, {last}}) {
		t.Errorf("pages %v", got)
	}
	missing := refusal{404, "NoSuchEntity", "The Access Key with id " + id + " cannot be found"}
	wantRefused(t, do(t, s, "UpdateAccessKey", "UserName", "berta", "AccessKeyId", id, "Status", "Inactive"), missing)
	wantRefused(t, do(t, s, "DeleteAccessKey", "UserName", "berta", "AccessKeyId", id), missing)
	wantRefused(t, do(t, s, "UpdateAccessKey", "UserName", "anna", "AccessKeyId", id, "Status", "Expired"),
		refusal{400, "InvalidInput", "The status of an access key cannot be set to Expired."})

	must(t, s, "UpdateAccessKey", "UserName", "anna", "AccessKeyId", id, "Status", "Inactive")
	unknown(id)
	callerOf(t, s, second)
	must(t, s, "UpdateAccessKey", "UserName", "anna", "AccessKeyId", id, "Status", "Active")
	if _, got, err := s.AccessKey(t.Context(), id); err != nil || got.Reveal() != secret {
		t.Errorf("active again: %v", err)
	}
	wantRefused(t, do(t, s, "DeleteUser", "UserName", "anna"), refusal{409, "DeleteConflict", "Cannot delete entity, must delete access keys first."})
	must(t, s, "DeleteAccessKey", "UserName", "anna", "AccessKeyId", id)
	unknown(id)
	unknown(strings.ToLower(second))
	unknown(second + " ")
	wantRefused(t, do(t, s, "DeleteAccessKey", "UserName", "anna", "AccessKeyId", id), missing)
}

// The last use is told at once, written down in a while, and outlives a restart.
// It costs no write for each request.
func TestLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		now := start
		s.Now = func() time.Time { return now }
		createUser(t, s, "anna")
		id, _ := keyOf(t, s, "anna")
		used := func(s *iam.Service) string {
			body := must(t, s, "GetAccessKeyLastUsed", "AccessKeyId", id)
			return strings.Join([]string{element(t, body, "UserName"), element(t, body, "LastUsedDate"), element(t, body, "ServiceName"), element(t, body, "Region")}, " ")
		}
		want := func(s *iam.Service, want string) {
			t.Helper()
			if got := used(s); got != want {
				t.Errorf("used %s, want %s", got, want)
			}
		}
		want(s, "anna  N/A N/A")
		c := callerOf(t, s, id)
		c.Region = "eu-west-1"
		want(s, "anna  N/A N/A") // having asked for the secret is no use
		s.Used(c, "iam")
		want(s, "anna 2026-01-01T00:00:00Z iam eu-west-1")
		restarted := func() *iam.Service { return &iam.Service{Account: account, Store: s.Store, Limits: s.Limits} }
		want(restarted(), "anna  N/A N/A")

		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx, func(err error) { t.Error(err) })
		}()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		want(restarted(), "anna 2026-01-01T00:00:00Z iam eu-west-1")
		now = now.Add(time.Hour)
		s.Used(c, "sts")
		session := c
		session.Session = &awsapi.Session{}
		session.Region = "us-east-1"
		s.Used(session, "iam") // temporary credentials are other keys
		s.Used(root, "iam")
		want(s, "anna 2026-01-01T01:00:00Z sts eu-west-1")
		cancel()
		<-done
		want(restarted(), "anna 2026-01-01T01:00:00Z sts eu-west-1")

		// A key that is gone is not made again by its last use.
		s.Used(c, "sts")
		must(t, s, "DeleteAccessKey", "UserName", "anna", "AccessKeyId", id)
		s.Run(ctx, func(err error) { t.Error(err) })
		if _, _, err := s.AccessKey(t.Context(), id); causeOf(err) != "unknown-key" {
			t.Errorf("after DeleteAccessKey: %v", err)
		}
	})
}

// Many uses are written down when the work ends, though it had hardly begun.
func TestManyLastUses(t *testing.T) {
	s := newService(t)
	s.Limits.AccessKeysPerUser = 300
	createUser(t, s, "anna")
	ids := make([]string, s.Limits.AccessKeysPerUser)
	for i := range ids {
		ids[i], _ = keyOf(t, s, "anna")
		s.Used(callerOf(t, s, ids[i]), "sts")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx, func(err error) { t.Error(err) })
	restarted := &iam.Service{Account: account, Store: s.Store}
	for _, id := range ids {
		if got := element(t, must(t, restarted, "GetAccessKeyLastUsed", "AccessKeyId", id), "ServiceName"); got != "sts" {
			t.Errorf("%s was used for %s", id, got)
		}
	}
}

func TestUserPolicies(t *testing.T) {
	s := newService(t)
	s.Limits.UserPoliciesSize, s.Limits.PoliciesPerUser = 2*len(allowS3), 1
	createUser(t, s, "anna")
	put := func(name, document string) awsapi.Answer {
		return do(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", name, "PolicyDocument", document)
	}
	wantRefused(t, put("p", "{"), refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."})
	for _, name := range []string{"b", "a"} {
		wantRefused(t, put(name, allowS3), refusal{})
	}
	wantRefused(t, put("c", allowS3), refusal{409, "LimitExceeded", fmt.Sprintf("Maximum policy size of %d bytes exceeded for user anna", 2*len(allowS3))})
	wantRefused(t, put("b", strings.ReplaceAll(allowS3, ",", " ,\n")), refusal{})
	if got := walk(t, s, "member", "ListUserPolicies", "UserName", "ANNA", "MaxItems", "1"); !cmp.Equal(got, [][]string{{"a"}, {"b"}}) {
		t.Errorf("pages %v", got)
	}
	must(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	arn := createPolicy(t, s, "p", allowS3)
	wantRefused(t, do(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", arn), refusal{409, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 1"})
	wantRefused(t, do(t, s, "DeleteUser", "UserName", "anna"), refusal{409, "DeleteConflict", "Cannot delete entity, must detach all policies first."})
	must(t, s, "DetachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	wantRefused(t, do(t, s, "DeleteUser", "UserName", "anna"), refusal{409, "DeleteConflict", "Cannot delete entity, must delete policies first."})
	must(t, s, "DeleteUserPolicy", "UserName", "anna", "PolicyName", "a")
	must(t, s, "DeleteUserPolicy", "UserName", "anna", "PolicyName", "b")
	must(t, s, "DeleteUser", "UserName", "anna")
}

func TestUserPages(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"b", "A", "c", "D", strings.Repeat("e", 64)} {
		path := "/"
		if name < "c" {
			path = "/x/y/"
		}
		createUser(t, s, name, "Path", path)
	}
	long := strings.Repeat("e", 64)
	for _, test := range []struct {
		parameters []string
		want       [][]string
	}{
		{nil, [][]string{{"A", "b", "c", "D", long}}},
		{[]string{"MaxItems", "2"}, [][]string{{"A", "b"}, {"c", "D"}, {long}}},
		{[]string{"PathPrefix", "/x/"}, [][]string{{"A", "b", "D"}}},
	} {
		if diff := cmp.Diff(test.want, walk(t, s, "UserName", "ListUsers", test.parameters...)); diff != "" {
			t.Errorf("%v: %s", test.parameters, diff)
		}
	}
}

// An inline policy may have no version, or the old one, and then has no variables. A
// managed one must have the new one. What is missing of an ARN is everything in both.
func TestVersionsOfThePolicyLanguage(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna")
	id, _ := keyOf(t, s, "anna")
	c := callerOf(t, s, id)
	const own = `"Statement":{"Effect":"Allow","Action":"*:*","Resource":["arn:aws:s3:::box/${aws:username}/*","arn:*:sqs"]}}`
	for version, want := range map[string]string{
		`{"Version":"2012-10-17",`: "arn:aws:s3:::box/anna/1 arn:aws:sqs:us-east-1:111122223333:q",
		`{"Version":"2008-10-17",`: "arn:aws:s3:::box/${aws:username}/1 arn:aws:sqs:us-east-1:111122223333:q",
		`{`:                        "arn:aws:s3:::box/${aws:username}/1 arn:aws:sqs:us-east-1:111122223333:q",
	} {
		must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", version+own)
		var allowed []string
		for _, resource := range []string{"arn:aws:s3:::box/anna/1", "arn:aws:s3:::box/${aws:username}/1", "arn:aws:s3:::box/berta/1", "arn:aws:sqs:us-east-1:111122223333:q"} {
			d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", resource, policy.Context{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Allowed() {
				allowed = append(allowed, resource)
			}
		}
		if got := strings.Join(allowed, " "); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
		if version == `{"Version":"2012-10-17",` {
			must(t, s, "CreatePolicy", "PolicyName", "p", "PolicyDocument", version+own)
			continue
		}
		refused := refusal{400, "MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater."}
		wantRefused(t, do(t, s, "CreatePolicy", "PolicyName", "q", "PolicyDocument", version+own), refused)
	}
}

// A user may do what the inline and the attached policies allow, within the
// boundary; one who is gone may do nothing.
func TestAuthorizeUser(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna", "Path", "/x/", "Tags.member.1.Key", "Team", "Tags.member.1.Value", "red")
	id, _ := keyOf(t, s, "anna")
	c := callerOf(t, s, id)
	const object = "arn:aws:s3:::box/red/1"
	ask := func(want string) {
		t.Helper()
		d, err := s.Authorize(t.Context(), wiretest.From(c), "s3:GetObject", object, policy.Context{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if !d.Allowed() {
			got = strings.TrimPrefix(d.Refusal(c, "s3:GetObject", object), "User: arn:aws:iam::111122223333:user/x/anna is not authorized to perform: s3:GetObject on resource: "+object+" ")
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const none = "because no identity-based policy allows the s3:GetObject action"
	ask(none)
	must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", allowRead) // for the tag's team
	ask("")
	must(t, s, "DeleteUserPolicy", "UserName", "anna", "PolicyName", "p")
	ask(none)
	must(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	ask("")
	must(t, s, "PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", denyRead)
	ask("with an explicit deny in an identity-based policy")
	must(t, s, "DeleteUserPolicy", "UserName", "anna", "PolicyName", "p")
	must(t, s, "DetachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	must(t, s, "DeleteAccessKey", "UserName", "anna", "AccessKeyId", id)
	must(t, s, "DeleteUser", "UserName", "anna")
	createUser(t, s, "anna", "Path", "/x/")
	must(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	ask(none)
}

// A boundary limits and never allows.
func TestBoundary(t *testing.T) {
	s := newService(t)
	list := createPolicy(t, s, "list", allowList)
	createUser(t, s, "anna", "PermissionsBoundary", list)
	createRole(t, s, "app", "PermissionsBoundary", list)
	must(t, s, "AttachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	must(t, s, "AttachRolePolicy", "RoleName", "app", "PolicyArn", admin)
	id, _ := keyOf(t, s, "anna")
	session := sessionOf(t, s, "app")
	ask := func(c awsapi.Caller, action, want string) {
		t.Helper()
		d, err := s.Authorize(t.Context(), wiretest.From(c), action, "*", policy.Context{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if !d.Allowed() {
			_, got, _ = strings.Cut(d.Refusal(c, action, "*"), "on resource: * ")
		}
		if got != want {
			t.Errorf("%s %s: got %q, want %q", c.ARN, action, got, want)
		}
	}
	for _, c := range []awsapi.Caller{callerOf(t, s, id), session} {
		ask(c, "s3:ListBucket", "")
		ask(c, "s3:GetObject", "because no permissions boundary allows the s3:GetObject action")
	}
	for action, name := range map[string]string{"GetUser": "UserName", "GetRole": "RoleName"} {
		body := must(t, s, action, name, map[string]string{"UserName": "anna", "RoleName": "app"}[name])
		if kind, arn := element(t, body, "PermissionsBoundaryType"), element(t, body, "PermissionsBoundaryArn"); kind != "Policy" || arn != list {
			t.Errorf("%s shows the boundary %s %s", action, kind, arn)
		}
	}
	for _, action := range []string{"ListUsers", "ListRoles"} {
		if strings.Contains(string(must(t, s, action)), "Boundary") {
			t.Errorf("%s shows boundaries", action)
		}
	}
	if got := element(t, must(t, s, "GetPolicy", "PolicyArn", list), "PermissionsBoundaryUsageCount"); got != "2" {
		t.Errorf("the policy is the boundary of %s", got)
	}
	if got := walk(t, s, "PolicyArn", "ListAttachedRolePolicies", "RoleName", "app"); !cmp.Equal(got, [][]string{{admin}}) {
		t.Errorf("attached: %v", got)
	}
	if got := walk(t, s, "Arn", "ListPolicies", "PolicyUsageFilter", "PermissionsBoundary"); !cmp.Equal(got, [][]string{{list}}) {
		t.Errorf("boundaries: %v", got)
	}
	conflict := refusal{409, "DeleteConflict", "Cannot delete a policy attached to entities."}
	wantRefused(t, do(t, s, "DeletePolicy", "PolicyArn", list), conflict)

	must(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", admin)
	ask(session, "s3:GetObject", "")
	wantRefused(t, do(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", policyARN("none")),
		refusal{404, "NoSuchEntity", "Scope ARN: " + policyARN("none") + " does not exist or is not attachable."})
	must(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", list)
	must(t, s, "PutRolePermissionsBoundary", "RoleName", "app", "PermissionsBoundary", list)
	ask(session, "s3:GetObject", "because no permissions boundary allows the s3:GetObject action")
	must(t, s, "DeleteRolePermissionsBoundary", "RoleName", "app")
	must(t, s, "DeleteRolePermissionsBoundary", "RoleName", "app")
	ask(session, "s3:GetObject", "")
	if strings.Contains(string(must(t, s, "GetRole", "RoleName", "app")), "Boundary") {
		t.Error("GetRole still shows a boundary")
	}
	wantRefused(t, do(t, s, "PutUserPermissionsBoundary", "UserName", "anna", "PermissionsBoundary", policyARN("none")),
		refusal{404, "NoSuchEntity", "Scope ARN: " + policyARN("none") + " does not exist or is not attachable."})
	wantRefused(t, do(t, s, "DeleteUserPermissionsBoundary", "UserName", "berta"),
		refusal{404, "NoSuchEntity", "The user with name berta cannot be found."})
	must(t, s, "PutUserPermissionsBoundary", "UserName", "anna", "PermissionsBoundary", admin)
	if got := element(t, must(t, s, "GetUser", "UserName", "anna"), "PermissionsBoundaryArn"); got != admin {
		t.Errorf("the boundary of the user is %s", got)
	}
	must(t, s, "DetachUserPolicy", "UserName", "anna", "PolicyArn", admin)
	must(t, s, "DeleteAccessKey", "UserName", "anna", "AccessKeyId", id)
	must(t, s, "DeleteUser", "UserName", "anna")
	must(t, s, "DeletePolicy", "PolicyArn", list)
}

func TestListEntitiesForPolicy(t *testing.T) {
	s := newService(t)
	arn := createPolicy(t, s, "p", allowS3)
	ids := map[string]string{}
	for _, name := range []string{"u1", "u2", "u3", "r1", "r2", "r3"} {
		create, attach, id, path := "CreateUser", "AttachUserPolicy", "UserId", "/"
		member := "UserName"
		if name[0] == 'r' {
			create, attach, id, member = "CreateRole", "AttachRolePolicy", "RoleId", "RoleName"
		}
		if name[1] == '1' {
			path = "/x/y/"
		}
		parameters := []string{member, name, "Path", path, "AssumeRolePolicyDocument", trustPool}
		if name[1] != '2' {
			parameters = append(parameters, "PermissionsBoundary", arn)
		}
		ids[name] = element(t, must(t, s, create, parameters...), id)
		if name[1] != '3' {
			must(t, s, attach, member, name, "PolicyArn", arn)
		}
	}
	// all is a listing, its pages put together, in the order of the names.
	all := func(parameters ...string) string {
		t.Helper()
		var names []string
		for _, member := range []string{"UserName", "RoleName"} {
			for _, page := range walk(t, s, member, "ListEntitiesForPolicy", append([]string{"PolicyArn", arn}, parameters...)...) {
				names = append(names, page...)
			}
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	for _, test := range []struct {
		parameters []string
		want       string
	}{
		{nil, "r1 r2 r3 u1 u2 u3"},
		{[]string{"MaxItems", "1"}, "r1 r2 r3 u1 u2 u3"},
		{[]string{"MaxItems", "3"}, "r1 r2 r3 u1 u2 u3"},
		{[]string{"MaxItems", "4"}, "r1 r2 r3 u1 u2 u3"},
		{[]string{"EntityFilter", "User"}, "u1 u2 u3"},
		{[]string{"EntityFilter", "Role", "MaxItems", "2"}, "r1 r2 r3"},
		{[]string{"EntityFilter", "Group"}, ""},
		{[]string{"EntityFilter", "AWSManagedPolicy"}, ""},
		{[]string{"PolicyUsageFilter", "PermissionsPolicy"}, "r1 r2 u1 u2"},
		{[]string{"PolicyUsageFilter", "PermissionsBoundary", "MaxItems", "3"}, "r1 r3 u1 u3"},
		{[]string{"PathPrefix", "/x/"}, "r1 u1"},
		{[]string{"PathPrefix", "/x/", "EntityFilter", "Role", "PolicyUsageFilter", "PermissionsBoundary"}, "r1"},
	} {
		if got := all(test.parameters...); got != test.want {
			t.Errorf("%v: %s, want %s", test.parameters, got, test.want)
		}
	}
	for name, id := range ids {
		body := must(t, s, "ListEntitiesForPolicy", "PolicyArn", arn)
		if !strings.Contains(string(body), id) {
			t.Errorf("%s of %s is not shown", id, name)
		}
	}
	if got := elements(t, must(t, s, "ListEntitiesForPolicy", "PolicyArn", admin), "member"); got != nil {
		t.Errorf("of AdministratorAccess: %v", got)
	}
	must(t, s, "AttachUserPolicy", "UserName", "u1", "PolicyArn", admin)
	if got := elements(t, must(t, s, "ListEntitiesForPolicy", "PolicyArn", admin), "UserName"); !cmp.Equal(got, []string{"u1"}) {
		t.Errorf("of AdministratorAccess: %v", got)
	}
	wantRefused(t, do(t, s, "ListEntitiesForPolicy", "PolicyArn", policyARN("none")), refusal{404, "NoSuchEntity", "Policy " + policyARN("none") + " was not found."})
}

// Users have no credentials besides access keys, and every question about the
// others is answered with an empty list, to whoever may ask.
func TestUsersHaveNoOtherCredentials(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna")
	id, _ := keyOf(t, s, "anna")
	anna := callerOf(t, s, id)
	for action, list := range map[string]string{
		"ListMFADevices": "MFADevices", "ListSSHPublicKeys": "SSHPublicKeys", "ListSigningCertificates": "Certificates",
		"ListServiceSpecificCredentials": "ServiceSpecificCredentials", "ListVirtualMFADevices": "VirtualMFADevices",
	} {
		named := []string{"UserName", "ANNA"}
		if action == "ListVirtualMFADevices" {
			named = []string{"AssignmentStatus", "Assigned"}
		}
		for _, a := range []awsapi.Answer{do(t, s, action, named...), doAs(t, s, anna, action)} {
			if body := string(a.Body); a.Status != 200 || !strings.Contains(body, "<"+list+"></"+list+">") || !strings.Contains(body, "<IsTruncated>false</IsTruncated>") {
				t.Errorf("%s: %d %s", action, a.Status, a.Body)
			}
		}
		wantRefused(t, do(t, s, action, append(named, "Marker", "x")...), refusal{400, "ValidationError", "Invalid Marker."})
	}
	must(t, s, "ListServiceSpecificCredentials", "AllUsers", "true", "ServiceName", "codecommit.amazonaws.com")
	wantRefused(t, do(t, s, "ListServiceSpecificCredentials", "UserName", "anna", "ServiceName", "s3.amazonaws.com"),
		refusal{404, "NotSupportedService", "Service s3.amazonaws.com does not have service-specific credentials."})
	wantRefused(t, do(t, s, "ListVirtualMFADevices", "AssignmentStatus", "assigned"), refusal{400, "ValidationError",
		"1 validation error detected: Value 'assigned' at 'assignmentStatus' failed to satisfy constraint: Member must satisfy enum value set: [Any, Assigned, Unassigned]"})
	noProfile := refusal{404, "NoSuchEntity", "Login Profile for User anna cannot be found."}
	wantRefused(t, do(t, s, "DeleteLoginProfile", "UserName", "ANNA"), noProfile)
	wantRefused(t, doAs(t, s, anna, "DeleteLoginProfile"), noProfile)
	for _, action := range []string{"DeleteLoginProfile", "ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates", "ListServiceSpecificCredentials"} {
		if a := do(t, s, action); a.Status != 400 {
			t.Errorf("%s of root without a name: %d %s", action, a.Status, a.Body)
		}
	}
}

func TestUserResourceARNs(t *testing.T) {
	s := newService(t)
	anna := awsapi.Caller{Account: account, ARN: "arn:aws:iam::111122223333:user/x/anna", PrincipalARN: "arn:aws:iam::111122223333:user/x/anna"}
	for _, test := range []struct {
		c    awsapi.Caller
		in   any
		want string
	}{
		{root, &iam.CreateUserRequest{UserName: "u", Path: "/p/"}, "arn:aws:iam::111122223333:user/p/u"},
		{root, &iam.GetUserRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{root, &iam.GetUserRequest{}, root.ARN},
		{anna, &iam.GetUserRequest{}, anna.ARN},
		{anna, &iam.CreateAccessKeyRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{anna, &iam.CreateAccessKeyRequest{}, anna.ARN},
		{root, &iam.TagUserRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{root, &iam.UntagUserRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{root, &iam.ListUserTagsRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{root, &iam.ListGroupsForUserRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{root, &iam.ListMFADevicesRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{anna, &iam.ListSSHPublicKeysRequest{}, anna.ARN},
		{root, &iam.ListSigningCertificatesRequest{UserName: "u"}, "arn:aws:iam::111122223333:user/u"},
		{anna, &iam.ListServiceSpecificCredentialsRequest{}, anna.ARN},
		{anna, &iam.DeleteLoginProfileRequest{}, anna.ARN},
		{root, &iam.ListVirtualMFADevicesRequest{}, "*"},
		{root, &iam.ListUsersRequest{PathPrefix: "/p/"}, "arn:aws:iam::111122223333:user/p/"},
	} {
		if got, err := about(t, s, test.c, test.in, policy.Context{}); err != nil || got.ARN != test.want {
			t.Errorf("%T is about %s, want %s", test.in, got, test.want)
		}
	}
}

// What is asked about a user is about the ARN with the path, and about the owner
// of a key. What a refusal says has been said by the caller.
func TestAboutUsers(t *testing.T) {
	s := newService(t)
	createUser(t, s, "anna", "Path", "/x/", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	id, _ := keyOf(t, s, "anna")
	anna := callerOf(t, s, id)
	must(t, s, "UpdateUser", "UserName", "anna", "NewUserName", "berta")
	createUser(t, s, "anna", "Path", "/x/")
	for _, test := range []struct {
		c    awsapi.Caller
		in   any
		arn  string
		name string
	}{
		{root, &iam.DeleteUserRequest{UserName: "BERTA"}, "arn:aws:iam::111122223333:user/x/berta", "user BERTA"},
		{root, &iam.DeleteUserRequest{UserName: "nobody"}, "arn:aws:iam::111122223333:user/nobody", "user nobody"},
		{anna, &iam.ListAccessKeysRequest{}, "arn:aws:iam::111122223333:user/x/berta", "arn:aws:iam::111122223333:user/x/anna"},
		{root, &iam.GetAccessKeyLastUsedRequest{AccessKeyId: iam.AccessKeyIdType(id)}, "arn:aws:iam::111122223333:user/x/berta", "*"},
		{root, &iam.GetAccessKeyLastUsedRequest{AccessKeyId: "AKIAAAAAAAAAAAAAAAAA"}, "*", "*"},
	} {
		facts := policy.Context{}
		got, err := about(t, s, test.c, test.in, facts)
		if err != nil || got.ARN != test.arn || got.Shown() != test.name {
			t.Errorf("%T %+v: %+v, %v", test.in, test.in, got, err)
		}
		if there := strings.Contains(test.arn, "/x/"); there != (len(facts["aws:resourcetag/team"]) == 1) {
			t.Errorf("%T: %v", test.in, facts)
		}
	}
}
