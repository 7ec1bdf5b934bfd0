// Package migrate applies the schema of the store to a database.
package migrate

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/daypass/daypass/internal/store/engine"
)

// ErrNewer answers Open when the database was written by a later daypass, whose
// schema this one does not know.
var ErrNewer = errors.New("the database was written by a newer daypass; start that version, or restore a backup made before")

// VersionTable records the migrations that were applied.
const VersionTable = "schema_version"

// Migrations is a folder of numbered .sql files, applied forward only, each in a
// transaction and in the order of their numbers, and the words to put into them. One
// that a database lacks is applied also where later ones were. See
// store/schema/README.md.
type Migrations struct {
	Files fs.FS
	Words Words
}

// Words are what the engines spell differently: the only difference there is
// between their schemas.
type Words struct {
	Bytes        string // {{bytes}}: the type of a byte string
	Text         string // {{text}}: the type of text that sorts by its bytes
	WithoutRowID string // {{without_rowid}}: at the end of a table kept in its primary key
}

// Apply brings a database up to date.
func (m Migrations) Apply(ctx context.Context, db *sql.DB, dialect goose.Dialect) (u engine.Upgrade, err error) {
	p, err := goose.NewProvider(dialect, db, rendered{m.Files, m.Words},
		goose.WithTableName(VersionTable), goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	if err != nil {
		return u, fmt.Errorf("schema: %w", err)
	}
	if u.From, u.To, err = p.GetVersions(ctx); err != nil {
		return u, fmt.Errorf("schema: %w", err)
	}
	if u.From > u.To {
		return u, fmt.Errorf("schema version %d, of which at most %d is known: %w", u.From, u.To, ErrNewer)
	}
	results, err := p.Up(ctx)
	if err != nil {
		return u, fmt.Errorf("schema: %w", err)
	}
	for _, r := range results {
		u.Applied = append(u.Applied, strings.TrimSuffix(r.Source.Path, ".sql"))
		u.Took += r.Duration
	}
	return u, nil
}

// rendered is a file system whose files have their words put in.
type rendered struct {
	fs.FS
	words Words
}

// Open implements [fs.FS].
func (r rendered) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	text, err = r.words.render(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &renderedFile{bytes.NewReader(text), info}, nil
}

// renderedFile is a file in memory. Its Stat tells of the original.
type renderedFile struct {
	*bytes.Reader
	info fs.FileInfo
}

// Stat implements [fs.File].
func (f *renderedFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements [fs.File].
func (f *renderedFile) Close() error { return nil }

var (
	word      = regexp.MustCompile(`\{\{.*?\}\}`)
	forbidden = regexp.MustCompile(`(?i)--\s*\+goose\s+(down|no\s+transaction|envsub)\b`)
)

// render puts the words into a migration. It refuses a word it does not know,
// and migrations that go back or run outside a transaction.
func (w Words) render(text []byte) ([]byte, error) {
	if bad := forbidden.Find(text); bad != nil {
		return nil, fmt.Errorf("%q: migrations go forward, each in a transaction", bad)
	}
	var err error
	text = word.ReplaceAllFunc(text, func(m []byte) []byte {
		switch string(m) {
		case "{{bytes}}":
			return []byte(w.Bytes)
		case "{{text}}":
			return []byte(w.Text)
		case "{{without_rowid}}":
			return []byte(w.WithoutRowID)
		}
		err = fmt.Errorf("unknown word %s", m)
		return nil
	})
	return text, err
}
