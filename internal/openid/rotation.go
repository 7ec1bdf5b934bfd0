package openid

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// longestToken is how long a token can be valid at most, and retiredFor how long a
// key stays published after another one signs in its place: until its last token has
// expired for every verifier, whose clocks and caches may be behind.
const (
	longestToken = 24 * time.Hour
	retiredFor   = longestToken + publishedBefore
)

// agedAhead is how long a key that replaces one by age is published before it signs.
// There is time, so verifiers that keep the key set for longer than they should know
// it too.
const agedAhead = 24 * time.Hour

// MinKeyLifetime is the least [Provider.KeyLifetime].
const MinKeyLifetime = 7 * 24 * time.Hour

// Rotated is what a rotation did in a region.
type Rotated struct {
	// Key is the new key.
	Key SigningKey
	// Replaced are the key IDs of those that it replaces.
	Replaced []string
	// Ends is when they are removed; zero where they are gone.
	Ends time.Time
}

// RetiringError refuses a rotation, since a key that was replaced before may still
// verify tokens.
type RetiringError struct {
	KID       string    // the key
	Successor string    // the key that replaces it
	Until     time.Time // when the region can have another one
}

// Error says which key it is.
func (e *RetiringError) Error() string {
	return fmt.Sprintf("signing key %s, which %s replaces, verifies tokens until %s", e.KID, e.Successor, e.Until.UTC().Format(time.RFC3339))
}

// ErrNoKeys answers Rotate where there is no key to replace.
var ErrNoKeys = errors.New("there is no signing key to rotate")

// errOvertaken says that the keys have changed since a rotation was planned.
var errOvertaken = errors.New("the signing keys change all the time")

// Change is what is to be done with the keys of a [Store].
type Change struct {
	// Remove are the key IDs of those that go.
	Remove []string
	// Add are those that come.
	Add []SigningKey
}

// Rotate replaces the key of a region, or of all regions that have keys if region is
// empty: in all of them, or in none. The new keys are published now and sign once
// every verifier can know them; the old ones stay published for as long as tokens
// that they have signed may be valid. While an earlier one does, the error is a
// [RetiringError].
//
// Where keys are compromised, all others of the region go at once, and the new one
// signs at once.
func (p *Provider) Rotate(ctx context.Context, region string, compromised bool) ([]Rotated, error) {
	return p.rotate(ctx, rotation{
		of:          func(list []*lineage) []*lineage { return ofRegion(list, region) },
		ahead:       publishedBefore,
		compromised: compromised,
	})
}

func ofRegion(list []*lineage, region string) []*lineage {
	if region == "" {
		return list
	}
	return slices.DeleteFunc(list, func(l *lineage) bool { return l.region != region })
}

// rotation is a rotation that is asked for.
type rotation struct {
	of          func([]*lineage) []*lineage // the regions
	ahead       time.Duration               // how long the new keys are published before they sign
	compromised bool
}

// rotate makes keys for what the store has, and stores them if that has not changed
// meanwhile. What was refused before is refused again where it is stored, since other
// nodes rotate too.
func (p *Provider) rotate(ctx context.Context, r rotation) (done []Rotated, err error) {
	private := map[string]*rsa.PrivateKey{}
	for range 3 {
		stored, err := p.Store.SigningKeys(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the signing keys: %w", err)
		}
		// Making keys keeps a processor busy, so rotations do it in turn. They do not wait
		// for one another while the database is asked, which may not answer.
		leave, err := p.gates.enter(ctx, rotationGate)
		if err != nil {
			return nil, fmt.Errorf("waiting for another rotation of signing keys: %w", err)
		}
		keys, err := p.nextKeys(r, stored, private)
		leave()
		if err != nil {
			return nil, err
		}
		err = p.Store.ChangeSigningKeys(ctx, func(stored []SigningKey) (c Change, err error) {
			c, done, err = r.change(stored, keys, p.now())
			return c, err
		})
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("storing signing keys: %w", err)
		}
		for _, d := range done {
			p.log().InfoContext(ctx, "signing key rotated", "kid", d.Key.KID, "region", d.Key.Region,
				"replaces", strings.Join(d.Replaced, " "), "signs_after", d.Key.SignAfter, "compromised", r.compromised)
		}
		return done, p.reload(ctx)
	}
	return nil, errOvertaken
}

// nextKeys makes the next key of each region of a rotation. The private keys are kept
// for another try.
func (p *Provider) nextKeys(r rotation, stored []SigningKey, private map[string]*rsa.PrivateKey) (keys map[string]SigningKey, err error) {
	lineages, err := r.lineages(stored, p.now())
	if err != nil {
		return nil, err
	}
	keys = map[string]SigningKey{}
	for _, l := range lineages {
		if private[l.region] == nil {
			if private[l.region], err = p.generate(); err != nil {
				return nil, fmt.Errorf("making a signing key for %s: %w", l.region, err)
			}
		}
		now := p.now()
		if keys[l.region], err = newSigningKey(p.Box, l.region, l.next(), now, now, private[l.region]); err != nil {
			return nil, fmt.Errorf("making a signing key for %s: %w", l.region, err)
		}
	}
	return keys, nil
}

// lineages are those that are rotated.
func (r *rotation) lineages(stored []SigningKey, now time.Time) ([]*lineage, error) {
	list := r.of(lineagesOf(stored))
	if len(list) == 0 {
		return nil, ErrNoKeys
	}
	for _, l := range list {
		if err := l.retiring(now); err != nil && !r.compromised {
			return nil, err
		}
	}
	return list, nil
}

// change puts new keys into force: of exactly the regions that are rotated, with the
// next numbers.
func (r *rotation) change(stored []SigningKey, keys map[string]SigningKey, now time.Time) (c Change, done []Rotated, err error) {
	lineages, err := r.lineages(stored, now)
	if err != nil {
		return c, nil, err
	}
	if len(lineages) != len(keys) {
		return c, nil, errOvertaken
	}
	for _, l := range lineages {
		key, ok := keys[l.region]
		if !ok || key.KID != formatKID(l.region, l.next()) {
			return c, nil, errOvertaken
		}
		key.SignAfter = now.Add(r.ahead).UTC().Truncate(time.Millisecond)
		d := Rotated{Key: key}
		if r.compromised {
			d.Key.SignAfter = key.Created
			d.Replaced = l.kids()
			c.Remove = append(c.Remove, d.Replaced...)
		} else {
			gone := l.ended(now)
			c.Remove = append(c.Remove, gone...)
			d.Replaced = slices.DeleteFunc(l.kids(), func(kid string) bool { return slices.Contains(gone, kid) })
			d.Ends = key.SignAfter.Add(retiredFor)
		}
		c.Add = append(c.Add, d.Key)
		done = append(done, d)
	}
	return c, done, nil
}

// lineage is the keys of a region in the order of their numbers, each of which
// replaces those before it.
type lineage struct {
	region string
	keys   []numbered
}

type numbered struct {
	SigningKey
	number int
}

// lineagesOf are the regions of stored keys, by name. What is no key of ours is left
// out: it is refused where keys are opened.
func lineagesOf(stored []SigningKey) []*lineage {
	byRegion := map[string]*lineage{}
	var list []*lineage
	for _, s := range stored {
		region, number, ok := parseKID(s.KID)
		if !ok || region != s.Region {
			continue
		}
		if byRegion[region] == nil {
			byRegion[region] = &lineage{region: region}
			list = append(list, byRegion[region])
		}
		byRegion[region].keys = append(byRegion[region].keys, numbered{s, number})
	}
	for _, l := range list {
		slices.SortFunc(l.keys, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	}
	slices.SortFunc(list, func(a, b *lineage) int { return cmp.Compare(a.region, b.region) })
	return list
}

func (l *lineage) newest() numbered { return l.keys[len(l.keys)-1] }

// next is the number of the next key. Keys that were removed had smaller ones than
// those that are left.
func (l *lineage) next() int { return l.newest().number + 1 }

func (l *lineage) kids() (kids []string) {
	for _, k := range l.keys {
		kids = append(kids, k.KID)
	}
	return kids
}

// ends is when a key verifies nothing any more, with the key that replaces it: the
// first after it that signs. The newest one has no end.
func (l *lineage) ends(n int) (at time.Time, by numbered) {
	for _, k := range l.keys[n+1:] {
		if end := k.SignAfter.Add(retiredFor); at.IsZero() || end.Before(at) {
			at, by = end, k
		}
	}
	return at, by
}

// ended are the keys that verify nothing any more.
func (l *lineage) ended(now time.Time) (kids []string) {
	for n, k := range l.keys {
		if at, _ := l.ends(n); !at.IsZero() && !at.After(now) {
			kids = append(kids, k.KID)
		}
	}
	return kids
}

// retiring refuses a rotation while a key that was replaced verifies something.
func (l *lineage) retiring(now time.Time) error {
	var last *RetiringError
	for n, k := range l.keys {
		at, by := l.ends(n)
		if at.After(now) && (last == nil || at.After(last.Until)) {
			last = &RetiringError{KID: k.KID, Successor: by.KID, Until: at}
		}
	}
	if last == nil {
		return nil
	}
	return last
}

// removeRetired removes keys whose last token has expired.
func (p *Provider) removeRetired(ctx context.Context) error {
	stored, err := p.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading the signing keys: %w", err)
	}
	ended := func(stored []SigningKey) (kids []string) {
		for _, l := range lineagesOf(stored) {
			kids = append(kids, l.ended(p.now())...)
		}
		return kids
	}
	if len(ended(stored)) == 0 {
		return nil
	}
	var kids []string
	err = p.Store.ChangeSigningKeys(ctx, func(stored []SigningKey) (Change, error) {
		kids = ended(stored) // none, where another node was faster
		return Change{Remove: kids}, nil
	})
	if err != nil {
		return fmt.Errorf("removing signing keys: %w", err)
	}
	for _, kid := range kids {
		p.log().InfoContext(ctx, "signing key removed, another one has replaced it", "kid", kid)
	}
	return nil
}

// rotateAged replaces keys that have signed for almost as long as they may. Of several
// nodes one does it: the others find the key that it has made.
func (p *Provider) rotateAged(ctx context.Context) error {
	if p.KeyLifetime == 0 {
		return nil
	}
	aged := func(list []*lineage) []*lineage {
		return slices.DeleteFunc(list, func(l *lineage) bool {
			now := p.now()
			unused := p.OneKey && l.region != p.Region
			return unused || l.retiring(now) != nil || now.Before(l.newest().SignAfter.Add(p.KeyLifetime-agedAhead))
		})
	}
	_, err := p.rotate(ctx, rotation{of: aged, ahead: agedAhead})
	if errors.Is(err, ErrNoKeys) {
		return nil
	}
	return err
}

// SigningAges tells for each region since when its key has signed.
func (p *Provider) SigningAges(yield func(region string, age time.Duration)) {
	set, now := p.set.Load(), p.now()
	if set == nil {
		return
	}
	for region := range set.byRegion {
		if k := set.signing(region, now); k != nil {
			yield(region, now.Sub(k.SignAfter))
		}
	}
}
