package cognito_test

import (
	"strings"
	"time"

	"github.com/daypass/daypass/internal/sigv4"
)

// spoiled are credentials as people get them wrong: "token=none" forgets the
// session token, "token=cut" cuts it, "token=N" takes that of answer N; "key=…" and
// "secret=…" take others.
func (w *wire) spoiled(c sigv4.Credentials, words []string) sigv4.Credentials {
	w.t.Helper()
	for _, word := range words {
		switch name, value, _ := strings.Cut(word, "="); {
		case word == "token=none":
			c.SessionToken = ""
		case word == "token=cut":
			c.SessionToken = c.SessionToken[:len(c.SessionToken)-20]
		case name == "token":
			c.SessionToken = w.credentials(value).SessionToken
		case name == "key":
			c.AccessKeyID = value
		case name == "secret":
			c.SecretAccessKey = value
		default:
			w.t.Fatalf("what is %q of credentials?", word)
		}
	}
	return c
}

// setForward sets the clock forward, for everybody.
func (w *wire) setForward(by string) {
	w.t.Helper()
	d, err := time.ParseDuration(by)
	if err != nil {
		w.t.Fatal(err)
	}
	w.later.Add(int64(d))
}
