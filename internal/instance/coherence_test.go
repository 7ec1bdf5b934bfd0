package instance_test

import (
	"context"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/mint"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/sqlite"
	"github.com/daypass/daypass/internal/sts"
)

// nodes are several nodes on one database, each with its own caches: a story at
// each, with the same pool and provider.
type nodes []*story

// database makes a new database, and gives what each node opens it with.
type database func(t *testing.T) instance.Database

func onSQLite(t *testing.T) instance.Database {
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: store.Schema(), Shared: true})
	return func(context.Context, fs.FS) (engine.Engine, error) { return e, err }
}

func onPostgreSQL(t *testing.T) instance.Database {
	url := pgtest.Database(t)
	return func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
		return postgres.Open(ctx, postgres.Options{URL: url, Schema: schema})
	}
}

// newNodes opens the nodes before there is anything in the database.
func newNodes(t *testing.T, on database, n int) nodes {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	var f nodes
	open := on(t)
	for range n {
		h := httptest.NewUnstartedServer(nil)
		url := "http://" + h.Listener.Addr().String()
		i, err := instance.Open(t.Context(), instance.Config{
			Database: open, MasterKey: key, Account: daypasstest.Account, PublicURL: url, Issuer: "https://issuer.example", Dev: true,
			Root: instance.RootAccessKey{ID: daypasstest.AccessKeyID, Secret: seal.NewSecret(daypasstest.SecretAccessKey)},
		})
		if err != nil {
			t.Fatal(err)
		}
		h.Config.Handler = i.Handler
		h.Start()
		t.Cleanup(func() {
			h.Close()
			if err := i.Close(); err != nil {
				t.Error(err)
			}
		})
		f = append(f, &story{t: t, server: &daypasstest.Server{URL: url}})
	}
	a := f[0]
	a.provider = a.startProvider(idp.Config{})
	a.query("CreateOpenIDConnectProvider", "Url", a.provider.URL, "ClientIDList.member.1", "app")
	a.pool = a.root("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "fleet", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "OpenIdConnectProviderARNs": []string{a.providerARN()},
	})["IdentityPoolId"].(string)
	for _, b := range f[1:] {
		b.provider, b.pool = a.provider, a.pool
	}
	for name, amr := range map[string]string{"user": "authenticated", "other": "authenticated", "guest": "unauthenticated"} {
		a.query("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust(a.pool, amr))
	}
	a.setRoles("user")
	return f
}

// setRoles gives the pool its roles.
func (s *story) setRoles(user string) {
	s.root("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{
		"authenticated": roleARN(user), "unauthenticated": roleARN("guest")}})
}

const (
	listUsers    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}`
	listNothing  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}]}`
	everything   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trustsNobody = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"}]}`
)

// is says whether a call succeeded; it must be refused with one of the codes otherwise.
func is(t *testing.T, err error, refusals ...string) bool {
	t.Helper()
	if err == nil {
		return true
	}
	code := codeOf(t, err)
	for _, r := range refusals {
		if code == r {
			return false
		}
	}
	t.Errorf("refused: %v", err)
	return false
}

// at is a client at another node.
func at(s *story, c *client.Client) *client.Client {
	there := *c
	there.Endpoint = s.server.URL
	return &there
}

// kind is a kind of change that can be made to and fro. switchTo makes it at a node; on
// finds out at a node which way it is, by a request of somebody whom it concerns.
type kind struct {
	name string
	// begins is which way it is at the beginning.
	begins   bool
	switchTo func(a *story, on bool)
	on       func(b *story) bool
}

// kinds are the changes of everything that nodes keep in memory.
func (f nodes) kinds(t *testing.T) []kind {
	t.Helper()
	a := f[0]
	token := a.signIn("alice")
	alice := a.mustID(token)
	hers, err := a.credentials(alice, token)
	if err != nil {
		t.Fatal(err)
	}
	pool := func(s *story, change func(p map[string]any)) {
		p := s.root("DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool})
		change(p)
		s.root("UpdateIdentityPool", p)
	}
	getID := func(s *story, token string) bool {
		_, err := s.getID(token)
		return is(t, err, "NotAuthorizedException")
	}
	role := func(s *story) string {
		c, err := s.credentials(alice, token)
		if err != nil {
			t.Error(err)
			return ""
		}
		answer, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
		if err != nil {
			t.Error(err)
			return ""
		}
		return strings.Split(texts(t, answer)["Arn"], "/")[1]
	}
	lists := func(s *story, c *client.Client) bool {
		_, err := at(s, c).Query(t.Context(), iam.API, "ListUsers")
		return is(t, err, "AccessDenied")
	}
	either := func(s *story, on bool, action, otherwise string, parameters ...string) {
		if !on {
			action = otherwise
			var fewer []string
			for i := 0; i+1 < len(parameters); i += 2 {
				if !strings.HasSuffix(parameters[i], "Document") && (parameters[i] != "PermissionsBoundary") {
					fewer = append(fewer, parameters[i], parameters[i+1])
				}
			}
			parameters = fewer
		}
		s.query(action, parameters...)
	}
	user := func(name string) *client.Client { return a.user(name) }
	anna, bert, cleo, dora, emil := user("anna"), user("bert"), user("cleo"), user("dora"), user("emil")
	policy := func(name, document string) string {
		return texts(t, []byte(a.query("CreatePolicy", "PolicyName", name, "PolicyDocument", document)))["Arn"]
	}
	lister, versioned := policy("lister", listUsers), policy("versioned", listNothing)
	a.query("CreatePolicyVersion", "PolicyArn", versioned, "PolicyDocument", listUsers)
	a.query("AttachUserPolicy", "UserName", "cleo", "PolicyArn", versioned)
	a.query("PutUserPolicy", "UserName", "dora", "PolicyName", "p", "PolicyDocument", everything)
	nothing := policy("nothing", listNothing)
	a.query("PutUserPolicy", "UserName", "emil", "PolicyName", "p", "PolicyDocument", listUsers)
	key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	saml := &samlShop{shop: &shop{story: a}, SAML: mint.SAML{Issuer: "https://idp.example", Key: key}}
	metadata := [2]string{saml.metadata(), strings.Replace(saml.metadata(), "https://idp.example", "https://idp2.example", 1)}
	samlARN := texts(t, []byte(a.query("CreateSAMLProvider", "Name", "saml", "SAMLMetadataDocument", metadata[0])))["SAMLProviderArn"]
	var made, guest string
	var frida *client.Client
	return []kind{
		{
			"guests of a pool", true,
			func(s *story, on bool) { pool(s, func(p map[string]any) { p["AllowUnauthenticatedIdentities"] = on }) },
			func(s *story) bool { return getID(s, "") },
		},
		{
			"providers of a pool", true,
			func(s *story, on bool) {
				pool(s, func(p map[string]any) {
					p["OpenIdConnectProviderARNs"] = []string{}
					if on {
						p["OpenIdConnectProviderARNs"] = []string{s.providerARN()}
					}
				})
			},
			func(s *story) bool { return getID(s, token) },
		},
		{
			"roles of a pool", true,
			func(s *story, on bool) { s.setRoles(map[bool]string{true: "user", false: "other"}[on]) },
			func(s *story) bool { return role(s) == "user" },
		},
		{
			"role mappings", true,
			func(s *story, on bool) {
				in := map[string]any{"IdentityPoolId": s.pool, "Roles": map[string]string{"authenticated": roleARN("user"), "unauthenticated": roleARN("guest")}}
				if !on {
					in["RoleMappings"] = map[string]any{s.providerARN(): map[string]any{"Type": "Rules", "AmbiguousRoleResolution": "Deny",
						"RulesConfiguration": map[string]any{"Rules": []any{map[string]any{"Claim": "sub", "MatchType": "Equals", "Value": "alice", "RoleARN": roleARN("other")}}}}}
				}
				s.root("SetIdentityPoolRoles", in)
			},
			func(s *story) bool { return role(s) == "user" },
		},
		{
			"principal tags", false,
			func(s *story, on bool) {
				in := map[string]any{"IdentityPoolId": s.pool, "IdentityProviderName": s.providerName(), "UseDefaults": false, "PrincipalTags": map[string]string{}}
				if on {
					in["PrincipalTags"] = map[string]string{"who": "sub"}
				}
				s.root("SetPrincipalTagAttributeMap", in)
			},
			func(s *story) bool {
				payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s.openIDToken(alice, token), ".")[1])
				if err != nil {
					t.Error(err)
				}
				return strings.Contains(string(payload), `"who"`)
			},
		},
		{
			"a pool", false,
			func(s *story, on bool) {
				if on {
					made = s.root("CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true})["IdentityPoolId"].(string)
				} else {
					s.root("DeleteIdentityPool", map[string]any{"IdentityPoolId": made})
				}
			},
			func(s *story) bool {
				_, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": made})
				return is(t, err, "ResourceNotFoundException")
			},
		},
		{
			"trust of a role", true,
			func(s *story, on bool) {
				s.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", map[bool]string{true: trust(s.pool, "authenticated"), false: trustsNobody}[on])
			},
			func(s *story) bool {
				_, err := s.credentials(alice, token)
				return is(t, err, "InvalidIdentityPoolConfigurationException", "NotAuthorizedException")
			},
		},
		{
			"a role", true,
			func(s *story, on bool) {
				if on {
					s.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
				} else {
					s.query("DeleteRole", "RoleName", "user")
				}
			},
			func(s *story) bool {
				_, err := s.credentials(alice, token)
				return is(t, err, "InvalidIdentityPoolConfigurationException", "NotAuthorizedException")
			},
		},
		{
			"an inline policy of a role", false,
			func(s *story, on bool) {
				either(s, on, "PutRolePolicy", "DeleteRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", listUsers)
			},
			func(s *story) bool {
				c, err := s.credentials(alice, token)
				if err != nil {
					t.Error(err)
					return false
				}
				return lists(s, c)
			},
		},
		{
			"an inline policy of a user", false,
			func(s *story, on bool) {
				either(s, on, "PutUserPolicy", "DeleteUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", listUsers)
			},
			func(s *story) bool { return lists(s, anna) },
		},
		{
			"a policy that is attached", false,
			func(s *story, on bool) {
				either(s, on, "AttachUserPolicy", "DetachUserPolicy", "UserName", "bert", "PolicyArn", lister)
			},
			func(s *story) bool { return lists(s, bert) },
		},
		{
			"the version of a policy", false,
			func(s *story, on bool) {
				s.query("SetDefaultPolicyVersion", "PolicyArn", versioned, "VersionId", map[bool]string{true: "v2", false: "v1"}[on])
			},
			func(s *story) bool { return lists(s, cleo) },
		},
		{
			"the status of an access key", true,
			func(s *story, on bool) {
				s.query("UpdateAccessKey", "UserName", "dora", "AccessKeyId", dora.Credentials.AccessKeyID, "Status", map[bool]string{true: "Active", false: "Inactive"}[on])
			},
			func(s *story) bool {
				_, err := at(s, dora).Query(t.Context(), sts.API, "GetCallerIdentity")
				return is(t, err, "InvalidClientTokenId")
			},
		},
		{
			"a boundary", true,
			func(s *story, on bool) {
				either(s, !on, "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary", "UserName", "emil", "PermissionsBoundary", nothing)
			},
			func(s *story) bool { return lists(s, emil) },
		},
		{
			"a user with a key", false,
			func(s *story, on bool) {
				if on {
					frida = s.user("frida")
				} else {
					s.query("DeleteAccessKey", "UserName", "frida", "AccessKeyId", frida.Credentials.AccessKeyID)
					s.query("DeleteUser", "UserName", "frida")
				}
			},
			func(s *story) bool {
				_, err := at(s, frida).Query(t.Context(), sts.API, "GetCallerIdentity")
				return is(t, err, "InvalidClientTokenId")
			},
		},
		{
			"the name of a user", true,
			func(s *story, on bool) {
				names := map[bool]string{true: "anna", false: "hanna"}
				s.query("UpdateUser", "UserName", names[!on], "NewUserName", names[on])
			},
			func(s *story) bool {
				answer, err := at(s, anna).Query(t.Context(), sts.API, "GetCallerIdentity")
				if err != nil {
					t.Error(err)
				}
				return strings.HasSuffix(texts(t, answer)["Arn"], ":user/anna")
			},
		},
		{
			"the clients of an OpenID Connect provider", true,
			func(s *story, on bool) {
				s.query(map[bool]string{true: "AddClientIDToOpenIDConnectProvider", false: "RemoveClientIDFromOpenIDConnectProvider"}[on],
					"OpenIDConnectProviderArn", s.providerARN(), "ClientID", "app")
			},
			func(s *story) bool { return getID(s, token) },
		},
		{
			"an OpenID Connect provider", true,
			func(s *story, on bool) {
				if on {
					s.query("CreateOpenIDConnectProvider", "Url", s.provider.URL, "ClientIDList.member.1", "app")
				} else {
					s.query("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", s.providerARN())
				}
			},
			func(s *story) bool { return getID(s, token) },
		},
		{
			"a SAML provider", true,
			func(s *story, on bool) {
				s.query("UpdateSAMLProvider", "SAMLProviderArn", samlARN, "SAMLMetadataDocument", metadata[map[bool]int{true: 0, false: 1}[on]])
			},
			func(s *story) bool {
				return !strings.Contains(s.query("GetSAMLProvider", "SAMLProviderArn", samlARN), "idp2.example")
			},
		},
		{
			"a revocation", true,
			func(s *story, on bool) {
				if on {
					hers, err = s.credentials(alice, token)
					if err != nil {
						t.Error(err)
					}
				} else {
					s.revoke(map[string]any{"IdentityId": alice})
				}
			},
			func(s *story) bool { return whoami(t, at(s, hers)) == "" },
		},
		{
			"an identity", false,
			func(s *story, on bool) {
				if on {
					guest = s.mustID("")
				} else {
					s.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{guest}})
				}
			},
			func(s *story) bool {
				_, err := s.credentials(guest, "")
				return is(t, err, "ResourceNotFoundException")
			},
		},
	}
}

// What one node has acknowledged, the next request at another obeys: for each kind of
// change, a thousand times in all, at random nodes. DAYPASS_TEST_CHANGES says how many of
// them are on PostgreSQL: all, in the nightly.
func TestNodesObeyOneAnother(t *testing.T) {
	onServer := 100
	if text := os.Getenv("DAYPASS_TEST_CHANGES"); text != "" {
		var err error
		if onServer, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		on      database
		changes int
	}{"SQLite": {onSQLite, 900}, "PostgreSQL": {onPostgreSQL, onServer}} {
		t.Run(name, func(t *testing.T) {
			f := newNodes(t, test.on, 3)
			kinds := f.kinds(t)
			for _, kind := range kinds {
				t.Run(kind.name, func(t *testing.T) {
					for _, s := range f {
						s.t = t
					}
					r := rand.New(rand.NewPCG(1, 2))
					for n := range 2 * (1 + test.changes/len(kinds)/2) { // to and back again
						on := n%2 == 0 != kind.begins
						from := r.IntN(len(f))
						kind.switchTo(f[from], on)
						for _, b := range r.Perm(len(f)) {
							if got := kind.on(f[b]); got != on {
								t.Fatalf("change %d at node %d to %v: node %d says %v", n, from, on, b, got)
							}
						}
					}
				})
			}
		})
	}
}

// What a request costs of a database that nodes share: what is known is found with one
// round trip, however much of it is in memory.
func TestRoundTripsOfRequests(t *testing.T) {
	var engines []*postgres.Engine
	f := newNodes(t, func(t *testing.T) instance.Database {
		open := onPostgreSQL(t)
		return func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
			e, err := open(ctx, schema)
			if err == nil {
				engines = append(engines, e.(*postgres.Engine))
			}
			return e, err
		}
	}, 2)
	a, b := f[0], f[1]
	anna := a.user("anna")
	a.query("PutUserPolicy", "UserName", "anna", "PolicyName", "p", "PolicyDocument", everything)
	token := a.signIn("alice")
	alice, guest := a.mustID(token), a.mustID("")
	hers, err := b.credentials(alice, token)
	if err != nil {
		t.Fatal(err)
	}
	get := func(c *client.Client, operation string, in any) func() error {
		return func() error { _, err := call(c, operation, in); return err }
	}
	logins := map[string]string{b.providerName(): token}
	for _, test := range []struct {
		name  string
		ask   func() error
		trips int64
	}{
		{"GetId of a known user", get(b.public(), "GetId", map[string]any{"IdentityPoolId": b.pool, "Logins": logins}), 1},
		{"GetCredentialsForIdentity of a user", get(b.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": alice, "Logins": logins}), 1},
		{"GetCredentialsForIdentity of a guest", get(b.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": guest}), 1},
		{"GetOpenIdToken", get(b.public(), "GetOpenIdToken", map[string]any{"IdentityId": alice, "Logins": logins}), 1},
		{"a session of an identity", func() error { _, err := hers.Query(t.Context(), sts.API, "GetCallerIdentity"); return err }, 1},
		{"a user's own key", func() error { _, err := at(b, anna).Query(t.Context(), sts.API, "GetCallerIdentity"); return err }, 1},
		{"what a user may do", get(at(b, anna), "DescribeIdentityPool", map[string]any{"IdentityPoolId": b.pool}), 1},
		{"garbage", func() error {
			nobody := at(b, anna)
			nobody.Credentials.AccessKeyID = "ASIA"
			nobody.Credentials.SessionToken = "x"
			if code := whoami(t, nobody); code != "InvalidClientTokenId" {
				t.Errorf("answered %q", code)
			}
			return nil
		}, 0},
		{"no signature", func() error {
			if _, err := call(b.public(), "DescribeIdentityPool", map[string]any{"IdentityPoolId": b.pool}); err == nil {
				t.Error("answered")
			}
			return nil
		}, 0},
	} {
		for range 3 { // until what it needs is in memory
			if err := test.ask(); err != nil {
				t.Fatal(test.name, err)
			}
		}
		was := engines[1].Counters().RoundTrips
		if err := test.ask(); err != nil {
			t.Fatal(test.name, err)
		}
		if got := engines[1].Counters().RoundTrips - was; got != test.trips {
			t.Errorf("%s takes %d round trips, want %d", test.name, got, test.trips)
		}
	}
}
