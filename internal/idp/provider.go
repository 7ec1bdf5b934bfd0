package idp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/daypass/daypass/internal/mint"
)

// maxBody bounds a request's body in bytes; the longest honest one is a token request.
const maxBody = 64 << 10

// Provider is an OpenID provider as an http.Handler. Two providers share nothing.
type Provider struct {
	issuer  *url.URL
	name    string // the issuer exactly as configured
	log     *slog.Logger
	storage *storage
	library *op.Provider
	handler http.Handler
}

// New makes a provider that answers below cfg.Issuer, path included. It fails if the configuration is incomplete or
// contradicts itself, and if the issuer is not on a loopback host. See [Start] for one that listens by itself.
func New(cfg Config) (*Provider, error) {
	cfg = cfg.withDefaults()
	issuer, err := parseIssuer(cfg.Issuer, cfg.Remote)
	if err != nil {
		return nil, err
	}
	store, err := newStorage(cfg)
	if err != nil {
		return nil, err
	}
	library, err := newLibrary(cfg.Issuer, store)
	if err != nil {
		return nil, err
	}
	p := &Provider{issuer: issuer, name: cfg.Issuer, log: cfg.Log, storage: store, library: library}
	p.handler = p.routes()
	return p, nil
}

// newLibrary makes the library's provider. Its rules, token making and cryptography are used; its router is not, because
// it serves more than we offer and reports to the process-wide logger.
func newLibrary(issuer string, store *storage) (*op.Provider, error) {
	var seal [32]byte
	rand.Read(seal[:]) // never fails
	return op.NewProvider(
		&op.Config{CodeMethodS256: true, AuthMethodPost: true},
		store,
		op.StaticIssuer(issuer),
		op.WithAllowInsecure(),
		op.WithCrypto(sealedBearer{op.NewAES256GCMCrypto(seal, "1")}),
	)
}

// Issuer returns the provider's name, which is also its address.
func (p *Provider) Issuer() string { return p.name }

// RotateKey signs the tokens to come with next, or with a fresh key if it is nil. The previous keys stay published, so
// that their tokens can still be verified, until [Provider.WithdrawKeys].
func (p *Provider) RotateKey(next *rsa.PrivateKey) error {
	key, err := newSigningKey(next)
	if err != nil {
		return err
	}
	p.storage.keys.rotate(key)
	return nil
}

// WithdrawKeys stops publishing every key but the one that signs. Tokens of the others can no longer be verified.
func (p *Provider) WithdrawKeys() { p.storage.keys.withdraw() }

// ServeHTTP answers the requests of browsers and clients.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *Provider) routes() http.Handler {
	mux := http.NewServeMux()
	// For applications of any origin: nothing here acts on a browser's ambient authority.
	for _, route := range []struct {
		method, path string
		handle       http.HandlerFunc
	}{
		{"GET", oidc.DiscoveryEndpoint, p.discovery},
		{"GET", keysPath, p.keys},
		{"GET", mint.MetadataPath, p.metadata},
		{"POST", tokenPath, p.token},
		{"GET", userinfoPath, p.userinfo},
		{"POST", userinfoPath, p.userinfo},
	} {
		mux.HandleFunc(route.method+" "+p.path(route.path), anyOrigin(route.handle))
	}
	for _, path := range []string{oidc.DiscoveryEndpoint, keysPath, tokenPath, userinfoPath} {
		mux.HandleFunc("OPTIONS "+p.path(path), anyOrigin(preflight))
	}
	// For people in browsers.
	mux.HandleFunc("GET "+p.path(authorizePath), p.authorize)
	mux.HandleFunc("POST "+p.path(authorizePath), p.authorize)
	mux.HandleFunc("GET "+p.path(loginPath), p.showLogin)
	mux.Handle("POST "+p.path(loginPath), http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.login)))
	mux.HandleFunc("GET "+p.path(callbackPath), p.callback)
	return p.onlyForIssuer(http.MaxBytesHandler(mux, maxBody))
}

// Paths below the issuer.
const (
	authorizePath = "/authorize"
	loginPath     = "/login"
	callbackPath  = "/authorize/callback"
	tokenPath     = "/token"
	userinfoPath  = "/userinfo"
	keysPath      = "/keys"
)

// path is where a path below the issuer lies on this host; url is the whole address.
func (p *Provider) path(below string) string { return strings.TrimSuffix(p.issuer.Path, "/") + below }
func (p *Provider) url(below string) string  { return strings.TrimSuffix(p.name, "/") + below }

// onlyForIssuer refuses requests made to another host name. That keeps a web page from reaching this machine through a
// name of its own (DNS rebinding), and makes a mistyped issuer visible at once.
func (p *Provider) onlyForIssuer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Host, p.issuer.Host) {
			http.Error(w, "this provider is "+p.name, http.StatusMisdirectedRequest)
			return
		}
		ctx := op.ContextWithIssuer(r.Context(), p.name)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// anyOrigin lets scripts of every origin read the answer.
func anyOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		next(w, r)
	}
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// refused logs a refusal. Errors of the library name parameters and rules, not the values of secrets.
func (p *Provider) refused(ctx context.Context, at string, err error) {
	p.log.WarnContext(ctx, "idp: refused", "at", at, "cause", err.Error())
}

// metadata answers with the SAML metadata for the key that signs.
func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) {
	document, err := mint.SAML{Issuer: p.name, Key: p.storage.keys.signing().key.Private}.Metadata()
	if err != nil {
		http.Error(w, "the metadata could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(document) // a client that has gone away needs no answer
}
