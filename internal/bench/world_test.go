package bench

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// users is how many users there are. It is more than any cache of ours holds.
const users = 5000

// user is somebody with a login.
type user struct {
	token       string
	identity    string
	credentials sigv4.Credentials
}

// world is a daypass with an identity pool, beside it a login provider and its
// users.
type world struct {
	dir      string // where servers run
	key      *rsa.PrivateKey
	issuer   string // the login provider's
	provider string // and its name
	daypass  *process
	pool     string
	users    [users]user
}

// newWorld starts a daypass and makes a pool that takes the login provider's
// users and guests.
func newWorld(b *testing.B) *world {
	b.Helper()
	w := &world{dir: b.TempDir()}
	var err error
	if w.key, err = rsa.GenerateKey(nil, 2048); err != nil {
		b.Fatal(err)
	}
	w.issuer = startProvider(b, w.dir, &w.key.PublicKey)
	w.provider = strings.TrimPrefix(w.issuer, "https://")
	if _, err := seal.CreateFile(filepath.Join(w.dir, masterKeyFile)); err != nil {
		b.Fatal(err)
	}
	w.daypass = launch(b, "daypass", w.dir)
	w.configure(b)
	return w
}

// admit lets every user come by once.
func (w *world) admit(b *testing.B) {
	b.Helper()
	w.signTokens(b)
	settle(b)
	w.visit(b, w.getID, func(u *user, a *answer) { u.identity = a.IdentityId })
	w.visit(b, w.getCredentials, func(u *user, a *answer) {
		u.credentials = sigv4.Credentials{AccessKeyID: a.Credentials.AccessKeyId, SecretAccessKey: a.Credentials.SecretKey, SessionToken: a.Credentials.SessionToken}
	})
}

// startProvider serves what an OpenID provider publishes.
func startProvider(b *testing.B, dir string, key *rsa.PublicKey) (issuer string) {
	b.Helper()
	mux := http.NewServeMux()
	s := httptest.NewTLSServer(mux)
	b.Cleanup(s.Close)
	publish := func(path string, v any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
	}
	publish("/.well-known/openid-configuration", map[string]string{"issuer": s.URL, "jwks_uri": s.URL + "/keys"})
	publish("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	for name, data := range map[string][]byte{
		caFile:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
		loginKeyFile: x509.MarshalPKCS1PublicKey(key),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return s.URL
}

// signTokens gives every user a token with the claims that providers send.
func (w *world) signTokens(b *testing.B) {
	b.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: w.key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().Unix()
	some := users / runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for from := 0; from < users; from += some {
		wg.Go(func() {
			for i := from; i < min(from+some, users); i++ {
				payload, _ := json.Marshal(map[string]any{
					"iss": w.issuer, "aud": "app", "azp": "app", "sub": fmt.Sprintf("aaaaaaaa-bbbb-cccc-dddd-%012d", i),
					"iat": now, "exp": now + 3600, "auth_time": now, "nonce": "abcdefgh", "jti": fmt.Sprintf("%016d", i),
					"email": fmt.Sprintf("user%d@example.com", i), "email_verified": true, "name": "U Ser", "groups": []string{"a", "b"},
				})
				signed, err := signer.Sign(payload)
				if err != nil {
					b.Error(err)
					return
				}
				w.users[i].token, _ = signed.CompactSerialize()
			}
		})
	}
	wg.Wait()
}

// configure makes the pool.
func (w *world) configure(b *testing.B) {
	b.Helper()
	root := &client.Client{Endpoint: "http://" + w.daypass.addr, Region: "us-east-1",
		Credentials: sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}}
	cognito := func(operation string, in map[string]any) (out struct{ IdentityPoolId string }) {
		text, err := root.JSON(b.Context(), cognito.API, operation, in)
		if err == nil && len(text) > 0 {
			err = json.Unmarshal(text, &out)
		}
		if err != nil {
			b.Fatal(err)
		}
		return out
	}
	iam := func(action string, parameters ...string) {
		if _, err := root.Query(b.Context(), iam.API, action, parameters...); err != nil {
			b.Fatal(err)
		}
	}
	iam("CreateOpenIDConnectProvider", "Url", w.issuer, "ClientIDList.member.1", "app")
	w.pool = cognito("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "bench", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::" + account + ":oidc-provider/" + w.provider},
	}).IdentityPoolId
	iam("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
			`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+w.pool+`"},`+
			`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`)
	cognito("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": w.pool,
		"Roles": map[string]string{"authenticated": "arn:aws:iam::" + account + ":role/user"}})
}

// answer is what users take from answers.
type answer struct {
	IdentityId  string
	Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
}

// visit sends the request of each user once, and takes what they want of the
// answer.
func (w *world) visit(b *testing.B, of func(*user) request, take func(*user, *answer)) {
	b.Helper()
	_, err := dial(b, w.daypass.addr, 16).send(users, func(i int) request {
		u := &w.users[i]
		return request{of(u).wire, func(body []byte) error {
			var a answer
			defer take(u, &a)
			return json.Unmarshal(body, &a)
		}}
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (w *world) getID(u *user) request {
	return request{w.json("GetId", map[string]any{"IdentityPoolId": w.pool, "Logins": map[string]string{w.provider: u.token}}), holds(u.identity)}
}

// getGuestID makes a new guest.
func (w *world) getGuestID() request {
	return request{w.json("GetId", map[string]any{"IdentityPoolId": w.pool}), holds("us-east-1:")}
}

func (w *world) getCredentials(u *user) request {
	return request{w.json("GetCredentialsForIdentity", u.named(w)), holds(u.identity)}
}

func (w *world) getOpenIDToken(u *user) request {
	return request{w.json("GetOpenIdToken", u.named(w)), holds(u.identity)}
}

func (u *user) named(w *world) map[string]any {
	return map[string]any{"IdentityId": u.identity, "Logins": map[string]string{w.provider: u.token}}
}

// getCallerIdentity is signed with the user's credentials.
func (w *world) getCallerIdentity(u *user) request {
	body := []byte(url.Values{"Action": {"GetCallerIdentity"}, "Version": {sts.API.Version}}.Encode())
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	r := &sigv4.Request{Method: "POST", Path: "/", Host: w.daypass.addr, Header: header, Body: body}
	_ = sigv4.Sign(r, u.credentials, "us-east-1", sts.API.Name, time.Now()) // there is nothing it could refuse
	return request{post(w.daypass.addr, "/", header, body), holds("assumed-role/user/CognitoIdentityCredentials")}
}

func (w *world) json(operation string, in map[string]any) []byte {
	body, _ := json.Marshal(in)
	return post(w.daypass.addr, "/", http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSCognitoIdentityService." + operation}}, body)
}

func post(host, path string, header http.Header, body []byte) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", path, host, len(body))
	_ = header.Write(&text)
	text.WriteString("\r\n")
	text.Write(body)
	return text.Bytes()
}
