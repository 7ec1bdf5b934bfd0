package cognito_test

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/login/logintest"
)

// startDoubles runs the doubles of the public providers, with the tokens that
// the transcripts speak of.
func startDoubles(t *testing.T, now func() time.Time) *logintest.Doubles {
	d := logintest.Start(t, now)
	d.AddFacebook("EAAalice", logintest.FacebookToken{App: "100000000000001", User: "200000000000002"})
	d.AddFacebook("EAAanotherApp", logintest.FacebookToken{App: "3", User: "200000000000002"})
	d.AddFacebook("EAAbusy", logintest.FacebookToken{Code: 4})
	d.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "amzn1.application-oa2-client.abc", AppID: "amzn1.application.436", User: "amzn1.account.K2LI23", Left: 3597})
	d.AddAmazon("Atza|anotherApp", logintest.AmazonToken{ClientID: "x", AppID: "y", User: "amzn1.account.K2LI23", Left: 3597})
	d.AddTwitter("alice", logintest.TwitterToken{Secret: "secret", ID: "1234567890123456789"})
	d.AddTwitter("plan", logintest.TwitterToken{Status: 403, Code: 453})
	d.SetUser("jane", logintest.PoolUser{Sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})
	d.SetUser("gone", logintest.PoolUser{Sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", Disabled: true})
	return d
}

var doubleTokens = map[string]func(*logintest.Doubles, ...any) string{
	"google": (*logintest.Doubles).GoogleToken, "apple": (*logintest.Doubles).AppleToken,
	"userpool": (*logintest.Doubles).PoolToken, "limited": (*logintest.Doubles).LimitedToken,
}

// doubleToken makes a token of a double, with claims changed as the words say, and
// the header where they are kid and x5c.
func (w *wire) doubleToken(kind, words string) string {
	var pairs []any
	header := map[string]string{}
	for _, word := range strings.Fields(words) {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case name == "kid" || name == "x5c":
			header[name] = value
		case !ok:
			pairs = append(pairs, name, nil)
		default:
			pairs = append(pairs, name, w.claim(name, value))
		}
	}
	token := doubleTokens[kind](w.doubles, pairs...)
	if len(header) > 0 {
		head, rest, _ := strings.Cut(token, ".")
		var members map[string]any
		if err := json.Unmarshal([]byte(decoded(w.t, head)), &members); err != nil {
			w.t.Fatal(err)
		}
		for name, value := range header {
			members[name] = value
		}
		changed, err := json.Marshal(members)
		if err != nil {
			w.t.Fatal(err)
		}
		token = base64.RawURLEncoding.EncodeToString(changed) + "." + rest
	}
	return token
}

// claim is the value of a claim as a word says it: seconds from now for times, a
// list in brackets, an object with one member for events, a text so many times
// over, or a text.
func (w *wire) claim(name, value string) any {
	list, isList := strings.CutPrefix(value, "[")
	text, times, repeats := strings.Cut(value, "*")
	switch {
	case name == "exp" || name == "iat" || name == "nbf":
		return w.now().Unix() + w.number(value)
	case name == "events":
		return map[string]any{value: map[string]any{}}
	case isList:
		return strings.Split(strings.TrimSuffix(list, "]"), ",")
	case repeats:
		return strings.Repeat(text, int(w.number(times)))
	}
	return value
}

func (w *wire) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
