package daypasstest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
)

// ring makes keys once a process: to make one takes longer than all that a short test
// does. The servers of a process have the same keys; Config.SigningKey gives others.
type ring struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

// Those of servers sign OpenID tokens, those of providers what people bring along. No
// server signs with the key of a provider.
var serverKeys, providerKeys ring

// key is the nth key.
func (r *ring) key(n int) (*rsa.PrivateKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.keys) <= n {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, key)
	}
	return r.keys[n], nil
}

// inTurn gives the keys of the ring in turn.
func (r *ring) inTurn() func() (*rsa.PrivateKey, error) {
	var mu sync.Mutex
	next := 0
	return func() (*rsa.PrivateKey, error) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return r.key(next - 1)
	}
}

// blank is an empty database, made once a process: the schema takes longer than the
// start of a server.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "daypasstest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, datadir.Database)
	if err := instance.Blank(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// fill puts an empty database into an empty directory.
func fill(t testing.TB, dir string) {
	t.Helper()
	database, err := blank()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, datadir.Database), database, 0o600)
	}
	if err != nil {
		t.Fatalf("daypasstest: %v", err)
	}
}
