package interop

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// stranger is an OpenID provider of other authors, oidc-provider of npm.
type stranger struct {
	Issuer string
	stop   func()
}

func startStranger(t *testing.T) *stranger {
	t.Helper()
	c := exec.Command(need(t, "oidc"), "oidc/provider.mjs")
	c.Env, c.Stderr = environment(t, "DAYPASS_INTEROP="+strangersKeys(t)), t.Output()
	in, out := must(c.StdinPipe())(t), bufio.NewReader(must(c.StdoutPipe())(t))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &stranger{stop: sync.OnceFunc(func() {
		_ = in.Close() // which ends it
		_, _ = io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			t.Errorf("oidc-provider: %v", err)
		}
	})}
	t.Cleanup(s.stop)
	line := must(out.ReadBytes('\n'))(t)
	if err := json.Unmarshal(line, s); err != nil || s.Issuer == "" {
		t.Fatalf("oidc-provider says %q: %v", line, err)
	}
	return s
}

// strangersKeys are an RSA key and one on P-256, as JSON.
func strangersKeys(t *testing.T) string {
	t.Helper()
	var list []jwk.Key
	for alg, raw := range map[string]any{
		"RS256": must(rsa.GenerateKey(rand.Reader, 2048))(t), "ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t),
	} {
		key := must(jwk.Import(raw))(t)
		for name, value := range map[string]any{"alg": alg, "use": "sig", "kid": "key-" + alg} {
			if err := key.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		list = append(list, key)
	}
	return string(must(json.Marshal(map[string]any{"privateKeys": list}))(t))
}

func (s *stranger) name() string { return strings.TrimPrefix(s.Issuer, "http://") }

func (s *stranger) arn() string {
	return "arn:aws:iam::123456789012:oidc-provider/" + s.name()
}

// signIn signs somebody in with the provider's own pages, as a browser and an app
// do: authorization code, with PKCE (RFC 7636).
func (s *stranger) signIn(t *testing.T, client, user string) string {
	t.Helper()
	b := &browser{Client: &http.Client{Jar: must(cookiejar.New(nil))(t)}}
	b.CheckRedirect = b.stopAtTheApp
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	page := b.get(t, s.Issuer+"/auth?"+url.Values{
		"client_id": {client}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {redirectURI}, "state": {"x"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	page = b.post(t, action(t, page), url.Values{"prompt": {"login"}, "login": {user}, "password": {"any"}})
	if b.arrived == nil {
		b.post(t, action(t, page), url.Values{"prompt": {"consent"}})
	}
	if b.arrived == nil || b.arrived.Get("code") == "" {
		t.Fatalf("the sign-in ended with %v", b.arrived)
	}
	var tokens struct {
		IDToken string `json:"id_token"`
	}
	answer := b.post(t, s.Issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {client}, "code": {b.arrived.Get("code")}, "code_verifier": {verifier}, "redirect_uri": {redirectURI},
	})
	if err := json.Unmarshal([]byte(answer), &tokens); err != nil || tokens.IDToken == "" {
		t.Fatalf("%v: %s", err, answer)
	}
	return tokens.IDToken
}

// browser follows redirects until one leads to the app.
type browser struct {
	*http.Client
	arrived url.Values
}

func (b *browser) stopAtTheApp(r *http.Request, _ []*http.Request) error {
	if strings.HasPrefix(r.URL.String(), redirectURI+"?") {
		b.arrived = r.URL.Query()
		return http.ErrUseLastResponse
	}
	return nil
}

func (b *browser) get(t *testing.T, address string) string {
	t.Helper()
	return page(t)(b.Get(address))
}

func (b *browser) post(t *testing.T, address string, form url.Values) string {
	t.Helper()
	return page(t)(b.PostForm(address, form))
}

func page(t *testing.T) func(*http.Response, error) string {
	return func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body := must(io.ReadAll(answer.Body))(t)
		if answer.StatusCode >= 400 {
			t.Fatalf("%s: %s\n%s", answer.Request.URL, answer.Status, body)
		}
		return string(body)
	}
}

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)

// action is where a page's form goes.
func action(t *testing.T, page string) string {
	t.Helper()
	found := formAction.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no form in %s", page)
	}
	return found[1]
}

// A provider that is neither ours nor of the library that ours is made of: from
// discovery and a real sign-in to credentials, with rules about its claims; tokens
// of its other clients and forged ones are refused; and once its keys are known,
// people go on signing in when it is down.
func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	p := startStranger(t)
	endpoint := startProcess(t)
	s := &shop{endpoint: endpoint, root: connect(endpoint, root()), public: connect(endpoint, nil)}
	must(s.root.iam.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &p.Issuer, ClientIDList: []string{app, "curve-app"}}))(t)
	s.pool = *must(s.root.cognito.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("photos"), OpenIdConnectProviderARNs: []string{p.arn()},
	}))(t).IdentityPoolId
	s.newRole(t, userRole, s.pool, "authenticated")
	s.newRole(t, "blues", s.pool, "authenticated")
	must(s.root.cognito.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: &s.pool, Roles: map[string]string{"authenticated": roleARN(userRole)},
		RoleMappings: map[string]cognitotypes.RoleMapping{p.arn(): {
			Type: cognitotypes.RoleMappingTypeRules, AmbiguousRoleResolution: cognitotypes.AmbiguousRoleResolutionTypeDeny,
			RulesConfiguration: &cognitotypes.RulesConfigurationType{Rules: []cognitotypes.MappingRule{{
				Claim: aws.String("department"), MatchType: cognitotypes.MappingRuleMatchTypeEquals, Value: aws.String("blue"), RoleARN: aws.String(roleARN("blues")),
			}}},
		}},
	}))(t)
	logins := func(token string) map[string]string { return map[string]string{p.name(): token} }
	tokens := []string{p.signIn(t, app, alice), p.signIn(t, "curve-app", alice)}
	identity := s.getID(t, s.pool, logins(tokens[0]))
	for _, token := range tokens {
		if got := s.getID(t, s.pool, logins(token)); got != identity {
			t.Errorf("identity %s, want %s", got, identity)
		}
		s.enhancedFlow(t, identity, logins(token), "blues")
	}
	refused := func(token, message string) {
		t.Helper()
		_, err := s.public.cognito.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: logins(token)})
		wantNotAuthorized(t, err, message)
	}
	refused(p.signIn(t, otherApp, alice), "Token is not from a supported provider of this identity pool.")
	refused(forge(t, tokens[0], bob), "Invalid login token. Couldn't verify signed token.")
	refused(forge(t, tokens[1], bob), "Invalid login token. Couldn't verify signed token.")
	bobs := p.signIn(t, app, bob)
	p.stop()
	s.enhancedFlow(t, s.getID(t, s.pool, logins(bobs)), logins(bobs), "blues")
}

func wantNotAuthorized(t *testing.T, err error, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "NotAuthorizedException" || e.ErrorMessage() != message {
		t.Errorf("got %v, want %q", err, message)
	}
}
