package instance_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/instance"
)

// A signature in a link can call what the tables say changes nothing: after each
// of these operations, called by root, all that is stored is as it was before.
func TestReadOnly(t *testing.T) {
	m := newMatrix(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(m.server.DataDir, "daypass.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	root, answered := m.callers[0], 0
	stored := dump(t, db)
	for _, service := range services() {
		for _, op := range service.Operations {
			if !op.ReadOnly {
				continue
			}
			if e := m.call(t, service, op, root, m.there); e == nil {
				answered++
			}
			if diff := cmp.Diff(stored, dump(t, db)); diff != "" {
				t.Fatalf("%s:%s changes what is stored\n%s", service.Name, op.Name, diff)
			}
		}
	}
	if answered < 20 {
		t.Errorf("%d operations succeed", answered)
	}
	m.query("CreateUser", "UserName", "another")
	if cmp.Diff(stored, dump(t, db)) == "" {
		t.Error("the dump does not show a new user")
	}
}

// The names of operations say whether they change something, but for these.
func TestReadOnlyNames(t *testing.T) {
	var changing, reading []string
	for _, service := range services() {
		for _, op := range service.Operations {
			verb := strings.HasPrefix(op.Name, "Get") || strings.HasPrefix(op.Name, "List") || strings.HasPrefix(op.Name, "Describe") ||
				strings.HasPrefix(op.Name, "Lookup") || strings.HasPrefix(op.Name, "Simulate")
			switch {
			case verb && !op.ReadOnly:
				changing = append(changing, op.Name)
			case !verb && op.ReadOnly:
				reading = append(reading, op.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "GetOpenIdTokenForDeveloperIdentity"}, changing); diff != "" {
		t.Errorf("reading verbs that change something (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AuditHash"}, reading); diff != "" {
		t.Errorf("other verbs that do not (-want +got)\n%s", diff)
	}
}

func services() []awsapi.Service {
	return instance.Services()
}

// dump is all that is stored, without the access keys, of which it is written down
// now and then when they were used.
func dump(t *testing.T, db *sql.DB) []string {
	t.Helper()
	var all []string
	for _, table := range rowsOf(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		if name := strings.Trim(table, "[]"); name != "access_keys" { // as the lines of rows have it
			all = append(all, name+": "+strings.Join(rowsOf(t, db, "SELECT * FROM "+name), "\n"))
		}
	}
	return all
}

func rowsOf(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}
