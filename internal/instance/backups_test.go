package instance_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
)

// large is a data directory with more identities than fit into the buffers between a
// server and its client.
func large(t *testing.T, identities int) string {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	c, p := db.Cognito(fixture.MasterKey(t).Box("pool-secret")), fixture.Pool(1)
	fixture.AddPool(t, c, p)
	if err := errors.Join(c.AddIdentities(t.Context(), fixture.People(p, identities, 1)), db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// askBackup begins a backup, which comes when it returns; nil while there is another.
func askBackup(ctx context.Context, t *testing.T, d *daypasstest.Server) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL+"/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Daypass.CreateBackup"}}
	signed := &sigv4.Request{Method: r.Method, Path: "/", Host: r.URL.Host, Header: r.Header, Body: []byte("{}")}
	if err := sigv4.Sign(signed, sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}, daypasstest.Region, "daypass", d.Now()); err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Body.Close() })
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(a.Body)
		if !strings.Contains(string(text), "ResourceConflictException") {
			t.Fatalf("status %d: %s", a.StatusCode, text)
		}
		return nil
	}
	return a
}

// A client that does not read its backup keeps others from making one, and keeps nobody
// from writing; the log does not grow for it. When it has gone, nothing is left of it.
func TestSlowBackup(t *testing.T) {
	const identities = 120_000 // 12 MB
	dir := large(t, identities)
	d := daypasstest.Start(t, daypasstest.Config{DataDir: dir})
	root := &client.Client{Endpoint: d.URL, Region: daypasstest.Region, Now: d.Now, Credentials: sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}}

	ctx, vanish := context.WithCancel(t.Context())
	a := askBackup(ctx, t, d)
	if n, err := io.ReadFull(a.Body, make([]byte, 100)); n != 100 {
		t.Fatal(err)
	}
	_, err := root.JSON(t.Context(), admin.API, "CreateBackup", map[string]any{})
	wantError(t, err, "ResourceConflictException", "Another backup is being created. Try again when it is done.")
	for n := range 50 {
		if _, err := root.JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": fmt.Sprint("p", n), "AllowUnauthenticatedIdentities": true}); err != nil {
			t.Fatal(err)
		}
	}
	vanish()
	// The server sees that when it writes; the next backup has what was written meanwhile.
	var whole []byte
	for whole == nil {
		if a := askBackup(t.Context(), t, d); a != nil {
			if whole, err = io.ReadAll(a.Body); err != nil {
				t.Fatal(err)
			}
		}
	}
	from := bufio.NewReader(bytes.NewReader(whole))
	h, err := backup.Read(from)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, h.Image(from)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := store.Inspect(t.Context(), copied)
	if err != nil || found.Rows["identities"] != identities || found.Rows["pools"] != 51 || fmt.Sprint(found.Rows) != fmt.Sprint(h.Rows) {
		t.Errorf("%v, %v, the header says %v", found, err, h.Rows)
	}
	d.Close()
	if left, err := filepath.Glob(filepath.Join(dir, ".daypass-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// A server that embeds daypass does not seal keys for others.
func TestBackupWithoutSealing(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	root := &client.Client{Endpoint: d.URL, Region: daypasstest.Region, Now: d.Now, Credentials: sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}}
	_, err := root.JSON(t.Context(), admin.API, "CreateBackup", map[string]any{"KeyRecipient": "age1" + strings.Repeat("q", 58)})
	wantError(t, err, "InvalidParameterException", "KeyRecipient is not a public key of age.")
}
