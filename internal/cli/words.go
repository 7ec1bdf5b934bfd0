package cli

import (
	"regexp"
	"strings"
)

// The words of the command line are the API's names in kebab case, as the AWS
// CLI makes them: GetOpenIdToken is get-open-id-token.
var (
	acronymPlural = regexp.MustCompile(`[A-Z]{2,}s$`)
	beforeWord    = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	beforeUpper   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// kebab is an API's name as a word of the command line.
func kebab(name string) string {
	if plural := acronymPlural.FindString(name); plural != "" {
		name = strings.TrimSuffix(name, plural) + "-" + strings.ToLower(plural)
	}
	name = beforeWord.ReplaceAllString(name, "$1-$2")
	name = beforeUpper.ReplaceAllString(name, "$1-$2")
	return strings.ToLower(name)
}

// alike lists the words that one may have been meant for: those whose similarity
// is at least 0.8, at most three, the most similar first (Python's
// difflib.get_close_matches, which the AWS CLI uses).
func alike(word string, words []string) []string {
	type match struct {
		word  string
		ratio float64
	}
	var best []match
	for _, w := range words {
		if r := ratio(w, word); r >= 0.8 {
			at := len(best)
			for at > 0 && best[at-1].ratio < r {
				at--
			}
			best = append(best[:at], append([]match{{w, r}}, best[at:]...)...)
		}
	}
	var found []string
	for _, m := range best[:min(3, len(best))] {
		found = append(found, m.word)
	}
	return found
}

// maxAlike is how long a word may be that others are compared with.
const maxAlike = 100

// ratio is how similar two words are, from 0 to 1: twice the number of matching
// characters over that of all (Ratcliff and Obershelp).
func ratio(a, b string) float64 {
	if len(a)+len(b) == 0 || len(a) > maxAlike || len(b) > maxAlike {
		return 0
	}
	return 2 * float64(matching(a, b)) / float64(len(a)+len(b))
}

func matching(a, b string) int {
	from, to, length := 0, 0, 0
	for i := range len(a) {
		for j := range len(b) {
			k := 0
			for i+k < len(a) && j+k < len(b) && a[i+k] == b[j+k] {
				k++
			}
			if k > length {
				from, to, length = i, j, k
			}
		}
	}
	if length == 0 {
		return 0
	}
	return length + matching(a[:from], b[:to]) + matching(a[from+length:], b[to+length:])
}
