package sts

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/saml"
)

// The log says that a condition key does not exist, and which one was meant.
func TestUnknownKeys(t *testing.T) {
	const (
		arns   = "arn:aws:iam::111122223333:oidc-provider/"
		github = "token.actions.githubusercontent.com"
	)
	allow := `{"StringEquals":{"token.actions.githubusercontent.com:sub":"x"},"StringLike":{"KEY":"*"}}`
	tests := []struct {
		provider, key, condition string
		cause                    awsapi.Cause
		want                     string // the end of the detail
	}{
		{arns + github, github + ":repo", allow, "trust-key-unknown", `"` + github + `:repo": there is no such key; did you mean ` + github + `:repository?`},
		{arns + github, github + ":Repository_Owner", allow, "trust-key-unknown", `"` + github + `:repository_owner": there is no such key; did you mean ` + github + `:repository_owner_id?`},
		{arns + github, github + ":iss", allow, "trust-key-unknown", `"` + github + `:iss": there is no such key; the provider has ` + github + `:aud, ` + github + `:sub, `},
		{arns + github, github + ":repository", allow, "trust-condition", `whose conditions are not met: ` + github + `:repository`},
		{arns + github, "token.action.githubusercontent.com:aud", allow, "trust-key-unknown", `there is no such key; did you mean ` + github + `:aud?`},
		{arns + github, "sts:RoleSesionName", allow, "trust-key-unknown", `"sts:rolesesionname": there is no such key; did you mean sts:RoleSessionName?`},
		{arns + github, "aws:RequestTags/team", allow, "trust-key-unknown", `did you mean aws:RequestTag/KEY?`},
		{arns + github, "aws:RequestTag/team", allow, "trust-condition", `whose conditions are not met: aws:requesttag/team`},
		{arns + github, "aws:PrincipalArn", allow, "trust-key-unknown", `"aws:principalarn": there is no such key; the provider has ` + github + `:aud`},
		{arns + github, "accounts.google.com:aud", allow, "trust-key-unknown", `"accounts.google.com:aud": there is no such key; the provider has ` + github + `:aud`},
		{arns + "acme.eu.auth0.com/", "acme.eu.auth0.com:aud", `{"StringEquals":{"KEY":"app"}}`, "trust-key-unknown", `"acme.eu.auth0.com:aud": there is no such key; did you mean acme.eu.auth0.com/:aud?`},
		{arns + "acme.eu.auth0.com", "acme.eu.auth0.com/:aud", `{"StringEquals":{"KEY":"app"}}`, "trust-key-unknown", `did you mean acme.eu.auth0.com:aud?`},
		{CognitoProvider, "cognito-identity.amazon.com:aud", `{"StringEquals":{"KEY":"pool"}}`, "trust-key-unknown", `"cognito-identity.amazon.com:aud": there is no such key; did you mean cognito-identity.amazonaws.com:aud?`},
		{CognitoProvider, "cognito-identity.amazonaws.com:aud", `{"StringEquals":{"KEY":"pool"}}`, "trust-audience", ``},
		{CognitoProvider, "cognito-identity.amazonaws.com:audience", `{"StringEquals":{"KEY":"pool"}}`, "trust-key-unknown", `did you mean cognito-identity.amazonaws.com:aud?`},
		{login.FacebookName, "graph.facebook.com:aud", `{"StringEquals":{"KEY":"1"}}`, "trust-key-unknown", `; the provider has graph.facebook.com:app_id, graph.facebook.com:id`},
		{"arn:aws:iam::111122223333:saml-provider/corp", "saml:email", `{"StringEquals":{"KEY":"1"}}`, "trust-key-unknown", `"saml:email": there is no such key; did you mean saml:mail?`},
		{"", "sts:External_Id", `{"StringEquals":{"KEY":"1"}}`, "trust-key-unknown", `"sts:external_id": there is no such key; did you mean sts:ExternalId?`},
		{"", "sts:ExternalId", `{"StringEquals":{"KEY":"1"}}`, "trust-condition", `whose conditions are not met: sts:externalid`},
		{"", "aws:PrincipalOrgId", `{"StringEquals":{"KEY":"1"}}`, "trust-key-unknown", `"aws:principalorgid": there is no such key`},
		{"", "acme.example:sub", `{"StringEquals":{"KEY":"1"}}`, "trust-condition", `whose conditions are not met: acme.example:sub`},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			req := &policy.Request{Principal: policy.Principal{Federated: test.provider}, Action: actionWebIdentity, Context: policy.Context{github + ":sub": {"x"}}}
			principal := `"Federated":"` + test.provider + `"`
			if test.provider == "" {
				req.Principal, principal = policy.Principal{ARNs: []string{"arn:aws:iam::111122223333:user/anna"}, Account: "111122223333"}, `"AWS":"111122223333"`
			}
			parse := func(effect, condition string) *policy.Document {
				d, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"`+effect+`","Principal":{`+principal+`},"Action":"sts:*",`+
					`"Condition":`+strings.ReplaceAll(condition, "KEY", test.key)+`}]}`)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			trust := parse("Allow", test.condition)
			d, _ := askTrust(trust, req)
			if d.Outcome != decision.Refuse {
				t.Fatalf("not refused: %v", d)
			}
			if d.Cause != string(test.cause) || !strings.Contains(d.String(), test.want) {
				t.Errorf("%s: %s\nwant %s: … %s", d.Cause, d, test.cause, test.want)
			}
			if d.Cause != "trust-key-unknown" {
				return
			}
			// What denies for want of a key that never comes denies everybody.
			deny := parse("Deny", `{"StringNotEquals":{"KEY":"x"}}`)
			if d, _ := askTrust(deny, req); d.Cause != "trust-denied" || !strings.Contains(d.String(), "statement 1 denies it; ") || !strings.Contains(d.String(), test.want) {
				t.Errorf("denied: %s: %s", d.Cause, d)
			}
		})
	}
}

// There is no key that a request has and the log calls unknown.
func TestKnownKeysAreComplete(t *testing.T) {
	now := time.Unix(1_767_225_600, 0)
	request := awsapi.Request{SourceIP: "192.0.2.1", UserAgent: "ua", Referer: "r", Region: "us-east-1", Transport: awsapi.Encrypted}
	role := &iam.RoleEntity{Account: "111122223333"}
	role.Tags = iam.TagListType{{Key: "stage", Value: "prod"}}
	a := &assumption{name: "n", sourceIdentity: "anna", tags: []SessionTag{{Key: "team", Value: "red", Transitive: true}}}
	facts := func() policy.Context {
		c := trustContext(role, a)
		iam.SetResourceAccount(c, "111122223333", "arn:aws:iam::111122223333:role/x")
		if err := iam.SetRequestFacts(c, request, now); err != nil {
			t.Fatal(err)
		}
		return c
	}
	all := login.Claims{"amr": jsontext.Value(`["mfa"]`), "azp": jsontext.Value(`"app"`), "google": jsontext.Value(`{"organization_number":1}`)}
	for _, p := range providerClaims {
		for _, name := range p.claims {
			all[name] = jsontext.Value(`"x"`)
		}
	}
	contexts := map[string]policy.Context{"": facts()}
	contexts[""].Set("sts:externalid", "x")
	iam.SetCallerFacts(contexts[""], awsapi.Caller{Account: "111122223333", UserID: "AIDA", ARN: "arn:aws:iam::111122223333:user/anna", PrincipalARN: "arn:aws:iam::111122223333:user/anna"})
	session := facts()
	iam.SetCallerFacts(session, awsapi.Caller{Account: "111122223333", UserID: "AROA:s", ARN: "arn:aws:sts::111122223333:assumed-role/r/s", PrincipalARN: "arn:aws:iam::111122223333:role/r",
		Session: &awsapi.Session{Name: "s", Provider: "p", SourceIdentity: "anna", Tags: a.tags, Issued: now}})
	maps.Copy(contexts[""], session)
	const arns = "arn:aws:iam::111122223333:oidc-provider/"
	ours, err := fromClaims(&openid.Claims{Subject: "us-east-1:1", Audience: "us-east-1:2", AMR: []string{"authenticated"}})
	if err != nil {
		t.Fatal(err)
	}
	contexts[CognitoProvider] = facts()
	ours.setKeys(contexts[CognitoProvider])
	for _, provider := range []string{
		login.GoogleName, arns + "id.example.com/", arns + "accounts.google.com", arns + "gitlab.com", arns + "agent.buildkite.com",
		arns + "token.actions.githubusercontent.com/x", arns + "token.actions.x.ghe.com", arns + "oidc.circleci.com/org/1", arns + "idcs-1.identity.oraclecloud.com",
	} {
		f, err := fromLogin(provider, &login.Login{Audience: "app", Subject: "anna", Claims: all})
		if err != nil {
			t.Fatal(err)
		}
		contexts[provider] = facts()
		f.setKeys(contexts[provider])
	}
	const corp = "arn:aws:iam::111122223333:saml-provider/corp"
	attributes := map[string][]string{roleSessionNameAttribute: {"anna"}}
	for _, k := range samlAttributeKeys {
		attributes[k.attribute] = []string{"x"}
	}
	f, _, err := fromAssertion(corp, &saml.Assertion{NameID: "anna", Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	contexts[corp] = facts()
	f.setKeys(contexts[corp])
	for provider, context := range contexts {
		req := &policy.Request{Principal: policy.Principal{Federated: provider}}
		if said := unknownKeys(req, slices.Sorted(maps.Keys(context))); said != "" {
			t.Errorf("%s: %s", provider, said)
		}
	}
}

// The length of what is compared is bounded.
func TestNearnessIsBounded(t *testing.T) {
	if _, near := nearness(strings.Repeat("a", maxCompared+1), strings.Repeat("a", maxCompared)); near {
		t.Error("texts without end are compared")
	}
}

// However many keys a policy makes up, the log has a few.
func TestUnknownKeysAreBounded(t *testing.T) {
	req := &policy.Request{Principal: policy.Principal{Federated: CognitoProvider}}
	var keys []string
	for n := range 1000 {
		keys = append(keys, "cognito-identity.amazonaws.com:"+strings.Repeat("a", n))
	}
	if said := unknownKeys(req, keys); strings.Count(said, "there is no such key") != maxUnknown || len(said) > 1000 {
		t.Errorf("the log is told %d bytes: %s", len(said), said)
	}
}
