package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A library's client obeys the same rules, and reads every status.
func TestRoundTrip(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/long":
			_, _ = w.Write(make([]byte, 2000))
		default:
			w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "short and stout")
		}
	}))
	defer s.Close()
	var seen []string
	c := &http.Client{Transport: &Client{AllowLoopback: true, MaxBody: 1000, Observe: observed(&seen)}}
	answer, err := c.Post(s.URL+"/?secret", "text/plain", strings.NewReader("milk"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusTeapot || string(body) != "short and stout" || answer.Header.Get("X-Seen") != "POST text/plain milk" {
		t.Errorf("%s %q %q, %v", answer.Status, answer.Header, body, err)
	}
	for path, want := range map[string]string{
		"/away": "refused: redirect of a request that carries secrets",
		"/long": "answer too large (status 200)",
	} {
		if _, err := c.Get(s.URL + path); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if _, err := (&http.Client{Transport: &Client{}}).Get(s.URL); err == nil || !strings.Contains(err.Error(), "refused: plain http, which the allow list does not permit here") {
		t.Errorf("without leave: %v", err)
	}
	if len(seen) != 3 || seen[0] != "127.0.0.1 bad-status" {
		t.Errorf("observed %q", seen)
	}
}

func observed(to *[]string) func(host, outcome string, took time.Duration) {
	return func(host, outcome string, _ time.Duration) { *to = append(*to, host+" "+outcome) }
}
