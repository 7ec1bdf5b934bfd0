package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// stopTimeout is how long requests under way may take to finish when a server stops.
const stopTimeout = 2 * time.Second

// Server is a provider that listens by itself. Make one with [Start].
type Server struct {
	*Provider
	// URL is the issuer: http:// and the address listened on, unless the configuration says otherwise.
	URL string

	http   *http.Server
	served chan error
	close  func() error
}

// Start runs a provider on addr, for example 127.0.0.1:0 for a free port, until ctx ends or [Server.Close] is called. It
// refuses addresses that are not loopback, unless the configuration says Remote.
func Start(ctx context.Context, cfg Config, addr string) (*Server, error) {
	listener, err := listen(ctx, addr, cfg.Remote)
	if err != nil {
		return nil, err
	}
	if cfg.Issuer == "" || strings.HasPrefix(cfg.Issuer, "/") {
		cfg.Issuer = "http://" + listener.Addr().String() + cfg.Issuer
	}
	cfg = cfg.withDefaults()
	provider, err := New(cfg)
	if err != nil {
		listener.Close()
		return nil, err
	}
	s := &Server{
		Provider: provider,
		URL:      provider.Issuer(),
		served:   make(chan error, 1),
		http: &http.Server{
			Handler:           provider,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      10 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
		},
	}
	go func() { s.served <- s.http.Serve(listener) }()
	detach := context.AfterFunc(ctx, func() { s.http.Close() })
	s.close = sync.OnceValue(func() error {
		detach()
		return s.stop()
	})
	return s, nil
}

// Close stops the server, giving requests under way a moment to finish, and returns when nothing of it runs any more. It
// may be called more than once, and after the context has ended.
func (s *Server) Close() error { return s.close() }

func (s *Server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// listen listens on addr if that is on this machine's loopback, or may be another. No name is looked up: localhost means 127.0.0.1, whatever a
// hosts file says.
func listen(ctx context.Context, addr string, remote bool) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("idp: listen: %w", err)
	}
	if !remote && !isLoopback(host) {
		return nil, fmt.Errorf("idp: will not listen on %q: a development provider stays on loopback", addr)
	}
	if isLoopback(host) && net.ParseIP(host) == nil {
		host = "127.0.0.1"
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("idp: listen: %w", err)
	}
	return listener, nil
}
