package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// Processes that start at the same time on an empty database all serve, and what one of
// them makes the others have.
func TestProcessesStartTogether(t *testing.T) {
	database, key := pgtest.Database(t), filepath.Join(t.TempDir(), "master.key")
	if _, err := seal.CreateFile(key); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var banners []*bufio.Scanner
	for range 10 {
		c := exec.Command(exe)
		c.Args = []string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--master-key-file", key, "--log-level", "error"}
		c.Env, c.Stderr = append(os.Environ(), "DAYPASS_DATABASE="+database), t.Output()
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		banners = append(banners, bufio.NewScanner(out))
	}
	var endpoints []string
	for n, banner := range banners {
		for banner.Scan() {
			if _, endpoint, ok := strings.Cut(banner.Text(), "endpoint  "); ok {
				endpoints = append(endpoints, endpoint)
				break
			}
		}
		if len(endpoints) != n+1 {
			t.Fatalf("process %d does not start", n)
		}
	}
	for n, endpoint := range endpoints {
		if _, err := rootClient(endpoint).JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}); err != nil {
			t.Errorf("process %d: %v", n, err)
		}
		answer, err := rootClient(endpoints[(n+1)%len(endpoints)]).JSON(t.Context(), cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 60})
		if got := strings.Count(string(answer), "IdentityPoolId"); err != nil || got != n+1 {
			t.Errorf("the process after %d sees %d pools (%v), want %d", n, got, err, n+1)
		}
	}
}
