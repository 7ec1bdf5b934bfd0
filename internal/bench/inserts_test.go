package bench

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// inserts is the ceiling of what is written: rows of new guests put straight
// into SQLite, in the same process, by many goroutines at once.
type inserts struct {
	db     *sql.DB
	insert *sql.Stmt
	rows   atomic.Int64 // that are on the disk
}

// openInserts makes an empty database with the table that guests are kept in.
func openInserts(string) (*server, error) {
	db, err := sql.Open("sqlite", "file:inserts.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE identities (id BLOB NOT NULL PRIMARY KEY, pool BIGINT NOT NULL, created BIGINT NOT NULL,
			modified BIGINT NOT NULL, state BIGINT NOT NULL, merged_into BLOB, logins BLOB) WITHOUT ROWID;
		CREATE INDEX identities_by_pool ON identities (pool, id);`); err != nil {
		return nil, err
	}
	insert, err := db.Prepare(`INSERT INTO identities (id, pool, created, modified, state, merged_into, logins) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	if err != nil {
		return nil, err
	}
	i, mux := &inserts{db: db, insert: insert}, http.NewServeMux()
	mux.Handle("POST /{most}/{callers}/{n}", i)
	return &server{mux, db, func() any { return map[string]int64{"Rows": i.rows.Load()} }}, nil
}

// insertsPath asks for n rows by so many callers, at most so many with one commit.
func insertsPath(most, callers, n int) string { return fmt.Sprintf("/%d/%d/%d", most, callers, n) }

// ServeHTTP inserts n rows, for so many callers, at most so many with one
// commit.
func (s *inserts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	most, _ := strconv.Atoi(r.PathValue("most"))
	callers, _ := strconv.Atoi(r.PathValue("callers"))
	n, _ := strconv.Atoi(r.PathValue("n"))
	waiting := make(chan chan<- error, callers)
	var wg, writer sync.WaitGroup
	writer.Go(func() { s.write(waiting, most) })
	var left, failed atomic.Int64
	left.Store(int64(n))
	for range callers {
		wg.Go(func() {
			done := make(chan error, 1)
			for left.Add(-1) >= 0 {
				waiting <- done
				if err := <-done; err != nil {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	close(waiting)
	writer.Wait()
	if failed.Load() > 0 {
		http.Error(w, fmt.Sprint(failed.Load(), " inserts failed"), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, n)
}

// write takes what waits, inserts a row for each and answers after the commit.
func (s *inserts) write(waiting <-chan chan<- error, most int) {
	for first := range waiting {
		batch := []chan<- error{first}
		for range min(most-1, len(waiting)) {
			batch = append(batch, <-waiting)
		}
		err := s.commit(len(batch))
		for _, done := range batch {
			done <- err
		}
	}
}

func (s *inserts) commit(rows int) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert := tx.Stmt(s.insert)
	for range rows {
		id := make([]byte, 16)
		_, _ = rand.Read(id)
		if _, err := insert.Exec(id, 1234567890, time.Now().UnixMilli(), 0, 0, nil, nil); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.rows.Add(int64(rows))
	return nil
}

// onDisk counts in daypass's database, which daypass must not have open.
func (w *world) onDisk(count string) (n int, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(w.dir, "data", "daypass.db"))+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow(count).Scan(&n)
	return n, err
}
