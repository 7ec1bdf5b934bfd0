package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/fixture"
)

func unlock(t *testing.T, db *rig, keys ...*seal.MasterKey) *seal.Ring {
	t.Helper()
	ring, err := db.Unlock(t.Context(), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func testUnlock(t *testing.T, db *rig) {
	key, other := fixture.MasterKey(t), fixture.MasterKey(t)
	for range 2 {
		if ring := unlock(t, db, key, other); ring.Sealing() != key {
			t.Error("the database's own key does not seal")
		}
	}
	if ring := unlock(t, db, other, key); ring.Sealing() != key {
		t.Error("swapped: the database's own key does not seal")
	}
	want := "the master key is not the one that this database was made with (the key given is " + other.Fingerprint() + ")"
	if _, err := db.Unlock(t.Context(), other); !errors.Is(err, store.ErrWrongMasterKey) || err.Error() != want {
		t.Errorf("another key: error %v, want %s", err, want)
	}
}

// sealedThings stores something of each kind that is sealed, several batches of one.
func sealedThings(t *testing.T, db *rig, ring *seal.Ring) (check func(ring *seal.Ring)) {
	t.Helper()
	const keys = 70
	c, i := db.Cognito(ring.Stored("pool-secret")), db.IAM(ring.Stored("access-key"))
	p := fixture.Pool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "key;secret", "www.digits.com": "other;secret", "graph.facebook.com": "123"}
	fixture.AddPool(t, c, p)
	plain := fixture.Pool(2)
	fixture.AddPool(t, c, plain)
	updateIAM(t, i, func(tx iam.Tx) error {
		err := tx.AddUser(newUser("Anna", "AIDA1"))
		for n := range keys {
			err = errors.Join(err, tx.PutAccessKey(&iam.AccessKeyEntity{ID: iam.AccessKeyIdType(fmt.Sprintf("AKIA%02d", n)), Owner: "AIDA1", Secret: seal.NewSecret(fmt.Sprint("secret ", n)), Status: "Active"}))
		}
		return err
	})
	sealed := ring.Stored(openid.Purpose).Seal(nil, []byte("private"), openid.AdditionalData("us-east-1-1", "us-east-1"))
	if _, err := db.Keys().AddSigningKey(t.Context(), openid.SigningKey{KID: "us-east-1-1", Region: "us-east-1", Created: time.Unix(1, 0), SignAfter: time.Unix(1, 0), Sealed: sealed}, openid.Room{}); err != nil {
		t.Fatal(err)
	}
	if err := db.CheckAccount(t.Context(), ring, "123456789012"); err != nil {
		t.Fatal(err)
	}
	hashes, err := db.AuditKey(t.Context(), ring)
	if err != nil {
		t.Fatal(err)
	}
	return func(ring *seal.Ring) {
		t.Helper()
		c, i := db.Cognito(ring.Stored("pool-secret")), db.IAM(ring.Stored("access-key"))
		if err := c.View(t.Context(), func(tx cognito.Tx) error {
			got, err := tx.Pool(p.IdentityPoolId)
			if err == nil && fmt.Sprint(got.SupportedLoginProviders) != fmt.Sprint(p.SupportedLoginProviders) {
				t.Errorf("the pool has %v", got.SupportedLoginProviders)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if err := i.View(t.Context(), func(tx iam.Tx) error {
			list, err := tx.AccessKeys("AIDA1")
			for n, key := range list {
				if key.Secret.Reveal() != fmt.Sprint("secret ", n) {
					t.Errorf("the secret of %s is another", key.ID)
				}
			}
			if err == nil && len(list) != keys {
				t.Errorf("%d access keys", len(list))
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		list, err := db.Keys().SigningKeys(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if plain, err := ring.Stored(openid.Purpose).Open(nil, list[0].Sealed, openid.AdditionalData("us-east-1-1", "us-east-1")); string(plain) != "private" {
			t.Errorf("the signing key is %q, %v", plain, err)
		}
		if err := db.CheckAccount(t.Context(), ring, "123456789012"); err != nil {
			t.Error(err)
		}
		if got, err := db.AuditKey(t.Context(), ring); err != nil || got.ID() != hashes.ID() {
			t.Errorf("the audit key is %v, %v, and was %s", got, err, hashes.ID())
		}
	}
}

// inBase64 finds what may be sealed in a text.
var inBase64 = regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}`)

// sealedUnder counts what is sealed under a key in all columns of all tables, whatever
// the store knows of them.
func (db *rig) sealedUnder(t *testing.T, key *seal.MasterKey) (places []string) {
	t.Helper()
	id := key.ID()
	header := append([]byte{1}, id[:]...)
	tables := map[string][]string{
		"signing_keys": {"sealed"}, "access_keys": {"sealed", "body"}, "pools": {"body"}, "seals": {"sealed"}, "master_keys": {"sealed"},
	}
	for table, columns := range tables {
		for _, column := range columns {
			if err := db.engine.View(t.Context(), func(tx *enginetest.Tx) error {
				return tx.Each(`SELECT `+column+` FROM `+table+` WHERE `+column+` IS NOT NULL`, nil, func(row engine.Stmt) error {
					value := engine.Bytes(row, 0)
					if bytes.HasPrefix(value, header) {
						places = append(places, table+"."+column)
					}
					for _, text := range inBase64.FindAll(value, -1) {
						if raw, err := base64.StdEncoding.DecodeString(string(text)); err == nil && bytes.HasPrefix(raw, header) {
							places = append(places, table+"."+column)
						}
					}
					return row.Err()
				})
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return places
}

// One master key takes the place of another: everything opens all the time, and nothing
// is left under the old one.
func testRotateMasterKey(t *testing.T, db *rig) {
	first, second, third := fixture.MasterKey(t), fixture.MasterKey(t), fixture.MasterKey(t)
	ring := unlock(t, db, first, second)
	check := sealedThings(t, db, ring)
	before := len(db.sealedUnder(t, first))
	if before < 70+2+1+2 {
		t.Errorf("%d things are sealed", before)
	}
	session := ring.Issued("session").Seal(nil, []byte("session"), nil)

	rotate := func(key *seal.MasterKey, compromised bool) error {
		return db.ReplaceMasterKey(t.Context(), store.Replacement{Key: key, Compromised: compromised})
	}
	var lack *store.LackError
	if err := rotate(third, false); !errors.As(err, &lack) {
		t.Errorf("a key that is not given: %v", err)
	}
	join(t, db)
	for range 2 {
		if err := rotate(second, false); err != nil {
			t.Fatal(err)
		}
	}
	check(ring)
	if id, _ := seal.SealedUnder(ring.Stored("x").Seal(nil, nil, nil)); id != second.ID() {
		t.Error("the old key seals on")
	}

	// Half of it, as when the process was killed.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.SealAnew(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if ring, err := db.Unlock(t.Context(), second); err != nil {
		t.Errorf("with the new key alone: %v", err)
	} else {
		check(ring)
	}
	if _, err := db.Unlock(t.Context(), first); !errors.Is(err, store.ErrOldMasterKey) || !strings.HasPrefix(err.Error(), "the master key was replaced: "+second.Fingerprint()+" took the place of "+first.Fingerprint()+" on ") {
		t.Errorf("with the old key alone: %v", err)
	}
	if _, err := db.Unlock(t.Context(), third); !errors.Is(err, store.ErrWrongMasterKey) {
		t.Errorf("with a foreign key: %v", err)
	}
	ring = unlock(t, db, first, second)
	if err := rotate(third, false); !errors.As(err, &lack) && !errors.Is(err, store.ErrRotating) {
		t.Errorf("another rotation: %v", err)
	}
	if n, err := db.SealAnew(t.Context()); err != nil || n < 70 {
		t.Errorf("%d sealed anew, %v", n, err)
	}
	check(ring)
	if places := db.sealedUnder(t, first); len(places) > 0 {
		t.Errorf("left under the old key: %q", places)
	}
	if n, err := db.SealAnew(t.Context()); err != nil || n != 0 {
		t.Errorf("%d sealed anew once more, %v", n, err)
	}
	if err := rotate(first, false); !errors.Is(err, store.ErrUsedMasterKey) {
		t.Errorf("back to the first: %v", err)
	}
	for name, keys := range map[string][]*seal.MasterKey{"the new one": {second}, "both": {first, second}, "swapped": {second, first}, "with a foreign one": {second, third}} {
		ring := unlock(t, db, keys...)
		check(ring)
		if plain, err := ring.Issued("session").Open(nil, session, nil); string(plain) != "session" {
			t.Errorf("%s: the session: %v", name, err)
		}
	}
	m, err := db.MasterKeys(t.Context(), nil, nil)
	if err != nil || m.Current != second.Fingerprint() || m.Replaced != first.Fingerprint() || m.Finished.IsZero() || m.SessionsUntil.Sub(m.At) != store.SessionsOpen {
		t.Errorf("%+v, %v", m, err)
	}

	// The next one, because the second is known to others.
	ring = unlock(t, db, second, third)
	join(t, db)
	if err := rotate(third, true); err != nil {
		t.Fatal(err)
	}
	other := second.Box("session").Seal(nil, []byte("session"), nil)
	for _, ring := range []*seal.Ring{ring, unlock(t, db, third), unlock(t, db, third, second, first)} {
		check(ring)
		if _, err := ring.Issued("session").Open(nil, other, nil); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("a session under a key that others know: %v", err)
		}
		if _, err := ring.Issued("session").Open(nil, session, nil); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("a session under the one before: %v", err)
		}
	}
	if _, err := db.SealAnew(t.Context()); err != nil {
		t.Error(err)
	}
	ring = unlock(t, db, third)
	check(ring)
	for _, key := range []*seal.MasterKey{first, second} {
		if places := db.sealedUnder(t, key); len(places) > 0 {
			t.Errorf("left under an old key: %q", places)
		}
	}
}

func join(t *testing.T, db *rig) {
	t.Helper()
	if err := db.Join(t.Context(), [16]byte{1}); err != nil {
		t.Fatal(err)
	}
}

// What is stored by somebody who does not know yet that another key seals is sealed
// with that one, or not at all.
func testSealedWithTheKeyOfTheDatabase(t *testing.T, db *rig) {
	first, second := fixture.MasterKey(t), fixture.MasterKey(t)
	ring := unlock(t, db, first, second)
	join(t, db)
	i := db.IAM(first.Box("access-key")) // which stays as it is
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddUser(newUser("Anna", "AIDA1")) })
	if err := db.ReplaceMasterKey(t.Context(), store.Replacement{Key: second}); err != nil {
		t.Fatal(err)
	}
	put := func(i *store.IAM) error {
		return i.Update(t.Context(), func(tx iam.Tx) error {
			return tx.PutAccessKey(&iam.AccessKeyEntity{ID: "AKIA1", Owner: "AIDA1", Secret: seal.NewSecret("s"), Status: "Active"})
		})
	}
	if err := put(i); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("without the key: %v", err)
	}
	old, err := seal.NewRing(seal.Keys{Seal: first, Stored: []*seal.MasterKey{second}})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(db.IAM(old.Stored("access-key"))); err != nil {
		t.Error(err)
	}
	sealed := first.Box(openid.Purpose).Seal(nil, []byte("private"), openid.AdditionalData("us-east-1-1", "us-east-1"))
	if _, err := db.Keys().AddSigningKey(t.Context(), openid.SigningKey{KID: "us-east-1-1", Region: "us-east-1", Sealed: sealed}, openid.Room{}); err != nil {
		t.Error(err)
	}
	for _, place := range db.sealedUnder(t, first) {
		if place != "master_keys.sealed" {
			t.Errorf("%s is sealed with the old key", place)
		}
	}
	_ = ring
}
