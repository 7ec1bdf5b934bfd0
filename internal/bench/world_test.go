package bench

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/mint"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// users is how many users there are. It is more than any memory of ours holds;
// every run counts whether that is still so.
const users = 40_000

// few is how many of them, the first, every memory of ours holds.
const few = 1000

// crowd is a login provider and the tokens of its users.
type crowd struct {
	key    *rsa.PrivateKey
	issuer string
	name   string // of the provider, as Logins have it
	ca     []byte // PEM
	tokens []string
	people int // who have them; zero for somebody else each
}

// user is somebody with a login.
type user struct {
	token       string
	saml        string
	identity    string
	credentials sigv4.Credentials
}

// world is a daypass with an identity pool and its users.
type world struct {
	*crowd
	dir     string // where servers run
	daypass *process
	pool    string
	users   []user
	iam     sigv4.Credentials // of a user in IAM
	// The users whose turn it was last when all take turns: with tokens, and with
	// signatures.
	tokensAt, signedAt int
}

// newCrowd starts a login provider that has so many users.
func newCrowd(b *testing.B, users int) *crowd {
	b.Helper()
	c := &crowd{tokens: make([]string, users)}
	var err error
	if c.key, err = rsa.GenerateKey(nil, 2048); err != nil {
		b.Fatal(err)
	}
	c.startProvider(b)
	return c
}

// newWorld has a daypass in a directory of its own, and makes a pool that takes the
// login provider's users and guests.
func newWorld(b *testing.B, c *crowd, start func(b *testing.B, dir string) *process) *world {
	b.Helper()
	w := &world{crowd: c, dir: b.TempDir(), users: make([]user, len(c.tokens))}
	for name, data := range map[string][]byte{caFile: c.ca, loginKeyFile: x509.MarshalPKCS1PublicKey(&c.key.PublicKey)} {
		if err := os.WriteFile(filepath.Join(w.dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := seal.CreateFile(filepath.Join(w.dir, masterKeyFile)); err != nil {
		b.Fatal(err)
	}
	w.daypass = start(b, w.dir)
	w.configure(b)
	return w
}

// thisDaypass starts the daypass that the test binary has in it.
func thisDaypass(b *testing.B, dir string) *process { return launch(b, "daypass", dir) }

// admit lets every user come by once.
func (w *world) admit(b *testing.B) {
	b.Helper()
	for i := range w.users {
		w.users[i].token = w.tokens[i]
	}
	w.visit(b, w.users, w.getID, func(u *user, a *answer) { u.identity = a.IdentityId })
	w.visit(b, w.users, w.getCredentials, func(u *user, a *answer) {
		u.credentials = sigv4.Credentials{AccessKeyID: a.Credentials.AccessKeyId, SecretAccessKey: a.Credentials.SecretKey, SessionToken: a.Credentials.SessionToken}
	})
}

// deck is requests that are sent one after the other, from the beginning again
// after the last.
type deck struct {
	requests []request
	at       *int
}

func (d deck) next(int) request {
	*d.at = (*d.at + 1) % len(d.requests)
	return d.requests[*d.at]
}

// bare is the same requests for a ceiling, whose answers are others.
func (d deck) bare() deck {
	requests := make([]request, len(d.requests))
	for i, r := range d.requests {
		requests[i] = request{r.wire, holds("")}
	}
	return deck{requests, new(int)}
}

// everybody makes a request for each user but the few. They go on wherever the last
// benchmark with the same cursor stopped, so that the memory that is behind it meets
// nobody again before it has met all others.
func (w *world) everybody(cursor *int, of func(*user) request) deck {
	return deck{requestsOf(w.users[few:], of), cursor}
}

// aFew makes a request for few users.
func (w *world) aFew(of func(*user) request) deck {
	return deck{requestsOf(w.users[:few], of), new(int)}
}

func requestsOf(some []user, of func(*user) request) []request {
	requests := make([]request, len(some))
	for i := range some {
		requests[i] = of(&some[i])
	}
	return requests
}

// startProvider serves what an OpenID provider publishes.
func (c *crowd) startProvider(b *testing.B) {
	b.Helper()
	mux := http.NewServeMux()
	s := httptest.NewTLSServer(mux)
	b.Cleanup(s.Close)
	publish := func(path string, v any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
	}
	publish("/.well-known/openid-configuration", map[string]string{"issuer": s.URL, "jwks_uri": s.URL + "/keys"})
	publish("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &c.key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	c.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	c.issuer, c.name = s.URL, strings.TrimPrefix(s.URL, "https://")
}

// signTokens makes a token for every user, with the claims that providers send, on
// all cores. It is most of the time that a run takes to begin.
func (c *crowd) signTokens(b *testing.B) {
	b.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: c.key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().Unix()
	inParallel(len(c.tokens), func(i int) {
		payload, _ := json.Marshal(map[string]any{
			"iss": c.issuer, "aud": "app", "azp": "app", "sub": subject(i % cmp.Or(c.people, len(c.tokens))),
			"iat": now, "exp": now + 3*3600, "auth_time": now, "nonce": "abcdefgh", "jti": fmt.Sprintf("%016d", i),
			"email": fmt.Sprintf("user%d@example.com", i), "email_verified": true, "name": "U Ser", "groups": []string{"a", "b"},
		})
		signed, err := signer.Sign(payload)
		if err != nil {
			b.Error(err)
			return
		}
		c.tokens[i], _ = signed.CompactSerialize()
	})
}

func subject(i int) string { return fmt.Sprintf("aaaaaaaa-bbbb-cccc-dddd-%012d", i) }

// samlMint makes SAML responses, signed with the key that tokens are signed with.
func (c *crowd) samlMint() mint.SAML {
	return mint.SAML{Issuer: c.issuer, Subject: "nobody", Key: c.key, Lifetime: 3 * time.Hour,
		Attributes: map[string][]string{"dept": {"blue"}, "groups": {"a", "b"}}}
}

// signSAML gives few users a SAML response.
func (w *world) signSAML(b *testing.B) {
	b.Helper()
	inParallel(few, func(i int) {
		m := w.samlMint()
		m.Subject = fmt.Sprintf("user%d@example.com", i)
		text, err := m.Response()
		if err != nil {
			b.Error(err)
		}
		w.users[i].saml = text
	})
}

// inParallel does something for the numbers from 0 to n, on all cores.
func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// samlARN is the SAML provider, samlName its name.
const (
	samlName = "corp"
	samlARN  = "arn:aws:iam::" + account + ":saml-provider/" + samlName
)

// configure makes the pool, its providers and its role, and a user in IAM who may
// describe it.
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
	iam := func(action string, parameters ...string) string {
		text, err := root.Query(b.Context(), iam.API, action, parameters...)
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	metadata, err := w.samlMint().Metadata()
	if err != nil {
		b.Fatal(err)
	}
	iam("CreateOpenIDConnectProvider", "Url", w.issuer, "ClientIDList.member.1", "app")
	iam("CreateSAMLProvider", "Name", samlName, "SAMLMetadataDocument", string(metadata))
	w.pool = cognito("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "bench", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::" + account + ":oidc-provider/" + w.name},
		"SamlProviderARNs":          []string{samlARN},
	}).IdentityPoolId
	iam("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
			`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+w.pool+`"},`+
			`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`)
	cognito("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": w.pool,
		"Roles": map[string]string{"authenticated": "arn:aws:iam::" + account + ":role/user"}})

	iam("CreateUser", "UserName", "operator")
	iam("PutUserPolicy", "UserName", "operator", "PolicyName", "pools", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cognito-identity:Describe*","cognito-identity:List*"],`+
			`"Resource":"arn:aws:cognito-identity:*:`+account+`:identitypool/*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`)
	iam("CreatePolicy", "PolicyName", "limits", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"cognito-identity:Delete*","Resource":"*"},`+
			`{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}]}`)
	iam("AttachUserPolicy", "UserName", "operator", "PolicyArn", "arn:aws:iam::"+account+":policy/limits")
	made := iam("CreateAccessKey", "UserName", "operator")
	text := func(element string) string {
		_, value, _ := strings.Cut(made, "<"+element+">")
		value, _, _ = strings.Cut(value, "<")
		return html.UnescapeString(value)
	}
	w.iam = sigv4.Credentials{AccessKeyID: text("AccessKeyId"), SecretAccessKey: text("SecretAccessKey")}
	if err := os.WriteFile(filepath.Join(w.dir, secretFile), []byte(w.iam.SecretAccessKey), 0o600); err != nil {
		b.Fatal(err)
	}
}

// answer is what users take from answers.
type answer struct {
	IdentityId  string
	Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
}

// visit sends the request of each of these users once, and takes what they want of
// the answer.
func (w *world) visit(b *testing.B, guests []user, of func(*user) request, take func(*user, *answer)) {
	b.Helper()
	_, err := dial(b, w.daypass.addr, 16).send(len(guests), 0, func(i int) request {
		u := &guests[i]
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
	return request{w.json("GetId", map[string]any{"IdentityPoolId": w.pool, "Logins": map[string]string{w.name: u.token}}), holds(u.identity)}
}

func (w *world) getIDWithSAML(u *user) request {
	return request{w.json("GetId", map[string]any{"IdentityPoolId": w.pool, "Logins": map[string]string{samlARN: u.saml}}), holds("us-east-1:")}
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
	return map[string]any{"IdentityId": u.identity, "Logins": map[string]string{w.name: u.token}}
}

// getCallerIdentity is signed with the user's credentials.
func (w *world) getCallerIdentity(u *user) request {
	body := []byte(url.Values{"Action": {"GetCallerIdentity"}, "Version": {sts.API.Version}}.Encode())
	return request{w.signed(u.credentials, sts.API, formHeader(), body), holds("assumed-role/user/CognitoIdentityCredentials")}
}

// describePool is signed with the access key of the user in IAM.
func (w *world) describePool(*user) request {
	body, _ := json.Marshal(map[string]any{"IdentityPoolId": w.pool})
	return request{w.signed(w.iam, cognito.API, jsonHeader("DescribeIdentityPool"), body), holds(w.pool)}
}

func (w *world) signed(c sigv4.Credentials, service awsapi.Service, header http.Header, body []byte) []byte {
	r := &sigv4.Request{Method: "POST", Path: "/", Host: w.daypass.addr, Header: header, Body: body}
	_ = sigv4.Sign(r, c, "us-east-1", service.Name, time.Now()) // there is nothing it could refuse
	return post(w.daypass.addr, "/", header, body)
}

func (w *world) json(operation string, in map[string]any) []byte {
	body, _ := json.Marshal(in)
	return post(w.daypass.addr, "/", jsonHeader(operation), body)
}

func jsonHeader(operation string) http.Header {
	return http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSCognitoIdentityService." + operation}}
}

func formHeader() http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

func post(host, path string, header http.Header, body []byte) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", path, host, len(body))
	_ = header.Write(&text)
	text.WriteString("\r\n")
	text.Write(body)
	return text.Bytes()
}
