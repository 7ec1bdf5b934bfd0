package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The banner names the targets, and how daypass proves itself to each.
func TestBannerOfTargets(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	p := &process{ctx, &out, io.Discard, func(string) string { return "" }}
	c := Config{
		Listen: "127.0.0.1:0", Dev: true, AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1, LogLevel: "error", LogFormat: "text",
		Target:        []string{"a=https://a.example,aws", "m=https://m.example,minio"},
		TargetKeyFile: []string{"m=" + key},
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	r, err := start(p, c)
	if err != nil {
		t.Fatal(err)
	}
	c.banner(p, r)
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	for _, line := range []string{"  target    a=https://a.example,aws (by web identity)\n", "  target    m=https://m.example,minio (by service key)\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("banner lacks %q: %s", line, out.String())
		}
	}
	if strings.Contains(out.String(), "AKIDEXAMPLE") {
		t.Error("the banner shows a key")
	}
}
