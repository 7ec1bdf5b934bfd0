package postgres

import (
	"context"

	"github.com/daypass/daypass/internal/store/engine"
)

// A node that is cut off in the middle of a transaction leaves its locks behind. Where
// the server waits for the next statement, it ends the transaction itself after
// Options.Idle. It does not where it has got a part of what was sent together, which
// counts as a statement that is being run: then everybody waits until the connection is
// found to be dead, and for ever where something in between keeps it alive.
//
// So whoever has waited for a lock in vain ends the sessions of nodes that have changed
// something and that the server has waited for as long. None of them is committing:
// what commits waits for the disk or a standby, and not for its client.
const selectStalled = `SELECT COUNT(CASE WHEN pg_terminate_backend(pid) THEN 1 END) FROM pg_stat_activity
	WHERE datname = current_database() AND usename = current_user AND application_name = current_setting('application_name')
	AND backend_xid IS NOT NULL AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - CAST($1 AS BIGINT) * INTERVAL '1 millisecond'`

// endStalled ends the sessions that have stalled. What fails is done by the next who
// waits in vain; other databases of this protocol may not have what it takes.
func (e *Engine) endStalled(ctx context.Context) {
	v, err := e.View(ctx, engine.Single)
	if err != nil {
		return
	}
	defer v.End()
	s, err := v.Prepare(ctx, selectStalled)
	if err != nil {
		return
	}
	defer s.Close()
	s.BindInt(1, e.opts.Idle.Milliseconds())
	if row, err := s.Next(); err == nil && row {
		e.counters.stalled.Add(s.Int(0))
	}
}
