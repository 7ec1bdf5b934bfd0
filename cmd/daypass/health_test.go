package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// health prints one line and ends with 0 or 1 whatever is wrong, and needs no
// credentials.
func TestHealthCommand(t *testing.T) {
	s := daypasstest.Start(t, daypasstest.Config{})
	answer := func(status int, text string) string {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}))
		t.Cleanup(other.Close)
		return other.URL
	}
	t.Setenv("HOME", t.TempDir())
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"ready":                   {[]string{"health", "--endpoint-url", s.URL}, exitOK, s.URL + " is ready"},
		"options before the word": {[]string{"--endpoint", s.URL + "/", "health"}, exitOK, s.URL + " is ready"},
		"not ready":               {[]string{"health", "--endpoint-url", answer(http.StatusServiceUnavailable, "not ready\n")}, 1, "is not ready: its log says why"},
		"another server":          {[]string{"health", "--endpoint-url", answer(http.StatusOK, "welcome")}, 1, "does not answer as daypass does"},
		"nobody":                  {[]string{"health", "--endpoint-url", "http://127.0.0.1:1"}, 1, `Could not connect to the endpoint URL: "http://127.0.0.1:1/" (--endpoint-url)`},
		"no URL":                  {[]string{"health", "--endpoint-url", "nowhere"}, 1, "Bad value for --endpoint-url"},
		"an option without value": {[]string{"health", "--endpoint-url"}, 1, "argument --endpoint-url: expected one argument"},
		"an unknown option":       {[]string{"health", "--sick"}, 1, "Unknown options: --sick"},
		"an unknown profile":      {[]string{"health", "--profile", "nope"}, 1, "The config profile (nope) could not be found"},
		"a bad format":            {[]string{"--output", "prose", "health"}, 1, "argument --output: Invalid choice"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := inEnvironment(t, test.args...)
			if out := stdout + stderr; code != test.code || strings.Count(out, "\n") != 1 || !strings.Contains(out, test.want) {
				t.Errorf("exit code %d, %q", code, out)
			}
		})
	}
}
