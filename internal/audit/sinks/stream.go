// Package sinks takes records of an audit trail to where they are kept: a file, the
// standard output, the syslog of the machine, a URL. Each has a queue of a bounded
// length, so that one that is slow or gone delays nobody and fills no memory.
//
// Where records are required, a request waits until every sink has kept its record,
// and a sink that does not answers for it with an error. Otherwise a sink that is down
// loses what its queue does not hold, which is counted and told once for each outage.
package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/audit"
)

// Sink keeps records.
type Sink interface {
	// Kind is what metrics call it, and Name what sentences do. Neither has a secret.
	Kind() string
	Name() string
	// Write keeps records, each with its line end, and returns once they are kept as
	// safely as the sink can. It says how many bytes of them are, which end with a
	// record. It is called by one goroutine at a time.
	Write(ctx context.Context, records []byte) (int, error)
	// Close ends it.
	Close() error
}

// Unfit is the error of records that a sink will never take, the first of those that it
// has not: to try again is of no use.
type Unfit struct {
	// Bytes is how long they are.
	Bytes int
	Err   error
}

func (u *Unfit) Error() string { return u.Err.Error() }

// Unwrap gives what is wrong with them.
func (u *Unfit) Unwrap() error { return u.Err }

const (
	// maxQueued is how many bytes of records wait for a sink.
	maxQueued = 8 << 20
	// patience is how long a request waits for a record that is required, and
	// downPatience how long where the sink is known to be down.
	patience     = 10 * time.Second
	downPatience = time.Second
	// writeTimeout bounds one attempt to write.
	writeTimeout = 20 * time.Second
	// firstPause and lastPause are how long a sink is left alone after a failure: the
	// longer, the more there were.
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)

// Options say how a stream works.
type Options struct {
	// Required says that requests wait for their records.
	Required bool
	// Log is told when a sink goes down and when it comes back.
	Log *slog.Logger
	// Count is told what became of records: "written" or "dropped". Nil for nobody.
	Count func(kind, outcome string, records int)
}

// Stream gives the records of events to sinks. It is an [audit.Sink].
type Stream struct {
	trail   *audit.Trail
	options Options
	queues  []*queue
}

// New starts a stream to sinks, which it closes.
func New(trail *audit.Trail, o Options, all ...Sink) *Stream {
	s := &Stream{trail: trail, options: o}
	for _, sink := range all {
		s.queues = append(s.queues, newQueue(sink, o))
	}
	return s
}

// rooms are where records are made. Few are longer.
var rooms = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Record implements [audit.Sink]. It refuses an event where records are required and a
// sink has not kept this one.
func (s *Stream) Record(ctx context.Context, e *audit.Event) error {
	room := rooms.Get().(*[]byte)
	*room = s.trail.Append((*room)[:0], e)
	err := s.Write(ctx, *room)
	if cap(*room) <= 64<<10 {
		rooms.Put(room)
	}
	return err
}

// Write takes one record, or several, as Record does. It keeps nothing of the slice.
func (s *Stream) Write(ctx context.Context, record []byte) error {
	if !s.options.Required {
		for _, q := range s.queues {
			_ = q.put(record) // what has no place is counted
		}
		return nil
	}
	var room [4]*batch
	batches := room[:0]
	var failed error
	for _, q := range s.queues {
		b := q.put(record)
		if b == nil {
			failed = errors.Join(failed, fmt.Errorf("%s takes no more records: its queue is full", q.sink.Name()))
			continue
		}
		batches = append(batches, b)
	}
	if failed != nil {
		return failed
	}
	for _, b := range batches {
		if err := b.wait(ctx); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Ready says whether a request that changes something may begin: nil, unless records are
// required and a sink is down.
func (s *Stream) Ready() error {
	if !s.options.Required {
		return nil
	}
	for _, q := range s.queues {
		if err := q.down(); err != nil {
			return err
		}
	}
	return nil
}

// Reopen has files opened again, which somebody may have moved away.
func (s *Stream) Reopen() {
	for _, q := range s.queues {
		if f, ok := q.sink.(*File); ok {
			f.reopen.Store(true)
		}
	}
}

// Close writes what is queued, for a bounded time, and closes the sinks. No more
// records may come.
func (s *Stream) Close(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var err error
	for _, q := range s.queues {
		q.end()
	}
	for _, q := range s.queues {
		err = errors.Join(err, q.close(ctx))
	}
	return err
}
