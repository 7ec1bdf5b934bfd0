package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/store/engine/enginetest"
)

func TestURL(t *testing.T) {
	const secret = "s3cr/t:%@"
	const written = "s3cr%2Ft%3A%25%40"
	t.Setenv("PGPASSWORD", "")
	for _, test := range []struct {
		url   string
		hosts string
		err   string
	}{
		{"postgres://u:" + written + "@h1:5433/d", "h1:5433", ""},
		{"postgresql://u:" + written + "@h1,h2:5433,[::1]:5434/d?sslmode=disable", "h1:5432 h2:5433 [::1]:5434", ""},
		{"postgres://u@h1/d?sslmode=prefer&password=" + written, "h1:5432", ""},
		{"postgres://u:" + written + "@/d?host=/run/postgresql&port=5433", "/run/postgresql/.s.PGSQL.5433", ""},
		{"postgres://u:" + written + "@h1/d?target_session_attrs=read-write", "h1:5432", ""},
		{"postgres://u:" + written + "@h1/d?target_session_attrs=primary&pool_max_conns=7", "h1:5432", ""},
		{"postgres://u:" + written + "@h1/d?target_session_attrs=standby", "", "target_session_attrs in the database URL must be read-write or primary; daypass never reads from a standby"},
		{"postgres://u:" + written + "@h1/d?sslmod=require", "", `the database URL has an unknown parameter: "sslmod"`},
		{"postgres://u:" + written + "@h1/d?sslmode=requir", "", "sslmode is invalid"},
		{"postgres://u:" + written + "@h1/d?sslmode=require&sslmode=disable", "", "the database URL has the parameter sslmode more than once"},
		{"postgres://u:" + written + "@h1/d?pool_max_conns=1", "", "pool_max_conns in the database URL must be a number from 2 to 10000"},
		{"postgres://u:s3cr/t:%@h1/d", "", "the database URL is malformed"},
		{"postgres://u:s3cr#t@h1/d", "", "the database URL is malformed"},
		{"postgres://u:" + written + "@h1:s3cr/d", "", "invalid port"},
		{"mysql://u:" + written + "@h1/d", "", "the database URL is malformed; it looks like postgres://user:password@host"},
		{"", "", "the database URL is malformed"},
	} {
		e := new(Engine)
		err := e.configure(Options{URL: test.url})
		enginetest.CheckError(t, err, test.err)
		if err != nil {
			for _, part := range []string{"s3cr", written} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("%s: the error tells the password: %v", test.url, err)
				}
			}
			continue
		}
		var hosts []string
		for _, h := range e.hosts {
			hosts = append(hosts, h.name())
		}
		if got := strings.Join(hosts, " "); got != test.hosts || e.config.Password != secret || e.config.User != "u" || e.config.Database != "d" {
			t.Errorf("%s: hosts %s, user %s, database %s, the password right: %v", test.url, got, e.config.User, e.config.Database, e.config.Password == secret)
		}
		if strings.Contains(e.database, "s3cr") {
			t.Errorf("%s: messages tell the password: %s", test.url, e.database)
		}
	}
}

func TestURLOptions(t *testing.T) {
	e := new(Engine)
	if err := e.configure(Options{URL: "postgres://u:p@h/d?options=-c%20search_path%3Da%2Bb&application_name=x+y&connect_timeout=3"}); err != nil {
		t.Fatal(err)
	}
	e.prepare(e.config)
	want := map[string]string{"options": "-c search_path=a+b", "application_name": "x+y", "client_encoding": "UTF8"}
	if diff := cmp.Diff(want, e.config.RuntimeParams); diff != "" || e.opts.Connect != 3*time.Second {
		t.Error(diff, e.opts.Connect)
	}
}

func TestURLFromEnvironment(t *testing.T) {
	for name, value := range map[string]string{"PGUSER": "someone", "PGPASSWORD": "pass", "PGDATABASE": "base", "PGHOST": "a,b", "PGPORT": "1,2", "PGCONNECT_TIMEOUT": "7"} {
		t.Setenv(name, value)
	}
	e := new(Engine)
	if err := e.configure(Options{URL: "postgres://"}); err != nil {
		t.Fatal(err)
	}
	if len(e.hosts) != 2 || e.hosts[1].name() != "b:2" || e.config.User != "someone" || e.config.Password != "pass" || e.config.Database != "base" || e.opts.Connect != 7*time.Second {
		t.Errorf("%s, %v", e.database, e.opts.Connect)
	}
}

func TestPasswordFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte("h:5432:d:other:wrong\nh:*:d:u:right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", "")
	e := new(Engine)
	if err := e.configure(Options{URL: "postgres://u@h/d?passfile=" + file}); err != nil || e.config.Password != "right" {
		t.Errorf("%v, the password right: %v", err, e.config.Password == "right")
	}
	// It may change while the server runs.
	if err := os.WriteFile(file, []byte("h:*:d:u:new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if config, err := e.target.config(); err != nil || config.Password != "new" {
		t.Errorf("%v, the password new: %v", err, err == nil && config.Password == "new")
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"postgres://u:p@h:1/d?sslmode=disable", "postgres://", "postgres://u:p%41@[::1]:5/d?host=/x,/y&port=1,2", "postgresql://@/?password=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "Zq9secretZq9"
		got, err := parseURL(text)
		if err != nil {
			return
		}
		// What stays of the URL has no password, and means the same.
		again, err := parseURL(got.url)
		if err != nil || again.password != "" || again.url != got.url {
			t.Errorf("%q became %q, and then %q, %v", text, got.url, again.url, err)
		}
		user, rest, ok := strings.Cut(strings.TrimPrefix(got.url, "postgres://"), "@")
		if ok && !strings.ContainsAny(user, "/?") {
			with, err := parseURL("postgres://" + user + ":" + secret + "@" + rest)
			if err != nil || with.password != secret || strings.Contains(with.url, secret) {
				t.Errorf("%q with a password became %q, %v", got.url, with.url, err)
			}
		}
	})
}

// The page about the database has each parameter, and the messages that it explains
// are those that there are.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/database.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range parameters {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/database.md lacks the parameter %s", name)
		}
	}
	var sources strings.Builder
	for _, name := range []string{"connect.go", "conn.go", "schema.go", "pool.go", "tx.go", "update.go", "../migrate/migrate.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(text)
	}
	_, table, _ := strings.Cut(string(page), "| message | what to do |")
	for row := range strings.Lines(table) {
		message, _, ok := strings.Cut(strings.TrimPrefix(row, "| `"), "`")
		if !ok || !strings.HasPrefix(row, "| `") {
			continue
		}
		for part := range strings.SplitSeq(message, "…") {
			if part = strings.TrimSpace(part); !strings.Contains(sources.String(), part) {
				t.Errorf("nothing says %q", part)
			}
		}
	}
}
