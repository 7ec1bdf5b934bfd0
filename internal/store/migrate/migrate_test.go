package migrate

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRender(t *testing.T) {
	sqlite := Words{Bytes: "BLOB", Text: "TEXT", WithoutRowID: "WITHOUT ROWID"}
	postgres := Words{Bytes: "BYTEA", Text: `TEXT COLLATE "C"`}
	for _, test := range []struct {
		words    Words
		in, want string
		err      string
	}{
		{sqlite, "CREATE TABLE t (a {{text}}, b {{bytes}}) {{without_rowid}};", "CREATE TABLE t (a TEXT, b BLOB) WITHOUT ROWID;", ""},
		{postgres, "CREATE TABLE t (a {{text}}, b {{bytes}}) {{without_rowid}};", `CREATE TABLE t (a TEXT COLLATE "C", b BYTEA) ;`, ""},
		{sqlite, "{{byte}}", "", "unknown word {{byte}}"},
		{sqlite, "{{ text }}", "", "unknown word {{ text }}"},
		{sqlite, "-- +goose Down\nDROP TABLE t;", "", "migrations go forward"},
		{sqlite, "--  +goose  no transaction\nVACUUM;", "", "migrations go forward"},
	} {
		got, err := test.words.render([]byte(test.in))
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: error %v, want %q", test.in, err, test.err)
		}
		if err == nil && string(got) != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestRenderedIsAFileSystem(t *testing.T) {
	fsys := rendered{fstest.MapFS{"a.sql": {Data: []byte("{{bytes}}")}, "b.sql": {Data: []byte("{{what}}")}}, Words{Bytes: "BLOB"}}
	got, err := fs.ReadFile(fsys, "a.sql")
	if err != nil || string(got) != "BLOB" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = fs.ReadFile(fsys, "b.sql")
	if err == nil || !strings.Contains(err.Error(), "b.sql: unknown word {{what}}") {
		t.Errorf("got %v", err)
	}
	_, err = fs.ReadFile(fsys, "c.sql")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
