package main

import (
	"io"
	"sync"
	"time"
)

// Bounds of what a log reader that stalls may cost.
const (
	// maxQueuedLog is how many bytes of lines wait for their reader. Lines beyond it
	// are dropped, and counted.
	maxQueuedLog = 1 << 20
	// logPatience is how long a write may take before its reader counts as stalled,
	// from when on nobody waits for it.
	logPatience = 100 * time.Millisecond
	// logCloseTimeout is how long the process stays for the last lines when it ends.
	logCloseTimeout = 2 * time.Second
)

// logWriter writes lines to a file or pipe whose reader may stall or go away,
// which must not stop the server. While the reader keeps up, Write returns when
// its line is written, so that nothing is lost however the process ends. When a
// write takes too long, lines are queued instead, up to a bound, and those beyond
// it are dropped, as are lines that cannot be written; once the reader goes on, a
// line says how many there were.
//
// A write to a pipe cannot be called off, so it has a goroutine of its own.
type logWriter struct {
	w     io.Writer
	max   int         // bytes that are queued
	stall *time.Timer // runs while a write is under way

	mu      sync.Mutex
	report  func(w io.Writer, lines int) error // writes the line about lines that were dropped
	queue   []byte                             // lines to be written
	spare   []byte                             // the room of the queue before this one
	came    int                                // lines that were ever queued
	done    int                                // and how many of them are dealt with
	dropped int                                // lines that were lost, and not reported
	stalled bool                               // the write under way takes too long: nobody waits for it
	closed  bool                               // no more lines come
	more    *sync.Cond                         // queue or closed changed
	settled *sync.Cond                         // done or stalled changed
	ended   chan struct{}                      // closed when run has
}

func newLogWriter(w io.Writer, max int, patience time.Duration) *logWriter {
	l := &logWriter{w: w, max: max, ended: make(chan struct{})}
	l.report = func(io.Writer, int) error { return nil }
	l.more, l.settled = sync.NewCond(&l.mu), sync.NewCond(&l.mu)
	l.stall = time.AfterFunc(patience, l.giveUp)
	l.stall.Stop()
	go l.run(patience)
	return l
}

// Write takes a line, or several. It never fails: whoever logs can do nothing
// about it.
func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.queue)+len(line) > l.max {
		l.dropped++
		return len(line), nil
	}
	l.queue = append(l.queue, line...)
	l.came++
	l.more.Signal()
	for mine := l.came; l.done < mine && !l.stalled; {
		l.settled.Wait()
	}
	return len(line), nil
}

// giveUp lets those go who wait for a write.
func (l *logWriter) giveUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done < l.came {
		l.stalled = true
		l.settled.Broadcast()
	}
}

// run writes what is queued until no more comes.
func (l *logWriter) run(patience time.Duration) {
	defer close(l.ended)
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.queue) == 0 {
			if l.closed {
				return
			}
			l.stalled = false
			l.more.Wait()
		}
		batch, last, lines, dropped, report := l.queue, l.came, l.came-l.done, l.dropped, l.report
		l.queue, l.spare = l.spare[:0], batch
		l.mu.Unlock()
		l.stall.Reset(patience)
		_, err := l.w.Write(batch)
		reported := err == nil && (dropped == 0 || report(l.w, dropped) == nil)
		l.stall.Stop()
		l.mu.Lock()
		if l.done = last; err != nil {
			l.dropped += lines
		} else if reported {
			l.dropped -= dropped
		}
		l.settled.Broadcast()
	}
}

// onDrop sets how to write the line that says how many lines were dropped.
func (l *logWriter) onDrop(report func(w io.Writer, lines int) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report = report
}

// close waits for the lines that are queued, as long as it has patience.
func (l *logWriter) close(patience time.Duration) {
	l.mu.Lock()
	l.closed = true
	l.more.Signal()
	l.mu.Unlock()
	select {
	case <-l.ended:
	case <-time.After(patience):
	}
}
