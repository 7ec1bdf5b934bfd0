package login

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/seal"
)

// oauth1 signs a request by OAuth 1.0a (RFC 5849) with HMAC-SHA1.
type oauth1 struct {
	consumerKey    string
	consumerSecret seal.Secret
	token          string
	tokenSecret    seal.Secret
	nonce          string
	timestamp      string
}

// header is the Authorization header of a request whose URL has no query.
func (o oauth1) header(method, url string) string {
	params := [][2]string{
		{"oauth_consumer_key", o.consumerKey},
		{"oauth_nonce", o.nonce},
		{"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", o.timestamp},
		{"oauth_token", o.token},
		{"oauth_version", "1.0"},
	}
	params = append(params, [2]string{"oauth_signature", o.signature(method, url, params)})
	fields := make([]string, len(params))
	for i, p := range params {
		fields[i] = p[0] + `="` + oauthEscape(p[1]) + `"`
	}
	return "OAuth " + strings.Join(fields, ", ")
}

// signature is that of RFC 5849, section 3.4.2, over the base string of section
// 3.4.1.
func (o oauth1) signature(method, url string, params [][2]string) string {
	pairs := make([]string, len(params))
	for i, p := range params {
		pairs[i] = oauthEscape(p[0]) + "=" + oauthEscape(p[1])
	}
	slices.Sort(pairs)
	base := method + "&" + oauthEscape(url) + "&" + oauthEscape(strings.Join(pairs, "&"))
	key := oauthEscape(o.consumerSecret.Reveal()) + "&" + oauthEscape(o.tokenSecret.Reveal())
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// oauthEscape escapes everything but the unreserved characters (RFC 5849,
// section 3.6).
func oauthEscape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
