package sinks

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
)

func write(t *testing.T, s Sink, records string) {
	t.Helper()
	if n, err := s.Write(t.Context(), []byte(records)); n != len(records) || err != nil {
		t.Fatalf("%d of %d bytes, %v", n, len(records), err)
	}
}

func open(t *testing.T, path string, o FileOptions) *File {
	t.Helper()
	f, err := OpenFile(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	f := open(t, path, FileOptions{Size: 10, Keep: 2})
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, record := range []string{"one\n", "two\n", "three\n", "four\nfive\n", "six\n"} {
		write(t, f, record)
	}
	want := []string{"six\n", "four\nfive\n", "three\n"}
	for n, name := range []string{path, path + ".1", path + ".2"} {
		if got := content(t, name); got != want[n] {
			t.Errorf("%s has %q, want %q", name, got, want[n])
		}
	}
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("more files are kept than were asked for")
	}
}

// Where records are required none is removed, and the sentence says what to do.
func TestFullQuotaOfRequiredRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	f := open(t, path, FileOptions{Size: 4, Keep: 1, Required: true})
	write(t, f, "one\n")
	write(t, f, "two\n")
	want := "all 2 files are full, and none is removed while records are required: move " + path + ".1 and the rotated ones before it away"
	if n, err := f.Write(t.Context(), []byte("three\n")); n != 0 || err == nil || err.Error() != want {
		t.Errorf("%d, %v", n, err)
	}
	if got := content(t, path+".1") + content(t, path); got != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	if write(t, f, "three\n"); content(t, path) != "three\n" {
		t.Errorf("%q", content(t, path))
	}
}

// What another process has moved away stays as it is, and so does the end of a record
// that a process was killed in.
func TestFileThatOthersTouch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte("whole\nto"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{})
	write(t, f, "one\n")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "two\n")
	f.reopen.Store(true)
	write(t, f, "three\n")
	f.reopen.Store(true)
	write(t, f, "four\n")
	if got := content(t, path+".moved") + "|" + content(t, path); got != "whole\nto\none\ntwo\n|three\nfour\n" {
		t.Errorf("%q", got)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	used := filepath.Join(dir, "used.log")
	open(t, used, FileOptions{})
	for path, want := range map[string]string{
		dir:                              " is a directory: give a file in it",
		filepath.Join(dir, "no", "file"): " is not a directory: create it, and let the server's user write there",
		used:                             ": another process, or another --audit-log, writes to it",
	} {
		if _, err := OpenFile(path, FileOptions{}); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// story collects what a stream says and counts.
type story struct {
	mu     sync.Mutex
	log    bytes.Buffer
	counts map[string]int
}

func (s *story) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *story) options(required bool) Options {
	s.counts = map[string]int{}
	log := slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return Options{Required: required, Log: log, Count: func(kind, outcome string, n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counts[kind+" "+outcome] += n
	}}
}

func (s *story) told() (string, map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String(), s.counts
}

// hasher makes no hashes.
type hasher struct{}

func (hasher) KeyID() string                         { return "key" }
func (hasher) Identity(string) string                { return "i" }
func (hasher) Subject([]byte, string, string) string { return "s" }

// Each sink gets the record of an event, in order.
func TestStream(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	for _, required := range []bool{false, true} {
		path := filepath.Join(dir, fmt.Sprint(required))
		var told story
		s := New(&audit.Trail{Hasher: hasher{}}, told.options(required), open(t, path, FileOptions{Required: required}), &Output{&out})
		for n := range 3 {
			if err := s.Record(t.Context(), &audit.Event{RequestID: fmt.Sprint("request-", n)}); err != nil {
				t.Error(err)
			}
		}
		if err := s.Ready(); err != nil {
			t.Error(err)
		}
		if required && strings.Count(content(t, path), "\n") != 3 {
			t.Errorf("a record that is required was not waited for: %q", content(t, path))
		}
		if err := s.Close(time.Minute); err != nil {
			t.Error(err)
		}
		if got := content(t, path); strings.Count(got, "\n") != 3 || strings.Index(got, "request-0") > strings.Index(got, "request-2") || !strings.HasSuffix(out.String(), got) {
			t.Errorf("%q, %q", got, out.String())
		}
		if _, counts := told.told(); counts["file written"] != 3 || counts["stdout written"] != 3 {
			t.Errorf("%v", counts)
		}
	}
}

// faulty is a sink whose next writes end as it is told.
type faulty struct {
	writes chan error
	kept   bytes.Buffer
}

func (f *faulty) Kind() string { return "faulty" }
func (f *faulty) Name() string { return "faulty" }
func (f *faulty) Close() error { return nil }

func (f *faulty) Write(ctx context.Context, records []byte) (int, error) {
	select {
	case err := <-f.writes:
		if err != nil {
			return 0, err
		}
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	f.kept.Write(records)
	return len(records), nil
}

// A sink that is down loses what its queue does not hold, and nothing else waits for
// it. One line says that it is down, and one how much was lost.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, told := &faulty{writes: make(chan error)}, story{}
		s := New(nil, told.options(false), f)
		record := []byte(strings.Repeat("x", 1<<20) + "\n")
		for range 12 { // of which the first is being written
			if err := s.Write(t.Context(), record); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		for range 3 {
			f.writes <- errors.New("no space left on device")
		}
		f.writes <- nil
		f.writes <- nil
		synctest.Wait()
		log, counts := told.told()
		const want = "level=ERROR msg=\"audit records cannot be written\" sink=faulty error=\"no space left on device\"\n" +
			"level=WARN msg=\"audit records are written again\" sink=faulty dropped=4\n"
		if diff := cmp.Diff(want, log); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if counts["faulty written"] != 8 || counts["faulty dropped"] != 4 || f.kept.Len() != 8*len(record) {
			t.Errorf("%v, %d bytes", counts, f.kept.Len())
		}
		if err := s.Close(time.Second); err != nil {
			t.Error(err)
		}
	})
}

// Records that a sink will never take are dropped, and those behind them are not.
func TestUnfit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, told := &faulty{writes: make(chan error)}, story{}
		s := New(nil, told.options(false), f)
		_ = s.Write(t.Context(), []byte("a\nb\nc\n"))
		f.writes <- &Unfit{Bytes: 4, Err: errors.New("no such record")}
		f.writes <- nil
		if err := s.Close(time.Second); err != nil || f.kept.String() != "c\n" {
			t.Errorf("%v, %q", err, &f.kept)
		}
		if _, counts := told.told(); counts["faulty dropped"] != 2 || counts["faulty written"] != 1 {
			t.Errorf("%v", counts)
		}
	})
}

// Where records are required, an event that a sink does not keep is refused, changes are
// refused before they begin, and the next record that is kept ends that.
func TestRequired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, told := &faulty{writes: make(chan error)}, story{}
		s := New(nil, told.options(true), f)
		record := func() chan error {
			done := make(chan error, 1)
			go func() { done <- s.Write(t.Context(), []byte("a\n")) }()
			synctest.Wait()
			return done
		}
		// Those that wait are written together.
		first, second, third := record(), record(), record()
		f.writes <- nil
		f.writes <- nil
		if err := errors.Join(<-first, <-second, <-third, s.Ready()); err != nil || f.kept.String() != "a\na\na\n" {
			t.Errorf("%v, %q", err, &f.kept)
		}
		first = record()
		f.writes <- errors.New("no space left on device")
		const want = "faulty: no space left on device"
		if err := <-first; err == nil || err.Error() != want || s.Ready() == nil || s.Ready().Error() != want {
			t.Errorf("%v, %v", err, s.Ready())
		}
		if err := <-record(); err == nil || err.Error() != "faulty has not kept a record within 1s" {
			t.Errorf("%v", err)
		}
		f.writes <- nil
		synctest.Wait()
		if err := s.Ready(); err != nil {
			t.Errorf("still down: %v", err)
		}
		if err := s.Close(time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestSyslog(t *testing.T) {
	if runtime.GOOS == "windows" {
		if _, err := OpenSyslog(""); err == nil || err.Error() != "Windows has no syslog: give a file or a URL" {
			t.Error(err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "daypass-") // a short path: sockets have no others
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "log")
	if _, err := OpenSyslog(path); err == nil || err.Error() != "no syslog daemon answers at "+path+": no such file or directory" {
		t.Errorf("%v", err)
	}
	l, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSyslog(path)
	if err != nil {
		t.Fatal(err)
	}
	receive := func(l net.PacketConn) string {
		b := make([]byte, 1<<10)
		n, _, err := l.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		head, record, _ := strings.Cut(string(b[:n]), "]: ")
		if !strings.HasPrefix(head, "<134>") || !strings.HasSuffix(head, fmt.Sprint(" daypass[", os.Getpid())) {
			t.Errorf("a message begins with %q", head)
		}
		return record
	}
	write(t, s, "one\ntwo\n")
	if got := receive(l) + " " + receive(l); got != "one two" {
		t.Errorf("%q", got)
	}
	// The daemon is started again.
	if err := errors.Join(l.Close(), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Write(t.Context(), []byte("three\n")); n != 0 || err == nil {
		t.Errorf("%d, %v: written to nobody", n, err)
	}
	if l, err = net.ListenPacket("unixgram", path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if write(t, s, "three\n"); receive(l) != "three" {
		t.Error("the record is another one")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestURL(t *testing.T) {
	status := make(chan int, 4)
	var got []string
	collector := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RawQuery+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Authorization")+" "+string(b))
		w.WriteHeader(<-status)
	}))
	defer collector.Close()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: collector.Certificate().Raw}))
	client := Outbound{AllowLoopback: true, RootCAs: roots}
	s, err := OpenURL(collector.URL+"/ingest?secret=1", http.Header{"Authorization": {"Bearer token"}}, client)
	if err != nil {
		t.Fatal(err)
	}
	status <- 202
	write(t, s, "one\ntwo\n")
	want := []string{"POST secret=1 application/x-ndjson Bearer token one\ntwo\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	status <- 503
	if n, err := s.Write(t.Context(), []byte("x\n")); n != 0 || err == nil || err.Error() != "it answers 503" {
		t.Errorf("%d, %v", n, err)
	}
	status <- 400
	var unfit *Unfit
	if n, err := s.Write(t.Context(), []byte("x\n")); n != 0 || !errors.As(err, &unfit) || unfit.Bytes != 2 {
		t.Errorf("%d, %v", n, err)
	}
	// Long batches are several requests, each of whole records.
	got = nil
	status <- 200
	status <- 200
	record := strings.Repeat("x", maxPost/2) + "\n"
	if write(t, s, record+record); len(got) != 2 || !strings.HasSuffix(got[0], record) {
		t.Errorf("%d requests", len(got))
	}
	collector.Close()
	if _, err := s.Write(t.Context(), []byte("x\n")); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for to, want := range map[string]string{
		"http://logs.example.com/?key=secret": "give an https URL, not one of http",
		"https://:secret@logs.example.com/":   "the URL of logs.example.com has credentials in it, and command lines are there for all to see: put a header into a file (--audit-header-file)",
		"https:///secret":                     "give the whole URL, without a fragment, such as https://logs.example.com/ingest",
		"https://logs.example.com/#secret":    "give the whole URL, without a fragment, such as https://logs.example.com/ingest",
		"https://secret%/":                    "it is not a URL",
	} {
		if _, err := OpenURL(to, nil, Outbound{}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", to, err)
		}
	}
}
