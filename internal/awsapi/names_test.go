package awsapi

import (
	"strings"
	"testing"
)

// A name is found again among few and among many.
func TestNames(t *testing.T) {
	for _, count := range []int{1, 15, 16, 17, 60} {
		var seen Names
		name := func(i int) string { return strings.Repeat("n", i+1) }
		for i := range count {
			if !seen.Add(name(i)) {
				t.Fatalf("of %d names, %d is not new", count, i)
			}
		}
		for i := range count {
			if seen.Add(name(i)) {
				t.Errorf("of %d names, %d is new again", count, i)
			}
		}
	}
}
