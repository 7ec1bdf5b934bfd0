package iam_test

import (
	"fmt"
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
