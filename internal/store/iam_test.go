package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

// openReal opens a new database with the schema of daypass.
func openReal(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
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

// sameRole compares roles by what is stored.
var sameRole = cmpopts.IgnoreUnexported(iam.RoleEntity{})

func newRole(name, id string) *iam.RoleEntity {
	longest := iam.RoleMaxSessionDurationType(7200)
	return &iam.RoleEntity{Account: "111122223333", Role: iam.Role{
		Path: "/x/", RoleName: iam.RoleNameType(name), RoleId: iam.IdType(id),
		Arn: iam.ArnType("arn:aws:iam::111122223333:role/x/" + name), CreateDate: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		AssumeRolePolicyDocument: "{\"Version\": \"2012-10-17\",\n\t\"é\": \"<&>\"}", Description: "…",
		MaxSessionDuration: &longest, Tags: iam.TagListType{{Key: "env", Value: ""}},
	}}
}

func viewIAM[T any](t *testing.T, i *IAM, get func(iam.Tx) (T, error)) (v T) {
	t.Helper()
	err := i.View(t.Context(), func(tx iam.Tx) (err error) {
		v, err = get(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func updateIAM(t *testing.T, i *IAM, change func(iam.Tx) error) {
	t.Helper()
	if err := i.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

// role is the role of a name, nil if there is none.
func role(name iam.RoleNameType) func(iam.Tx) (*iam.RoleEntity, error) {
	return func(tx iam.Tx) (*iam.RoleEntity, error) {
		r, _, err := tx.Role("111122223333", name)
		return r, err
	}
}

func TestRoleIsStoredWhole(t *testing.T) {
	db := openReal(t)
	want := newRole("AppAuth", "AROA1")
	updateIAM(t, db.IAM(testBox(t)), func(tx iam.Tx) error { return tx.AddRole(want) })
	// Another IAM has not read anything yet.
	if diff := cmp.Diff(want, viewIAM(t, db.IAM(testBox(t)), role("APPAUTH")), sameRole); diff != "" {
		t.Error(diff)
	}
	bare := &iam.RoleEntity{Account: "111122223333", Role: iam.Role{RoleName: "Bare", RoleId: "AROA2", CreateDate: want.CreateDate}}
	updateIAM(t, db.IAM(testBox(t)), func(tx iam.Tx) error { return tx.AddRole(bare) })
	if diff := cmp.Diff(bare, viewIAM(t, db.IAM(testBox(t)), role("bare")), sameRole); diff != "" {
		t.Error(diff)
	}
}

// An update sees its own changes; others see them when it is over.
func TestRoleCacheFollowsUpdates(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddRole(newRole("AppAuth", "AROA1")) })
	first := viewIAM(t, i, role("AppAuth"))
	if again := viewIAM(t, i, role("appauth")); again != first {
		t.Error("a role that did not change is read again")
	}
	updateIAM(t, i, func(tx iam.Tx) error {
		if err := tx.DeleteRole(first); err != nil {
			return err
		}
		if r, ok, err := tx.Role(first.Account, "AppAuth"); r != nil || ok || err != nil {
			t.Errorf("inside of the update: %v, %v, %v", r, ok, err)
		}
		if r := viewIAM(t, i, role("AppAuth")); r != first {
			t.Errorf("outside of the update: %v", r)
		}
		return nil
	})
	if r := viewIAM(t, i, role("AppAuth")); r != nil {
		t.Errorf("after the update: %v", r)
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddRole(newRole("appAUTH", "AROA2")) })
	if r := viewIAM(t, i, role("AppAuth")); r == nil || r.RoleId != "AROA2" {
		t.Errorf("the successor: %v", r)
	}
}

// The schema holds what the service relies on.
func TestIAMSchema(t *testing.T) {
	db := openReal(t)
	i := db.IAM(testBox(t))
	r := newRole("AppAuth", "AROA1")
	updateIAM(t, i, func(tx iam.Tx) error {
		if err := tx.AddRole(r); err != nil {
			return err
		}
		return tx.PutInlinePolicy("AROA1", "p", "{}", 2)
	})
	tests := []struct {
		name   string
		change func(iam.Tx) error
		is     func(error) bool
	}{
		{"a name in other case", func(tx iam.Tx) error { return tx.AddRole(newRole("APPAUTH", "AROA2")) }, isUnique},
		{"a unique ID again", func(tx iam.Tx) error { return tx.AddRole(newRole("Other", "AROA1")) }, isUnique},
		{"a policy of no role", func(tx iam.Tx) error { return tx.PutInlinePolicy("AROA9", "p", "{}", 2) }, isForeignKey},
		{"a role with policies deleted", func(tx iam.Tx) error { return tx.DeleteRole(r) }, isForeignKey},
	}
	for _, test := range tests {
		if err := i.Update(t.Context(), test.change); !test.is(errors.Unwrap(err)) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if got := viewIAM(t, i, role("AppAuth")); got == nil || got.RoleId != "AROA1" {
		t.Errorf("the role afterwards: %v", got)
	}
}

func TestRolesArePagedIgnoringCase(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
	updateIAM(t, i, func(tx iam.Tx) error {
		for n, name := range []string{"b", "A", "c-1", "C_2", "c.3"} {
			r := newRole(name, "AROA"+strings.Repeat("1", n+1))
			if n%2 == 1 {
				r.Path = "/y/"
			}
			if err := tx.AddRole(r); err != nil {
				return err
			}
		}
		other := newRole("a", "AROA9")
		other.Account = "999988887777"
		return tx.AddRole(other)
	})
	tests := []struct {
		prefix string
		after  iam.RoleNameType
		limit  int
		want   []iam.RoleNameType
	}{
		{"", "", 10, []iam.RoleNameType{"A", "b", "c-1", "c.3", "C_2"}},
		{"/", "", 2, []iam.RoleNameType{"A", "b"}},
		{"", "B", 2, []iam.RoleNameType{"c-1", "c.3"}},
		{"", "c.3", 2, []iam.RoleNameType{"C_2"}},
		{"", "C_2", 2, nil},
		{"/y", "", 10, []iam.RoleNameType{"A", "C_2"}},
		{"/y/", "a", 10, []iam.RoleNameType{"C_2"}},
		{"/Y", "", 10, nil},
		{"/_/", "", 10, nil},
		{"/%", "", 10, nil},
	}
	for _, test := range tests {
		got := viewIAM(t, i, func(tx iam.Tx) ([]iam.RoleNameType, error) {
			roles, err := tx.Roles("111122223333", test.prefix, test.after, test.limit)
			var names []iam.RoleNameType
			for _, r := range roles {
				names = append(names, r.RoleName)
			}
			return names, err
		})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("Roles(%q, %q, %d): %s", test.prefix, test.after, test.limit, diff)
		}
	}
	if n := viewIAM(t, i, func(tx iam.Tx) (int, error) { return tx.CountRoles("111122223333") }); n != 5 {
		t.Errorf("%d roles", n)
	}
}

func TestRolePolicies(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
	const document = "{\n\t\"é\": \"<&>\"\r\n}"
	updateIAM(t, i, func(tx iam.Tx) error {
		err := errors.Join(tx.AddRole(newRole("AppAuth", "AROA1")), tx.AddRole(newRole("Other", "AROA2")))
		for n, name := range []iam.PolicyNameType{"b", "B", "a-1", "a_2"} {
			err = errors.Join(err, tx.PutInlinePolicy("AROA1", name, document, 10*n))
		}
		return errors.Join(err, tx.PutInlinePolicy("AROA2", "c", "{}", 1000))
	})
	size := func(except iam.PolicyNameType) int {
		return viewIAM(t, i, func(tx iam.Tx) (int, error) { return tx.InlinePoliciesSize("AROA1", except) })
	}
	if got := [3]int{size(""), size("a_2"), size("c")}; got != [3]int{60, 30, 60} {
		t.Errorf("sizes %v", got)
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.PutInlinePolicy("AROA1", "a_2", "{}", 2) })
	if got := size(""); got != 32 {
		t.Errorf("size %d after a policy was replaced", got)
	}
	names := viewIAM(t, i, func(tx iam.Tx) ([]iam.PolicyNameType, error) { return tx.InlinePolicyNames("AROA1", "B", 2) })
	if diff := cmp.Diff([]iam.PolicyNameType{"a-1", "a_2"}, names); diff != "" {
		t.Error(diff)
	}
	got := viewIAM(t, i, func(tx iam.Tx) (iam.PolicyDocumentType, error) {
		d, _, err := tx.InlinePolicy("AROA1", "b")
		return d, err
	})
	if got != document {
		t.Errorf("document %q", got)
	}
	for _, want := range []bool{true, false} {
		updateIAM(t, i, func(tx iam.Tx) error {
			was, err := tx.DeleteInlinePolicy("AROA1", "b")
			if was != want {
				t.Errorf("deleted %v, want %v", was, want)
			}
			return err
		})
	}
	if _, ok, err := getPolicy(t, i, "b"); ok || err != nil {
		t.Errorf("a deleted policy: %v, %v", ok, err)
	}
}

func getPolicy(t *testing.T, i *IAM, name iam.PolicyNameType) (d iam.PolicyDocumentType, ok bool, err error) {
	t.Helper()
	err = i.View(t.Context(), func(tx iam.Tx) error {
		d, ok, err = tx.InlinePolicy("AROA1", name)
		return err
	})
	return d, ok, err
}

func TestOIDCProviderIsStoredWhole(t *testing.T) {
	db := openReal(t)
	i := db.IAM(testBox(t))
	want := &iam.OIDCProvider{
		Account: "111122223333", ARN: "arn:aws:iam::111122223333:oidc-provider/oidc.example.com", URL: "https://oidc.example.com/",
		ClientIDs: iam.ClientIDListType{"b", "a"}, Thumbprints: iam.ThumbprintListType{"00"}, Tags: iam.TagListType{{Key: "env"}},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	get := func(i *IAM) *iam.OIDCProvider {
		return viewIAM(t, i, func(tx iam.Tx) (*iam.OIDCProvider, error) {
			p, _, err := tx.OIDCProvider(want.ARN)
			return p, err
		})
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddOIDCProvider(want) })
	if diff := cmp.Diff(want, get(db.IAM(testBox(t)))); diff != "" {
		t.Error(diff)
	}
	if first, again := get(i), get(i); first != again {
		t.Error("a provider that did not change is read again")
	}
	list := viewIAM(t, i, func(tx iam.Tx) ([]iam.ArnType, error) { return tx.OIDCProviders("111122223333") })
	if diff := cmp.Diff([]iam.ArnType{want.ARN}, list); diff != "" {
		t.Error(diff)
	}
	for _, was := range []bool{true, false} {
		updateIAM(t, i, func(tx iam.Tx) error {
			got, err := tx.DeleteOIDCProvider(want.ARN)
			if got != was {
				t.Errorf("deleted %v, want %v", got, was)
			}
			return err
		})
	}
	if p := get(i); p != nil {
		t.Errorf("a deleted provider: %v", p)
	}
}

// A later version may write more into a row than this one knows.
func TestIAMRowsOfALaterVersion(t *testing.T) {
	db := openReal(t)
	err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO roles (account, name_key, id, path, body) VALUES ($1, $2, $3, $4, $5)`,
			"111122223333", "later", "AROA1", "/", `{"RoleName":"Later","Unheard":{"Of":1}}`)
		if err != nil {
			return err
		}
		_, err = tx.exec(`INSERT INTO roles (account, name_key, id, path, body) VALUES ($1, $2, $3, $4, $5)`,
			"111122223333", "damaged", "AROA2", "/", `{"RoleName":`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := viewIAM(t, db.IAM(testBox(t)), role("Later")); r == nil || r.RoleName != "Later" {
		t.Errorf("role %v", r)
	}
	err = db.IAM(testBox(t)).View(t.Context(), func(tx iam.Tx) error {
		_, _, err := tx.Role("111122223333", "damaged")
		return err
	})
	if err == nil || !strings.HasPrefix(err.Error(), "store: role: ") {
		t.Errorf("a damaged row: %v", err)
	}
}

// Whoever reads a role while it is replaced sees the one or the other, whole.
func TestRoleReplacedWhileRead(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddRole(newRole("AppAuth", "AROA1")) })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				r, err := (*iam.RoleEntity)(nil), error(nil)
				err = i.View(t.Context(), func(tx iam.Tx) error {
					r, _, err = tx.Role("111122223333", "AppAuth")
					return err
				})
				if err != nil || r == nil || r.RoleName != "AppAuth" {
					t.Errorf("%v, %v", r, err)
					return
				}
			}
		})
	}
	for n := range 20 {
		updateIAM(t, i, func(tx iam.Tx) error {
			was, _, err := tx.Role("111122223333", "AppAuth")
			if err != nil {
				return err
			}
			if err := tx.DeleteRole(was); err != nil {
				return err
			}
			return tx.AddRole(newRole("AppAuth", "AROA"+strings.Repeat("2", n+1)))
		})
	}
	wg.Wait()
	if r := viewIAM(t, i, role("AppAuth")); r == nil || r.RoleId != iam.IdType("AROA"+strings.Repeat("2", 20)) {
		t.Errorf("role %v", r)
	}
}

func TestSAMLProviderIsStoredWhole(t *testing.T) {
	db := openReal(t)
	i := db.IAM(testBox(t))
	want := &iam.SAMLProvider{
		Account: "111122223333", ARN: "arn:aws:iam::111122223333:saml-provider/idp", UUID: "ABC",
		Document: "<?xml version=\"1.0\"?>\r\n\t<a>é &lt;</a>\n", Tags: iam.TagListType{{Key: "env"}},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC),
	}
	unexported := cmpopts.IgnoreUnexported(iam.SAMLProvider{})
	get := func(i *IAM) *iam.SAMLProvider {
		return viewIAM(t, i, func(tx iam.Tx) (*iam.SAMLProvider, error) {
			p, _, err := tx.SAMLProvider(want.ARN)
			return p, err
		})
	}
	list := func() []iam.SAMLProviderListEntry {
		return viewIAM(t, i, func(tx iam.Tx) ([]iam.SAMLProviderListEntry, error) { return tx.SAMLProviders("111122223333") })
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.PutSAMLProvider(want) })
	if diff := cmp.Diff(want, get(db.IAM(testBox(t))), unexported); diff != "" {
		t.Error(diff)
	}
	first := get(i)
	if first != get(i) {
		t.Error("a provider that did not change is read again")
	}
	changed := &iam.SAMLProvider{
		Account: want.Account, ARN: want.ARN, UUID: want.UUID, Document: samlMetadata(t, ` validUntil="2027-01-01T00:00:00Z"`),
		Created: want.Created,
	}
	other := &iam.SAMLProvider{Account: "111122223333", ARN: "arn:aws:iam::111122223333:saml-provider/IDP", Created: want.Created, Document: "<b/>"}
	foreign := &iam.SAMLProvider{Account: "999988887777", ARN: "arn:aws:iam::999988887777:saml-provider/idp"}
	updateIAM(t, i, func(tx iam.Tx) error {
		return errors.Join(tx.PutSAMLProvider(changed), tx.PutSAMLProvider(other), tx.PutSAMLProvider(foreign))
	})
	if diff := cmp.Diff(changed, get(i), unexported); diff != "" {
		t.Error(diff)
	}
	all := []iam.SAMLProviderListEntry{
		{Arn: other.ARN, ValidUntil: time.Date(2126, 1, 2, 3, 4, 5, 678_000_000, time.UTC), CreateDate: want.Created},
		{Arn: want.ARN, ValidUntil: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), CreateDate: want.Created},
	}
	if diff := cmp.Diff(all, list()); diff != "" {
		t.Error(diff)
	}
	// As an earlier daypass has left them, which took the end of certificates.
	updateIAM(t, i, func(tx iam.Tx) error {
		_, err := tx.(*iamTx).tx.exec(`UPDATE saml_providers SET valid_until = -1`)
		return err
	})
	if diff := cmp.Diff(all, list()); diff != "" {
		t.Error(diff)
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.DeleteSAMLProvider(want.ARN) })
	if p := get(i); p != nil {
		t.Errorf("a deleted provider: %v", p)
	}
	if diff := cmp.Diff(all[:1], list()); diff != "" {
		t.Error(diff)
	}
}

// samlMetadata is metadata with a signing certificate that is expired.
func samlMetadata(t *testing.T, attributes string) iam.SAMLMetadataDocumentType {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return iam.SAMLMetadataDocumentType(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com"` + attributes + `>` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
		`<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor></IDPSSODescriptor>` +
		strings.Repeat(" ", 1000) + `</EntityDescriptor>`)
}
