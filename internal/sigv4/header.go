package sigv4

import "strings"

// maxHeaderName is the longest name of a signed header, in bytes.
const maxHeaderName = 128

// appendHeaderKey appends the canonical form of a header name in lower case:
// "x-amz-date" becomes "X-Amz-Date".
func appendHeaderKey(dst []byte, lower string) []byte {
	upper := true
	for i := range len(lower) {
		c := lower[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
		upper = c == '-'
	}
	return dst
}

// isHeaderName reports whether s is a header name in lower case (a token of RFC
// 9110, section 5.6.2).
func isHeaderName(s string) bool {
	if s == "" || len(s) > maxHeaderName {
		return false
	}
	for i := range len(s) {
		if !isLowerTokenByte(s[i]) {
			return false
		}
	}
	return true
}

func isLowerTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

// appendFolded appends a header value as the canonical request has it: no blanks
// at either end, and one space where there were several.
func appendFolded(dst []byte, v string) []byte {
	v = trimBlanks(v)
	if !strings.Contains(v, "  ") {
		return append(dst, v...)
	}
	for i := range len(v) {
		if v[i] == ' ' && v[i-1] == ' ' { // v[0] is not a blank
			continue
		}
		dst = append(dst, v[i])
	}
	return dst
}

// trimBlanks removes the optional whitespace of RFC 9110 from both ends.
func trimBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
