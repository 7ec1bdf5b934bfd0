package login

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims are the members of a token's payload, each as the JSON that was sent:
// numbers keep their digits, so nothing is lost by reading them.
type Claims map[string]jsontext.Value

// Text returns a claim that is a JSON string.
func (c Claims) Text(name string) (string, bool) {
	return text(c[name])
}

// Texts returns a claim that is a JSON string, as a list of one, or an array of
// strings.
func (c Claims) Texts(name string) ([]string, bool) {
	v := c[name]
	switch v.Kind() {
	case '"':
		s, ok := text(v)
		return []string{s}, ok
	case '[':
		var list []string
		for _, item := range items(v) {
			s, ok := text(item)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}

// Scalar returns a claim that is a JSON string, number or boolean, as text: a
// number as it was written.
func (c Claims) Scalar(name string) (string, bool) {
	switch v := c[name]; v.Kind() {
	case '"':
		return text(v)
	case '0', 't', 'f':
		return string(v), true
	}
	return "", false
}

// Object returns the members of a claim that is a JSON object; of any other none.
func (c Claims) Object(name string) Claims {
	var members Claims
	if v := c[name]; v.Kind() != '{' || json.Unmarshal(v, &members) != nil {
		return nil
	}
	return members
}

// has reports whether a claim is there; null counts as absent.
func (c Claims) has(name string) bool {
	v, ok := c[name]
	return ok && v.Kind() != 'n'
}

func items(array jsontext.Value) []jsontext.Value {
	var list []jsontext.Value
	if json.Unmarshal(array, &list) != nil {
		return nil
	}
	return list
}

func text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true // nothing to unescape
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// latest is the end of the year 9999, the last second that a timestamp in the
// usual notation can say. Bounding times keeps sums of them from overflowing.
const latest = 253402300799

// seconds reads a claim that is a NumericDate (RFC 7519, section 2) written as
// an integer. Fractions, exponents and strings are refused, as STS refuses
// them: one number has one spelling.
func (c Claims) seconds(name string) (int64, bool) {
	v := c[name]
	if v.Kind() != '0' || v[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil && n <= latest
}
