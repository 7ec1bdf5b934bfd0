package daypasstest

import (
	"crypto/rsa"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/mint"
)

// ClientID is the client ID, the audience, of the tokens of providers and user pools.
const ClientID = "app"

// Claims are further claims of a token. They win over those that it would have; a nil
// value takes one away.
type Claims map[string]any

// Provider is an OpenID Connect and SAML provider. Its tokens are good for the server
// that it was made for: with IAM's provider of ARN, in the Logins of pools that know it.
type Provider struct {
	// Issuer is its URL, the iss of its tokens.
	Issuer string
	// Name is its key in a map of Logins.
	Name string
	// ARN is that of the OpenID Connect provider in IAM.
	ARN string

	server *Server
	key    *rsa.PrivateKey
	http   *httptest.Server
	saml   func() string
}

// Provider runs a login provider until the test ends, and has the server know it.
func (s *Server) Provider(t testing.TB) *Provider {
	t.Helper()
	key, err := s.providerKey()
	if err != nil {
		t.Fatalf("daypasstest: %v", err)
	}
	p := &Provider{server: s, key: key}
	set := keySet(t, key)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.Issuer, "jwks_uri": p.Issuer + "/keys", "authorization_endpoint": p.Issuer + "/authorize",
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { answer(w, set) })
	p.http = httptest.NewServer(mux)
	t.Cleanup(p.http.Close)
	p.Issuer = p.http.URL
	var out struct {
		ARN string `xml:"CreateOpenIDConnectProviderResult>OpenIDConnectProviderArn"`
	}
	s.query(t, &out, "CreateOpenIDConnectProvider", "Url", p.Issuer, "ClientIDList.member.1", ClientID)
	p.ARN = out.ARN
	_, p.Name, _ = strings.Cut(p.ARN, ":oidc-provider/")
	p.saml = sync.OnceValue(func() string {
		var out struct {
			ARN string `xml:"CreateSAMLProviderResult>SAMLProviderArn"`
		}
		s.query(t, &out, "CreateSAMLProvider", "Name", strings.ReplaceAll(p.Name, ":", "-"), "SAMLMetadataDocument", p.Metadata(t))
		return out.ARN
	})
	return p
}

// Token is an ID token of somebody, as good as after a sign-in.
func (p *Provider) Token(t testing.TB, subject string, claims ...Claims) string {
	t.Helper()
	return made(t)(p.tokens(subject, claims).Good())
}

// BadToken is an ID token that has to be refused, of a kind that [BadTokens] lists.
func (p *Provider) BadToken(t testing.TB, kind, subject string, claims ...Claims) string {
	t.Helper()
	return made(t)(p.tokens(subject, claims).Bad(kind))
}

// BadTokens are the kinds of bad tokens, such as "expired", "audience" and "signature".
func BadTokens() []string { return mint.BadTokens() }

func (p *Provider) tokens(subject string, claims []Claims) mint.Token {
	return mint.Token{Issuer: p.Issuer, Audience: ClientID, Subject: subject, Claims: merged(claims), Key: p.key, Now: p.server.Now}
}

// SAML is the ARN of the provider in IAM that takes its SAML responses, and their key in
// a map of Logins.
func (p *Provider) SAML() string { return p.saml() }

// Response is a SAML response about somebody, in base64 as it is posted.
func (p *Provider) Response(t testing.TB, subject string, attributes map[string][]string) string {
	t.Helper()
	return made(t)(p.responses(subject, attributes).Response())
}

// BadResponse is a SAML response that has to be refused, of a kind that [BadResponses]
// lists.
func (p *Provider) BadResponse(t testing.TB, kind, subject string, attributes map[string][]string) string {
	t.Helper()
	return made(t)(p.responses(subject, attributes).Bad(kind))
}

// BadResponses are the kinds of bad SAML responses, such as "expired", "unsigned" and
// "wrapped".
func BadResponses() []string { return mint.BadResponses() }

func (p *Provider) responses(subject string, attributes map[string][]string) mint.SAML {
	return mint.SAML{Issuer: p.Issuer, Subject: subject, Attributes: attributes, Key: p.key, Now: p.server.Now, Lifetime: 5 * time.Minute}
}

// Metadata are its SAML metadata.
func (p *Provider) Metadata(t testing.TB) string {
	t.Helper()
	document, err := mint.SAML{Issuer: p.Issuer, Key: p.key}.Metadata()
	return made(t)(string(document), err)
}

// Stop takes the provider off the network. Its tokens stay good as long as the server
// remembers its keys.
func (p *Provider) Stop() { p.http.Close() }

// query calls an action of IAM as root.
func (s *Server) query(t testing.TB, out any, action string, parameters ...string) {
	t.Helper()
	text, err := s.root().Query(t.Context(), iam.API, action, parameters...)
	if err == nil && out != nil {
		err = xml.Unmarshal(text, out)
	}
	if err != nil {
		t.Fatalf("daypasstest: %s: %v", action, err)
	}
}

// made gives what was made.
func made(t testing.TB) func(string, error) string {
	return func(s string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatalf("daypasstest: %v", err)
		}
		return s
	}
}

func merged(claims []Claims) map[string]any {
	all := map[string]any{}
	for _, c := range claims {
		maps.Copy(all, c)
	}
	return all
}

// keySet is the document that publishes a key.
func keySet(t testing.TB, key *rsa.PrivateKey) json.RawMessage {
	t.Helper()
	k, err := mint.NewKey(key)
	if err == nil {
		var set []byte
		if set, err = k.Set(); err == nil {
			return set
		}
	}
	t.Fatalf("daypasstest: %v", err)
	return nil
}

func answer(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // a client that has gone away needs no answer
}
