package arn

import "unicode/utf8"

// Match reports whether s matches pattern as ArnLike and ArnEquals compare
// ("ARN condition operators" in the IAM User Guide): each of the six
// components is checked on its own, * standing for any characters and ? for
// exactly one. A wildcard therefore never reaches across a colon, except in
// the last component, which may contain colons itself.
//
// A pattern that is nothing but * matches every ARN. Any other pattern, and
// every s, with fewer than six components matches nothing.
//
// The time is at most proportional to len(pattern) times len(s), whatever the
// pattern, and proportional to len(s) for a given one; nothing is allocated.
func Match(pattern, s string) bool {
	have, ok := split(s)
	if !ok {
		return false
	}
	if pattern == "*" {
		return true
	}
	want, ok := split(pattern)
	if !ok {
		return false
	}
	for i := range want {
		if !matchComponent(want[i], have[i]) {
			return false
		}
	}
	return true
}

// matchComponent is the greedy matcher with two pointers: on a mismatch only
// the latest asterisk takes one more character, which is enough because what
// stands between two asterisks may as well match at its first opportunity.
func matchComponent(pattern, s string) bool {
	afterStar, starTaken := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			p++
			afterStar, starTaken = p, i
		case p < len(pattern) && pattern[p] == '?':
			p++
			i += runeLen(s[i:])
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case afterStar >= 0:
			starTaken += runeLen(s[starTaken:])
			p, i = afterStar, starTaken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// runeLen is the length of the character that s begins with: wildcards count
// characters, not bytes.
func runeLen(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}
