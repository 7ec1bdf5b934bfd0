package sts_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/iam"
)

// offline makes the account trust issuers that sign with a key at hand.
func (h *house) offline(urls ...string) *issuer {
	h.t.Helper()
	i := &issuer{key: fixtureKey(h.t, "2")}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Use: "sig", Algorithm: "RS256"}}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.sts.OIDC.Offline = map[string]func() ([]byte, error){}
	for _, url := range urls {
		h.sts.OIDC.Offline[url] = func() ([]byte, error) { return set, nil }
		_, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{
			Url: iam.OpenIDConnectProviderUrlType(url), ClientIDList: iam.ClientIDListType{"app"},
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return i
}

// The claims of providers that AWS makes condition keys are seen by trust policies
// and by no session; no other claim is, and none of another provider.
func TestProviderClaims(t *testing.T) {
	const (
		github  = "token.actions.githubusercontent.com"
		circle  = "oidc.circleci.com/org/5d1e2f"
		project = "oidc.circleci.com/project-id"
		google  = "accounts.google.com"
	)
	type claims = map[string]any
	tests := []struct {
		provider, key string
		claims        claims
		value         string // "" if the key is never there
	}{
		{github, "actor", claims{"actor": "anna"}, "anna"},
		{github, "actor_id", claims{"actor_id": "12"}, "12"},
		{github, "enterprise_id", claims{"enterprise_id": "3"}, "3"},
		{github, "environment", claims{"environment": "Prod"}, "Prod"},
		{github, "job_workflow_ref", claims{"job_workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main"}, "o/r/.github/workflows/w.yml@refs/heads/main"},
		{github, "ref", claims{"ref": "refs/heads/main"}, "refs/heads/main"},
		{github, "repository", claims{"repository": "o/r"}, "o/r"},
		{github, "repository_id", claims{"repository_id": "4"}, "4"},
		{github, "repository_owner_id", claims{"repository_owner_id": "5"}, "5"},
		{github, "workflow", claims{"workflow": "CI *"}, "CI *"},
		{github + "/octo", "repository", claims{"repository": "o/r"}, "o/r"},
		{github + "/octo/x", "repository", claims{"repository": "o/r"}, "o/r"},
		{"token.actions.octocorp.ghe.com", "repository", claims{"repository": "o/r"}, "o/r"},
		{"gitlab.com", "namespace_id", claims{"namespace_id": "1"}, "1"},
		{"gitlab.com", "pipeline_source", claims{"pipeline_source": "push"}, "push"},
		{"gitlab.com", "project_id", claims{"project_id": 20}, "20"},
		{"gitlab.com", "ref_protected", claims{"ref_protected": "true"}, "true"},
		{"gitlab.com", "ref_protected", claims{"ref_protected": true}, "true"},
		{"gitlab.com", "runner_environment", claims{"runner_environment": "gitlab-hosted"}, "gitlab-hosted"},
		{"gitlab.com", "user_access_level", claims{"user_access_level": "developer"}, "developer"},
		{"gitlab.com", "user_email", claims{"user_email": "a@example.com"}, "a@example.com"},
		{"gitlab.com", "user_id", claims{"user_id": "7"}, "7"},
		{"gitlab.com", "user_login", claims{"user_login": "anna"}, "anna"},
		{"agent.buildkite.com", "build_branch", claims{"build_branch": "main"}, "main"},
		{"agent.buildkite.com", "cluster_id", claims{"cluster_id": "c"}, "c"},
		{"agent.buildkite.com", "cluster_name", claims{"cluster_name": "c"}, "c"},
		{"agent.buildkite.com", "organization_id", claims{"organization_id": "o"}, "o"},
		{"agent.buildkite.com", "organization_slug", claims{"organization_slug": "o"}, "o"},
		{"agent.buildkite.com", "pipeline_id", claims{"pipeline_id": "p"}, "p"},
		{"agent.buildkite.com", "pipeline_slug", claims{"pipeline_slug": "p"}, "p"},
		{circle, project, claims{project: "9a"}, "9a"},
		{"idcs-0f1e.identity.oraclecloud.com", "rpst_id", claims{"rpst_id": "ocid1"}, "ocid1"},
		{google, "google/organization_number", claims{"google": claims{"organization_number": 123456789012}}, "123456789012"},
		{google, "google/organization_number", claims{"google": claims{"organization_number": "77"}}, "77"},
		{google, "google/organization_number", claims{"google:organization_number": 88}, "88"},

		// No others.
		{github, "repository_owner", claims{"repository_owner": "o"}, ""},
		{github, "iss", nil, ""},
		{github, "repository", claims{"repository": []string{"o/r"}}, ""},
		{github, "repository", claims{"repository": claims{"o": "r"}}, ""},
		{github, "repository", claims{"repository": nil}, ""},
		{github, "project_id", claims{"project_id": "1"}, ""},
		{"token.actions.githubusercontent.com.example.com", "repository", claims{"repository": "o/r"}, ""},
		{"x.token.actions.githubusercontent.com", "repository", claims{"repository": "o/r"}, ""},
		{"token.actions.ghe.com", "repository", claims{"repository": "o/r"}, ""},
		{"token.actions.a.b.ghe.com", "repository", claims{"repository": "o/r"}, ""},
		{"token.actions.octocorp.ghe.com/x", "repository", claims{"repository": "o/r"}, ""},
		{"gitlab.example.com", "project_id", claims{"project_id": "1"}, ""},
		{"gitlab.com", "project_path", claims{"project_path": "a/b"}, ""},
		{"oidc.circleci.com", project, claims{project: "9a"}, ""},
		{circle + "/project/1", project, claims{project: "9a"}, ""},
		{"identity.oraclecloud.com", "rpst_id", claims{"rpst_id": "ocid1"}, ""},
		{google, "google/organization_number", claims{"google": "123"}, ""},
		{google, "google/organization_number", claims{"google": claims{"organization_number": nil}}, ""},
		{google, "google/organization_number", claims{"google/organization_number": 5}, ""},
		{google, "google", claims{"google": "x"}, ""},
	}
	h := newHouse(t)
	known := map[string]bool{}
	var urls []string
	for _, test := range tests {
		if url := "https://" + test.provider; !known[url] {
			known[url] = true
			urls = append(urls, url)
		}
	}
	i := h.offline(urls...)
	for n, test := range tests {
		t.Run(test.provider+" "+test.key, func(t *testing.T) {
			key := test.provider + ":" + test.key
			quoted, _ := json.Marshal(test.value)
			scoped := `"StringEquals":{"` + test.provider + `:sub":"anna"}`
			trusting := func(name, condition string) string {
				name += strconv.Itoa(n)
				h.createRole(name, trust("arn:aws:iam::"+account+":oidc-provider/"+test.provider, assume, `{`+scoped+`,`+condition+`}`))
				return h.role[name]
			}
			absent, equal := trusting("Absent", `"Null":{"`+key+`":"true"}`), trusting("Equal", `"StringLike":{"`+strings.ToUpper(key)+`":`+string(quoted)+`}`)
			claims := map[string]any{"iss": "https://" + test.provider}
			maps.Copy(claims, test.claims)
			token := i.token(h, claims)
			if test.value == "" {
				h.wantRefused(h.assume(token, absent), refusal{})
				return
			}
			h.wantRefused(h.assume(token, absent), denied)
			h.wantRefused(h.assume(i.token(h, map[string]any{"iss": "https://" + test.provider}), equal), denied)
			got := h.mustAssume(token, equal)
			session := h.caller(credentials{AccessKeyId: got.AccessKeyID, SessionToken: got.SessionToken}).Session
			if diff := cmp.Diff(map[string][]string{test.provider + ":aud": {"app"}, test.provider + ":sub": {"anna"}}, session.Keys); diff != "" {
				t.Errorf("keys of the session (-want +got):\n%s", diff)
			}
		})
	}
}

// What CreateRole asks for of GitHub lets in whom it names.
func TestSharedProviderByWorkflow(t *testing.T) {
	const github = "token.actions.githubusercontent.com"
	h := newHouse(t)
	i := h.offline("https://" + github)
	h.createRole("CI", trust("arn:aws:iam::"+account+":oidc-provider/"+github, assume, `{"StringEquals":{"`+github+`:job_workflow_ref":"o/r/w.yml@v1"}}`))
	claims := map[string]any{"iss": "https://" + github, "sub": "repo:o/r:ref:refs/heads/main", "job_workflow_ref": "o/r/w.yml@v1"}
	h.wantRefused(h.assume(i.token(h, claims), h.role["CI"]), refusal{})
	claims["job_workflow_ref"] = "o/other/w.yml@v1"
	h.wantRefused(h.assume(i.token(h, claims), h.role["CI"]), denied)
}

// Google is built in, and has its claim all the same.
func TestGoogleOrganization(t *testing.T) {
	const key = "accounts.google.com:google/organization_number"
	h := newHouse(t)
	d := h.newDoubles()
	h.createRole("Organization", trust("accounts.google.com", assume, `{"NumericEquals":{"`+key+`":"123456789012"}}`))
	for number, want := range map[int]refusal{123456789012: {}, 123456789013: denied} {
		token := d.GoogleToken("google", map[string]any{"organization_number": number})
		h.wantRefused(h.assume(token, h.role["Organization"]), want)
	}
	h.wantRefused(h.assume(d.GoogleToken(), h.role["Organization"]), denied)
}
