package logintest

import (
	"cmp"
	"net/http"
)

// AmazonToken is what Login with Amazon knows of an access token.
type AmazonToken struct {
	ClientID, AppID, User string
	// ProfileUser is whom the profile names; empty for User.
	ProfileUser string
	// Issuer is the iss; empty for Amazon's.
	Issuer string
	// Left is the seconds that it has left.
	Left int
	// NoProfile says that the app did not ask for the profile.
	NoProfile bool
}

// AddAmazon makes an access token.
func (d *Doubles) AddAmazon(token string, t AmazonToken) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.amazon[token] = t
}

func (d *Doubles) lwa(w http.ResponseWriter, r *http.Request) {
	invalid := map[string]any{"error": "invalid_token", "error_description": "The request has an invalid parameter : access_token"}
	switch r.URL.Path {
	case "/auth/o2/tokeninfo":
		t, ok := d.amazon[r.URL.Query().Get("access_token")]
		if !ok {
			answer(w, http.StatusBadRequest, invalid)
			return
		}
		answer(w, 200, map[string]any{"iss": cmp.Or(t.Issuer, "https://www.amazon.com"), "user_id": t.User, "aud": t.ClientID, "app_id": t.AppID, "exp": t.Left, "iat": 1746036400})
	case "/user/profile":
		t, ok := d.amazon[bearer(r)]
		switch {
		case !ok:
			answer(w, http.StatusUnauthorized, invalid)
		case t.NoProfile:
			answer(w, http.StatusUnauthorized, map[string]any{"error": "insufficient_scope"})
		default:
			user := t.ProfileUser
			if user == "" {
				user = t.User
			}
			answer(w, 200, map[string]any{"user_id": user, "name": "U Ser", "email": "u@example.com", "postal_code": "98052"})
		}
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}
