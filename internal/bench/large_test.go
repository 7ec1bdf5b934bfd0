package bench

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store"
)

const (
	// smallPeople are the identities of the database that the large one is compared
	// with, largeUsers those of each who send requests.
	smallPeople = 10_000
	largeUsers  = 20_000
	// bulkBatch is how many identities are added with one call.
	bulkBatch = 1_000_000
	// page is how many identities are on a page.
	page = 60
	// liveRate is how many requests a second come while a pool is deleted.
	liveRate = 2000
)

// BenchmarkLarge is what does not fit into anybody's memory: whether a request costs
// the same among millions of identities, pages, the deletion of a pool beside live
// traffic, start-up, memory, bytes.
func BenchmarkLarge(b *testing.B) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("DAYPASS_BENCH_LARGE"), "0"))
	if err != nil || n == 0 {
		b.Skip("make bench-large runs this")
	}
	built := builtDaypass(b)
	large, small := newCrowd(b, largeUsers), &crowd{tokens: make([]string, largeUsers), people: smallPeople}
	small.key, small.issuer, small.name, small.ca = large.key, large.issuer, large.name, large.ca
	large.signTokens(b)
	small.signTokens(b)
	// The bulk path may use all cores; whatever is compared later does not.
	w, dead := newWorld(b, large, thisDaypass), ""
	w.admit(b)
	dead = w.createPool(b, "dead")
	w.daypass.stop()
	b.Run("bulk", func(b *testing.B) { w.bulk(b, n, dead) })
	settle(b)
	of := fmt.Sprintf("at %s identities", figure(float64(n)))
	b.Run("flat", func(b *testing.B) {
		w.daypass = thisDaypass(b, w.dir)
		s := newWorld(b, small, thisDaypass)
		s.admit(b)
		flat(b, w, s, of)
		w.pages(b, n, of)
		w.daypass.stop()
		s.daypass.stop()
	})
	b.Run("life", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		const starts = 5
		var took []float64
		for range starts {
			began := time.Now()
			w.daypass = built(b, w.dir)
			took = append(took, float64(time.Since(began).Microseconds())/1000)
			w.daypass.stop()
		}
		slices.Sort(took)
		table.say(b, "start "+of, took[starts/2], "ms", fmt.Sprintf("until it is ready, median of %d; %.0f to %.0f", starts, took[0], took[starts-1]))
		w.daypass = built(b, w.dir)
		idle, own, _ := w.daypass.memory()
		table.say(b, memoryIdle+" "+of, idle, "MiB", resident(own))
		c := dial(b, w.daypass.addr, connections)
		load := func(next func(int) request) { w.daypass.turn(b, c, 0, next) }
		for range 3 {
			load(w.everybody(&w.tokensAt, w.getID).next)
			load(w.everybody(&w.tokensAt, w.getCredentials).next)
			guest, list := w.getGuestID(), w.listIdentities("")
			load(func(i int) request {
				if i%10 == 0 {
					return list
				}
				return guest
			})
		}
		_, _, most := w.daypass.memory()
		table.say(b, "memory under load "+of, most, "MiB", "at most, after nine rounds of GetId, GetCredentialsForIdentity, guests and pages")
		w.bury(b, dead, min(n/10, bulkBatch))
	})
}

// createPool makes a pool that takes the login provider's users.
func (w *world) createPool(b *testing.B, name string) string {
	b.Helper()
	text, err := w.root().JSON(b.Context(), cognito.API, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": name, "AllowUnauthenticatedIdentities": true,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::" + account + ":oidc-provider/" + w.name},
	})
	var out struct{ IdentityPoolId string }
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		b.Fatal(err)
	}
	return out.IdentityPoolId
}

func (w *world) root() *client.Client {
	return &client.Client{Endpoint: "http://" + w.daypass.addr, Region: "us-east-1",
		Credentials: sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}}
}

// bulk adds n identities to the world's pool, and a tenth of them, a million at most,
// to one that is to be deleted. Two of three have a login.
func (w *world) bulk(b *testing.B, n int, dead string) {
	key, err := seal.LoadFile(filepath.Join(w.dir, masterKeyFile))
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(w.dir, "data", "daypass.db")
	db, err := store.Open(b.Context(), store.Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	c := db.Cognito(key.Box("pool-secret"))
	pools := map[string]*cognito.Pool{}
	err = c.View(b.Context(), func(tx cognito.Tx) error {
		for _, id := range []string{w.pool, dead} {
			if pools[id], err = tx.Pool(cognito.IdentityPoolId(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var took time.Duration
	add := func(p *cognito.Pool, n int) {
		provider := p.Providers[w.name]
		for from := 0; from < n; from += bulkBatch {
			list := make([]*cognito.Identity, min(bulkBatch, n-from))
			at := time.Now().UTC().Truncate(time.Millisecond)
			for k := range list {
				i := &cognito.Identity{Pool: p.Number, Created: at, Modified: at}
				_, _ = rand.Read(i.GUID[:])
				if k%3 != 0 {
					i.Authenticated, i.Logins = true, []cognito.Login{{Provider: provider, Subject: subject(1_000_000 + from + k)}}
				}
				list[k] = i
			}
			began := time.Now()
			if err := c.AddIdentities(b.Context(), list); err != nil {
				b.Fatal(err)
			}
			took += time.Since(began)
		}
	}
	gone := min(n/10, bulkBatch)
	add(pools[dead], gone)
	add(pools[w.pool], n)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	all := float64(n + gone)
	b.ReportMetric(0, "ns/op")
	table.say(b, bulkPath, all/took.Seconds(), "identities/s", fmt.Sprintf("%s identities, two of three with a login, %s with a call", figure(all), figure(bulkBatch)))
	table.say(b, "bytes an identity", float64(info.Size())/all, "bytes", fmt.Sprintf("%.0f MiB with what finds them by pool and by login", float64(info.Size())/(1<<20)))
}

// flat compares requests to a large database with the same to a small one.
func flat(b *testing.B, w, s *world, of string) {
	for _, r := range []struct {
		name       string
		callers, n int
		deck       func(w *world) deck
		missed     does
	}{
		{"GetId", connections, 0, func(w *world) deck { return w.everybody(&w.tokensAt, w.getID) }, does{"Signatures": 1}},
		{"GetCredentialsForIdentity", connections, 0, func(w *world) deck { return w.everybody(&w.tokensAt, w.getCredentials) }, does{"Signatures": 1}},
		// Few, so that the small database stays small.
		{"new-guest", 64, 2000, (*world).guests, does{}},
	} {
		b.Run(r.name, func(b *testing.B) {
			defer w.daypass.profile(b.Name())()
			p := versus(b, w, s, r.deck(w), r.deck(s), r.callers, r.n, r.missed)
			p.metrics(b, "small")
			ratio, spread := p.verdict()
			table.say(b, r.name+flatCost, 1/ratio, "times", fmt.Sprintf("%s, ±%.0f %%", of, 100*spread))
		})
	}
}

// listIdentities asks for a page of the world's pool, behind an identity.
func (w *world) listIdentities(next string) request {
	in := map[string]any{"IdentityPoolId": w.pool, "MaxResults": page}
	if next != "" {
		in["NextToken"] = next
	}
	body, _ := json.Marshal(in)
	return request{w.signed(w.iam, cognito.API, jsonHeader("ListIdentities"), body), holds(`"IdentityId":`)}
}

// pages measures the first page of identities, one in the middle, and the last.
func (w *world) pages(b *testing.B, n int, of string) {
	key, err := seal.LoadFile(filepath.Join(w.dir, masterKeyFile))
	if err != nil {
		b.Fatal(err)
	}
	box := key.Box("page-token")
	// Identities are evenly spread: half a page of them lies behind this.
	lastHalf := ^uint64(0) - uint64(float64(page)/2*(1<<63)/float64(n)*2)
	for _, p := range []struct {
		name  string
		after uint64
	}{{"first", 0}, {"middle", 1 << 63}, {"last", lastHalf}} {
		token := ""
		if p.after > 0 {
			token = box.SealText(string(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.after), 0)), "ListIdentities", w.pool)
		}
		ask := w.listIdentities(token)
		c := dial(b, w.daypass.addr, 1)
		w.daypass.turn(b, c, 10, func(int) request { return ask })
		r := w.daypass.turn(b, c, 1000, func(int) request { return ask })
		table.say(b, "ListIdentities, the "+p.name+" page "+of, r.cost(), "µs CPU", fmt.Sprintf("%d to a page, a request at a time; p50 %.2f ms, p99 %.2f ms", page, r.wait(.5)/1000, r.wait(.99)/1000))
	}
}

// bury deletes a pool with so many identities while requests come, and waits until
// its rows are gone.
func (w *world) bury(b *testing.B, pool string, n int) {
	known, guest := w.everybody(&w.tokensAt, w.getCredentials), w.getGuestID()
	mixed := func(i int) request {
		if i%10 == 0 {
			return guest
		}
		return known.next(i)
	}
	c := dial(b, w.daypass.addr, connections)
	// live is what a second of the traffic takes, and the CPU time of the server.
	live := func() ([]time.Duration, time.Duration) {
		before := w.daypass.cpuTime()
		took, err := c.paced(0, time.Second, time.Second/liveRate, mixed)
		if err != nil {
			b.Fatal(err)
		}
		return took, w.daypass.cpuTime() - before
	}
	live() // what was written before has gone to the disk
	live()
	var before, during []time.Duration
	var usual time.Duration
	for range 5 {
		took, cpu := live()
		before, usual = append(before, took...), usual+cpu/5
	}
	if _, err := w.root().JSON(b.Context(), cognito.API, "DeleteIdentityPool", map[string]any{"IdentityPoolId": pool}); err != nil {
		b.Fatal(err)
	}
	// The rows are gone when the server has nothing to do but the traffic.
	seconds := 0
	for quiet := 0; quiet < 2; {
		took, cpu := live()
		if cpu < usual*5/4+50*time.Millisecond {
			quiet++
			continue
		}
		during, quiet = append(during, took...), 0
		if seconds++; seconds > 600 {
			b.Fatal("the rows of a deleted pool do not go")
		}
	}
	w.daypass.stop()
	if left, err := w.onDisk(`SELECT COUNT(*) FROM dead_pools`); err != nil || left > 0 {
		b.Fatalf("%d deleted pools still have rows: %v", left, err)
	}
	if len(during) == 0 {
		b.Fatal("the deletion took less than a second, too little to tell")
	}
	of := func(took []time.Duration, share float64) float64 {
		slices.Sort(took)
		r := round{took: took}
		return r.wait(share) / 1000
	}
	load := fmt.Sprintf("%d requests a second, one of ten makes a guest", liveRate)
	table.say(b, "p99 beside the deletion of a pool", of(during, .99), "ms", fmt.Sprintf("p50 %.2f ms; before it %.2f ms, p50 %.2f ms; %s", of(during, .5), of(before, .99), of(before, .5), load))
	table.say(b, "deletion of a pool", float64(seconds), "s", fmt.Sprintf("%s identities, %s/s, beside that traffic", figure(float64(n)), figure(float64(n)/float64(seconds))))
}
