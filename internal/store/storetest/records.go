package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
)

type recordKey struct{}

// recorded is a context of a request with a record.
func recorded(ctx context.Context, record string) context.Context {
	return context.WithValue(ctx, recordKey{}, record)
}

func recordOf(ctx context.Context) []byte {
	text, _ := ctx.Value(recordKey{}).(string)
	if text == "" {
		return nil
	}
	return []byte(text + "\n")
}

// delivered runs a node's delivery until its sink has a record that has an end.
func delivered(t *testing.T, db *store.DB, end string, sink func([]byte) error) (all []string, failures int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	db.DeliverRecords(ctx, func(_ context.Context, records []byte) error {
		if err := sink(records); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for line := range strings.Lines(string(records)) {
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
		if bytes.Contains(records, []byte(end)) {
			stop()
		}
		return nil
	}, func(error) { failures++ })
	return all, failures
}

// A record is there if what it is of was committed, and only then. The sink gets them in
// order, and again until it takes them.
func testRecords(t *testing.T, db *rig) {
	db.KeepRecords(recordOf)
	c := db.cognito(t)
	p := fixture.Pool(1)
	ctx := t.Context()
	add := func(record string, n byte, err error) {
		got := c.Update(recorded(ctx, record), func(tx cognito.Tx) error {
			return errors.Join(tx.AddIdentity(fixture.Identity(p, n)), err)
		})
		if !errors.Is(got, err) {
			t.Errorf("%s: %v", record, got)
		}
	}
	if err := c.Configure(recorded(ctx, "pool"), func(tx cognito.Tx) error { return tx.AddPool(p) }); err != nil {
		t.Fatal(err)
	}
	add("first", 1, nil)
	add("undone", 2, errors.New("no"))
	add("", 3, nil) // background work
	created := fixture.Identity(p, 4, cognito.Login{Provider: 1, Subject: "a"})
	if made, err := c.Create(recorded(ctx, "created"), p, created); !made || err != nil {
		t.Errorf("created: %v, %v", made, err)
	}
	taken := fixture.Identity(p, 5, created.Logins...)
	if made, err := c.Create(recorded(ctx, "taken"), p, taken); made || err != nil {
		t.Errorf("taken: %v, %v", made, err)
	}
	// What a request needs besides is not what it asked for.
	if _, err := db.Keys().AddSigningKey(recorded(ctx, "key"), openid.SigningKey{KID: "us-east-1-1", Region: "us-east-1", Sealed: []byte("sealed")}, openid.Room{}); err != nil {
		t.Error(err)
	}
	add("last", 6, nil)
	down := 2
	all, failures := delivered(t, db.DB, "last", func([]byte) error {
		if down > 0 {
			down--
			return errors.New("the sink is down")
		}
		return nil
	})
	if got := strings.Join(all, " "); got != "pool first created last" || failures != 2 {
		t.Errorf("the sink has %q, after %d failures", got, failures)
	}
	if n := db.count(t, "audit_records"); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// Of identities that are created together each has its record, and nobody else.
func testRecordsOfCreations(t *testing.T, db *rig) {
	db.KeepRecords(recordOf)
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	var wg sync.WaitGroup
	var mu sync.Mutex
	want := map[string]bool{}
	for n := range byte(60) {
		wg.Go(func() {
			i := fixture.Identity(p, n+1, cognito.Login{Provider: 1, Subject: string(rune('a' + n%20))})
			name := i.GUID.String()
			made, err := c.Create(recorded(context.Background(), name), p, i)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if made {
				want[name] = true
			}
		})
	}
	wg.Wait()
	if made, err := c.Create(recorded(t.Context(), "last"), p, fixture.Identity(p, 100)); !made || err != nil {
		t.Fatal(made, err)
	}
	all, _ := delivered(t, db.DB, "last", func([]byte) error { return nil })
	got := map[string]bool{}
	for _, name := range all {
		if got[name] {
			t.Errorf("two records of %s", name)
		}
		if got[name] = true; name != "last" && !want[name] {
			t.Errorf("a record of %s, which was not created", name)
		}
	}
	if len(got) != len(want)+1 || len(want) != 20 {
		t.Errorf("%d records of %d identities", len(got), len(want))
	}
}

// What a node has not delivered, another one delivers: at once where the database is one
// process's at a time, and otherwise when it has waited for long enough.
func testRecordsAreTakenOver(t *testing.T, db *rig) {
	db.KeepRecords(recordOf)
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	for n, record := range []string{"one", "two"} {
		if err := c.Update(recorded(t.Context(), record), func(tx cognito.Tx) error { return tx.AddIdentity(fixture.Identity(p, byte(1+n))) }); err != nil {
			t.Fatal(err)
		}
	}
	db.exec(t, `UPDATE audit_records SET owner = '0123456789abcdef', since = since - 61000`)
	all, failures := delivered(t, db.DB, "two", func([]byte) error { return nil })
	if got := strings.Join(all, " "); got != "one two" || failures != 0 {
		t.Errorf("the sink has %q, after %d failures", got, failures)
	}
}
