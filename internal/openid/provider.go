package openid

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/seal"
)

// failedFloor is the least time between two readings of the store that strangers can
// cause, with key ids that do not exist or by fetching the keys, while it fails.
const failedFloor = time.Second

// refreshTimeout bounds such a reading, and how long somebody who fetches the
// keys waits before getting those that are in memory.
const refreshTimeout = time.Second

// storeGate is the gate in front of reading the store, and rotationGate the one in
// front of rotations; the others are named for regions.
const (
	storeGate    = ""
	rotationGate = "rotation"
)

// Provider is the OpenID provider. Set its fields, call Load, and use it from
// any number of goroutines.
type Provider struct {
	// Issuer is the iss of our tokens, a URL; PublicURL when empty.
	Issuer string
	// PublicURL is where clients reach this server, Issuer when empty. The URLs
	// in the discovery document begin with it, so that they work also when the
	// issuer is one that we only play, https://cognito-identity.amazonaws.com
	// for one.
	PublicURL string
	// Region is the region whose keys come first in the key set, for verifiers that
	// read its first key only; the first in alphabetical order when empty.
	Region string
	// OneKey signs the tokens of every region with the keys of Region, which must
	// not be empty then. The keys of other regions stay published until no token
	// can be left that they signed.
	OneKey bool
	// KeyLifetime is how long a key signs before another one replaces it, at least
	// [MinKeyLifetime]; zero for ever. Run sees to it.
	KeyLifetime time.Duration
	// FlatTags repeats the principal tags of tokens in a claim of their own
	// ([Claims.FlatTags]).
	FlatTags bool
	// Store keeps the signing keys.
	Store Store
	// Shared says that other nodes change the keys too. Whoever signs or verifies then asks
	// the Store, which knows what any of them has done before the request came.
	Shared bool
	// Box seals them; it is made for [Purpose].
	Box *seal.Box
	// Now is the clock, time.Now when nil.
	Now func() time.Time
	// GenerateKey makes an RSA key of at least 2048 bits; when nil the standard
	// library makes one of 2048. It may be called from several goroutines.
	GenerateKey func() (*rsa.PrivateKey, error)
	// Log hears of keys made, and of trouble that no caller is told of; nobody
	// does when nil.
	Log *slog.Logger

	set   atomic.Pointer[keySet] // nil until the store was read
	gates gates

	// The last reading of the store; behind storeGate.
	lastRead time.Time
	lastErr  error
}

// Load reads and publishes the keys that are in the store. Call it at the start;
// a process that has not loaded its keys should not serve. The error is an
// [UnsealError] when a key does not open, as with a wrong master key.
func (p *Provider) Load(ctx context.Context) error {
	if p.issuer() == "" {
		return errors.New("the OpenID provider has no issuer")
	}
	if p.OneKey && !ValidRegion(p.Region) {
		return fmt.Errorf("one key is to sign for all regions, and %.64q is not the name of its region", p.Region)
	}
	return p.reload(ctx)
}

// MaxRegions is how many regions can have keys, and maxKeys how many keys each.
// Verifiers read the whole set: AWS's IAM, and daypass itself, one of at most a
// hundred RSA keys.
const (
	MaxRegions = 30
	maxKeys    = 3
)

// unusedFor is how long the keys of a region without identity pools stay: a day
// longer than the longest token that one of them may have signed, which is one of
// a day.
const unusedFor = 48 * time.Hour

// tendEvery is how often Run looks at the keys.
const tendEvery = time.Hour

// EnsureKey sees to it that the region has a key that signs, before the region
// gets its first identity pool, and makes one if it has none: stored durably
// first, published next. Whoever asks at the same time, here or in another
// process, ends up with the same key. Making one takes some tenths of a second.
// Beyond MaxRegions the error is ErrTooManyRegions.
func (p *Provider) EnsureKey(ctx context.Context, region string) error {
	room := Room{Regions: MaxRegions, Keys: maxKeys}
	if p.OneKey {
		room = Room{} // the one key is needed, however many there are from before
	}
	_, err := p.signer(ctx, p.keyRegion(region), room)
	return err
}

// keyRegion is the region whose keys sign for a region.
func (p *Provider) keyRegion(region string) string {
	if p.OneKey {
		return p.Region
	}
	return region
}

// Run removes keys that verify nothing any more and those of regions that are not used
// any more, and replaces those that have signed for their lifetime, until ctx ends. It
// tells failed what goes wrong and tries again.
func (p *Provider) Run(ctx context.Context, failed func(error)) {
	for {
		if err := p.tend(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		again := time.NewTimer(tendEvery)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
	}
}

// tend does the work of Run once. What goes wrong with one part of it is not in the way
// of the others.
func (p *Provider) tend(ctx context.Context) error {
	return errors.Join(p.removeUnused(ctx), p.removeRetired(ctx), p.rotateAged(ctx), p.reload(ctx))
}

// removeUnused removes the keys of regions that are not used any more.
func (p *Provider) removeUnused(ctx context.Context) error {
	kids, err := p.Store.RemoveUnusedKeys(ctx, p.now(), unusedFor, p.keyRegion(""))
	for _, kid := range kids {
		p.log().InfoContext(ctx, "signing key removed, it signed for no identity pool any more", "kid", kid)
	}
	return err
}

// Sign returns the claims as a token in compact form, signed by the region's
// newest key, or that of the one region that signs for all; the key is made if it
// is missing. It does not change the claims. What it signs may reach clients, so
// it signs nothing for a target.
func (p *Provider) Sign(ctx context.Context, region string, c *Claims) (string, error) {
	if strings.HasPrefix(c.Audience, TargetAudience) {
		return "", fmt.Errorf("a token for %q is not for clients", c.Audience)
	}
	own := *c
	own.FlatTags = nil
	if p.FlatTags {
		own.FlatTags = FlatTags(own.Tags)
	}
	return p.sign(ctx, region, &own)
}

// TargetAudience begins the audience of tokens that are shown to a target and to
// nobody else; its name follows. We take no such token ourselves: whoever got hold
// of one at a target would else be the identity here.
const TargetAudience = "daypass-target:"

// SignForTarget is Sign for a token that is shown to the target of a name. The
// audience is the target's, whatever the claims say, and the flat tags are those
// of the claims. The number for revocations is nothing to the target, and left out.
func (p *Provider) SignForTarget(ctx context.Context, region, target string, c *Claims) (string, error) {
	own := *c
	own.Audience, own.Change = TargetAudience+target, 0
	return p.sign(ctx, region, &own)
}

func (p *Provider) sign(ctx context.Context, region string, c *Claims) (string, error) {
	claims, err := c.signable(p.issuer())
	if err != nil {
		return "", fmt.Errorf("signing an OpenID token: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding the claims of an OpenID token: %w", err)
	}
	k, err := p.signer(ctx, p.keyRegion(region), Room{}) // there is a pool, whose users must not suffer
	if err != nil {
		return "", err
	}
	token, err := k.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing an OpenID token with key %s: %w", k.KID, err)
	}
	return token.CompactSerialize()
}

// Keys returns the published key named kid, none when there is no such key, all
// when kid is empty. It makes the provider the key set of a verifier. A kid that
// could be ours but is not known makes it look into the store. The
// list belongs to everybody and is not to be changed.
func (p *Provider) Keys(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	if err := p.follow(ctx); err != nil {
		return nil, err
	}
	found := p.set.Load().verifiers(kid)
	if len(found) == 0 && p.mayExist(kid) {
		if err := p.refresh(ctx); err != nil {
			return nil, err
		}
		found = p.set.Load().verifiers(kid)
	}
	return found, nil
}

func (p *Provider) mayExist(kid string) bool {
	_, _, ok := parseKID(kid)
	return ok || kid == ""
}

// signer returns the key that signs for the region, making it if need be.
func (p *Provider) signer(ctx context.Context, region string, room Room) (*key, error) {
	if err := p.follow(ctx); err != nil {
		return nil, err
	}
	if k := p.current(region); k != nil {
		return k, nil
	}
	if !ValidRegion(region) {
		return nil, fmt.Errorf("%.64q is not the name of a region", region)
	}
	leave, err := p.gates.enter(ctx, region)
	if err != nil {
		return nil, fmt.Errorf("waiting for the signing key of %s: %w", region, err)
	}
	defer leave()
	if k := p.current(region); k != nil { // somebody made it while we waited
		return k, nil
	}
	return p.firstKey(ctx, region, room)
}

// current returns the published key that signs for the region, nil if none.
func (p *Provider) current(region string) *key {
	return p.set.Load().signer(region, p.now())
}

// firstKey gives the region the key that it lacks in memory: from the store when
// another process has made it, else by making it. Reading the store afterwards
// gets the winner when another process stored one at the same time.
func (p *Provider) firstKey(ctx context.Context, region string, room Room) (*key, error) {
	if err := p.reload(ctx); err != nil {
		return nil, err
	}
	if k := p.current(region); k != nil {
		return k, nil
	}
	if room.Regions > 0 && len(p.set.Load().byRegion) >= room.Regions { // found out before a key is made
		return nil, ErrTooManyRegions
	}
	if err := p.makeKey(ctx, region, room); err != nil {
		return nil, err
	}
	if err := p.reload(ctx); err != nil {
		return nil, err
	}
	k := p.current(region)
	if k == nil {
		return nil, fmt.Errorf("the store does not return the signing key of %s that it took", region)
	}
	return k, nil
}

// publishedBefore is how long a key is published before it signs: as long as
// verifiers may keep a set without it, and what the clocks of nodes may differ by.
const publishedBefore = MaxAge + time.Minute

// makeKey makes and stores the key of a region that has none. It signs when every
// verifier can know it, and until then the key of another region does; the very first
// of all has none to stand in for it and signs at once, as does the one that signs for
// all regions. Its key id is none that was ever used.
func (p *Provider) makeKey(ctx context.Context, region string, room Room) error {
	last, err := p.Store.LastRemovedKey(ctx, region)
	if err != nil {
		return fmt.Errorf("making a signing key for %s: %w", region, err)
	}
	private, err := p.generate()
	if err != nil {
		return fmt.Errorf("making a signing key for %s: %w", region, err)
	}
	now := p.now()
	signAfter := now.Add(publishedBefore)
	if p.OneKey {
		signAfter = now
	}
	k, err := newSigningKey(p.Box, region, last+1, now, signAfter, private)
	if err != nil {
		return fmt.Errorf("making a signing key for %s: %w", region, err)
	}
	added, err := p.Store.AddSigningKey(ctx, k, room)
	if err != nil {
		return fmt.Errorf("storing signing key %s: %w", k.KID, err)
	}
	if added {
		p.log().InfoContext(ctx, "signing key made", "kid", k.KID, "region", region)
	}
	return nil
}

// reload reads the store and publishes what is there.
func (p *Provider) reload(ctx context.Context) error {
	leave, err := p.gates.enter(ctx, storeGate)
	if err != nil {
		return fmt.Errorf("waiting for the signing keys: %w", err)
	}
	defer leave()
	return p.publish(ctx)
}

// follow publishes what other nodes have changed.
func (p *Provider) follow(ctx context.Context) error {
	if !p.Shared {
		return nil
	}
	// Not behind the gate: while the database does not answer, nobody waits for others
	// who wait for it.
	stored, err := p.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading the signing keys: %w", err)
	}
	if p.set.Load().isOf(stored, p.now()) {
		return nil
	}
	return p.reload(ctx)
}

// refresh does the same for a stranger. Readings cost nothing while nothing has
// changed, see [Store.SigningKeys]. One that failed stands for a moment, and each
// has its own deadline, because a caller who hangs up would else spoil it for all.
func (p *Provider) refresh(ctx context.Context) error {
	leave, err := p.gates.enter(ctx, storeGate)
	if err != nil {
		return fmt.Errorf("waiting for the signing keys: %w", err)
	}
	defer leave()
	now := p.now()
	if age := now.Sub(p.lastRead); p.lastErr != nil && 0 <= age && age < failedFloor {
		return p.lastErr
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	err = p.publish(ctx)
	p.lastRead, p.lastErr = now, err
	return err
}

// publish does the work of reload and refresh, behind storeGate: readings follow
// one another, so that a newer set is never replaced by an older one.
func (p *Provider) publish(ctx context.Context) error {
	stored, err := p.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading the signing keys: %w", err)
	}
	if p.set.Load().isOf(stored, p.now()) {
		p.lastErr = nil
		return nil
	}
	set, err := openKeySet(p.Box, stored, p.set.Load(), p.Region, p.now())
	if err != nil {
		return err
	}
	p.set.Store(set)
	p.lastErr = nil
	return nil
}

func (p *Provider) issuer() string { return cmp.Or(p.Issuer, p.PublicURL) }

func (p *Provider) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Provider) generate() (*rsa.PrivateKey, error) {
	if p.GenerateKey != nil {
		return p.GenerateKey()
	}
	return rsa.GenerateKey(rand.Reader, minKeyBits)
}

func (p *Provider) log() *slog.Logger {
	if p.Log != nil {
		return p.Log
	}
	return slog.New(slog.DiscardHandler)
}
