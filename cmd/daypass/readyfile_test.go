package main

import (
	"path/filepath"
	"testing"
)

// A ready file that cannot be written is named, and not the temporary one beside it.
func TestReadyFileNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "ready")
	err := readyFile(path).write("http://127.0.0.1:1")
	if want := "--ready-file " + path + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
