package store_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/store"
)

// large are the tables that may have millions of rows.
var large = regexp.MustCompile(`(?i)\b(identities|logins)\b`)

// light are the statements that a migration may do to them: they change what is known
// of the table, and no row.
var light = regexp.MustCompile(`(?is)^ALTER TABLE (identities|logins) ADD COLUMN \w+ (BIGINT|\{\{text\}\}|\{\{bytes\}\})( NOT NULL DEFAULT (\d+|'[^']*'))?$`)

// heavy gives the statements of a migration that would rewrite, read or lock a large
// table in its one transaction.
func heavy(file string) (list []string) {
	var text strings.Builder
	for line := range strings.Lines(file) {
		line, _, _ = strings.Cut(line, "--")
		text.WriteString(line + " ")
	}
	for statement := range strings.SplitSeq(text.String(), ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		if large.MatchString(statement) && !light.MatchString(statement) {
			list = append(list, statement)
		}
	}
	return list
}

// While a migration runs, nodes of the version before are at work: none of them
// waits for as long as it takes to go through all identities, and no such
// transaction is lost after an hour. What has to change in every row changes a batch
// at a time, in the background.
func TestMigrationsLeaveIdentitiesAlone(t *testing.T) {
	files, err := fs.Glob(store.Schema(), "*.sql")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if name < "0011" { // made before there could be another node
			continue
		}
		text, err := fs.ReadFile(store.Schema(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range heavy(string(text)) {
			t.Errorf("%s does something to a large table other than adding a column: %s", name, statement)
		}
	}
	for _, test := range []struct {
		statement string
		heavy     bool
	}{
		{"ALTER TABLE identities ADD COLUMN seen BIGINT", false},
		{"ALTER TABLE identities\n  ADD COLUMN seen BIGINT NOT NULL DEFAULT 0", false},
		{"ALTER TABLE logins ADD COLUMN note {{text}}", false},
		{"CREATE TABLE visitors (identity {{bytes}})", false},
		{"-- identities\nDELETE FROM pools", false},
		{"ALTER TABLE identities ADD COLUMN seen BIGINT NOT NULL", true},
		{"ALTER TABLE identities ADD COLUMN seen BIGINT NOT NULL DEFAULT (random())", true},
		{"ALTER TABLE identities ADD COLUMN seen BIGINT REFERENCES pools", true},
		{"ALTER TABLE identities ALTER COLUMN created TYPE {{text}}", true},
		{"UPDATE identities SET created = 0", true},
		{"DELETE FROM logins", true},
		{"CREATE INDEX x ON identities (created)", true},
		{"INSERT INTO visitors SELECT id FROM identities", true},
		{"create table x as select * from IDENTITIES", true},
		{"DROP TABLE logins", true},
	} {
		if got := len(heavy("-- +goose Up\n"+test.statement+";\n")) > 0; got != test.heavy {
			t.Errorf("%s: %v, want %v", test.statement, got, test.heavy)
		}
	}
}
