package instance

import (
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/store"
)

// Whose turn it is to apply a file.
func TestNextSeed(t *testing.T) {
	for _, test := range []struct {
		name         string
		is           store.Seed
		again, stale bool
		mine         bool
		err          error
	}{
		{"nobody has applied any", store.Seed{}, false, false, true, nil},
		{"another node is at it", store.Seed{File: "a", Claim: "n", Beat: 1}, false, false, false, nil},
		{"another node is at it, and this one insists", store.Seed{File: "a", Claim: "n", Beat: 1}, true, false, false, nil},
		{"another node was at it", store.Seed{File: "a", Claim: "n", Beat: 1}, false, true, true, nil},
		{"another node has failed", store.Seed{File: "a", Beat: 2}, false, false, true, nil},
		{"it is done", store.Seed{File: "a", Beat: 2, Done: true}, false, true, false, nil},
		{"it is done, and wanted again", store.Seed{File: "a", Beat: 2, Done: true}, true, false, true, nil},
		{"another node is at another file", store.Seed{File: "b", Claim: "n", Beat: 1}, false, false, false, nil},
		{"another node was at another file", store.Seed{File: "b", Claim: "n", Beat: 1}, false, true, true, nil},
		{"another file is done", store.Seed{File: "b", Beat: 2, Done: true}, false, true, false, ErrOtherSeed},
		{"another file is done, and this one is wanted", store.Seed{File: "b", Beat: 2, Done: true}, true, false, true, nil},
	} {
		if mine, err := (Seeding{File: "a", Again: test.again}).next(test.is, test.stale); mine != test.mine || !errors.Is(err, test.err) {
			t.Errorf("%s: %t, %v", test.name, mine, err)
		}
	}
}
