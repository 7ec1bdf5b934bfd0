package idp

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed login.html
var loginHTML string

//go:embed login.css
var loginCSS string

var loginPage = template.Must(template.New("login").Parse(loginHTML))

// loginPolicy allows the page its style sheet and nothing else. It has no form-action, which browsers also apply to the
// redirect back to the client.
var loginPolicy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-" + styleHash() + "'"

func styleHash() string {
	sum := sha256.Sum256([]byte(loginCSS))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// loginData is what the page shows.
type loginData struct {
	Style    template.CSS
	Issuer   string
	Client   string
	Username string
	Refused  bool
}

// showLogin shows the form for a waiting visit. The form posts to the page's own address, so the visit's name is all that
// a browser has to carry.
func (p *Provider) showLogin(w http.ResponseWriter, r *http.Request) {
	v, ok := p.storage.waiting.peek(visitName(r))
	if !ok {
		p.refuseHere(w, r, errVisitGone)
		return
	}
	p.renderLogin(w, http.StatusOK, loginData{Client: v.GetClientID(), Username: v.request.LoginHint})
}

// login checks the form. A right password sends the browser on under the visit's new name; a wrong one shows the form
// again.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	v, ok := p.storage.waiting.peek(visitName(r))
	if !ok {
		p.refuseHere(w, r, errVisitGone)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the body is not a form", http.StatusBadRequest)
		return
	}
	username := r.PostForm.Get("username")
	who := signIn(p.storage.accounts, username, r.PostForm.Get("password"))
	if who == nil {
		p.log.WarnContext(r.Context(), "idp: wrong username or password", "client", v.GetClientID())
		p.renderLogin(w, http.StatusForbidden, loginData{Client: v.GetClientID(), Username: username, Refused: true})
		return
	}
	p.finishLogin(w, r, v, who)
}

func (p *Provider) finishLogin(w http.ResponseWriter, r *http.Request, v *visit, who *account) {
	done, err := p.storage.complete(v.id, who)
	if err != nil {
		p.refused(r.Context(), r.URL.Path, err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	if done == nil {
		p.refuseHere(w, r, errVisitGone)
		return
	}
	p.log.InfoContext(r.Context(), "idp: signed in", "client", v.GetClientID(), "subject", who.subject)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, p.path(callbackPath)+"?"+url.Values{"id": {done.id}}.Encode(), http.StatusSeeOther)
}

// visitName reads the visit's name from the address, never from the body.
func visitName(r *http.Request) string { return r.URL.Query().Get("request") }

func (p *Provider) renderLogin(w http.ResponseWriter, status int, data loginData) {
	data.Style, data.Issuer = template.CSS(loginCSS), p.name
	var page bytes.Buffer
	if err := loginPage.Execute(&page, data); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", loginPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // the address holds the visit's name
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	page.WriteTo(w)
}
