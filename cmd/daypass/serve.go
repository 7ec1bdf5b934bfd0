package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
)

// Timeouts of the HTTP server.
const (
	headerTimeout   = 10 * time.Second
	bodyTimeout     = 30 * time.Second
	answerTimeout   = 60 * time.Second
	idleTimeout     = 120 * time.Second
	shutdownTimeout = 20 * time.Second
	maxHeader       = 64 << 10
)

type serveCommand struct {
	Config
	ReadyFile string `placeholder:"FILE" help:"Write the server's URL to this file when the server is ready, and remove the file when it stops. With --listen 127.0.0.1:0, this tells other programs the port."`
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(p *process, parser *kong.Kong) error {
	unknown, err := checkEnvironment(parser.Model.Node, os.Environ())
	if err != nil {
		return err
	}
	c.memory = instance.Tune(memory())
	signals, ready := catchHangUps(), readyFile(c.ReadyFile)
	if err := ready.forget(); err != nil {
		return err
	}
	r, err := start(p, c.Config)
	if err != nil {
		return err
	}
	r.announceOrSay(p, c.wellKnownRoot())
	go signals.serve(r)
	if len(unknown) > 0 {
		r.log.Warn("environment variables are not known, and have no effect", slog.Any("names", unknown))
	}
	if err := ready.write(r.url); err != nil {
		r.stop()
		return errors.Join(err, r.wait())
	}
	r.log.Info("ready", slog.String("version", version()), slog.String("url", r.url), slog.Float64("took_ms", audit.Milliseconds(r.took)))
	c.banner(p, r)
	err = errors.Join(r.wait(), ready.forget())
	r.log.Info("stopped")
	return err
}

// running is a server that answers requests.
type running struct {
	*settings
	url   string
	id    string // the instance ID
	took  time.Duration
	stop  context.CancelFunc
	group *errgroup.Group
	// beside are the listeners beside that of the API.
	beside []listening
	fronts []*front
	// done is closed when the server has been told to stop.
	done <-chan struct{}
	// unannounce takes back what the command line was told; nil where it was told
	// nothing.
	unannounce func()
}

// start opens everything and begins to answer.
func start(p *process, c Config) (_ *running, err error) {
	began := time.Now()
	outliveReaders()
	if err := c.check(); err != nil {
		return nil, err
	}
	sides, err := c.sides()
	if err != nil {
		return nil, err
	}
	seed, err := c.readSeed(p)
	if err != nil {
		return nil, err
	}
	l, err := listenTCP("--listen", c.Listen)
	if err != nil {
		return nil, err
	}
	beside, err := listenBeside(sides)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s, err := c.settle(p, l.Addr())
	if err != nil {
		return nil, errors.Join(err, l.Close(), closeAll(beside))
	}
	if err := c.audit(p, s); err != nil {
		s.cleanUp()
		return nil, errors.Join(err, l.Close(), closeAll(beside))
	}
	i, err := instance.Open(p.ctx, s.instance)
	if err != nil {
		s.cleanUp()
		if errors.Is(err, instance.ErrEmpty) && !datadir.Marked(s.instance.DataDir) {
			err = fmt.Errorf("%w. If nothing was ever in it, start with --init", err)
		}
		return nil, errors.Join(err, l.Close(), closeAll(beside))
	}
	if seed != nil {
		if err := c.seed(p.ctx, s, seed, i); err != nil {
			err = errors.Join(err, i.Close(), l.Close(), closeAll(beside))
			s.cleanUp()
			return nil, err
		}
	}
	if s.ephemeral == "" && s.database == "" {
		if err := datadir.Made(s.instance.DataDir, time.Now()); err != nil {
			return nil, errors.Join(err, i.Close(), l.Close(), closeAll(beside))
		}
	}
	r := &running{settings: s, url: s.instance.PublicURL, id: newInstanceID(), beside: beside}
	i.Handler.Paths[instancePath] = proofs(r.id)
	ctx, stop := context.WithCancel(p.ctx)
	r.stop = stop
	r.group, ctx = errgroup.WithContext(ctx)
	r.done = ctx.Done()
	r.serve(ctx, i, l)
	r.watch(c.metrics, i)
	r.took = time.Since(began)
	return r, nil
}

// outliveReaders keeps the process alive when the reader of its output goes away,
// which ends a Go program otherwise. Commands that print and end shall end then.
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }

// listenTCP listens on an address. What is not an address, or not one of this
// machine, is a mistake in the flags; what is taken or forbidden is not.
func listenTCP(flag, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	var refused syscall.Errno
	switch {
	case err == nil:
		return l, nil
	case !errors.As(err, &refused), refused == syscall.EADDRNOTAVAIL:
		return nil, usage("%s: %w", flag, err)
	case refused == syscall.EADDRINUSE:
		return nil, fmt.Errorf("%s %s: %w: end the process that listens there, or give another port", flag, addr, refused)
	}
	return nil, fmt.Errorf("%s: %w", flag, err)
}

// serve answers requests and does the background work in goroutines that wait
// waits for.
func (r *running) serve(ctx context.Context, i *instance.Instance, l net.Listener) {
	r.fronts = []*front{r.front(i, "api", l, r.tls, i.Handler)}
	for _, b := range r.beside {
		r.fronts = append(r.fronts, r.front(i, b.name, b.listener, b.tls, b.handler(i)))
	}
	for _, f := range r.fronts {
		r.group.Go(func() error {
			if err := f.server.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	r.group.Go(func() error { r.keepCertificates(ctx); return nil })
	r.group.Go(func() error {
		background, end := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); i.Run(background) }()
		<-ctx.Done()
		r.log.Info("stopping: no new requests are accepted")
		// Answer what has been asked, then finish, then close.
		var shut errgroup.Group
		for _, f := range r.fronts {
			shut.Go(func() error { return shutDown(f.server, f.gate, shutdownTimeout, r.log) })
		}
		err := shut.Wait()
		end()
		<-done
		return errors.Join(err, i.Close())
	})
}

// front is an HTTP server on a listener.
type front struct {
	name     string
	server   *http.Server
	gate     *gate
	listener net.Listener
	tls      certificates // nil for plain HTTP
}

// front makes a server. All of them share what strangers may hold.
func (r *running) front(i *instance.Instance, name string, l net.Listener, speak certificates, handler http.Handler) *front {
	g := &gate{Handler: handler}
	h := &http.Server{
		Handler:           g,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(r.log.Handler(), slog.LevelWarn),
	}
	l = i.Handler.Bound(h, l, speak != nil, openFiles())
	if speak != nil {
		speak.report(r.log)
		l = tls.NewListener(l, speak.listen())
	}
	return &front{name, h, g, l, speak}
}

// wait waits until the server has been told to stop and has stopped.
func (r *running) wait() error {
	defer r.cleanUp()
	if r.unannounce != nil {
		defer r.unannounce()
	}
	return r.group.Wait()
}

// banner says where the server is and how to call it.
func (c *Config) banner(p *process, r *running) {
	w := c.bannerTo(p)
	data := r.where()
	if r.ephemeral != "" {
		data += " (thrown away at the end)"
	}
	fmt.Fprintf(w, "daypass %s is ready in %d ms.\n\n", version(), r.took.Milliseconds())
	fmt.Fprintf(w, "  endpoint  %s\n  account   %s\n  data      %s\n", r.url, c.AccountID, data)
	fmt.Fprintf(w, "  tokens    %s/.well-known/openid-configuration\n", r.url)
	for _, b := range r.beside {
		fmt.Fprintf(w, "  %-9s %s\n", b.name, b.where())
	}
	for _, entry := range r.instance.Targets {
		way := "by web identity"
		if name, _, _ := strings.Cut(entry, "="); r.instance.TargetKeyFiles[name] != "" {
			way = "by service key"
		}
		fmt.Fprintf(w, "  target    %s (%s)\n", entry, way)
	}
	fmt.Fprint(w, "\nCall it from another terminal:\n\n")
	if r.unannounce == nil {
		fmt.Fprintf(w, "  export AWS_ENDPOINT_URL=%s\n", r.url)
	}
	switch {
	case r.rootFile != "":
		if r.unannounce == nil {
			fmt.Fprintf(w, "  export AWS_SHARED_CREDENTIALS_FILE=%s\n", r.rootFile)
		}
	case c.wellKnownRoot():
		if r.unannounce == nil {
			fmt.Fprintf(w, "  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%[1]s\n", devKey)
		}
	default:
		fmt.Fprintf(w, "  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=...\n", c.RootAccessKeyID)
	}
	fmt.Fprint(w, "  daypass cognito-identity create-identity-pool --identity-pool-name first \\\n      --allow-unauthenticated-identities\n\n")
}

// wellKnownRoot says whether the root credentials are those that everybody knows.
func (c *Config) wellKnownRoot() bool { return c.Dev && c.RootAccessKeyID == "" }
