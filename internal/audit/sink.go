package audit

import (
	"context"
	"log/slog"
)

// Sink is a place that events go to, such as the log.
type Sink interface {
	// Record takes an event as it is now and keeps nothing of it: what the sink
	// needs later, it copies. It returns when the sink has accepted the event, and
	// answers for it from then on. An error says that it has not; the request is
	// then answered as failed, so a sink that may lose events returns none.
	Record(ctx context.Context, e *Event) error
}

// Log is the sink that writes a line for each event. It never refuses one: a log
// that fails stops nobody, as with every other line of it.
func Log(log *slog.Logger) Sink { return lines{log} }

type lines struct{ log *slog.Logger }

func (l lines) Record(ctx context.Context, e *Event) error {
	e.writeLine(ctx, l.log)
	return nil
}

// Refused is a sink that has another one take what was refused, what failed, and what
// has a warning, and lets the rest pass.
func Refused(to Sink) Sink { return refused{to} }

type refused struct{ to Sink }

func (r refused) Record(ctx context.Context, e *Event) error {
	if e.Status < 400 && e.Warning == "" {
		return nil
	}
	return r.to.Record(ctx, e)
}
