package instance_test

import (
	"crypto/rand"
	"testing"

	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// A development server allows pages of this machine, and answers to its names.
func TestDevOrigins(t *testing.T) {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open := func(dev bool) *instance.Instance {
		i, err := instance.Open(t.Context(), instance.Config{
			DataDir: t.TempDir(), MasterKey: key, Account: "123456789012", PublicURL: "http://daypass.example:4600", Dev: dev, DevHosts: []string{"container"},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = i.Close() })
		return i
	}
	i := open(true)
	for origin, allowed := range map[string]bool{
		"http://localhost":            true,
		"http://localhost:3000":       true,
		"https://localhost:3000":      true,
		"http://LOCALHOST:3000":       true,
		"http://app.localhost:3000":   true,
		"http://127.0.0.1:3000":       true,
		"http://127.1.2.3":            true,
		"http://[::1]:3000":           true,
		"http://daypass.example:4600": false, // its own, where it is asked under this name
		"http://localhost.example":    false,
		"http://localhost@evil.com":   false,
		"http://evil.com@localhost":   false,
		"http://evil.com#.localhost":  false,
		"http://evil.com/.localhost":  false,
		"http://evil.com?.localhost":  false,
		"http://localhost/":           false,
		"http://notlocalhost":         false,
		"http://127.0.0.1.evil.com":   false,
		"http://128.0.0.1":            false,
		"http://0.0.0.0":              false,
		"http://192.168.0.1":          false,
		"file://localhost":            false,
		"capacitor://localhost":       false,
		"localhost":                   false,
		"null":                        false,
		"":                            false,
	} {
		if got := i.Handler.OriginAllowed(origin); got != allowed {
			t.Errorf("%q: %v", origin, got)
		}
	}
	for host, allowed := range map[string]bool{
		"localhost:4600": true, "x.localhost": true, "127.0.0.1:4600": true, "[::1]:4600": true, "daypass.example:1": true, "DAYPASS.example": true,
		"container:4600": true, "Container": true, "container.evil.com": false, "x.container": false, "xcontainer": false,
		"host.docker.internal:4600": false, "daypass": false, "192.168.0.1": false, "localhost.evil.com": false, "": false,
	} {
		if got := i.Handler.HostAllowed(host); got != allowed {
			t.Errorf("%q: %v", host, got)
		}
	}
	if i := open(false); i.Handler.OriginAllowed != nil || i.Handler.HostAllowed != nil {
		t.Error("rules of development without --dev")
	}
}
