//go:build unix

package instance_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/audit/sinks"
	"github.com/daypass/daypass/internal/instance"
)

// spent is the time that the process has spent on processors.
func spent() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkAudit is what the audit log costs: credentials for a user whom every memory
// knows, by clients at the same time over connections that stay open, and without
// net/http. Compare the parts of one run: the time on processors, where the machine has
// other things to do.
func BenchmarkAudit(b *testing.B) {
	for _, mode := range []string{"off", "log", "required"} {
		b.Run(mode, func(b *testing.B) {
			h := newHotOf(b, func(c *instance.Config) {
				if mode == "off" {
					return
				}
				f, err := sinks.OpenFile(filepath.Join(b.TempDir(), "audit.log"), sinks.FileOptions{Required: mode == "required", Size: 100 << 20, Keep: 9})
				if err != nil {
					b.Fatal(err)
				}
				c.Trail = func(t *audit.Trail) audit.Sink {
					s := sinks.New(t, sinks.Options{Required: mode == "required"}, f)
					b.Cleanup(func() { _ = s.Close(time.Minute) })
					return s
				}
			})
			r := h.public("GetCredentialsForIdentity", map[string]any{"IdentityId": h.id, "Logins": h.logins()})
			b.Run("handler", func(b *testing.B) {
				began := spent()
				r.measure(b, h.handler)
				b.ReportMetric(float64(spent()-began)/float64(b.N), "cpu-ns/op")
			})
			s := httptest.NewServer(h.handler)
			defer s.Close()
			for _, clients := range []int{16, 128} {
				b.Run(map[int]string{16: "16 clients", 128: "128 clients"}[clients], func(b *testing.B) {
					b.SetParallelism(clients / 2)
					t := &http.Transport{MaxIdleConnsPerHost: clients}
					defer t.CloseIdleConnections()
					began := spent()
					defer func() { b.ReportMetric(float64(spent()-began)/float64(b.N), "cpu-ns/op") }()
					measureConnected(b, t, func() (*http.Request, error) {
						q, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL, bytes.NewReader(r.body))
						if err == nil {
							q.Header = r.header.Clone()
						}
						return q, err
					})
				})
			}
		})
	}
}
