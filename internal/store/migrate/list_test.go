package migrate

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	files := func(pairs ...string) fstest.MapFS {
		m := fstest.MapFS{"README.md": {Data: []byte("no migration")}}
		for n := 0; n < len(pairs); n += 2 {
			m[pairs[n]] = &fstest.MapFile{Data: []byte(pairs[n+1])}
		}
		return m
	}
	got, err := Migrations{Files: files("0010_b.sql", "-- +goose Up\n-- +daypass beside 2\nB;", "0002_a.sql", "CREATE {{bytes}};"), Words: Words{Bytes: "BYTEA"}}.List()
	want := []Migration{
		{Number: 2, Name: "0002_a", Text: "CREATE BYTEA;", Beside: 2},
		{Number: 10, Name: "0010_b", Text: "-- +goose Up\n-- +daypass beside 2\nB;", Beside: 2},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, test := range []struct {
		files fstest.MapFS
		err   string
	}{
		{files("a.sql", ""), "a.sql does not begin with a number"},
		{files("0001_a.sql", "", "01_b.sql", ""), "have the same number"},
		{files("0001_a.sql", "-- +daypass beside 2"), `0001_a.sql runs beside "2"`},
		{files("0001_a.sql", "-- +daypass beside x"), `0001_a.sql runs beside "x"`},
		{files("0001_a.sql", "{{x}}"), "unknown word {{x}}"},
	} {
		if _, err := (Migrations{Files: test.files}).List(); err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%v, want %q", err, test.err)
		}
	}
}
