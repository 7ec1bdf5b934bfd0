package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// hangUps catches SIGHUP, which ends a Go program otherwise, until it is stopped.
// Who started the process with SIGHUP ignored, as nohup does, keeps it so.
type hangUps struct {
	signals chan os.Signal
	// terminal says that the process belongs to a terminal, which sends SIGHUP when it
	// is closed.
	terminal bool
}

func catchHangUps() hangUps {
	h := hangUps{make(chan os.Signal, 1), term.IsTerminal(int(os.Stdin.Fd()))}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(h.signals, syscall.SIGHUP)
	}
	return h
}

// serve stops the server when its terminal is gone, and otherwise has it read again
// what may have been replaced, until the server ends.
func (h hangUps) serve(r *running) {
	for {
		select {
		case <-r.done:
			signal.Stop(h.signals)
			return
		case <-h.signals:
			if h.terminal {
				r.stop()
			} else {
				r.reload()
			}
		}
	}
}

// reload reads certificates again, and opens the files of the audit log again, which
// somebody may have moved away.
func (r *running) reload() {
	r.log.Info("SIGHUP: reading the certificates again")
	if r.records != nil {
		r.records.Reopen()
	}
	for _, f := range r.fronts {
		if f.tls != nil {
			f.tls.reload()
		}
	}
}
