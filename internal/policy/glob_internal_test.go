package policy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMatch compares the compiled glob, variables included, with the obvious
// recursive matcher. $ in the fuzzed pattern is the variable.
func FuzzMatch(f *testing.F) {
	f.Add("a*b", "", "axxb")
	f.Add("*?$*", "é", "xéy")
	f.Add("$?$", "*", "*a*")
	f.Add("*$*ab", "", "abab")
	f.Add("?*?", "x", "€")
	f.Add("*a?*b?c", "x", "aéb\xffc")
	f.Fuzz(func(t *testing.T, pattern, value, s string) {
		if len(pattern) > 16 || len(value) > 8 || len(s) > 20 || strings.ContainsAny(pattern, "{}") || !utf8.ValidString(pattern) {
			return // the naive matcher is exponential; documents are UTF-8
		}
		pieces, err := readPieces(strings.ReplaceAll(pattern, "$", "${t:v}"), syntax{wildcards: true, variables: true})
		if err != nil {
			t.Fatal(err)
		}
		g := newGlob(pieces)
		got := g.match(s, Context{"t:v": {value}})
		want := naiveGlob(naiveTokens(pattern, value), s)
		if strings.Contains(pattern, "$") && !utf8.ValidString(value) {
			want = false
		}
		if got != want {
			t.Errorf("pattern %q with $ = %q matches %q: %v, want %v", pattern, value, s, got, want)
		}
	})
}

const (
	naiveAny = -1
	naiveOne = -2
)

// naiveTokens has wildcards below zero and bytes above.
func naiveTokens(pattern, value string) (tokens []int) {
	for i := range len(pattern) {
		switch pattern[i] {
		case '*':
			tokens = append(tokens, naiveAny)
		case '?':
			tokens = append(tokens, naiveOne)
		case '$':
			for _, b := range []byte(value) {
				tokens = append(tokens, int(b))
			}
		default:
			tokens = append(tokens, int(pattern[i]))
		}
	}
	return tokens
}

func naiveGlob(tokens []int, s string) bool {
	if len(tokens) == 0 {
		return s == ""
	}
	_, n := utf8.DecodeRuneInString(s)
	switch tokens[0] {
	case naiveAny:
		return naiveGlob(tokens[1:], s) || s != "" && naiveGlob(tokens, s[n:])
	case naiveOne:
		return s != "" && naiveGlob(tokens[1:], s[n:])
	default:
		return s != "" && int(s[0]) == tokens[0] && naiveGlob(tokens[1:], s[1:])
	}
}

func TestDecimalOrder(t *testing.T) {
	ordered := []string{
		"-100000000000000000000", "-10", "-9.91", "-9.9", "-1", "-0.5", "-0.05", "0", "0.05", "0.45", "0.5", "1", "1.0001", "9", "10",
		"9007199254740992", "9007199254740993", "100000000000000000000",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			x, okX := parseDecimal(a)
			y, okY := parseDecimal(b)
			if !okX || !okY {
				t.Fatalf("%q or %q is no number", a, b)
			}
			if got, want := x.compare(y), min(1, max(-1, i-j)); got != want {
				t.Errorf("%s compared with %s: %d, want %d", a, b, got, want)
			}
		}
	}
}
