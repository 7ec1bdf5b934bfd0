package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

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

func TestIAMIsStoredWhole(t *testing.T) {
	db := openReal(t)
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

// Secrets of access keys are not in the files, and are worth nothing under another
// key or another ID.
func TestAccessKeysAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	db, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	key := newKey("AKIA1", "AIDA1")
	updateIAM(t, db.IAM(testBox(t)), func(tx iam.Tx) error { return errors.Join(tx.AddUser(newUser("Anna", "AIDA1")), tx.PutAccessKey(key)) })
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err != nil || bytes.Contains(data, []byte(key.Secret.Reveal())) {
			t.Errorf("%s has the secret, or %v", file, err)
		}
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
	other, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := find(other.Box("access-key"), "AKIA1"); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("under another master key: %v", err)
	}
	mustUpdate(t, db, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO access_keys (id, owner, sealed, body) SELECT 'AKIA2', owner, sealed, body FROM access_keys`)
		return err
	})
	if err := find(testBox(t), "AKIA2"); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("under another ID: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// The schema holds what the service relies on.
func TestUserSchema(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
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
		{"a user's name in other case", func(tx iam.Tx) error { return tx.AddUser(newUser("ANNA", "AIDA3")) }, isUnique},
		{"a user's unique ID again", func(tx iam.Tx) error { return tx.AddUser(newUser("Clara", "AIDA1")) }, isUnique},
		{"a user's new name that is taken", func(tx iam.Tx) error { return tx.ReplaceUser(anna, newUser("bERTA", "AIDA1")) }, isUnique},
		{"a policy's name in other case at another path", func(tx iam.Tx) error { return tx.PutPolicy(sameName) }, isUnique},
		{"a policy of no user", func(tx iam.Tx) error { return tx.PutInlinePolicy("AIDA9", "p", "{}", 2) }, isForeignKey},
		{"a key of no user", func(tx iam.Tx) error { return tx.PutAccessKey(newKey("AKIA9", "AIDA9")) }, isForeignKey},
		{"a version of no policy", func(tx iam.Tx) error { return tx.AddPolicyVersion("ANPA9", &iam.PolicyVersionEntity{Number: 1}) }, isForeignKey},
		{"a version again", func(tx iam.Tx) error { return tx.AddPolicyVersion("ANPA1", &iam.PolicyVersionEntity{Number: 1}) }, isUnique},
		{"a user with policies deleted", func(tx iam.Tx) error { return tx.DeleteUser(anna) }, isForeignKey},
		{"a user with keys deleted", func(tx iam.Tx) error { return tx.DeleteUser(newUser("Berta", "AIDA2")) }, isForeignKey},
	} {
		if err := i.Update(t.Context(), test.change); !test.is(errors.Unwrap(err)) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	updateIAM(t, i, func(tx iam.Tx) error { return tx.DeletePolicy(managed) })
}

// What requests read from memory is what the last update has left.
func TestUserCachesFollowUpdates(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
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

func TestUsersAreListed(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
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
