package cognito_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/sts"
)

const (
	modelAccount = "123456789012"
	modelRegion  = "us-east-1"
	modelIssuer  = "https://cognito-identity.example"
	modelClient  = "app"
	// developerProvider is the developer provider of the pools.
	developerProvider = "dev"
	// numberedDeveloper is before its name among the numbered providers.
	numberedDeveloper = "developer:"
	// mostLogins is low, so that random sequences reach it.
	mostLogins = 4
)

// modelRoot is who makes the signed calls.
var (
	modelRequest  = awsapi.Request{Transport: awsapi.Plain, Region: modelRegion}
	modelRoot     = awsapi.Caller{Account: modelAccount, ARN: "arn:aws:iam::" + modelAccount + ":root", Root: true, Request: modelRequest}
	modelStranger = awsapi.Caller{Request: modelRequest}
)

// modelSubjects are the people at every public provider.
var modelSubjects = []string{"alice", "bob", "carol", "dave"}

// modelUsers are the developer users.
var modelUsers = []string{"u1", "u2", "u3", "u4", "u5", "u6"}

// fixtureKey reads a key that is in the tree for tests.
func fixtureKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "openid", "testdata", "rsa-"+name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// issuers are OpenID providers that publish their documents and have signed a
// token for each of their subjects once and for all.
type issuers struct {
	names  []string // HOST/a, HOST/b, ...
	tokens map[refLogin]string
}

func newIssuers(t testing.TB, paths []string, subjects []string) *issuers {
	t.Helper()
	key := fixtureKey(t, "1")
	b64 := base64.RawURLEncoding.EncodeToString
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=86400")
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","use":"sig","alg":"RS256","n":%q,"e":%q}]}`,
			b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes()))
	})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuers{tokens: map[refLogin]string{}}
	for _, path := range paths {
		url := s.URL + "/" + path
		mux.HandleFunc("/"+path+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, url, s.URL+"/keys")
		})
		name := strings.TrimPrefix(url, "http://")
		i.names = append(i.names, name)
		for _, subject := range subjects {
			now := time.Now()
			signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":%q,"iat":%d,"exp":%d}`,
				url, modelClient, subject, now.Unix(), now.AddDate(10, 0, 0).Unix()))
			if err != nil {
				t.Fatal(err)
			}
			if i.tokens[refLogin{name, subject}], err = signed.CompactSerialize(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return i
}

// arn is that of the IAM provider of an issuer.
func (i *issuers) arn(name string) cognito.ARNString {
	return cognito.ARNString("arn:aws:iam::" + modelAccount + ":oidc-provider/" + name)
}

// rig is the real service on the real store, without the front door. One rig
// serves many random sequences, each of which has pools of its own.
type rig struct {
	*fleet
	db      *store.DB
	store   cognito.Store
	service *cognito.Service
	oidc    *login.OIDC
}

// fleet is what the nodes on one database have in common.
type fleet struct {
	t       testing.TB
	open    func(testing.TB) *store.DB
	key     *seal.MasterKey
	issuers *issuers
	role    cognito.ARNString
	clock   atomic.Int64 // milliseconds
	tokens  []cognito.OIDCToken
	nodes   []*rig
	abroad  *abroad // where pools came from; nil for nowhere
}

// newRig is a single node on the embedded store.
func newRig(t testing.TB) *rig {
	path := filepath.Join(t.TempDir(), "daypass.db")
	return newFleet(t, 1, func(t testing.TB) *store.DB { return opened(store.Open(t.Context(), store.Options{Path: path}))(t) })
}

// newFleet is so many nodes on what open opens. It gives the first of them.
func newFleet(t testing.TB, nodes int, open func(testing.TB) *store.DB) *rig {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, open: open, key: key, issuers: newIssuers(t, []string{"a", "b", "c"}, modelSubjects)}
	f.clock.Store(time.Now().UnixMilli())
	for range nodes {
		f.nodes = append(f.nodes, &rig{fleet: f})
	}
	f.start()
	t.Cleanup(f.stop)
	f.nodes[0].prepare()
	if nodes > 1 { // the first pool makes the signing key, which others are some seconds in learning
		f.nodes[0].newPool(false)
		f.restart()
	}
	return f.nodes[0]
}

// opened is a store that was opened, for a test.
func opened(db *store.DB, err error) func(testing.TB) *store.DB {
	return func(t testing.TB) *store.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
}

// node is one of the nodes; there is one for any number.
func (f *fleet) node(n int) *rig { return f.nodes[n%len(f.nodes)] }

func (f *fleet) now() time.Time { return time.UnixMilli(f.clock.Load()).UTC() }

func (f *fleet) start() {
	for _, r := range f.nodes {
		r.start()
	}
}

func (f *fleet) stop() {
	for _, r := range f.nodes {
		r.oidc.Wait()
		if err := r.db.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

// restart closes the stores and opens them again, with services that remember
// nothing.
func (f *fleet) restart() {
	f.stop()
	f.start()
}

// start puts the services together as package instance does, with low limits.
func (r *rig) start() {
	r.t.Helper()
	db := r.open(r.t)
	own := []string{modelIssuer}
	if r.oidc == nil { // its keys are not what a restart is about
		r.oidc = &login.OIDC{Fetch: &fetch.Client{AllowLoopback: true}, Now: r.now, Own: own}
	}
	keys := &openid.Provider{
		Issuer: modelIssuer, Store: db.Keys(), Box: r.key.Box(openid.Purpose), Now: r.now,
		GenerateKey: func() (*rsa.PrivateKey, error) { return fixtureKey(r.t, "2"), nil },
	}
	if err := keys.Load(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	pages := r.key.Box("page-token")
	roles := &iam.Service{
		Account: modelAccount, Store: db.IAM(r.key.Box("access-key")), OwnIssuers: own, PlainIssuer: func(*url.URL) bool { return true },
		Pages: pages, Limits: iam.DefaultLimits(), Now: r.now,
	}
	limits := cognito.DefaultLimits()
	limits.LoginsPerIdentity = mostLogins
	limits.PoolsPerAccount = 1 << 30
	r.db, r.store = db, db.Cognito(r.key.Box("pool-secret"))
	r.service = &cognito.Service{
		Regions: []string{"us-east-1", "eu-west-1"},
		Account: modelAccount, Store: r.store, IAM: roles, OpenID: keys, Logins: login.Kinds{OpenID: login.OpenID{Tokens: r.oidc}}, Pages: pages, Limits: limits, Now: r.now,
		STS: &sts.Service{
			Account: modelAccount, IAM: roles, OpenID: keys, OIDC: r.oidc,
			Tokens: r.key.Box(sts.TokenPurpose), Now: r.now,
		},
	}
	if r.abroad != nil {
		r.service.Adopt = r.abroad.client
	}
}

// prepare makes what all pools share: the IAM providers and a role.
func (r *rig) prepare() {
	r.t.Helper()
	for _, name := range r.issuers.names {
		_, err := r.service.IAM.CreateOpenIDConnectProvider(r.t.Context(), modelRoot, &iam.CreateOpenIDConnectProviderRequest{
			Url: iam.OpenIDConnectProviderUrlType("http://" + name), ClientIDList: iam.ClientIDListType{modelClient},
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	made, err := r.service.IAM.CreateRole(r.t.Context(), modelRoot, &iam.CreateRoleRequest{RoleName: "everybody", AssumeRolePolicyDocument: `{
		"Version": "2012-10-17",
		"Statement": [{
			"Effect": "Allow",
			"Principal": {"Federated": "cognito-identity.amazonaws.com"},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {"StringLike": {"cognito-identity.amazonaws.com:aud": "` + modelRegion + `:*"}}
		}]
	}`})
	if err != nil {
		r.t.Fatal(err)
	}
	r.role = cognito.ARNString(made.Role.Arn)
}

// newPool makes a pool that takes logins of everybody.
func (r *rig) newPool(guests bool) cognito.IdentityPoolId {
	r.t.Helper()
	in := &cognito.CreateIdentityPoolInput{
		IdentityPoolName: "model", AllowUnauthenticatedIdentities: guests, DeveloperProviderName: developerProvider,
	}
	for _, name := range r.issuers.names {
		in.OpenIdConnectProviderARNs = append(in.OpenIdConnectProviderARNs, r.issuers.arn(name))
	}
	made, err := r.service.CreateIdentityPool(r.t.Context(), modelRoot, in)
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = r.service.SetIdentityPoolRoles(r.t.Context(), modelRoot, &cognito.SetIdentityPoolRolesInput{
		IdentityPoolId: made.IdentityPoolId,
		Roles:          cognito.RolesMap{"authenticated": r.role, "unauthenticated": r.role},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return made.IdentityPoolId
}

// state reads from the store what the reference calls its state: the identities
// of pools and who has which login. That each login leads to the identity that
// has it, and no other login to any, is checked on the way.
func (r *rig) state(pools ...cognito.IdentityPoolId) (*reference, error) {
	s := &reference{identities: map[cognito.IdentityId]*refIdentity{}}
	err := r.store.View(r.t.Context(), func(tx cognito.Tx) error {
		for _, id := range pools {
			p, err := tx.Pool(id)
			if err != nil {
				return err
			}
			if err := s.read(tx, p); err != nil {
				return err
			}
			if err := r.checkLogins(tx, p, s); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// read adds what the store has of a pool.
func (r *reference) read(tx cognito.Tx, p *cognito.Pool) error {
	names := map[int32]string{}
	for name, number := range p.Providers {
		names[number] = strings.TrimPrefix(name, numberedDeveloper)
	}
	identities, err := tx.Identities(p.Number, nil, 1<<20, false)
	if err != nil {
		return err
	}
	for _, i := range identities {
		read := &refIdentity{pool: p.IdentityPoolId, authenticated: i.Authenticated, created: i.Created, modified: i.Modified}
		for _, l := range i.Logins {
			read.logins = append(read.logins, refLogin{names[l.Provider], l.Subject})
		}
		if i.Disabled {
			read.heir = (&cognito.Identity{GUID: i.MergedInto}).ID(p)
		}
		r.identities[i.ID(p)] = read
	}
	return nil
}

// checkLogins looks every login up that there can be.
func (r *rig) checkLogins(tx cognito.Tx, p *cognito.Pool, s *reference) error {
	for _, l := range r.everyLogin() {
		number := p.Providers[l.provider]
		if !l.public() {
			number = p.Providers[numberedDeveloper+l.provider]
		}
		found, err := tx.IdentityByLogin(p.Number, cognito.Login{Provider: number, Subject: l.subject})
		if err != nil {
			return err
		}
		var owner cognito.IdentityId
		if found != nil {
			owner = found.ID(p)
		}
		if want := s.owner(p.IdentityPoolId, l); owner != want {
			return fmt.Errorf("the store finds %q by %v, which belongs to %q", owner, l, want)
		}
	}
	return nil
}

// everyLogin lists the logins of everybody at every provider.
func (r *rig) everyLogin() []refLogin {
	var all []refLogin
	for _, name := range r.issuers.names {
		for _, subject := range modelSubjects {
			all = append(all, refLogin{name, subject})
		}
	}
	for _, user := range modelUsers {
		all = append(all, developer(user))
	}
	return all
}
