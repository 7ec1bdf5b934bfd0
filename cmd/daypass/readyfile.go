package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A readyFile tells other programs where the server answers: it has the URL, and is
// there while the server is ready.
type readyFile string

// forget removes what a server left behind that was killed, so that nobody takes it
// for this one.
func (f readyFile) forget() error {
	if f == "" {
		return nil
	}
	if info, err := os.Lstat(string(f)); err == nil && !info.Mode().IsRegular() {
		return usage("--ready-file %s: it exists, and is not a file", string(f))
	}
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usage("--ready-file: %w", err)
	}
	return nil
}

// write says that the server is ready. Whoever sees the file sees all of it.
func (f readyFile) write(url string) (err error) {
	if f == "" {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(string(f)), ".daypass-ready-*")
	if err != nil {
		return f.failed(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.WriteString(url + "\n")
	for _, err := range []error{err, temp.Chmod(0o644), temp.Close()} {
		if err != nil {
			return f.failed(err)
		}
	}
	if err := os.Rename(temp.Name(), string(f)); err != nil {
		return f.failed(err)
	}
	return nil
}

// failed says why the file cannot be written, and nothing of its temporary name.
func (f readyFile) failed(err error) error {
	var (
		path   *fs.PathError
		rename *os.LinkError
	)
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &rename):
		err = rename.Err
	}
	return usage("--ready-file %s: %w", string(f), err)
}
