package pgtest_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// In a process that is to be killed, a test tells where its server is.
const tellVariable = "DAYPASS_TEST_TELL"

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c
}

func exec1(ctx context.Context, c *pgconn.PgConn, sql string) (string, error) {
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

func TestDatabaseIsEmptyAndOnesOwn(t *testing.T) {
	a, b := pgtest.Database(t), pgtest.Database(t)
	if a == b {
		t.Fatalf("the same twice: %s", a)
	}
	if _, err := exec1(t.Context(), connect(t, a), "CREATE TABLE made (n int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := exec1(t.Context(), connect(t, b), "SELECT * FROM made"); err == nil {
		t.Error("what is made in one database is in the other")
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	var gone string
	t.Run("use", func(t *testing.T) { gone = pgtest.Database(t) })
	c, err := pgconn.Connect(t.Context(), gone)
	if err == nil {
		_ = c.Close(t.Context())
		t.Fatal("the database is there after its test")
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "3D000" {
		t.Errorf("error %v, want that the database does not exist", err)
	}
}

// A test process that is killed takes its server with it.
func TestServerEndsWithItsProcess(t *testing.T) {
	if os.Getenv(tellVariable) != "" {
		s := pgtest.Start(t)
		_, _ = os.Stdout.WriteString("\nserver " + s.URLOf("postgres", s.Addr()) + "\n")
		_ = os.Stdout.Sync()
		select {}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, "-test.run=^TestServerEndsWithItsProcess$")
	c.Env = append(os.Environ(), tellVariable+"=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	buffer, at := make([]byte, 4096), ""
	for at == "" {
		n, err := out.Read(buffer)
		said.Write(buffer[:n])
		if _, rest, ok := strings.Cut(said.String(), "\nserver "); ok && strings.Contains(rest, "\n") {
			at, _, _ = strings.Cut(rest, "\n")
		} else if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
	}
	if _, err := exec1(t.Context(), connect(t, at), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p, err := pgconn.Connect(t.Context(), at)
		if err != nil {
			return
		}
		_ = p.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("the server outlives its test process")
		}
	}
}

func TestKilledServerStartsAgain(t *testing.T) {
	s := pgtest.Start(t)
	_, at := s.Database(t)
	c := connect(t, at)
	if _, err := exec1(t.Context(), c, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if _, err := exec1(t.Context(), c, "SELECT 1"); err == nil {
		t.Error("a killed server answers")
	}
	s.Start(t)
	if got, err := exec1(t.Context(), connect(t, at), "SELECT n FROM kept"); err != nil || got != "7" {
		t.Errorf("%q, %v", got, err)
	}
	if !strings.Contains(s.Log(t), "automatic recovery in progress") {
		t.Error("the server ended in good order")
	}
}

// What a primary has acknowledged, its synchronous standby has when it is promoted.
func TestStandbyIsPromoted(t *testing.T) {
	primary := pgtest.Start(t)
	name, _ := primary.Database(t)
	standby := primary.Standby(t, "second")
	primary.Synchronous(t, "second")
	both := primary.URLOf(name, primary.Addr(), standby.Addr()) + "&target_session_attrs=read-write"
	if _, err := exec1(t.Context(), connect(t, both), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	if got := standby.Exec(t, "SELECT pg_is_in_recovery()"); got != "t" {
		t.Errorf("the standby is in recovery: %s", got)
	}
	primary.Kill(t)
	standby.Promote(t)
	c := connect(t, both)
	if got, err := exec1(t.Context(), c, "SELECT n FROM kept"); err != nil || got != "7" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := exec1(t.Context(), c, "INSERT INTO kept VALUES (8)"); err != nil {
		t.Errorf("the promoted standby: %v", err)
	}
}

// A standby that is stopped holds up commits, and a wait that is cancelled leaves
// what was written visible: what daypass must live with.
func TestCommitWaitsForTheStandby(t *testing.T) {
	primary := pgtest.Start(t)
	name, at := primary.Database(t)
	standby := primary.Standby(t, "second")
	primary.Synchronous(t, "second")
	c := connect(t, at)
	if _, err := exec1(t.Context(), c, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	standby.Stop(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := exec1(ctx, c, "INSERT INTO kept VALUES (7)"); ctx.Err() == nil {
		t.Errorf("the commit did not wait: %v", err)
	}
	standby.Start(t)
	if _, err := exec1(t.Context(), connect(t, primary.URLOf(name, primary.Addr())), "INSERT INTO kept VALUES (8)"); err != nil {
		t.Errorf("with the standby back: %v", err)
	}
}

func TestBackupKnowsNothingOfWhatCameAfter(t *testing.T) {
	s := pgtest.Start(t)
	name, at := s.Database(t)
	c := connect(t, at)
	if _, err := exec1(t.Context(), c, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	b := s.Backup(t)
	if _, err := exec1(t.Context(), c, "INSERT INTO kept VALUES (8)"); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	b.Start(t)
	c = connect(t, b.URLOf(name, b.Addr()))
	if got, err := exec1(t.Context(), c, "SELECT sum(n) FROM kept"); err != nil || got != "7" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := exec1(t.Context(), c, "INSERT INTO kept VALUES (9)"); err != nil {
		t.Error(err)
	}
}

// Through pgbouncer in transaction mode, what one transaction has prepared by name is
// not there for the next, which may run on another connection to the server.
func TestBouncer(t *testing.T) {
	at := pgtest.Bouncer(t, pgtest.Database(t), 2)
	c, other := connect(t, at), connect(t, at)
	if _, err := c.Prepare(t.Context(), "mine", "SELECT 7", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := exec1(t.Context(), other, "BEGIN"); err != nil { // on the connection that was used last
		t.Fatal(err)
	}
	var refused *pgconn.PgError
	if r := c.ExecPrepared(t.Context(), "mine", nil, nil, nil).Read(); !errors.As(r.Err, &refused) || refused.Code != "26000" {
		t.Errorf("a statement that was prepared on another connection: %v", r.Err)
	}
	if got, err := exec1(t.Context(), c, "SELECT 7"); err != nil || got != "7" {
		t.Errorf("%q, %v", got, err)
	}
}

// proxied gives a database, its proxy and a connection through it.
func proxied(t *testing.T) (*pgtest.Proxy, *pgconn.PgConn, string) {
	t.Helper()
	direct, p, through := pgtest.Proxied(t)
	c := connect(t, through)
	if _, err := exec1(t.Context(), c, "CREATE TABLE made (n int)"); err != nil {
		t.Fatal(err)
	}
	return p, c, direct
}

func TestProxyCounts(t *testing.T) {
	p, c, _ := proxied(t)
	trips, statements := p.RoundTrips(), p.Statements()
	if got, err := exec1(t.Context(), c, "SELECT 7"); err != nil || got != "7" {
		t.Fatalf("%q, %v", got, err)
	}
	r := c.ExecParams(t.Context(), "SELECT $1::int", [][]byte{[]byte("7")}, nil, nil, nil).Read()
	if r.Err != nil || string(r.Rows[0][0]) != "7" {
		t.Fatalf("%v, %v", r.Rows, r.Err)
	}
	batch := &pgconn.Batch{}
	for range 3 {
		batch.ExecParams("SELECT 1", nil, nil, nil, nil)
	}
	if _, err := c.ExecBatch(t.Context(), batch).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if trips, statements = p.RoundTrips()-trips, p.Statements()-statements; trips != 3 || statements != 5 {
		t.Errorf("%d round trips, %d statements, want 3 and 5", trips, statements)
	}
}

// A statement that is given up is cancelled by pgconn, unless one sees to it.
func TestProxyCountsCancels(t *testing.T) {
	p, c, _ := proxied(t)
	cancelled := make(chan struct{})
	p.At(func(m pgtest.Moment) pgtest.Fault {
		if m.Answered {
			close(cancelled)
		}
		return pgtest.Pass
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := exec1(ctx, c, "SELECT pg_sleep(60)"); ctx.Err() == nil {
		t.Errorf("the wait ended with %v", err)
	}
	select {
	case <-cancelled:
	case <-time.After(30 * time.Second):
		t.Fatal("the statement goes on")
	}
	if p.Cancels() != 1 {
		t.Errorf("%d cancel requests", p.Cancels())
	}
}

// What becomes of a COMMIT depends on when the connection ends.
func TestProxyActsAtACommit(t *testing.T) {
	for _, test := range []struct {
		name     string
		answered bool
		fault    pgtest.Fault
		want     string
	}{
		{"reset before the server", false, pgtest.Reset, "0"},
		{"reset before the client", true, pgtest.Reset, "1"},
		{"stalled before the server", false, pgtest.Stall, "0"},
		{"stalled before the client", true, pgtest.Stall, "1"},
		{"half a commit", false, pgtest.Cut, "0"},
		{"half an answer", true, pgtest.Cut, "1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, c, direct := proxied(t)
			p.At(func(m pgtest.Moment) pgtest.Fault {
				if strings.EqualFold(m.SQL, "commit") && m.Answered == test.answered {
					return test.fault
				}
				return pgtest.Pass
			})
			for _, sql := range []string{"BEGIN", "INSERT INTO made VALUES (1)"} {
				if _, err := exec1(t.Context(), c, sql); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := exec1(ctx, c, "COMMIT")
			if err == nil || (ctx.Err() != nil) != (test.fault != pgtest.Reset) {
				t.Errorf("the commit ended with %v, %v", err, ctx.Err())
			}
			if got, err := exec1(t.Context(), connect(t, direct), "SELECT count(*) FROM made"); err != nil || got != test.want {
				t.Errorf("%q rows, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestProxyStallsRefusesAndResumes(t *testing.T) {
	p, c, direct := proxied(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.Addr()
	p.StallAll()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := exec1(ctx, c, "SELECT 1"); ctx.Err() == nil {
		t.Errorf("a stalled connection ended with %v", err)
	}
	p.Refuse()
	if _, err := pgconn.Connect(t.Context(), u.String()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a refusing proxy: %v", err)
	}
	p.Resume(t)
	if got, err := exec1(t.Context(), connect(t, u.String()), "SELECT 7"); err != nil || got != "7" {
		t.Errorf("%q, %v", got, err)
	}
}
