package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/store/engine/enginetest"
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

var hotSchema = enginetest.Files(`CREATE TABLE hot (id {{bytes}}, pool BIGINT, value BIGINT, PRIMARY KEY (id, pool)) {{without_rowid}};`)

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
	c := newCache[string, int64](db, 10)
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
