package iam_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/iam"
)

// taggable are the resources that have tags: how each is made and named, and
// where its tags are shown.
var taggable = []struct {
	name   string   // TagName, UntagName, ListNameTags
	create []string // the operation and its parameters
	id     []string // the member that names it
	quota  string
	show   string
}{
	{"Role", []string{"CreateRole", "RoleName", "r", "AssumeRolePolicyDocument", trustPool}, []string{"RoleName", "R"}, "TagsPerRole", "GetRole"},
	{"OpenIDConnectProvider", []string{"CreateOpenIDConnectProvider", "Url", "https://a.example"},
		[]string{"OpenIDConnectProviderArn", "arn:aws:iam::111122223333:oidc-provider/a.example"}, "TagsPerOpenIdConnectProvider", "GetOpenIDConnectProvider"},
	{"SAMLProvider", []string{"CreateSAMLProvider", "Name", "idp"}, []string{"SAMLProviderArn", samlARN}, "TagsPerSAMLProvider", "GetSAMLProvider"},
	{"Policy", []string{"CreatePolicy", "PolicyName", "p", "PolicyDocument", allowS3},
		[]string{"PolicyArn", "arn:aws:iam::111122223333:policy/p"}, "TagsPerPolicy", "GetPolicy"},
	{"User", []string{"CreateUser", "UserName", "u"}, []string{"UserName", "U"}, "TagsPerUser", "GetUser"},
}

func forEachTaggable(t *testing.T, test func(t *testing.T, r *tagged)) {
	for _, resource := range taggable {
		t.Run(resource.name, func(t *testing.T) {
			s := newService(t)
			create := resource.create
			if resource.name == "SAMLProvider" {
				create = append(create, "SAMLMetadataDocument", samlMetadata(t))
			}
			must(t, s, create[0], create[1:]...)
			test(t, &tagged{t, s, resource.name, resource.id, resource.quota, resource.show})
		})
	}
}

// tagged is a resource with tags.
type tagged struct {
	*testing.T
	s     *iam.Service
	name  string
	id    []string
	quota string
	show  string
}

// tag adds tags, keys and values in turn.
func (r *tagged) tag(want refusal, tags ...string) {
	r.Helper()
	parameters := r.id
	for i := 0; i < len(tags); i += 2 {
		n := fmt.Sprintf("Tags.member.%d.", i/2+1)
		parameters = append(parameters, n+"Key", tags[i], n+"Value", tags[i+1])
	}
	if len(tags) == 0 {
		parameters = append(parameters, "Tags", "")
	}
	wantRefused(r, do(r, r.s, "Tag"+r.name, parameters...), want)
}

func (r *tagged) untag(keys ...string) {
	r.Helper()
	parameters := r.id
	for i, k := range keys {
		parameters = append(parameters, fmt.Sprintf("TagKeys.member.%d", i+1), k)
	}
	if len(keys) == 0 {
		parameters = append(parameters, "TagKeys", "")
	}
	must(r, r.s, "Untag"+r.name, parameters...)
}

// has says which tags there are, KEY=VALUE, by key and as the resource shows
// them.
func (r *tagged) has(listed string, shown ...string) {
	r.Helper()
	pairs := func(body []byte) (all []string) {
		values := elements(r, body, "Value")
		for i, k := range elements(r, body, "Key") {
			all = append(all, k+"="+values[i])
		}
		return all
	}
	body := must(r, r.s, "List"+r.name+"Tags", r.id...)
	if got := strings.Join(pairs(body), " "); got != listed {
		r.Errorf("listed %s, want %s", got, listed)
	}
	if got := element(r, body, "IsTruncated"); got != "false" {
		r.Errorf("IsTruncated %s", got)
	}
	if diff := cmp.Diff(shown, pairs(must(r, r.s, r.show, r.id...))); diff != "" {
		r.Errorf("shown: %s", diff)
	}
}

// Keys are unique ignoring case and keep the case of the last word.
func TestTags(t *testing.T) {
	forEachTaggable(t, func(t *testing.T, r *tagged) {
		r.has("")
		r.tag(refusal{}, "team", "red", "Env", "")
		r.has("Env= team=red", "team=red", "Env=")
		r.tag(refusal{}, "Team", "blue", "zone", "1")
		r.has("Env= Team=blue zone=1", "Team=blue", "Env=", "zone=1")
		r.tag(refusal{})
		r.untag()
		r.untag("TEAM", "none")
		r.has("Env= zone=1", "Env=", "zone=1")
		r.tag(refusal{400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use."}, "a", "1", "AWS:x", "")
		r.tag(refusal{400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."}, "a", "1", "A", "")
		r.has("Env= zone=1", "Env=", "zone=1")
		r.untag("env", "ZONE", "zone")
		r.has("")
	})
}

func TestTagQuota(t *testing.T) {
	forEachTaggable(t, func(t *testing.T, r *tagged) {
		var fifty []string
		for i := range 50 {
			fifty = append(fifty, fmt.Sprintf("k%d", i), "v")
		}
		r.tag(refusal{}, fifty...)
		r.tag(refusal{409, "LimitExceeded", "Cannot exceed quota for " + r.quota + ": 50"}, "one", "more")
		r.tag(refusal{}, "K7", "w")
		r.untag("k0")
		r.tag(refusal{}, "one", "more")
		tooMany := "[" + strings.Repeat("Tag(...), ", 50) + "Tag(...)]"
		r.tag(refusal{400, "ValidationError", "1 validation error detected: Value '" + tooMany + "' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
			append(fifty, "k50", "v")...)
	})
}

// Pages of tags follow each other whatever the keys; a marker is for its
// resource alone.
func TestTagPages(t *testing.T) {
	forEachTaggable(t, func(t *testing.T, r *tagged) {
		long := func(s string) string { return strings.Repeat(s, 128) }
		r.tag(refusal{}, long("世"), "1", long("界"), "2", "a", "3")
		list := "List" + r.name + "Tags"
		pages := walk(t, r.s, "Key", list, append([]string{"MaxItems", "1"}, r.id...)...)
		if diff := cmp.Diff([][]string{{"a"}, {long("世")}, {long("界")}}, pages); diff != "" {
			t.Error(diff)
		}
		marker := element(t, must(t, r.s, list, append([]string{"MaxItems", "2"}, r.id...)...), "Marker")
		r.untag("a", long("世"), long("界"))
		if got := elements(t, must(t, r.s, list, append([]string{"Marker", marker}, r.id...)...), "Key"); got != nil {
			t.Errorf("tags %q after the last of a list that became shorter", got)
		}
		bad := refusal{400, "ValidationError", "Invalid Marker."}
		wantRefused(t, do(t, r.s, list, append([]string{"Marker", marker + "AA"}, r.id...)...), bad)
	})
}

// Tags of a role that begin with daypass: say something to daypass, and are refused
// where they say nothing that it understands. Those of before may be removed.
func TestTagsForDaypass(t *testing.T) {
	const reserved = "daypass: prefixed tag key names are reserved. Roles can have daypass:session-duration, daypass:target and daypass:target-role."
	target := func(key string) string {
		return "Invalid value for the tag " + key + ": the name of a target has 1 to 64 lower-case letters, digits and hyphens, and begins with a letter or digit."
	}
	role := "Invalid value for the tag daypass:target-role: give the ARN of a role, such as arn:aws:iam::123456789012:role/name."
	seconds := "Invalid value for the tag daypass:session-duration: give a number of seconds from 900 to 43200."
	for _, test := range []struct{ key, value, want string }{
		{"daypass:target", "minio-1", ""}, {"Daypass:Target", "a", ""}, {"daypass:target", strings.Repeat("a", 64), ""},
		{"daypass:target", "", target("daypass:target")}, {"DAYPASS:target", "Minio", target("DAYPASS:target")}, {"daypass:target", "-a", target("daypass:target")},
		{"daypass:target", "a b", target("daypass:target")}, {"daypass:target", "ä", target("daypass:target")}, {"daypass:target", strings.Repeat("a", 65), target("daypass:target")},
		{"daypass:target-role", "arn:aws:iam::123456789012:role/a", ""}, {"daypass:target-role", "arn:aws-cn:iam::123456789012:role/a/b", ""},
		{"daypass:target-role", "arn:aws:iam:::role/a", ""}, {"daypass:target-role", "arn:minio:iam:::role/x-_Y", ""},
		{"daypass:target-role", "", role}, {"daypass:target-role", "a", role}, {"daypass:target-role", "arn:aws:iam::123456789012:role/", role}, {"daypass:target-role", "arn:a:iam:::role/b", role},
		{"daypass:target-role", "arn:aws:iam::123456789012:user/anna", role}, {"daypass:target-role", "arn:aws:iam:us-east-1::role/aaaa", role},
		{"daypass:target-role", "arn:aws:sts::123456789012:role/a", role}, {"daypass:target-role", "arn:aws:iam::123456789012:role/a b", role}, {"daypass:target-role", "arn:aws:iam::123456789012:role/ä", role},
		{"daypass:session-duration", "900", ""}, {"daypass:session-duration", "43200", ""},
		{"daypass:session-duration", "899", seconds}, {"daypass:session-duration", "43201", seconds}, {"daypass:session-duration", "+900", seconds}, {"daypass:session-duration", "0900", seconds},
		{"daypass:session-duration", "1h", seconds}, {"daypass:session-duration", "", seconds}, {"daypass:session-duration", "-900", seconds}, {"daypass:session-duration", "99999999999999999999", seconds},
		{"daypass:", "", reserved}, {"daypass:x", "y", reserved}, {"DayPass:target ", "a", reserved}, {"daypass", "x", ""}, {"xdaypass:x", "y", ""},
	} {
		s := newService(t)
		want := refusal{}
		if test.want != "" {
			want = refusal{400, "InvalidInput", test.want}
		}
		tags := []string{"Tags.member.1.Key", "a", "Tags.member.1.Value", "b", "Tags.member.2.Key", test.key, "Tags.member.2.Value", test.value}
		create := []string{"RoleName", "made", "AssumeRolePolicyDocument", trustPool}
		wantRefused(t, do(t, s, "CreateRole", append(create, tags...)...), want)
		must(t, s, "CreateRole", "RoleName", "r", "AssumeRolePolicyDocument", trustPool)
		wantRefused(t, do(t, s, "TagRole", append([]string{"RoleName", "r"}, tags...)...), want)
		shown := 2
		if test.want != "" {
			shown = 0
		}
		if got := elements(t, must(t, s, "ListRoleTags", "RoleName", "r"), "Key"); len(got) != shown {
			t.Errorf("%s=%s: tags %q", test.key, test.value, got)
		}
		must(t, s, "UntagRole", "RoleName", "r", "TagKeys.member.1", test.key)
	}
	// Other resources keep such tags: nobody reads them.
	s := newService(t)
	must(t, s, "CreateUser", "UserName", "u", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "X Y")
}

// What tags say is kept with the role, through all its other changes, until they
// are removed. A tag that was stored before anybody read it says nothing.
func TestSettingsOfRoles(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "daypass.db"))
	s := serviceOn(t, db)
	settings := func() iam.RoleSettings {
		t.Helper()
		role, ok, err := serviceOn(t, db).Role(t.Context(), account, "r")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return role.Settings
	}
	want := func(want iam.RoleSettings) {
		t.Helper()
		if got := settings(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	must(t, s, "CreateRole", "RoleName", "r", "AssumeRolePolicyDocument", trustPool, "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "minio",
		"Tags.member.2.Key", "daypass:target-role", "Tags.member.2.Value", "arn:aws:iam:::role/photos")
	want(iam.RoleSettings{Target: "minio", TargetRole: "arn:aws:iam:::role/photos"})
	must(t, s, "TagRole", "RoleName", "r", "Tags.member.1.Key", "Daypass:Session-Duration", "Tags.member.1.Value", "3600")
	must(t, s, "UpdateRole", "RoleName", "r", "Description", "d")
	must(t, s, "UpdateAssumeRolePolicy", "RoleName", "r", "PolicyDocument", trustPool)
	want(iam.RoleSettings{Target: "minio", TargetRole: "arn:aws:iam:::role/photos", SessionSeconds: 3600})
	must(t, s, "UntagRole", "RoleName", "r", "TagKeys.member.1", "DAYPASS:TARGET-ROLE", "TagKeys.member.2", "daypass:session-duration")
	want(iam.RoleSettings{Target: "minio"})
	must(t, s, "DeleteRole", "RoleName", "r")

	err := db.IAM(nil).Update(t.Context(), func(tx iam.Tx) error {
		return tx.AddRole(&iam.RoleEntity{Account: account, Role: iam.Role{
			RoleName: "r", RoleId: "AROAOLD", Path: "/", Arn: "arn:aws:iam::" + account + ":role/r", AssumeRolePolicyDocument: trustPool,
			Tags: iam.TagListType{{Key: "daypass:target", Value: "minio"}, {Key: "daypass:session-duration", Value: "forever"}, {Key: "daypass:other", Value: ""}},
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	want(iam.RoleSettings{})
	must(t, s, "TagRole", "RoleName", "r", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	want(iam.RoleSettings{})
	must(t, s, "UntagRole", "RoleName", "r", "TagKeys.member.1", "daypass:other", "TagKeys.member.2", "daypass:session-duration")
	must(t, s, "TagRole", "RoleName", "r", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "minio")
	want(iam.RoleSettings{Target: "minio"})
}
