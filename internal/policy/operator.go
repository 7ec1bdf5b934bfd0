package policy

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
)

// An operator of the policy language ("IAM JSON policy elements: Condition
// operators" in the IAM User Guide), without prefix and suffix. A negated
// operator is the opposite of a positive one.
type operator struct {
	compile compiler
	negated bool
	null    bool // Null asks about the key, not its values
}

// A compiler reads the values that a condition lists.
type compiler func(values []string, variables bool) (test, error)

// A test compares one value of a request with all the values that a condition
// lists and reports whether any of them matches.
type test interface {
	match(value string, ctx Context) bool
}

// operators holds every operator under its documented spelling.
var operators = map[string]operator{
	"StringEquals":              {compile: each(newStringEquals)},
	"StringNotEquals":           {compile: each(newStringEquals), negated: true},
	"StringEqualsIgnoreCase":    {compile: each(newFolded)},
	"StringNotEqualsIgnoreCase": {compile: each(newFolded), negated: true},
	"StringLike":                {compile: each(newStringLike)},
	"StringNotLike":             {compile: each(newStringLike), negated: true},
	"NumericEquals":             {compile: each(newNumeric(equal))},
	"NumericNotEquals":          {compile: each(newNumeric(equal)), negated: true},
	"NumericLessThan":           {compile: each(newNumeric(less))},
	"NumericLessThanEquals":     {compile: each(newNumeric(lessOrEqual))},
	"NumericGreaterThan":        {compile: each(newNumeric(greater))},
	"NumericGreaterThanEquals":  {compile: each(newNumeric(greaterOrEqual))},
	"DateEquals":                {compile: each(newDate(equal))},
	"DateNotEquals":             {compile: each(newDate(equal)), negated: true},
	"DateLessThan":              {compile: each(newDate(less))},
	"DateLessThanEquals":        {compile: each(newDate(lessOrEqual))},
	"DateGreaterThan":           {compile: each(newDate(greater))},
	"DateGreaterThanEquals":     {compile: each(newDate(greaterOrEqual))},
	"Bool":                      {compile: each(newBool)},
	"BinaryEquals":              {compile: each(newBinary)},
	"IpAddress":                 {compile: each(newAddress)},
	"NotIpAddress":              {compile: each(newAddress), negated: true},
	"ArnEquals":                 {compile: each(newARN)},
	"ArnLike":                   {compile: each(newARN)},
	"ArnNotEquals":              {compile: each(newARN), negated: true},
	"ArnNotLike":                {compile: each(newARN), negated: true},
	"Null":                      {compile: each(newNull), null: true},
}

// anyOf is a test made of one test for each listed value.
type anyOf[T any, P interface {
	*T
	test
}] []T

func (tests anyOf[T, P]) match(value string, ctx Context) bool {
	for i := range tests {
		if P(&tests[i]).match(value, ctx) {
			return true
		}
	}
	return false
}

// each makes a compiler from the compiler of one value.
func each[T any, P interface {
	*T
	test
}](compileOne func(value string, variables bool) (T, error)) compiler {
	return func(values []string, variables bool) (test, error) {
		tests := make(anyOf[T, P], len(values))
		for i, value := range values {
			one, err := compileOne(value, variables)
			if err != nil {
				return nil, err
			}
			tests[i] = one
		}
		return tests, nil
	}
}

func newStringEquals(value string, variables bool) (glob, error) {
	pieces, err := readPieces(value, syntax{variables: variables})
	return newGlob(pieces), err
}

func newStringLike(value string, variables bool) (glob, error) {
	pieces, err := readPieces(value, syntax{wildcards: true, variables: variables})
	return newGlob(pieces), err
}

func newARN(value string, variables bool) (arnGlob, error) {
	a, err := newARNGlob(value, variables)
	if err != nil {
		return arnGlob{}, fmt.Errorf("ARN %q: %w", value, err)
	}
	return a, nil
}

// folded compares without regard to case.
type folded struct{ pieces []piece }

func newFolded(value string, variables bool) (folded, error) {
	pieces, err := readPieces(value, syntax{variables: variables})
	return folded{pieces}, err
}

func (f *folded) match(value string, ctx Context) bool {
	want, ok := f.text(ctx)
	return ok && strings.EqualFold(want, value)
}

// text is put together first, because folding may change the length of a
// piece.
func (f *folded) text(ctx Context) (string, bool) {
	if len(f.pieces) == 1 && f.pieces[0].kind == literal {
		return f.pieces[0].text, true
	}
	var text strings.Builder
	for i := range f.pieces {
		part, ok := f.pieces[i].text, true
		if f.pieces[i].kind == hole {
			part, ok = f.pieces[i].variable.value(ctx)
		}
		if !ok {
			return "", false
		}
		text.WriteString(part)
	}
	return text.String(), true
}

// boolean compares truth values. A variable, which the documentation of Bool
// neither promises nor excludes, is looked up.
type boolean struct {
	want     bool
	variable *variable
}

func newBool(value string, variables bool) (boolean, error) {
	if want, ok := parseBool(value); ok {
		return boolean{want: want}, nil
	}
	pieces, err := readPieces(value, syntax{variables: variables})
	if err != nil {
		return boolean{}, err
	}
	if len(pieces) == 1 && pieces[0].kind == hole {
		return boolean{variable: pieces[0].variable}, nil
	}
	return boolean{}, fmt.Errorf("neither true nor false: %q", value)
}

func (b *boolean) match(value string, ctx Context) bool {
	want := b.want
	if b.variable != nil {
		text, ok := b.variable.value(ctx)
		if !ok {
			return false
		}
		if want, ok = parseBool(text); !ok {
			return false
		}
	}
	have, ok := parseBool(value)
	return ok && have == want
}

func parseBool(s string) (value, ok bool) {
	switch {
	case equalFoldASCII("true", s):
		return true, true
	case equalFoldASCII("false", s):
		return false, true
	}
	return false, false
}

// newNull compiles a value of Null, which is compared with the truth of "the
// key is absent".
func newNull(value string, _ bool) (boolean, error) { return newBool(value, false) }

// binary compares bytes; the document has them in base64.
type binary string

func newBinary(value string, _ bool) (binary, error) {
	if strings.ContainsAny(value, "\r\n") {
		return "", fmt.Errorf("line break in base64: %q", value) // the decoder would skip it
	}
	b, err := base64.StdEncoding.Strict().DecodeString(value)
	return binary(b), err
}

func (b *binary) match(value string, _ Context) bool { return string(*b) == value }

// addressRange is a CIDR block; a bare address is a block of one.
type addressRange netip.Prefix

func newAddress(value string, _ bool) (addressRange, error) {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		addr, addrErr := netip.ParseAddr(value)
		if addrErr != nil || addr.Zone() != "" {
			return addressRange{}, fmt.Errorf("neither an address nor a CIDR block: %q", value)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	// An IPv4 address is one thing in both of its spellings.
	if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return addressRange(prefix), nil
}

func (r *addressRange) match(value string, _ Context) bool {
	addr, err := netip.ParseAddr(value)
	return err == nil && netip.Prefix(*r).Contains(addr.Unmap().WithZone(""))
}
