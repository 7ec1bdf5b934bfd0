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
// A write to a pipe cannot be called off, so those that may have to wait have a
// goroutine of its own. The others are done at once by whoever logs: where threads
// take turns on a core, a request that waits for another goroutine may wait until
// the scheduler has served dozens of others.
type logWriter struct {
	w    io.Writer
	max  int              // bytes that are queued
	room func(n int) bool // whether so many bytes can be written without waiting; nil if nobody knows
	// stall runs while a write is under way, for as long as there is patience.
	stall    *time.Timer
	patience time.Duration

	mu      sync.Mutex
	report  func(w io.Writer, lines int) error // writes the line about lines that were dropped
	queue   []byte                             // lines to be written
	spare   []byte                             // the room of the queue before this one
	came    int                                // lines that were ever queued
	done    int                                // and how many of them are dealt with
	dropped int                                // lines that were lost, and not reported
	writing bool                               // a write is under way
	stalled bool                               // it takes too long: nobody waits for it
	closed  bool                               // no more lines come
	more    *sync.Cond                         // queue, writing or closed changed
	settled *sync.Cond                         // done or stalled changed
	ended   chan struct{}                      // closed when run has
}

func newLogWriter(w io.Writer, max int, patience time.Duration) *logWriter {
	l := &logWriter{w: w, max: max, patience: patience, ended: make(chan struct{})}
	l.report = func(io.Writer, int) error { return nil }
	l.more, l.settled = sync.NewCond(&l.mu), sync.NewCond(&l.mu)
	l.stall = time.AfterFunc(patience, l.giveUp)
	l.stall.Stop()
	go l.run()
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
	mine := l.came
	if !l.writing && l.room != nil && l.room(len(l.queue)) {
		l.flush()
	}
	if len(l.queue) > 0 {
		l.more.Signal()
	}
	for l.done < mine && !l.stalled {
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
func (l *logWriter) run() {
	defer close(l.ended)
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.queue) == 0 || l.writing {
			if l.closed && !l.writing {
				return
			}
			l.more.Wait()
		}
		l.flush()
	}
}

// flush writes what is queued. It is called with the lock, which it gives up while
// it writes, and when no other write is under way.
func (l *logWriter) flush() {
	batch, last, lines, dropped, report := l.queue, l.came, l.came-l.done, l.dropped, l.report
	l.queue, l.spare, l.writing = l.spare[:0], batch, true
	l.mu.Unlock()
	l.stall.Reset(l.patience)
	_, err := l.w.Write(batch)
	reported := err == nil && (dropped == 0 || report(l.w, dropped) == nil)
	l.stall.Stop()
	l.mu.Lock()
	l.writing = false
	if l.done = last; err != nil {
		l.dropped += lines
	} else if reported {
		l.dropped -= dropped
	}
	if len(l.queue) == 0 {
		l.stalled = false
	}
	l.settled.Broadcast()
	if l.closed {
		l.more.Signal()
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
