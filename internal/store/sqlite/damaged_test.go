package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A file that is not a database is said to be that, and not to have lost its log; it is
// left as it is, whatever losses are accepted.
func TestDamagedFile(t *testing.T) {
	for name, content := range map[string][]byte{
		"text":           bytes.Repeat([]byte("this is not a database "), 400),
		"zeros":          make([]byte, 8192),
		"cut off":        []byte("SQLite format 3\x00\x10\x00"),
		"another header": append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte{0xee}, 8192)...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "names.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, accept := range []bool{false, true} {
				if _, err := openNames(t, Options{Path: path, AcceptLoss: accept}); !errors.Is(err, ErrDamaged) || errors.Is(err, ErrLogMissing) {
					t.Errorf("accepting losses %v: %v", accept, err)
				}
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
				t.Error("the file was changed", err)
			}
		})
	}
}
