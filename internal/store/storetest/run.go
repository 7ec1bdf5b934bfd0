// Package storetest holds what is true of the store whatever engine it runs on:
// [Run] runs the tests on one of them.
package storetest

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/fixture"
)

// Run runs the tests on stores over engines that open makes, each empty but for the
// schema of the migrations, and closed when the test ends: once as they are, and
// once with all transactions run again.
func Run(t *testing.T, open func(t testing.TB, schema fs.FS) engine.Engine) {
	for _, mode := range []struct {
		name string
		opts store.Options
	}{{"Once", store.Options{}}, {"Again", store.Options{RunAgain: true}}} {
		t.Run(mode.name, func(t *testing.T) {
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					e := open(t, store.Schema())
					db, err := store.On(t.Context(), e, mode.opts)
					if err != nil {
						t.Fatal(err)
					}
					test.run(t, &rig{DB: db, engine: enginetest.DB{Engine: e}})
				})
			}
		})
	}
}

var tests = []struct {
	name string
	run  func(*testing.T, *rig)
}{
	{"RoleIsStoredWhole", testRoleIsStoredWhole},
	{"RoleCacheFollowsUpdates", testRoleCacheFollowsUpdates},
	{"IAMSchema", testIAMSchema},
	{"RolesArePagedIgnoringCase", testRolesArePagedIgnoringCase},
	{"RolePolicies", testRolePolicies},
	{"OIDCProviderIsStoredWhole", testOIDCProviderIsStoredWhole},
	{"IAMRowsOfALaterVersion", testIAMRowsOfALaterVersion},
	{"RoleReplacedWhileRead", testRoleReplacedWhileRead},
	{"SAMLProviderIsStoredWhole", testSAMLProviderIsStoredWhole},
	{"IAMIsStoredWhole", testIAMIsStoredWhole},
	{"AccessKeysAreSealed", testAccessKeysAreSealed},
	{"UserSchema", testUserSchema},
	{"UserCachesFollowUpdates", testUserCachesFollowUpdates},
	{"UsersAreListed", testUsersAreListed},
	{"Replace", testReplace},
	{"AuditKey", testAuditKey},
	{"SaltsOfDays", testSaltsOfDays},
	{"Records", testRecords},
	{"RecordsOfCreations", testRecordsOfCreations},
	{"RecordsAreTakenOver", testRecordsAreTakenOver},
	{"SaltsOfIdentities", testSaltsOfIdentities},
	{"RoomForSigningKeys", testRoomForSigningKeys},
	{"UnusedSigningKeysAreRemoved", testUnusedSigningKeysAreRemoved},
	{"UnusedSigningKeysOfOneRegion", testUnusedSigningKeysOfOneRegion},
	{"SigningKeysSignLater", testSigningKeysSignLater},
	{"SigningKeysAreReplaced", testSigningKeysAreReplaced},
	{"Notices", testNotices},
	{"PoolIsStoredWholeAndSeenAtOnce", testPoolIsStoredWholeAndSeenAtOnce},
	{"ProviderSecretIsSealed", testProviderSecretIsSealed},
	{"PoolsAreListedByRegionInOrder", testPoolsAreListedByRegionInOrder},
	{"IdentityByLogin", testIdentityByLogin},
	{"SchemaHoldsTheInvariant", testSchemaHoldsTheInvariant},
	{"LoginsMoveBetweenIdentities", testLoginsMoveBetweenIdentities},
	{"IdentitiesArePagedInOrder", testIdentitiesArePagedInOrder},
	{"RunSweeps", testRunSweeps},
	{"Unlock", testUnlock},
	{"RotateMasterKey", testRotateMasterKey},
	{"SealedWithTheKeyOfTheDatabase", testSealedWithTheKeyOfTheDatabase},
	{"CheckAccount", testCheckAccount},
	{"AddIdentities", testAddIdentities},
	{"Create", testCreate},
	{"StoresAgain", testStoresAgain},
	{"OneIdentityForALogin", testOneIdentityForALogin},
	{"Close", testClose},
}

// rig is a store, and the engine below it for what the store does not show.
type rig struct {
	*store.DB
	engine enginetest.DB
}

func (db *rig) isUnique(err error) bool { return db.engine.ErrorKind(err) == engine.Unique }

func (db *rig) isForeignKey(err error) bool { return db.engine.ErrorKind(err) == engine.ForeignKey }

// exec changes what is stored behind the store's back.
func (db *rig) exec(t *testing.T, text string, values ...any) {
	t.Helper()
	if err := db.engine.Update(t.Context(), func(tx *enginetest.Tx) error {
		_, err := tx.Exec(text, values...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// read reads the first row of a query.
func (db *rig) read(t *testing.T, text string, dest ...any) {
	t.Helper()
	err := db.engine.View(t.Context(), func(tx *enginetest.Tx) error {
		found, err := tx.One(text, nil, dest...)
		if err == nil && !found {
			err = errors.New("no row")
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// count counts the rows of a table.
func (db *rig) count(t *testing.T, table string) (n int) {
	t.Helper()
	db.read(t, `SELECT COUNT(*) FROM `+table, &n)
	return n
}

func (db *rig) cognito(t *testing.T) *store.Cognito {
	return db.Cognito(fixture.MasterKey(t).Box("pool-secret"))
}

// testBox seals with a key that is the same in every test.
func testBox(t testing.TB) *seal.Box {
	t.Helper()
	key, err := seal.Generate(strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	return key.Box("access-key")
}
