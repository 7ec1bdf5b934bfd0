package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/fixture"
)

// columnsWith finds the columns, of all tables, in which something is that is sealed with a
// key, as it is or in base64.
func columnsWith(t *testing.T, db *DB, key *seal.MasterKey) (found []string) {
	t.Helper()
	id := key.ID()
	header := append([]byte{1}, id[:]...)
	err := db.View(t.Context(), func(tx *Tx) error {
		columns, err := all(tx.query(`SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
			AND c.type IN ('BLOB', 'TEXT') ORDER BY 1`), scanText[string])
		if err != nil {
			return err
		}
		for _, column := range columns {
			table, name, _ := strings.Cut(column, ".")
			err := tx.query(fmt.Sprintf("SELECT CAST(%s AS BLOB) FROM %s WHERE %[1]s IS NOT NULL", name, table)).each(func(r row) (bool, error) {
				value := engine.Bytes(r, 0)
				if bytes.Contains(value, header) || slices.ContainsFunc(inBase64(header), func(text string) bool { return bytes.Contains(value, []byte(text)) }) {
					found = append(found, column)
				}
				return true, r.Err()
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Compact(found)
}

// inBase64 is how a header begins in base64: what does not depend on what follows.
func inBase64(header []byte) []string {
	return []string{strings.TrimRight(base64.StdEncoding.EncodeToString(header[:3]), "=") + strings.TrimRight(base64.StdEncoding.EncodeToString(header[3:]), "=")[:2]}
}

// Every column in which something is sealed is in the list, and so is every purpose.
func TestSealedColumns(t *testing.T) {
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, second := fixture.MasterKey(t), fixture.MasterKey(t)
	ring, err := db.Unlock(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	p := fixture.Pool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "key;secret"}
	fixture.AddPool(t, db.Cognito(ring.Stored(poolSecret)), p)
	if err := db.IAM(ring.Stored(accessKey)).Update(t.Context(), func(tx iam.Tx) error {
		if err := tx.AddUser(&iam.UserEntity{Account: "123456789012", User: iam.User{UserName: "Anna", UserId: "AIDA1", Path: "/"}}); err != nil {
			return err
		}
		return tx.PutAccessKey(&iam.AccessKeyEntity{ID: "AKIA1", Owner: "AIDA1", Secret: seal.NewSecret("secret"), Status: "Active"})
	}); err != nil {
		t.Fatal(err)
	}
	sealed := ring.Stored(openid.Purpose).Seal(nil, []byte("private"), openid.AdditionalData("us-east-1-1", "us-east-1"))
	if _, err := db.Keys().AddSigningKey(t.Context(), openid.SigningKey{KID: "us-east-1-1", Region: "us-east-1", Sealed: sealed}, openid.Room{}); err != nil {
		t.Fatal(err)
	}
	if err := db.CheckAccount(t.Context(), ring, "123456789012"); err != nil {
		t.Fatal(err)
	}
	if err := db.ReplaceMasterKey(t.Context(), Replacement{Key: second}); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, c := range sealedColumns {
		listed = append(listed, c.table)
	}
	found := append(columnsWith(t, db, first), columnsWith(t, db, second)...)
	for _, column := range found {
		if table, _, _ := strings.Cut(column, "."); !slices.Contains(listed, table) {
			t.Errorf("%s has something sealed and is not in the list", column)
		}
	}
	for _, table := range listed {
		if !slices.ContainsFunc(found, func(column string) bool { return strings.HasPrefix(column, table+".") }) {
			t.Errorf("nothing sealed was found in %s", table)
		}
	}
	if _, err := db.SealAnew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := columnsWith(t, db, first); len(left) > 0 {
		t.Errorf("left under the old key: %q", left)
	}
	for _, purpose := range ring.Purposes() {
		if !slices.Contains(SealedPurposes(), purpose) {
			t.Errorf("nobody seals anew what is sealed for %s", purpose)
		}
	}
}

// A rotation that ends at any point goes on from there, and nothing is lost: whoever has
// both keys, or the one that seals, opens everything.
func TestSealAnewInterrupted(t *testing.T) {
	const keys = 3*sealBatch + 5
	for _, seed := range []int{1, 2, 3, 5, 8, 13, 21} {
		path := filepath.Join(t.TempDir(), "daypass.db")
		first, second := fixture.MasterKey(t), fixture.MasterKey(t)
		open := func(given ...*seal.MasterKey) (*DB, *IAM) {
			t.Helper()
			db, err := Open(t.Context(), Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			ring, err := db.Unlock(t.Context(), given...)
			if err != nil {
				t.Fatal(err)
			}
			return db, db.IAM(ring.Stored(accessKey))
		}
		db, i := open(first, second)
		if err := i.Update(t.Context(), func(tx iam.Tx) error {
			err := tx.AddUser(&iam.UserEntity{Account: "123456789012", User: iam.User{UserName: "Anna", UserId: "AIDA1", Path: "/"}})
			for n := 0; n < keys && err == nil; n++ {
				err = tx.PutAccessKey(&iam.AccessKeyEntity{ID: iam.AccessKeyIdType(fmt.Sprintf("AKIA%03d", n)), Owner: "AIDA1", Secret: seal.NewSecret(fmt.Sprint(n)), Status: "Active"})
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.ReplaceMasterKey(t.Context(), Replacement{Key: second}); err != nil {
			t.Fatal(err)
		}
		// It ends in the middle, by its context, at another statement each time.
		for n, finished := 0, false; !finished; n++ {
			ctx := &endsAfter{Context: t.Context(), left: seed * (n + 1)}
			_, err := db.SealAnew(ctx)
			finished = err == nil
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			given := [][]*seal.MasterKey{{second}, {first, second}, {second, first}}[n%3]
			db, i = open(given...)
			if err := i.View(t.Context(), func(tx iam.Tx) error {
				list, err := tx.AccessKeys("AIDA1")
				if len(list) != keys {
					t.Errorf("%d keys, %v", len(list), err)
				}
				return err
			}); err != nil {
				t.Fatalf("seed %d, after %d attempts: %v", seed, n, err)
			}
		}
		if left := columnsWith(t, db, first); len(left) > 0 {
			t.Errorf("left under the old key: %q", left)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// endsAfter is a context that ends when it has been asked so often whether it has.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
