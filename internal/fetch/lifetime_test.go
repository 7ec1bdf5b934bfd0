package fetch

import (
	"net/http"
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.Header
		want time.Duration
	}{
		{"nothing said", http.Header{}, 5 * time.Minute},
		{"within", http.Header{"Cache-Control": {"public, max-age=3600"}}, time.Hour},
		{"quoted, other case", http.Header{"Cache-Control": {`Max-Age="3600"`}}, time.Hour},
		{"second line", http.Header{"Cache-Control": {"public", "must-revalidate, max-age=3600"}}, time.Hour},
		{"less its age", http.Header{"Cache-Control": {"max-age=3600"}, "Age": {"600"}}, 50 * time.Minute},
		{"older than its life", http.Header{"Cache-Control": {"max-age=3600"}, "Age": {"7200"}}, 5 * time.Minute},
		{"too short", http.Header{"Cache-Control": {"max-age=1"}}, 5 * time.Minute},
		{"too long", http.Header{"Cache-Control": {"max-age=2592000"}}, 24 * time.Hour},
		{"more than a number holds", http.Header{"Cache-Control": {"max-age=99999999999999999999999"}}, 24 * time.Hour},
		{"negative", http.Header{"Cache-Control": {"max-age=-3600"}}, 5 * time.Minute},
		{"not a number", http.Header{"Cache-Control": {"max-age=1h"}}, 5 * time.Minute},
		{"no-store", http.Header{"Cache-Control": {"max-age=3600, no-store"}}, 5 * time.Minute},
		{"for shared caches only", http.Header{"Cache-Control": {"s-maxage=3600"}}, 5 * time.Minute},
	} {
		if got := Lifetime(tt.h); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
