package logintest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// TwitterToken is what Twitter or Digits knows of an access token.
type TwitterToken struct {
	Secret, ID string
	// Status and Code are of the error that every call gets; 0 for none.
	Status, Code int
}

// AddTwitter makes an access token.
func (d *Doubles) AddTwitter(token string, t TwitterToken) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.twitter[token] = t
}

func (d *Doubles) oauth(w http.ResponseWriter, r *http.Request) {
	fields := map[string]string{}
	for _, field := range strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth "), ", ") {
		name, value, _ := strings.Cut(field, "=")
		fields[name], _ = url.PathUnescape(strings.Trim(value, `"`))
	}
	t, ok := d.twitter[fields["oauth_token"]]
	stamp, _ := strconv.ParseInt(fields["oauth_timestamp"], 10, 64)
	skew := d.Now().Unix() - stamp
	switch {
	case !ok:
		oauthError(w, http.StatusUnauthorized, 89)
	case t.Status != 0:
		oauthError(w, t.Status, t.Code)
	case fields["oauth_consumer_key"] != ConsumerKey, skew > 300 || skew < -300,
		fields["oauth_signature"] != oauthSignature(r, fields, t.Secret):
		oauthError(w, http.StatusUnauthorized, 32)
	case r.Host == "api.twitter.com" && r.URL.Path == "/1.1/account/verify_credentials.json":
		id, _ := strconv.ParseUint(t.ID, 10, 64)
		answer(w, 200, map[string]any{"id": id, "id_str": t.ID, "screen_name": "u", "name": "U Ser"})
	case r.Host == "api.digits.com" && r.URL.Path == "/1.1/sdk/account.json":
		answer(w, 200, map[string]any{"id_str": t.ID, "phone_number": "+15550100"})
	default:
		oauthError(w, http.StatusNotFound, 34)
	}
}

// oauthSignature is what the signature should be, made another way than ours.
func oauthSignature(r *http.Request, fields map[string]string, tokenSecret string) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var names []string
	for name := range fields {
		if name != "oauth_signature" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, escape(name)+"="+escape(fields[name]))
	}
	m := hmac.New(sha1.New, []byte(escape(ConsumerSecret)+"&"+escape(tokenSecret)))
	m.Write([]byte(r.Method + "&" + escape("https://"+r.Host+r.URL.Path) + "&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func oauthError(w http.ResponseWriter, status, code int) {
	answer(w, status, map[string]any{"errors": []any{map[string]any{"code": code, "message": "Could not authenticate you."}}})
}
