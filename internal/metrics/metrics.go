// Package metrics counts what a server does, for Prometheus.
//
// A [Metrics] is a sink of events beside the log, and watches outbound calls and
// the store. It keeps numbers alone: no token, no secret, no identity, and nothing
// that a stranger chose is a label. Where configuration decides how many labels there are,
// as with pools and hosts, those beyond a bound are counted together as "other".
//
// docs/metrics.md lists what there is; a test holds it, the dashboard and the alert
// rules to this package.
package metrics

import (
	"context"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/daypass/daypass/internal/audit"
)

const (
	// maxPools is how many pools are counted each on its own, and maxHosts how many
	// hosts of outbound calls.
	maxPools = 1000
	maxHosts = 200
	// maxLabel is the longest value of a label, in bytes: a name of a host has no more.
	maxLabel = 253
	// other is where the rest is counted.
	other = "other"
)

// Metrics counts. It is for any number of goroutines.
type Metrics struct {
	registry *prometheus.Registry

	requests    *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	refusals    *prometheus.CounterVec
	warnings    *prometheus.CounterVec
	issued      *prometheus.CounterVec
	outbound    *prometheus.CounterVec
	outboundFor *prometheus.HistogramVec
	updates     *prometheus.HistogramVec
	updating    prometheus.Gauge
	records     *prometheus.CounterVec

	pools, hosts labels
}

// durationBuckets are bounds in seconds: a remembered token takes 50 µs, one that
// daypass signs 1 ms, a provider that is asked or a database far away tens of them,
// and what waits for a timeout seconds.
var durationBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// New counts for a server of this version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("daypass_requests_total", "Requests that were answered, by service, operation and outcome: ok, refused (4xx), failed (5xx) or gone (the client left).",
			"service", "operation", "outcome"),
		durations: histogram("daypass_request_duration_seconds", "How long requests took, from their headers to their answer.", "service", "operation"),
		refusals:  counter("daypass_refusals_total", "Requests that were refused or failed, by their true cause (docs/causes.md).", "cause"),
		warnings:  counter("daypass_warnings_total", "Requests whose line in the log has a warning, by its code (docs/causes.md).", "warning"),
		issued: counter("daypass_credentials_issued_total", "Credentials and OpenID tokens that were issued, by pool and by the flow that they come from.",
			"pool", "flow"),
		outbound:    counter("daypass_outbound_calls_total", "Requests to login providers and targets, by host and outcome.", "host", "outcome"),
		outboundFor: histogram("daypass_outbound_call_duration_seconds", "How long those requests took.", "host"),
		updates:     histogram("daypass_store_update_duration_seconds", "How long changes of the database took, from when they asked for their turn until they were durable; the outcome is ok or failed.", "outcome"),
		updating:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "daypass_store_updates_waiting", Help: "Changes of the database that wait for their turn or their commit."}),
		records:     counter("daypass_audit_records_total", "Records of the audit log, by kind of sink and by what became of them: written or dropped.", "sink", "outcome"),
		pools:       labels{most: maxPools},
		hosts:       labels{most: maxHosts},
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "daypass_build_info", Help: "1, with the version of the server."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.refusals, m.warnings, m.issued, m.outbound, m.outboundFor, m.updates, m.updating, m.records, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: durationBuckets}, labels)
}

// Record implements [audit.Sink]. It never refuses an event.
func (m *Metrics) Record(_ context.Context, e *audit.Event) error {
	m.requests.WithLabelValues(e.Service, e.Operation, outcome(e.Status)).Inc()
	m.durations.WithLabelValues(e.Service, e.Operation).Observe(e.Duration.Seconds())
	if e.Warning != "" {
		m.warnings.WithLabelValues(e.Warning).Inc()
	}
	if e.Status >= 400 {
		m.refusals.WithLabelValues(e.Cause).Inc()
		return nil
	}
	if flow := flows[e.Operation]; flow != "" {
		m.issued.WithLabelValues(m.pools.label(e.Fact("pool")), flow).Inc()
	}
	return nil
}

// statusGone is the status of a request whose client left.
const statusGone = 499

func outcome(status int) string {
	switch {
	case status < 400:
		return "ok"
	case status == statusGone:
		return "gone"
	case status < 500:
		return "refused"
	}
	return "failed"
}

// flows are the operations that issue something.
var flows = map[string]string{
	"GetCredentialsForIdentity":          "enhanced",
	"GetOpenIdToken":                     "token",
	"GetOpenIdTokenForDeveloperIdentity": "developer-token",
	"AssumeRoleWithWebIdentity":          "web-identity",
	"AssumeRoleWithSAML":                 "saml",
	"AssumeRole":                         "assume-role",
	"GetSessionToken":                    "session-token",
}

// Called counts a request to a host that took so long. outcome is one of few words.
func (m *Metrics) Called(host, outcome string, took time.Duration) {
	host = m.hosts.label(host)
	m.outbound.WithLabelValues(host, outcome).Inc()
	m.outboundFor.WithLabelValues(host).Observe(took.Seconds())
}

// Recorded counts records of the audit log, by kind of sink and one of few words for what
// became of them.
func (m *Metrics) Recorded(sink, outcome string, records int) {
	m.records.WithLabelValues(sink, outcome).Add(float64(records))
}

// Updating counts a change of the database that begins, and gives what counts its end.
func (m *Metrics) Updating() (end func(error)) {
	began := time.Now()
	m.updating.Inc()
	return func(err error) {
		m.updating.Dec()
		outcome := "ok"
		if err != nil {
			outcome = "failed"
		}
		m.updates.WithLabelValues(outcome).Observe(time.Since(began).Seconds())
	}
}

// Gauge adds a figure that is asked for when somebody looks: name and help as
// Prometheus has them, and what it is for each value of its label.
func (m *Metrics) Gauge(name, help, label string, ask func(yield func(value string, figure float64))) {
	m.register(prometheus.GaugeValue, name, help, label, ask)
}

// Counter is Gauge for a figure that only grows.
func (m *Metrics) Counter(name, help, label string, ask func(yield func(value string, figure float64))) {
	m.register(prometheus.CounterValue, name, help, label, ask)
}

func (m *Metrics) register(kind prometheus.ValueType, name, help, label string, ask func(yield func(value string, figure float64))) {
	var names []string
	if label != "" {
		names = []string{label}
	}
	m.registry.MustRegister(&asked{kind, prometheus.NewDesc(name, help, names, nil), label != "", ask})
}

// asked is a figure that is asked for.
type asked struct {
	kind     prometheus.ValueType
	desc     *prometheus.Desc
	labelled bool
	ask      func(func(string, float64))
}

// Describe implements [prometheus.Collector].
func (g *asked) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect implements [prometheus.Collector].
func (g *asked) Collect(to chan<- prometheus.Metric) {
	g.ask(func(value string, figure float64) {
		if g.labelled {
			to <- prometheus.MustNewConstMetric(g.desc, g.kind, figure, value)
		} else {
			to <- prometheus.MustNewConstMetric(g.desc, g.kind, figure)
		}
	})
}

// Handler answers scrapes, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Registry: m.registry, ProcessStartTime: time.Now()}))
	return mux
}

// maxScrapes is how many scrapes are answered at once; more get 503.
const maxScrapes = 4

// labels are the values that a label may have: the first so many, and other for the
// rest.
type labels struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func (l *labels) label(value string) string {
	if len(value) > maxLabel || !utf8.ValidString(value) { // the library panics
		return other
	}
	l.mu.RLock()
	ok := l.seen[value]
	l.mu.RUnlock()
	if ok {
		return value
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[value] && len(l.seen) >= l.most {
		return other
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[value] = true
	return value
}
