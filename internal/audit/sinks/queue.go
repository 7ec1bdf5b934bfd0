package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// queue has the records that wait for a sink.
type queue struct {
	sink     Sink
	required bool
	log      *slog.Logger
	count    func(kind, outcome string, records int)

	mu      sync.Mutex
	next    *batch // collects records; nil where there are none
	failed  error  // of the last attempt to write; nil where it was good
	dropped int    // records that were lost since the sink went down
	spare   []byte // the room of a batch that is done
	ended   bool
	more    chan struct{} // has something in it when next or ended have changed
	stop    context.CancelFunc
	done    chan struct{}
}

// batch is records that are written together: those that came while the ones before
// them were written.
type batch struct {
	queue   *queue
	records []byte
	n       int
	kept    chan struct{} // closed when they are kept, or have failed; nil where nobody waits
	err     error
}

func newQueue(sink Sink, o Options) *queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &queue{
		sink: sink, required: o.Required, log: o.Log, count: o.Count,
		more: make(chan struct{}, 1), stop: stop, done: make(chan struct{}),
	}
	if q.log == nil {
		q.log = slog.New(slog.DiscardHandler)
	}
	if q.count == nil {
		q.count = func(string, string, int) {}
	}
	go q.run(ctx)
	return q
}

// put queues records. It gives the batch that they are in; nil where there is no room.
func (q *queue) put(records []byte) *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.next
	if q.ended || b != nil && len(b.records)+len(records) > maxQueued {
		q.lose(bytes.Count(records, newline))
		return nil
	}
	if b == nil {
		b = &batch{queue: q, records: q.spare}
		q.spare = nil
		if q.required {
			b.kept = make(chan struct{})
		}
		q.next = b
		q.wake()
	}
	b.records = append(b.records, records...)
	b.n++
	return b
}

var newline = []byte("\n")

// lose counts records that are lost. It is called with the lock.
func (q *queue) lose(records int) {
	q.dropped += records
	q.count(q.sink.Kind(), "dropped", records)
}

func (q *queue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// wait waits until a batch is kept.
func (b *batch) wait(ctx context.Context) error {
	within := patience
	if b.queue.down() != nil {
		within = downPatience
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-b.kept:
		return b.err
	case <-ctx.Done():
		return fmt.Errorf("%s has not kept a record within %s", b.queue.sink.Name(), within)
	}
}

// down is why the sink is down; nil where it is not known to be.
func (q *queue) down() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

// run writes batches until the queue has ended.
func (q *queue) run(ctx context.Context) {
	defer close(q.done)
	for {
		<-q.more
		b, ended := q.take()
		if b != nil {
			q.keep(ctx, b)
			q.reuse(b)
		}
		if ended {
			if b, _ = q.take(); b != nil {
				q.keep(ctx, b)
			}
			return
		}
		q.linger(ctx)
	}
}

// maxSpare is how much room is kept for the next batch.
const maxSpare = 1 << 20

// reuse keeps the room of a batch. Whoever waited for it looks at its records no more.
func (q *queue) reuse(b *batch) {
	if cap(b.records) > maxSpare {
		return
	}
	q.mu.Lock()
	q.spare = b.records[:0]
	q.mu.Unlock()
}

// linger lets records collect for a sink that wants few and long batches.
func (q *queue) linger(ctx context.Context) {
	s, ok := q.sink.(interface{ Linger() time.Duration })
	if !ok || q.required {
		return
	}
	q.pause(ctx, s.Linger())
}

// pause waits, unless the queue ends.
func (q *queue) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			q.wake()
			return
		case <-ctx.Done():
			return
		case <-q.more:
			if q.hasEnded() {
				q.wake()
				return
			}
		}
	}
}

func (q *queue) hasEnded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended
}

func (q *queue) take() (b *batch, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b, q.next = q.next, nil
	return b, q.ended
}

// keep writes a batch. Where it is required one attempt counts: the requests of its
// records are answered by it. Otherwise it is tried again until it is written or the
// queue ends, while those that come meanwhile wait in their queue, as many as fit.
func (q *queue) keep(ctx context.Context, b *batch) {
	left := b.records
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		attempt, cancel := context.WithTimeout(ctx, writeTimeout)
		n, err := q.sink.Write(attempt, left)
		cancel()
		q.wrote(left[:n])
		left = left[n:]
		var unfit *Unfit
		switch {
		case err == nil && len(left) == 0:
			q.isUp()
			b.end(nil)
			return
		case errors.As(err, &unfit) && unfit.Bytes <= len(left):
			q.isDown(err)
			q.mu.Lock()
			q.lose(bytes.Count(left[:unfit.Bytes], newline))
			q.mu.Unlock()
			if left = left[unfit.Bytes:]; b.kept == nil && len(left) > 0 {
				continue
			}
			q.isUp()
			b.end(err)
			return
		case err == nil:
			err = errors.New("not everything was written")
		}
		q.isDown(err)
		if b.kept != nil || q.hasEnded() && wait > firstPause {
			q.mu.Lock()
			q.lose(bytes.Count(left, newline))
			q.mu.Unlock()
			b.end(err)
			return
		}
		q.pause(ctx, wait)
		if ctx.Err() != nil {
			q.mu.Lock()
			q.lose(bytes.Count(left, newline))
			q.mu.Unlock()
			return
		}
	}
}

func (q *queue) wrote(records []byte) {
	if n := bytes.Count(records, newline); n > 0 {
		q.count(q.sink.Kind(), "written", n)
	}
}

func (b *batch) end(err error) {
	if b.kept != nil {
		if err != nil {
			err = fmt.Errorf("%s: %w", b.queue.sink.Name(), err)
		}
		b.err = err
		close(b.kept)
	}
}

// isDown notes that the sink is down, and says so when it was not before.
func (q *queue) isDown(err error) {
	q.mu.Lock()
	was := q.failed
	q.failed = fmt.Errorf("%s: %w", q.sink.Name(), err)
	q.mu.Unlock()
	if was == nil {
		q.log.Error("audit records cannot be written", slog.String("sink", q.sink.Name()), slog.Any("error", err))
	}
}

// isUp notes that it is up, and says how much was lost when it was not before.
func (q *queue) isUp() {
	q.mu.Lock()
	was, lost := q.failed, q.dropped
	q.failed, q.dropped = nil, 0
	q.mu.Unlock()
	if was != nil || lost > 0 {
		q.log.Warn("audit records are written again", slog.String("sink", q.sink.Name()), slog.Int("dropped", lost))
	}
}

// end lets no more records in.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.wake()
}

// close waits until what was queued is written, or the context ends.
func (q *queue) close(ctx context.Context) error {
	select {
	case <-q.done:
	case <-ctx.Done():
		q.stop()
		select { // a write that cannot be called off has the sink
		case <-q.done:
		case <-time.After(time.Second):
			return fmt.Errorf("%s does not take the last audit records", q.sink.Name())
		}
	}
	q.stop()
	q.mu.Lock()
	lost := q.dropped
	q.mu.Unlock()
	if lost > 0 {
		q.log.Error("audit records were lost", slog.String("sink", q.sink.Name()), slog.Int("dropped", lost))
	}
	return q.sink.Close()
}
