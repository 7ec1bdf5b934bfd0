package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store/migrate"
)

// connect makes a connection to the server that takes writes. The host that took the
// last one is tried first.
func (e *Engine) connect(ctx context.Context) (*conn, error) {
	generation := e.pool.generation()
	first := int(e.good.Load())
	config, err := e.target.config()
	if err != nil {
		return nil, &unavailable{err.Error(), err}
	}
	e.prepare(config)
	hosts := hostsOf(config)
	var errs []error
	for n := range hosts {
		at := (first + n) % len(hosts)
		c, err := e.connectTo(ctx, config.Copy(), hosts[at])
		if err == nil {
			e.good.Store(int32(at))
			c.generation = generation
			e.counters.connected.Add(1)
			return c, nil
		}
		errs = append(errs, notConnected(hosts[at].name(), err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, &unavailable{oneLine(errors.Join(errs...).Error()), errs[len(errs)-1]}
}

// preamble is what pgconn puts before the cause: who connects, and where.
var preamble = regexp.MustCompile("failed to connect to `[^`]*`:\\s*")

// notConnected says where there is no connection to, and then why.
func notConnected(host string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("PostgreSQL at %s: no answer in time (while connecting)%w", host, silent{err})
	}
	return fmt.Errorf("PostgreSQL at %s: no connection: %s%w", host, preamble.ReplaceAllLiteralString(err.Error(), ""), silent{err})
}

// silent is an error for those who look for it below another.
type silent struct{ error }

// Error implements error.
func (silent) Error() string { return "" }

// Unwrap is what is below.
func (s silent) Unwrap() error { return s.error }

func (e *Engine) connectTo(ctx context.Context, config *pgconn.Config, h host) (*conn, error) {
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = h[0].Host, h[0].Port, h[0].TLSConfig, h[1:]
	ctx, cancel := context.WithTimeout(ctx, e.opts.Connect)
	defer cancel()
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	pooled, _ := pg.CustomData()[pooledKey].(bool)
	hijacked, err := pg.Hijack()
	if err != nil {
		return nil, err
	}
	if err := hijacked.Conn.SetDeadline(time.Time{}); err != nil {
		hijacked.Conn.Close()
		return nil, err
	}
	now := time.Now()
	return &conn{e: e, host: h.name(), net: hijacked.Conn, wire: hijacked.Frontend, pooled: pooled, made: now, used: now, stmts: map[string]*stmt{}}, nil
}

// pooledKey is where a connection keeps that a pooler is in between.
const pooledKey = "pooled"

// validate checks a new connection, before it is chosen. It never chooses a standby.
func (e *Engine) validate(ctx context.Context, pg *pgconn.PgConn) error {
	results, err := pg.Exec(ctx, `SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only'),
		current_setting('server_encoding'), current_setting('synchronous_commit')`).ReadAll()
	if err != nil {
		return err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 5 {
		return errors.New("the server does not answer as PostgreSQL does")
	}
	row := results[0].Rows[0]
	switch {
	case string(row[1]) != "f":
		return errStandby
	case string(row[2]) != "off":
		return errors.New("the server is read-only")
	case string(row[3]) != "UTF8":
		return fmt.Errorf("the encoding of the database is %s, and daypass needs UTF8: CREATE DATABASE %s ENCODING 'UTF8' TEMPLATE template0", row[3], e.config.Database)
	case string(row[4]) == "off":
		return errors.New("synchronous_commit is off, and what daypass has answered could be lost in a crash: turn it on for the database or the user of daypass")
	}
	// A pooler answers for many servers, with a process ID of its own invention.
	pg.CustomData()[pooledKey] = string(row[0]) != strconv.FormatUint(uint64(pg.PID()), 10)
	return nil
}

// settle makes the settings of a connection. Behind a pooler nothing may be set for
// longer than a transaction, and each begins with these (see settings). Once the
// schema is known it also looks whether another node has migrated it to what this one
// does not work with.
func (e *Engine) settle(ctx context.Context, pg *pgconn.PgConn) error {
	text := ""
	if pooled, _ := pg.CustomData()[pooledKey].(bool); !pooled {
		text = e.ofConnection + ";" + watchPeer + ";"
	}
	known := e.known.Load()
	if known > 0 {
		text += fmt.Sprintf(`SELECT version, beside FROM %s WHERE beside > %d ORDER BY version DESC LIMIT 1`, migrate.VersionTable, known)
	}
	if text == "" {
		return nil
	}
	results, err := pg.Exec(ctx, text).ReadAll()
	if err != nil {
		return err
	}
	if last := results[len(results)-1]; known > 0 && len(last.Rows) > 0 {
		return newer(string(last.Rows[0][0]), string(last.Rows[0][1]), known)
	}
	return nil
}

// newer says that the schema is one that this node does not work with.
func newer(version, beside string, known int64) error {
	return fmt.Errorf("schema version %s needs nodes that know at least version %s, and this one knows %d: %w", version, beside, known, migrate.ErrNewer)
}

// watchPeer has the server notice that a node is gone, and give up its locks, after
// some seconds; by itself it does so after two hours. Databases that do not have these
// settings are spared them.
const watchPeer = `SELECT set_config(s.name, w.value, false) FROM (VALUES ('tcp_keepalives_idle', '5'),
	('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '8000')) AS w (name, value)
	JOIN pg_settings s ON s.name = w.name`

// settings is a statement that makes settings for a connection or a transaction:
// nothing may take longer than somebody waits for it, and look-ups go by the index
// even where the planner thinks that a small table is read quicker as a whole. At
// SERIALIZABLE, who reads a table as a whole is in everybody's way.
func settings(opts Options, local bool) string {
	ms := func(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
	values := []string{
		"statement_timeout", ms(opts.Statement),
		"lock_timeout", ms(opts.Statement * 4 / 5),
		"idle_in_transaction_session_timeout", ms(opts.Idle),
		"enable_seqscan", "off",
	}
	if !local {
		values = append(values, "default_transaction_isolation", "read committed") // of views of one statement
	}
	text := "SELECT "
	for n := 0; n < len(values); n += 2 {
		if n > 0 {
			text += ", "
		}
		text += fmt.Sprintf("set_config('%s', '%s', %t)", values[n], values[n+1], local)
	}
	return text
}

// oneLine folds the white space of a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
