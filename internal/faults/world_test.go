package faults

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

const (
	people    = 48     // who come again and again
	newcomer  = people // who comes when a test wants it
	developer = "login.faults"
	redirect  = "http://127.0.0.1/cb"
)

// A world is a fleet with a pool, and people who sign in.
type world struct {
	nodes    []*node
	pool     string
	provider string
	tokens   []string // of people
}

// newWorld starts nodes, each on a database as it sees it, and makes a pool, roles
// and a provider.
func newWorld(t *testing.T, databases ...string) *world {
	t.Helper()
	w := &world{}
	w.signIn(t)
	key := newMasterKey(t)
	for _, database := range databases {
		w.nodes = append(w.nodes, startNode(t, key, database))
	}
	root := w.nodes[0].root()
	mustQuery(t, root, "CreateOpenIDConnectProvider", "Url", "http://"+w.provider, "ClientIDList.member.1", "app")
	w.pool = must(t, root, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "faults", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": developer,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::" + account + ":oidc-provider/" + w.provider},
	})["IdentityPoolId"].(string)
	for _, kind := range []string{"authenticated", "unauthenticated"} {
		mustQuery(t, root, "CreateRole", "RoleName", kind, "Description", "0", "AssumeRolePolicyDocument",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
				`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+w.pool+`"},`+
				`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"`+kind+`"}}}]}`)
	}
	must(t, root, "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": w.pool, "Roles": map[string]string{
		"authenticated": "arn:aws:iam::" + account + ":role/authenticated", "unauthenticated": "arn:aws:iam::" + account + ":role/unauthenticated"}})
	return w
}

// signIn has a provider give each person an ID token.
func (w *world) signIn(t *testing.T) {
	t.Helper()
	config := idp.Config{Clients: []idp.Client{{ID: "app", RedirectURIs: []string{redirect}}}}
	for n := range people + 1 {
		config.Users = append(config.Users, idp.User{Subject: fmt.Sprint("person-", n), Password: "pw"})
	}
	provider, err := idp.Start(t.Context(), config, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Close() })
	w.provider = strings.TrimPrefix(provider.URL, "http://")
	for n := range people + 1 {
		w.tokens = append(w.tokens, w.signInAs(t, fmt.Sprint("person-", n)))
	}
}

// signInAs is an ID token of somebody.
func (w *world) signInAs(t *testing.T, subject string) string {
	t.Helper()
	signedIn, err := idp.RelyingParty{Issuer: "http://" + w.provider, ClientID: "app", RedirectURI: redirect}.SignIn(t.Context(), subject, "pw")
	if err != nil {
		t.Fatal(err)
	}
	return signedIn.IDToken
}

// call calls an operation of a JSON service.
func call(ctx context.Context, c *client.Client, operation string, in any) (map[string]any, error) {
	answer, err := c.JSON(ctx, cognito.API, operation, in)
	if err != nil || len(answer) == 0 {
		return nil, err
	}
	out := map[string]any{}
	return out, json.Unmarshal(answer, &out)
}

func must(t *testing.T, c *client.Client, operation string, in any) map[string]any {
	t.Helper()
	out, err := call(t.Context(), c, operation, in)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

func mustQuery(t *testing.T, c *client.Client, action string, parameters ...string) {
	t.Helper()
	if _, err := c.Query(t.Context(), iam.API, action, parameters...); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
}

// getID is GetId for a person; a guest is a person below zero.
func (w *world) getID(ctx context.Context, n *node, person int) (string, error) {
	in := map[string]any{"IdentityPoolId": w.pool}
	if person >= 0 {
		in["Logins"] = map[string]string{w.provider: w.tokens[person]}
	}
	out, err := call(ctx, n.public(), "GetId", in)
	if err != nil {
		return "", err
	}
	return out["IdentityId"].(string), nil
}

// link is GetOpenIdTokenForDeveloperIdentity: it finds or makes the identity of a
// developer user, or links the user to the identity that is given.
func (w *world) link(ctx context.Context, n *node, user, identity string) (string, error) {
	in := map[string]any{"IdentityPoolId": w.pool, "Logins": map[string]string{developer: user}}
	if identity != "" {
		in["IdentityId"] = identity
	}
	out, err := call(ctx, n.root(), "GetOpenIdTokenForDeveloperIdentity", in)
	if err != nil {
		return "", err
	}
	return out["IdentityId"].(string), nil
}

// lookup is the identity of a developer user.
func (w *world) lookup(ctx context.Context, n *node, user string) (string, error) {
	out, err := call(ctx, n.root(), "LookupDeveloperIdentity", map[string]any{"IdentityPoolId": w.pool, "DeveloperUserIdentifier": user})
	if err != nil {
		return "", err
	}
	return out["IdentityId"].(string), nil
}

// credentials are those of a guest.
func (w *world) credentials(ctx context.Context, n *node, guest string) (sigv4.Credentials, error) {
	out, err := call(ctx, n.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": guest})
	if err != nil {
		return sigv4.Credentials{}, err
	}
	c := out["Credentials"].(map[string]any)
	return sigv4.Credentials{AccessKeyID: c["AccessKeyId"].(string), SecretAccessKey: c["SecretKey"].(string), SessionToken: c["SessionToken"].(string)}, nil
}

// whoami uses credentials.
func whoami(ctx context.Context, n *node, c sigv4.Credentials) error {
	_, err := n.as(c).Query(ctx, sts.API, "GetCallerIdentity")
	return err
}

// describe gives the description of the role authenticated, which is a number.
func describe(ctx context.Context, n *node) (int, error) {
	answer, err := n.root().Query(ctx, iam.API, "GetRole", "RoleName", "authenticated")
	if err != nil {
		return 0, err
	}
	var out struct {
		Description string `xml:"GetRoleResult>Role>Description"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil {
		return 0, err
	}
	return strconv.Atoi(out.Description)
}
