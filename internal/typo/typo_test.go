package typo

import (
	"math/rand/v2"
	"testing"
)

// The distance is a metric.
func TestEdits(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"aud", "iss", 3}, {"amazon", "amazonaws", 3}} {
		if got := Edits(test.a, test.b); got != test.want {
			t.Errorf("%s, %s: %d, want %d", test.a, test.b, got, test.want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, random.IntN(6))
		for i := range b {
			b[i] = "abc"[random.IntN(3)]
		}
		return string(b)
	}
	for range 2000 {
		a, b, c := word(), word(), word()
		if Edits(a, b) != Edits(b, a) || (Edits(a, b) == 0) != (a == b) || Edits(a, c) > Edits(a, b)+Edits(b, c) {
			t.Fatalf("%q, %q, %q", a, b, c)
		}
	}
}
