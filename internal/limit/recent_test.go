package limit

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever is put, each half weighs what its entries weigh and no more than it
// may, and what is found is what was put last.
func TestRecentIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 20
		r, put := &Recent[int, int]{Most: most}, map[int]int{}
		for n := range rapid.IntRange(1, 200).Draw(t, "steps") {
			key := rapid.IntRange(0, 9).Draw(t, "key")
			if rapid.Bool().Draw(t, "put") {
				r.PutHeavy(key, n, rapid.IntRange(1, most).Draw(t, "weight"))
				put[key] = n
				if _, stays, ok := r.Find(key); !ok || !stays {
					t.Fatalf("%d was put and is not there", key)
				}
			} else if v, ok := r.Get(key); ok {
				if v != put[key] {
					t.Fatalf("%d is %d, and %d was put last", key, v, put[key])
				}
				if _, stays, _ := r.Find(key); !stays {
					t.Fatalf("%d was asked for and does not stay", key)
				}
			}
			for _, h := range []half[int, int]{r.young, r.old} {
				sum := 0
				for _, e := range h.entries {
					sum += e.weight
				}
				if sum != h.weight || sum > most {
					t.Fatalf("a half weighs %d, is thought to weigh %d, and may weigh %d", sum, h.weight, most)
				}
			}
		}
	})
}

// What is asked for stays, what is only looked at does not.
func TestRecentKeepsWhatIsUsed(t *testing.T) {
	r := &Recent[string, int]{Most: 2}
	r.Put("used", 1)
	r.Put("looked at", 2)
	for n := range 100 {
		r.Put("other", n)
		r.Put("another", n)
		if v, ok := r.Get("used"); !ok || v != 1 {
			t.Fatalf("what is used was forgotten after %d others", 2*n)
		}
		if _, _, ok := r.Find("looked at"); ok && n > 1 {
			t.Fatal("what is only looked at stays")
		}
	}
	if got := r.Weight(); got > 4 {
		t.Errorf("%d are remembered, want 4 at most", got)
	}
}
