package sigv4

import (
	"cmp"
	"slices"
	"strings"
)

// Limits of a query. They are far above what clients send, and bound the work
// that a stranger can cause before the signature is known to be good.
const (
	maxQuery  = 64 << 10 // bytes
	maxParams = 1024
)

// param is a query parameter in canonical form: percent-encoded as in RFC 3986,
// everything but the unreserved characters, upper-case hexadecimal.
type param struct{ name, value string }

// parseQuery splits a raw query into its parameters, sorted as the canonical
// request wants them: by encoded name, then by encoded value.
func parseQuery(raw string) ([]param, error) {
	if raw == "" {
		return nil, nil
	}
	n := strings.Count(raw, "&") + 1
	if len(raw) > maxQuery || n > maxParams {
		return nil, refuse(Incomplete, CauseTooLarge, "The query string is too long.")
	}
	params := make([]param, 0, n+len(presignNames))
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p, ok := canonicalParam(name, value)
		if !ok {
			return nil, refuse(Incomplete, CauseQuery, "Illegal hex character in escape %% pattern: %%")
		}
		params = append(params, p)
	}
	sortParams(params)
	return params, nil
}

func sortParams(params []param) {
	slices.SortFunc(params, func(a, b param) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
}

func canonicalParam(name, value string) (param, bool) {
	n, ok1 := canonicalComponent(name)
	v, ok2 := canonicalComponent(value)
	return param{n, v}, ok1 && ok2
}

// canonicalComponent brings one name or value, however its client escaped it,
// into canonical form.
func canonicalComponent(s string) (string, bool) {
	if isUnreserved(s) {
		return s, true
	}
	plain, ok := unescape(s)
	return escape(plain), ok
}

// appendQuery appends the canonical query: every parameter but the signature.
func appendQuery(dst []byte, params []param) []byte {
	first := true
	for _, p := range params {
		if p.name == presignNames[presignSignature] {
			continue
		}
		if !first {
			dst = append(dst, '&')
		}
		first = false
		dst = append(dst, p.name...)
		dst = append(dst, '=')
		dst = append(dst, p.value...)
	}
	return dst
}

// unescape undoes percent encoding. A plus sign is a space, as for every parser
// of HTML forms; were it taken literally here, "%2B" could be changed to "+"
// without breaking the signature and would then be read as something else.
func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			b = append(b, hi<<4|lo)
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func escape(s string) string {
	if isUnreserved(s) {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+16), s, false))
}

// appendEscaped appends s with everything percent-encoded but the unreserved
// characters and, in a path, the slash.
func appendEscaped(dst []byte, s string, slash bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if isUnreservedByte(c) || slash && c == '/' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst
}

func isUnreserved(s string) bool {
	for i := range len(s) {
		if !isUnreservedByte(s[i]) {
			return false
		}
	}
	return true
}

// isUnreservedByte reports whether c is unreserved in the sense of RFC 3986,
// section 2.3.
func isUnreservedByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
