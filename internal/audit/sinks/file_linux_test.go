package sinks

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disk that is full gets no half of a record, and goes on with the next whole one once
// it has room.
func TestFileOnFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	f := open(t, path, FileOptions{})
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 10, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	n, err := f.Write(t.Context(), []byte("one\ntwo\nthree\n"))
	if failed := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); failed != nil {
		t.Fatal(failed)
	}
	if n != len("one\ntwo\n") || err == nil || content(t, path) != "one\ntwo\n" {
		t.Errorf("%d, %v, %q", n, err, content(t, path))
	}
	if write(t, f, "three\n"); content(t, path) != "one\ntwo\nthree\n" {
		t.Errorf("%q", content(t, path))
	}
}

// /dev/full never has room: what is not required is lost at the end, and counted.
func TestFullDevice(t *testing.T) {
	var told story
	s := New(nil, told.options(false), open(t, "/dev/full", FileOptions{Size: 10, Keep: 1}))
	if err := s.Write(t.Context(), []byte("one\n")); err != nil {
		t.Error(err)
	}
	if err := s.Close(time.Second); err != nil {
		t.Error(err)
	}
	log, counts := told.told()
	if counts["file dropped"] != 1 || !strings.Contains(log, `msg="audit records cannot be written" sink=/dev/full error="no space left on device"`) || !strings.Contains(log, `msg="audit records were lost" sink=/dev/full dropped=1`) {
		t.Errorf("%v, %s", counts, log)
	}
	s = New(nil, told.options(true), open(t, "/dev/full", FileOptions{Required: true}))
	if err := s.Write(t.Context(), []byte("one\n")); err == nil || err.Error() != "/dev/full: no space left on device" {
		t.Error(err)
	}
}
