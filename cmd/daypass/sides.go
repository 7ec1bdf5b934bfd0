package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/daypass/daypass/internal/instance"
)

// side is a listener beside --listen, for a protocol of its own.
type side struct {
	// name is what the banner calls it, and flag the flag that asks for it.
	name, flag string
	// at is where it listens: the path of a Unix socket, or an address.
	at string
	// tls is how to speak TLS; nil for none.
	tls certificates
	// handler answers requests.
	handler func(*instance.Instance) http.Handler
}

// sides are the listeners that the flags ask for beside --listen. It reads their
// certificates.
func (c *Config) sides() ([]side, error) {
	var sides []side
	for _, ask := range []func() (*side, error){c.GatewayConfig.side, c.forwardAuthSide, c.metricsSide} {
		s, err := ask()
		if err != nil {
			return nil, err
		}
		if s != nil {
			sides = append(sides, *s)
		}
	}
	return sides, nil
}

// listening is a side with its listener.
type listening struct {
	side
	listener net.Listener
}

// listenBeside listens for all sides, or for none.
func listenBeside(sides []side) (all []listening, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(all))
		}
	}()
	for _, s := range sides {
		l, err := s.listen()
		if err != nil {
			return all, err
		}
		all = append(all, listening{s, l})
	}
	return all, nil
}

// where is where a side listens: its path, or its address with the port that it got.
func (l *listening) where() string {
	if isPath(l.at) {
		return l.at
	}
	return l.listener.Addr().String()
}

func closeAll(all []listening) (err error) {
	for _, l := range all {
		err = errors.Join(err, l.listener.Close())
	}
	return err
}

func (s *side) listen() (net.Listener, error) {
	if isPath(s.at) {
		return listenUnix(s.flag, s.at)
	}
	return listenTCP(s.flag, s.at)
}

// isDir says whether a path leads to a directory.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isPath tells the path of a Unix socket from an address with a port.
func isPath(at string) bool {
	return strings.ContainsRune(at, '/') || strings.ContainsRune(at, filepath.Separator)
}

// listenUnix listens on a Unix socket that its owner and group can use. A socket
// that a process left behind when it was killed is replaced; one that somebody
// listens on, and anything else that has the path, is not.
func listenUnix(flag, path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir := filepath.Dir(path); !isDir(dir) {
			return nil, usage("%s %s: %s is not a directory: create it, and let the server's user write there", flag, path, dir)
		}
	case err != nil:
		return nil, usage("%s: %w", flag, err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, usage("%s %s: it exists, and is not a socket", flag, path)
	default:
		if c, err := (&net.Dialer{}).DialContext(context.Background(), "unix", path); err == nil {
			return nil, errors.Join(fmt.Errorf("%s %s: another process listens on it", flag, path), c.Close())
		} else if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
	}
	l, err := privately(func() (net.Listener, error) { return net.Listen("unix", path) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return l, nil
}
