package sigv4

import (
	"strconv"
	"sync"
	"testing"
)

func TestKeyCache(t *testing.T) {
	c := &KeyCache{Limit: 4}
	put := func(secret string) {
		key, id, known := c.find(secret, "20150830", "us-east-1", "sts")
		if want := deriveKey(secret, "20150830", "us-east-1", "sts"); key != want {
			t.Fatalf("%s: wrong key", secret)
		}
		if !known {
			c.put(id, key)
		}
	}
	for i := range 100 {
		put("in use")
		put(strconv.Itoa(i))
		if n := c.keys.Weight(); n > 4 {
			t.Fatalf("%d keys, the limit is 4", n)
		}
		id := newCacheKey("in use", "20150830", "us-east-1", "sts")
		if _, _, ok := c.keys.Find(id); !ok {
			t.Fatalf("a key in use was forgotten after %d others", i)
		}
	}
}

func TestKeyCacheLimit(t *testing.T) {
	for _, test := range []struct{ limit, keys, want int }{
		{0, 10000, 4096},
		{1, 10, 2}, // there are always two halves
		{10, 1000, 10},
	} {
		c, most := &KeyCache{Limit: test.limit}, 0
		for i := range test.keys {
			c.put(newCacheKey(strconv.Itoa(i), "", "", ""), signingKey{})
			most = max(most, c.keys.Weight())
		}
		if most != test.want {
			t.Errorf("limit %d: %d keys, want %d", test.limit, most, test.want)
		}
	}
}

// TestKeyCacheHalves holds that a key of the older half is used as it is, and
// asked to be put again.
func TestKeyCacheHalves(t *testing.T) {
	id, mark := newCacheKey("s", "d", "r", "x"), signingKey{1}
	c := &KeyCache{Limit: 2}
	c.put(id, mark)
	c.put(cacheKey{}, signingKey{}) // the half is full
	key, _, known := c.find("s", "d", "r", "x")
	if key != mark || known {
		t.Errorf("in the older half: key %x, known %t", key, known)
	}
	c.put(id, key)
	key, _, known = c.find("s", "d", "r", "x")
	if key != mark || !known {
		t.Errorf("put again: key %x, known %t", key, known)
	}
}

// TestKeyCacheKeepsFieldsApart holds that nothing that a key is derived from can
// be moved from one field to the next.
func TestKeyCacheKeepsFieldsApart(t *testing.T) {
	seen := make(map[cacheKey][4]string)
	for _, f := range [][4]string{
		{"s", "d", "r", "x"}, {"sd", "", "r", "x"}, {"s", "dr", "", "x"}, {"s", "d", "rx", ""},
		{"S", "d", "r", "x"}, {"s", "D", "r", "x"}, {"s", "d", "R", "x"}, {"s", "d", "r", "X"},
	} {
		id := newCacheKey(f[0], f[1], f[2], f[3])
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have one key", f, other)
		}
		seen[id] = f
	}
}

// TestKeyCacheRemembersOnlyProven holds that a request with a wrong signature
// leaves nothing in the cache, and that a secret in the cache helps no other.
func TestKeyCacheRemembersOnlyProven(t *testing.T) {
	o := testOptions()
	o.Keys = new(KeyCache)
	r := signedRequest(t)
	wantError(t, verify(r, "another secret", o), &Error{Mismatch, CauseMismatch, mismatchText})
	if n := o.Keys.keys.Weight(); n != 0 {
		t.Errorf("%d keys after a wrong signature", n)
	}
	wantError(t, verify(r, suiteSecret, o), nil)
	if n := o.Keys.keys.Weight(); n != 1 {
		t.Errorf("%d keys after a right signature, want 1", n)
	}
	wantError(t, verify(r, suiteSecret, o), nil)
	wantError(t, verify(r, "another secret", o), &Error{Mismatch, CauseMismatch, mismatchText})
}

func TestKeyCacheConcurrently(t *testing.T) {
	o := testOptions()
	o.Keys = &KeyCache{Limit: 4}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				c := testCredentials
				c.SecretAccessKey = strconv.Itoa((i + g) % 7)
				r := jsonRequest()
				if err := Sign(r, c, "us-east-1", "cognito-identity", suiteTime); err != nil {
					t.Error(err)
				}
				if err := verify(r, c.SecretAccessKey, o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
