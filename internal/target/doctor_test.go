package target_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/target"
)

// findings are those of a visit, each as "verdict check message".
func findings(ctx context.Context, all *target.Targets, t *target.Target) (list []string) {
	for _, f := range all.Examine(ctx, t, target.Patient{Role: role, Region: "us-east-1", Pools: []string{"us-east-1:pool"}}) {
		list = append(list, string(f.Verdict)+" "+f.Check+" "+f.Message)
	}
	return list
}

// A store behind TLS whose authority nobody knows is told apart from one that is
// down, and is shown nothing.
func TestDoctorAtTLS(t *testing.T) {
	var asked atomic.Bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(true)
		w.Header().Set("Date", now().Format(http.TimeFormat))
		_, _ = io.WriteString(w, usual(r.FormValue("Action")))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	all, there := one(t, s.URL, policy.AWS, aKey)
	got := findings(t.Context(), all, there)
	if len(got) != 1 || !strings.HasPrefix(got[0], "wrong reach The target cannot be reached (target-untrusted): ") || !strings.HasSuffix(got[0], " Put its authority into --outbound-ca-file.") || asked.Load() {
		t.Errorf("asked %v, %q", asked.Load(), got)
	}
	known := x509.NewCertPool()
	known.AddCert(s.Certificate())
	there.SetFetch(&fetch.Client{AllowLoopback: true, RootCAs: known})
	if got := strings.Join(findings(t.Context(), all, there), "\n"); !strings.HasPrefix(got, "ok clock The clocks agree.\n") || strings.Contains(got, "transport") || !asked.Load() {
		t.Error(got)
	}
}

// A store that stops answering costs a time-out for each question and no more, and
// whoever goes away is not kept.
func TestDoctorAtSlowStore(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the client goes away
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	all, there := one(t, s.URL, policy.MinIO, nil)
	there.SetFetch(&fetch.Client{AllowLoopback: true, Timeout: 20 * time.Millisecond})
	got := strings.Join(findings(t.Context(), all, there), "\n")
	for _, want := range []string{
		"wrong session The target gives no session by web-identity: target: target-unavailable", "skipped empty-client-secret The target did not answer: ",
		"skipped unsigned The target did not answer: ", "skipped pool-audience ", "skipped expired ", "skipped prefixes There is no session to try it with: ",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, got)
		}
	}
	if strings.Contains(got, "eyJ") || strings.Contains(got, "ok unsigned") {
		t.Error(got)
	}
	there.SetFetch(&fetch.Client{AllowLoopback: true, Timeout: time.Minute})
	ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer leave()
	done := make(chan struct{})
	go func() { findings(ctx, all, there); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("the visit goes on without its caller")
	}
}

// What the doctor put into the store is removed, also when its caller goes away in
// between.
func TestDoctorCleansUpAfterItsCaller(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var mu sync.Mutex
	var put, removed []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, strings.Replace(usual(r.FormValue("Action")), "13:00:00Z", "12:15:00Z", 1))
		case r.Method == http.MethodPut:
			put = append(put, r.URL.Path)
		case r.Method == http.MethodDelete:
			removed = append(removed, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path != "/":
			leave()
		}
	}))
	t.Cleanup(s.Close)
	all, there := one(t, s.URL, policy.MinIO, aKey)
	got := strings.Join(findings(ctx, all, there), "\n")
	mu.Lock()
	defer mu.Unlock()
	left := map[string]bool{}
	for _, path := range put {
		left[path] = true
	}
	for _, path := range removed {
		delete(left, path)
	}
	if len(put) < 3 || len(left) > 0 || strings.Contains(got, "clean-up") || removed[len(removed)-1] != put[0] {
		t.Errorf("put %q, removed %q\n%s", put, removed, got)
	}
}
