package openid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/seal"
)

// keySet is every published key and the document that publishes them. It is
// never changed, only replaced, and signers are looked up nowhere else: so no
// token is ever signed by a key that the document of the same moment lacks.
type keySet struct {
	stored   []SigningKey // what it was made of
	first    string       // the region whose keys come first
	byKID    map[string]*key
	byRegion map[string][]*key // the one to sign with first
	keys     []*key            // as they are published
	public   []jose.JSONWebKey // the same for verifiers in this process
	document document
}

// openKeySet opens stored keys. Those that the old set (which may be nil) has
// opened already are taken from there. The keys of a region come first, since some
// verifiers read no others: the order means nothing (RFC 7517, section 5), and
// Ceph's gateways before Squid go by it.
func openKeySet(box *seal.Box, stored []SigningKey, old *keySet, first string) (*keySet, error) {
	set := &keySet{stored: stored, first: first, byKID: make(map[string]*key, len(stored)), byRegion: map[string][]*key{}}
	for _, s := range stored {
		k, err := old.open(box, s)
		if err != nil {
			return nil, err
		}
		if set.byKID[k.KID] != nil {
			return nil, fmt.Errorf("the store has two signing keys %s", k.KID)
		}
		set.byKID[k.KID] = k
		set.byRegion[k.Region] = append(set.byRegion[k.Region], k)
		set.keys = append(set.keys, k)
	}
	for _, keys := range set.byRegion {
		slices.SortFunc(keys, newestFirst)
	}
	slices.SortFunc(set.keys, func(a, b *key) int {
		return cmp.Or(isNot(a.Region, first)-isNot(b.Region, first), cmp.Compare(a.Region, b.Region), cmp.Compare(a.number, b.number))
	})
	for _, k := range set.keys {
		set.public = append(set.public, k.jwk())
	}
	var err error
	set.document, err = newKeyDocument(set.keys)
	return set, err
}

// isOf says that the set, which may be nil, was made of this list, the same slice.
func (s *keySet) isOf(stored []SigningKey) bool {
	return s != nil && len(s.stored) == len(stored) && (len(stored) == 0 || &s.stored[0] == &stored[0])
}

func (s *keySet) open(box *seal.Box, stored SigningKey) (*key, error) {
	if s != nil {
		known := s.byKID[stored.KID]
		if known != nil && bytes.Equal(known.Sealed, stored.Sealed) && bytes.Equal(known.Certificate, stored.Certificate) && known.Region == stored.Region {
			again := *known
			again.SigningKey = stored
			return &again, nil
		}
	}
	return openKey(box, stored)
}

func newestFirst(a, b *key) int {
	return cmp.Or(b.SignAfter.Compare(a.SignAfter), cmp.Compare(b.number, a.number))
}

// isNot is 0 for the region that comes first, and 1 for others.
func isNot(region, first string) int {
	if region == first {
		return 0
	}
	return 1
}

// signer returns the region's newest key whose time to sign has come, nil when
// the region has no key. Until the time of its first key has come, a key signs that
// verifiers know already: that of the first region, or else another one. Where none
// is known to anybody it is the region's oldest: another process whose clock is ahead
// of ours may have made it just now.
func (s *keySet) signer(region string, now time.Time) *key {
	if s == nil || len(s.byRegion[region]) == 0 {
		return nil
	}
	keys := s.byRegion[region]
	for _, candidates := range [][]*key{keys, s.byRegion[s.first], s.keys} {
		for _, k := range candidates {
			if !k.SignAfter.After(now) {
				return k
			}
		}
	}
	return keys[len(keys)-1]
}

// verifiers returns the key named kid, every key when kid is empty.
func (s *keySet) verifiers(kid string) []jose.JSONWebKey {
	switch {
	case s == nil:
		return nil
	case kid == "":
		return s.public
	}
	for i := range s.public {
		if s.public[i].KeyID == kid {
			return s.public[i : i+1 : i+1]
		}
	}
	return nil
}
