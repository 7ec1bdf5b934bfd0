package login

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims are the members of a token's payload, each as the JSON that was sent:
// numbers keep their digits, so nothing is lost by reading them.
type Claims map[string]jsontext.Value

// members reads the members of a JSON object out of its text. They stay part of it,
// so that there is one copy of a payload and not one of each claim.
type members struct {
	text   []byte
	claims Claims
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom for a decoder of the text from
// its beginning. Names that occur twice are the decoder's to refuse.
func (m *members) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err != nil { // {
		return err
	}
	names := string(m.text)
	m.claims = make(Claims, usualClaims)
	for dec.PeekKind() != '}' {
		from, to, err := next(dec)
		if err != nil {
			return err
		}
		name := names[from+1 : to-1]
		if strings.IndexByte(name, '\\') >= 0 {
			name, _ = text(m.text[from:to]) // read before, so it can be unquoted
		}
		if from, to, err = next(dec); err != nil {
			return err
		}
		m.claims[name] = m.text[from:to:to]
	}
	_, err := dec.ReadToken() // }
	return err
}

// usualClaims is how many claims fit without making room for more.
const usualClaims = 14

// next reads a value, the name of a member too, and returns where it is.
func next(dec *jsontext.Decoder) (from, to int, err error) {
	v, err := dec.ReadValue()
	to = int(dec.InputOffset())
	return to - len(v), to, err
}

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
