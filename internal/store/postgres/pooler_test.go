package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// A commit in doubt is found out through a pooler too, and look-ups are one round trip.
func TestCommitInDoubtThroughBouncer(t *testing.T) {
	bouncer := pgtest.Bouncer(t, pgtest.Database(t), 8)
	p := pgtest.NewProxy(t, hostOf(t, bouncer))
	e := open(t, Options{URL: through(t, p, bouncer), Schema: enginetest.Schema, Statement: quick.Statement, Commit: quick.Commit})
	db := enginetest.DB{Engine: e}
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	for n, answered := range []bool{false, true} {
		p.At(once(pgtest.Reset, func(m pgtest.Moment) bool { return m.SQL == "COMMIT" && m.Answered == answered }))
		if err := db.Update(t.Context(), increment("n")); err != nil {
			t.Error(err)
		}
		if value := valueOf(t, db, "n"); value != int64(n+1) {
			t.Errorf("answered %v: the value is %d, want %d", answered, value, n+1)
		}
	}
	if c := e.Counters(); c.InDoubt != 2 || c.DoubtAgain != 1 || c.DoubtCommitted != 1 {
		t.Errorf("%+v", c)
	}
	was := e.Counters().RoundTrips
	if err := db.ViewAs(t.Context(), engine.Single, func(tx *enginetest.Tx) error { _, _, err := enginetest.ValueOf(tx, "n"); return err }); err != nil {
		t.Error(err)
	}
	if got := e.Counters().RoundTrips - was; got != 1 {
		t.Errorf("a look-up is %d round trips", got)
	}
}

// A pooler that is led to a standby under its clients is noticed by the next
// statement, whatever it does.
func TestBouncerLeadsToStandby(t *testing.T) {
	primary := pgtest.Start(t)
	_, at := primary.Database(t)
	standby := primary.Standby(t, "second")
	p := pgtest.NewProxy(t, primary.Addr())
	bouncer := pgtest.Bouncer(t, through(t, p, at), 8)
	db := enginetest.DB{Engine: open(t, Options{URL: bouncer, Schema: enginetest.Schema})}
	if err := db.Update(t.Context(), enginetest.Add("n", 7)); err != nil {
		t.Fatal(err)
	}
	standby.CaughtUp(t, primary)
	read := func(tx *enginetest.Tx) error { _, _, err := enginetest.ValueOf(tx, "n"); return err }
	write := func(tx *enginetest.Tx) error { _, err := tx.Exec(enginetest.UpdateThing, "n", 8); return err }
	do := map[string]func() error{
		"look-up":     func() error { return db.ViewAs(t.Context(), engine.Single, read) },
		"view":        func() error { return db.ViewAs(t.Context(), engine.Several, read) },
		"serial":      func() error { return db.UpdateAs(t.Context(), engine.Serial, write) },
		"configuring": func() error { return db.UpdateAs(t.Context(), engine.Configuring, write) },
	}
	for name, run := range do {
		if err := run(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.To(standby.Addr())
		p.ResetAll()
		if err := run(); err == nil || db.ErrorKind(err) != engine.Unavailable {
			t.Errorf("%s: %v is of kind %d", name, err, db.ErrorKind(err))
		} else if !strings.Contains(err.Error(), "standby") {
			t.Logf("%s: %v", name, err)
		}
		p.To(primary.Addr())
		p.ResetAll()
	}
}

// The settings are there in each transaction, also where nothing of a transaction
// stays on the server.
func TestSettings(t *testing.T) {
	database := pgtest.Database(t)
	for name, url := range map[string]string{"direct": database, "through a pooler": pgtest.Bouncer(t, database, 8)} {
		t.Run(name, func(t *testing.T) {
			db := enginetest.DB{Engine: open(t, Options{URL: url, Schema: enginetest.Schema, Statement: 3 * time.Second, Idle: 2 * time.Second})}
			read := func(tx *enginetest.Tx) error {
				settings := map[string]string{
					"statement_timeout": "3s", "lock_timeout": "2400ms", "idle_in_transaction_session_timeout": "2s", "enable_seqscan": "off",
					"application_name": "daypass", "client_encoding": "UTF8",
				}
				if url == database {
					settings["tcp_keepalives_idle"], settings["tcp_keepalives_count"] = "5", "3"
				}
				for setting, want := range settings {
					var got string
					if _, err := tx.One(`SELECT current_setting($1)`, setting, &got); err != nil || got != want {
						t.Errorf("%s is %s, %v, want %s", setting, got, err, want)
					}
				}
				return nil
			}
			for kind, level := range map[engine.UpdateKind]string{engine.Serial: "serializable", engine.Configuring: "read committed", engine.Joining: "read committed"} {
				if err := db.UpdateAs(t.Context(), kind, func(tx *enginetest.Tx) error {
					var got string
					if _, err := tx.One(`SELECT current_setting('transaction_isolation')`, nil, &got); err != nil || got != level {
						t.Errorf("an update of kind %d is %s, %v, want %s", kind, got, err, level)
					}
					return read(tx)
				}); err != nil {
					t.Error(err)
				}
			}
			if err := db.ViewAs(t.Context(), engine.Several, read); err != nil {
				t.Error(err)
			}
		})
	}
}
