package instance_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// rootFile is the file that root credentials are written down in.
type rootFile struct {
	mu   sync.Mutex
	keys []instance.RootAccessKey
	fail error // answers the next time
	late bool  // fail, but write it all the same
}

func (f *rootFile) keep(keys []instance.RootAccessKey) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.fail
	if err == nil || f.late {
		f.keys = slices.Clone(keys)
	}
	f.fail = nil
	return err
}

func (f *rootFile) read() []instance.RootAccessKey {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys
}

// serveRoot serves on a directory with the root credentials of a file.
func serveRoot(t *testing.T, dir string, key *seal.MasterKey, c *clock, f *rootFile) (with func(instance.RootAccessKey) *client.Client, stop func()) {
	t.Helper()
	keys := f.read()
	i, err := instance.Open(t.Context(), instance.Config{
		DataDir: dir, MasterKey: key, Account: "123456789012", PublicURL: "https://issuer.example", Now: c.now,
		Root: keys[0], OtherRoots: keys[1:], KeepRoot: f.keep, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(i.Handler)
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	background.Go(func() { i.Run(ctx) })
	stop = sync.OnceFunc(func() {
		h.Close()
		cancel()
		background.Wait()
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return func(k instance.RootAccessKey) *client.Client {
		return &client.Client{Endpoint: h.URL, Region: "us-east-1", Now: c.now, Credentials: sigv4.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret.Reveal()}}
	}, stop
}

func rotateRoot(c *client.Client, in map[string]any) (out map[string]any, err error) {
	answer, err := c.JSON(context.Background(), admin.API, "RotateRootKey", in)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(answer, &out)
}

// Root credentials are written down before the answer; the old ones and their sessions
// end when their grace does, also across a restart, and leave the file then.
func TestRotateRootKey(t *testing.T) {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, err := instance.NewRoot("123456789012")
	if err != nil {
		t.Fatal(err)
	}
	dir, c, f := t.TempDir(), newClock(), &rootFile{keys: []instance.RootAccessKey{first}}
	with, stop := serveRoot(t, dir, key, c, f)
	session := func(k instance.RootAccessKey) *client.Client {
		t.Helper()
		answer, err := with(k).Query(t.Context(), sts.API, "GetSessionToken")
		if err != nil {
			t.Fatal(err)
		}
		made := texts(t, answer)
		got := with(k)
		got.Credentials = sigv4.Credentials{AccessKeyID: made["AccessKeyId"], SecretAccessKey: made["SecretAccessKey"], SessionToken: made["SessionToken"]}
		return got
	}
	wantWho := func(what string, got *client.Client, code string) {
		t.Helper()
		if is := whoami(t, got); is != code {
			t.Errorf("%s: %q, want %q", what, is, code)
		}
	}
	const gone = "InvalidClientTokenId"

	// Whatever cannot be written down changes nothing.
	f.fail = errors.New("no space")
	if _, err := rotateRoot(with(first), map[string]any{}); codeOf(t, err) != "InternalErrorException" {
		t.Errorf("without room: %v", err)
	}
	wantWho("the key", with(first), "")
	if got := f.read(); len(got) != 1 || got[0].ID != first.ID {
		t.Error("the file has changed")
	}
	// What was written down although that failed is good, as the old one is.
	f.fail, f.late = errors.New("not durable"), true
	if _, err := rotateRoot(with(first), map[string]any{}); err == nil {
		t.Error("a failure is no failure")
	}
	wantWho("the key of the file", with(f.read()[0]), "")
	wantWho("the old key", with(first), "")
	f.keep([]instance.RootAccessKey{first})

	of := session(first)
	out, err := rotateRoot(with(first), map[string]any{"GracePeriod": 1800})
	if err != nil {
		t.Fatal(err)
	}
	keys := f.read()
	second, old := keys[0], keys[1]
	ends := c.now().Add(30 * time.Minute)
	if len(keys) != 2 || out["AccessKeyId"] != second.ID || out["ReplacedAccessKeyId"] != first.ID || old.ID != first.ID || !old.Until.Equal(ends) || out["ReplacedKeyEnds"] != float64(ends.Unix()) {
		t.Errorf("answered %v, and wrote %s and %s until %s", out, second.ID, old.ID, old.Until)
	}
	wantWho("the new key", with(second), "")
	wantWho("the old key", with(first), "")
	wantWho("its session", of, "")
	_, err = rotateRoot(with(second), map[string]any{})
	wantError(t, err, "ResourceConflictException", "The root access key "+first.ID+", which "+second.ID+" replaces, is good until "+ends.Format(time.RFC3339)+
		". Rotate from then on. If a key is compromised, rotate now and say so.")

	stop()
	with, stop = serveRoot(t, dir, key, c, f)
	of.Endpoint = with(first).Endpoint
	c.pass(30*time.Minute - time.Second)
	wantWho("the old key in its last second", with(first), "")
	wantWho("its session", of, "")
	c.pass(time.Second)
	wantWho("the old key after its grace", with(first), gone)
	wantWho("its session", of, gone)
	if len(f.read()) != 2 {
		t.Error("the file was changed by nobody")
	}
	stop()
	with, _ = serveRoot(t, dir, key, c, f)
	for deadline := time.Now().Add(20 * time.Second); len(f.read()) != 1; {
		if time.Now().After(deadline) {
			t.Fatal("the old key stays in the file")
		}
	}
	wantWho("the new key", with(second), "")

	// What is compromised ends at once, also in a grace.
	if _, err := rotateRoot(with(second), map[string]any{}); err != nil {
		t.Fatal(err)
	}
	third := f.read()[0]
	of = session(third)
	out, err = rotateRoot(with(third), map[string]any{"Compromised": true})
	if err != nil || out["ReplacedKeyEnds"] != nil || len(f.read()) != 1 {
		t.Errorf("%v, %v, %d keys", out, err, len(f.read()))
	}
	wantWho("the compromised key", with(third), gone)
	wantWho("the one before it", with(second), gone)
	wantWho("a session of it", of, gone)
	wantWho("the last key", with(f.read()[0]), "")
	for name, test := range map[string]struct {
		in   map[string]any
		code string
	}{
		"grace and compromised": {map[string]any{"GracePeriod": 3600, "Compromised": true}, "InvalidParameterException"},
		"no grace":              {map[string]any{"GracePeriod": 0}, "ValidationException"},
		"more than a week":      {map[string]any{"GracePeriod": 604801}, "ValidationException"},
	} {
		if _, err := rotateRoot(with(f.read()[0]), test.in); codeOf(t, err) != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Root credentials that are given are not replaced here, and the next ones are good
// beside them.
func TestRotateGivenRootKey(t *testing.T) {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	given, next := instance.RootAccessKey{ID: "given", Secret: seal.NewSecret("one")}, instance.RootAccessKey{ID: "next", Secret: seal.NewSecret("two")}
	i, err := instance.Open(t.Context(), instance.Config{
		DataDir: t.TempDir(), MasterKey: key, Account: "123456789012", PublicURL: "https://issuer.example", Root: given, OtherRoots: []instance.RootAccessKey{next},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(i.Handler)
	t.Cleanup(func() {
		h.Close()
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, k := range []instance.RootAccessKey{given, next} {
		c := &client.Client{Endpoint: h.URL, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret.Reveal()}}
		if got := whoami(t, c); got != "" {
			t.Errorf("%s: %s", k.ID, got)
		}
		_, err := rotateRoot(c, map[string]any{})
		wantError(t, err, "InvalidParameterException", "The root credentials are given to this server. Replace them with --next-root-access-key-id and DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY when it starts.")
		c.Credentials.SecretAccessKey = "three"
		if got := whoami(t, c); got != "SignatureDoesNotMatch" {
			t.Errorf("%s with another secret: %s", k.ID, got)
		}
	}
}
