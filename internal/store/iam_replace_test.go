package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/iam"
)

// What takes the place of another is seen whole after the update, and others of
// its kind stay as they are.
func TestReplace(t *testing.T) {
	i := openReal(t).IAM(testBox(t))
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
