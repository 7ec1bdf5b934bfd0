package storetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
)

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

func viewIAM[T any](t *testing.T, i *store.IAM, get func(iam.Tx) (T, error)) (v T) {
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

func updateIAM(t *testing.T, i *store.IAM, change func(iam.Tx) error) {
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

func testRoleIsStoredWhole(t *testing.T, db *rig) {
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
func testRoleCacheFollowsUpdates(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddRole(newRole("AppAuth", "AROA1")) })
	viewIAM(t, i, role("AppAuth")) // where others change it too, the next one hears of the change
	viewIAM(t, i, role("AppAuth"))
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
func testIAMSchema(t *testing.T, db *rig) {
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
		{"a name in other case", func(tx iam.Tx) error { return tx.AddRole(newRole("APPAUTH", "AROA2")) }, db.isUnique},
		{"a unique ID again", func(tx iam.Tx) error { return tx.AddRole(newRole("Other", "AROA1")) }, db.isUnique},
		{"a policy of no role", func(tx iam.Tx) error { return tx.PutInlinePolicy("AROA9", "p", "{}", 2) }, db.isForeignKey},
		{"a role with policies deleted", func(tx iam.Tx) error { return tx.DeleteRole(r) }, db.isForeignKey},
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

func testRolesArePagedIgnoringCase(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
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

func testRolePolicies(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
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

func getPolicy(t *testing.T, i *store.IAM, name iam.PolicyNameType) (d iam.PolicyDocumentType, ok bool, err error) {
	t.Helper()
	err = i.View(t.Context(), func(tx iam.Tx) error {
		d, ok, err = tx.InlinePolicy("AROA1", name)
		return err
	})
	return d, ok, err
}

func testOIDCProviderIsStoredWhole(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	want := &iam.OIDCProvider{
		Account: "111122223333", ARN: "arn:aws:iam::111122223333:oidc-provider/oidc.example.com", URL: "https://oidc.example.com/",
		ClientIDs: iam.ClientIDListType{"b", "a"}, Thumbprints: iam.ThumbprintListType{"00"}, Tags: iam.TagListType{{Key: "env"}},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	get := func(i *store.IAM) *iam.OIDCProvider {
		return viewIAM(t, i, func(tx iam.Tx) (*iam.OIDCProvider, error) {
			p, _, err := tx.OIDCProvider(want.ARN)
			return p, err
		})
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.AddOIDCProvider(want) })
	if diff := cmp.Diff(want, get(db.IAM(testBox(t)))); diff != "" {
		t.Error(diff)
	}
	get(i)
	get(i)
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
func testIAMRowsOfALaterVersion(t *testing.T, db *rig) {
	const insert = `INSERT INTO roles (account, name_key, id, path, body) VALUES ($1, $2, $3, $4, $5)`
	db.exec(t, insert, "111122223333", "later", "AROA1", "/", `{"RoleName":"Later","Unheard":{"Of":1}}`)
	db.exec(t, insert, "111122223333", "damaged", "AROA2", "/", `{"RoleName":`)
	if r := viewIAM(t, db.IAM(testBox(t)), role("Later")); r == nil || r.RoleName != "Later" {
		t.Errorf("role %v", r)
	}
	err := db.IAM(testBox(t)).View(t.Context(), func(tx iam.Tx) error {
		_, _, err := tx.Role("111122223333", "damaged")
		return err
	})
	if err == nil || !strings.HasPrefix(err.Error(), "store: role: ") {
		t.Errorf("a damaged row: %v", err)
	}
}

// Whoever reads a role while it is replaced sees the one or the other, whole.
func testRoleReplacedWhileRead(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
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

func testSAMLProviderIsStoredWhole(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	want := &iam.SAMLProvider{
		Account: "111122223333", ARN: "arn:aws:iam::111122223333:saml-provider/idp", UUID: "ABC",
		Document: "<?xml version=\"1.0\"?>\r\n\t<a>é &lt;</a>\n", Tags: iam.TagListType{{Key: "env"}},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC),
	}
	unexported := cmpopts.IgnoreUnexported(iam.SAMLProvider{})
	get := func(i *store.IAM) *iam.SAMLProvider {
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
	get(i)
	get(i)
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
	db.exec(t, `UPDATE saml_providers SET valid_until = -1`)
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

var made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newUser(name, id string) *iam.UserEntity {
	return &iam.UserEntity{Account: "111122223333", User: iam.User{
		Path: "/x/", UserName: iam.UserNameType(name), UserId: iam.IdType(id), Arn: iam.ArnType("arn:aws:iam::111122223333:user/x/" + name), CreateDate: made,
		PermissionsBoundary: &iam.AttachedPermissionsBoundary{PermissionsBoundaryArn: "arn:aws:iam::aws:policy/ReadOnlyAccess"}, Tags: iam.TagListType{{Key: "env", Value: ""}},
	}}
}

func newManaged(name, id string) *iam.PolicyEntity {
	return &iam.PolicyEntity{Account: "111122223333", Latest: 3, Policy: iam.Policy{
		PolicyName: iam.PolicyNameType(name), PolicyId: iam.IdType(id), Arn: iam.ArnType("arn:aws:iam::111122223333:policy/x/" + name), Path: "/x/",
		DefaultVersionId: "v2", IsAttachable: true, Description: "<é>", CreateDate: made, UpdateDate: made.Add(time.Hour), Tags: iam.TagListType{{Key: "a", Value: "b"}},
	}}
}

func newKey(id, owner string) *iam.AccessKeyEntity {
	return &iam.AccessKeyEntity{
		ID: iam.AccessKeyIdType(id), Owner: iam.IdType(owner), Secret: seal.NewSecret("secret/of/" + id), Status: "Active", Created: made,
		LastUse: iam.KeyUse{At: made.Add(time.Minute), Service: "iam", Region: "eu-west-1"},
	}
}

var sameSecret = cmp.Comparer(func(a, b seal.Secret) bool { return a.Reveal() == b.Reveal() })

// get makes a getter of a Tx into one that is nil for what is not there.
func get[K, V any](key K, find func(iam.Tx, K) (*V, bool, error)) func(iam.Tx) (*V, error) {
	return func(tx iam.Tx) (*V, error) {
		v, ok, err := find(tx, key)
		if !ok {
			v = nil
		}
		return v, err
	}
}

func userNamed(name iam.UserNameType) func(iam.Tx) (*iam.UserEntity, error) {
	return get(name, func(tx iam.Tx, name iam.UserNameType) (*iam.UserEntity, bool, error) {
		return tx.User("111122223333", name)
	})
}

func testIAMIsStoredWhole(t *testing.T, db *rig) {
	user, key, managed := newUser("Anna", "AIDA1"), newKey("AKIA1", "AIDA1"), newManaged("Read", "ANPA1")
	version := &iam.PolicyVersionEntity{Number: 2, Document: "{\"Version\": \"2012-10-17\",\n\t\"é\": \"<&>\"}", Created: made}
	updateIAM(t, db.IAM(testBox(t)), func(tx iam.Tx) error {
		return errors.Join(tx.AddUser(user), tx.PutAccessKey(key), tx.PutPolicy(managed), tx.AddPolicyVersion("ANPA1", version),
			tx.PutInlinePolicy("AIDA1", "b", "{2}", 3), tx.PutInlinePolicy("AIDA1", "a", "{1}", 3),
			tx.UsePolicy("111122223333", "AIDA1", managed.Arn, iam.PermissionsPolicy), tx.UsePolicy("111122223333", "AIDA1", "arn:b", iam.PermissionsBoundary))
	})
	// Another IAM has not read anything yet.
	i := db.IAM(testBox(t))
	for _, find := range []func(iam.Tx) (*iam.UserEntity, error){
		userNamed("aNNA"), get(iam.IdType("AIDA1"), iam.Tx.UserByID),
	} {
		if diff := cmp.Diff(user, viewIAM(t, i, find)); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(key, viewIAM(t, i, get(key.ID, iam.Tx.AccessKey)), sameSecret); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(managed, viewIAM(t, i, get(managed.Arn, iam.Tx.Policy))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(version, viewIAM(t, i, get(2, func(tx iam.Tx, n int) (*iam.PolicyVersionEntity, bool, error) { return tx.PolicyVersion("ANPA1", n) }))); diff != "" {
		t.Error(diff)
	}
	held := viewIAM(t, i, func(tx iam.Tx) (*iam.Permissions, error) { return tx.Permissions("AIDA1") })
	if diff := cmp.Diff(&iam.Permissions{Inline: []iam.PolicyDocumentType{"{1}", "{2}"}, Attached: []iam.ArnType{managed.Arn}, Boundary: "arn:b"}, held); diff != "" {
		t.Error(diff)
	}
}

// Secrets of access keys are not in the database, and are worth nothing under another
// key or another ID.
func testAccessKeysAreSealed(t *testing.T, db *rig) {
	key := newKey("AKIA1", "AIDA1")
	updateIAM(t, db.IAM(testBox(t)), func(tx iam.Tx) error { return errors.Join(tx.AddUser(newUser("Anna", "AIDA1")), tx.PutAccessKey(key)) })
	var sealed []byte
	var body string
	db.read(t, `SELECT sealed, body FROM access_keys`, &sealed, &body)
	if len(sealed) == 0 || strings.Contains(string(sealed)+body, key.Secret.Reveal()) {
		t.Errorf("the row has the secret: %q, %q", sealed, body)
	}
	find := func(box *seal.Box, id iam.AccessKeyIdType) error {
		return db.IAM(box).View(t.Context(), func(tx iam.Tx) error {
			_, ok, err := tx.AccessKey(id)
			if ok == (err != nil) {
				t.Errorf("%s: %v with %v", id, ok, err)
			}
			return err
		})
	}
	if err := find(testBox(t), "AKIA1"); err != nil {
		t.Error(err)
	}
	if err := find(fixture.MasterKey(t).Box("access-key"), "AKIA1"); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("under another master key: %v", err)
	}
	db.exec(t, `INSERT INTO access_keys (id, owner, sealed, body) SELECT 'AKIA2', owner, sealed, body FROM access_keys`)
	if err := find(testBox(t), "AKIA2"); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("under another ID: %v", err)
	}
}

// The schema holds what the service relies on.
func testUserSchema(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	anna := newUser("Anna", "AIDA1")
	managed := newManaged("Read", "ANPA1")
	updateIAM(t, i, func(tx iam.Tx) error {
		return errors.Join(tx.AddUser(anna), tx.AddUser(newUser("Berta", "AIDA2")), tx.PutInlinePolicy("AIDA1", "p", "{}", 2), tx.PutAccessKey(newKey("AKIA2", "AIDA2")),
			tx.PutPolicy(managed), tx.AddPolicyVersion("ANPA1", &iam.PolicyVersionEntity{Number: 1, Document: "{}"}))
	})
	sameName := newManaged("rEAD", "ANPA2")
	sameName.Path, sameName.Arn = "/y/", "arn:aws:iam::111122223333:policy/y/rEAD"
	for _, test := range []struct {
		name   string
		change func(iam.Tx) error
		is     func(error) bool
	}{
		{"a user's name in other case", func(tx iam.Tx) error { return tx.AddUser(newUser("ANNA", "AIDA3")) }, db.isUnique},
		{"a user's unique ID again", func(tx iam.Tx) error { return tx.AddUser(newUser("Clara", "AIDA1")) }, db.isUnique},
		{"a user's new name that is taken", func(tx iam.Tx) error { return tx.ReplaceUser(anna, newUser("bERTA", "AIDA1")) }, db.isUnique},
		{"a policy's name in other case at another path", func(tx iam.Tx) error { return tx.PutPolicy(sameName) }, db.isUnique},
		{"a policy of no user", func(tx iam.Tx) error { return tx.PutInlinePolicy("AIDA9", "p", "{}", 2) }, db.isForeignKey},
		{"a key of no user", func(tx iam.Tx) error { return tx.PutAccessKey(newKey("AKIA9", "AIDA9")) }, db.isForeignKey},
		{"a version of no policy", func(tx iam.Tx) error { return tx.AddPolicyVersion("ANPA9", &iam.PolicyVersionEntity{Number: 1}) }, db.isForeignKey},
		{"a version again", func(tx iam.Tx) error { return tx.AddPolicyVersion("ANPA1", &iam.PolicyVersionEntity{Number: 1}) }, db.isUnique},
		{"a user with policies deleted", func(tx iam.Tx) error { return tx.DeleteUser(anna) }, db.isForeignKey},
		{"a user with keys deleted", func(tx iam.Tx) error { return tx.DeleteUser(newUser("Berta", "AIDA2")) }, db.isForeignKey},
	} {
		if err := i.Update(t.Context(), test.change); !test.is(errors.Unwrap(err)) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.DeletePolicy(managed) })
}

// What requests read from memory is what the last update has left.
func testUserCachesFollowUpdates(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	anna, key, managed := newUser("Anna", "AIDA1"), newKey("AKIA1", "AIDA1"), newManaged("Read", "ANPA1")
	updateIAM(t, i, func(tx iam.Tx) error {
		return errors.Join(tx.AddUser(anna), tx.PutAccessKey(key), tx.PutPolicy(managed), tx.AddPolicyVersion("ANPA1", &iam.PolicyVersionEntity{Number: 1, Document: "{1}"}))
	})
	type state struct {
		User     iam.UserNameType
		Status   iam.StatusType
		Default  iam.PolicyVersionIdType
		Document iam.PolicyDocumentType
		Held     string
	}
	see := func() (s state) {
		t.Helper()
		err := i.View(t.Context(), func(tx iam.Tx) error {
			user, there, err := tx.UserByID("AIDA1")
			if there {
				s.User = user.UserName
			}
			k, there, err2 := tx.AccessKey("AKIA1")
			if there {
				s.Status = k.Status
			}
			p, there, err3 := tx.Policy(managed.Arn)
			if there {
				s.Default = p.DefaultVersionId
			}
			v, there, err4 := tx.PolicyVersion("ANPA1", 1)
			if there {
				s.Document = v.Document
			}
			held, err5 := tx.Permissions("AIDA1")
			if held != nil {
				s.Held = strings.Join([]string{strings.Join(plain(held.Inline), ","), strings.Join(plain(held.Attached), ","), string(held.Boundary)}, " ")
			}
			return errors.Join(err, err2, err3, err4, err5)
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := state{"Anna", "Active", "v2", "{1}", "  "}
	step := func(change func(iam.Tx) error) {
		t.Helper()
		see() // so that it is in memory
		updateIAM(t, i, change)
		if diff := cmp.Diff(want, see()); diff != "" {
			t.Error(diff)
		}
	}
	step(func(iam.Tx) error { return nil })
	want.User = "Berta"
	step(func(tx iam.Tx) error { return tx.ReplaceUser(anna, newUser("Berta", "AIDA1")) })
	want.Status = "Inactive"
	step(func(tx iam.Tx) error {
		inactive := *key
		inactive.Status = "Inactive"
		return tx.PutAccessKey(&inactive)
	})
	want.Default = "v1"
	step(func(tx iam.Tx) error {
		changed := *managed
		changed.DefaultVersionId = "v1"
		return tx.PutPolicy(&changed)
	})
	want.Held = "{}  "
	step(func(tx iam.Tx) error { return tx.PutInlinePolicy("AIDA1", "p", "{}", 2) })
	want.Held = "{},[]  "
	step(func(tx iam.Tx) error { return tx.PutInlinePolicy("AIDA1", "q", "[]", 2) })
	want.Held = "{}  "
	step(func(tx iam.Tx) error { _, err := tx.DeleteInlinePolicy("AIDA1", "q"); return err })
	want.Held = "{} arn:p "
	step(func(tx iam.Tx) error { return tx.UsePolicy("111122223333", "AIDA1", "arn:p", iam.PermissionsPolicy) })
	want.Held = "{} arn:p arn:p"
	step(func(tx iam.Tx) error { return tx.UsePolicy("111122223333", "AIDA1", "arn:p", iam.PermissionsBoundary) })
	want.Held = " arn:p arn:p"
	step(func(tx iam.Tx) error { _, err := tx.DeleteInlinePolicy("AIDA1", "p"); return err })
	want.Held = " arn:p "
	step(func(tx iam.Tx) error { _, err := tx.DropPolicy("AIDA1", "arn:p", iam.PermissionsBoundary); return err })
	want.Held = "  "
	step(func(tx iam.Tx) error { _, err := tx.DropPolicy("AIDA1", "arn:p", iam.PermissionsPolicy); return err })
	want.Document = ""
	step(func(tx iam.Tx) error { return tx.DeletePolicyVersion("ANPA1", 1) })
	want.Default = ""
	step(func(tx iam.Tx) error { return tx.DeletePolicy(managed) })
	want.Status = ""
	step(func(tx iam.Tx) error { return tx.DeleteAccessKey("AKIA1") })
	want.User = ""
	step(func(tx iam.Tx) error { return tx.DeleteUser(anna) })
}

func plain[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return texts
}

func testUsersAreListed(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	updateIAM(t, i, func(tx iam.Tx) error {
		for n, name := range []string{"b", "A", "c-1", "C_2", "c.3"} {
			if err := tx.AddUser(newUser(name, "AIDA"+strings.Repeat("1", n+1))); err != nil {
				return err
			}
		}
		other := newUser("a", "AIDA9")
		other.Account = "999988887777"
		return tx.AddUser(other)
	})
	for _, test := range []struct {
		prefix string
		after  iam.UserNameType
		limit  int
		want   string
	}{
		{"", "", 10, "A b c-1 c.3 C_2"},
		{"/x", "B", 2, "c-1 c.3"},
		{"/x/y", "", 10, ""},
		{"/%", "", 10, ""},
	} {
		got := viewIAM(t, i, func(tx iam.Tx) (string, error) {
			users, err := tx.Users("111122223333", test.prefix, test.after, test.limit)
			var names []string
			for _, u := range users {
				names = append(names, string(u.UserName))
			}
			return strings.Join(names, " "), err
		})
		if got != test.want {
			t.Errorf("Users(%q, %q, %d): %s, want %s", test.prefix, test.after, test.limit, got, test.want)
		}
	}
	keys := []string{"AKIA3", "AKIA1", "AKIA2"}
	updateIAM(t, i, func(tx iam.Tx) (err error) {
		for _, id := range keys {
			err = errors.Join(err, tx.PutAccessKey(newKey(id, "AIDA1")))
		}
		return errors.Join(err, tx.PutAccessKey(newKey("AKIA4", "AIDA11")))
	})
	slices.Sort(keys)
	listed := viewIAM(t, i, func(tx iam.Tx) (ids []string, err error) {
		list, err := tx.AccessKeys("AIDA1")
		for _, k := range list {
			ids = append(ids, string(k.ID))
		}
		return ids, err
	})
	if diff := cmp.Diff(keys, listed); diff != "" {
		t.Error(diff)
	}
}

// What takes the place of another is seen whole after the update, and others of
// its kind stay as they are.
func testReplace(t *testing.T, db *rig) {
	i := db.IAM(testBox(t))
	other := newRole("Other", "AROA2")
	provider := &iam.OIDCProvider{Account: "111122223333", ARN: "a", URL: "https://a.example", ClientIDs: iam.ClientIDListType{"x", "y"}}
	updateIAM(t, i, func(tx iam.Tx) error {
		for _, err := range []error{tx.AddRole(newRole("AppAuth", "AROA1")), tx.AddRole(other), tx.PutInlinePolicy("AROA1", "p", "{}", 2), tx.AddOIDCProvider(provider)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	viewIAM(t, i, role("AppAuth")) // is remembered
	findProvider := func(tx iam.Tx) (*iam.OIDCProvider, error) {
		p, _, err := tx.OIDCProvider("a")
		return p, err
	}
	viewIAM(t, i, findProvider)

	changed := newRole("AppAuth", "AROA1")
	changed.Description, changed.Tags = "another", nil
	fewer := &iam.OIDCProvider{Account: "111122223333", ARN: "a", URL: "https://a.example", ClientIDs: iam.ClientIDListType{"y"}}
	updateIAM(t, i, func(tx iam.Tx) error {
		if err := tx.ReplaceRole(changed); err != nil {
			return err
		}
		return tx.ReplaceOIDCProvider(fewer)
	})
	if diff := cmp.Diff(changed, viewIAM(t, i, role("appauth")), sameRole); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(other, viewIAM(t, i, role("Other")), sameRole); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(fewer, viewIAM(t, i, findProvider)); diff != "" {
		t.Error(diff)
	}
}
