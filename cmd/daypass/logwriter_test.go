package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/cognito"
)

// reader is where lines are written: it takes them one write at a time, each when
// it is let, and can fail.
type reader struct {
	let  chan error
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *reader) Write(b []byte) (int, error) {
	if err := <-r.let; err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func newReported(w io.Writer, max int) *logWriter {
	l := newLogWriter(w, max, time.Second)
	l.onDrop(func(w io.Writer, lines int) error {
		_, err := fmt.Fprintf(w, "dropped %d\n", lines)
		return err
	})
	return l
}

// A line is written when Write returns, as long as its reader keeps up.
func TestLogWriterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{let: make(chan error)}
		l := newReported(r, 100)
		go func() {
			time.Sleep(time.Second - 1)
			r.let <- nil
		}()
		if fmt.Fprintln(l, "one"); r.String() != "one\n" {
			t.Errorf("written: %q", r)
		}
		l.close(time.Second)
	})
}

// Nobody waits for a reader that stalls; what does not fit is dropped and counted;
// when the reader goes on, it gets the rest and the number, and is waited for
// again.
func TestLogWriterStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{let: make(chan error, 10)}
		l := newReported(r, 8)
		began := time.Now()
		for i := range 5 {
			fmt.Fprintln(l, i, "x") // four bytes, of which the first four are under way
		}
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		for range 3 {
			r.let <- nil
		}
		synctest.Wait()
		if want := "0 x\n1 x\n2 x\ndropped 2\n"; r.String() != want {
			t.Errorf("written: %q, want %q", r, want)
		}
		r.let <- nil
		if fmt.Fprintln(l, "5 x"); !strings.HasSuffix(r.String(), "dropped 2\n5 x\n") {
			t.Errorf("written: %q", r)
		}
		l.close(time.Second)
	})
}

// A line for which there is room is written by whoever logs it. One of which that was
// not true after all keeps only that one waiting: the lines after it are queued.
func TestLogWriterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{let: make(chan error, 10)}
		l := newReported(r, 100)
		room := true
		l.room = func(int) bool { return room }
		began := time.Now()
		go fmt.Fprintln(l, "one")
		synctest.Wait()
		for _, line := range []string{"two", "three"} {
			fmt.Fprintln(l, line)
		}
		if waited := time.Since(began); waited != time.Second || r.String() != "" {
			t.Errorf("waited %v, written %q", waited, r)
		}
		r.let <- nil
		r.let <- nil
		synctest.Wait()
		if r.String() != "one\ntwo\nthree\n" {
			t.Errorf("written: %q", r)
		}
		r.let <- nil
		l.w = writerFunc(func(b []byte) (int, error) {
			if stack := string(debug.Stack()); strings.Contains(stack, "logWriter).run") == room {
				t.Errorf("room %v, written by %s", room, stack)
			}
			return r.Write(b)
		})
		fmt.Fprintln(l, "four")
		room = false
		r.let <- nil
		if fmt.Fprintln(l, "five"); !strings.HasSuffix(r.String(), "four\nfive\n") {
			t.Errorf("written: %q", r)
		}
		l.close(time.Second)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A pipe has room until it is full, and never for more than it takes as one piece.
func TestRoom(t *testing.T) {
	r, w := pipe(t)
	fits := room(w)
	if fits == nil {
		return // not on this system
	}
	n := 0
	for line := make([]byte, 1000); fits(len(line)); n++ {
		if n > 1000 {
			t.Fatal("a pipe that takes everything")
		}
		if err := w.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(line); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
	}
	if n < 4 || fits(1) {
		t.Errorf("full after %d lines", n)
	}
	if _, err := io.ReadFull(r, make([]byte, n*1000)); err != nil || !fits(4096) || fits(4097) {
		t.Errorf("emptied: %v, %v, %v", err, fits(4096), fits(4097))
	}
	if r.Close(); fits(1) {
		t.Error("nobody reads, and there is room")
	}
}

// Lines that cannot be written are lost, and counted once others can be.
func TestLogWriterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{let: make(chan error, 10)}
		l := newReported(r, 100)
		for range 3 {
			r.let <- errors.New("no space left on device")
			fmt.Fprintln(l, "lost")
		}
		r.let <- nil
		r.let <- errors.New("no space left on device")
		fmt.Fprintln(l, "kept, and the number not")
		r.let <- nil
		r.let <- nil
		if fmt.Fprintln(l, "kept"); r.String() != "kept, and the number not\nkept\ndropped 3\n" {
			t.Errorf("written: %q", r)
		}
		l.close(time.Second)
	})
}

// The end waits for what is queued, but not for ever.
func TestLogWriterClose(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  string
	}{"a reader that goes on": {time.Minute, "one\ntwo\n"}, "one that does not": {time.Hour, ""}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reader{let: make(chan error)}
				l := newReported(r, 100)
				fmt.Fprintln(l, "one")
				fmt.Fprintln(l, "two")
				time.AfterFunc(test.after, func() { close(r.let) })
				began := time.Now()
				l.close(10 * time.Minute)
				if got := r.String(); got != test.want || time.Since(began) > 10*time.Minute {
					t.Errorf("written %q after %v", got, time.Since(began))
				}
				fmt.Fprintln(l, "late") // waits for nobody
				time.Sleep(time.Hour)
			})
		})
	}
}

// ask calls the server as often as this, by a few clients at once, and expects an
// answer each time.
func ask(t *testing.T, endpoint string, times int) {
	t.Helper()
	const clients = 8
	caller := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer caller.CloseIdleConnections()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range times / clients {
				resp, err := caller.Post(endpoint, "application/x-amz-json-1.1", strings.NewReader("{}"))
				if err != nil {
					t.Error(err)
					return
				}
				if resp.StatusCode != http.StatusBadRequest { // UnknownOperationException
					t.Errorf("status %d", resp.StatusCode)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	if resp, err := caller.Get(endpoint + "/readyz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("readyz: %v %v", resp, err)
	} else {
		resp.Body.Close()
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// terminate stops a server as an init system does, and expects a clean end in time.
func terminate(t *testing.T, c *exec.Cmd) {
	t.Helper()
	began := time.Now()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil || time.Since(began) > shutdownTimeout {
		t.Errorf("ended with %v after %v", err, time.Since(began))
	}
}

// A log that nobody reads costs no answer, and does not keep the server from
// ending.
func TestStalledLogReader(t *testing.T) {
	_, w := pipe(t)
	c, endpoint := startLogging(t, w)
	ask(t, endpoint, 800) // some 200 bytes each; a pipe takes 64 KiB
	terminate(t, c)
}

// A reader that falls behind gets the lines that were kept, and the number of the
// others.
func TestSlowLogReader(t *testing.T) {
	const requests = 9600
	r, w := pipe(t)
	c, endpoint := startLogging(t, w, "--log-format", "json")
	w.Close()
	ask(t, endpoint, requests)
	var kept, dropped int
	for lines := bufio.NewScanner(r); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.Contains(line, `"msg":"request"`):
			kept++
		case strings.Contains(line, `"msg":"log lines were dropped`):
			_, number, _ := strings.Cut(line, `"lines":`)
			if _, err := fmt.Sscan(strings.TrimSuffix(number, "}"), &dropped); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			terminate(t, c)
		}
	}
	if kept == 0 || dropped == 0 || kept+dropped != requests {
		t.Errorf("of %d lines %d were kept and %d dropped", requests, kept, dropped)
	}
}

// A reader that goes away does not take the server with it.
func TestLogReaderGone(t *testing.T) {
	r, w := pipe(t)
	c, endpoint := startLogging(t, w)
	ask(t, endpoint, 80)
	w.Close()
	r.Close()
	ask(t, endpoint, 80)
	terminate(t, c)
}

// No line is lost in a file, also where the server is killed.
func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, endpoint := startLogging(t, f)
	ask(t, endpoint, 800)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	log, err := os.ReadFile(path)
	if got := bytes.Count(log, []byte("msg=request")); err != nil || got != 800 {
		t.Errorf("%d lines, %v", got, err)
	}
}

// The log tells of a server's life, and of refused requests alone where that is asked
// for; each line is JSON with numbers that say their unit.
func TestLogOfLife(t *testing.T) {
	r, w := pipe(t)
	c, endpoint := startLogging(t, w, "--log-format", "json", "--log-requests", "refused")
	w.Close()
	root := rootClient(endpoint)
	if _, err := root.JSON(t.Context(), cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 1}); err != nil {
		t.Error(err)
	}
	if _, err := root.JSON(t.Context(), cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 0}); err == nil {
		t.Error("a page of nothing is listed")
	}
	terminate(t, c)
	var said []string
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var line struct {
			Msg        string  `json:"msg"`
			Status     int     `json:"status"`
			DurationMS float64 `json:"duration_ms"`
			TookMS     float64 `json:"took_ms"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		if line.Msg == "request" && (line.Status != 400 || line.DurationMS <= 0) || line.Msg == "ready" && line.TookMS <= 0 {
			t.Error(lines.Text())
		}
		said = append(said, line.Msg)
	}
	if want := []string{"ready", "request", "stopping: no new requests are accepted", "stopped"}; !slices.Equal(said, want) {
		t.Errorf("lines %q, want %q", said, want)
	}
}
