package logintest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// FacebookToken is what Facebook knows of an access token.
type FacebookToken struct {
	App, User string
	// Type is USER unless it says otherwise.
	Type string
	// Code is the code of the error that every call with the token gets; 0 for
	// none. 190 is an invalid token.
	Code int
	// DebugApp and DebugUser are whom debug_token names; empty for App and User.
	DebugApp, DebugUser string
	// Expires is when debug_token says that it ends; zero for never.
	Expires time.Time
}

// AddFacebook makes an access token.
func (d *Doubles) AddFacebook(token string, t FacebookToken) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.facebook[token] = t
}

// RequireAppSecret gives an app a secret and has it require proof of it.
func (d *Doubles) RequireAppSecret(app, secret string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secrets[app] = secret
}

func (d *Doubles) graph(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path == "/debug_token" {
		d.debugToken(w, q.Get("input_token"), q.Get("access_token"))
		return
	}
	token := q.Get("access_token")
	t, ok := d.facebook[token]
	switch {
	case !ok:
		graphError(w, 190, "Invalid OAuth access token - Cannot parse access token")
	case t.Code != 0:
		graphError(w, t.Code, "Error validating access token: Session has expired on Thursday, 01-Jan-26 00:00:00 PST.")
	case d.secrets[t.App] != "" && q.Get("appsecret_proof") != proof(d.secrets[t.App], token):
		graphError(w, 100, "API calls from the server require an appsecret_proof argument")
	case r.URL.Path == "/app":
		answer(w, 200, map[string]any{"link": "https://www.facebook.com/games/?app_id=" + t.App, "name": "Demo", "id": t.App})
	case r.URL.Path == "/me":
		answer(w, 200, map[string]any{"id": t.User})
	default:
		graphError(w, 2500, "Unknown path components: "+r.URL.Path)
	}
}

func (d *Doubles) debugToken(w http.ResponseWriter, token, access string) {
	app, secret, _ := strings.Cut(access, "|")
	if secret == "" || d.secrets[app] != secret {
		graphError(w, 190, "Invalid OAuth access token signature.")
		return
	}
	t, ok := d.facebook[token]
	if !ok || t.Code == 190 || t.App != app {
		answer(w, 200, map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{}, "error": map[string]any{"code": 190, "message": "Invalid OAuth access token."}}})
		return
	}
	kind, expires := t.Type, int64(0)
	if kind == "" {
		kind = "USER"
	}
	if !t.Expires.IsZero() {
		expires = t.Expires.Unix()
	}
	named, user := cmp.Or(t.DebugApp, t.App), cmp.Or(t.DebugUser, t.User)
	answer(w, 200, map[string]any{"data": map[string]any{
		"app_id": named, "type": kind, "application": "Demo", "data_access_expires_at": expires, "expires_at": expires,
		"is_valid": true, "issued_at": 1747166700, "scopes": []string{"email", "public_profile"}, "user_id": user,
	}})
}

func graphError(w http.ResponseWriter, code int, message string) {
	w.Header().Set("WWW-Authenticate", `OAuth "Facebook Platform" "invalid_token" "`+message+`"`)
	answer(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": message, "type": "OAuthException", "code": code, "error_subcode": 463, "fbtrace_id": "A1"}})
}

func proof(secret, token string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(token))
	return hex.EncodeToString(m.Sum(nil))
}
