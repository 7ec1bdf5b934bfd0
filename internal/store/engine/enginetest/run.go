package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/store/engine"
)

// Run runs the tests on engines that open makes, each empty but for the schema of
// the migrations, and closed when the test ends.
func Run(t *testing.T, open func(t testing.TB, schema fs.FS) engine.Engine) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, DB)
	}{
		{"values come out as they went in", testValues},
		{"texts are in the order of their bytes", testOrder},
		{"rows are counted and returned", testRows},
		{"a view is one snapshot", testSnapshot},
		{"a single view does not mix snapshots", testSingle},
		{"a view cannot write", testReadOnly},
		{"errors have kinds", testKinds},
		{"what fails leaves nothing", testRollback},
		{"a panic leaves nothing and goes on", testPanic},
		{"updates are serial", testSerial},
		{"one of many creates", testGetOrCreate},
		{"who joins creates with many", testJoining},
		{"who joins obeys at once", testJoiningObeys},
		{"after a commit the work can be read", testCommitted},
		{"contexts end what has not begun", testContext},
		{"probes change nothing", testProbe},
		{"statements give up their rows", testStatements},
		{"a random sequence does what it says", testSequence},
		{"closed engines say so", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, DB{open(t, Schema)}) })
	}
}

var errRefused = errors.New("refused")

func testValues(t *testing.T, db DB) {
	const text = `SELECT id, pool, name, value FROM thing WHERE name = $1`
	for n, v := range []struct {
		id    []byte
		value int64
		name  string
	}{
		{[]byte{}, 0, ""},
		{[]byte{0}, -1, "'"},
		{[]byte("\xff\x00"), 1<<63 - 1, `"é"`},
		{[]byte("long"), -1 << 63, strings.Repeat("long", 10_000)},
	} {
		must(t, db.Update(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO thing (value, name, pool, id) VALUES ($2, $1, $3, $4)`, v.name, v.value, n, v.id)
			return err
		}))
		must(t, db.View(t.Context(), func(tx *Tx) error {
			return tx.Each(text, []any{v.name}, func(s engine.Stmt) error {
				if id := engine.Bytes(s, 0); id == nil || !slices.Equal(id, v.id) || s.Int(1) != int64(n) || s.Text(2) != v.name || s.Int(3) != v.value {
					t.Errorf("%v came out as %v, %d, %q, %d", v, id, s.Int(1), s.Text(2), s.Int(3))
				}
				if s.IsNull(0) || s.IsNull(2) {
					t.Errorf("%v came out as NULL", v)
				}
				return s.Err()
			})
		}))
	}
	id := [16]byte{15: 7}
	must(t, db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(InsertThing, id, int32(5), "id", 1)
		return err
	}))
	must(t, db.View(t.Context(), func(tx *Tx) error {
		return tx.Each(`SELECT id, NULLIF(pool, 5) FROM thing WHERE id = $1 AND $2 = $2`, []any{id[:], 1}, func(s engine.Stmt) error {
			got := s.AppendBytes([]byte("to "), 0)
			if string(got) != "to "+string(id[:]) || !s.IsNull(1) || engine.Bytes(s, 1) != nil {
				t.Errorf("an ID came out as %q", got)
			}
			return s.Err()
		})
	}))
}

func testOrder(t *testing.T, db DB) {
	for _, name := range []string{"b", "a-b", "B", "a", "_", "é", "ab", "z"} {
		must(t, db.Update(t.Context(), Add(name, 1)))
	}
	names, err := Names(db)
	if diff := cmp.Diff([]string{"B", "_", "a", "a-b", "ab", "b", "z", "é"}, names); err != nil || diff != "" {
		t.Error(err, diff)
	}
	must(t, db.View(t.Context(), func(tx *Tx) error {
		var page []string
		err := tx.Each(`SELECT name FROM thing WHERE name > $1 ORDER BY name LIMIT $2`, []any{"_", 2}, func(s engine.Stmt) error {
			page = append(page, s.Text(0))
			return nil
		})
		if diff := cmp.Diff([]string{"a", "a-b"}, page); diff != "" {
			t.Error(diff)
		}
		return err
	}))
}

func testRows(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), func(tx *Tx) error {
		for n := range 5 {
			if err := Add(fmt.Sprint(n), int64(n))(tx); err != nil {
				return err
			}
		}
		for _, test := range []struct {
			text   string
			values []any
			want   int64
		}{
			{`UPDATE thing SET value = value + 10 WHERE value > $1`, []any{2}, 2},
			{`UPDATE thing SET value = 0 WHERE name = $1`, []any{"nobody"}, 0},
			{InsertThing + ` ON CONFLICT DO NOTHING`, []any{[]byte("0"), 1, "0", 1}, 0},
			{`DELETE FROM thing WHERE value > $1`, []any{9}, 2},
		} {
			if n, err := tx.Exec(test.text, test.values...); n != test.want || err != nil {
				t.Errorf("%s changed %d rows, %v; want %d", test.text, n, err, test.want)
			}
		}
		var value int64
		found, err := tx.One(`UPDATE thing SET value = value + 7 WHERE name = $1 RETURNING value`, "1", &value)
		if !found || value != 8 {
			t.Errorf("returned %v, %d", found, value)
		}
		return err
	}))
	if value, found, err := read(t, db, "nobody"); value != 0 || found || err != nil {
		t.Errorf("nobody: %d, %v, %v", value, found, err)
	}
	if value, found, err := read(t, db, "1"); value != 8 || !found || err != nil {
		t.Errorf("one: %d, %v, %v", value, found, err)
	}
}

// What a view reads first, and whether it is there, makes no difference to what it
// sees afterwards.
func testSnapshot(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("a", 1)))
	first := map[string]func(*Tx) error{
		"a row":          func(tx *Tx) error { _, _, err := ValueOf(tx, "a"); return err },
		"no row":         func(tx *Tx) error { _, _, err := ValueOf(tx, "nobody"); return err },
		"all rows":       func(tx *Tx) error { return tx.Each(SelectNames, nil, func(engine.Stmt) error { return nil }) },
		"rows, in vain":  func(tx *Tx) error { _, err := tx.One(SelectNames, nil); return err },
		"two statements": func(tx *Tx) error { ValueOf(tx, "nobody"); _, _, err := ValueOf(tx, "a"); return err },
	}
	value := int64(1)
	for name, read1 := range first {
		must(t, db.ViewAs(t.Context(), engine.Several, func(tx *Tx) error {
			if err := read1(tx); err != nil {
				return err
			}
			for again := range 2 {
				must(t, db.Update(t.Context(), func(tx *Tx) error {
					_, err := tx.Exec(`UPDATE thing SET value = value + 1 WHERE name = $1`, "a")
					return errors.Join(err, Add(fmt.Sprint(name, again), 0)(tx))
				}))
				got, _, err := ValueOf(tx, "a")
				if got != value {
					t.Errorf("after %s: the view sees %d, want %d", name, got, value)
				}
				n := 0
				err2 := tx.Each(SelectNames, nil, func(s engine.Stmt) error {
					if strings.HasPrefix(s.Text(0), name) {
						n++
					}
					return nil
				})
				if n != 0 {
					t.Errorf("after %s: the view sees %d things that came later", name, n)
				}
				if err := errors.Join(err, err2); err != nil {
					return err
				}
			}
			return nil
		}))
		value += 2
		if got, _, err := read(t, db, "a"); got != value || err != nil {
			t.Errorf("after %s: the next view sees %d, %v; want %d", name, got, err, value)
		}
	}
}

// A view of one statement that makes a second sees what the first saw, or has to be
// run again.
func testSingle(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("a", 0)))
	for n := range int64(3) {
		err := db.ViewAs(t.Context(), engine.Single, func(tx *Tx) error {
			first, _, err := ValueOf(tx, "a")
			if first != n || err != nil {
				t.Errorf("the only statement sees %d, %v; want %d", first, err, n)
			}
			must(t, db.Update(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(`UPDATE thing SET value = value + 1 WHERE name = $1`, "a")
				return err
			}))
			second, _, err := ValueOf(tx, "a")
			if err == nil && second != first {
				t.Errorf("the second statement sees %d, and the first saw %d", second, first)
			}
			return nil // what failed is known all the same
		})
		if err != nil && !errors.Is(err, engine.ErrSeveral) {
			t.Error(err)
		}
	}
	runs := 0
	must(t, db.View(t.Context(), func(tx *Tx) error {
		runs++
		_, _, err := ValueOf(tx, "a")
		_, _, err2 := ValueOf(tx, "b")
		return errors.Join(err, err2)
	}))
	if runs > 2 {
		t.Errorf("a view of two statements has run %d times", runs)
	}
}

func testReadOnly(t *testing.T, db DB) {
	if err := db.View(t.Context(), Add("a", 1)); err == nil {
		t.Error("a view has written")
	}
	if _, found, err := read(t, db, "a"); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func testKinds(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("a", 1)))
	must(t, db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Exec(InsertPart, "a", 1); return err }))
	for _, test := range []struct {
		name   string
		text   string
		values []any
		want   engine.ErrorKind
	}{
		{"primary key", InsertThing, []any{[]byte("a"), 1, "b", 1}, engine.Unique},
		{"unique", InsertThing, []any{[]byte("b"), 1, "a", 1}, engine.Unique},
		{"no parent", InsertPart, []any{"nobody", 1}, engine.ForeignKey},
		{"not null", InsertPart, []any{nil, 1}, engine.Other},
		{"syntax", "SELEC", nil, engine.Other},
		{"too few values", InsertPart, []any{"a"}, engine.Other},
		{"too many values", InsertPart, []any{"a", 1, 2}, engine.Other},
		{"unique, after that", InsertPart, []any{"a", 1}, engine.Unique},
	} {
		err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Exec(test.text, test.values...); return err })
		if err == nil || db.ErrorKind(fmt.Errorf("wrapped: %w", err)) != test.want {
			t.Errorf("%s: %v is of kind %d, want %d", test.name, err, db.ErrorKind(err), test.want)
		}
	}
	for _, err := range []error{nil, errors.New("UNIQUE constraint failed")} {
		if got := db.ErrorKind(err); got != engine.Other {
			t.Errorf("%v is of kind %d", err, got)
		}
	}
}

func testRollback(t *testing.T, db DB) {
	refuse := func(tx *Tx) error { return errors.Join(Add("refused", 1)(tx), errRefused) }
	clash := func(tx *Tx) error { return errors.Join(Add("clash", 1)(tx), Add("clash", 2)(tx)) }
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for n, fn := range []func(*Tx) error{Add("a", 1), refuse, Add("b", 1), clash, Add("c", 1), refuse} {
		wg.Go(func() { errs[n] = db.Update(context.Background(), fn) })
	}
	wg.Wait()
	must(t, errors.Join(errs[0], errs[2], errs[4]))
	if !errors.Is(errs[1], errRefused) || !errors.Is(errs[5], errRefused) || db.ErrorKind(errs[3]) != engine.Unique {
		t.Errorf("errors %v", errs)
	}
	names, err := Names(db)
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func testPanic(t *testing.T, db DB) {
	for _, fn := range []func(*Tx) error{
		func(tx *Tx) error { Add("a", 1)(tx); panic("boom") },
		func(tx *Tx) error {
			Add("a", 1)(tx)
			return tx.Each(SelectNames, nil, func(engine.Stmt) error { panic("boom") })
		},
	} {
		for _, in := range []func(context.Context, func(*Tx) error) error{db.Update, db.View} {
			func() {
				defer func() {
					if got := recover(); got != "boom" {
						t.Errorf("recovered %v", got)
					}
				}()
				in(t.Context(), func(tx *Tx) error { ValueOf(tx, "a"); return fn(tx) })
				panic("boom") // a view does not come that far
			}()
		}
	}
	names, err := Names(db)
	if len(names) > 0 || err != nil {
		t.Errorf("%v, %v", names, err)
	}
}

// No update is lost among many that read and then write, of either kind. Those that
// configure lock what they all lock, first.
func testSerial(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("n", 0)))
	const callers, each = 8, 10
	var wg sync.WaitGroup
	for n := range callers {
		kind := engine.Serial
		if n%2 == 1 {
			kind = engine.Configuring
		}
		wg.Go(func() {
			for range each {
				if err := db.UpdateAs(context.Background(), kind, func(tx *Tx) error {
					if kind == engine.Configuring {
						if _, err := tx.One(`SELECT value FROM thing WHERE name = $1 FOR UPDATE`, "n", new(int64)); err != nil {
							return err
						}
					}
					value, _, err := ValueOf(tx, "n")
					if err != nil {
						return err
					}
					_, err = tx.Exec(UpdateThing, "n", value+1)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if value, _, err := read(t, db, "n"); value != callers*each || err != nil {
		t.Errorf("%d, %v; want %d", value, err, callers*each)
	}
}

func testGetOrCreate(t *testing.T, db DB) {
	const callers, names = 8, 5
	var mu sync.Mutex
	made := map[string][]int64{}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n := range names {
				name := fmt.Sprint(n)
				var value int64
				if err := db.Update(context.Background(), func(tx *Tx) error {
					v, found, err := ValueOf(tx, name)
					if value = v; found || err != nil {
						return err
					}
					value = int64(caller)
					return Add(name, value)(tx)
				}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				made[name] = append(made[name], value)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for name, values := range made {
		if slices.Sort(values); values[0] != values[callers-1] {
			t.Errorf("%s has the values %v", name, values)
		}
	}
}

// However many join at the same time, none fails, and what one has made another takes.
func testJoining(t *testing.T, db DB) {
	const callers, names = 8, 20
	made := make([][names]int64, callers)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n := range names {
				if err := db.UpdateAs(context.Background(), engine.Joining, func(tx *Tx) error {
					name := fmt.Sprint(n)
					if _, err := tx.Exec(InsertThing+` ON CONFLICT DO NOTHING`, []byte(name), 1, name, caller); err != nil {
						return err
					}
					value, found, err := ValueOf(tx, name)
					if made[caller][n] = value; !found && err == nil {
						err = errors.New("neither made nor found")
					}
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for caller := range callers {
		if diff := cmp.Diff(made[0], made[caller]); diff != "" {
			t.Errorf("%d has other values than 0: %s", caller, diff)
		}
	}
}

// After a change of a row that joiners lock has been answered, none of them does
// what it forbids.
func testJoiningObeys(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("gate", 1)))
	const callers, enough = 4, 50
	var joined atomic.Int64
	var shut atomic.Bool
	var wg sync.WaitGroup
	for caller := range int64(callers) {
		wg.Go(func() {
			for n := caller; !t.Failed(); n += callers {
				after := shut.Load()
				var changed int64
				if err := db.UpdateAs(context.Background(), engine.Joining, func(tx *Tx) (err error) {
					changed, err = tx.Exec(JoinPart, "gate", n)
					return err
				}); err != nil {
					t.Error(err)
				}
				if after {
					if changed != 0 {
						t.Error("somebody has joined after the gate was shut")
					}
					return
				}
				if joined.Add(changed) < enough {
					continue
				}
				if err := db.UpdateAs(context.Background(), engine.Configuring, func(tx *Tx) error {
					if _, err := tx.One(`SELECT value FROM thing WHERE name = $1 FOR UPDATE`, "gate", new(int64)); err != nil {
						return err
					}
					_, err := tx.Exec(UpdateThing, "gate", 0)
					return err
				}); err != nil {
					t.Error(err)
				}
				shut.Store(true)
			}
		})
	}
	wg.Wait()
	var parts int64
	must(t, db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.One(`SELECT COUNT(*) FROM part`, nil, &parts)
		return err
	}))
	if parts != joined.Load() {
		t.Errorf("%d have joined, and %d are there", joined.Load(), parts)
	}
}

func testCommitted(t *testing.T, db DB) {
	var seen []string
	must(t, db.Update(t.Context(), func(tx *Tx) error {
		tx.AfterCommit(func() {
			names, err := Names(db)
			seen = append(names, fmt.Sprint(err))
		})
		if names, err := Names(db); len(names) > 0 || err != nil {
			t.Errorf("before the commit others see %v, %v", names, err)
		}
		return Add("a", 1)(tx)
	}))
	if diff := cmp.Diff([]string{"a", "<nil>"}, seen); diff != "" {
		t.Error(diff)
	}
	err := db.Update(t.Context(), func(tx *Tx) error {
		tx.AfterCommit(func() { t.Error("called for an update that failed") })
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Error(err)
	}
}

func testContext(t *testing.T, db DB) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Update(ended, Add("a", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("update: %v", err)
	}
	if err := db.View(ended, func(tx *Tx) error { _, _, err := ValueOf(tx, "a"); return err }); !errors.Is(err, context.Canceled) {
		t.Errorf("view: %v", err)
	}
	ending, cancel := context.WithCancel(t.Context())
	err := db.View(ending, func(tx *Tx) error {
		_, _, err := ValueOf(tx, "a")
		if err != nil {
			return err
		}
		cancel()
		_, _, err = ValueOf(tx, "a")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("between statements: %v", err)
	}
	if names, err := Names(db); len(names) > 0 || err != nil {
		t.Errorf("%v, %v", names, err)
	}
}

func testProbe(t *testing.T, db DB) {
	must(t, db.Update(t.Context(), Add("a", 1)))
	must(t, db.Probe(t.Context()))
	names, err := Names(db)
	if diff := cmp.Diff([]string{"a"}, names); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A statement whose rows nobody wanted is run anew the next time, with other
// values, and columns of another type than they are asked for are errors.
func testStatements(t *testing.T, db DB) {
	for n := range 3 {
		must(t, db.Update(t.Context(), Add(fmt.Sprint(n), int64(n))))
	}
	for _, in := range []func(context.Context, func(*Tx) error) error{db.View, db.Update} {
		must(t, in(t.Context(), func(tx *Tx) error {
			for n := range 3 {
				var name string
				if _, err := tx.One(`SELECT name FROM thing WHERE value >= $1 ORDER BY value`, n, &name); err != nil {
					return err
				}
				if name != fmt.Sprint(n) {
					t.Errorf("%d: %q", n, name)
				}
			}
			return nil
		}))
		for _, dest := range []any{new(int64), new(int)} {
			if err := in(t.Context(), func(tx *Tx) error { _, err := tx.One(SelectNames, nil, dest); return err }); err == nil {
				t.Error("a text is an integer")
			}
		}
		if err := in(t.Context(), func(tx *Tx) error { _, err := tx.One(SelectThing, "1", new(string)); return err }); err == nil {
			t.Error("an integer is a text")
		}
	}
}

// Sequence runs the same random updates and views on an engine and on a map, and
// compares what they answer. Engines that agree with it agree with each other.
func testSequence(t *testing.T, db DB) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	model := map[string]int64{}
	for step := range 300 {
		next := map[string]int64{}
		for name, value := range model {
			next[name] = value
		}
		type op struct {
			kind  int
			name  string
			value int64
		}
		var ops []op
		for range 1 + r.IntN(4) {
			ops = append(ops, op{r.IntN(5), string(rune('a' + r.IntN(6))), r.Int64N(100)})
		}
		refuse, clash := r.IntN(5) == 0, false
		apply := func(tx *Tx) error {
			for _, o := range ops {
				var err error
				switch o.kind {
				case 0:
					err = Add(o.name, o.value)(tx)
				case 1:
					_, err = tx.Exec(InsertThing+` ON CONFLICT DO NOTHING`, []byte(o.name), 1, o.name, o.value)
				case 2:
					_, err = tx.Exec(UpdateThing, o.name, o.value)
				case 3:
					_, err = tx.Exec(`DELETE FROM thing WHERE name = $1`, o.name)
				case 4:
					_, err = tx.Exec(`INSERT INTO thing (id, pool, name, value) VALUES ($1, 1, $2, $3) ON CONFLICT (name) DO UPDATE SET value = thing.value + excluded.value`, []byte(o.name), o.name, o.value)
				}
				if err != nil {
					return err
				}
			}
			if refuse {
				return errRefused
			}
			return nil
		}
		for _, o := range ops {
			_, there := next[o.name]
			switch {
			case o.kind == 0 && there:
				clash = true
			case o.kind == 2 && !there, o.kind == 1 && there:
			case o.kind == 3:
				delete(next, o.name)
			case o.kind == 4 && there:
				next[o.name] += o.value
			default:
				next[o.name] = o.value
			}
			if clash {
				break
			}
		}
		err := db.Update(t.Context(), apply)
		switch {
		case clash && db.ErrorKind(err) != engine.Unique, !clash && refuse && !errors.Is(err, errRefused), !clash && !refuse && err != nil:
			t.Fatalf("step %d: %v of %+v", step, err, ops)
		case err == nil:
			model = next
		}
		got := map[string]int64{}
		must(t, db.View(t.Context(), func(tx *Tx) error {
			clear(got)
			return tx.Each(`SELECT name, value FROM thing`, nil, func(s engine.Stmt) error {
				got[s.Text(0)] = s.Int(1)
				return s.Err()
			})
		}))
		if diff := cmp.Diff(model, got); diff != "" {
			t.Fatalf("step %d, %+v: %s", step, ops, diff)
		}
	}
}

func testClosed(t *testing.T, db DB) {
	must(t, db.Close())
	if err := db.View(t.Context(), func(tx *Tx) error { _, _, err := ValueOf(tx, "a"); return err }); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("view: %v", err)
	}
	if err := db.Update(t.Context(), Add("a", 1)); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("update: %v", err)
	}
	if err := db.Probe(t.Context()); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("probe: %v", err)
	}
	must(t, db.Close()) // again
}

// read reads a value in a view of its own.
func read(t *testing.T, db DB, name string) (value int64, found bool, err error) {
	err = db.View(t.Context(), func(tx *Tx) (err error) {
		value, found, err = ValueOf(tx, name)
		return err
	})
	return value, found, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
