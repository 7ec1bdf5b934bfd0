package audit

import (
	"context"
	"sync"
	"time"
)

// Salts keep the salts of days, which are counted from 1970 in UTC.
type Salts interface {
	// SaltOfDay is the salt of a day, which is made where there is none.
	SaltOfDay(ctx context.Context, day int64) ([]byte, error)
	// SaltsSince are those that there are of a day and later ones, in order.
	SaltsSince(ctx context.Context, day int64) ([]DaySalt, error)
	// ForgetSalts removes those of earlier days.
	ForgetSalts(ctx context.Context, before int64) error
}

// DaySalt is the salt of a day.
type DaySalt struct {
	Day  int64
	Salt []byte
}

// Time is when the day began.
func (d DaySalt) Time() time.Time { return time.Unix(d.Day*secondsOfDay, 0).UTC() }

const secondsOfDay = 24 * 60 * 60

// DayOf is the day of a time.
func DayOf(t time.Time) int64 {
	day := t.Unix() / secondsOfDay
	if t.Unix() < day*secondsOfDay {
		day--
	}
	return day
}

// Hashes are a [Hasher]: a key, and the salts of days.
type Hashes struct {
	// Key is the secret.
	Key *Key
	// Salts keeps the salts of days.
	Salts Salts
	// Retention is how long they are kept, and so for how long a record can be found by
	// its subject that is of no identity.
	Retention time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	mu   sync.Mutex
	days [2]DaySalt // the newest last; a day without salt is none
}

// waitSalt bounds how long a record waits for the salt of its day. It seldom does:
// there is one from the day before (Run).
const waitSalt = 2 * time.Second

// KeyID implements Hasher.
func (h *Hashes) KeyID() string { return h.Key.ID() }

// Identity implements Hasher.
func (h *Hashes) Identity(id string) string { return h.Key.Identity(id) }

// Subject implements Hasher.
func (h *Hashes) Subject(salt []byte, provider, subject string) string {
	if len(salt) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), waitSalt)
		defer cancel()
		var err error
		if salt, err = h.saltOf(ctx, DayOf(h.now())); err != nil {
			return ""
		}
	}
	return h.Key.Subject(salt, provider, subject)
}

func (h *Hashes) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// saltOf is the salt of a day, from memory where it is one of the two that were
// asked for last.
func (h *Hashes) saltOf(ctx context.Context, day int64) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.days {
		if d.Day == day && d.Salt != nil {
			return d.Salt, nil
		}
	}
	salt, err := h.Salts.SaltOfDay(ctx, day)
	if err != nil {
		return nil, err
	}
	h.days[0], h.days[1] = h.days[1], DaySalt{day, salt}
	return salt, nil
}

// Load gets the salt of today and makes that of tomorrow, and forgets those that have
// been kept for long enough.
func (h *Hashes) Load(ctx context.Context) error {
	today := DayOf(h.now())
	for day := today; day <= today+1; day++ {
		if _, err := h.saltOf(ctx, day); err != nil {
			return err
		}
	}
	return h.Salts.ForgetSalts(ctx, DayOf(h.now().Add(-h.Retention)))
}

// Run loads the salts now and then until ctx ends.
func (h *Hashes) Run(ctx context.Context, failed func(error)) {
	for {
		again := time.NewTimer(time.Hour)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
		if err := h.Load(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

// DayHash is what a subject without identity has in records of a day.
type DayHash struct {
	Day  time.Time
	Hash string
}

// ByDay are the hashes of a subject under the salts of days, of a time and later.
func (h *Hashes) ByDay(ctx context.Context, provider, subject string, since time.Time) ([]DayHash, error) {
	salts, err := h.Salts.SaltsSince(ctx, DayOf(since))
	if err != nil {
		return nil, err
	}
	today := DayOf(h.now())
	list := []DayHash{}
	for _, d := range salts {
		if d.Day <= today {
			list = append(list, DayHash{d.Time(), h.Key.Subject(d.Salt, provider, subject)})
		}
	}
	return list, nil
}
