package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/metrics"
)

// scrape reads metrics as Prometheus does, with its own parser.
func scrape(t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", answer.StatusCode, err)
	}
	return families
}

// figure is what a metric with these labels is.
func figure(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		var have []string
		for _, l := range m.Label {
			have = append(have, l.GetName()+"="+l.GetValue())
		}
		if slices.Sort(have); slices.Equal(have, labels) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	t.Errorf("no %s with %q", name, labels)
	return -1
}

// What a server does is counted, once.
func TestMetrics(t *testing.T) {
	ca := newAuthority(t, "ca")
	ca.make("server", ca)
	ctx, stop := context.WithCancel(t.Context())
	c := Config{
		Listen: "127.0.0.1:0", Dev: true, AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1, LogLevel: "error", LogFormat: "text",
		MetricsConfig: MetricsConfig{"127.0.0.1:0"},
	}
	r, err := start(&process{ctx, io.Discard, io.Discard, func(string) string { return "" }}, c)
	if err != nil {
		t.Fatal(err)
	}
	root := rootClient(r.url)
	answer, err := root.JSON(ctx, cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true})
	var pool struct{ IdentityPoolId string }
	if err != nil || json.Unmarshal(answer, &pool) != nil {
		t.Fatal(err)
	}
	id, err := getID(root, pool.IdentityPoolId, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := root.JSON(ctx, cognito.API, "GetOpenIdToken", map[string]any{"IdentityId": id}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.JSON(ctx, cognito.API, "GetCredentialsForIdentity", map[string]any{"IdentityId": id}); err == nil {
		t.Fatal("a pool without roles gives credentials")
	}
	m := r.instance.Sinks[0].(*metrics.Metrics)
	m.Called("idp.example.com", "ok", time.Second)
	for n := range 2000 { // more pools than are counted
		e := &audit.Event{Service: "cognito-identity", Operation: "GetOpenIdToken", Status: 200}
		audit.From(audit.NewContext(ctx, e)).Set("pool", fmt.Sprint("pool-", n))
		if err := m.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	url := "http://" + r.beside[0].listener.Addr().String()
	families := scrape(t, url+"/metrics")
	for _, want := range []struct {
		figure float64
		name   string
		labels []string
	}{
		{1, "daypass_requests_total", []string{"operation=CreateIdentityPool", "outcome=ok", "service=cognito-identity"}},
		{1, "daypass_requests_total", []string{"operation=GetCredentialsForIdentity", "outcome=refused", "service=cognito-identity"}},
		{1, "daypass_request_duration_seconds", []string{"operation=GetId", "service=cognito-identity"}},
		{1, "daypass_refusals_total", []string{"cause=role-not-set"}},
		{3, "daypass_credentials_issued_total", []string{"flow=token", "pool=" + pool.IdentityPoolId}},
		{1001, "daypass_credentials_issued_total", []string{"flow=token", "pool=other"}},
		{1, "daypass_outbound_calls_total", []string{"host=idp.example.com", "outcome=ok"}},
		{1, "daypass_outbound_call_duration_seconds", []string{"host=idp.example.com"}},
		{0, "daypass_revocations", nil},
		{1, "daypass_build_info", []string{"version=" + version()}},
	} {
		if got := figure(t, families, want.name, want.labels...); got != want.figure {
			t.Errorf("%s%q is %v, want %v", want.name, want.labels, got, want.figure)
		}
	}
	if got := figure(t, families, "daypass_store_update_duration_seconds", "outcome=ok"); got < 2 { // the pool and the guest
		t.Errorf("%v changes of the database", got)
	}
	if got := figure(t, families, "daypass_signing_key_age_seconds", "region=us-east-1"); got < 0 || got > 600 {
		t.Errorf("the signing key is %v seconds old", got)
	}
	if got := figure(t, families, "daypass_store_updates_waiting"); got != 0 {
		t.Errorf("%v changes wait", got)
	}
	if got := figure(t, families, "daypass_store_size_bytes"); got < 4096 {
		t.Errorf("the database has %v bytes", got)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/healthz"} {
		if answer, err := http.Get(url + path); err != nil || answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v, %v", path, answer, err)
		} else {
			answer.Body.Close()
		}
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

// The end of the certificate is that of the one in use.
func TestCertificateMetric(t *testing.T) {
	ca := newAuthority(t, "ca")
	ca.make("server", ca)
	ctx, stop := context.WithCancel(t.Context())
	c := Config{
		Listen: "127.0.0.1:0", TLSCertFile: ca.file("server.pem"), TLSKeyFile: ca.file("server.key"), Dev: true, AccountID: "000000000000", Region: "us-east-1",
		GuestBurst: 1, LogLevel: "error", LogFormat: "text", MetricsConfig: MetricsConfig{"127.0.0.1:0"},
	}
	r, err := start(&process{ctx, io.Discard, io.Discard, func(string) string { return "" }}, c)
	if err != nil {
		t.Fatal(err)
	}
	families := scrape(t, "http://"+r.beside[0].listener.Addr().String()+"/metrics")
	ends := time.Unix(int64(figure(t, families, "daypass_certificate_not_after_seconds", "listener=api")), 0)
	if left := time.Until(ends); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the certificate ends in %v", left)
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

func TestMetricsFlags(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{}, ""},
		{Config{MetricsConfig: MetricsConfig{"localhost:1"}}, ""},
		{Config{MetricsConfig: MetricsConfig{"nonsense"}}, `--metrics-listen "nonsense": give an address and a port, such as 127.0.0.1:4690`},
		{Config{MetricsConfig: MetricsConfig{"10.0.0.5:1"}}, "--metrics-listen 10.0.0.5:1 is not loopback: give --tls-cert-file and --tls-key-file, or --acme-host, or --allow-plain-http"},
		{Config{MetricsConfig: MetricsConfig{"10.0.0.5:1"}, AllowPlainHTTP: true}, ""},
	} {
		if err := test.config.checkMetrics(); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%+v: %v, want %q", test.config.MetricsConfig, err, test.want)
		}
	}
}

// The page has all metrics, and the dashboard and the alert rules have no others.
func TestMetricsAreDocumented(t *testing.T) {
	names := func(pattern string, files ...string) (all []string) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
				all = append(all, strings.TrimSuffix(m[1], "_bucket"))
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	made := names(`"(daypass_[a-z_]+)"`, "metrics.go", "../../internal/metrics/metrics.go")
	told := names("(?m)^\\| `(daypass_[a-z_]+)`", "../../docs/metrics.md")
	if !slices.Equal(made, told) {
		t.Errorf("made %q, documented %q", made, told)
	}
	used := names(`(daypass_[a-z_]+)`, "../../docs/prometheus/alerts.yml", "../../docs/prometheus/dashboard.json")
	for _, name := range used {
		if !slices.Contains(made, name) {
			t.Errorf("there is no metric %s", name)
		}
	}
	if len(used) < 10 {
		t.Errorf("only %q are shown", used)
	}
	text, err := os.ReadFile("../../docs/prometheus/dashboard.json")
	if err != nil || !json.Valid(text) {
		t.Errorf("the dashboard is no JSON: %v", err)
	}
}
