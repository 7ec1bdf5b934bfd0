package cognito_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
)

// factsRig is a whole server, with something in it that good requests are about.
type factsRig struct {
	wire
	issuers *issuers
	client  *http.Client
	rows    *sql.DB // the server's database, to look at
	// requests are a good request of each operation, with all the members that
	// there are.
	requests map[string]object
}

func newFactsRig(t *testing.T) *factsRig {
	now := time.Now()
	r := &factsRig{issuers: newIssuers(t, []string{"a", "b"}, modelSubjects), client: &http.Client{Transport: &http.Transport{}}}
	server := daypasstest.Start(t, daypasstest.Config{
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	r.wire = wire{t: t, start: now, url: server.URL}
	t.Cleanup(r.client.CloseIdleConnections)
	rows, err := sql.Open("sqlite", "file:"+filepath.Join(server.DataDir, "daypass.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	r.rows = rows
	r.fill()
	return r
}

// send makes a request and gives the status and the body of its answer.
func (r *factsRig) send(service, operation, who, body string) (int, string) {
	r.t.Helper()
	request, content := r.request(service, operation, body)
	r.sign(request, service, []string{who}, content)
	answer, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.StatusCode, string(got)
}

// must makes a request that succeeds, and reads its answer.
func (r *factsRig) must(operation string, in object) object {
	r.t.Helper()
	status, body := r.send("cognito-identity", operation, "root", jsonOf(in))
	if status != http.StatusOK {
		r.t.Fatalf("%s %v: %d %s", operation, in, status, body)
	}
	out := object{}
	if body != "" {
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

func jsonOf(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// dump writes down every row of every table.
func (r *factsRig) dump() string {
	r.t.Helper()
	var b strings.Builder
	for _, table := range r.query(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`) {
		rows := r.query(`SELECT * FROM "` + table + `"`)
		slices.Sort(rows)
		fmt.Fprintf(&b, "%s\n%s\n", table, strings.Join(rows, "\n"))
	}
	return b.String()
}

// query gives a line a row.
func (r *factsRig) query(text string) []string {
	r.t.Helper()
	rows, err := r.rows.QueryContext(context.Background(), text)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for n := range values {
			values[n] = new(sql.RawBytes)
		}
		if err := rows.Scan(values...); err != nil {
			r.t.Fatal(err)
		}
		var line []string
		for _, v := range values {
			line = append(line, string(*v.(*sql.RawBytes)))
		}
		lines = append(lines, strings.Join(line, " | "))
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	return lines
}

// fill makes pools, identities and roles, and the requests about them.
func (r *factsRig) fill() {
	r.t.Helper()
	iam := func(operation string, parameters ...string) {
		if status, body := r.send("iam", operation, "root", strings.Join(parameters, "\n")); status != http.StatusOK {
			r.t.Fatalf("%s: %d %s", operation, status, body)
		}
	}
	a, b := r.issuers.names[0], r.issuers.names[1]
	arnA, arnB := string(r.issuers.arn(a)), string(r.issuers.arn(b))
	for _, name := range r.issuers.names {
		iam("CreateOpenIDConnectProvider", "Url=http://"+name, "ClientIDList.member.1="+modelClient)
	}
	settings := func(name string, more object) object {
		return joined(object{
			"IdentityPoolName": name, "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
			"SupportedLoginProviders": object{"accounts.google.com": "app"}, "DeveloperProviderName": developerProvider,
			"OpenIdConnectProviderARNs": []any{arnA, arnB}, "SamlProviderARNs": []any{"arn:aws:iam::" + modelAccount + ":saml-provider/x"},
			"CognitoIdentityProviders": []any{object{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc", "ClientId": "client", "ServerSideTokenCheck": false}},
			"IdentityPoolTags":         object{"k": "v"},
		}, more)
	}
	create := func(name string) string {
		return r.must("CreateIdentityPool", settings(name, nil))["IdentityPoolId"].(string)
	}
	pool, victim := create("facts"), create("victim")
	role := "arn:aws:iam::" + modelAccount + ":role/facts"
	iam("CreateRole", "RoleName=facts", `AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}}]}`)
	r.must("SetIdentityPoolRoles", object{"IdentityPoolId": pool, "Roles": object{"authenticated": role, "unauthenticated": role}})

	login := func(name, subject string) object { return object{name: r.issuers.tokens[refLogin{name, subject}]} }
	identity := func(logins object) string {
		return r.must("GetId", object{"IdentityPoolId": pool, "Logins": logins})["IdentityId"].(string)
	}
	user := func(id any, name string) string {
		return r.must("GetOpenIdTokenForDeveloperIdentity", object{"IdentityPoolId": pool, "IdentityId": id, "Logins": object{developerProvider: name}})["IdentityId"].(string)
	}
	alice, bob, carol := identity(login(a, "alice")), identity(login(a, "bob")), identity(login(a, "carol"))
	guest, gone := identity(nil), identity(nil)
	one := user(nil, "u1")
	user(nil, "u2")
	r.must("MergeDeveloperIdentities", object{
		"IdentityPoolId": pool, "DeveloperProviderName": developerProvider, "SourceUserIdentifier": "u2", "DestinationUserIdentifier": "u1",
	})
	user(nil, "u3")
	four := user(nil, "u4")
	more := func(operation string, in object) any {
		return r.must(operation, in)["NextToken"]
	}
	arn := "arn:aws:cognito-identity:" + modelRegion + ":" + modelAccount + ":identitypool/" + pool
	both := func(subject string) object { return joined(login(a, subject), login(b, subject)) }
	r.requests = map[string]object{
		"CreateIdentityPool":        settings("another", nil),
		"DeleteIdentities":          {"IdentityIdsToDelete": []any{gone}},
		"DeleteIdentityPool":        {"IdentityPoolId": victim},
		"DescribeIdentity":          {"IdentityId": alice},
		"DescribeIdentityPool":      {"IdentityPoolId": pool},
		"GetCredentialsForIdentity": {"IdentityId": alice, "Logins": both("alice"), "CustomRoleArn": role},
		"GetId":                     {"AccountId": modelAccount, "IdentityPoolId": pool, "Logins": login(a, "dave")},
		"GetIdentityPoolRoles":      {"IdentityPoolId": pool},
		"GetOpenIdToken":            {"IdentityId": bob, "Logins": both("bob")},
		"GetOpenIdTokenForDeveloperIdentity": {
			"IdentityPoolId": pool, "IdentityId": guest, "Logins": object{developerProvider: "u5"}, "PrincipalTags": object{"k": "v"}, "TokenDuration": 60,
		},
		"GetPrincipalTagAttributeMap": {"IdentityPoolId": pool, "IdentityProviderName": arnA},
		"ListIdentities": {
			"IdentityPoolId": pool, "MaxResults": 1, "HideDisabled": true,
			"NextToken": more("ListIdentities", object{"IdentityPoolId": pool, "MaxResults": 1}),
		},
		"ListIdentityPools":   {"MaxResults": 1, "NextToken": more("ListIdentityPools", object{"MaxResults": 1})},
		"ListTagsForResource": {"ResourceArn": arn},
		"LookupDeveloperIdentity": {
			"IdentityPoolId": pool, "IdentityId": one, "DeveloperUserIdentifier": "u1", "MaxResults": 1,
			"NextToken": more("LookupDeveloperIdentity", object{"IdentityPoolId": pool, "IdentityId": one, "MaxResults": 1}),
		},
		"MergeDeveloperIdentities": {
			"IdentityPoolId": pool, "DeveloperProviderName": developerProvider, "SourceUserIdentifier": "u1", "DestinationUserIdentifier": "u3",
		},
		"SetIdentityPoolRoles": {"IdentityPoolId": pool, "Roles": object{"authenticated": role}, "RoleMappings": object{arnA: object{
			"Type": "Rules", "AmbiguousRoleResolution": "Deny",
			"RulesConfiguration": object{"Rules": []any{object{"Claim": "sub", "MatchType": "Equals", "Value": "alice", "RoleARN": role}}},
		}}},
		"SetPrincipalTagAttributeMap": {"IdentityPoolId": pool, "IdentityProviderName": arnA, "UseDefaults": false, "PrincipalTags": object{"k": "sub"}},
		"TagResource":                 {"ResourceArn": arn, "Tags": object{"t": "v"}},
		"UnlinkDeveloperIdentity": {
			"IdentityPoolId": pool, "IdentityId": four, "DeveloperProviderName": developerProvider, "DeveloperUserIdentifier": "u4",
		},
		"UnlinkIdentity":     {"IdentityId": carol, "Logins": login(a, "carol"), "LoginsToRemove": []any{a}},
		"UntagResource":      {"ResourceArn": arn, "TagKeys": []any{"k"}},
		"UpdateIdentityPool": settings("renamed", object{"IdentityPoolId": pool}),
	}
}

// joined has the members of both objects.
func joined(a, b object) object {
	c := maps.Clone(a)
	maps.Copy(c, b)
	return c
}
