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
	until    time.Time    // when another key signs, so that another one comes first; zero for never
	byKID    map[string]*key
	byRegion map[string][]*key // the one to sign with first
	keys     []*key            // as they are published
	public   []jose.JSONWebKey // the same for verifiers in this process
	document document
}

// openKeySet opens stored keys. Those that the old set (which may be nil) has
// opened already are taken from there. The keys of a region come first, and of each
// region the one that signs, since some verifiers read no others: the order means
// nothing (RFC 7517, section 5), and Ceph's gateways before Squid go by it.
func openKeySet(box *seal.Box, stored []SigningKey, old *keySet, first string, now time.Time) (*keySet, error) {
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
		if s.SignAfter.After(now) && (set.until.IsZero() || s.SignAfter.Before(set.until)) {
			set.until = s.SignAfter
		}
	}
	for _, keys := range set.byRegion {
		slices.SortFunc(keys, newestFirst)
	}
	idle := func(k *key) int { return isNot(k.KID, set.signingKID(k.Region, now)) }
	slices.SortFunc(set.keys, func(a, b *key) int {
		return cmp.Or(isNot(a.Region, first)-isNot(b.Region, first), cmp.Compare(a.Region, b.Region), idle(a)-idle(b), cmp.Compare(a.number, b.number))
	})
	for _, k := range set.keys {
		set.public = append(set.public, k.jwk())
	}
	var err error
	set.document, err = newKeyDocument(set.keys)
	return set, err
}

// isOf says that the set, which may be nil, was made of this list, the same slice, and
// that its order is still right.
func (s *keySet) isOf(stored []SigningKey, now time.Time) bool {
	return s != nil && (s.until.IsZero() || now.Before(s.until)) && len(s.stored) == len(stored) && (len(stored) == 0 || &s.stored[0] == &stored[0])
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

func newestFirst(a, b *key) int { return cmp.Compare(b.number, a.number) }

// isNot is 0 for what comes first, and 1 for others.
func isNot(name, first string) int {
	if name == first {
		return 0
	}
	return 1
}

// signing is the region's newest key whose time to sign has come, nil if there is none.
func (s *keySet) signing(region string, now time.Time) *key {
	for _, k := range s.byRegion[region] {
		if !k.SignAfter.After(now) {
			return k
		}
	}
	return nil
}

func (s *keySet) signingKID(region string, now time.Time) string {
	if k := s.signing(region, now); k != nil {
		return k.KID
	}
	return ""
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
	if k := cmp.Or(s.signing(region, now), s.signing(s.first, now)); k != nil {
		return k
	}
	for _, k := range s.keys {
		if !k.SignAfter.After(now) {
			return k
		}
	}
	keys := s.byRegion[region]
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
