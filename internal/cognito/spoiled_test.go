package cognito_test

import (
	"strings"
	"time"

	"github.com/daypass/daypass/internal/sigv4"
)

// spoiled are credentials as people get them wrong: "token=none" forgets the
// session token, "token=cut" cuts it, "token=N" takes that of answer N; "key=…" and
// "secret=…" take others. "clock=-20m" is of the clock that they sign with.
func (w *wire) spoiled(c sigv4.Credentials, at time.Time, words []string) (sigv4.Credentials, time.Time) {
	w.t.Helper()
	for _, word := range words {
		switch name, value, _ := strings.Cut(word, "="); {
		case word == "token=none":
			c.SessionToken = ""
		case word == "token=cut":
			c.SessionToken = c.SessionToken[:len(c.SessionToken)-20]
		case name == "token":
			c.SessionToken = w.credentials(value).SessionToken
		case name == "clock":
			at = at.Add(w.duration(value))
		case name == "key":
			c.AccessKeyID = value
		case name == "secret":
			c.SecretAccessKey = value
		default:
			w.t.Fatalf("what is %q of credentials?", word)
		}
	}
	return c, at
}

// setForward sets the clock forward, for everybody.
func (w *wire) setForward(by string) { w.later.Add(int64(w.duration(by))) }

func (w *wire) duration(s string) time.Duration {
	w.t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}
