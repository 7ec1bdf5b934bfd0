package move

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
)

// backupOf is a backup of a data directory, changed on the way.
func backupOf(t *testing.T, dir string, key *seal.MasterKey, change func(f *backup.Facts, image []byte) []byte) string {
	t.Helper()
	db := openDir(t, dir)
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Snapshot(t.Context(), path), db.Close()); err != nil {
		t.Fatal(err)
	}
	found, err := store.Inspect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := backup.Facts{Created: now, Version: "devel", Schema: found.Schema, Rows: found.Rows}
	if change != nil {
		image = change(&f, image)
	}
	hash := sha256.Sum256(image)
	f.Size, f.SHA256 = int64(len(image)), hex.EncodeToString(hash[:])
	h, err := backup.New(f, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(h.Bytes(), image...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func given(key *seal.MasterKey, keep bool) func(*backup.Header) (Keys, error) {
	return func(*backup.Header) (Keys, error) { return Keys{Backup: key, Keep: keep}, nil }
}

// all is what a directory has, by name: what is in files, and of locks that they are
// there.
func all(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		hash := sha256.Sum256(text)
		files[name] = hex.EncodeToString(hash[:])
		if strings.HasSuffix(name, ".lock") {
			files[name] = ""
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// identities is how many a data directory has, which a server may start on.
func identities(t *testing.T, dir string, key *seal.MasterKey) int64 {
	t.Helper()
	if mayMake, err := datadir.Prepare(dir, false); err != nil || mayMake {
		t.Fatalf("%v, may make another %v", err, mayMake)
	}
	db := openDir(t, dir)
	if _, err := db.Unlock(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := store.Inspect(t.Context(), filepath.Join(dir, datadir.Database))
	if err != nil {
		t.Fatal(err)
	}
	return found.Rows["identities"]
}

func numberOf(t *testing.T, dir string) (number int64, epoch string) {
	t.Helper()
	e, _ := sourceOf(t, dir)
	defer e.Close()
	state, err := stateOf(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(state, &epoch, &number); err != nil {
		t.Fatal(err)
	}
	return number, epoch
}

func TestRestore(t *testing.T) {
	dir, key := world(t, 10)
	file := backupOf(t, dir, key, nil)
	before, epoch := numberOf(t, dir)
	to := filepath.Join(t.TempDir(), "new", "data")
	out, err := Restore{File: file, DataDir: to, Keys: given(key, true), Now: clock}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out.Aside != "" || out.KeyFile != filepath.Join(to, datadir.MasterKey) || out.Rows["identities"] != 11 {
		t.Errorf("%+v", out)
	}
	var names []string
	for name := range all(t, to) {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{datadir.Database, datadir.Database + ".lock", datadir.Mark, datadir.MasterKey}, names); diff != "" {
		t.Error(diff)
	}
	if n := identities(t, to, key); n != 11 {
		t.Errorf("%d identities", n)
	}
	// The count of changes goes on beyond all that any server can have made since, also
	// where the same backup is restored again, and in another epoch.
	at := now
	for range 3 {
		number, other := numberOf(t, to)
		if number <= before+1<<19 || number >= 1<<53 || other == epoch {
			t.Errorf("number %d, was %d; epoch %s, was %s", number, before, other, epoch)
		}
		before, epoch, at = number, other, at.Add(time.Second)
		if _, err := (Restore{File: file, DataDir: to, Replace: true, Keys: given(key, true), Now: func() time.Time { return at }}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// crash ends a restore as the end of its process would.
type crash struct{}

func (r Restore) crashing(t *testing.T, at int) (step string) {
	t.Helper()
	n := 0
	r.reached = func(name string) {
		if n++; n == at {
			step = name
			panic(crash{})
		}
	}
	defer func() {
		if p := recover(); p != nil && p != (crash{}) {
			panic(p)
		}
	}()
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ""
}

// A backup that was made with another key is sealed anew, with that of the directory or
// with a new one, and interrupted at any moment it can be run again.
func TestRestoreSealsAnew(t *testing.T) {
	from, key := world(t, 10)
	c := openDir(t, from)
	ring, err := c.Unlock(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	pool := fixture.Pool(3)
	pool.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "key;secret"}
	fixture.AddPool(t, c.Cognito(ring.Stored("pool-secret")), pool)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	file, to := backupOf(t, from, key, nil), fixture.MasterKey(t)
	opens := func(dir string, key *seal.MasterKey) {
		t.Helper()
		db := openDir(t, dir)
		defer db.Close()
		ring, err := db.Unlock(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.CheckAccount(t.Context(), ring, "123456789012"); err != nil {
			t.Error(err)
		}
		if err := db.Cognito(ring.Stored("pool-secret")).View(t.Context(), func(tx cognito.Tx) error {
			p, err := tx.Pool(pool.IdentityPoolId)
			if err == nil && p.SupportedLoginProviders["api.twitter.com"] != "key;secret" {
				t.Errorf("the pool has %v", p.SupportedLoginProviders)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if m, err := db.MasterKeys(t.Context(), nil, nil); err != nil || m.Current != key.Fingerprint() || !m.SessionsUntil.IsZero() || m.Finished.IsZero() {
			t.Errorf("%+v, %v", m, err)
		}
	}
	for at := 1; ; at++ {
		dir := t.TempDir()
		r := Restore{File: file, DataDir: dir, Now: clock, Keys: func(*backup.Header) (Keys, error) { return Keys{Backup: key, Seal: to, Keep: true}, nil }}
		step := r.crashing(t, at)
		if step == "" {
			break
		}
		out, err := r.Run(t.Context())
		if err != nil || out.SealedWith != to.Fingerprint() || out.MasterKey != key.Fingerprint() {
			t.Fatalf("after %q: %+v, %v", step, out, err)
		}
		found, err := seal.LoadFile(filepath.Join(dir, datadir.MasterKey))
		if err != nil || !found.Equal(to) {
			t.Errorf("after %q: another key, %v", step, err)
		}
		opens(dir, to)
	}

	// Over a database whose key has been replaced since. Its keys stay.
	dir := t.TempDir()
	for name, text := range map[string]string{datadir.MasterKey: to.Text().Reveal(), filepath.Base(datadir.OldMasterKey("", key.Fingerprint())): key.Text().Reveal(), "master.key.next": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was := all(t, dir)
	out, err := Restore{File: file, DataDir: dir, Now: clock, Keys: func(*backup.Header) (Keys, error) { return Keys{Backup: key, Seal: to}, nil }}.Run(t.Context())
	if err != nil || out.KeyFile != "" || out.Aside != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	for name, text := range was {
		if all(t, dir)[name] != text {
			t.Errorf("%s has changed", name)
		}
	}
	opens(dir, to)
	// And the restored database is backed up and restored with the key that it has now.
	again := t.TempDir()
	if _, err := (Restore{File: backupOf(t, dir, to, nil), DataDir: again, Now: clock, Keys: given(to, true)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	opens(again, to)
	// Back to the first key it does not go.
	_, err = Restore{File: backupOf(t, dir, to, nil), DataDir: t.TempDir(), Now: clock, Keys: func(*backup.Header) (Keys, error) { return Keys{Backup: to, Seal: key}, nil }}.Run(t.Context())
	if !errors.Is(err, store.ErrUsedMasterKey) {
		t.Errorf("%v", err)
	}
}

// Interrupted at any moment, a restore leaves a directory that is refused, or the one
// that there was, and can be run again.
func TestInterruptedRestore(t *testing.T) {
	from, key := world(t, 10)
	file := backupOf(t, from, key, nil)
	there, thereKey := world(t, 20)
	for name, into := range map[string]func(t *testing.T) (dir string, old int64, oldKey *seal.MasterKey){
		"an empty directory": func(t *testing.T) (string, int64, *seal.MasterKey) { return t.TempDir(), 0, nil },
		"a database": func(t *testing.T) (string, int64, *seal.MasterKey) {
			dir, key := t.TempDir(), thereKey
			if err := os.CopyFS(dir, os.DirFS(there)); err != nil {
				t.Fatal(err)
			}
			if err := seal.WriteNew(filepath.Join(dir, datadir.MasterKey), []byte(key.Text().Reveal())); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{datadir.RootCredentials: "root", "notes": "mine"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return dir, 21, key
		},
	} {
		t.Run(name, func(t *testing.T) {
			refused := 0
			for at := 1; ; at++ {
				dir, old, oldKey := into(t)
				was := all(t, dir)
				r := Restore{File: file, DataDir: dir, Replace: old > 0, Keys: given(key, true), Now: clock}
				step := r.crashing(t, at)
				if step == "" {
					if at < 5 || refused < 2 {
						t.Errorf("%d steps, %d of them refused", at, refused)
					}
					break
				}
				_, err := datadir.Prepare(dir, true)
				switch {
				case errors.Is(err, datadir.ErrUnfinished):
					refused++
				case err == nil && old > 0:
					if n := identities(t, dir, oldKey); n != old {
						t.Errorf("after %q there are %d identities, and no error", step, n)
					}
				default:
					t.Errorf("after %q: %v", step, err)
				}
				// And interrupted once more, before it is finished. Then nobody needs to say
				// again that it replaces something.
				again := r.crashing(t, 1+at%7)
				if _, unfinished, err := datadir.Restoring(dir); err != nil {
					t.Fatal(err)
				} else if unfinished {
					r.Replace = false
				}
				out, err := r.Run(t.Context())
				if err != nil {
					t.Fatalf("after %q and %q: %v", step, again, err)
				}
				if n := identities(t, dir, key); n != 11 {
					t.Errorf("after %q and %q: %d identities", step, again, n)
				}
				if old == 0 {
					continue
				}
				// What was there is all there, in one place.
				kept := map[string]string{}
				for name, text := range all(t, dir) {
					if first, rest, ok := strings.Cut(name, string(filepath.Separator)); ok && strings.HasPrefix(first, "replaced-") && kept[rest] == "" {
						kept[rest] = text
					} else if !ok && (name == "notes" || name == datadir.RootCredentials) {
						kept[name] = text
					}
				}
				for _, name := range []string{datadir.MasterKey, datadir.RootCredentials, "notes"} {
					if kept[name] != was[name] {
						t.Errorf("after %q and %q: %s is lost, of %v; aside: %s", step, again, name, all(t, dir), out.Aside)
					}
				}
			}
		})
	}
}

// What is refused, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	from, key := world(t, 1)
	good := backupOf(t, from, key, nil)
	other := fixture.MasterKey(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty := func(t *testing.T) string { return t.TempDir() }
	with := func(files ...string) func(t *testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			for i := 0; i < len(files); i += 2 {
				if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
	}
	errNoKey := errors.New("no key")
	for name, test := range map[string]struct {
		file    string
		key     *seal.MasterKey
		dir     func(t *testing.T) string
		replace bool
		want    error
		says    string
	}{
		"no backup":            {filepath.Join(t.TempDir(), "none"), key, empty, false, os.ErrNotExist, "none"},
		"something else":       {write([]byte("PK\x03\x04")), key, empty, false, backup.ErrForm, "not a backup"},
		"a newer one":          {write([]byte("daypass backup 2\n")), key, empty, false, backup.ErrNewer, "a newer daypass"},
		"another key":          {good, other, empty, false, backup.ErrWrongKey, "was made with " + key.Fingerprint()},
		"no key":               {good, nil, empty, false, errNoKey, "no key"},
		"half of it":           {write(text[:len(text)-5000]), key, empty, false, backup.ErrDamaged, "too early"},
		"a bit of it":          {write(append(bytes.Clone(text[:len(text)-1]), text[len(text)-1]^1)), key, empty, false, backup.ErrDamaged, "checksum"},
		"a changed header":     {write(bytes.Replace(text, []byte("devel"), []byte("never"), 1)), key, empty, false, backup.ErrDamaged, "header was changed"},
		"no database":          {backupOf(t, from, key, func(_ *backup.Facts, _ []byte) []byte { return []byte("SQLite format 4") }), key, empty, false, nil, "not a database"},
		"a newer database":     {backupOf(t, from, key, newer(t)), key, empty, false, store.ErrNewer, "newer daypass"},
		"fewer rows than told": {backupOf(t, from, key, func(f *backup.Facts, image []byte) []byte { f.Rows["pools"]++; return image }), key, empty, false, backup.ErrDamaged, "what its header says"},
		"a page of zeros":      {backupOf(t, from, key, func(_ *backup.Facts, image []byte) []byte { clear(image[8192:12288]); return image }), key, empty, false, nil, "damaged"},
		"a database":           {good, key, with(datadir.Database, "x"), false, ErrNotEmpty, "--replace"},
		"a mark":               {good, key, with(datadir.Mark, "made\n"), false, ErrNotEmpty, "--replace"},
		"somebody's files":     {good, key, with("notes", "mine"), false, ErrNotEmpty, "--replace"},
		"another's key":        {good, key, with(datadir.MasterKey, other.Text().Reveal()), false, ErrOtherKey, "another master key"},
		"a mark of something":  {good, key, with(datadir.Mark, "shared\n"), true, nil, "does not know"},
		"a mark of elsewhere":  {good, key, with(datadir.Mark, "restoring ../../etc\n"), true, nil, "no restore does"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := test.dir(t)
			was := all(t, dir)
			_, err := Restore{File: test.file, DataDir: dir, Replace: test.replace, Keys: func(*backup.Header) (Keys, error) {
				if test.key == nil {
					return Keys{}, errNoKey
				}
				return Keys{Backup: test.key, Keep: true}, nil
			}}.Run(t.Context())
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %v with %q", err, test.want, test.says)
			}
			now := all(t, dir)
			delete(now, datadir.Database+".lock")
			if diff := cmp.Diff(was, now); diff != "" {
				t.Error(diff)
			}
		})
	}
	dir, _ := world(t, 1)
	db := openDir(t, dir)
	defer db.Close()
	if _, err := (Restore{File: good, DataDir: dir, Replace: true, Keys: given(key, true)}).Run(t.Context()); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a server runs: %v", err)
	}
}

// newer makes a database that a newer version has used.
func newer(t *testing.T) func(*backup.Facts, []byte) []byte {
	return func(f *backup.Facts, image []byte) []byte {
		path := filepath.Join(t.TempDir(), "newer.db")
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `INSERT INTO schema_version (version_id, is_applied) VALUES (999, 1)`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if image, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		f.Schema = 999
		return image
	}
}

// A key that lies ready in the directory is the one to use, and stays.
func TestRestoreBesideItsKey(t *testing.T) {
	from, key := world(t, 1)
	dir := t.TempDir()
	for name, text := range map[string]string{datadir.MasterKey: key.Text().Reveal(), datadir.RootCredentials: "root"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := Restore{File: backupOf(t, from, key, nil), DataDir: dir, Keys: given(key, true)}.Run(t.Context())
	if err != nil || out.KeyFile != "" || out.Aside != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	if n := identities(t, dir, key); n != 2 {
		t.Errorf("%d identities", n)
	}
}
