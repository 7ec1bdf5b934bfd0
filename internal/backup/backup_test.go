package backup_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/seal"
)

const image = "an image of a database"

func masterKey(t testing.TB) *seal.MasterKey {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func facts() backup.Facts {
	sum := sha256.Sum256([]byte(image))
	return backup.Facts{
		Created: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC), Version: "devel", Schema: 17, Rows: map[string]int64{"pools": 2, "identities": 5},
		Size: int64(len(image)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// whole is a backup file.
func whole(t testing.TB, key *seal.MasterKey, sealed string) []byte {
	t.Helper()
	h, err := backup.New(facts(), key)
	if err != nil {
		t.Fatal(err)
	}
	h.Key = []byte(sealed)
	return append(h.Bytes(), image...)
}

// read reads a backup file to its end.
func read(file []byte) (*backup.Header, []byte, error) {
	r := bufio.NewReader(bytes.NewReader(file))
	h, err := backup.Read(r)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(h.Image(r))
	return h, body, err
}

func TestRoundTrip(t *testing.T) {
	key := masterKey(t)
	file := whole(t, key, "")
	h, body, err := read(file)
	if err != nil || string(body) != image {
		t.Fatalf("%q, %v", body, err)
	}
	want := facts()
	want.MasterKey = key.Fingerprint()
	if diff := cmp.Diff(want, h.Facts); diff != "" {
		t.Error(diff)
	}
	if err := h.Prove(key); err != nil || h.HasKey() {
		t.Errorf("%v, key %v", err, h.HasKey())
	}
	if err := h.Prove(masterKey(t)); !errors.Is(err, backup.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if bytes.Contains(file, []byte(key.Text().Reveal())) {
		t.Error("the key is in the file")
	}
}

// The sealed key travels as it is, and is not part of what is proved.
func TestKey(t *testing.T) {
	key := masterKey(t)
	h, _, err := read(whole(t, key, "sealed\n\x00"))
	if err != nil || !h.HasKey() || string(h.Key) != "sealed\n\x00" {
		t.Fatalf("%q, %v", h.Key, err)
	}
	if err := h.Prove(key); err != nil {
		t.Error(err)
	}
}

// What is not a backup, or was changed on the way, is refused by the reader or by the
// proof.
func TestChanged(t *testing.T) {
	key := masterKey(t)
	good := string(whole(t, key, ""))
	lines := strings.SplitAfterN(good, "\n", 5)
	for name, test := range map[string]struct {
		file string
		want error
	}{
		"empty":                  {"", backup.ErrForm},
		"something else":         {"SQLite format 3\x00", backup.ErrForm},
		"a long line":            {strings.Repeat("x", 1<<20) + "\n", backup.ErrForm},
		"a newer one":            {"daypass backup 2\nwhatever", backup.ErrNewer},
		"a far newer one":        {"daypass backup 4294967295\n", backup.ErrNewer},
		"version zero":           {"daypass backup 0\n", backup.ErrForm},
		"another spelling":       {strings.Replace(good, "backup 1", "backup 01", 1), backup.ErrForm},
		"long facts":             {lines[0] + `{"Version":"` + strings.Repeat("x", 64<<10) + `"}` + "\n", backup.ErrForm},
		"facts twice":            {strings.Replace(good, `{"Created"`, `{"Size":1,"Created"`, 1), backup.ErrForm},
		"a negative size":        {strings.Replace(good, `"Size":22`, `"Size":-22`, 1), backup.ErrForm},
		"no hash":                {strings.Replace(good, `"SHA256":"`, `"SHA256":"00`, 1), backup.ErrForm},
		"a proof of nothing":     {lines[0] + lines[1] + "\n" + lines[3] + image, backup.ErrForm},
		"a key of nothing":       {lines[0] + lines[1] + lines[2] + "\n" + image, backup.ErrForm},
		"cut in the header":      {lines[0] + lines[1] + lines[2], backup.ErrForm},
		"cut in the image":       {good[:len(good)-1], backup.ErrDamaged},
		"another image":          {strings.Replace(good, image, strings.ToUpper(image), 1), backup.ErrDamaged},
		"more than the image":    {good + "x", backup.ErrDamaged},
		"a smaller image":        {strings.Replace(good, `"Size":22`, `"Size":21`, 1), backup.ErrDamaged},
		"another time":           {strings.Replace(good, "2026-12-01", "2027-12-01", 1), backup.ErrDamaged},
		"another key's name":     {strings.Replace(good, key.Fingerprint(), "0123456789abcdef", 1), backup.ErrWrongKey},
		"the proof of another":   {lines[0] + lines[1] + strings.SplitAfter(string(whole(t, masterKey(t), "")), "\n")[2] + lines[3] + image, backup.ErrDamaged},
		"an older proof of ours": {lines[0] + lines[1] + proofOf(t, key, "older") + lines[3] + image, backup.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			h, _, err := read([]byte(test.file))
			if err == nil {
				err = h.Prove(key)
			}
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// proofOf is the line with the proof of another backup with the same key.
func proofOf(t *testing.T, key *seal.MasterKey, version string) string {
	t.Helper()
	f := facts()
	f.Version = version
	h, err := backup.New(f, key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(string(h.Bytes()), "\n")[2]
}

func FuzzRead(f *testing.F) {
	key := masterKey(f)
	f.Add(whole(f, key, ""))
	f.Add(whole(f, key, "sealed"))
	f.Add([]byte("daypass backup 2\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, body, err := read(file)
		if err != nil {
			return
		}
		if again := append(h.Bytes(), body...); !bytes.Equal(again, file) {
			t.Errorf("written again it is\n%q", again)
		}
		if h.Prove(key) == nil && fmt.Sprint(h.Facts.Created, h.Rows) != fmt.Sprint(facts().Created, facts().Rows) {
			t.Errorf("the proof of %+v", h.Facts)
		}
	})
}
