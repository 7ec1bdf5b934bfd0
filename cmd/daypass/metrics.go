package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/metrics"
)

// MetricsConfig is where Prometheus looks.
type MetricsConfig struct {
	MetricsListen string `placeholder:"ADDR" help:"Address at which Prometheus finds metrics, at /metrics. They have no secret in them, but the IDs of pools and what goes on. Other than loopback, it needs TLS, which has the certificate of --listen, or --allow-plain-http. See docs/metrics.md."`
}

// checkMetrics finds the mistakes that show in the flags alone.
func (c *Config) checkMetrics() error {
	if c.MetricsListen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.MetricsListen)
	switch {
	case err != nil:
		return usage("--metrics-listen %q: give an address and a port, such as 127.0.0.1:4690", c.MetricsListen)
	case !isLoopback(host) && !c.speaksTLS() && !c.AllowPlainHTTP:
		return usage("--metrics-listen %s is not loopback: give --tls-cert-file and --tls-key-file, or --acme-host, or --allow-plain-http", c.MetricsListen)
	}
	return nil
}

// metricsSide is the listener for Prometheus; nil where none is asked for. On loopback
// it speaks no TLS.
func (c *Config) metricsSide() (*side, error) {
	if c.MetricsListen == "" {
		return nil, nil
	}
	c.metrics = metrics.New(version())
	s := &side{
		name: "metrics", flag: "--metrics-listen", at: c.MetricsListen,
		handler: func(*instance.Instance) http.Handler { return c.metrics.Handler() },
	}
	if host, _, err := net.SplitHostPort(c.MetricsListen); err != nil || isLoopback(host) {
		return s, nil
	}
	var err error
	s.tls, err = c.tls()
	return s, err
}

// measure has an instance that is about to be opened tell the metrics what it does.
func (c *Config) measure(i *instance.Config) {
	if c.metrics != nil {
		i.Sinks = []audit.Sink{c.metrics}
		i.Outbound, i.Updating = c.metrics.Called, c.metrics.Updating
	}
}

// watch has the metrics ask a running server.
func (r *running) watch(m *metrics.Metrics, i *instance.Instance) {
	if m == nil {
		return
	}
	m.Gauge("daypass_revocations", "Revocations in force.", "", func(yield func(string, float64)) {
		yield("", float64(i.Revocations()))
	})
	m.Gauge("daypass_key_set_age_seconds", "Seconds since the keys of a login provider were fetched.", "issuer", func(yield func(string, float64)) {
		i.KeySets(func(issuer string, age time.Duration) { yield(issuer, age.Seconds()) })
	})
	m.Gauge("daypass_signing_key_age_seconds", "Seconds since the key that signs OpenID tokens began to, by region.", "region", func(yield func(string, float64)) {
		i.SigningKeys(func(region string, age time.Duration) { yield(region, age.Seconds()) })
	})
	m.Gauge("daypass_certificate_not_after_seconds", "When the certificate of a listener ends, in seconds since 1970.", "listener", func(yield func(string, float64)) {
		for _, f := range r.fronts {
			if f.tls != nil {
				if ends := f.tls.ends(); !ends.IsZero() {
					yield(f.name, float64(ends.Unix()))
				}
			}
		}
	})
	if r.counters != nil {
		m.Counter("daypass_postgres_total", "What the connections to PostgreSQL did since the start, by figure.", "figure", r.counters)
		return
	}
	m.Gauge("daypass_store_size_bytes", "Bytes of the embedded database, with what is not yet checkpointed.", "", func(yield func(string, float64)) {
		size := int64(0)
		for _, name := range []string{"daypass.db", "daypass.db-wal"} {
			if info, err := os.Stat(filepath.Join(r.instance.DataDir, name)); err == nil {
				size += info.Size()
			}
		}
		yield("", float64(size))
	})
}
