package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// gate lets requests through to a handler until it is closed. It is needed
// because a server that closes its connections does not wait for the handlers
// behind them, and the database must not be closed under one.
type gate struct {
	http.Handler
	inside sync.RWMutex // each request reads; closing writes
}

// ServeHTTP answers a request.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.inside.TryRLock() { // fails only when close has been called
		panic(http.ErrAbortHandler)
	}
	defer g.inside.RUnlock()
	g.Handler.ServeHTTP(w, r)
}

// close lets nobody in any more and waits for those inside.
func (g *gate) close() { g.inside.Lock() }

// shutDown stops a server whose handler is behind the gate: it waits as long as
// it has patience for the answers to what has been asked, then hangs up, and
// returns when no handler runs. A client that is too slow is no error of ours.
func shutDown(h *http.Server, g *gate, patience time.Duration, log *slog.Logger) error {
	late, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := h.Shutdown(late)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests took too long to wait for; their connections were closed", slog.Float64("waited_seconds", patience.Seconds()))
		err = h.Close()
	}
	g.close()
	return err
}
