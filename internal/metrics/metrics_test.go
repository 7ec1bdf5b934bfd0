package metrics_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/metrics"
)

// A login provider says which host its keys are at, and url.Parse takes %ff in one. What
// cannot be a label, or is too long for one, is counted with the rest.
func TestHostsThatAreNoLabels(t *testing.T) {
	m := metrics.New("devel")
	m.Called("keys.example.com", "ok", time.Millisecond)
	m.Called("\xff.example.com", "unavailable", time.Millisecond)
	m.Called(strings.Repeat("x", 1<<20), "unavailable", time.Millisecond)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`daypass_outbound_calls_total{host="keys.example.com",outcome="ok"} 1`, `daypass_outbound_calls_total{host="other",outcome="unavailable"} 2`} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}
