package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// File keeps records in a file, which only its owner can read. It is rotated by size:
// FILE.1 is the one before it, FILE.2 that before FILE.1.
type File struct {
	path string
	o    FileOptions
	// reopen says that somebody may have moved the file away.
	reopen atomic.Bool

	f      *os.File
	size   int64
	device bool // a device, which has no size
	torn   bool // the file ends within a record
}

// FileOptions say how a file is kept.
type FileOptions struct {
	// Size is how long the file may become, in bytes, before it is rotated; 0 for any
	// length.
	Size int64
	// Keep is how many rotated files are kept, at least 1.
	Keep int
	// Required says that records are made durable before they count as kept, and that
	// no rotated file is removed: where there are Keep of them, no more records are
	// taken.
	Required bool
}

// OpenFile opens a file to append records to it, and makes it if it is not there. The
// file is this process's alone while it is open.
func OpenFile(path string, o FileOptions) (*File, error) {
	s := &File{path: path, o: o}
	if err := s.open(); err != nil {
		return nil, err
	}
	if o.Size > 0 && !s.device {
		if err := mayRename(path); err != nil {
			return nil, errors.Join(err, s.f.Close())
		}
	}
	return s, nil
}

// mayRename says whether files beside one can be made, as rotating it does.
func mayRename(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".daypass-audit-*")
	if err != nil {
		return fmt.Errorf("%s cannot be rotated, because its directory takes no new file (%w): let the server's user write there, or rotate it by other means with --audit-log-size 0", path, reason(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// reason is an error of the file system without the path.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (s *File) open() error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir, err := os.Stat(filepath.Dir(s.path)); err != nil || !dir.IsDir() {
			return fmt.Errorf("%s: %s is not a directory: create it, and let the server's user write there", s.path, filepath.Dir(s.path))
		}
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory: give a file in it", s.path)
	case info.Mode().Type()&^(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return fmt.Errorf("%s is not a file", s.path)
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("%s cannot be opened: %w", s.path, reason(err))
	}
	if err := s.adopt(f); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// adopt makes an open file the one that records go to.
func (s *File) adopt(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	device, torn := !info.Mode().IsRegular(), false
	if !device {
		if err := lock(f); err != nil {
			return fmt.Errorf("%s: another process, or another --audit-log, writes to it", s.path)
		}
		if size := info.Size(); size > 0 {
			var last [1]byte
			if _, err := f.ReadAt(last[:], size-1); err != nil {
				return fmt.Errorf("%s cannot be read: %w", s.path, reason(err))
			}
			torn = last[0] != '\n'
		}
		if s.o.Required {
			if err := syncDir(filepath.Dir(s.path)); err != nil {
				return err
			}
		}
	}
	if s.f != nil {
		_ = s.f.Close() // its records have been written
	}
	s.f, s.size, s.device, s.torn = f, info.Size(), device, torn
	return nil
}

// Kind implements [Sink].
func (s *File) Kind() string { return "file" }

// Name implements [Sink].
func (s *File) Name() string { return s.path }

// Linger is how long records collect, so that a busy server writes many at once.
func (s *File) Linger() time.Duration { return 5 * time.Millisecond }

// Write implements [Sink].
func (s *File) Write(_ context.Context, records []byte) (int, error) {
	if s.reopen.Swap(false) {
		if err := s.again(); err != nil {
			s.reopen.Store(true)
			return 0, err
		}
	}
	if s.o.Size > 0 && !s.device && s.size > 0 && s.size+int64(len(records)) > s.o.Size {
		if err := s.rotate(); err != nil {
			return 0, err
		}
	}
	if s.torn { // by a process that was killed: the next record begins a line
		if _, err := s.f.Write(newline); err != nil {
			return 0, reason(err)
		}
		s.size++
		s.torn = false
	}
	n, err := s.f.Write(records)
	whole := bytes.LastIndexByte(records[:n], '\n') + 1
	s.size += int64(whole)
	if whole < n && !s.device {
		// A part of a record is taken back. The file is this process's alone.
		if failed := s.f.Truncate(s.size); failed != nil {
			s.torn, s.size = true, s.size+int64(n-whole)
		}
	}
	if err != nil {
		return whole, reason(err)
	}
	if s.o.Required && !s.device {
		if err := s.f.Sync(); err != nil {
			return 0, reason(err)
		}
	}
	return whole, nil
}

// again opens the file that has the path now, which may be the same.
func (s *File) again() error {
	now, err := os.Stat(s.path)
	is, failed := s.f.Stat()
	if err == nil && failed == nil && os.SameFile(now, is) {
		s.size = now.Size() // somebody may have cut it off
		return nil
	}
	return s.open()
}

// rotate moves the file away and begins another.
func (s *File) rotate() error {
	oldest := s.rotated(s.o.Keep)
	if _, err := os.Lstat(oldest); err == nil && s.o.Required {
		return fmt.Errorf("all %d files are full, and none is removed while records are required: move %s and the rotated ones before it away", s.o.Keep+1, oldest)
	}
	for n := s.o.Keep; n > 0; n-- {
		from := s.path
		if n > 1 {
			from = s.rotated(n - 1)
		}
		if err := os.Rename(from, s.rotated(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot be rotated: %w", err)
		}
	}
	return s.open()
}

func (s *File) rotated(n int) string { return s.path + "." + strconv.Itoa(n) }

// Close implements [Sink].
func (s *File) Close() error { return s.f.Close() }

// Same says whether two files are one.
func (s *File) Same(f *os.File) bool {
	a, err := s.f.Stat()
	b, failed := f.Stat()
	return err == nil && failed == nil && a.Mode().IsRegular() && os.SameFile(a, b)
}
