package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// cookieName is the cookie that the browser of a sign-in is known by.
const cookieName = "daypass-signin"

// attempt is a sign-in by browser under way.
type attempt struct {
	*session
	ctx                            context.Context
	host, path                     string
	state, nonce, verifier, cookie string
	outcome                        chan outcome

	mu      sync.Mutex
	begun   bool // a browser has the cookie
	redeems bool // the code is on its way
}

type outcome struct {
	tokens *Tokens
	err    error
}

// Browser signs the person in by the browser.
func (p *Provider) Browser(ctx context.Context) (*Tokens, error) {
	ctx, stop := context.WithTimeoutCause(ctx, browserPatience, refusal("nobody signed in within %v", browserPatience))
	defer stop()
	s, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	u, _ := url.Parse(p.redirectURI()) // begin has looked
	listener, err := listen(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("there is no port for the provider's answer: %w", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	u.Host = net.JoinHostPort(u.Hostname(), port)
	s.config.RedirectURL = u.String()
	a := &attempt{
		session: s, ctx: ctx, host: u.Host, path: u.Path, outcome: make(chan outcome, 1),
		state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), cookie: rand.Text(),
	}
	server := &http.Server{
		Handler: a, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	start := "http://" + a.host + startPath
	p.Tell("Sign in with your browser: " + start)
	if err := p.Browse(start); err != nil {
		p.Tell("The browser could not be opened (" + quoted(err.Error()) + "): open that page yourself.")
	}
	select {
	case o := <-a.outcome:
		return o.tokens, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func listen(ctx context.Context, u *url.URL) (net.Listener, error) {
	host, port := u.Hostname(), u.Port()
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "0"
	}
	var l net.ListenConfig
	return l.Listen(ctx, "tcp", net.JoinHostPort(host, port))
}

// startPath is the page that the browser begins at.
const startPath = "/daypass-sign-in"

// ServeHTTP answers the browser.
func (a *attempt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	switch {
	case !strings.EqualFold(r.Host, a.host): // a name of somebody else's that leads here (DNS rebinding)
		http.Error(w, "This is another server.", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet:
		http.Error(w, "This page takes no input.", http.StatusMethodNotAllowed)
	case r.URL.Path == startPath:
		a.start(w, r)
	case r.URL.Path == a.path || a.path == "" && r.URL.Path == "/":
		a.callback(w, r)
	default:
		http.Error(w, "There is no such page.", http.StatusNotFound)
	}
}

// known says whether the request is of the browser that began.
func (a *attempt) known(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(a.cookie)) == 1
}

// start sends the first browser that comes to the provider, and no other.
func (a *attempt) start(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	other := a.begun && !a.known(r)
	a.begun = true
	a.mu.Unlock()
	if other {
		http.Error(w, "This sign-in was begun in another browser. Run the command again.", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: a.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.verifier), oauth2.SetAuthURLParam("nonce", a.nonce)}
	if slices.Contains(a.config.Scopes, oidc.ScopeOfflineAccess) {
		options = append(options, oauth2.SetAuthURLParam("prompt", "consent")) // OpenID Connect Core 1.0, section 11
	} else {
		options = append(options, oauth2.AccessTypeOffline) // Google's word for it; others pass over it
	}
	http.Redirect(w, r, a.config.AuthCodeURL(a.state, options...), http.StatusFound)
}

// callback takes the provider's answer.
func (a *attempt) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !a.known(r) || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.state)) != 1 {
		http.Error(w, "This is not the answer to a sign-in that was begun in this browser.", http.StatusForbidden)
		return
	}
	a.mu.Lock()
	again := a.redeems
	a.redeems = true
	a.mu.Unlock()
	if again {
		http.Error(w, "This sign-in has ended.", http.StatusForbidden)
		return
	}
	tokens, err := a.redeem(q)
	text, status := "You are signed in. You can close this page.\n", http.StatusOK
	if err != nil {
		text, status = "You are not signed in. The command says why.\n", http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush() // before the server ends
	a.outcome <- outcome{tokens, err}
}

func (a *attempt) redeem(q url.Values) (*Tokens, error) {
	switch {
	case q.Get("iss") != "" && q.Get("iss") != a.Issuer: // RFC 9207
		return nil, refusal("the answer to the sign-in came from another provider than %s", a.Issuer)
	case q.Get("error") != "":
		return nil, refusal("%s does not sign in: %s", a.Issuer, words(q.Get("error"), q.Get("error_description"), ""))
	case q.Get("code") == "":
		return nil, refusal("the answer of %s to the sign-in has no code", a.Issuer)
	}
	answer, err := a.config.Exchange(a.context(a.ctx), q.Get("code"), oauth2.VerifierOption(a.verifier))
	if err != nil {
		if a.ctx.Err() != nil {
			return nil, errors.New("the sign-in was left")
		}
		return nil, a.refused("sign in", err)
	}
	return a.tokens(a.ctx, answer, a.nonce)
}
