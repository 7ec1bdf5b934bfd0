package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/fixture"
)

// benchID is a 16-byte key that lands anywhere in the table.
func benchID(r *rand.Rand) []byte {
	id := make([]byte, 0, 16)
	id = binary.BigEndian.AppendUint64(id, r.Uint64())
	return binary.BigEndian.AppendUint64(id, r.Uint64())
}

func benchInsert(id []byte) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO hot (id, pool, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, id, 1, 1)
		return err
	}
}

var hotSchema = withChanges(enginetest.Files(`CREATE TABLE hot (id {{bytes}}, pool BIGINT, value BIGINT, PRIMARY KEY (id, pool)) {{without_rowid}};`))

func openBench(b *testing.B, schema fs.FS) *DB {
	db, err := open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "x.db")}, schema)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// BenchmarkUpdate is the durable insert, by so many callers at once.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(callers, "-callers"), func(b *testing.B) {
			db := openBench(b, hotSchema)
			b.ReportAllocs()
			b.ResetTimer()
			inParallel(b, callers, func(r *rand.Rand) {
				if err := db.Update(context.Background(), benchInsert(benchID(r))); err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// inParallel calls f b.N times from so many goroutines.
func inParallel(b *testing.B, callers int, f func(*rand.Rand)) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for left.Add(-1) >= 0 {
				f(r)
			}
		})
	}
	wg.Wait()
}

// BenchmarkLookup is a view with one statement, among 100 000 rows.
func BenchmarkLookup(b *testing.B) {
	db := openBench(b, hotSchema)
	ids := make([][]byte, 100_000)
	r := rand.New(rand.NewPCG(1, 1))
	err := db.Update(b.Context(), func(tx *Tx) error {
		for i := range ids {
			ids[i] = benchID(r)
			if err := benchInsert(ids[i])(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers, "-callers"), func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context()) // as a request's is
			defer cancel()
			b.ReportAllocs()
			inParallel(b, callers, func(r *rand.Rand) {
				var value int64
				id := ids[r.IntN(len(ids))]
				err := db.View(ctx, func(tx *Tx) error {
					_, err := tx.query(`SELECT value FROM hot WHERE id = $1 AND pool = $2`, id, 1).one(&value)
					return err
				})
				if err != nil || value != 1 {
					b.Error(value, err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
		})
	}
}

// BenchmarkCacheHit is a view that the cache answers.
func BenchmarkCacheHit(b *testing.B) {
	db := openBench(b, hotSchema)
	c := newCache[string, int64](db, "thing", 10)
	b.ReportAllocs()
	for b.Loop() {
		err := db.View(b.Context(), func(tx *Tx) error {
			_, _, err := c.get(tx, "pool", func() (int64, bool, error) { return 1, true, nil })
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a database whose schema is up to date.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x.db")
	for b.Loop() {
		db, err := open(b.Context(), Options{Path: path}, testSchema)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// The look-ups of every request of a known user: its identity by a login, and by
// its ID. Each is a view, as a service makes it.
var hotLookups = map[string]func(*cognito.Pool, *cognito.Identity) func(cognito.Tx) error{
	"by-login": func(p *cognito.Pool, i *cognito.Identity) func(cognito.Tx) error {
		return func(tx cognito.Tx) error {
			got, err := tx.IdentityByLogin(p.Number, i.Logins[0])
			return isIdentity(got, i, err)
		}
	},
	"by-id": func(p *cognito.Pool, i *cognito.Identity) func(cognito.Tx) error {
		return func(tx cognito.Tx) error {
			got, err := tx.Identity(i.GUID)
			return isIdentity(got, i, err)
		}
	},
}

func isIdentity(got, want *cognito.Identity, err error) error {
	if err == nil && (got == nil || got.GUID != want.GUID || len(got.Logins) != 1) {
		return errors.New("another identity")
	}
	return err
}

// BenchmarkHotLookup finds identities among 100,000.
func BenchmarkHotLookup(b *testing.B) {
	db := openBench(b, Schema())
	c := db.Cognito(fixture.MasterKey(b).Box("pool-secret"))
	p := fixture.Pool(1)
	fixture.AddPool(b, c, p)
	list := fixture.People(p, 150_000, 1)
	if err := c.AddIdentities(b.Context(), list); err != nil {
		b.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(i *cognito.Identity) bool { return !i.Authenticated })
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for name, look := range hotLookups {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				if err := c.View(ctx, look(p, list[n*7919%len(list)])); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A look-up that every request makes puts little on the heap: the view, the function
// that is given to it, the identity, its logins and their text.
func TestHotLookupsAllocateLittle(t *testing.T) {
	_, c := openCognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	i := fixture.Identity(p, 1, cognito.Login{Provider: 1, Subject: "a2f4e1f0-3d5b-4a7e-9a47-0f6c2b1d8e33"})
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	for name, look := range hotLookups {
		ask := look(p, i)
		if n := testing.AllocsPerRun(100, func() {
			if err := c.View(t.Context(), ask); err != nil {
				t.Fatal(err)
			}
		}); n > 5 {
			t.Errorf("%s: %v allocations, want at most 5", name, n)
		}
	}
}

// BenchmarkAddIdentities stores identities, two of three with a login, 100,000
// with a call, into a table that is ten times as large.
func BenchmarkAddIdentities(b *testing.B) {
	db := openBench(b, Schema())
	c := db.Cognito(fixture.MasterKey(b).Box("pool-secret"))
	p := fixture.Pool(1)
	fixture.AddPool(b, c, p)
	const batch = 100_000
	seed := uint64(0)
	add := func() {
		seed++
		list := fixture.People(p, batch, seed)
		b.StartTimer()
		defer b.StopTimer()
		if err := c.AddIdentities(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	for range 10 {
		add()
	}
	b.ResetTimer()
	for range b.N {
		add()
	}
	b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "identities/s")
}

// BenchmarkCreate stores new guests, by 64 callers, each in an update of its own as it
// was before, and by Create.
func BenchmarkCreate(b *testing.B) {
	db := openBench(b, Schema())
	c := db.Cognito(fixture.MasterKey(b).Box("pool-secret"))
	p := fixture.Pool(1)
	fixture.AddPool(b, c, p)
	guest := func(r *rand.Rand) *cognito.Identity {
		i := fixture.Identity(p, 0)
		i.GUID = cognito.GUID(benchID(r))
		return i
	}
	seed := uint64(0)
	for name, create := range map[string]func(*cognito.Identity) error{
		"update": func(i *cognito.Identity) error {
			return c.Update(context.Background(), func(tx cognito.Tx) error {
				if _, found, err := tx.LockPool(p.Number); err != nil || !found {
					return errors.Join(err, errors.New("no pool"))
				}
				return tx.AddIdentity(i)
			})
		},
		"create": func(i *cognito.Identity) error {
			made, err := c.Create(context.Background(), p, i)
			if err == nil && !made {
				err = errors.New("not made")
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			seed++
			b.ReportAllocs()
			var at atomic.Uint64
			at.Store(seed << 32)
			inParallel(b, 64, func(*rand.Rand) {
				if err := create(guest(rand.New(rand.NewPCG(seed, at.Add(1))))); err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "identities/s")
		})
	}
}
