package main

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A request that never ends is cut off, and what it used is closed only after
// its handler has returned. That is a warning and no error.
func TestShutDownWaitsForHandlers(t *testing.T) {
	entered, hungUp, finish := make(chan bool), make(chan bool), make(chan bool)
	var returned atomic.Bool
	g := &gate{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(hungUp)
		<-finish
		returned.Store(true)
	})}
	s := httptest.NewServer(g)
	defer s.Close()
	failed := make(chan error, 1)
	go func() {
		_, err := s.Client().Get(s.URL)
		failed <- err
	}()
	<-entered
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() {
		err := shutDown(s.Config, g, time.Millisecond, slog.New(slog.NewTextHandler(&log, nil)))
		if !returned.Load() {
			t.Error("the handler still runs")
		}
		done <- err
	}()
	<-hungUp
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	close(finish)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `level=WARN msg="requests took too long to wait for; their connections were closed" waited_seconds=0.001`) {
		t.Errorf("log: %s", &log)
	}
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("a request after the end: %v", got)
		}
	}()
	g.ServeHTTP(nil, nil)
}

// Requests that end in time are answered, without a warning.
func TestShutDownAnswers(t *testing.T) {
	entered, finish := make(chan bool), make(chan bool)
	g := &gate{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-finish
		_, _ = io.WriteString(w, "answer")
	})}
	s := httptest.NewServer(g)
	defer s.Close()
	s.Config.RegisterOnShutdown(func() { close(finish) })
	answer := make(chan string, 1)
	go func() {
		resp, err := s.Client().Get(s.URL)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	var log bytes.Buffer
	if err := shutDown(s.Config, g, time.Minute, slog.New(slog.NewTextHandler(&log, nil))); err != nil || log.Len() > 0 {
		t.Errorf("%v, log: %s", err, &log)
	}
	if got := <-answer; got != "answer" {
		t.Errorf("got %s", got)
	}
}

// The first Ctrl-C waits for requests, the second one does not.
func TestSecondInterrupt(t *testing.T) {
	process, endpoint := startProcess(t, t.TempDir())
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The body does not come; 100 Continue says that the handler waits for it.
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100 Continue"))); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- process.Wait() }()
	for waiting := true; waiting; {
		// Signals that come before the first one was seen count as one.
		_ = process.Process.Signal(os.Interrupt)
		select {
		case err = <-done:
			waiting = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	ended, ok := err.(*exec.ExitError)
	if !ok || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT || time.Since(began) >= shutdownTimeout {
		t.Errorf("ended with %v after %v", err, time.Since(began))
	}
}
