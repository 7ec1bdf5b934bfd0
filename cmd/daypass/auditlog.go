package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/audit/sinks"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// AuditConfig is where the records of requests go.
type AuditConfig struct {
	AuditLog        []string `sep:"none" placeholder:"FILE|-|syslog|URL" help:"Where a JSON record of each request goes, in the shape of AWS CloudTrail's: a file, - for standard output, syslog (or syslog:SOCKET) for the machine's syslog daemon, or an https URL that takes lines of JSON. Records have no secret in them, and name users by keyed hashes. Repeatable; in the environment, separate them with spaces. See docs/audit.md."`
	AuditLogSize    int      `placeholder:"MIB" default:"100" help:"Rotate a file of --audit-log when it has this many MiB (${default}): FILE becomes FILE.1. 0 leaves that to other tools, which send SIGHUP."`
	AuditLogKeep    int      `placeholder:"N" default:"10" help:"Rotated files of --audit-log to keep (${default}). Older ones are removed, so that records take no more than N + 1 times --audit-log-size."`
	AuditRequired   bool     `help:"Answer no request before every sink of --audit-log has kept its record: a change is committed together with its record, a file is written durably, and no rotated file is removed. While a sink is down or full, requests that change something are refused."`
	AuditHeaderFile string   `placeholder:"FILE" help:"Headers of requests to the URLs of --audit-log, such as Authorization: Bearer TOKEN, one a line. Only the server's user may read the file."`
}

// auditLogs are the sinks that were asked for.
func (c *AuditConfig) auditLogs() []string { return strings.Fields(strings.Join(c.AuditLog, " ")) }

// toStdout says whether records go to the standard output, where nothing else may be.
func (c *AuditConfig) toStdout() bool {
	for _, to := range c.auditLogs() {
		if to == "-" {
			return true
		}
	}
	return false
}

// checkAudit finds the mistakes that show in the flags alone.
func (c *AuditConfig) checkAudit() error {
	seen := map[string]bool{}
	for _, to := range c.auditLogs() {
		if seen[to] {
			return usage("--audit-log %s: it is given twice", sinkName(to))
		}
		seen[to] = true
	}
	switch {
	case c.AuditRequired && len(seen) == 0:
		return usage("--audit-required: say with --audit-log where records go")
	case c.AuditLogSize < 0 || c.AuditLogSize > 1<<20:
		return usage("--audit-log-size %d: give MiB from 1 up, or 0 to rotate files by other tools", c.AuditLogSize)
	case c.AuditLogKeep < 0 || c.AuditLogKeep > 1000 || c.AuditLogKeep == 0 && c.AuditLogSize > 0 && len(seen) > 0:
		return usage("--audit-log-keep %d: keep 1 to 1000 files", c.AuditLogKeep)
	}
	return nil
}

// isURL tells a URL from the path of a file.
func isURL(to string) bool { return strings.Contains(to, "://") }

// sinkName is a sink as sentences may show it: URLs may have secrets in them.
func sinkName(to string) string {
	if isURL(to) {
		return "URL"
	}
	return to
}

// maxHeaderFile is how long a file of headers may be, in bytes.
const maxHeaderFile = 16 << 10

// header reads the headers of requests with records.
func (c *AuditConfig) header() (http.Header, error) {
	if c.AuditHeaderFile == "" {
		return nil, nil
	}
	text, err := seal.ReadPrivate(c.AuditHeaderFile, maxHeaderFile)
	if err != nil {
		return nil, usage("--audit-header-file: %w", err)
	}
	text = append(bytes.TrimSpace(text), "\r\n\r\n"...)
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(text))).ReadMIMEHeader()
	if err != nil || len(h) == 0 {
		return nil, usage("--audit-header-file: %s has no headers: write one a line, such as Authorization: Bearer TOKEN", c.AuditHeaderFile)
	}
	return http.Header(h), nil
}

// openAudit opens the sinks; none where none was asked for.
func (c *Config) openAudit(p *process, i *instance.Config) (all []sinks.Sink, err error) {
	defer func() {
		if err != nil {
			for _, s := range all {
				err = errors.Join(err, s.Close())
			}
			all = nil
		}
	}()
	for _, to := range c.auditLogs() {
		s, err := c.openSink(p, i, to)
		if mistake, ok := errors.AsType[usageError](err); ok {
			return all, mistake
		}
		if err != nil {
			return all, usage("--audit-log: %w", err)
		}
		all = append(all, s)
	}
	if out, ok := p.stdout.(*os.File); ok && c.toStdout() {
		for _, s := range all {
			if f, ok := s.(*sinks.File); ok && f.Same(out) {
				return all, usage("--audit-log: %s is the standard output, to which - writes", s.Name())
			}
		}
	}
	return all, nil
}

func (c *Config) openSink(p *process, i *instance.Config, to string) (sinks.Sink, error) {
	socket, toSocket := strings.CutPrefix(to, "syslog:")
	switch {
	case to == "-":
		return &sinks.Output{W: p.stdout}, nil
	case to == "syslog":
		return sinks.OpenSyslog("")
	case toSocket && !isURL(to):
		return sinks.OpenSyslog(socket)
	case isURL(to):
		header, err := c.header()
		if err != nil {
			return nil, err
		}
		return sinks.OpenURL(to, header, sinks.Outbound{Allow: i.OutboundAllow, AllowLoopback: i.Dev, RootCAs: i.OutboundCAs, Observe: i.Outbound})
	}
	return sinks.OpenFile(to, sinks.FileOptions{Size: int64(c.AuditLogSize) << 20, Keep: c.AuditLogKeep, Required: c.AuditRequired})
}

// auditCloseTimeout is how long the process stays for the last records when it ends.
const auditCloseTimeout = 5 * time.Second

// audit has an instance that is about to be opened record requests.
func (c *Config) audit(p *process, s *settings) error {
	all, err := c.openAudit(p, &s.instance)
	if err != nil || len(all) == 0 {
		return err
	}
	o := sinks.Options{Log: s.log, Required: c.AuditRequired}
	s.instance.TrailRequired = c.AuditRequired
	if c.metrics != nil {
		o.Count = c.metrics.Recorded
	}
	s.instance.Trail = func(t *audit.Trail) audit.Sink {
		s.records = sinks.New(t, o, all...)
		return s.records
	}
	s.closeAudit = func() error {
		if s.records != nil {
			return s.records.Close(auditCloseTimeout)
		}
		for _, sink := range all {
			err = errors.Join(err, sink.Close())
		}
		return err
	}
	return nil
}

// bannerTo is where the banner goes: beside records there is no room for it.
func (c *Config) bannerTo(p *process) io.Writer {
	if c.toStdout() {
		return p.stderr
	}
	return p.stdout
}
